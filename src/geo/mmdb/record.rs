//! One record of an .mmdb file: read in any vendor's shape, reduced to a [`Place`].
//!
//! `maxminddb` hands out records through serde's visitors, so there is one here, below the edges; what it makes is seen
//! by `mmdb` only.

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

/// The part of a record that could matter: entries that nobody asks for are skipped without being decoded, and of a list
/// only the first element is kept.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Whole(u64),
    Real(f64),
    Map(Vec<(&'static str, Value<'a>)>),
    List(Option<Box<Value<'a>>>),
    Other,
}

/// A whole record.
pub(super) struct Record<'a>(pub(super) Value<'a>);

/// The keys of one map that matter, each with those of the map below it.
struct Wanted(&'static [(&'static str, &'static Wanted)]);

static RECORD: Wanted = Wanted(&[
    ("asn", &NOTHING_BELOW),
    ("autonomous_system_number", &NOTHING_BELOW),
    ("city", &CITY),
    ("continent", &CONTINENT),
    ("continent_code", &NOTHING_BELOW),
    ("country", &ISO_CODE),
    ("country_code", &NOTHING_BELOW),
    ("latitude", &NOTHING_BELOW),
    ("location", &LOCATION),
    ("longitude", &NOTHING_BELOW),
    ("state1", &NOTHING_BELOW),
    ("subdivisions", &ISO_CODE),
]);
static CITY: Wanted = Wanted(&[("geoname_id", &NOTHING_BELOW), ("names", &ENGLISH)]);
static CONTINENT: Wanted = Wanted(&[("code", &NOTHING_BELOW)]);
static ENGLISH: Wanted = Wanted(&[("en", &NOTHING_BELOW)]);
static ISO_CODE: Wanted = Wanted(&[("iso_code", &NOTHING_BELOW)]);
static LOCATION: Wanted = Wanted(&[("latitude", &NOTHING_BELOW), ("longitude", &NOTHING_BELOW)]);
static NOTHING_BELOW: Wanted = Wanted(&[]);

impl<'a> Value<'a> {
    /// What a record says, in the shapes of semantics §6; of several keys for one thing the first that says something.
    /// The city's name is left to the caller, who numbers names.
    pub(super) fn place(&self, named: &mut NamedSubdivisions<'a>) -> Place {
        place(self, named)
    }

    /// The English name of the city.
    pub(super) fn city_name(&self) -> Option<&'a str> {
        let named = self.at(&["city", "names", "en"]).or_else(|| self.at(&["city"]));
        named.and_then(Value::text)
    }

    /// The value under a path of keys; "0" is the first element of a list.
    fn at(&self, path: &[&str]) -> Option<&Value<'a>> {
        path.iter().try_fold(self, |value, &key| match value {
            Value::Map(entries) => entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.1),
            Value::List(first) if key == "0" => first.as_deref(),
            _ => None,
        })
    }

    fn text(&self) -> Option<&'a str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    fn whole(&self) -> Option<u64> {
        if let Value::Whole(number) = self { Some(*number) } else { None }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Value::Real(number) => Some(*number),
            Value::Whole(number) => Some(*number as f64),
            _ => None,
        }
    }
}

impl<'a> Deserialize<'a> for Record<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        RECORD.deserialize(deserializer).map(Record)
    }
}

/// What is wanted reads a value: of a map its keys, of a list the same of its elements.
impl<'a> DeserializeSeed<'a> for &Wanted {
    type Value = Value<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Value<'a>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for &Wanted {
    type Value = Value<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of a record")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Value<'a>, E> {
        Ok(Value::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'a>, E> {
        Ok(Value::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'a>, E> {
        Ok(u64::try_from(number).map_or(Value::Real(number as f64), Value::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value<'a>, E> {
        Ok(Value::Real(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'a>, E> {
        Ok(Value::Other)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Value<'a>, E> {
        Ok(Value::Other)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Value<'a>, E> {
        Ok(Value::Other)
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<Value<'a>, S::Error> {
        let first = list.next_element_seed(self)?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::List(first.map(Box::new)))
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Value<'a>, M::Error> {
        let mut entries = Vec::new();
        let mut seen = 0;
        while let Some(key) = map.next_key::<&str>()? {
            seen += 1;
            if seen > MAP_ENTRIES_MAXIMUM {
                return Err(serde::de::Error::custom("a map has too many entries"));
            }
            match self.0.iter().find(|(wanted, _)| *wanted == key) {
                Some(&(wanted, below)) => entries.push((wanted, map.next_value_seed(below)?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Map(entries))
    }
}

fn place<'a>(record: &Value<'a>, named: &mut NamedSubdivisions<'a>) -> Place {
    let code = |path: &[&str]| record.at(path).and_then(Value::text).and_then(two_letters);
    let country =
        code(&["country", "iso_code"]).or_else(|| code(&["country_code"])).or_else(|| code(&["country"]));
    let of_country = country.map_or_else(Place::default, Place::of_country_code);
    let known_continent = |code: &[u8; 2]| str::from_utf8(code).is_ok_and(is_continent);
    let continent = code(&["continent", "code"])
        .filter(known_continent)
        .or_else(|| code(&["continent_code"]).filter(known_continent));
    let city = record.at(&["city", "geoname_id"]).and_then(Value::whole);
    Place {
        country: of_country.country,
        continent: continent.or(of_country.continent),
        subdivision: country.and_then(|country| subdivision(record, country, named)),
        city: city.and_then(|id| u32::try_from(id).ok()).filter(|&id| id != 0),
        city_name: None,
        location: location(record.at(&["location"]).unwrap_or(&Value::Other)).or_else(|| location(record)),
        asn: record.at(&["autonomous_system_number"]).or_else(|| record.at(&["asn"])).and_then(asn),
    }
}

/// `subdivisions/0/iso_code`, or the English name in `state1`.
fn subdivision<'a>(
    record: &Value<'a>,
    country: [u8; 2],
    named: &mut NamedSubdivisions<'a>,
) -> Option<SubdivisionId> {
    let code = record.at(&["subdivisions", "0", "iso_code"]).and_then(Value::text);
    let by_code = code.and_then(|code| subdivisions::find(&format!("{}-{code}", codes::text(country))));
    by_code.or_else(|| named.find(country, record.at(&["state1"])?.text()?))
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

fn location(record: &Value<'_>) -> Option<Location> {
    let degrees = |key, limit: f64| record.at(&[key])?.number().filter(|degrees| degrees.abs() <= limit);
    Some(Location { latitude: degrees("latitude", 90.0)?, longitude: degrees("longitude", 180.0)? })
}

/// A number, or "AS123". AS 0 is nobody's (RFC 7607).
fn asn(value: &Value<'_>) -> Option<u32> {
    let number = match value {
        Value::Text(text) => text.strip_prefix("AS").unwrap_or(text).parse().ok(),
        other => other.whole().and_then(|number| u32::try_from(number).ok()),
    };
    number.filter(|&number| number != 0)
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
