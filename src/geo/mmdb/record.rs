//! One record of an .mmdb file, in any vendor's shape, reduced to a [`Place`]; `record_reading` reads it.

use std::collections::HashMap;

use crate::geo::codes::{self, is_continent, two_letters};
use crate::geo::place::Place;
use crate::geo::rules::Location;
use crate::geo::subdivisions::{self, SubdivisionId};

/// Most names of subdivisions that are remembered; all countries together have some 5,000 subdivisions.
const NAMES_REMEMBERED: usize = 1 << 16;

/// A record, in the shapes of semantics §6.
pub(super) struct Record<'a> {
    said: [Said<'a>; SLOTS],
}

/// What a record says in one place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Said<'a> {
    Nothing,
    Text(&'a str),
    Whole(u64),
    Real(f64),
}

/// The places in a record where something of interest may stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
    Asn,
    AutonomousSystemNumber,
    City,
    CityId,
    CityName,
    ContinentCode,
    ContinentOfMap,
    Country,
    CountryCode,
    CountryOfMap,
    Latitude,
    LatitudeOfMap,
    Longitude,
    LongitudeOfMap,
    State,
    SubdivisionOfList,
}

const SLOTS: usize = Slot::SubdivisionOfList as usize + 1;

impl<'a> Record<'a> {
    /// One that says nothing.
    pub(super) fn empty() -> Record<'a> {
        Record { said: [Said::Nothing; SLOTS] }
    }

    /// Keeps what it says in one place, the first where a file has several.
    pub(super) fn keep(&mut self, slot: Slot, said: Said<'a>) {
        if let kept @ Said::Nothing = &mut self.said[slot as usize] {
            *kept = said;
        }
    }

    /// What the record says; of several keys for one thing the first that says something. The city's name is left to the
    /// caller, who numbers names.
    pub(super) fn place(&self, named: &mut NamedSubdivisions<'a>) -> Place {
        let code = |slot| self.text(slot).and_then(two_letters);
        let country =
            code(Slot::CountryOfMap).or_else(|| code(Slot::CountryCode)).or_else(|| code(Slot::Country));
        let of_country = country.map_or_else(Place::default, Place::of_country_code);
        let known_continent = |code: &[u8; 2]| str::from_utf8(code).is_ok_and(is_continent);
        let continent = code(Slot::ContinentOfMap)
            .filter(known_continent)
            .or_else(|| code(Slot::ContinentCode).filter(known_continent));
        Place {
            country: of_country.country,
            continent: continent.or(of_country.continent),
            subdivision: country.and_then(|country| self.subdivision(country, named)),
            city: self.whole(Slot::CityId).and_then(|id| u32::try_from(id).ok()).filter(|&id| id != 0),
            city_name: None,
            location: self
                .location(Slot::LatitudeOfMap, Slot::LongitudeOfMap)
                .or_else(|| self.location(Slot::Latitude, Slot::Longitude)),
            asn: self.asn(),
        }
    }

    /// The English name of the city.
    pub(super) fn city_name(&self) -> Option<&'a str> {
        self.text(Slot::CityName).or_else(|| self.text(Slot::City))
    }

    /// `subdivisions/0/iso_code`, or the English name in `state1`.
    fn subdivision(&self, country: [u8; 2], named: &mut NamedSubdivisions<'a>) -> Option<SubdivisionId> {
        let code = self.text(Slot::SubdivisionOfList);
        let by_code = code.and_then(|code| subdivisions::find(&format!("{}-{code}", codes::text(country))));
        by_code.or_else(|| named.find(country, self.text(Slot::State)?))
    }

    fn location(&self, latitude: Slot, longitude: Slot) -> Option<Location> {
        let degrees = |slot, limit: f64| self.number(slot).filter(|degrees| degrees.abs() <= limit);
        Some(Location { latitude: degrees(latitude, 90.0)?, longitude: degrees(longitude, 180.0)? })
    }

    /// A number, or "AS123", under the first of its keys that is there. AS 0 is nobody's (RFC 7607).
    fn asn(&self) -> Option<u32> {
        let said = [Slot::AutonomousSystemNumber, Slot::Asn].map(|slot| self.said[slot as usize]);
        let number = match said.into_iter().find(|said| !matches!(said, Said::Nothing))? {
            Said::Text(text) => text.strip_prefix("AS").unwrap_or(text).parse().ok(),
            Said::Whole(number) => u32::try_from(number).ok(),
            Said::Real(_) | Said::Nothing => None,
        };
        number.filter(|&number| number != 0)
    }

    fn text(&self, slot: Slot) -> Option<&'a str> {
        if let Said::Text(text) = self.said[slot as usize] { Some(text) } else { None }
    }

    fn whole(&self, slot: Slot) -> Option<u64> {
        if let Said::Whole(number) = self.said[slot as usize] { Some(number) } else { None }
    }

    fn number(&self, slot: Slot) -> Option<f64> {
        match self.said[slot as usize] {
            Said::Real(number) => Some(number),
            Said::Whole(number) => Some(number as f64),
            Said::Text(_) | Said::Nothing => None,
        }
    }
}

/// Subdivisions by the names that a file gives them. To find one its name is folded, which takes longer than all else
/// about a record, and a file of millions of records has a few thousand names.
#[derive(Default)]
pub(super) struct NamedSubdivisions<'a> {
    known: HashMap<([u8; 2], &'a str), Option<SubdivisionId>>,
}

impl<'a> NamedSubdivisions<'a> {
    fn find(&mut self, country: [u8; 2], name: &'a str) -> Option<SubdivisionId> {
        if let Some(&known) = self.known.get(&(country, name)) {
            return known;
        }
        let found = subdivisions::named(&codes::text(country), name);
        if self.known.len() < NAMES_REMEMBERED {
            self.known.insert((country, name), found);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::writer::{Datum, MmdbWriter, map, text};
    use crate::geo::Database;

    /// What one record says, in a file that holds only it, at one address.
    fn check(record: Datum, expected: &str) {
        let mut writer = MmdbWriter::ipv4();
        writer.insert("192.0.2.0/24", &record);
        let database = Database::from_mmdb("test.mmdb", writer.octets())
            .unwrap_or_else(|error| panic!("{expected}: {error}"));
        let (network, place) = database.record("192.0.2.9".parse().unwrap()).unwrap();
        assert_eq!(database.in_words(&place), expected);
        assert_eq!(network.to_string(), "192.0.2.0/24");
    }

    #[test]
    fn every_shape_of_semantics_6_is_read() {
        let iso = |code| map([("iso_code", text(code)), ("geoname_id", Datum::Whole(1))]);
        check(map([("country", iso("DE"))]), "country DE, continent EU");
        check(map([("country_code", text("FR"))]), "country FR, continent EU");
        check(map([("country", text("US"))]), "country US, continent NA");
        check(map([("continent", map([("code", text("AF"))]))]), "continent AF");
        check(map([("continent_code", text("OC"))]), "continent OC");
        check(
            map([("country_code", text("TR")), ("continent_code", text("EU"))]),
            "country TR, continent EU",
        );
        check(map([("country_code", text("EU"))]), "continent EU");
        check(map([("autonomous_system_number", Datum::Whole(64500))]), "AS64500");
        check(map([("asn", Datum::Whole(64500))]), "AS64500");
        check(map([("asn", text("AS64500"))]), "AS64500");
        check(
            map([
                ("city", map([("geoname_id", Datum::Whole(5_368_361))])),
                ("country", iso("US")),
                ("location", map([("latitude", Datum::Real(34.05)), ("longitude", Datum::Real(-118.24))])),
                ("subdivisions", Datum::List(vec![iso("CA"), iso("NY")])),
            ]),
            "country US, continent NA, subdivision US-CA, city 5368361, coordinates 34.0500 -118.2400",
        );
        check(
            map([
                ("city", text("Munich")),
                ("country_code", text("DE")),
                ("latitude", Datum::Real(48.1)),
                ("longitude", Datum::Whole(11)),
                ("state1", text("Bavaria")),
            ]),
            "country DE, continent EU, subdivision DE-BY, city Munich, coordinates 48.1000 11.0000",
        );
        let names = map([("de", text("München")), ("en", text("Munich"))]);
        check(map([("city", map([("names", names.clone())]))]), "city Munich");
        let city = map([("names", names), ("geoname_id", Datum::Whole(2_867_714))]);
        check(
            map([("city", city), ("country", iso("DE"))]),
            "country DE, continent EU, city Munich (2867714)",
        );
    }

    #[test]
    fn values_that_cannot_be_are_left_out() {
        let country = ("country_code", text("DE"));
        check(map([country.clone(), ("asn", text("ASN"))]), "country DE, continent EU");
        check(map([country.clone(), ("asn", Datum::Whole(0))]), "country DE, continent EU");
        check(map([country.clone(), ("continent_code", text("XX"))]), "country DE, continent EU");
        check(
            map([country.clone(), ("latitude", Datum::Real(91.0)), ("longitude", Datum::Real(1.0))]),
            "country DE, continent EU",
        );
        check(map([country.clone(), ("latitude", Datum::Real(f64::NAN))]), "country DE, continent EU");
        check(map([country.clone(), ("city", text(""))]), "country DE, continent EU");
        let no_city = map([("geoname_id", Datum::Whole(0)), ("names", map([("de", text("München"))]))]);
        check(map([country.clone(), ("city", no_city)]), "country DE, continent EU");
        check(map([country, ("subdivisions", Datum::List(vec![]))]), "country DE, continent EU");
    }
}
