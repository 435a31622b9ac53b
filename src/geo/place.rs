//! What databases say of a place.

use std::fmt;

use super::codes;
use super::rules::Location;
use super::subdivisions::SubdivisionId;

/// One distinct thing that databases say; what they do not say is `None`. City names would stand beside `city`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Place {
    /// ISO 3166-1 alpha-2, only codes of the built-in table.
    pub(super) country: Option<[u8; 2]>,
    /// One of the seven continents.
    pub(super) continent: Option<[u8; 2]>,
    /// ISO 3166-2.
    pub(super) subdivision: Option<SubdivisionId>,
    /// GeoNames id of the city.
    pub(super) city: Option<u32>,
    /// Coordinates.
    pub(super) location: Option<Location>,
    /// Autonomous system number.
    pub(super) asn: Option<u32>,
}

/// What makes two places the same one, in a form that can be hashed.
pub(super) type PlaceKey =
    (Option<[u8; 2]>, Option<[u8; 2]>, Option<SubdivisionId>, Option<u32>, Option<(u64, u64)>, Option<u32>);

impl Place {
    /// A place known by the code that a database gives for the country: a country of ISO 3166-1 with its continent,
    /// or EU, which stands for the continent; other codes say nothing (semantics §6).
    pub(super) fn of_country_code(code: [u8; 2]) -> Place {
        match codes::continent_of(code) {
            Some(continent) => Place { country: Some(code), continent: Some(continent), ..Place::default() },
            None if code == *b"EU" => Place { continent: Some(code), ..Place::default() },
            None => Place::default(),
        }
    }

    /// Takes from a later database what is missing.
    pub(super) fn fill_from(&mut self, later: &Place) {
        self.country = self.country.or(later.country);
        self.continent = self.continent.or(later.continent);
        self.subdivision = self.subdivision.or(later.subdivision);
        self.city = self.city.or(later.city);
        self.location = self.location.or(later.location);
        self.asn = self.asn.or(later.asn);
    }

    /// Its identity.
    pub(super) fn key(&self) -> PlaceKey {
        let location =
            self.location.map(|location| (location.latitude.to_bits(), location.longitude.to_bits()));
        (self.country, self.continent, self.subdivision, self.city, location, self.asn)
    }
}

/// `country DE, continent EU, subdivision DE-BY, city 2867714, coordinates 48.1374 11.5755, AS64500`.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.country.map(|country| format!("country {}", codes::text(country))),
            self.continent.map(|continent| format!("continent {}", codes::text(continent))),
            self.subdivision.map(|subdivision| format!("subdivision {}", subdivision.code())),
            self.city.map(|city| format!("city {city}")),
            self.location
                .map(|location| format!("coordinates {:.4} {:.4}", location.latitude, location.longitude)),
            self.asn.map(|asn| format!("AS{asn}")),
        ];
        let known: Vec<String> = parts.into_iter().flatten().collect();
        formatter.write_str(&known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_outside_iso_3166_are_no_country_and_eu_is_the_continent() {
        assert_eq!(Place::of_country_code(*b"DE").to_string(), "country DE, continent EU");
        assert_eq!(Place::of_country_code(*b"EU").to_string(), "continent EU");
        for code in [b"AP", b"UK", b"SU", b"ZZ", b"\0\0"] {
            assert_eq!(Place::of_country_code(*code), Place::default(), "{code:?}");
        }
    }

    #[test]
    fn later_databases_fill_only_what_is_missing() {
        let mut place = Place::of_country_code(*b"DE");
        let later = Place { asn: Some(64500), city: Some(7), ..Place::of_country_code(*b"FR") };
        place.fill_from(&later);
        assert_eq!(place.to_string(), "country DE, continent EU, city 7, AS64500");
    }
}
