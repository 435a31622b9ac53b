//! A database in the making: places are numbered, networks become ranges.

use std::collections::HashSet;

use super::city_names::{CityNameId, CityNamesBuilder, TooManyNames};
use super::database::{Coverage, Database, Family, Label};
use super::numbers::Numbers;
use super::place::Place;
use super::ranges::{NOTHING, RangesBuilder};
use super::space::Space;
use super::special;

/// Most places that room is made for beforehand; a city database has half as many.
const PLACES_RESERVED_MAXIMUM: usize = 1 << 20;

/// The last address of IPv6 that no database places; nearly all networks lie behind it.
const LAST_UNPLACED: u128 = special::SIX_TO_FOUR.0 | u128::MAX >> special::SIX_TO_FOUR.1;

/// A database in the making; networks are added in ascending order, each family by itself.
pub(super) struct DatabaseBuilder {
    places: Vec<Place>,
    /// By the places' keys.
    numbers: Numbers,
    city_names: CityNamesBuilder,
    /// The places of country codes, by the code as a number: the built-in data names one for each of 700,000 ranges.
    #[cfg(any(test, feature = "builtin-geo"))]
    countries: Vec<Option<u32>>,
    ipv4: FamilyBuilder<u32>,
    ipv6: FamilyBuilder<u128>,
}

impl Default for DatabaseBuilder {
    fn default() -> Self {
        DatabaseBuilder::for_records(0)
    }
}

impl DatabaseBuilder {
    /// For a database of about that many records; it has mostly as many places.
    pub(super) fn for_records(records: usize) -> DatabaseBuilder {
        let nowhere = Place::default();
        let mut numbers = Numbers::for_things(records.min(PLACES_RESERVED_MAXIMUM));
        let first = numbers.add(numbers.hash(nowhere.key()));
        debug_assert_eq!(first, NOTHING);
        DatabaseBuilder {
            places: vec![nowhere],
            numbers,
            city_names: CityNamesBuilder::default(),
            #[cfg(any(test, feature = "builtin-geo"))]
            countries: Vec::new(),
            ipv4: FamilyBuilder::new(),
            ipv6: FamilyBuilder::new(),
        }
    }

    /// The number of a city's name, for a place; `None` for a text that is no name.
    pub(super) fn city_name(&mut self, name: &str) -> Result<Option<CityNameId>, TooManyNames> {
        self.city_names.id(name)
    }

    /// The number of a place, the same for equal places; [`NOTHING`] for one that says nothing.
    pub(super) fn place_id(&mut self, place: Place) -> u32 {
        let key = place.key();
        let hash = self.numbers.hash(key);
        let places = &self.places;
        self.numbers.find(hash, |number| places[number as usize].key() == key).unwrap_or_else(|| {
            self.places.push(place);
            self.numbers.add(hash)
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
        if first > LAST_UNPLACED {
            self.ipv6.count(place);
            self.ipv6.ranges.push(first, last, place);
        } else {
            self.add_ipv6_around_holes(first, last, place);
        }
    }

    fn add_ipv6_around_holes(&mut self, first: u128, last: u128, place: u32) {
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
    #[cfg(any(test, feature = "builtin-geo"))]
    pub(super) fn add_ipv4_country(&mut self, first: u32, last: u32, code: [u8; 2]) {
        let place = self.country_id(code);
        self.add_ipv4(first, last, place);
    }

    /// Adds a range of IPv6 of which only the country's code is known.
    #[cfg(any(test, feature = "builtin-geo"))]
    pub(super) fn add_ipv6_country(&mut self, first: u128, last: u128, code: [u8; 2]) {
        let place = self.country_id(code);
        self.add_ipv6(first, last, place);
    }

    #[cfg(any(test, feature = "builtin-geo"))]
    fn country_id(&mut self, code: [u8; 2]) -> u32 {
        let index = usize::from(u16::from_be_bytes(code));
        if let Some(&Some(known)) = self.countries.get(index) {
            return known;
        }
        let place = self.place_id(Place::of_country_code(code));
        self.countries.resize(self.countries.len().max(index + 1), None);
        self.countries[index] = Some(place);
        place
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
            label: Label { name: name.to_owned(), kind: kind.to_owned(), built_at, digest },
            places: self.places,
            city_names: self.city_names.finish(),
            ipv4: self.ipv4.finish(ipv4_countries.len()),
            ipv6: self.ipv6.finish(ipv6_countries.len()),
            countries: ipv4_countries.union(&ipv6_countries).count(),
        }
    }
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

    fn finish(self, countries: usize) -> Family<A> {
        Family { ranges: self.ranges.finish(), coverage: Coverage { networks: self.networks, countries } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
