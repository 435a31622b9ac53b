//! Comparisons of whole configurations: what they find is held against a walk that asks for every network by itself.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::config::{self, Files, Mode};
use crate::explain::Health;
use crate::geo::mmdb_writer::{Datum, MmdbWriter, text};
use crate::geo::{self, Prefix};
use crate::zone::record_type;

const MAIN: &str = "[server]\nlisten = \"127.0.0.1:5300\"\n[zones]\nfolder = \"zones\"\n\
                    [geo]\nmaps = \"maps.toml\"\ndatabases = [\"geo.mmdb\"]\n";
const MAPS: &str = "[site.fra]\n[site.iad]\n[site.sin]\n[map.world]\ndefault = [\"iad\", \"fra\"]\n\
                    [map.world.country]\nDE = [\"fra\"]\nFR = [\"fra\", \"iad\"]\nSG = [\"sin\"]\n\
                    [map.world.asn]\n64501 = [\"sin\", \"fra\"]\n\
                    [map.world.network]\n\"20.0.0.0/9\" = [\"sin\"]\n\"10.1.0.0/16\" = [\"sin\"]\n";
const ZONE: &str = "$TTL 300\n@ IN SOA ns1.example.net. h 1 2h 30m 2w 5m\n  IN NS ns1.example.net.\n\
                    www IN A 192.0.2.1\n    IN AAAA 2001:db8::1\napi IN A 192.0.2.1\nplain IN A 192.0.2.9\n";
const STEERING: &str = "[pool.fra]\nsite = \"fra\"\nmembers = [{ name = \"a\", address = [\"192.0.2.10\", \"2001:db8::10\"] }]\n\
    [pool.iad]\nsite = \"iad\"\nmembers = [{ name = \"a\", address = [\"192.0.2.20\", \"2001:db8::20\"] }]\n\
    [pool.sin]\nsite = \"sin\"\nmembers = [{ name = \"a\", address = [\"192.0.2.30\", \"2001:db8::30\"] }]\n\
    [[steer]]\nname = \"www\"\nmap = \"world\"\npools = [\"fra\", \"iad\", \"sin\"]\n\
    [[steer]]\nname = \"api\"\nmap = \"world\"\npools = [\"fra\", \"iad\", \"sin\"]\n";

/// What a test database says of a network.
type Record = (&'static str, Option<u32>);

/// The files of one side; a test changes what it is about.
#[derive(Clone)]
struct Side {
    maps: String,
    zone: String,
    steering: String,
    records: Vec<(Prefix, Record)>,
}

impl Side {
    fn new(records: Vec<(Prefix, Record)>) -> Side {
        Side { maps: MAPS.into(), zone: ZONE.into(), steering: STEERING.into(), records }
    }

    fn snapshot(&self) -> Snapshot {
        let files = [
            ("meridian.toml", MAIN.as_bytes().to_vec()),
            ("maps.toml", self.maps.clone().into()),
            ("zones/example.com.zone", self.zone.clone().into()),
            ("zones/example.com.toml", self.steering.clone().into()),
            ("geo.mmdb", database(&self.records)),
        ];
        let files: BTreeMap<PathBuf, Vec<u8>> =
            files.into_iter().map(|(path, octets)| (path.into(), octets)).collect();
        let loaded = config::load(&Files::Memory(files), Path::new("meridian.toml"), Mode::Check, None);
        let configuration = loaded.map_err(|faults| format!("{faults:#?}")).unwrap().configuration;
        Health::assumed(0).compile(Arc::new(configuration))
    }
}

fn database(records: &[(Prefix, Record)]) -> Vec<u8> {
    let mut writer = MmdbWriter::ipv6();
    let mut sorted = records.to_vec();
    sorted.sort_by_key(|(prefix, _)| prefix.length_of_128());
    for (prefix, (country, asn)) in sorted {
        let mut entries = vec![("country_code".to_owned(), text(country))];
        entries.extend(asn.map(|asn| ("asn".to_owned(), Datum::Whole(asn))));
        writer.insert_bits(prefix.bits(), prefix.length_of_128(), &Datum::Map(entries));
    }
    writer.octets()
}

fn network(text: &str) -> Prefix {
    let (address, length) = text.split_once('/').unwrap();
    Prefix { address: address.parse().unwrap(), length: length.parse().unwrap() }
}

fn everything() -> Options {
    Options { weighing: Weighing::Addresses, top: usize::MAX }
}

fn plan(old: &Side, new: &Side) -> Plan {
    compare(&old.snapshot(), &new.snapshot(), &everything())
}

/// A repeatable sequence of numbers (splitmix64).
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ word >> 31) % bound
    }

    fn record(&mut self) -> Record {
        let country = ["DE", "FR", "SG", "US", "BR"][self.below(5) as usize];
        (country, [None, None, Some(64500), Some(64501)][self.below(4) as usize])
    }

    /// Nested networks: of IPv4 up to /16, of IPv6 up to /32 below 2a00::/16.
    fn records(&mut self, count: usize) -> Vec<(Prefix, Record)> {
        let mut records = BTreeMap::new();
        for _ in 0..count {
            let address = Ipv4Addr::from_bits((self.below(1 << 16) as u32) << 16);
            let length = 4 + self.below(13) as u8;
            records.insert(Prefix::around(address.into(), length), self.record());
            let address = Ipv6Addr::from_bits(0x2a00 << 112 | u128::from(self.below(1 << 16)) << 96);
            let length = 18 + self.below(15) as u8;
            records.insert(Prefix::around(address.into(), length), self.record());
        }
        records.into_iter().collect()
    }

    /// The same with some records other, some gone and some new.
    fn changed(&mut self, records: &[(Prefix, Record)]) -> Vec<(Prefix, Record)> {
        let mut changed: BTreeMap<Prefix, Record> = records.iter().copied().collect();
        for (prefix, _) in records {
            match self.below(10) {
                0 => drop(changed.remove(prefix)),
                1 => drop(changed.insert(*prefix, self.record())),
                _ => {}
            }
        }
        changed.extend(self.records(records.len() / 20));
        changed.into_iter().collect()
    }
}

/// The blocks in which nothing changes from one address to the next: all /16 of IPv4, and the /32 below 2a00::/16.
fn blocks(family: Family) -> Vec<Prefix> {
    (0..1_u32 << 16)
        .map(|number| match family {
            Family::V4 => Prefix { address: Ipv4Addr::from_bits(number << 16).into(), length: 16 },
            Family::V6 => {
                let bits = 0x2a00 << 112 | u128::from(number) << 96;
                Prefix { address: Ipv6Addr::from_bits(bits).into(), length: 32 }
            }
        })
        .collect()
}

/// Asks both maps for every block by itself: the ordered sites of each, old and new.
fn brute_force(sides: [&Snapshot; 2], family: Family) -> HashMap<Prefix, [Vec<String>; 2]> {
    let sites = |snapshot: &Snapshot, client: &IpAddr| {
        let table = &snapshot.configuration.maps[0].table;
        let class = table.place(client).class;
        let sites = table.classes()[usize::from(class.0)].iter();
        sites.map(|site| snapshot.configuration.sites[usize::from(site.0)].name.clone()).collect()
    };
    let both = |block: Prefix| (block, sides.map(|side| sites(side, &block.address)));
    blocks(family).into_iter().map(both).collect()
}

/// How many addresses of a block count.
fn counting(block: Prefix, covered: bool) -> u128 {
    let all = 1 << (128 - block.length_of_128());
    if block.address.is_ipv6() {
        return if covered { all } else { 0 };
    }
    let special: u128 = geo::special_purpose()
        .map(|special| match () {
            () if special.contains(block.address) && special.length <= block.length => all,
            () if block.contains(special.address) => 1 << (128 - special.length_of_128()),
            () => 0,
        })
        .sum();
    all - special
}

/// The numbers of a block's addresses.
fn range(block: Prefix) -> (u128, u128) {
    (block.bits(), block.bits() + ((1 << (128 - block.length_of_128())) - 1))
}

#[test]
fn a_swapped_database_moves_exactly_the_networks_that_a_brute_force_walk_finds() {
    for seed in 0..6 {
        let mut sequence = Sequence(seed);
        let old = Side::new(sequence.records(400));
        let new = Side { records: sequence.changed(&old.records), ..old.clone() };
        let (old_side, new_side) = (old.snapshot(), new.snapshot());
        let plan = compare(&old_side, &new_side, &everything());
        for family in Family::BOTH {
            check_against_brute_force(&plan, [&old_side, &new_side], [&old, &new], family);
        }
    }
}

fn check_against_brute_force(plan: &Plan, snapshots: [&Snapshot; 2], sides: [&Side; 2], family: Family) {
    let expected = brute_force(snapshots, family);
    let covers = |block: &Prefix| {
        let records = sides.iter().flat_map(|side| &side.records);
        records.map(|(prefix, _)| prefix).any(|prefix| prefix.contains(block.address))
    };
    // With three pools at three sites and nothing down, another list of sites is another order of pools, unless the
    // list only names what would follow anyway.
    let order = |sites: &[String]| {
        let rest = ["fra", "iad", "sin"].map(str::to_owned).into_iter().filter(|site| !sites.contains(site));
        sites.iter().cloned().chain(rest).collect::<Vec<String>>()
    };
    let [group] = &plan.groups[..] else { panic!("one group, not {:?}", plan.groups) };
    assert_eq!(group.names.len(), 3, "both names with all their types");
    let moved = &group.moved[family.index()];
    let found: BTreeMap<u128, (u128, &Network)> = moved
        .networks
        .iter()
        .map(|network| (range(network.network).0, (range(network.network).1, network)))
        .collect();
    assert_eq!(found.len(), moved.networks.len());
    let (mut any, mut whole, mut answers) = (0, 0, 0);
    let mut flows: BTreeMap<(String, String), u128> = BTreeMap::new();
    for (block, [old, new]) in &expected {
        let (first, last) = range(*block);
        let counts = counting(*block, covers(block));
        whole += counts;
        let [old, new] = [order(old), order(new)];
        let inside: u128 = found
            .range(..=last)
            .rev()
            .take_while(|(_, (network_last, _))| *network_last >= first)
            .map(|(&network_first, &(network_last, network))| {
                let [(from, to, SLOTS)] = &network.flows[..] else { panic!("{network:?}") };
                assert_eq!(
                    [from.clone(), to.clone()],
                    [&old[0], &new[0]].map(|site| Whence::Site(site.clone()))
                );
                network_last.min(last) - network_first.max(first) + 1
            })
            .sum();
        let expected = if old == new { 0 } else { counts };
        assert_eq!(inside, expected, "{block}: {old:?} → {new:?}");
        any += expected;
        answers += if old[0] == new[0] { 0 } else { expected };
        if expected > 0 {
            *flows.entry((old[0].clone(), new[0].clone())).or_default() += expected;
        }
    }
    assert!(any > 0 && any < whole);
    let in_slots = |number: u128| Amount::of(number).times(SLOTS.into());
    assert_eq!((moved.any, moved.sites, moved.answers), (in_slots(any), in_slots(any), in_slots(answers)));
    assert_eq!((moved.whole, moved.ttl), (in_slots(whole), Amount::ZERO));
    let shown = moved.flows.iter().map(|flow| match (&flow.from, &flow.to) {
        (Whence::Site(from), Whence::Site(to)) => ((from.clone(), to.clone()), flow.amount),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        shown.collect::<BTreeMap<_, _>>(),
        flows.into_iter().map(|(way, sum)| (way, in_slots(sum))).collect()
    );
}

#[test]
fn parts_of_a_split_sum_up_to_what_moves() {
    let mut sequence = Sequence(7);
    let old = Side::new(sequence.records(300));
    let new = Side { records: sequence.changed(&old.records), ..old.clone() };
    for top in [1, 3, usize::MAX] {
        let options = Options { top, ..everything() };
        let plan = compare(&old.snapshot(), &new.snapshot(), &options);
        for moved in &plan.groups[0].moved {
            let sum = |parts: &mut dyn Iterator<Item = Amount>| parts.fold(Amount::ZERO, Amount::plus);
            assert_eq!(sum(&mut moved.flows.iter().map(|flow| flow.amount)), moved.any);
            assert_eq!(sum(&mut moved.countries.iter().map(|part| part.share.part)), moved.any);
            assert_eq!(sum(&mut moved.systems.iter().map(|part| part.share.part)), moved.any);
            assert!(moved.countries.len() <= top.saturating_add(1) && moved.networks.len() <= top);
            if top == usize::MAX {
                assert_eq!(sum(&mut moved.networks.iter().map(|network| network.amount)), moved.any);
            } else {
                assert!(matches!(moved.countries[top].of, PartOf::Others(_)));
            }
            let amounts: Vec<Amount> = moved.networks.iter().map(|network| network.amount).collect();
            assert!(amounts.is_sorted_by(|one, other| one >= other), "the largest first");
        }
    }
}

#[test]
fn the_same_files_change_nothing() {
    let side = Side::new(Sequence(1).records(50));
    let plan = plan(&side, &side);
    assert_eq!((plan.compared, plan.changed()), (3, 0));
    assert_eq!(plan.differences, Differences::default());
    assert!(plan.largest_change().part.is_zero());
    assert!(!plan.exceeds(Limit { numerator: 0, denominator: 1 }));
}

/// Compares a change of one text of the files; what changes is shown in lines.
fn check(change: impl Fn(&mut Side), expected: &[&str]) -> Plan {
    let records = ["20.0.0.0/8", "30.0.0.0/8", "2a00::/20"].map(network);
    let countries = ["DE", "SG", "DE"];
    let records = records.into_iter().zip(countries).map(|(network, country)| (network, (country, None)));
    let old = Side::new(records.collect());
    let mut new = old.clone();
    change(&mut new);
    let plan = plan(&old, &new);
    let line = |group: &Group| {
        let names: Vec<String> = group
            .names
            .iter()
            .map(|name| format!("{}{}", name.owner, record_type::name(name.rtype)))
            .collect();
        let [ipv4, ipv6] = Family::BOTH.map(|family| group.share(family).to_string());
        let [moved, _] = &group.moved;
        let part = |part| Share { part, whole: moved.whole };
        let (sites, answers, ttl) = (part(moved.sites), part(moved.answers), part(moved.ttl));
        format!("{}: {ipv4}, {ipv6}; sites {sites}, answers {answers}, TTL {ttl}", names.join(" "))
    };
    assert_eq!(plan.groups.iter().map(line).collect::<Vec<_>>(), expected);
    plan
}

#[test]
fn what_changes_is_told_by_name_type_and_kind() {
    let replace = |from: &'static str, to: &'static str| {
        move |side: &mut Side| {
            assert!(
                [&side.maps, &side.zone, &side.steering].iter().any(|text| text.contains(from)),
                "{from}"
            );
            for text in [&mut side.maps, &mut side.zone, &mut side.steering] {
                *text = text.replacen(from, to, 1);
            }
        }
    };
    // 30/8, of 3,702,258,688 routable addresses.
    check(
        replace("SG = [\"sin\"]", "SG = [\"fra\"]"),
        &[
            "api.example.com.A www.example.com.A www.example.com.AAAA: 0.45 %, 0 %; sites 0.45 %, answers 0.45 %, TTL 0 %",
        ],
    );
    // An order that only matters when something is down: the sites change, the answers do not.
    check(
        replace("DE = [\"fra\"]", "DE = [\"fra\", \"sin\"]"),
        &[
            "api.example.com.A www.example.com.A www.example.com.AAAA: 0.23 %, 100 %; sites 0.23 %, answers 0 %, TTL 0 %",
        ],
    );
    // What would follow anyway is no change.
    check(replace("DE = [\"fra\"]", "DE = [\"fra\", \"iad\"]"), &[]);
    // 20.128/9, 20/9 at sin by its network.
    check(
        replace("192.0.2.10", "192.0.2.11"),
        &["api.example.com.A www.example.com.A: 0.23 %, 100 %; sites 0 %, answers 0.23 %, TTL 0 %"],
    );
    check(
        replace("www IN A", "www 200 IN A"),
        &["www.example.com.A: 100 %, 100 %; sites 0 %, answers 0 %, TTL 100 %"],
    );
    let plan = check(replace("plain IN A 192.0.2.9", "plain IN A 192.0.2.8"), &[]);
    assert_eq!(plan.differences.zones[0].names, 1);
}

#[test]
fn names_that_come_and_go() {
    let steer = "[[steer]]\nname = \"api\"\nmap = \"world\"\npools = [\"fra\", \"iad\", \"sin\"]\n";
    let gone = check(
        |side| {
            side.steering = side.steering.replace(steer, "");
            side.zone = side.zone.replace("api IN A 192.0.2.1\n", "");
        },
        &["api.example.com.A: 100 %, 100 %; sites 100 %, answers 100 %, TTL 100 %"],
    );
    assert!(matches!(&gone.removed[..], [Steering { elsewhere_static: false, .. }]));
    let moved = &gone.groups[0].moved[0];
    assert!(moved.flows.iter().all(|flow| flow.to == Whence::Nothing));
    let no_longer = check(
        |side| side.steering = side.steering.replace(steer, ""),
        &["api.example.com.A: 100 %, 100 %; sites 100 %, answers 100 %, TTL 0 %"],
    );
    assert!(matches!(&no_longer.removed[..], [Steering { elsewhere_static: true, .. }]));
    let new = check(
        |side| {
            side.zone.push_str("new IN A 192.0.2.1\n");
            side.steering.push_str(&steer.replace("api", "new"));
        },
        &[],
    );
    assert_eq!(new.added.len(), 1);
    assert!(new.largest_change().part.is_zero(), "nobody had anything else before");
}

#[test]
fn the_gate_is_exact_and_the_larger_of_both_families() {
    let plan = check(
        |side| side.maps = side.maps.replace("SG = [\"sin\"]", "SG = [\"fra\"]"),
        &[
            "api.example.com.A www.example.com.A www.example.com.AAAA: 0.45 %, 0 %; sites 0.45 %, answers 0.45 %, TTL 0 %",
        ],
    );
    let [moved, _] = &plan.groups[0].moved;
    let routable: u128 = blocks(Family::V4).into_iter().map(|block| counting(block, false)).sum();
    assert_eq!(moved.whole, Amount::of(routable).times(SLOTS.into()));
    assert_eq!(moved.any, Amount::of(1 << 24).times(SLOTS.into()));
    // 2²⁴ of 3,702,258,688 is 65,536 of 14,461,948.
    assert_eq!(routable, 14_461_948 * 256);
    assert!(!plan.exceeds(Limit { numerator: 65_536, denominator: 14_461_948 }));
    assert!(plan.exceeds(Limit { numerator: 65_535, denominator: 14_461_948 }));
}

#[test]
fn weights_replace_addresses() {
    let old = Side::new(vec![(network("30.0.0.0/8"), ("SG", None))]);
    let mut new = old.clone();
    new.maps = new.maps.replace("SG = [\"sin\"]", "SG = [\"fra\"]").replace("10.1.0.0/16", "10.2.0.0/16");
    let weighed = |text: &str| {
        let weighing = Weighing::Queries(Weights::parse(text.as_bytes()).unwrap());
        compare(&old.snapshot(), &new.snapshot(), &Options { weighing, top: 10 })
    };
    let share = |text: &str| weighed(text).groups[0].share(Family::V4);
    assert_eq!(share("30.1.0.0/16 1\n40.0.0.0/8 2\n").to_string(), "33.33 %");
    // Half of what is spread over 30/7 asks from 30/8.
    assert_eq!(share("30.0.0.0/7 2\n40.0.0.0/8 2\n").to_string(), "25.00 %");
    // Queries count wherever they come from.
    assert_eq!(share("10.1.2.0/24 1\n40.0.0.0/8 3\n").to_string(), "25.00 %");
    assert!(weighed("50.0.0.0/8 1\n").groups[0].has_weightless);
    assert!(weighed("50.0.0.0/8 1\n").largest_change().part.is_zero());
}
