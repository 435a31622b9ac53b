//! The names of cities in a database: each text once, numbered.
//!
//! Two names mean one city when they agree without regard to letter case, and the country is the same. Accents and
//! punctuation count: a name is written as the databases have it, and `check` suggests the nearest one otherwise.

use super::numbers::Numbers;

/// Most octets of one name; a longer text is none. The longest real one has 85 letters.
const NAME_OCTETS_MAXIMUM: usize = 256;
/// Most octets of all names of a database; the largest published ones have 3 million.
pub(super) const NAMES_OCTETS_MAXIMUM: usize = 1 << 24;

/// Number of a name within its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CityNameId(u32);

impl CityNameId {
    /// The number itself.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Names in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct CityNames {
    text: String,
    /// Where each name ends in the text; it begins where the one before ends.
    ends: Vec<u32>,
}

impl CityNames {
    /// The name with that number.
    pub(super) fn name(&self, id: CityNameId) -> &str {
        let begin = id.index().checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.text[begin..self.ends[id.index()] as usize]
    }

    /// All names with their numbers, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (CityNameId, &str)> {
        (0..self.ends.len() as u32).map(CityNameId).map(|id| (id, self.name(id)))
    }
}

/// The names of a database in the making.
#[derive(Debug, Default)]
pub(super) struct CityNamesBuilder {
    names: CityNames,
    numbers: Numbers,
}

/// The names of a database have more than [`NAMES_OCTETS_MAXIMUM`] octets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooManyNames;

impl CityNamesBuilder {
    /// The number of a name, the same for equal texts; `None` for a text that is no name.
    pub(super) fn id(&mut self, name: &str) -> Result<Option<CityNameId>, TooManyNames> {
        if name.is_empty() || name.len() > NAME_OCTETS_MAXIMUM {
            return Ok(None);
        }
        let hash = self.numbers.hash(name);
        let names = &self.names;
        if let Some(known) = self.numbers.find(hash, |number| names.name(CityNameId(number)) == name) {
            return Ok(Some(CityNameId(known)));
        }
        if self.names.text.len() + name.len() > NAMES_OCTETS_MAXIMUM {
            return Err(TooManyNames);
        }
        self.names.text.push_str(name);
        self.names.ends.push(self.names.text.len() as u32);
        Ok(Some(CityNameId(self.numbers.add(hash))))
    }

    /// The names.
    pub(super) fn finish(mut self) -> CityNames {
        self.names.text.shrink_to_fit();
        self.names.ends.shrink_to_fit();
        self.names
    }
}

/// The form in which names are compared.
pub(super) fn folded(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_number_and_are_kept_once() {
        let mut builder = CityNamesBuilder::default();
        let ids: Vec<_> = ["Ulm", "São Paulo", "Ulm", "ulm"]
            .iter()
            .map(|name| builder.id(name).unwrap().unwrap())
            .collect();
        assert_eq!(ids.iter().map(|id| id.index()).collect::<Vec<_>>(), [0, 1, 0, 2]);
        let names = builder.finish();
        let texts: Vec<&str> = names.iter().map(|(_, name)| name).collect();
        assert_eq!(texts, ["Ulm", "São Paulo", "ulm"]);
        assert_eq!((names.name(ids[1]), names.text.as_str()), ("São Paulo", "UlmSão Pauloulm"));
    }

    #[test]
    fn names_are_bounded() {
        let mut builder = CityNamesBuilder::default();
        assert_eq!(builder.id(""), Ok(None));
        assert_eq!(builder.id(&"x".repeat(NAME_OCTETS_MAXIMUM + 1)), Ok(None));
        let filled = NAMES_OCTETS_MAXIMUM / NAME_OCTETS_MAXIMUM;
        for number in 0..filled {
            assert!(builder.id(&format!("{number:0NAME_OCTETS_MAXIMUM$}")).unwrap().is_some());
        }
        assert_eq!(builder.id("x"), Err(TooManyNames));
        assert!(builder.id(&format!("{:0NAME_OCTETS_MAXIMUM$}", 5)).unwrap().is_some());
    }

    #[test]
    fn letter_case_does_not_matter_and_accents_do() {
        assert_eq!(folded("SÃO Paulo"), folded("são paulo"));
        assert_ne!(folded("Sao Paulo"), folded("São Paulo"));
    }
}
