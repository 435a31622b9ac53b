//! Fragments, and the faults of single RRsets.

use super::super::Rrset;
use super::super::fixture::{HEAD, lines, load, name, question, rdata, whole};
use super::*;
use crate::wire::QuestionName;

fn rrset<'z>(zone: &'z Zone, owner: &str, rtype: u16) -> Rrset<'z> {
    zone.node(zone.exact(&question(owner)).unwrap()).rrset(rtype).unwrap()
}

#[test]
fn fragments_end_names_of_rfc1035_types_in_pointers_to_the_apex() {
    let zone = whole("a 60 MX 10 Mail.Example.COM.\na 60 MX 20 @\na 60 MX 30 x.example.net.\n");
    let mx = rrset(&zone, "a.example.com.", rtype::MX);
    let expected = [
        b"\0\0\0\x0f\0\x01\0\0\0\x3c\0\x09\0\x0a\x04Mail\xc0\0".as_slice(),
        b"\0\0\0\x0f\0\x01\0\0\0\x3c\0\x04\0\x14\xc0\0",
        b"\0\0\0\x0f\0\x01\0\0\0\x3c\0\x11\0\x1e\x01x\x07example\x03net\0",
    ];
    assert_eq!(mx.octets(), expected.concat());
    assert_eq!(mx.pointers().collect::<Vec<_>>(), [19, 35]);
    assert_eq!((mx.record_count(), mx.ttl(), mx.rule()), (3, 60, None));
    let soa = zone.soa();
    assert_eq!(soa.pointers().collect::<Vec<_>>(), [16, 23]);
    assert_eq!(zone.serial(), 1);
}

#[test]
fn rfc3597_names_of_later_types_stay_whole() {
    let zone = whole("a SRV 1 2 3 ns1\na RP ns1 @\nb DNAME ns1\n");
    for (owner, rtype) in [("a", rtype::SRV), ("a", 17), ("b", rtype::DNAME)] {
        let set = rrset(&zone, &format!("{owner}.example.com."), rtype);
        assert_eq!(set.pointers().count(), 0);
        assert!(set.octets().ends_with(b"\x07example\x03com\0"));
    }
}

#[test]
fn a_label_that_looks_like_a_pointer_is_none() {
    let zone = whole("a CNAME \\192\\000.\nb CNAME x\\007example.com.\nc CNAME 7example.com.example.com.\n");
    assert_eq!(rrset(&zone, "a.example.com.", rtype::CNAME).pointers().count(), 0);
    assert_eq!(rrset(&zone, "b.example.com.", rtype::CNAME).pointers().count(), 0);
    assert_eq!(rrset(&zone, "c.example.com.", rtype::CNAME).pointers().count(), 1);
}

#[test]
fn rfc2308_negative_soa_has_the_lower_ttl() {
    for (ttl, minimum, expected) in [(300, 5, 5), (5, 300, 5), (70_000, 300, 300)] {
        let text = format!("@ {ttl} SOA ns1 h 1 2 3 4 {minimum}\n@ {ttl} NS ns1\nns1 {ttl} A 192.0.2.1\n");
        let zone = load(&text).0.unwrap().compile();
        assert_eq!((zone.soa().ttl(), zone.negative_soa().ttl()), (ttl, expected));
        assert_eq!(zone.negative_soa().octets()[12..], zone.soa().octets()[12..]);
        assert!(zone.negative_soa().pointers().eq(zone.soa().pointers()));
        assert_eq!(zone.negative_soa().signature_slot(), zone.soa().signature_slot());
        assert_eq!(zone.record_count(), 3);
    }
}

#[test]
fn doubled_records_are_dropped_and_the_lowest_ttl_is_taken() {
    let text = "a 60 NS b\na 30 NS B\na 90 NS c\nb A 192.0.2.1\nc A 192.0.2.1\n";
    let (data, faults) = load(&format!("{HEAD}{text}"));
    assert_eq!(
        lines(&faults),
        [
            "6:6: warning: this record stands here twice (help: remove one; it is served once)",
            "7:6: warning: the NS records of a.example.com. have different TTLs (60 and 90) \
             (help: write the same TTL for all; the lowest, 60, is served)",
        ]
    );
    let zone = data.unwrap().compile();
    let ns = rrset(&zone, "a.example.com.", rtype::NS);
    assert_eq!((ns.record_count(), ns.ttl()), (2, 60));
}

#[test]
fn rrsigs_keep_their_own_ttls() {
    let signature = "13 2 300 20270101000000 20261201000000 1 @ AAAA";
    let zone = whole(&format!("a 60 RRSIG A {signature}\na 90 RRSIG AAAA {signature}\n"));
    let set = rrset(&zone, "a.example.com.", rtype::RRSIG);
    assert_eq!(set.octets()[6..10], 60_u32.to_be_bytes());
    let second = set.octets().len() / 2;
    assert_eq!(set.octets()[second + 6..second + 10], 90_u32.to_be_bytes());
}

#[test]
fn an_rrset_that_no_message_holds_is_refused() {
    let text: String = (0..300).map(|number| format!("a TXT {number} {}\n", "x".repeat(250))).collect();
    let (data, faults) = load(&format!("{HEAD}{text}"));
    assert_eq!(
        lines(&faults),
        ["247:3: error: the TXT records of a.example.com. do not fit into one message \
          (help: remove this one and what follows, 58 in all: an RRset has at most 64752 octets)"]
    );
    assert_eq!(rrset(&data.unwrap().compile(), "a.example.com.", rtype::TXT).record_count(), 242);
}

#[test]
fn types_that_stand_alone_do() {
    let (_, faults) = load(&format!("{HEAD}@ SOA ns1 host 2 2 3 4 5\na CNAME ns1\na CNAME b.\n"));
    assert_eq!(
        lines(&faults),
        [
            "5:3: error: a second SOA record at example.com. (help: remove one of them)",
            "7:3: error: a second CNAME record at a.example.com. (help: remove one of them)",
        ]
    );
}

#[test]
fn targets_of_aliases_are_read_in_full() {
    let zone = whole("a CNAME NS1\nb CNAME www.example.net.\nc CNAME @\nd DNAME NS1\n");
    let mut target = QuestionName::default();
    let mut check = |owner: &str, expected: &str| {
        let node = zone.node(zone.exact(&question(owner)).unwrap());
        assert_eq!(node.rrsets().next().unwrap().alias_target(&mut target), Some(()));
        assert_eq!(target.as_octets(), name(expected).as_octets());
    };
    check("a.example.com.", "ns1.example.com.");
    check("b.example.com.", "www.example.net.");
    check("c.example.com.", "example.com.");
    check("d.example.com.", "ns1.example.com.");
    assert_eq!(zone.soa().alias_target(&mut target), None);
}

#[test]
fn slots_are_dense_and_types_ascend() {
    let zone = whole("a TXT x\nb A 192.0.2.1\na A 192.0.2.1\na AAAA ::1\n");
    let slots = zone.node_numbers().flat_map(|node| zone.node(node).rrsets()).map(|set| set.signature_slot());
    assert_eq!(slots.collect::<Vec<_>>(), (0..7).collect::<Vec<u32>>());
    let a = zone.node(zone.exact(&question("a.example.com.")).unwrap());
    assert_eq!(a.rrsets().map(|set| set.rtype()).collect::<Vec<_>>(), [1, 16, 28]);
    assert_eq!(rdata(a.rrset(1).unwrap()), ["c0000201"]);
}
