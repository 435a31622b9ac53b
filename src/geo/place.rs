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
    /// GeoNames id of the city, above 0.
    pub(super) city: Option<u32>,
    /// English name of the city, as this database numbers names.
    pub(super) city_name: Option<CityNameId>,
    /// Coordinates.
    pub(super) location: Option<Location>,
    /// Autonomous system number, above 0.
    pub(super) asn: Option<u32>,
}

/// What makes two places the same one, packed: it is hashed and compared for every record of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PlaceKey([u64; 5]);

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

    /// Its identity. Codes are two letters, city ids and system numbers are above 0 where there are any, subdivisions and
    /// names are numbered far below what their types hold: so 0 means that there is none, and numbers count from 1.
    pub(super) fn key(&self) -> PlaceKey {
        let code = |code: Option<[u8; 2]>| code.map_or(0, |code| u64::from(u16::from_be_bytes(code)));
        let subdivision = self.subdivision.map_or(0, |subdivision| u64::from(subdivision.number()) + 1);
        let city_name = self.city_name.map_or(0, |name| u64::from(name.number()) + 1);
        let degrees =
            self.location.map(|location| [location.latitude.to_bits(), location.longitude.to_bits()]);
        let [latitude, longitude] = degrees.unwrap_or_default();
        let codes = code(self.country) << 48 | code(self.continent) << 32 | subdivision << 1;
        PlaceKey([
            codes | u64::from(degrees.is_some()),
            u64::from(self.city.unwrap_or(0)) << 32 | u64::from(self.asn.unwrap_or(0)),
            city_name,
            latitude,
            longitude,
        ])
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
    use super::super::city_names::CityNamesBuilder;
    use super::super::subdivisions;
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
    fn places_are_the_same_when_all_they_say_is() {
        let here = Location { latitude: 0.0, longitude: 0.0 };
        let mut names = CityNamesBuilder::default();
        let mut name = |name| names.id(name).unwrap();
        let say = |place: fn(&mut Place)| {
            let mut said = Place::default();
            place(&mut said);
            said
        };
        let places = [
            Place::default(),
            say(|place| place.country = Some(*b"EU")),
            say(|place| place.continent = Some(*b"EU")),
            say(|place| place.subdivision = subdivisions::find("AD-02")),
            say(|place| place.subdivision = subdivisions::find("AD-03")),
            say(|place| place.city = Some(1)),
            say(|place| place.asn = Some(1)),
            Place { city_name: name("Ulm"), ..Place::default() },
            Place { city_name: name("Bonn"), ..Place::default() },
            Place { location: Some(here), ..Place::default() },
            Place { location: Some(Location { latitude: 1.0, ..here }), ..Place::default() },
            Place { location: Some(Location { longitude: 1.0, ..here }), ..Place::default() },
        ];
        for (left, right) in places.iter().flat_map(|left| places.iter().map(move |right| (left, right))) {
            assert_eq!(left.key() == right.key(), left == right, "{left:?} {right:?}");
        }
    }

    #[test]
    fn a_city_is_shown_by_name_and_id() {
        let place = Place { city: Some(7), ..Place::of_country_code(*b"DE") };
        assert_eq!(InWords(&place, Some("Munich")).to_string(), "country DE, continent EU, city Munich (7)");
        assert_eq!(InWords(&place, None).to_string(), "country DE, continent EU, city 7");
    }
}
