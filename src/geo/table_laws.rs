//! The laws of whole tables, on random maps and databases: the compiled table says of every address what a naive
//! reading of the rules says, and scopes are exact and minimal (semantics §6, §7).
//!
//! The naive reading uses neither ranges nor the compiled decisions: it looks through lists. Classes change only at
//! edges of prefixes, so a law that holds for the addresses on both sides of every edge holds for all.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::distance;
use super::mmdb::writer::{Datum, MmdbWriter, map, text};
use super::space::Space;
use super::special::{IPV4_SPECIAL, IPV6_SPECIAL, MAPPED, SIX_TO_FOUR};
use super::*;

/// A prefix of one family as bits and length.
type Bits = (u128, u8);

/// One record of a test database.
#[derive(Debug, Clone, Default)]
struct Record {
    country: Option<&'static str>,
    asn: Option<u32>,
    subdivision: Option<&'static str>,
    city: Option<(u32, &'static str)>,
    location: Option<(f64, f64)>,
}

impl Record {
    fn datum(&self) -> Datum {
        let mut entries = vec![("postcode".to_owned(), text("1"))];
        let mut add = |key: &str, value: Datum| entries.push((key.to_owned(), value));
        self.country.into_iter().for_each(|code| add("country", map([("iso_code", text(code))])));
        self.asn.into_iter().for_each(|asn| add("asn", Datum::Whole(asn)));
        if let Some(code) = self.subdivision {
            add("subdivisions", Datum::List(vec![map([("iso_code", text(code))])]));
        }
        // An id of 0 and an empty name say nothing.
        if let Some((id, name)) = self.city {
            add("city", map([("geoname_id", Datum::Whole(id)), ("names", map([("en", text(name))]))]));
        }
        if let Some((latitude, longitude)) = self.location {
            let location = [("latitude", Datum::Real(latitude)), ("longitude", Datum::Real(longitude))];
            add("location", map(location));
        }
        Datum::Map(entries)
    }
}

/// A test database: its records by prefix, the longest prefix counting; IPv4 stands at ::/96.
#[derive(Debug, Clone)]
struct Records {
    ipv6: bool,
    list: Vec<(Bits, Record)>,
}

impl Records {
    /// Through the file format and back; `None` where nothing in it is usable.
    fn database(&self) -> Option<Database> {
        let mut writer = if self.ipv6 { MmdbWriter::ipv6() } else { MmdbWriter::ipv4() };
        let mut sorted = self.list.clone();
        sorted.sort_by_key(|&((_, length), _)| length);
        for ((bits, length), record) in &sorted {
            let (bits, length) =
                if self.ipv6 { (*bits, *length) } else { (bits << 96, length.saturating_sub(96)) };
            writer.insert_bits(bits, length, &record.datum());
        }
        Database::from_mmdb("test", writer.octets()).ok()
    }

    fn find(&self, bits: u128) -> Record {
        let holding = self.list.iter().filter(|((first, length), _)| bits.first_of(*length) == *first);
        holding.max_by_key(|((_, length), _)| *length).map(|(_, record)| record.clone()).unwrap_or_default()
    }
}

/// Rules, sites and databases of one case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    rules: MapRules,
    databases: Vec<Records>,
}

/// What a client gets, for ECS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Class {
    sites: Vec<SiteId>,
    special: Option<Bits>,
}

impl Class {
    /// Special-purpose blocks are classes of their own, whatever lies underneath.
    fn same_for_ecs(&self, other: &Class) -> bool {
        self.special == other.special && (self.special.is_some() || self.sites == other.sites)
    }
}

const SITES: [(f64, f64); 3] = [(38.9, -77.0), (50.1, 8.7), (1.3, 103.9)];

fn sites() -> Vec<Site> {
    let site = |&(latitude, longitude): &(f64, f64)| Site {
        name: format!("site {latitude}"),
        location: Some(Location { latitude, longitude }),
    };
    SITES.iter().map(site).collect()
}

impl Case {
    /// Its databases, without those in which nothing is usable.
    pub(super) fn databases(&self) -> Vec<Database> {
        self.databases.iter().filter_map(Records::database).collect()
    }

    /// Its map over [`Case::databases`].
    pub(super) fn map(&self, databases: &[Database]) -> Map {
        Map::compile("test", &self.rules, &sites(), &databases.iter().collect::<Vec<_>>()).unwrap()
    }

    /// Its rules.
    pub(super) fn rules(&self) -> &MapRules {
        &self.rules
    }

    fn class(&self, client: IpAddr) -> Class {
        match client {
            IpAddr::V4(client) => self.class_ipv4(client.to_bits().into()),
            IpAddr::V6(client) => {
                let bits = client.to_bits();
                if bits.first_of(96) == MAPPED.0 {
                    self.class_ipv4(bits & 0xFFFF_FFFF)
                } else if bits.first_of(16) == SIX_TO_FOUR.0 {
                    self.class_ipv4(bits >> 80 & 0xFFFF_FFFF)
                } else {
                    let blocks = IPV6_SPECIAL.map(|(first, length)| (first, length));
                    self.class_of(bits, &self.networks(true), &blocks, bits.first_of(96) != 0)
                }
            }
        }
    }

    /// IPv4 as the low 32 bits of an address with 128.
    fn class_ipv4(&self, bits: u128) -> Class {
        let blocks = IPV4_SPECIAL.map(|(first, length)| (u128::from(first), length + 96));
        self.class_of(bits, &self.networks(false), &blocks, true)
    }

    fn networks(&self, ipv6: bool) -> Vec<(Bits, Vec<SiteId>)> {
        let own = self.rules.network.iter().filter(|(network, _)| network.address.is_ipv6() == ipv6);
        own.map(|(network, sites)| match network.address {
            IpAddr::V4(first) => ((u128::from(first.to_bits()), network.length + 96), sites.clone()),
            IpAddr::V6(first) => ((first.to_bits(), network.length), sites.clone()),
        })
        .collect()
    }

    fn class_of(&self, bits: u128, networks: &[(Bits, Vec<SiteId>)], blocks: &[Bits], placed: bool) -> Class {
        let holds = |&(first, length): &Bits| bits.first_of(length) == first;
        let network =
            networks.iter().filter(|(prefix, _)| holds(prefix)).max_by_key(|((_, length), _)| *length);
        let block = blocks.iter().copied().find(holds);
        let special = block.filter(|(_, length)| network.is_none_or(|((_, inner), _)| inner < length));
        let sites = network.map_or_else(|| self.by_place(bits, placed), |(_, sites)| sites.clone());
        Class { sites, special }
    }

    /// Precedence spelt out.
    fn by_place(&self, bits: u128, placed: bool) -> Vec<SiteId> {
        let rules = &self.rules;
        let records: Vec<Record> =
            self.databases.iter().filter(|_| placed).map(|database| database.find(bits)).collect();
        let country = records.iter().find_map(|record| record.country.filter(|code| codes::is_country(code)));
        // A continent comes with the first country, or from the code EU, whichever database has one first.
        let continent = records.iter().find_map(|record| match record.country? {
            "EU" => Some("EU"),
            code => ["DE", "FR"].contains(&code).then_some("EU").or((code == "US").then_some("NA")),
        });
        let subdivision = records.iter().find_map(|record| {
            let code = format!("{}-{}", record.country?, record.subdivision?);
            codes::is_subdivision(&code).then_some(code)
        });
        if let Some(asn) = records.iter().find_map(|record| record.asn)
            && let Some((_, sites)) = rules.asn.iter().find(|(known, _)| *known == asn)
        {
            return sites.clone();
        }
        if let Some(sites) = self.by_city(&records, country) {
            return sites;
        }
        if let Some((_, sites)) =
            rules.subdivision.iter().find(|(known, _)| Some(known) == subdivision.as_ref())
        {
            return sites.clone();
        }
        let is = |known: &[u8; 2], code: Option<&str>| code.map(str::as_bytes) == Some(known.as_slice());
        if let Some((_, sites)) = rules.country.iter().find(|(known, _)| is(known, country)) {
            return sites.clone();
        }
        if let Some((_, sites)) = rules.continent.iter().find(|(known, _)| is(known, continent)) {
            return sites.clone();
        }
        let coordinates = records.iter().find_map(|record| record.location);
        let central_point =
            || country.and_then(|code| codes::central_point(code.as_bytes().try_into().unwrap()));
        let from = coordinates
            .map(|(latitude, longitude)| Location { latitude, longitude })
            .or_else(central_point)
            .filter(|_| rules.nearest.is_some());
        from.map_or_else(|| rules.default.clone(), |from| self.nearest(from))
    }

    fn by_city(&self, records: &[Record], country: Option<&str>) -> Option<Vec<SiteId>> {
        let id = records.iter().find_map(|record| record.city.map(|(id, _)| id).filter(|&id| id != 0));
        let name = records.iter().find_map(|record| {
            record.city.map(|(_, name)| name.to_lowercase()).filter(|name| !name.is_empty())
        });
        let listed = |holds: &dyn Fn(&CityKey) -> bool| {
            self.rules.city.iter().find(|(key, _)| holds(key)).map(|(_, sites)| sites.clone())
        };
        let by_id = listed(&|key| matches!(key, CityKey::GeoNames(known) if Some(*known) == id));
        by_id.or_else(|| {
            listed(&|key| match key {
                CityKey::Named(of, known) => {
                    Some(known.to_lowercase()) == name && country.map(str::as_bytes) == Some(of)
                }
                CityKey::GeoNames(_) => false,
            })
        })
    }

    fn nearest(&self, from: Location) -> Vec<SiteId> {
        let mut order: Vec<(u128, u16)> = (0..)
            .zip(&SITES)
            .map(|(id, &(latitude, longitude))| {
                let metres = distance::metres(from, Location { latitude, longitude });
                (counted(metres, self.bias(SiteId(id))), id)
            })
            .collect();
        order.sort_unstable();
        order.iter().take(self.rules.nearest.unwrap().into()).map(|&(_, id)| SiteId(id)).collect()
    }

    fn bias(&self, site: SiteId) -> i64 {
        self.rules.bias.iter().find(|(biased, _)| *biased == site).map_or(0, |&(_, bias)| bias.into())
    }

    /// The addresses on both sides of every edge: IPv4, and IPv6 with the tunnels' insides.
    fn edges(&self) -> (Vec<u32>, Vec<u128>) {
        let sides = |(first, length): Bits| {
            let last = first.last_of(length);
            [first.wrapping_sub(1), first, last, last.wrapping_add(1)]
        };
        let records =
            || self.databases.iter().flat_map(|database| database.list.iter().map(|(prefix, _)| *prefix));
        let ipv4_blocks = IPV4_SPECIAL.iter().map(|&(first, length)| (u128::from(first), length + 96));
        let ipv4_prefixes = ipv4_blocks
            .chain(self.networks(false).into_iter().map(|(prefix, _)| prefix))
            .chain(records().filter(|&(first, length)| length >= 96 && first >> 32 == 0))
            .chain([(0, 96)]);
        let ipv4: Vec<u32> = ipv4_prefixes.flat_map(sides).map(|bits| bits as u32).collect();
        let ipv6_prefixes = IPV6_SPECIAL
            .into_iter()
            .chain([(0, 96), (0, 0), MAPPED, SIX_TO_FOUR])
            .chain(self.networks(true).into_iter().map(|(prefix, _)| prefix))
            .chain(records());
        let inside = |&bits: &u32| {
            let six_to_four = SIX_TO_FOUR.0 | u128::from(bits) << 80;
            [MAPPED.0 | u128::from(bits), six_to_four, six_to_four.last_of(48)]
        };
        let ipv6 = ipv6_prefixes.flat_map(sides).chain(ipv4.iter().flat_map(inside));
        (without_doubles(ipv4.iter().copied()), without_doubles(ipv6))
    }
}

/// The least common multiple of the biases that the tests use, and of 100.
const COMMON: u128 = 2 * 2 * 3 * 5 * 5 * 7;

/// A distance as it counts, in fractions of a metre that are whole for every bias of the tests.
fn counted(metres: u64, bias: i64) -> u128 {
    let (metres, left) = (u128::from(metres), u128::from(100 - bias.unsigned_abs()));
    if bias >= 0 { metres * left * COMMON / 100 } else { metres * 100 * COMMON / left }
}

fn without_doubles<A: Ord + Copy>(addresses: impl Iterator<Item = A>) -> Vec<A> {
    let mut addresses: Vec<A> = addresses.collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// What the table must say of each address, or why it does not.
fn check(case: &Case, extra_ipv4: &[u32], extra_ipv6: &[u128]) -> Result<(), TestCaseError> {
    let built = case.databases();
    let databases: Vec<&Database> = built.iter().collect();
    let table = case.map(&built);
    let (mut ipv4, mut ipv6) = case.edges();
    ipv4.extend(extra_ipv4);
    ipv6.extend(extra_ipv6);
    let classes = |addresses: &mut dyn Iterator<Item = IpAddr>| -> Vec<(IpAddr, Class)> {
        addresses.map(|address| (address, case.class(address))).collect()
    };
    let ipv4 = classes(&mut ipv4.iter().map(|&bits| Ipv4Addr::from_bits(bits).into()));
    let ipv6 = classes(&mut ipv6.iter().map(|&bits| Ipv6Addr::from_bits(bits).into()));
    let ordinary: HashSet<&[SiteId]> = ipv4
        .iter()
        .chain(&ipv6)
        .filter(|(_, class)| class.special.is_none())
        .map(|(_, class)| class.sites.as_slice())
        .collect();
    for family in [&ipv4, &ipv6] {
        for (address, class) in family {
            let found = table.place(address);
            let scope = if ordinary.len() == 1 && class.special.is_none() {
                0
            } else {
                scope(*address, class, family)
            };
            prop_assert_eq!(
                &*table.classes()[usize::from(found.class.0)],
                class.sites.as_slice(),
                "{}",
                address
            );
            prop_assert_eq!((found.scope, found.special), (scope, class.special.is_some()), "{}", address);
            let reason = explain(&case.rules, &RuleLines::default(), &sites(), &databases, *address);
            prop_assert_eq!(&reason.sites, &class.sites, "{}: {:?}", address, reason);
            prop_assert_eq!(reason.special.is_some(), found.special, "{}", address);
        }
    }
    Ok(())
}

/// The shortest prefix around an address that holds no address of another class, at least one bit.
fn scope(address: IpAddr, class: &Class, family: &[(IpAddr, Class)]) -> u8 {
    let others = family.iter().filter(|(_, other)| !other.same_for_ecs(class));
    others.map(|(other, _)| shared_bits(address, *other) + 1).max().unwrap_or(1)
}

fn shared_bits(left: IpAddr, right: IpAddr) -> u8 {
    let shared = match (left, right) {
        (IpAddr::V4(left), IpAddr::V4(right)) => (left.to_bits() ^ right.to_bits()).leading_zeros(),
        (IpAddr::V6(left), IpAddr::V6(right)) => (left.to_bits() ^ right.to_bits()).leading_zeros(),
        _ => unreachable!("one family"),
    };
    shared as u8
}

/// Few lists, so that neighbours often agree.
fn site_lists() -> impl Strategy<Value = Vec<SiteId>> {
    prop::sample::select(vec![vec![], vec![SiteId(0)], vec![SiteId(1), SiteId(0)], vec![SiteId(2)]])
}

/// IPv4 prefixes around special-purpose blocks and in a corner where they nest.
fn ipv4_prefixes() -> impl Strategy<Value = (u32, u8)> {
    let bases =
        vec![0x0A00_0000_u32, 0xC000_0200, 0x0000_0000, 0xE000_0000, 0x0102_0304, 0xCB00_7100, 0xC633_6400];
    (prop::sample::select(bases), any::<u16>(), 0_u8..=32)
        .prop_map(|(base, low, length)| ((base ^ u32::from(low)).first_of(length), length))
}

/// IPv6 prefixes outside of the tunnels, around them, around special-purpose blocks, and where they nest.
fn ipv6_prefixes() -> impl Strategy<Value = Bits> {
    let bases = vec![
        0_u128,
        0x2001_0db8 << 96,
        0x2a00 << 112,
        0x2003 << 112,
        0xfc00 << 112,
        0xFFFE_FFFF_FFFF,
        0x100 << 112,
    ];
    (prop::sample::select(bases), any::<u16>(), 0_u32..112, 0_u8..=128)
        .prop_map(|(base, low, shift, length)| ((base ^ u128::from(low) << shift).first_of(length), length))
        .prop_filter("a network in a tunnel is a fault", |&(first, length)| {
            [MAPPED, SIX_TO_FOUR]
                .iter()
                .all(|&(tunnel, bits)| length < bits || first.first_of(bits) != tunnel)
        })
}

fn records() -> impl Strategy<Value = Record> {
    let country =
        prop::sample::select(vec![None, Some("DE"), Some("FR"), Some("US"), Some("EU"), Some("ZZ")]);
    let asn = prop::sample::select(vec![None, None, Some(64500), Some(64501)]);
    let subdivision = prop::sample::select(vec![None, None, Some("CA"), Some("BY"), Some("QQ")]);
    let location = prop::sample::select(vec![None, None, Some((48.1, 11.5)), Some((-33.9, 151.2))]);
    let cities = vec![None, None, Some((1, "Ulm")), Some((2, "")), Some((0, "ulm")), Some((0, "Erie"))];
    let city = prop::sample::select(cities);
    (country, asn, subdivision, city, location).prop_map(|(country, asn, subdivision, city, location)| {
        Record { country, asn, subdivision, city, location }
    })
}

fn databases() -> impl Strategy<Value = Records> {
    let ipv4 = || prop::collection::vec((ipv4_prefixes(), records()), 0..8);
    let ipv6 = prop::collection::vec((ipv6_prefixes(), records()), 0..8);
    (any::<bool>(), ipv4(), ipv6).prop_map(|(is_ipv6, ipv4, ipv6)| {
        let ipv4 =
            ipv4.into_iter().map(|((first, length), record)| ((u128::from(first), length + 96), record));
        let ipv6 = ipv6.into_iter().filter(|_| is_ipv6);
        let mut seen = HashSet::new();
        // A prefix that covers all of ::/96 and more is the IPv6 one; /96 at :: would be both.
        let list = ipv4.chain(ipv6).filter(|(prefix, _)| seen.insert(*prefix)).collect();
        Records { ipv6: is_ipv6, list }
    })
}

fn rules() -> impl Strategy<Value = MapRules> {
    let network = |(address, length): (IpAddr, u8)| Prefix { address, length };
    let ipv4 =
        ipv4_prefixes().prop_map(move |(bits, length)| network((Ipv4Addr::from_bits(bits).into(), length)));
    let ipv6 =
        ipv6_prefixes().prop_map(move |(bits, length)| network((Ipv6Addr::from_bits(bits).into(), length)));
    let networks = prop::collection::vec((prop_oneof![ipv4, ipv6], site_lists()), 0..6);
    let asn = prop::collection::vec((Just(64500_u32), site_lists()), 0..2);
    let subdivision = prop::collection::vec(
        (prop::sample::select(vec!["US-CA", "DE-BY"]).prop_map(str::to_owned), site_lists()),
        0..2,
    );
    let country = prop::collection::vec((prop::sample::select(vec![*b"DE", *b"US"]), site_lists()), 0..2);
    let continent = prop::collection::vec((prop::sample::select(vec![*b"EU", *b"NA"]), site_lists()), 0..2);
    let cities = vec![
        CityKey::GeoNames(1),
        CityKey::GeoNames(2),
        CityKey::Named(*b"DE", "ULM".to_owned()),
        CityKey::Named(*b"US", "Erie".to_owned()),
    ];
    let city = prop::collection::vec((prop::sample::select(cities), site_lists()), 0..3);
    let nearest = prop::option::of(1_u16..4);
    let bias = prop::collection::vec(
        ((0_u16..3).prop_map(SiteId), prop::sample::select(vec![-75_i8, -30, -16, 0, 20, 58, 90])),
        0..3,
    );
    (networks, asn, city, subdivision, country, continent, (nearest, bias), site_lists()).prop_map(
        |(mut network, asn, city, subdivision, country, continent, (nearest, bias), default)| {
            let mut seen = HashSet::new();
            network.retain(|(prefix, _)| seen.insert(*prefix));
            MapRules { network, asn, city, subdivision, country, continent, nearest, bias, default }
        },
    )
}

/// Random rules over up to two random databases.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    (rules(), prop::collection::vec(databases(), 0..3))
        .prop_map(|(rules, databases)| Case { rules, databases })
}

proptest! {
    #[test]
    fn every_address_gets_its_class_and_its_exact_minimal_scope(
        case in cases(),
        ipv4 in prop::collection::vec(any::<u32>(), 8), ipv6 in prop::collection::vec(any::<u128>(), 8),
    ) {
        check(&case, &ipv4, &ipv6)?;
    }

    #[test]
    fn networks_in_every_special_block_make_families_of_one_class(
        ipv4 in site_lists(), ipv6 in site_lists(), default in site_lists(), left_out in 0_usize..24,
    ) {
        let blocks_ipv4 = IPV4_SPECIAL.map(|(first, length)| (IpAddr::V4(first.into()), length));
        let blocks_ipv6 = IPV6_SPECIAL.map(|(first, length)| (IpAddr::V6(first.into()), length));
        let whole = [(IpAddr::V4(0.into()), 0, ipv4.clone()), (IpAddr::V6(0.into()), 0, ipv6.clone())];
        let networks = blocks_ipv4.map(|(address, length)| (address, length, ipv4.clone())).into_iter()
            .chain(blocks_ipv6.map(|(address, length)| (address, length, ipv6.clone()))).chain(whole);
        let network = networks.map(|(address, length, sites)| (Prefix { address, length }, sites)).enumerate()
            .filter(|&(index, _)| index != left_out).map(|(_, network)| network).collect();
        check(&Case { rules: MapRules { network, default, ..MapRules::default() }, databases: vec![] }, &[], &[])?;
    }
}
