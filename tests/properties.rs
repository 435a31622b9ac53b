//! What holds of the answer to any octets whatever, and to well-formed queries in which octets have gone astray: no
//! panic, no more octets than allowed, a valid message, an answer to that query.

// Nothing is reachable from outside of a test binary.
#![allow(clippy::unwrap_used, unreachable_pub)]

#[path = "integration/harness/message.rs"]
#[allow(dead_code, reason = "shared with the integration tests, which use all of it")]
mod message;
#[path = "integration/harness/mutation.rs"]
mod mutation;
#[path = "integration/harness/reader.rs"]
mod reader;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use hickory_proto::op;
use meridian::answer::{
    Context, Moment, Random, Reaction, Responder, TCP_MAX, Tally, Transport, UDP_WITHOUT_EDNS,
};
use meridian::config::{self, Files, Mode};
use meridian::health::State;
use meridian::snapshot::Snapshot;
use meridian::steer::TargetHealth;
use meridian::wire::cookie::Secret;
use proptest::prelude::*;

const MAIN: &str = "[server]\nlisten = [\"127.0.0.1:5300\"]\nidentity = \"fra-1\"\n\
                    [zones]\nfolder = \"zones\"\n[geo]\nmaps = \"geoip/maps.toml\"\n";
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77));
/// The default of the largest response over UDP.
const UDP_MAX: usize = 1232;
/// Refusals are at most so much longer than the query (security.md).
const REFUSAL_ROOM: usize = 60;
/// FORMERR, NOTIMP, REFUSED, BADVERS.
const REFUSALS: [u16; 4] = [1, 4, 5, 16];
const HEADER: usize = 12;

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/world");
    let read = |path: &str| (PathBuf::from(path), std::fs::read(folder.join(path)).unwrap());
    let mut files: BTreeMap<PathBuf, Vec<u8>> =
        ["zones/example.com.zone", "zones/example.com.toml", "geoip/maps.toml"].map(read).into();
    files.insert("meridian.toml".into(), MAIN.as_bytes().to_vec());
    let loaded = config::load(&Files::Memory(files), Path::new("meridian.toml"), Mode::Check, None);
    let configuration = loaded.unwrap_or_else(|faults| panic!("{faults:#?}")).configuration;
    let health = |_| TargetHealth { state: State::Up, soonest_flip: 7 };
    Snapshot::new(1, Arc::new(configuration), &health)
});

thread_local! {
    static RESPONDER: RefCell<Responder> = RefCell::new(Responder::new(1, Secret::new([7; 16]), Arc::new(Tally::default())));
}

/// What comes back over a transport, if it is an answer.
fn answer(packet: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let mut out = vec![0; TCP_MAX];
    let context = Context { snapshot: &SNAPSHOT, now: Moment::default(), keepalive: 100, limits: None };
    let reaction = RESPONDER
        .with_borrow_mut(|responder| responder.respond(&context, packet, CLIENT, transport, &mut out));
    match reaction {
        Reaction::Answer(length) => {
            out.truncate(length);
            Some(out)
        }
        Reaction::Control | Reaction::Drop => None,
    }
}

/// Holds the properties over both transports; how many answers there were.
fn check(packet: &[u8]) -> usize {
    let transports = [Transport::Udp, Transport::Tcp];
    let answers = transports.iter().filter_map(|&transport| Some((transport, answer(packet, transport)?)));
    answers.inspect(|(transport, answer)| check_answer(packet, *transport, answer)).count()
}

fn check_answer(packet: &[u8], transport: Transport, answer: &[u8]) {
    assert!(packet.len() >= HEADER && packet[2] & 0x80 == 0, "an answer to what is no query");
    let strict = message::Message::parse(answer).unwrap_or_else(|error| panic!("{error}: {answer:02x?}"));
    match op::Message::from_vec(answer) {
        Err(error) if !has_subnet_of_no_family(&strict) => panic!("{error}: {answer:02x?}"),
        _ => {}
    }
    assert!(strict.is_response());
    assert_eq!(answer[..2], packet[..2], "another id");
    assert_eq!(answer[2] & 0x78, packet[2] & 0x78, "another opcode");
    assert!(answer.len() <= limit(packet, transport), "{} octets over {transport:?}", answer.len());
    if REFUSALS.contains(&strict.rcode()) {
        assert!(answer.len() <= packet.len() + REFUSAL_ROOM, "a refusal of {} octets", answer.len());
    }
    if strict.question.is_some() {
        let mut end = HEADER;
        while answer[end] != 0 {
            end += 1 + usize::from(answer[end]);
        }
        assert_eq!(answer[HEADER..end + 5], packet[HEADER..end + 5], "another question");
    }
}

/// Whether it has a client subnet of FAMILY 0, with which a client asks that none be used; it is echoed. The other library
/// does not know it, and stops there: with an error of its own if the option is the last, otherwise with one about the
/// length of the OPT record.
fn has_subnet_of_no_family(message: &message::Message) -> bool {
    const SUBNET: u16 = 8;
    let mut options = message.opt.iter().flat_map(|opt| &opt.options);
    options.any(|(code, data)| *code == SUBNET && data.starts_with(&[0, 0]))
}

/// The most octets that this packet's sender takes: the other library reads what it says, where it can.
fn limit(packet: &[u8], transport: Transport) -> usize {
    let Transport::Udp = transport else { return TCP_MAX };
    match op::Message::from_vec(packet).map(|query| query.edns.map(|edns| edns.max_payload())) {
        Ok(None) => UDP_WITHOUT_EDNS,
        Ok(Some(payload)) => usize::from(payload).clamp(UDP_WITHOUT_EDNS, UDP_MAX),
        Err(_) => UDP_MAX,
    }
}

#[test]
fn most_queries_of_the_generator_are_answered() {
    let mut random = Random::new(5);
    let answered: usize = (0..1000).map(|_| check(&mutation::query(&mut random))).sum();
    assert!(answered > 1500, "{answered} of 2000");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_octets(packet in prop::collection::vec(any::<u8>(), 0..600)) {
        check(&packet);
    }

    #[test]
    fn any_octets_behind_the_header_of_a_query(
        counts in prop::array::uniform4(0_u16..3),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut packet = vec![1, 2, 0, 0];
        counts.iter().for_each(|count| packet.extend(count.to_be_bytes()));
        packet.extend(rest);
        check(&packet);
    }

    #[test]
    fn queries_in_which_octets_have_gone_astray(seed in any::<u64>()) {
        let mut random = Random::new(seed);
        let mut packet = mutation::query(&mut random);
        mutation::mutate(&mut random, &mut packet);
        check(&packet);
    }
}
