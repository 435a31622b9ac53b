//! The .mmdb format: the only place that knows `maxminddb`.
//!
//! A file is accepted after a full walk. Its octets are hostile until then: everything that could grow is bounded,
//! and the tree's shape is checked first (`search_tree`). `Reader::verify` is not used, because it refuses good files
//! of other vendors for an empty description.
//!
//! `maxminddb` reads the metadata and decodes the records. The tree, with some fifteen networks to a record, is walked
//! here (`networks`): its iterator makes an address, a network and a handle of each of them.

mod networks;
mod record;
mod record_numbers;
mod record_reading;
mod search_tree;
#[cfg(test)]
pub(crate) mod writer;

use std::collections::BTreeSet;

use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use thiserror::Error;

use self::networks::NETWORKS_MAXIMUM;
use self::record_reading::Keys;
use self::search_tree::{BrokenTree, SearchTree};
use super::city_names::NAMES_OCTETS_MAXIMUM;
use super::database::Database;

/// Most octets of an .mmdb file that is looked at: 1 GiB; the largest published ones are below 200 MB.
pub const FILE_OCTETS_MAXIMUM: usize = 1 << 30;
/// Most nodes of a search tree; a city database has 15 million.
const NODES_MAXIMUM: u32 = 1 << 26;
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
    let builder = networks::walk(&reader, &tree, ipv4_start)?;
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
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::writer::{Datum, MmdbWriter, Way, map, text};
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

    /// Networks of both families, more than are looked up together, with few records and several ways to those of IPv4.
    fn many_networks() -> (MmdbWriter, Vec<IpAddr>) {
        let mut writer = MmdbWriter::ipv6();
        let mut edges: Vec<IpAddr> = Vec::new();
        let records = ["DE", "FR", "US", "ZZ"].map(|code| map([("country_code", text(code))]));
        for (number, record) in (0..1000_u32).zip(records.iter().cycle()) {
            let spread = number.wrapping_mul(0x9E37_79B1);
            let ipv4 = spread & !0xFF;
            writer.insert_bits(ipv4.into(), 120, record);
            let outside = [ipv4.wrapping_sub(1), ipv4 | 0xFF, ipv4.wrapping_add(0x100)];
            edges.extend(
                outside.into_iter().chain([ipv4]).map(|bits| IpAddr::from(Ipv4Addr::from_bits(bits))),
            );
            edges.push(Ipv6Addr::from_bits(0xFFFF << 32 | u128::from(ipv4)).into());
            edges.push(Ipv6Addr::from_bits(0x2002 << 112 | u128::from(ipv4) << 80).into());
            let ipv6 = 0x24 << 120 | u128::from(spread) << 88;
            writer.insert_bits(ipv6, 40, record);
            let rest = (1 << 88) - 1;
            edges.extend(
                [ipv6 - 1, ipv6, ipv6 | rest, (ipv6 | rest) + 1]
                    .map(|bits| IpAddr::from(Ipv6Addr::from_bits(bits))),
            );
        }
        let ipv4 = (0..96).fold(0, |node, _| writer.child(node, 0));
        writer.lead(0xFFFF << 32, 96, Way::Node(ipv4));
        writer.lead(0x2002 << 112, 16, Way::Node(ipv4));
        (writer, edges)
    }

    #[test]
    fn every_address_gets_what_the_file_says_when_it_is_asked_for_that_address() {
        let (writer, edges) = many_networks();
        let octets = writer.octets();
        let reader = Reader::from_source(octets.as_slice()).unwrap();
        let database = open(&writer).unwrap();
        for address in edges {
            let said: Option<&str> =
                reader.lookup(address).unwrap().decode_path(&maxminddb::path!["country_code"]).unwrap();
            let found = database.record(address).and_then(|(_, place)| place.country);
            let found = found.as_ref().map(|code| str::from_utf8(code).unwrap());
            assert_eq!(found, said.filter(|&code| code != "ZZ"), "{address}");
        }
        assert_eq!((database.ipv4_coverage().networks, database.ipv6_coverage().networks), (750, 750));
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
