//! The built-in ISO 3166-2 list: codes to dense numbers, and the English names that some databases give instead of
//! codes back to codes.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Number of a subdivision: its index in [`all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SubdivisionId(u16);

impl SubdivisionId {
    /// The ISO 3166-2 code.
    pub(super) fn code(self) -> &'static str {
        TABLE.codes[usize::from(self.0)].0
    }

    /// The number itself.
    pub(super) fn number(self) -> u16 {
        self.0
    }
}

struct Table {
    /// Code and English name, in the order of the codes.
    codes: Vec<(&'static str, &'static str)>,
    /// Names by how surely they mean a subdivision, surest first.
    names: [Names; 3],
}

/// Country and reduced name → the subdivision, or `None` where the name stands for several.
type Names = HashMap<(&'static str, String), Option<SubdivisionId>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { codes: Vec::new(), names: Default::default() };
    let rows = include_str!("data/subdivisions.tsv").lines().filter(|line| !line.starts_with('#'));
    for (id, row) in (0..).map(SubdivisionId).zip(rows) {
        table.add(id, row);
    }
    table
});

impl Table {
    /// Adds one row: code, name, and where there are any, further names.
    fn add(&mut self, id: SubdivisionId, row: &'static str) {
        const COMMITTED: &str = "the committed table of subdivisions has a code and a name in each row";
        let (code, rest) = row.split_once('\t').expect(COMMITTED);
        let (name, further) = rest.split_once('\t').unwrap_or((rest, ""));
        let country = country_of(code).expect(COMMITTED);
        self.codes.push((code, name));
        let further: Vec<&str> = further.split('|').filter(|name| !name.is_empty()).collect();
        let [written, official, core] = &mut self.names;
        for name in &further {
            note(written, country, letters(name), id);
        }
        note(official, country, letters(name), id);
        for name in further.iter().chain([&name]) {
            note(core, country, core_letters(name), id);
        }
    }
}

fn country_of(code: &'static str) -> Option<&'static str> {
    code.split_once('-').map(|(country, _)| country)
}

fn note(names: &mut Names, country: &'static str, name: String, id: SubdivisionId) {
    let known = names.entry((country, name)).or_insert(Some(id));
    if *known != Some(id) {
        *known = None;
    }
}

/// All codes with their English names.
pub(super) fn all() -> &'static [(&'static str, &'static str)] {
    &TABLE.codes
}

/// The subdivision with that ISO 3166-2 code.
pub(super) fn find(code: &str) -> Option<SubdivisionId> {
    let index = TABLE.codes.binary_search_by_key(&code, |&(known, _)| known).ok()?;
    u16::try_from(index).ok().map(SubdivisionId)
}

/// The subdivision of a country (alpha-2 code) that an English name means. Case, accents, punctuation and, where the
/// full name is not known, words like "province" do not matter. A name that may mean two means none.
pub(super) fn named(country: &str, name: &str) -> Option<SubdivisionId> {
    let country = country_of(TABLE.codes[first_of(country)?].0)?;
    let full = (country, letters(name));
    let core = (country, core_letters(name));
    let [written, official, by_core] = &TABLE.names;
    let found = written.get(&full).or_else(|| official.get(&full)).or_else(|| by_core.get(&core));
    found.copied().flatten()
}

/// Index of a country's first subdivision.
fn first_of(country: &str) -> Option<usize> {
    let index = TABLE.codes.partition_point(|&(code, _)| code < country);
    TABLE.codes.get(index).filter(|&&(code, _)| country_of(code) == Some(country)).map(|_| index)
}

/// Words that databases add to or leave out of a subdivision's name.
const GENERIC_WORDS: [&str; 24] = [
    "and",
    "canton",
    "city",
    "county",
    "department",
    "district",
    "division",
    "governorate",
    "krai",
    "kray",
    "municipality",
    "oblast",
    "oblysy",
    "of",
    "parish",
    "prefecture",
    "province",
    "region",
    "republic",
    "rayon",
    "state",
    "territory",
    "the",
    "voivodeship",
];

/// The name's letters and digits without case and accents.
fn letters(name: &str) -> String {
    words(name).collect()
}

/// The same without generic words.
fn core_letters(name: &str) -> String {
    words(name).filter(|word| !GENERIC_WORDS.contains(&word.as_str())).collect()
}

fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    let ends_word = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '–' | '/');
    name.split(ends_word).map(|word| word.chars().flat_map(char::to_lowercase).filter_map(plain).collect())
}

/// A lower-case letter without its accent; `None` for what is neither a letter of the Latin alphabet nor a digit.
fn plain(letter: char) -> Option<&'static str> {
    const ASCII: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
    if let Some(at) = ASCII.find(letter) {
        return Some(&ASCII[at..=at]);
    }
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ' | 'ả' | 'ấ' | 'ầ' | 'ẩ' | 'ẫ'
        | 'ậ' | 'ắ' | 'ằ' | 'ə' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' | 'ế' | 'ề' | 'ể' | 'ễ' | 'ệ' => "e",
        'ğ' | 'ġ' | 'ģ' => "g",
        'ħ' | 'ḩ' | 'ḥ' => "h",
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ị' | 'ı' => "i",
        'ķ' => "k",
        'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' | 'ơ' | 'ọ' | 'ồ' | 'ố' | 'ớ' | 'ộ' => {
            "o"
        }
        'œ' => "oe",
        'ř' => "r",
        'ś' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ü' | 'ũ' | 'ū' | 'ů' | 'ű' | 'ų' | 'ư' | 'ứ' | 'ừ' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' | 'ẕ' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_of_known_countries() {
        assert!(all().len() > 5000 && all().len() < usize::from(u16::MAX));
        assert!(all().is_sorted_by(|left, right| left.0 < right.0));
        for (code, name) in all() {
            assert!(super::super::codes::is_country(&code[..2]), "{code}");
            assert!(!name.is_empty(), "{code}");
        }
    }

    #[test]
    fn codes_are_found_and_given_back() {
        for (code, _) in all() {
            assert_eq!(find(code).map(SubdivisionId::code), Some(*code));
        }
    }

    fn check(country: &str, name: &str, expected: Option<&str>) {
        assert_eq!(named(country, name).map(SubdivisionId::code), expected, "{country} {name}");
    }

    #[test]
    fn english_names_of_databases_mean_their_codes() {
        check("US", "California", Some("US-CA"));
        check("US", "District of Columbia", Some("US-DC"));
        check("GB", "England", Some("GB-ENG"));
        check("FR", "Ile-de-France", Some("FR-IDF"));
        check("DE", "North Rhine-Westphalia", Some("DE-NW"));
        check("PL", "Lodz Voivodeship", Some("PL-10"));
        check("BR", "São Paulo", Some("BR-SP"));
        check("IR", "Tehran", Some("IR-23"));
        check("AR", "Buenos Aires F.D.", Some("AR-C"));
        check("AR", "Buenos Aires", Some("AR-B"));
        check("SE", "skane", Some("SE-M"));
    }

    #[test]
    fn names_of_other_countries_and_of_none_mean_nothing() {
        check("DE", "California", None);
        check("ZZ", "California", None);
        check("", "", None);
        check("US", "", None);
        check("EE", "Tartu", None);
    }

    #[test]
    fn accents_of_the_list_are_all_known() {
        for (code, name) in all() {
            for letter in name.chars().flat_map(char::to_lowercase) {
                let ignored = letter.is_alphabetic() && plain(letter).is_none() && !matches!(letter, 'ʻ');
                assert!(!ignored, "{code} {name}: {letter}");
            }
        }
    }
}
