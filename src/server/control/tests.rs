//! Control messages as they come off the wire, and what goes back.

use std::io::Read;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Control, REQUEST_MAX};
use crate::answer::{Counter, ERROR_EXTRA, Transport};
use crate::server::fixture::{add, empty_store, message, store, surroundings};
use crate::wire::class::{ANY, CHAOS as CH, IN};
use crate::wire::rtype::{A, AXFR, IXFR, OPT, SOA, TSIG as TSIG_RECORD, TXT};

const QUERY: u8 = 0;
const NOTIFY: u8 = 4;
const UPDATE: u8 = 5;

fn answer(control: &Arc<Control>, request: &[u8], transport: Transport) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let source = "192.0.2.1:1053".parse().unwrap();
    runtime.block_on(control.answer(request.to_vec(), source, transport))
}

fn control() -> Arc<Control> {
    Arc::new(Control::new(store(), surroundings(), Arc::default()))
}

/// `RCODE [aa] answers additional` of the answer to a request.
fn summary(request: &[u8]) -> String {
    let answer = answer(&control(), request, Transport::Tcp);
    assert_eq!(answer[..2], request[..2], "the id");
    assert_eq!(answer[2] & 0xF8, 0x80 | request[2] & 0x78, "QR and the opcode");
    let aa = if answer[2] & 4 != 0 { " aa" } else { "" };
    format!("{}{aa} {} {}", answer[3] & 0x0F, answer[7], answer[11])
}

fn check(cases: &[(Vec<u8>, &str)]) {
    for (request, expected) in cases {
        assert_eq!(summary(request), *expected, "{}", request.escape_ascii());
    }
}

fn with_opt(mut request: Vec<u8>, ttl: u32) -> Vec<u8> {
    add(&mut request, b"\0", OPT, 1232, ttl, b"");
    request
}

/// hmac-sha256, some time, fudge 300, a MAC of two octets.
const TSIG: &[u8] = b"\x0bhmac-sha256\0\0\0\x65\0\0\0\x01\x2c\0\x02\xAA\xBB\x12\x34\0\0\0\0";

fn signed(mut request: Vec<u8>) -> Vec<u8> {
    add(&mut request, b"\x03Key\0", TSIG_RECORD, ANY, 0, TSIG);
    request
}

#[test]
fn notify_and_update_are_refused_for_our_zones_and_not_ours_to_answer_elsewhere() {
    check(&[
        (message(1, NOTIFY, "example.com.", SOA, IN), "5 0 0"),
        (message(1, NOTIFY, "EXAMPLE.com.", SOA, IN), "5 0 0"),
        (message(1, NOTIFY, "example.org.", SOA, IN), "9 0 0"),
        (message(1, NOTIFY, "www.example.com.", SOA, IN), "9 0 0"),
        (message(1, NOTIFY, "example.com.", SOA, CH), "9 0 0"),
        (message(1, UPDATE, "example.com.", SOA, IN), "5 0 0"),
        (message(1, UPDATE, "example.org.", SOA, IN), "9 0 0"),
        (message(1, UPDATE, ".", SOA, IN), "9 0 0"),
        (message(1, UPDATE, "example.com.", TXT, IN), "1 0 0"),
    ]);
}

#[test]
fn transfers_are_refused_for_our_zones_and_not_ours_to_answer_elsewhere() {
    check(&[
        (message(1, QUERY, "example.com.", AXFR, IN), "5 0 0"),
        (message(1, QUERY, "example.org.", AXFR, IN), "9 0 0"),
        (message(1, QUERY, "example.com.", IXFR, IN), "5 0 0"),
        (message(1, QUERY, "ns.example.com.", IXFR, IN), "9 0 0"),
    ]);
}

#[test]
fn chaos_names_tell_version_and_identity_and_nothing_else() {
    check(&[
        (message(1, QUERY, "version.bind.", TXT, CH), "0 aa 1 0"),
        (message(1, QUERY, "Version.Server.", TXT, CH), "0 aa 1 0"),
        (message(1, QUERY, "id.server.", ANY, CH), "0 aa 1 0"),
        (message(1, QUERY, "hostname.bind.", SOA, CH), "0 aa 0 0"),
        (message(1, QUERY, "authors.bind.", TXT, CH), "5 0 0"),
        (message(1, QUERY, "example.com.", TXT, CH), "5 0 0"),
        (message(1, QUERY, ".", TXT, CH), "5 0 0"),
        (message(1, QUERY, "version.bind.", AXFR, CH), "9 0 0"),
    ]);
    let request = message(1, QUERY, "iD.server.", TXT, CH);
    let identity = answer(&control(), &request, Transport::Udp);
    assert_eq!(identity[12..request.len()], request[12..], "the question as it was sent");
    assert!(identity.ends_with(b"\0\x10\0\x03\0\0\0\0\0\x09\x08ns1.test"), "{}", identity.escape_ascii());
}

#[test]
fn without_an_identity_its_names_are_refused() {
    let control = Arc::new(Control::new(empty_store(), surroundings(), Arc::default()));
    let refused = answer(&control, &message(1, QUERY, "id.server.", TXT, CH), Transport::Udp);
    assert_eq!(refused[3] & 0x0F, 5);
    assert_eq!(control.tally.get(Counter::Refused), 1);
}

#[test]
fn an_answer_has_an_opt_exactly_if_the_request_had_one() {
    check(&[
        (with_opt(message(1, NOTIFY, "example.com.", SOA, IN), 0x8000), "5 0 1"),
        (with_opt(message(1, QUERY, "version.bind.", TXT, CH), 0), "0 aa 1 1"),
        (with_opt(message(1, UPDATE, "example.com.", SOA, IN), 1 << 16), "0 0 1"),
    ]);
    let request = with_opt(message(1, NOTIFY, "example.com.", SOA, IN), 0x8001);
    let refused = answer(&control(), &request, Transport::Udp);
    let opt = b"\0\0\x29\x04\xD0\0\0\x80\0\0\x13\0\x0f\0\x0f\0\x12not permitted";
    assert!(refused.ends_with(opt), "DO copied, Z cleared: {}", refused.escape_ascii());
    let request = with_opt(message(1, UPDATE, "example.com.", SOA, IN), 1 << 16);
    let refused = answer(&control(), &request, Transport::Udp);
    assert_eq!(refused[29..40], *b"\0\0\x29\x04\xD0\x01\0\0\0\0\0", "BADVERS, version 0");
}

#[test]
fn what_is_answered_from_the_header_has_an_opt_too() {
    let mut two = message(1, UPDATE, "example.com.", SOA, IN);
    two[5] = 2;
    two.extend_from_within(12..);
    let mut long = with_opt(message(1, UPDATE, "example.com.", SOA, IN), 0);
    long.resize(REQUEST_MAX + 1, 0);
    let mut unreadable = message(1, NOTIFY, "example.com.", SOA, IN);
    // RDATA of an SOA that is none.
    unreadable[7] = 1;
    unreadable.extend_from_slice(b"\0\0\x06\0\x01\0\0\0\0\0\x01\xFF");
    check(&[(with_opt(two, 0), "1 0 1"), (long, "5 0 1"), (with_opt(unreadable, 0), "1 0 1")]);
}

#[test]
fn cookies_and_the_idle_timeout_are_answered_here_too() {
    let mut request = message(1, QUERY, "version.bind.", TXT, CH);
    add(&mut request, b"\0", OPT, 1232, 0, b"\0\x0a\0\x08abcdefgh\0\x0b\0\0");
    let over_udp = answer(&control(), &request, Transport::Udp);
    let over_tcp = answer(&control(), &request, Transport::Tcp);
    let cookie = b"\0\x0a\0\x18abcdefgh\x01\0\0\0";
    let has = |answer: &[u8], octets: &[u8]| answer.windows(octets.len()).any(|window| window == octets);
    assert!(has(&over_udp, cookie) && has(&over_tcp, cookie), "{}", over_udp.escape_ascii());
    assert!(!has(&over_udp, b"\0\x0b\0\x02") && over_tcp.ends_with(b"\0\x0b\0\x02\0\x64"));
}

#[test]
fn the_identity_goes_into_an_answer_that_was_asked_for_it() {
    let mut request = message(1, QUERY, "version.bind.", TXT, CH);
    add(&mut request, b"\0", OPT, 1232, 0, &[0, 3, 0, 0]);
    let identified = answer(&control(), &request, Transport::Udp);
    assert!(identified.ends_with(b"\0\x0c\0\x03\0\x08ns1.test"), "{}", identified.escape_ascii());
    request[12..20].copy_from_slice(b"\x07wersion");
    let refused = answer(&control(), &request, Transport::Udp);
    let options = b"\0\x03\0\x08ns1.test\0\x0f\0\x1a\0\x15no such name in class CH";
    assert!(refused.ends_with(options), "{}", refused.escape_ascii());
}

#[test]
fn a_refusal_has_room_for_all_options_that_were_asked_for() {
    let mut request = message(1, QUERY, "wersion.bind.", TXT, CH);
    let subnet = b"\0\x08\0\x07\0\x01\x18\0\xC0\0\x02";
    let options = [b"\0\x0a\0\x08abcdefgh\0\x03\0\0".as_slice(), subnet].concat();
    add(&mut request, b"\0", OPT, 1232, 0, &options);
    let refused = answer(&control(), &request, Transport::Udp);
    assert_eq!(
        refused[request.len() - options.len()..][..subnet.len()],
        *subnet,
        "{}",
        refused.escape_ascii()
    );
    let rest = b"\0\x03\0\x08ns1.test\0\x0f\0\x1a\0\x15no such name in class CH";
    assert!(refused.ends_with(rest), "{}", refused.escape_ascii());
    assert!(refused.len() <= request.len() + ERROR_EXTRA);
}

#[test]
fn every_answer_is_counted_under_its_code() {
    let control = control();
    for (request, counter) in [
        (message(1, NOTIFY, "example.org.", SOA, IN), Counter::NotAuth),
        (message(1, NOTIFY, "example.org.", TXT, CH), Counter::NotAuth),
        (message(1, QUERY, "version.bind.", TXT, CH), Counter::NoError),
        (with_opt(message(1, UPDATE, "example.com.", SOA, IN), 1 << 16), Counter::BadVers),
        (b"cut short and no message".to_vec(), Counter::FormErr),
    ] {
        let before = control.tally.get(counter);
        answer(&control, &request, Transport::Udp);
        assert_eq!(control.tally.get(counter), before + 1, "{counter:?}");
    }
}

#[test]
fn every_tsig_key_is_unknown_and_the_answer_says_so_unsigned() {
    for request in [
        message(1, QUERY, "example.com.", SOA, IN),
        message(1, QUERY, "example.org.", AXFR, IN),
        message(1, UPDATE, "example.com.", SOA, IN),
        with_opt(message(1, NOTIFY, "example.com.", SOA, IN), 0),
    ] {
        let has_opt = usize::from(request[11]);
        let answer = answer(&control(), &signed(request), Transport::Tcp);
        assert_eq!(answer[3] & 0x0F, 9, "NOTAUTH");
        assert_eq!(usize::from(answer[11]), 1 + has_opt);
        let record = b"\x03Key\0\0\xFA\0\xFF\0\0\0\0\0\x1d\x0bhmac-sha256\0\0\0\x65\0\0\0\x01\x2c\0\0\x12\x34\0\x11\0\0";
        assert!(answer.ends_with(record), "{}", answer.escape_ascii());
    }
}

#[test]
fn a_tsig_that_does_not_end_the_message_is_malformed() {
    let mut twice = signed(signed(message(1, UPDATE, "example.com.", SOA, IN)));
    assert_eq!(summary(&twice), "1 0 0");
    add(&mut twice, b"\0", A, IN, 0, &[192, 0, 2, 1]);
    assert_eq!(summary(&twice), "1 0 0");
    let mut wrong_class = message(1, UPDATE, "example.com.", SOA, IN);
    add(&mut wrong_class, b"\x03key\0", TSIG_RECORD, IN, 0, TSIG);
    assert_eq!(summary(&wrong_class), "1 0 0");
}

#[test]
fn what_must_not_reach_the_parser_is_answered_from_the_header() {
    let mut none = message(1, NOTIFY, ".", SOA, IN);
    none[5] = 0;
    let mut two = message(1, UPDATE, "example.com.", SOA, IN);
    two[5] = 2;
    two.extend_from_within(12..);
    let mut long = message(1, UPDATE, "example.com.", SOA, IN);
    long.resize(REQUEST_MAX + 1, 0);
    let cut = message(1, NOTIFY, "example.com.", SOA, IN)[..20].to_vec();
    let pointer = [&message(1, NOTIFY, ".", SOA, IN)[..12], b"\xC0\x0C\0\x06\0\x01"].concat();
    check(&[(none, "1 0 0"), (two, "1 0 0"), (long, "5 0 0"), (cut, "1 0 0"), (pointer, "1 0 0")]);
    assert_eq!(answer(&control(), b"too short", Transport::Udp), b"");
}

#[test]
fn nothing_is_logged_about_a_request() {
    let mut request = message(1, NOTIFY, "example.com.", SOA, IN);
    add(&mut request, b"\0", OPT, 1232, 0, b"\0\x08");
    let (mut log, sink) = std::io::pipe().unwrap();
    let subscriber = tracing_subscriber::fmt().with_writer(Arc::new(sink)).finish();
    tracing::subscriber::with_default(subscriber, || answer(&control(), &request, Transport::Udp));
    // The subscriber and with it the last end to write to are gone.
    let mut logged = String::new();
    log.read_to_string(&mut logged).unwrap();
    assert_eq!(logged, "");
}

#[test]
fn an_error_is_hardly_longer_than_what_it_answers() {
    // A key whose name is a pointer: written out in the answer it would be much longer.
    let long = format!("{0}.{0}.{0}.{1}.", "x".repeat(63), "y".repeat(61));
    let mut request = message(1, UPDATE, &long, SOA, IN);
    add(&mut request, b"\xC0\x0C", TSIG_RECORD, ANY, 0, &[b"\xC0\x0C".as_slice(), &TSIG[13..]].concat());
    let answer = answer(&control(), &request, Transport::Udp);
    assert_eq!(answer[3] & 0x0F, 9);
    assert!(answer.len() <= request.len() + ERROR_EXTRA, "{} octets", answer.len());
}

#[test]
fn a_record_that_does_not_fit_leaves_nothing_behind() {
    let question = message(1, QUERY, &format!("{0}.{0}.example.com.", "q".repeat(63)), A, IN);
    let long = |letter: &str| {
        let name = format!("{0}.{0}.{0}.", letter.repeat(63));
        message(1, QUERY, &name, A, IN)[12..][..3 * 64 + 1].to_vec()
    };
    let mut request = question.clone();
    add(&mut request, &long("k"), TSIG_RECORD, ANY, 0, &[&long("a"), &TSIG[13..]].concat());
    let answer = answer(&control(), &request, Transport::Udp);
    assert_eq!(answer[2..4], [0x82, 9], "QR, TC, NOTAUTH");
    assert_eq!(answer[4..12], [0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(answer[12..], question[12..]);
    let whole = self::answer(&control(), &request, Transport::Tcp);
    assert_eq!((whole[2], whole[11]), (0x80, 1), "over TCP it fits");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_octets_panic_and_no_error_amplifies(
        head in prop::sample::select(vec![
            Vec::new(),
            message(1, QUERY, "example.com.", AXFR, IN),
            message(1, QUERY, "version.bind.", TXT, CH),
            message(1, NOTIFY, "example.com.", SOA, IN),
            signed(message(1, UPDATE, "example.com.", SOA, IN)),
            with_opt(message(1, UPDATE, "example.com.", SOA, IN), 0),
        ]),
        tail in prop::collection::vec(any::<u8>(), 0..120),
        counts in prop::option::of(prop::array::uniform8(0_u8..3)),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut request = [head, tail].concat();
        if let (Some(counts), true) = (counts, request.len() >= 12) {
            request[4..12].copy_from_slice(&counts);
        }
        for (place, octet) in flips {
            if !request.is_empty() {
                let place = place.index(request.len());
                request[place] = octet;
            }
        }
        let control = Arc::new(Control::new(empty_store(), surroundings(), Arc::default()));
        for transport in [Transport::Udp, Transport::Tcp] {
            let answer = answer(&control, &request, transport);
            prop_assert_eq!(answer.is_empty(), request.len() < 12);
            if !answer.is_empty() {
                prop_assert_eq!(&answer[..2], &request[..2]);
                let is_error = answer[3] & 0x0F != 0;
                prop_assert!(!is_error || answer.len() <= request.len() + ERROR_EXTRA);
            }
        }
        prop_assert_eq!(control.tally.get(Counter::Panic), 0);
    }
}
