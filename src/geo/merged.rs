//! What several databases say of one address together: of each thing, what the first that knows it says.

use super::city_names::CityNameId;
use super::place::Place;
use super::rules::Location;
use super::subdivisions::SubdivisionId;

/// Something that a database says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Said<T> {
    /// What.
    pub(super) value: T,
    /// The database's index among those that the map is made from.
    pub(super) by: usize,
}

/// What the databases say; what none says is `None` (see [`Place`]).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Merged {
    pub(super) country: Option<Said<[u8; 2]>>,
    pub(super) continent: Option<Said<[u8; 2]>>,
    pub(super) subdivision: Option<Said<SubdivisionId>>,
    pub(super) city: Option<Said<u32>>,
    pub(super) city_name: Option<Said<CityNameId>>,
    pub(super) location: Option<Said<Location>>,
    pub(super) asn: Option<Said<u32>>,
}

impl Merged {
    /// Of one place of one database.
    pub(super) fn of(by: usize, place: &Place) -> Merged {
        let mut merged = Merged::default();
        merged.fill_from(by, place);
        merged
    }

    /// Of one place of each database, earlier ones first.
    pub(super) fn of_all<'p>(places: impl Iterator<Item = &'p Place>) -> Merged {
        let mut merged = Merged::default();
        places.enumerate().for_each(|(by, place)| merged.fill_from(by, place));
        merged
    }

    /// Takes from a later database what is missing.
    pub(super) fn fill_from(&mut self, by: usize, later: &Place) {
        fill(&mut self.country, later.country, by);
        fill(&mut self.continent, later.continent, by);
        fill(&mut self.subdivision, later.subdivision, by);
        fill(&mut self.city, later.city, by);
        fill(&mut self.city_name, later.city_name, by);
        fill(&mut self.location, later.location, by);
        fill(&mut self.asn, later.asn, by);
    }
}

fn fill<T>(known: &mut Option<Said<T>>, later: Option<T>, by: usize) {
    if known.is_none() {
        *known = later.map(|value| Said { value, by });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_databases_fill_only_what_is_missing() {
        let mut merged = Merged::of(0, &Place::of_country_code(*b"DE"));
        merged.fill_from(1, &Place { asn: Some(64500), city: Some(7), ..Place::of_country_code(*b"FR") });
        merged.fill_from(2, &Place { asn: Some(64501), ..Place::default() });
        assert_eq!(merged.country, Some(Said { value: *b"DE", by: 0 }));
        assert_eq!(merged.city, Some(Said { value: 7, by: 1 }));
        assert_eq!(merged.asn, Some(Said { value: 64500, by: 1 }));
        assert_eq!(merged.location, None);
    }
}
