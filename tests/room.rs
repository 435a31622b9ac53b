//! How much a message holds: the octets of delegations that matter, and that every name in whatever was compressed is read
//! by an independent decoder as the master file has it.

// Nothing is reachable from outside of a test binary.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hickory_proto::op::Message;
use hickory_proto::rr::{Record, RecordType};
use meridian::answer::{Context, Moment, Reaction, Responder, TCP_MAX, Tally, Transport};
use meridian::config::{self, Files, Mode};
use meridian::health::State;
use meridian::snapshot::Snapshot;
use meridian::steer::TargetHealth;
use meridian::wire::Name;
use meridian::wire::cookie::Secret;
use proptest::prelude::*;

const MAIN: &str = "[server]\nlisten = [\"127.0.0.1:5300\"]\n\
                    [zones]\nfolder = \"zones\"\n[geo]\nmaps = \"geoip/maps.toml\"\n";
/// What a client takes that says nothing (RFC 1035 §4.2.1).
const PAYLOAD_MIN: usize = 512;

/// The zone `apex` from these lines; `apex` without its last dot, that of the root is empty.
fn snapshot(apex: &str, lines: &str) -> Snapshot {
    let (file, server) = if apex.is_empty() { (".", "ns.test. A 192.0.2.255\n") } else { (apex, "") };
    let text = format!("$TTL 300\n@ SOA ns.test. host.test. 1 2 3 4 5\n@ NS ns.test.\n{server}{lines}");
    let files: BTreeMap<PathBuf, Vec<u8>> = [
        ("meridian.toml".to_owned(), MAIN.into()),
        ("geoip/maps.toml".to_owned(), Vec::new()),
        (format!("zones/{file}.zone"), text.into_bytes()),
    ]
    .map(|(path, octets)| (PathBuf::from(path), octets))
    .into();
    let loaded = config::load(&Files::Memory(files), Path::new("meridian.toml"), Mode::Check, None);
    let configuration = loaded.unwrap_or_else(|faults| panic!("{faults:#?}")).configuration;
    let health = |_| TargetHealth { state: State::Up, soonest_flip: 7 };
    Snapshot::new(1, Arc::new(configuration), &health)
}

/// The answer to a question over UDP with this payload (without EDNS when it is `None`), or over TCP.
fn ask(
    snapshot: &Snapshot,
    name: &str,
    rtype: RecordType,
    payload: Option<u16>,
    transport: Transport,
) -> Vec<u8> {
    let mut query = vec![0xAB, 0xCD, 0, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(payload.is_some())];
    query.extend(Name::parse(name.as_bytes(), Some(&Name::root())).unwrap().as_octets());
    query.extend(u16::from(rtype).to_be_bytes());
    query.extend([0, 1]);
    if let Some(payload) = payload {
        query.extend([0, 0, 41]);
        query.extend(payload.to_be_bytes());
        query.extend([0; 6]);
    }
    let mut responder = Responder::new(1, Secret::new([7; 16]), Arc::new(Tally::default()));
    let context = Context { snapshot, now: Moment::default(), keepalive: 100, limits: None };
    let mut out = vec![0; TCP_MAX];
    let client = IpAddr::from([192, 0, 2, 77]);
    let Reaction::Answer(length) = responder.respond(&context, &query, client, transport, &mut out) else {
        panic!("no answer to {name} {rtype}")
    };
    out.truncate(length);
    out
}

/// A delegation of `cut` to so many nameservers a.SUFFIX, b.SUFFIX, …, each with an A and an AAAA record.
fn delegation(cut: &str, servers: u8, suffix: &str) -> String {
    let of = |number: u8| {
        let server = format!("{}.{suffix}", char::from(b'a' + number));
        format!("{cut} NS {server}\n{server} A 192.0.2.{number}\n{server} AAAA 2001:db8::{number}\n")
    };
    (0..servers).map(of).collect()
}

#[test]
fn delegations_fit() {
    // The octets are those of the header, the question, 32 for the first NS record and 16 for each other one, 16 for
    // each A and 28 for each AAAA record, and 11 for OPT.
    let root = snapshot("", &delegation("com.", 13, "gtld-servers.net."));
    let check = |name: &str, payload, octets: usize, truncated: bool, glue: usize| {
        let answer = ask(&root, name, RecordType::A, payload, Transport::Udp);
        let read = Message::from_vec(&answer).unwrap();
        assert_eq!(read.authorities.len(), 13);
        let found = (answer.len(), read.metadata.truncation, read.additionals.len());
        assert_eq!(found, (octets, truncated, glue), "{name} {payload:?}");
    };
    check("www.example.com.", Some(1232), 840, false, 26);
    // What is beside the delegated domain goes along as far as there is room (RFC 9471 §3.2).
    check("www.example.com.", None, 33 + 224 + 5 * 44 + 2 * 16, false, 12);
}

#[test]
fn rfc9471_glue_that_does_not_fit_is_left_out_with_tc() {
    let root = snapshot("", &delegation("net.", 13, "gtld-servers.net."));
    for (payload, truncated, glue) in [(None, true, 12), (Some(512), true, 11), (Some(1232), false, 26)] {
        let answer = ask(&root, "www.example.net.", RecordType::A, payload, Transport::Udp);
        let read = Message::from_vec(&answer).unwrap();
        assert_eq!((read.metadata.truncation, read.additionals.len()), (truncated, glue), "{payload:?}");
    }
}

#[test]
fn an_rrset_as_large_as_can_be_is_answered_over_tcp() {
    let suffix = "x".repeat(63);
    let lines: String = (0..3000).map(|number| format!("a PTR {number}.{suffix}.net.\n")).collect();
    let mut chain: String = (0..7)
        .map(|number| format!("{number}.{} CNAME {}.{}\n", long_name(), number + 1, long_name()))
        .collect();
    chain.push_str(&format!("7.{} CNAME a\n", long_name()));
    let zone = snapshot("example.com", &format!("{lines}{chain}"));
    let name = format!("0.{}.example.com.", long_name());
    let answer = ask(&zone, &name, RecordType::PTR, None, Transport::Tcp);
    let read = Message::from_vec(&answer).unwrap();
    assert!(!read.metadata.truncation);
    let last = read.answers.last().unwrap().data.to_string();
    assert_eq!((read.answers.len(), last), (3008, format!("2999.{suffix}.net.")));
}

/// Three labels of 63 octets.
fn long_name() -> String {
    ["y".repeat(63), "z".repeat(63), "w".repeat(63)].join(".")
}

/// The records of a random zone as the decoder prints them, in lower case: owner, type, data.
type Facts = BTreeSet<(String, RecordType, String)>;

fn fact(record: &Record) -> (String, RecordType, String) {
    let lower = |text: String| text.to_ascii_lowercase();
    (lower(record.name.to_string()), record.record_type(), lower(record.data.to_string()))
}

/// Whether the records are those that the facts tell, and for each owner and type among them all of those.
fn check_sets(records: &[Record], facts: &Facts) {
    let read: Facts = records.iter().map(fact).collect();
    assert_eq!(read.len(), records.len(), "a record twice: {records:?}");
    let sets: BTreeSet<(&String, RecordType)> =
        read.iter().map(|(owner, rtype, _)| (owner, *rtype)).collect();
    let whole: Facts =
        facts.iter().filter(|(owner, rtype, _)| sets.contains(&(owner, *rtype))).cloned().collect();
    assert_eq!(read, whole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_read_is_what_was_written(
        apex in prop::sample::select(vec!["example.com", "com", ""]),
        rows in prop::collection::vec(
            ("(x|Y)", prop::sample::select(vec!["NS", "MX", "PTR"]), "((a|B|cc|long-label-of-a-host|x|y)\\.){1,4}(example\\.com\\.|net\\.)"),
            1..40,
        ),
        payload in prop::sample::select(vec![None, Some(700), Some(1232)]),
    ) {
        let within = match apex {
            "" => ".",
            _ => "example.com.",
        };
        let mut facts = Facts::new();
        let mut lines = String::new();
        for (owner, rtype, target) in &rows {
            let data = if *rtype == "MX" { format!("10 {target}") } else { target.clone() };
            lines.push_str(&format!("{owner}.example.com. {rtype} {data}\n"));
            let owner = format!("{owner}.example.com.").to_ascii_lowercase();
            facts.insert((owner, rtype.parse().unwrap(), data.to_ascii_lowercase()));
        }
        for (number, (_, _, target)) in rows.iter().enumerate().filter(|(_, row)| row.2.ends_with(within)) {
            lines.push_str(&format!("{target} A 192.0.2.{number}\n"));
            facts.insert((target.to_ascii_lowercase(), RecordType::A, format!("192.0.2.{number}")));
        }
        let zone = snapshot(apex, &lines);
        for (owner, rtype) in facts.iter().map(|(owner, rtype, _)| (owner, *rtype)).collect::<BTreeSet<_>>() {
            for transport in [Transport::Udp, Transport::Tcp] {
                let name = if payload.is_some() { owner.clone() } else { owner.to_ascii_uppercase() };
                let answer = ask(&zone, &name, rtype, payload, transport);
                let read = Message::from_vec(&answer).unwrap();
                check_sets(&read.answers, &facts);
                check_sets(&read.additionals, &facts);
                let is_referral = read.authorities.iter().all(|record| record.record_type() == RecordType::NS);
                if is_referral {
                    check_sets(&read.authorities, &facts);
                }
                let is_empty = read.answers.is_empty() && read.authorities.is_empty();
                prop_assert!(!is_empty || read.metadata.truncation, "{owner} {rtype}");
                if transport == Transport::Udp {
                    prop_assert!(answer.len() <= payload.map_or(PAYLOAD_MIN, usize::from));
                } else {
                    prop_assert!(!read.metadata.truncation);
                }
            }
        }
    }
}
