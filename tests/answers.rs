//! What questions are answered with, octets in and octets out, without a socket: the cases in `tests/data/answers`.
//!
//! A case is one text: what it shows, then `=== PATH` before the text of each file, `=== down ADDRESS …` for members that
//! are down, and `=== ask NAME TYPE [WORD …]`
//! before the answer as an independent decoder (hickory-proto) reads it. Words: `subnet=ADDRESS/LEN`, `from=ADDRESS`,
//! `payload=N`, `no-edns`, `tcp`, `class=N`, `do`, `version=N`, `nsid`, `cookie` (a client cookie alone), `cookie=HEX`, `option=CODE:HEX`,
//! `no-question`, `opcode=N`, `at=N` (seconds since 1970). `BLESS=1 cargo test --test answers` writes the answers anew; read the
//! difference before you commit it.

// A case that cannot be read fails the test where it stands; clippy knows only `#[test]` functions as tests. Nothing is
// reachable from outside of a test binary.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod cases;
mod hex;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{RData, Record, RecordType};
use meridian::answer::{Context, Limiter, Moment, Reaction, Responder, TCP_MAX, Tally, Transport};
use meridian::config::{self, Files, Mode};
use meridian::health::{State, TargetId};
use meridian::snapshot::Snapshot;
use meridian::steer::TargetHealth;
use meridian::wire::Name;
use meridian::wire::cookie::Secret;

const MAIN: &str = "[server]\nlisten = [\"127.0.0.1:5300\"]\nidentity = \"fra-1\"\n\
                    [zones]\nfolder = \"zones\"\n[geo]\nmaps = \"geoip/maps.toml\"\n";

/// One part of a case: the words after `===` and the lines below.
type Section<'c> = (&'c str, &'c str);

fn sections(case: &str) -> (&str, Vec<Section<'_>>) {
    let mut parts = case.split("\n=== ");
    let title = parts.next().unwrap_or_default();
    (title, parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect())
}

/// Compiles the files of a case; members with an address behind `=== down` are down, all else up.
fn snapshot(sections: &[Section<'_>]) -> Snapshot {
    let mut files = BTreeMap::from([
        (PathBuf::from("meridian.toml"), MAIN.as_bytes().to_vec()),
        (PathBuf::from("geoip/maps.toml"), Vec::new()),
    ]);
    let mut down: Vec<IpAddr> = Vec::new();
    for (head, text) in sections.iter().filter(|(head, _)| !head.starts_with("ask ")) {
        match head.strip_prefix("down ") {
            Some(addresses) => down.extend(addresses.split(' ').map(|text| text.parse::<IpAddr>().unwrap())),
            None => drop(files.insert(PathBuf::from(head), format!("{text}\n").into_bytes())),
        }
    }
    let loaded = config::load(&Files::Memory(files), Path::new("meridian.toml"), Mode::Check, None);
    let configuration = match loaded {
        Ok(loaded) => Arc::new(loaded.configuration),
        Err(faults) => panic!("{}", faults.iter().map(|fault| format!("{fault}\n")).collect::<String>()),
    };
    let targets = Arc::clone(&configuration);
    let health = move |id: TargetId| {
        let is_down = down.contains(&targets.targets[id.0 as usize].key.address);
        TargetHealth { state: if is_down { State::Down } else { State::Up }, soonest_flip: 20 }
    };
    Snapshot::new(1, configuration, &health)
}

/// A question as a case words it.
struct Ask {
    octets: Vec<u8>,
    from: IpAddr,
    transport: Transport,
    now: Moment,
}

impl Ask {
    fn parse(words: &str) -> Ask {
        let mut words = words.split(' ');
        let name = Name::parse(words.next().unwrap().as_bytes(), Some(&Name::root())).unwrap();
        let rtype = match words.next().unwrap() {
            "IXFR" => 251, // hickory-proto reads it from octets, not from text
            word => match word.strip_prefix("TYPE") {
                Some(number) => number.parse().unwrap(),
                None => u16::from(RecordType::from_str(word).unwrap()),
            },
        };
        let (mut class, mut payload, mut options) = (1u16, Some(1232u16), Vec::new());
        let (mut from, mut transport) = (IpAddr::from([127, 0, 0, 1]), Transport::Udp);
        let (mut opcode, mut questions, mut ttl, mut now) = (0u8, 1, 0u32, Moment::default());
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("subnet", text) => options.extend(subnet(text)),
                ("from", text) => from = text.parse().unwrap(),
                ("payload", text) => payload = Some(text.parse().unwrap()),
                ("class", text) => class = text.parse().unwrap(),
                ("opcode", text) => opcode = text.parse().unwrap(),
                ("version", text) => ttl |= text.parse::<u32>().unwrap() << 16,
                ("at", text) => now.unix = text.parse().unwrap(),
                ("no-question", _) => questions = 0,
                ("no-edns", _) => payload = None,
                ("do", _) => ttl |= 0x8000,
                ("nsid", _) => options.extend([0, 3, 0, 0]),
                ("cookie", "") => options.extend(option(10, b"abcdefgh")),
                ("cookie", text) => options.extend(option(10, &hex::read(text).unwrap())),
                ("option", text) => {
                    let (code, data) = text.split_once(':').unwrap();
                    options.extend(option(code.parse().unwrap(), &hex::read(data).unwrap()));
                }
                ("tcp", _) => transport = Transport::Tcp,
                _ => panic!("{word:?} is no word of a question"),
            }
        }
        let mut octets =
            vec![0xAB, 0xCD, opcode << 3 | 1, 0, 0, questions, 0, 0, 0, 0, 0, u8::from(payload.is_some())];
        if questions > 0 {
            octets.extend(name.as_octets());
            octets.extend(rtype.to_be_bytes());
            octets.extend(class.to_be_bytes());
        }
        if let Some(payload) = payload {
            octets.extend([0, 0, 41]);
            octets.extend(payload.to_be_bytes());
            octets.extend(ttl.to_be_bytes());
            octets.extend((options.len() as u16).to_be_bytes());
            octets.extend(options);
        }
        Ask { octets, from, transport, now }
    }
}

fn option(code: u16, data: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), &(data.len() as u16).to_be_bytes(), data].concat()
}

/// The client subnet option for `ADDRESS/LEN`.
fn subnet(text: &str) -> Vec<u8> {
    let (address, length) = text.split_once('/').unwrap();
    let (address, length): (IpAddr, u8) = (address.parse().unwrap(), length.parse().unwrap());
    let (family, octets) = match address {
        IpAddr::V4(address) => (1, address.octets().to_vec()),
        IpAddr::V6(address) => (2, address.octets().to_vec()),
    };
    let kept = &octets[..usize::from(length).div_ceil(8)];
    let mut option = vec![0, 8, 0, 4 + kept.len() as u8, 0, family, length, 0];
    option.extend(kept);
    option
}

fn answer(snapshot: &Snapshot, limiter: &Limiter, ask: &Ask) -> String {
    let mut out = vec![0; TCP_MAX];
    let mut responder = Responder::new(1, Secret::new([7; 16]), Arc::new(Tally::default()));
    let limits = limiter.limits(snapshot, ask.now).filter(|_| ask.transport == Transport::Udp);
    let context = Context { snapshot, now: ask.now, limits, keepalive: 100 };
    match responder.respond(&context, &ask.octets, ask.from, ask.transport, &mut out) {
        Reaction::Answer(length) => describe(&out[..length]),
        Reaction::Control => "to the control handler\n".to_owned(),
        Reaction::Drop => "no answer\n".to_owned(),
    }
}

/// The message as hickory-proto reads it. Steered records of one set are sorted, because their order is drawn.
fn describe(octets: &[u8]) -> String {
    let message = Message::from_vec(octets).unwrap();
    let flags = [(message.authoritative, " aa"), (message.truncation, " tc")];
    let flags: String = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
    let mut text = format!("{:?}{flags}\n", message.response_code);
    let sections = [
        ("answer", &message.answers),
        ("authority", &message.authorities),
        ("additional", &message.additionals),
    ];
    for (section, records) in sections {
        for record in records {
            writeln!(text, "{section} {}", line(record)).unwrap();
        }
    }
    if let Some(edns) = &message.edns {
        write!(text, "opt {}", edns.max_payload()).unwrap();
        if edns.flags().dnssec_ok {
            text.push_str(" do");
        }
        for (code, option) in edns.options().as_ref() {
            text.push_str(&describe_option((*code).into(), option));
        }
        text.push('\n');
    }
    text
}

fn describe_option(code: u16, option: &EdnsOption) -> String {
    let data: Vec<u8> = option.try_into().unwrap();
    match (code, option) {
        (_, EdnsOption::Subnet(subnet)) => {
            format!(" {}/{} scope {}", subnet.addr(), subnet.source_prefix(), subnet.scope_prefix())
        }
        (3, _) => format!(" nsid {}", data.escape_ascii()),
        (15, _) => {
            let (code, text) = data.split_at(2);
            format!(" error {} \"{}\"", u16::from_be_bytes(code.try_into().unwrap()), text.escape_ascii())
        }
        _ => {
            let name = match code {
                10 => "cookie".to_owned(),
                11 => "keepalive".to_owned(),
                18 => "report".to_owned(),
                19 => "version".to_owned(),
                _ => format!("option {code}"),
            };
            format!(" {name} {}", hex::written(&data))
        }
    }
}

/// A record as a master file has it; hickory-proto knows no DNAME.
fn line(record: &Record) -> String {
    match &record.data {
        RData::Unknown { code, rdata } if u16::from(*code) == 39 => {
            let target = Name::from_wire(&rdata.anything).unwrap();
            format!("{} {} {} DNAME {target}", record.name, record.ttl, record.dns_class)
        }
        _ => record.to_string(),
    }
}

/// A case with the answers that are given today.
fn answered(case: &str) -> String {
    let (title, sections) = sections(case);
    let snapshot = snapshot(&sections);
    // All questions of a case come at one moment.
    let limiter = Limiter::new([1, 2, 3]);
    let mut text = title.to_owned();
    for (head, body) in &sections {
        write!(text, "\n=== {head}\n").unwrap();
        match head.strip_prefix("ask ") {
            Some(words) => text.push_str(answer(&snapshot, &limiter, &Ask::parse(words)).trim_end()),
            None => text.push_str(body.trim_end_matches('\n')),
        }
    }
    text.push('\n');
    text
}

#[test]
fn questions_are_answered_as_the_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/answers");
    cases::check(&folder, 10, |case| Ok(answered(case)));
}
