use std::fmt::Write;

use proptest::prelude::*;

use super::super::fixture::{HEAD, load_files, question, whole};
use super::super::{Rrset, Zone};
use super::*;
use crate::wire::rtype;

/// The zone example.com, or the root zone, in which all names are absolute.
fn zone_at(apex: &str, lines: &str) -> Zone {
    let text = format!("$TTL 300\n@ SOA ns. host. 1 2 3 4 5\n@ NS ns.\n{lines}");
    load_files(apex, &[("z", &text)]).0.unwrap().compile()
}

fn rrset<'z>(zone: &'z Zone, owner: &str, rtype: u16) -> Rrset<'z> {
    zone.node(zone.exact(&question(owner)).unwrap()).rrset(rtype).unwrap()
}

/// Each record's data as it stands in the fragment, a pointer as `@` for the apex and as `@N` for octet N.
fn check(rrset: Rrset<'_>, expected: &[&str]) {
    let mut pointers = rrset.pointers().peekable();
    let mut end = 0;
    let mut written = Vec::new();
    for rdata in rrset.rdata() {
        let start = end + 12;
        end = start + rdata.len();
        let mut text = String::new();
        let mut at = start;
        while at < end {
            if pointers.next_if_eq(&at).is_some() {
                match u16::from_be_bytes([rrset.octets()[at], rrset.octets()[at + 1]]) - POINTER_BITS {
                    0 => text.push('@'),
                    target => write!(text, "@{target}").unwrap(),
                }
                at += 2;
            } else {
                match rrset.octets()[at] {
                    octet if octet.is_ascii_graphic() => text.push(octet.into()),
                    octet => write!(text, "\\{octet}").unwrap(),
                }
                at += 1;
            }
        }
        written.push(text);
    }
    assert_eq!(written, expected);
    assert_eq!(pointers.next(), None);
}

#[test]
fn rfc1035_a_name_ends_in_a_pointer_at_the_longest_earlier_one() {
    let zone = whole(
        "a NS x.Long.net.\na NS y.lonG.NET.\na NS z.net.\na NS long.net.\na NS p.q\na NS r.Q\na NS @\na NS net.\n",
    );
    let expected = ["\\1x\\4Long\\3net\\0", "\\1y@14", "\\1z@19", "@14", "\\1p\\1q@", "\\1r@84", "@", "@19"];
    check(rrset(&zone, "a.example.com.", rtype::NS), &expected);
    check(rrset(&zone, "example.com.", rtype::NS), &["\\3ns1@"]);
}

#[test]
fn all_names_of_all_records_are_targets() {
    let zone = whole("a MINFO b.c.net. d.c.net.\na MINFO c.net. b.c.net.\n");
    check(rrset(&zone, "a.example.com.", 14), &["\\1b\\1c\\3net\\0\\1d@14", "@14@12"]);
}

#[test]
fn the_root_zone_points_at_earlier_names_too() {
    let zone = zone_at(".", "com. NS a.nic.com.\ncom. NS b.nic.com.\ncom. NS .\n");
    check(rrset(&zone, "com.", rtype::NS), &["\\1a\\3nic\\3com\\0", "\\1b@14", "\\0"]);
}

#[test]
fn single_records_and_later_types_have_no_pointers_at_earlier_names() {
    let zone = whole("a SRV 1 2 3 x.net.\na SRV 1 2 4 x.net.\nb MINFO x.net. x.net.\n");
    check(
        rrset(&zone, "a.example.com.", rtype::SRV),
        &["\\0\\1\\0\\2\\0\\3\\1x\\3net\\0", "\\0\\1\\0\\2\\0\\4\\1x\\3net\\0"],
    );
    check(rrset(&zone, "b.example.com.", 14), &["\\1x\\3net\\0\\1x\\3net\\0"]);
}

#[test]
fn the_places_that_are_pointed_at_have_bounds() {
    let long = "x".repeat(60);
    let names = (0..300).map(|number| format!("{number}.{long}.{long}.{long}{}", number % 140));
    let lines: String = names.map(|name| format!("a PTR {name}.net.\n")).collect();
    let zone = zone_at("example.com.", &lines);
    let set = rrset(&zone, "a.example.com.", rtype::PTR);
    let target = |at: usize| u16::from_be_bytes([set.octets()[at], set.octets()[at + 1]]) & !POINTER_BITS;
    let targets: Vec<usize> = set.pointers().map(target).map(usize::from).collect();
    assert!(targets.iter().all(|&target| target <= POINTED_AT_MAX));
    assert!(targets.iter().any(|&target| target > 1000));
    assert!(set.octets().len() > POINTER_REACH);
}

#[test]
fn more_records_fit_into_a_message_for_their_pointers() {
    let suffix = "x".repeat(63);
    let lines: String = (0..1000).map(|number| format!("a PTR {number}.{suffix}.net.\n")).collect();
    let (data, faults) = load_files("example.com.", &[("z", &format!("{HEAD}{lines}"))]);
    assert_eq!(faults, []);
    let zone = data.unwrap().compile();
    // Without them each takes more than 80 octets.
    assert_eq!(rrset(&zone, "a.example.com.", rtype::PTR).record_count(), 1000);
}

proptest! {
    #[test]
    fn full_data_is_what_was_read(
        names in prop::collection::vec("((a|b|C|dd|example|com)\\.){1,6}", 2..12),
        apex in prop::sample::select(vec!["example.com.", "com.", "."]),
        rtype in prop::sample::select(vec!["NS", "PTR", "MD"]),
    ) {
        let lines: String = names.iter().map(|name| format!("x.example.com. {rtype} {name}\n")).collect();
        let zone = zone_at(apex, &lines);
        let mut distinct: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        distinct.sort();
        distinct.dedup();
        let node = zone.node(zone.exact(&question("x.example.com.")).unwrap());
        let set = node.rrsets().next().unwrap();
        let mut read: Vec<String> = set.full_rdata().iter().map(|data| {
            crate::wire::Name::from_wire(data).unwrap().to_string().to_ascii_lowercase()
        }).collect();
        read.sort();
        prop_assert_eq!(read, distinct);
    }
}
