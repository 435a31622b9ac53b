//! What databases say of a place.

use std::fmt;

use super::city_names::CityNameId;
use super::codes;
use super::rules::Location;
use super::subdivisions::SubdivisionId;

/// One distinct thing that a database says; what it does not say is `None`.
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
    /// English name of the city, as this database numbers names.
    pub(super) city_name: Option<CityNameId>,
    /// Coordinates.
    pub(super) location: Option<Location>,
    /// Autonomous system number.
    pub(super) asn: Option<u32>,
}

/// What makes two places the same one, in a form that can be hashed.
pub(super) type PlaceKey = (
    Option<[u8; 2]>,
    Option<[u8; 2]>,
    Option<SubdivisionId>,
    (Option<u32>, Option<CityNameId>),
    Option<(u64, u64)>,
    Option<u32>,
);

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

    /// Its identity.
    pub(super) fn key(&self) -> PlaceKey {
        let location =
            self.location.map(|location| (location.latitude.to_bits(), location.longitude.to_bits()));
        (self.country, self.continent, self.subdivision, (self.city, self.city_name), location, self.asn)
    }
}

/// A place in words, with the text of its city's name: `country DE, continent EU, subdivision DE-BY, city Munich
/// (2867714), coordinates 48.1374 11.5755, AS64500`.
pub(super) struct InWords<'a>(pub(super) &'a Place, pub(super) Option<&'a str>);

impl fmt::Display for InWords<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InWords(place, city_name) = *self;
        let parts = [
            place.country.map(|country| format!("country {}", codes::text(country))),
            place.continent.map(|continent| format!("continent {}", codes::text(continent))),
            place.subdivision.map(|subdivision| format!("subdivision {}", subdivision.code())),
            city_in_words(city_name, place.city).map(|city| format!("city {city}")),
            place
                .location
                .map(|location| format!("coordinates {:.4} {:.4}", location.latitude, location.longitude)),
            place.asn.map(|asn| format!("AS{asn}")),
        ];
        let known: Vec<String> = parts.into_iter().flatten().collect();
        formatter.write_str(&known.join(", "))
    }
}

/// `Munich (2867714)`, `Munich`, `2867714`.
pub(super) fn city_in_words(name: Option<&str>, id: Option<u32>) -> Option<String> {
    match (name, id) {
        (Some(name), Some(id)) => Some(format!("{name} ({id})")),
        (Some(name), None) => Some(name.to_owned()),
        (None, id) => id.map(|id| id.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_words(place: &Place) -> String {
        InWords(place, None).to_string()
    }

    #[test]
    fn codes_outside_iso_3166_are_no_country_and_eu_is_the_continent() {
        assert_eq!(in_words(&Place::of_country_code(*b"DE")), "country DE, continent EU");
        assert_eq!(in_words(&Place::of_country_code(*b"EU")), "continent EU");
        for code in [b"AP", b"UK", b"SU", b"ZZ", b"\0\0"] {
            assert_eq!(Place::of_country_code(*code), Place::default(), "{code:?}");
        }
    }

    #[test]
    fn a_city_is_shown_by_name_and_id() {
        let place = Place { city: Some(7), ..Place::of_country_code(*b"DE") };
        assert_eq!(InWords(&place, Some("Munich")).to_string(), "country DE, continent EU, city Munich (7)");
        assert_eq!(InWords(&place, None).to_string(), "country DE, continent EU, city 7");
    }
}
