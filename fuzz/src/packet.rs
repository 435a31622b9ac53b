//! A query's octets → an answer, over a snapshot with something of everything, on both transports.
//!
//! Beside the absence of panics: no answer to what is no query, none longer than allowed, every one well formed.

#![no_main]

mod files;
#[path = "../../tests/integration/harness/message.rs"]
#[allow(dead_code, reason = "shared with the integration tests, which use all of it")]
mod message;
#[path = "../../tests/integration/harness/reader.rs"]
mod reader;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use meridian::answer::{Context, Moment, Reaction, Responder, TCP_MAX, Tally, Transport};
use meridian::config::{self, Mode};
use meridian::health::State;
use meridian::snapshot::Snapshot;
use meridian::steer::TargetHealth;
use meridian::wire::QuestionName;
use meridian::wire::cookie::Secret;
use meridian::wire::query::{Packet, Query, read, read_plain};

use message::Message;

const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 9, 9, 9));
/// The default of the largest response over UDP.
const UDP_MAX: usize = 1232;
/// Refusals are at most so much longer than the query (security.md).
const REFUSAL_ROOM: usize = 60;
const REFUSALS: [u16; 6] = [1, 2, 4, 5, 16, 23];

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let files = files::split(include_bytes!("../corpus/config/world"));
    let loaded = config::load(&files, Path::new(files::MAIN), Mode::Check, None)
        .unwrap_or_else(|faults| panic!("the seed is a good configuration: {faults:#?}"));
    let health = |_| TargetHealth { state: State::Up, soonest_flip: 7 };
    Snapshot::new(1, Arc::new(loaded.configuration), &health)
});

thread_local! {
    static RESPONDER: RefCell<Responder> =
        RefCell::new(Responder::new(1, Secret::new([7; 16]), Arc::new(Tally::default())));
}

/// What is read the short way is read alike the long way.
fn compare_readings(packet: &[u8]) {
    let (mut name, mut plain_name, mut plain) =
        (QuestionName::default(), QuestionName::default(), Query::default());
    if read_plain(packet, &mut plain_name, &mut plain) {
        assert_eq!(read(packet, &mut name), Packet::Query(plain));
        assert_eq!(name.as_octets(), plain_name.as_octets());
    }
}

fuzz_target!(|packet: &[u8]| {
    compare_readings(packet);
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut out = vec![0; TCP_MAX];
        let context = Context { snapshot: &SNAPSHOT, now: Moment::default(), limits: None, keepalive: 100 };
        let reaction = RESPONDER
            .with_borrow_mut(|responder| responder.respond(&context, packet, SOURCE, transport, &mut out));
        if let Reaction::Answer(length) = reaction {
            let limit = if transport == Transport::Udp { UDP_MAX } else { TCP_MAX };
            assert!(length <= limit, "{length} octets over {transport:?}");
            check(packet, &out[..length]);
        }
    }
});

fn check(packet: &[u8], answer: &[u8]) {
    assert!(packet.len() >= 12 && packet[2] & 0x80 == 0, "an answer to what is no query");
    assert_eq!(packet[..2], answer[..2], "another id");
    let message = Message::parse(answer).unwrap_or_else(|fault| panic!("{fault}: {answer:02x?}"));
    assert!(message.is_response());
    assert_eq!(message.opcode(), u16::from(packet[2] >> 3 & 0xf), "another opcode");
    if REFUSALS.contains(&message.rcode()) {
        assert!(answer.len() <= packet.len() + REFUSAL_ROOM, "a refusal of {} octets", answer.len());
    }
}
