//! The .mmdb format: the only place that knows `maxminddb`.
//!
//! A file is accepted after a full walk. Its octets are hostile until then: everything that could grow is bounded,
//! and the tree's shape is checked first (`search_tree`). `Reader::verify` is not used, because it refuses good files
//! of other vendors for an empty description.
//!
//! `maxminddb` hands out records through serde's visitors: `record` has one.

mod record;
mod record_numbers;
mod search_tree;
#[cfg(test)]
pub(crate) mod writer;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use thiserror::Error;

use self::record::{Keys, NamedSubdivisions, Record};
use self::record_numbers::{RecordNumbers, RecordNumbersBuilder};
use self::search_tree::{BrokenTree, SearchTree};
use super::city_names::{NAMES_OCTETS_MAXIMUM, TooManyNames};
use super::database::Database;
use super::database_builder::DatabaseBuilder;
use super::place::Place;
use super::ranges::NOTHING;

/// Most octets of an .mmdb file that is looked at: 1 GiB; the largest published ones are below 200 MB.
pub const FILE_OCTETS_MAXIMUM: usize = 1 << 30;
/// Most nodes of a search tree; a city database has 15 million.
const NODES_MAXIMUM: u32 = 1 << 26;
/// Most networks with a record.
const NETWORKS_MAXIMUM: usize = 1 << 25;
/// What stands before the metadata.
const METADATA_MARK: &[u8] = b"\xAB\xCD\xEFMaxMind.com";
/// Most records looked at to tell what an unusable file has instead.
const SAMPLE_RECORDS: usize = 1000;
/// Most keys named in that sentence.
const SAMPLE_KEYS: usize = 12;

/// Why a file is no database for us; each a sentence for the operator.
#[derive(Debug, Error)]
enum MmdbError {
    /// More octets than we look at.
    #[error("it has {0} octets, more than the {FILE_OCTETS_MAXIMUM} that are accepted")]
    TooLarge(usize),
    /// No metadata at its end.
    #[error(
        "it is not an .mmdb file, or it was cut off: the mark that such a file has near its end is missing"
    )]
    NotMmdb,
    /// The metadata is broken or says impossible things.
    #[error("its metadata is broken, perhaps it was cut off: {0}")]
    Metadata(MaxMindDbError),
    /// More nodes than we walk.
    #[error("its search tree has {0} nodes, more than the {NODES_MAXIMUM} that are accepted")]
    TooManyNodes(u32),
    /// The tree is no tree.
    #[error("its search tree is broken: {0}")]
    Tree(#[from] BrokenTree),
    /// The walk failed.
    #[error("its search tree is broken: {0}")]
    Walk(MaxMindDbError),
    /// More networks than we keep.
    #[error("it has more than the {NETWORKS_MAXIMUM} networks that are accepted")]
    TooManyNetworks,
    /// More octets of names than we keep.
    #[error("the names of its cities have more than the {NAMES_OCTETS_MAXIMUM} octets that are accepted")]
    TooManyNames,
    /// A record cannot be read.
    #[error("a record is broken: {0}")]
    Record(MaxMindDbError),
    /// Nothing in it says where anybody is.
    #[error(
        "no usable record: none has a country, continent, subdivision, city, coordinates or an autonomous system \
         number under a name that Meridian knows; it has {0}"
    )]
    NothingUsable(String),
}

impl Database {
    /// Reads an .mmdb file of any of the shapes of semantics §6. `name` is what `status` and `explain` call it.
    /// Errors are sentences for the operator (not an mmdb, truncated, no usable record, …).
    pub fn from_mmdb(name: &str, octets: Vec<u8>) -> Result<Database, String> {
        load(name, octets).map_err(|error| error.to_string())
    }
}

/// Reads and walks a file.
fn load(name: &str, octets: Vec<u8>) -> Result<Database, MmdbError> {
    if octets.len() > FILE_OCTETS_MAXIMUM {
        return Err(MmdbError::TooLarge(octets.len()));
    }
    let digest = Database::digest_of(&octets);
    let reader = Reader::from_source(octets.as_slice()).map_err(|error| not_readable(error, &octets))?;
    let metadata = reader.metadata();
    if metadata.node_count > NODES_MAXIMUM {
        return Err(MmdbError::TooManyNodes(metadata.node_count));
    }
    let tree = SearchTree::new(&octets, metadata.node_count as usize, metadata.record_size)?;
    let ipv4_start = (metadata.ip_version == 6).then(|| tree.ipv4_start());
    let builder = walk(&reader, &tree, ipv4_start)?;
    if builder.is_empty() {
        return Err(MmdbError::NothingUsable(keys_of(&reader, &tree, ipv4_start)?));
    }
    Ok(builder.finish(name, &metadata.database_type, metadata.build_epoch, digest))
}

/// `maxminddb` has one kind of error for files without metadata and for files with bad metadata.
fn not_readable(error: MaxMindDbError, octets: &[u8]) -> MmdbError {
    let marked = octets.windows(METADATA_MARK.len()).any(|window| window == METADATA_MARK);
    if marked { MmdbError::Metadata(error) } else { MmdbError::NotMmdb }
}

/// Checks the tree and takes every network with its place. `ipv4_start` is where the IPv4 space starts in a tree of IPv6:
/// networks below are of IPv4, however many ways lead there, and what ends the way before answers for the whole space.
fn walk<'o>(
    reader: &'o Reader<&'o [u8]>,
    tree: &SearchTree<'_>,
    ipv4_start: Option<usize>,
) -> Result<DatabaseBuilder, MmdbError> {
    let mut records = RecordNumbersBuilder::new(tree.octets_behind());
    tree.check(ipv4_start, |record| tree.data_offset(record).into_iter().for_each(|at| records.note(at)))?;
    let mut places = PlacesOfRecords::new(reader, records.finish())?;
    tree.walk(ipv4_start.unwrap_or(0), None, |first: u32, last, record| {
        let place = places.place(tree.data_offset(record), || Ipv4Addr::from_bits(first).into())?;
        places.builder.add_ipv4(first, last, place);
        Ok::<_, MmdbError>(())
    })?;
    if ipv4_start.is_some() {
        tree.walk(0, ipv4_start, |first: u128, last, record| {
            let place = places.place(tree.data_offset(record), || Ipv6Addr::from_bits(first).into())?;
            places.builder.add_ipv6(first, last, place);
            Ok::<_, MmdbError>(())
        })?;
    }
    Ok(places.builder)
}

/// The places that records tell of; a record that many networks share is decoded once.
struct PlacesOfRecords<'o> {
    reader: &'o Reader<&'o [u8]>,
    records: RecordNumbers,
    /// By the number of the record; `None` until a network has it.
    places: Vec<Option<u32>>,
    networks: usize,
    named: NamedSubdivisions<'o>,
    builder: DatabaseBuilder,
}

impl<'o> PlacesOfRecords<'o> {
    fn new(reader: &'o Reader<&'o [u8]>, records: RecordNumbers) -> Result<Self, MmdbError> {
        // Each record is some network's.
        if records.count() > NETWORKS_MAXIMUM {
            return Err(MmdbError::TooManyNetworks);
        }
        let places = vec![None; records.count()];
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
        if let Some(known) = number.and_then(|number| self.places[number]) {
            return Ok(known);
        }
        let place = self.decode(address())?;
        if let Some(number) = number {
            self.places[number] = Some(place);
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

/// What the records of an unusable file have instead: "only the keys …", for the sentence that refuses it. The tree must
/// have been checked.
fn keys_of(
    reader: &Reader<&[u8]>,
    tree: &SearchTree<'_>,
    ipv4_start: Option<usize>,
) -> Result<String, MmdbError> {
    let mut keys = BTreeSet::new();
    // Where the IPv4 space is no node but part of one record, `maxminddb` 0.32 takes every other network with that
    // record for an alias and leaves it out; then there are no aliases, and it is told to leave out none.
    let options = match ipv4_start {
        Some(record) if !tree.is_node(record) => WithinOptions::default().include_aliased_networks(),
        _ => WithinOptions::default(),
    };
    for network in reader.networks(options).map_err(MmdbError::Walk)?.take(SAMPLE_RECORDS) {
        let network = network.map_err(MmdbError::Walk)?;
        // A record that is no map has no keys.
        if let Ok(Some(Keys(names))) = network.decode() {
            keys.extend(names.into_iter().map(str::to_owned));
        }
    }
    let shown: Vec<String> = keys.into_iter().take(SAMPLE_KEYS).collect();
    Ok(if shown.is_empty() {
        "no keys at all".to_owned()
    } else {
        format!("only the keys {}", shown.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::writer::{Datum, MmdbWriter, map, text};
    use super::*;

    fn open(writer: &MmdbWriter) -> Result<Database, String> {
        Database::from_mmdb("test.mmdb", writer.octets())
    }

    #[test]
    fn a_file_without_usable_records_is_refused_with_its_keys() {
        let registered =
            map([("registered_country", map([("iso_code", text("DE"))])), ("is_anycast", text("x"))]);
        let check = |record: &Datum, expected: &str| {
            let mut writer = MmdbWriter::ipv4();
            writer.insert("192.0.2.0/24", record);
            let error = open(&writer).unwrap_err();
            assert!(error.starts_with("no usable record") && error.ends_with(expected), "{error}");
        };
        check(&registered, "it has only the keys is_anycast, registered_country");
        check(&text("DE"), "it has no keys at all");
        check(&map([("country_code", text("ZZ"))]), "it has only the keys country_code");
    }

    #[test]
    fn files_of_one_family_and_of_both() {
        let german = map([("country_code", text("DE"))]);
        let mut ipv6 = MmdbWriter::ipv6();
        ipv6.insert("2a00::/16", &german);
        let ipv6 = open(&ipv6).unwrap();
        assert_eq!((ipv6.ipv4_coverage().networks, ipv6.ipv6_coverage().networks), (0, 1));
        let mut both = MmdbWriter::ipv6();
        both.insert("2a00::/16", &german);
        both.insert("::192.0.2.0/120", &german);
        let both = open(&both).unwrap();
        assert_eq!((both.ipv4_coverage().networks, both.ipv6_coverage().networks), (1, 1));
        assert!(both.record("192.0.2.1".parse().unwrap()).is_some());
        assert!(both.record("2002:c000:201::1".parse().unwrap()).is_some());
        assert_eq!((both.kind(), both.built_at()), ("Test", 1_700_000_000));
    }

    #[test]
    fn a_record_above_the_ipv4_space_answers_for_all_of_it() {
        let mut writer = MmdbWriter::ipv6();
        writer.insert("::/0", &map([("country_code", text("DE"))]));
        let database = open(&writer).unwrap();
        assert_eq!(database.record("192.0.2.1".parse().unwrap()).unwrap().0.to_string(), "0.0.0.0/0");
        assert_eq!(database.record("4000::".parse().unwrap()).unwrap().0.to_string(), "4000::/2");
    }

    #[test]
    fn broken_files_are_refused_with_a_sentence() {
        let mut writer = MmdbWriter::ipv4();
        writer.insert("192.0.2.0/24", &map([("country_code", text("DE"))]));
        let good = writer.octets();
        let check = |octets: &[u8], expected: &str| {
            let error = Database::from_mmdb("test.mmdb", octets.to_vec()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(b"", "not an .mmdb file");
        check(b"<html>404</html>", "not an .mmdb file");
        check(&good[..good.len() / 2], "not an .mmdb file, or it was cut off");
        check(&good[..good.len() - 3], "metadata is broken, perhaps it was cut off");
        let mut looped = good.clone();
        looped[..6].copy_from_slice(&[0, 0, 1, 0, 0, 1]);
        check(&looped, "search tree is broken: node 1 is reached on several ways");
        let mut wild = good.clone();
        wild[3..6].copy_from_slice(&[0xFF, 0xFF, 0xFF]);
        check(&wild, "search tree is broken");
    }

    proptest! {
        #[test]
        fn mutated_files_never_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
            cut in any::<prop::sample::Index>(), cuts in any::<bool>(), ipv6 in any::<bool>(),
        ) {
            let mut writer = if ipv6 { MmdbWriter::ipv6() } else { MmdbWriter::ipv4() };
            let networks = if ipv6 {
                ["2a00::/24", "::10.0.0.0/104", "8000::/1"]
            } else {
                ["192.0.2.0/24", "10.0.0.0/8", "224.0.0.0/3"]
            };
            for (network, code) in networks.into_iter().zip(["DE", "FR", "US"]) {
                writer.insert(network, &map([
                    ("country", map([("iso_code", text(code))])),
                    ("location", map([("latitude", Datum::Real(1.0)), ("longitude", Datum::Real(2.0))])),
                    ("subdivisions", Datum::List(vec![map([("iso_code", text("BY"))])])),
                ]));
            }
            let mut octets = writer.octets();
            for (index, octet) in changes {
                let index = index.index(octets.len());
                octets[index] = octet;
            }
            if cuts { octets.truncate(cut.index(octets.len())); }
            if let Err(sentence) = Database::from_mmdb("test.mmdb", octets) {
                prop_assert!(!sentence.is_empty());
            }
        }
    }
}
