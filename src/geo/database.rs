//! A database, walked once and reduced to sorted ranges of places.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::net::IpAddr;

use super::place::{Place, PlaceKey};
use super::prefix::Prefix;
use super::ranges::{NOTHING, Ranges, RangesBuilder};
use super::space::{Space, shortest_prefix};
use super::{builtin, mmdb, special};

/// One database (mmdb or built-in), immutable.
pub struct Database {
    name: String,
    kind: String,
    built_at: u64,
    digest: u64,
    /// Distinct places; the first says nothing.
    places: Vec<Place>,
    ipv4: Ranges<u32>,
    ipv6: Ranges<u128>,
    ipv4_coverage: Coverage,
    ipv6_coverage: Coverage,
    countries: usize,
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
    /// Reads an .mmdb file of any of the shapes of semantics §6. `name` is what `status` and `explain` call it.
    /// Errors are sentences for the operator (not an mmdb, truncated, no usable record, …).
    pub fn from_mmdb(name: &str, octets: Vec<u8>) -> Result<Database, String> {
        mmdb::load(name, octets).map_err(|error| error.to_string())
    }

    /// The built-in country data (feature `builtin-geo`).
    pub fn builtin() -> Option<Database> {
        builtin::load()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the file says it is ("GeoLite2-Country", "country ipvAll").
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// When it was built, seconds since 1970.
    pub fn built_at(&self) -> u64 {
        self.built_at
    }

    /// Number of networks with a usable record, and of distinct countries.
    pub fn coverage(&self) -> (usize, usize) {
        (self.ipv4_coverage.networks + self.ipv6_coverage.networks, self.countries)
    }

    /// What it knows of IPv4.
    pub fn ipv4_coverage(&self) -> Coverage {
        self.ipv4_coverage
    }

    /// What it knows of IPv6.
    pub fn ipv6_coverage(&self) -> Coverage {
        self.ipv6_coverage
    }

    /// A digest of the file it came from: equal digests mean equal data. Only good within one run.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The digest that a database read from these octets will have, so that an unchanged file need not be walked.
    pub fn digest_of(octets: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(octets);
        hasher.finish()
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
                let (first, end, value) = self.ipv4.find(bits);
                (Prefix::around_ipv4(bits, shortest_prefix(bits, first, end)), value)
            }
            ClientBits::Ipv6(bits) => {
                let (first, end, value) = self.ipv6.find(bits);
                (Prefix::around_ipv6(bits, shortest_prefix(bits, first, end)), value)
            }
        };
        (value != NOTHING).then(|| (prefix, self.places[value as usize]))
    }

    /// Its places; ranges refer to them by index.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Its ranges of IPv4.
    pub(super) fn ipv4(&self) -> &Ranges<u32> {
        &self.ipv4
    }

    /// Its ranges of IPv6; nothing in the blocks that no database places.
    pub(super) fn ipv6(&self) -> &Ranges<u128> {
        &self.ipv6
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (networks, countries) = self.coverage();
        write!(formatter, "Database({}: {networks} networks, {countries} countries)", self.name)
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

/// A database in the making; networks are added in ascending order, each family by itself.
pub(super) struct DatabaseBuilder {
    places: Vec<Place>,
    ids: HashMap<PlaceKey, u32>,
    ipv4: FamilyBuilder<u32>,
    ipv6: FamilyBuilder<u128>,
}

/// One family of it: ranges, number of usable networks, and which places occur.
struct FamilyBuilder<A> {
    ranges: RangesBuilder<A>,
    networks: usize,
    occurs: Vec<bool>,
}

impl<A: Space> FamilyBuilder<A> {
    fn new() -> Self {
        FamilyBuilder { ranges: RangesBuilder::default(), networks: 0, occurs: Vec::new() }
    }

    fn count(&mut self, place: u32) {
        self.networks += 1;
        let index = place as usize;
        if self.occurs.len() <= index {
            self.occurs.resize(index + 1, false);
        }
        self.occurs[index] = true;
    }

    fn countries(&self, places: &[Place]) -> HashSet<[u8; 2]> {
        let occurring = places.iter().zip(&self.occurs).filter(|&(_, &occurs)| occurs);
        occurring.filter_map(|(place, _)| place.country).collect()
    }
}

impl Default for DatabaseBuilder {
    fn default() -> Self {
        let nowhere = Place::default();
        DatabaseBuilder {
            places: vec![nowhere],
            ids: HashMap::from([(nowhere.key(), NOTHING)]),
            ipv4: FamilyBuilder::new(),
            ipv6: FamilyBuilder::new(),
        }
    }
}

impl DatabaseBuilder {
    /// The number of a place, the same for equal places; [`NOTHING`] for one that says nothing.
    pub(super) fn place_id(&mut self, place: Place) -> u32 {
        *self.ids.entry(place.key()).or_insert_with(|| {
            self.places.push(place);
            u32::try_from(self.places.len() - 1)
                .expect("places are at most as many as networks, which are bounded")
        })
    }

    /// Adds a network of IPv4.
    pub(super) fn add_ipv4(&mut self, first: u32, last: u32, place: u32) {
        if place != NOTHING {
            self.ipv4.count(place);
            self.ipv4.ranges.push(first, last, place);
        }
    }

    /// Adds a network of IPv6, without the parts that no database places.
    pub(super) fn add_ipv6(&mut self, first: u128, last: u128, place: u32) {
        if place == NOTHING {
            return;
        }
        let mut from = Some(first);
        let mut placed = false;
        for (hole, length) in special::UNPLACED {
            let Some(start) = from.filter(|&start| start <= hole.last_of(length) && last >= hole) else {
                continue;
            };
            if start < hole {
                self.ipv6.ranges.push(start, hole - 1, place);
                placed = true;
            }
            from = hole.last_of(length).next().filter(|&start| start <= last);
        }
        if let Some(start) = from {
            self.ipv6.ranges.push(start, last, place);
            placed = true;
        }
        if placed {
            self.ipv6.count(place);
        }
    }

    /// Adds a range of IPv4 of which only the country's code is known.
    pub(super) fn add_ipv4_country(&mut self, first: u32, last: u32, code: [u8; 2]) {
        let place = self.place_id(Place::of_country_code(code));
        self.add_ipv4(first, last, place);
    }

    /// Adds a range of IPv6 of which only the country's code is known.
    pub(super) fn add_ipv6_country(&mut self, first: u128, last: u128, code: [u8; 2]) {
        let place = self.place_id(Place::of_country_code(code));
        self.add_ipv6(first, last, place);
    }

    /// Whether nothing usable was added.
    pub(super) fn is_empty(&self) -> bool {
        self.ipv4.networks + self.ipv6.networks == 0
    }

    /// The database.
    pub(super) fn finish(self, name: &str, kind: &str, built_at: u64, digest: u64) -> Database {
        let ipv4_countries = self.ipv4.countries(&self.places);
        let ipv6_countries = self.ipv6.countries(&self.places);
        Database {
            name: name.to_owned(),
            kind: kind.to_owned(),
            built_at,
            digest,
            ipv4_coverage: Coverage { networks: self.ipv4.networks, countries: ipv4_countries.len() },
            ipv6_coverage: Coverage { networks: self.ipv6.networks, countries: ipv6_countries.len() },
            countries: ipv4_countries.union(&ipv6_countries).count(),
            places: self.places,
            ipv4: self.ipv4.ranges.finish(),
            ipv6: self.ipv6.ranges.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
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
            let verdict = with_networks(number, codes).acceptable_after(&served);
            match expected {
                None => assert_eq!(verdict, Ok(())),
                Some(text) => assert!(verdict.unwrap_err().contains(text)),
            }
        };
        check(80, &[*b"DE", *b"FR", *b"IT", *b"ES"], None);
        check(79, &[*b"DE", *b"FR", *b"IT", *b"ES", *b"PT"], Some("79 networks"));
        check(100, &[*b"DE", *b"FR", *b"IT"], Some("3 countries"));
        check(1000, &[*b"DE", *b"FR", *b"IT", *b"ES", *b"PT", *b"US"], None);
    }

    #[test]
    fn no_database_places_the_tunnels_or_the_ipv4_subtree() {
        let mut builder = DatabaseBuilder::default();
        builder.add_ipv4_country(0xC000_0200, 0xC000_02FF, *b"FR");
        builder.add_ipv6_country(0, u128::MAX, *b"DE");
        let database = builder.finish("test", "test", 0, 0);
        let check = |address: &str, expected: Option<&str>| {
            let found = database.record(address.parse().unwrap());
            assert_eq!(found.map(|(network, _)| network.to_string()).as_deref(), expected, "{address}");
        };
        check("::1", None);
        check("::192.0.2.1", None);
        check("::1:0:0:0", Some("::1:0:0:0/80"));
        check("::ffff:192.0.2.1", Some("192.0.2.0/24"));
        check("2002:c000:201::", Some("192.0.2.0/24"));
        check("2002::", None);
        check("2003::", Some("2003::/16"));
        check("8000::", Some("8000::/1"));
        assert_eq!(database.ipv6_coverage(), Coverage { networks: 1, countries: 1 });
    }
}
