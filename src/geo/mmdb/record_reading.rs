//! How a record of an .mmdb file is read: `maxminddb` hands it out through serde's visitors, so there is one here, below
//! the edges. A city database has half a million records and its load waits for them: each is read in one go into a slot
//! for each thing that it may say. Nothing is allocated, and what nobody asks for is skipped without being decoded.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::record::{Record, Said, Slot};

/// Most entries of one map in a record; MaxMind's largest has some 20.
const MAP_ENTRIES_MAXIMUM: usize = 1 << 10;

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

impl<'a> Deserialize<'a> for Record<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let mut record = Record::empty();
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
    /// Keeps a text or a number where it may stand.
    fn keep(self, said: Said<'a>) {
        if let Some(slot) = self.wanted.slot() {
            self.record.keep(slot, said);
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

/// The keys of a record, to tell what an unusable one has.
pub(super) struct Keys<'a>(pub(super) Vec<&'a str>);

impl<'a> Deserialize<'a> for Keys<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = HashMap::<&str, IgnoredAny>::deserialize(deserializer)?;
        Ok(Keys(entries.into_keys().collect()))
    }
}
