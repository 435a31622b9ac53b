//! The networks of an .mmdb file, on their way from its search tree into a database.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use maxminddb::Reader;

use super::MmdbError;
use super::record::{NamedSubdivisions, Record};
use super::record_numbers::{RecordNumbers, RecordNumbersBuilder};
use super::search_tree::SearchTree;
use crate::geo::city_names::TooManyNames;
use crate::geo::database_builder::DatabaseBuilder;
use crate::geo::place::Place;
use crate::geo::ranges::NOTHING;

/// Most networks with a record.
pub(super) const NETWORKS_MAXIMUM: usize = 1 << 25;
/// Networks that are looked up before any of them is added.
const NETWORKS_TOGETHER: usize = 256;

/// Checks the tree and takes every network with its place. `ipv4_start` is where the IPv4 space starts in a tree of IPv6:
/// networks below are of IPv4, however many ways lead there, and what ends the way before answers for the whole space.
pub(super) fn walk<'o>(
    reader: &'o Reader<&'o [u8]>,
    tree: &SearchTree<'_>,
    ipv4_start: Option<usize>,
) -> Result<DatabaseBuilder, MmdbError> {
    let mut records = RecordNumbersBuilder::new(tree.octets_behind());
    tree.check(ipv4_start, |record| tree.data_offset(record).into_iter().for_each(|at| records.note(at)))?;
    let mut places = PlacesOfRecords::new(reader, records.finish())?;
    let mut ipv4 = Networks::<u32>::new(|first| Ipv4Addr::from_bits(first).into(), DatabaseBuilder::add_ipv4);
    tree.walk(ipv4_start.unwrap_or(0), None, |first, last, record| {
        ipv4.take(Network { first, last, offset: tree.data_offset(record) }, &mut places)
    })?;
    ipv4.finish(&mut places)?;
    if ipv4_start.is_some() {
        let mut ipv6 =
            Networks::<u128>::new(|first| Ipv6Addr::from_bits(first).into(), DatabaseBuilder::add_ipv6);
        tree.walk(0, ipv4_start, |first, last, record| {
            ipv6.take(Network { first, last, offset: tree.data_offset(record) }, &mut places)
        })?;
        ipv6.finish(&mut places)?;
    }
    Ok(places.builder)
}

/// Networks of a family on their way from the tree into the database.
///
/// Some are looked up one behind the other before the first of them is added: what is done with a network depends on its
/// place, so that otherwise the processor would wait for each place to come from memory.
struct Networks<A> {
    waiting: Vec<Network<A>>,
    /// Of the same networks.
    places: Vec<u32>,
    address: fn(A) -> IpAddr,
    add: fn(&mut DatabaseBuilder, A, A, u32),
}

/// A network: its first and last address, and where its record begins.
struct Network<A> {
    first: A,
    last: A,
    offset: Option<usize>,
}

impl<A: Copy> Networks<A> {
    fn new(address: fn(A) -> IpAddr, add: fn(&mut DatabaseBuilder, A, A, u32)) -> Self {
        let (waiting, places) =
            (Vec::with_capacity(NETWORKS_TOGETHER), Vec::with_capacity(NETWORKS_TOGETHER));
        Networks { waiting, places, address, add }
    }

    fn take(&mut self, network: Network<A>, places: &mut PlacesOfRecords<'_>) -> Result<(), MmdbError> {
        self.waiting.push(network);
        if self.waiting.len() == NETWORKS_TOGETHER { self.finish(places) } else { Ok(()) }
    }

    /// Adds those that wait.
    fn finish(&mut self, places: &mut PlacesOfRecords<'_>) -> Result<(), MmdbError> {
        self.places.clear();
        for network in &self.waiting {
            self.places.push(places.place(network.offset, || (self.address)(network.first))?);
        }
        for (network, &place) in self.waiting.drain(..).zip(&self.places) {
            (self.add)(&mut places.builder, network.first, network.last, place);
        }
        Ok(())
    }
}

/// The places that records tell of; a record that many networks share is decoded once.
struct PlacesOfRecords<'o> {
    reader: &'o Reader<&'o [u8]>,
    records: RecordNumbers,
    /// By the number of the record.
    places: Vec<u32>,
    networks: usize,
    named: NamedSubdivisions<'o>,
    builder: DatabaseBuilder,
}

/// The place of a record that was not decoded yet: more than there are.
const UNREAD: u32 = u32::MAX;

impl<'o> PlacesOfRecords<'o> {
    fn new(reader: &'o Reader<&'o [u8]>, records: RecordNumbers) -> Result<Self, MmdbError> {
        // Each record is some network's.
        if records.count() > NETWORKS_MAXIMUM {
            return Err(MmdbError::TooManyNetworks);
        }
        let places = vec![UNREAD; records.count()];
        let (named, builder) = (NamedSubdivisions::default(), DatabaseBuilder::for_records(records.count()));
        Ok(PlacesOfRecords { reader, records, places, networks: 0, named, builder })
    }

    /// The number of the place that the record of the next network tells of, given where it begins and an address of
    /// the network.
    fn place(&mut self, offset: Option<usize>, address: impl FnOnce() -> IpAddr) -> Result<u32, MmdbError> {
        self.networks += 1;
        if self.networks > NETWORKS_MAXIMUM {
            return Err(MmdbError::TooManyNetworks);
        }
        let number = offset.and_then(|offset| self.records.number(offset));
        if let Some(known) = number.map(|number| self.places[number]).filter(|&place| place != UNREAD) {
            return Ok(known);
        }
        let place = self.decode(address())?;
        if let Some(number) = number {
            self.places[number] = place;
        }
        Ok(place)
    }

    #[inline(never)]
    fn decode(&mut self, address: IpAddr) -> Result<u32, MmdbError> {
        let found = self.reader.lookup(address).map_err(MmdbError::Walk)?;
        let Some(record) = found.decode::<Record<'o>>().map_err(MmdbError::Record)? else {
            return Ok(NOTHING);
        };
        let city_name = record.city_name().map_or(Ok(None), |name| self.builder.city_name(name));
        let city_name = city_name.map_err(|TooManyNames| MmdbError::TooManyNames)?;
        Ok(self.builder.place_id(Place { city_name, ..record.place(&mut self.named) }))
    }
}
