//! One record of an .mmdb file: read in any vendor's shape, reduced to a [`Place`].
//!
//! `maxminddb` hands out records through serde's visitors, so there is one here, below the edges; what it makes is seen
//! by `mmdb` only. A city database has half a million records and its load waits for them: a record is read in one go
//! into a slot for each thing that it may say, and allocates nothing.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::geo::codes::{self, is_continent, two_letters};
use crate::geo::place::Place;
use crate::geo::rules::Location;
use crate::geo::subdivisions::{self, SubdivisionId};

/// Most entries of one map in a record; MaxMind's largest has some 20.
const MAP_ENTRIES_MAXIMUM: usize = 1 << 10;

/// Most names of subdivisions that are remembered; all countries together have some 5,000 subdivisions.
const NAMES_REMEMBERED: usize = 1 << 16;

/// A record, in the shapes of semantics §6.
pub(super) struct Record<'a> {
    said: [Said<'a>; SLOTS],
}

/// What a record says in one place.
#[derive(Debug, Clone, Copy)]
enum Said<'a> {
    Nothing,
    Text(&'a str),
    Whole(u64),
    Real(f64),
}

/// The places in a record where something of interest may stand.
#[derive(Debug, Clone, Copy)]
enum Slot {
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

/// What a value may be good for.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// The whole record, a map.
    Record,
    /// A text, or a map.
    City,
    CityNames,
    Continent,
    /// A text, or a map.
    Country,
    Location,
    /// A list, of which the first element counts.
    Subdivisions,
    Subdivision,
    /// A text or a number.
    Scalar(Slot),
}

impl Wanted {
    /// What the value under a key of such a map is good for.
    fn under(self, key: &[u8]) -> Option<Wanted> {
        use Slot::*;
        Some(match self {
            Wanted::Record => match key {
                b"asn" => Wanted::Scalar(Asn),
                b"autonomous_system_number" => Wanted::Scalar(AutonomousSystemNumber),
                b"city" => Wanted::City,
                b"continent" => Wanted::Continent,
                b"continent_code" => Wanted::Scalar(ContinentCode),
                b"country" => Wanted::Country,
                b"country_code" => Wanted::Scalar(CountryCode),
                b"latitude" => Wanted::Scalar(Latitude),
                b"location" => Wanted::Location,
                b"longitude" => Wanted::Scalar(Longitude),
                b"state1" => Wanted::Scalar(State),
                b"subdivisions" => Wanted::Subdivisions,
                _ => return None,
            },
            Wanted::City if key == b"geoname_id" => Wanted::Scalar(CityId),
            Wanted::City if key == b"names" => Wanted::CityNames,
            Wanted::CityNames if key == b"en" => Wanted::Scalar(CityName),
            Wanted::Continent if key == b"code" => Wanted::Scalar(ContinentOfMap),
            Wanted::Country if key == b"iso_code" => Wanted::Scalar(CountryOfMap),
            Wanted::Location if key == b"latitude" => Wanted::Scalar(LatitudeOfMap),
            Wanted::Location if key == b"longitude" => Wanted::Scalar(LongitudeOfMap),
            Wanted::Subdivision if key == b"iso_code" => Wanted::Scalar(SubdivisionOfList),
            _ => return None,
        })
    }

    /// What the first element of such a list is good for.
    fn first(self) -> Option<Wanted> {
        matches!(self, Wanted::Subdivisions).then_some(Wanted::Subdivision)
    }

    /// Where a text or a number goes.
    fn slot(self) -> Option<Slot> {
        match self {
            Wanted::City => Some(Slot::City),
            Wanted::Country => Some(Slot::Country),
            Wanted::Scalar(slot) => Some(slot),
            _ => None,
        }
    }
}

impl<'a> Record<'a> {
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

impl<'a> Deserialize<'a> for Record<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let mut record = Record { said: [Said::Nothing; SLOTS] };
        Reading { wanted: Wanted::Record, record: &mut record }.deserialize(deserializer)?;
        Ok(record)
    }
}

/// Reads one value into a record.
struct Reading<'r, 'a> {
    wanted: Wanted,
    record: &'r mut Record<'a>,
}

impl<'a> Reading<'_, 'a> {
    /// Keeps a text or a number, the first one where a file has several.
    fn keep(self, said: Said<'a>) {
        if let Some(slot) = self.wanted.slot()
            && let kept @ Said::Nothing = &mut self.record.said[slot as usize]
        {
            *kept = said;
        }
    }
}

impl<'a> DeserializeSeed<'a> for Reading<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Reading<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of a record")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.keep(Said::Text(text));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.keep(Said::Whole(number));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.keep(u64::try_from(number).map_or(Said::Real(number as f64), Said::Whole));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.keep(Said::Real(number));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        if let Some(wanted) = self.wanted.first() {
            list.next_element_seed(Reading { wanted, record: self.record })?;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let mut seen = 0;
        while let Some(wanted) = map.next_key_seed(KeyOf(self.wanted))? {
            seen += 1;
            if seen > MAP_ENTRIES_MAXIMUM {
                return Err(serde::de::Error::custom("a map has too many entries"));
            }
            match wanted {
                Some(wanted) => map.next_value_seed(Reading { wanted, record: &mut *self.record })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads a key of a map as what the value under it is good for.
struct KeyOf(Wanted);

impl<'a> DeserializeSeed<'a> for KeyOf {
    type Value = Option<Wanted>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Option<Wanted>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeyOf {
    type Value = Option<Wanted>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key of a record")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Option<Wanted>, E> {
        Ok(self.0.under(key))
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

/// The keys of a record, to tell what an unusable one has.
pub(super) struct Keys<'a>(pub(super) Vec<&'a str>);

impl<'a> Deserialize<'a> for Keys<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = HashMap::<&str, IgnoredAny>::deserialize(deserializer)?;
        Ok(Keys(entries.into_keys().collect()))
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
