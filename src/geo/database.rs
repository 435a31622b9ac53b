//! A database, walked once and reduced to sorted ranges of places.

use std::fmt;
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::quality::FixedState;

use super::city_names::{CityNameId, CityNames};
use super::place::{InWords, Place};
use super::prefix::Prefix;
use super::ranges::{NOTHING, Ranges};
use super::space::shortest_prefix;
use super::special;

/// Makes the digests of files: tens of megabytes are read, and then looked at, for every one that could be new.
const DIGEST: FixedState = FixedState::with_seed(0);

/// One database (mmdb or built-in), immutable.
pub struct Database {
    pub(super) label: Label,
    /// Distinct places; the first says nothing.
    pub(super) places: Vec<Place>,
    pub(super) city_names: CityNames,
    pub(super) ipv4: Family<u32>,
    pub(super) ipv6: Family<u128>,
    /// Distinct countries of both families.
    pub(super) countries: usize,
}

/// What a database says of itself, and the digest of its file.
pub(super) struct Label {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) built_at: u64,
    pub(super) digest: u64,
}

/// One family of a database: its ranges refer to places by index.
pub(super) struct Family<A> {
    pub(super) ranges: Ranges<A>,
    pub(super) coverage: Coverage,
}

/// How much a database knows of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Networks with a usable record.
    pub networks: usize,
    /// Distinct countries.
    pub countries: usize,
}

impl Database {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.label.name
    }

    /// What the file says it is ("GeoLite2-Country", "country ipvAll").
    pub fn kind(&self) -> &str {
        &self.label.kind
    }

    /// When it was built, seconds since 1970.
    pub fn built_at(&self) -> u64 {
        self.label.built_at
    }

    /// Number of networks with a usable record, and of distinct countries.
    pub fn coverage(&self) -> (usize, usize) {
        (self.ipv4.coverage.networks + self.ipv6.coverage.networks, self.countries)
    }

    /// What it knows of IPv4.
    pub fn ipv4_coverage(&self) -> Coverage {
        self.ipv4.coverage
    }

    /// What it knows of IPv6.
    pub fn ipv6_coverage(&self) -> Coverage {
        self.ipv6.coverage
    }

    /// A digest of the file it came from: equal digests mean equal data. Only good within one run.
    pub fn digest(&self) -> u64 {
        self.label.digest
    }

    /// The digest that a database read from these octets will have, so that an unchanged file need not be walked.
    pub fn digest_of(octets: &[u8]) -> u64 {
        DIGEST.hash_one(octets)
    }

    /// Whether this database may replace one that is being served: it must have at least 80 % of its records and of
    /// its countries (semantics §6). The error is a sentence for the operator.
    pub fn acceptable_after(&self, served: &Database) -> Result<(), String> {
        let (records, countries) = self.coverage();
        let (served_records, served_countries) = served.coverage();
        enough("networks", records, served_records)?;
        enough("countries", countries, served_countries)
    }

    /// The record that holds an address (v4-mapped and 6to4: its IPv4 address): the network and what it says.
    /// `None` where it says nothing.
    pub(super) fn record(&self, client: IpAddr) -> Option<(Prefix, Place)> {
        let client = client_bits(client);
        let (prefix, value) = match client {
            ClientBits::Ipv4(bits) => {
                let (first, end, value) = self.ipv4.ranges.find(bits);
                (Prefix::around_ipv4(bits, shortest_prefix(bits, first, end)), value)
            }
            ClientBits::Ipv6(bits) => {
                let (first, end, value) = self.ipv6.ranges.find(bits);
                (Prefix::around_ipv6(bits, shortest_prefix(bits, first, end)), value)
            }
        };
        (value != NOTHING).then(|| (prefix, self.places[value as usize]))
    }

    /// A place of this database in words.
    pub(super) fn in_words(&self, place: &Place) -> String {
        InWords(place, place.city_name.map(|name| self.city_names.name(name))).to_string()
    }

    /// The name of a city.
    pub(super) fn city_name(&self, id: CityNameId) -> &str {
        self.city_names.name(id)
    }

    /// The names of all cities, each text once.
    pub(super) fn city_names(&self) -> impl Iterator<Item = (CityNameId, &str)> {
        self.city_names.iter()
    }

    /// Its places; ranges refer to them by index.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Its ranges of IPv4.
    pub(super) fn ipv4(&self) -> &Ranges<u32> {
        &self.ipv4.ranges
    }

    /// Its ranges of IPv6; nothing in the blocks that no database places.
    pub(super) fn ipv6(&self) -> &Ranges<u128> {
        &self.ipv6.ranges
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (networks, countries) = self.coverage();
        write!(formatter, "Database({}: {networks} networks, {countries} countries)", self.label.name)
    }
}

/// Share of what is being served that a new file must have: 4/5.
const ACCEPTED_SHARE: (usize, usize) = (4, 5);

fn enough(what: &str, found: usize, served: usize) -> Result<(), String> {
    let (numerator, denominator) = ACCEPTED_SHARE;
    if found * denominator >= served * numerator {
        return Ok(());
    }
    Err(format!(
        "the new file has {found} {what} and the one being served has {served}: less than 80 % of it, so the old \
         one stays; if this is meant, restart with the new file"
    ))
}

/// The address that databases are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum ClientBits {
    /// An IPv4 address, also one out of a tunnel.
    Ipv4(u32),
    /// An IPv6 address.
    Ipv6(u128),
}

/// A client's address as databases know it: tunnelled clients by their IPv4 address.
pub(super) fn client_bits(client: IpAddr) -> ClientBits {
    match client {
        IpAddr::V4(address) => ClientBits::Ipv4(address.to_bits()),
        IpAddr::V6(address) => match special::embedded_ipv4(address.to_bits()) {
            Some((embedded, _)) => ClientBits::Ipv4(embedded),
            None => ClientBits::Ipv6(address.to_bits()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::database_builder::DatabaseBuilder;
    use super::*;

    fn with_networks(number: u32, codes: &[[u8; 2]]) -> Database {
        let mut builder = DatabaseBuilder::default();
        for index in 0..number {
            let code = codes[index as usize % codes.len()];
            builder.add_ipv4_country(index * 256, index * 256 + 255, code);
        }
        builder.finish("test", "test", 0, u64::from(number))
    }

    #[test]
    fn a_shrunken_database_never_replaces_a_good_one() {
        let served = with_networks(100, &[*b"DE", *b"FR", *b"IT", *b"ES", *b"PT"]);
        let check = |number, codes: &[[u8; 2]], expected: Option<&str>| {
            let accepted = with_networks(number, codes).acceptable_after(&served);
            match expected {
                None => assert_eq!(accepted, Ok(())),
                Some(text) => assert!(accepted.unwrap_err().contains(text)),
            }
        };
        check(80, &[*b"DE", *b"FR", *b"IT", *b"ES"], None);
        check(79, &[*b"DE", *b"FR", *b"IT", *b"ES", *b"PT"], Some("79 networks"));
        check(100, &[*b"DE", *b"FR", *b"IT"], Some("3 countries"));
        check(1000, &[*b"DE", *b"FR", *b"IT", *b"ES", *b"PT", *b"US"], None);
    }
}
