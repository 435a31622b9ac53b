//! §4: a trickle of client networks goes to the next healthy candidate.

use crate::harness::slots::{NETWORKS, SLOTS};
use crate::harness::{Server, World};

/// How many slots, from the first one on, get another one than the rest: both names.
fn split(server: &Server) -> (usize, String, String) {
    let said: Vec<String> =
        NETWORKS.iter().map(|network| server.said(&format!("www A subnet={network}/24"))).collect();
    let end = said.iter().position(|name| *name != said[0]).unwrap_or(SLOTS);
    assert!(said[end..].iter().all(|name| *name == said[SLOTS - 1]), "the slots below {end} and no others");
    (end, said[0].clone(), said[SLOTS - 1].clone())
}

#[test]
fn section_4_trickle_takes_the_slots_below_82_of_4096_for_2_percent() {
    let server = World::of_pools(&["u1", "u1"], "trickle = \"2 %\"").serve();
    assert_eq!(split(&server), (82, "B0".to_owned(), "A0".to_owned()));
    // `explain` prints the rounded share.
    let text = meridian::explain::render(&server.explain("www A"));
    assert!(text.contains("first 82 of 4096 slots"), "{text}");
}

#[test]
fn section_4_trickle_is_rounded_to_whole_slots() {
    for (share, slots) in [("1 %", 41), ("50 %", 2048), ("1/4096", 1), ("1/3", 1365), ("99 %", 4055)] {
        let server = World::of_pools(&["u1", "u1"], &format!("trickle = \"{share}\"")).serve();
        assert_eq!(split(&server).0, slots, "{share}");
    }
}

#[test]
fn section_4_trickle_goes_to_the_next_healthy_candidate_if_there_is_one() {
    let cases = [
        (["u1", "d1", "u1"], 82, "C0", "A0"),
        (["d1", "u1", "u1"], 82, "C0", "B0"),
        (["u1", "d1", "d1"], SLOTS, "A0", "A0"),
        (["d1", "d1", "u1"], SLOTS, "C0", "C0"),
        (["d1", "d1", "d1"], SLOTS, "A0", "A0"),
    ];
    for (pools, slots, first, last) in cases {
        let server = World::of_pools(&pools, "trickle = \"2 %\"").serve();
        assert_eq!(split(&server), (slots, first.to_owned(), last.to_owned()), "{pools:?}");
    }
}

#[test]
fn section_4_trickle_is_a_share_of_networks_not_of_queries() {
    let server = World::of_pools(&["u1", "u1"], "trickle = \"50 %\"").serve();
    for (slot, given) in [(7, "B0"), (2047, "B0"), (2048, "A0"), (4000, "A0")] {
        for last in [1, 77, 200] {
            let network = NETWORKS[slot].to_bits() | last;
            let client = std::net::Ipv4Addr::from_bits(network);
            assert_eq!(server.said(&format!("www A from={client}")), given, "{client}");
        }
        // So the answer holds for that network only.
        assert_eq!(server.ask(&format!("www A subnet={}/24", NETWORKS[slot])).scope, Some(24));
    }
}

#[test]
fn section_4_trickle_counts_every_candidate_looked_at_for_the_ttl() {
    // A flips in 30 s, B in 20 s: below 82 both are looked at.
    let world = World::of_pools(&["u1", "u1 d1"], "trickle = \"2 %\"\nmin_ttl = 1");
    let server = world.serve();
    let ttl = |slot: usize| server.ask(&format!("www A subnet={}/24", NETWORKS[slot])).ttl;
    assert_eq!((ttl(0), ttl(81), ttl(82), ttl(4095)), (20, 20, 30, 30));
    // Where no second one is healthy all were looked at; the answer holds for everyone.
    let server = World::of_pools(&["u1", "d1"], "trickle = \"2 %\"\nmin_ttl = 1").serve();
    for slot in [0, 4095] {
        let reply = server.ask(&format!("www A subnet={}/24", NETWORKS[slot]));
        assert_eq!((reply.said.as_str(), reply.ttl, reply.scope), ("A0", 20, Some(0)));
    }
}
