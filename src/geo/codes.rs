//! Codes that maps may use: countries (ISO 3166-1), continents, subdivisions (ISO 3166-2), with their names for
//! suggestions and with what databases leave out: a country's continent and a central point of it.
//!
//! The tables are `data/*.tsv`; their origin and licences stand at their heads.

use std::sync::LazyLock;

use super::rules::Location;
use super::subdivisions;

/// The continents: code and English name.
pub const CONTINENTS: [(&str, &str); 7] = [
    ("AF", "Africa"),
    ("AN", "Antarctica"),
    ("AS", "Asia"),
    ("EU", "Europe"),
    ("NA", "North America"),
    ("OC", "Oceania"),
    ("SA", "South America"),
];

/// One country of the built-in table.
struct Country {
    code: [u8; 2],
    continent: [u8; 2],
    centre: Location,
}

/// The table's two halves: what lookups need, and code with name for [`countries`]; both in the order of the codes.
struct Countries {
    known: Vec<Country>,
    names: Vec<(&'static str, &'static str)>,
}

static COUNTRIES: LazyLock<Countries> = LazyLock::new(|| {
    let rows = include_str!("data/countries.tsv").lines().filter(|line| !line.starts_with('#'));
    let (known, names) = rows.map(country).unzip();
    Countries { known, names }
});

/// One row: code, name, continent, latitude, longitude.
fn country(row: &'static str) -> (Country, (&'static str, &'static str)) {
    const COMMITTED: &str = "the committed table of countries has five columns, each as its head says";
    let mut columns = row.split('\t');
    let mut column = || columns.next().expect(COMMITTED);
    let (code, name, continent) = (column(), column(), column());
    let mut degrees = || column().parse().expect(COMMITTED);
    let centre = Location { latitude: degrees(), longitude: degrees() };
    let two = |text: &str| two_letters(text).expect(COMMITTED);
    (Country { code: two(code), continent: two(continent), centre }, (code, name))
}

/// Two ASCII capitals as octets; `None` for anything else.
pub(super) fn two_letters(text: &str) -> Option<[u8; 2]> {
    let octets: [u8; 2] = text.as_bytes().try_into().ok()?;
    octets.iter().all(u8::is_ascii_uppercase).then_some(octets)
}

fn find(code: [u8; 2]) -> Option<&'static Country> {
    let known = &COUNTRIES.known;
    known.binary_search_by_key(&code, |country| country.code).ok().map(|index| &known[index])
}

/// Whether the ISO 3166-1 alpha-2 code exists, in capitals. XK (Kosovo), a user-assigned code of ISO 3166-1 that
/// databases use, counts.
pub fn is_country(code: &str) -> bool {
    two_letters(code).is_some_and(|code| find(code).is_some())
}

/// Whether it is one of AF AN AS EU NA OC SA.
pub fn is_continent(code: &str) -> bool {
    CONTINENTS.iter().any(|&(known, _)| known == code)
}

/// Whether the ISO 3166-2 code exists (`US-CA`), in capitals.
pub fn is_subdivision(code: &str) -> bool {
    subdivisions::find(code).is_some()
}

/// All country codes with their English names, for suggestions ("UK" → "GB (United Kingdom)").
pub fn countries() -> &'static [(&'static str, &'static str)] {
    &COUNTRIES.names
}

/// All ISO 3166-2 codes with their English names, in the order of the codes.
pub fn subdivisions() -> &'static [(&'static str, &'static str)] {
    subdivisions::all()
}

/// The continent that a country is counted to; `None` for codes outside ISO 3166-1.
pub fn continent_of(country: [u8; 2]) -> Option<[u8; 2]> {
    find(country).map(|country| country.continent)
}

/// A central point of a country; `None` for codes outside ISO 3166-1.
pub fn central_point(country: [u8; 2]) -> Option<Location> {
    find(country).map(|country| country.centre)
}

/// A code of two letters as text.
pub fn text(code: [u8; 2]) -> String {
    String::from_utf8_lossy(&code).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_whole() {
        assert_eq!(COUNTRIES.known.len(), 250, "249 countries of ISO 3166-1, and XK");
        assert!(COUNTRIES.known.is_sorted_by(|left, right| left.code < right.code));
        for (country, (code, name)) in COUNTRIES.known.iter().zip(countries()) {
            assert!(is_continent(&text(country.continent)), "{code}");
            assert!(
                country.centre.latitude.abs() <= 90.0 && country.centre.longitude.abs() <= 180.0,
                "{code}"
            );
            assert!(!name.is_empty() && text(country.code) == *code);
        }
    }

    #[test]
    fn codes_are_exact() {
        for code in ["DE", "US", "GB", "XK", "AQ"] {
            assert!(is_country(code), "{code}");
        }
        for code in ["UK", "EU", "de", "DEU", "D", "", "ÄÖ", "A1", "AP"] {
            assert!(!is_country(code), "{code}");
        }
        assert!(is_continent("NA") && !is_continent("AM") && !is_continent("eu"));
        for code in ["US-CA", "DE-BY", "GB-ENG", "FR-20R", "NO-31", "IR-23"] {
            assert!(is_subdivision(code), "{code}");
        }
        for code in ["US-XX", "USCA", "us-ca", "US", "", "US-CA "] {
            assert!(!is_subdivision(code), "{code}");
        }
    }

    #[test]
    fn continents_and_central_points_are_where_people_expect_them() {
        let check = |country: &[u8; 2], continent: &[u8; 2]| {
            assert_eq!(continent_of(*country).as_ref(), Some(continent), "{}", text(*country));
        };
        check(b"DE", b"EU");
        check(b"RU", b"EU");
        check(b"TR", b"AS");
        check(b"MX", b"NA");
        check(b"NA", b"AF");
        check(b"SA", b"AS");
        check(b"AF", b"AS");
        check(b"AS", b"OC");
        assert_eq!(continent_of(*b"EU"), None);
        assert_eq!(central_point(*b"DE"), Some(Location { latitude: 51.0, longitude: 9.0 }));
        assert_eq!(central_point(*b"ZZ"), None);
    }
}
