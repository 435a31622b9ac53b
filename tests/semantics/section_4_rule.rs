//! §4: which names a rule steers, its candidates, and what else a steered name does.

use meridian::steer::Reason;

use crate::harness::{Server, World};

/// Sites fra, iad and sin; a network for each order of interest.
const MAPS: &str = "[site.fra]\n[site.iad]\n[site.sin]\n[map.world]\ndefault = [\"fra\"]\n[map.world.network]\n\
    \"1.0.0.0/8\" = [\"sin\", \"iad\"]\n\"2.0.0.0/8\" = [\"iad\"]\n\"3.0.0.0/8\" = []\n\"4.0.0.0/8\" = [\"iad\", \"fra\", \"sin\"]\n";

/// Pools A at fra, B at iad, C at sin and D at iad, with these members, and a rule with a map.
fn world(members: [&str; 4], rule: &str) -> World {
    let pools = ["A", "B", "C", "D"].into_iter().zip(["fra", "iad", "sin", "iad"]).zip(members);
    let world = pools.fold(World::new().maps(MAPS), |world, ((name, site), words)| {
        world.pool(name, &format!("site = \"{site}\""), words)
    });
    world.rule(&format!("name = \"www\"\npools = [\"A\", \"B\", \"C\", \"D\"]\n{rule}"))
}

const UP: [&str; 4] = ["u1"; 4];

/// The candidates in order, as one word.
fn candidates(server: &Server, question: &str) -> String {
    let steering = server.explain(question).steering.unwrap();
    steering.candidates.iter().map(|candidate| candidate.pool.as_str()).collect()
}

#[test]
fn section_4_candidates_are_at_the_listed_sites_in_order_then_the_others_as_written() {
    // What the class lists, its candidates, and with `fence = true`.
    let cases = [
        ("from=1.0.0.1", "sin, iad", "CBDA", "CBD"),
        ("from=2.0.0.1", "iad", "BDAC", "BD"),
        ("from=4.0.0.1", "all", "BDAC", "BDAC"),
        ("from=5.0.0.1", "fra", "ABCD", "A"),
    ];
    let [open, fenced] =
        ["", "fence = true"].map(|fence| world(UP, &format!("map = \"world\"\n{fence}")).serve());
    for (client, sites, expected, within_fence) in cases {
        let question = format!("www A {client}");
        assert_eq!(candidates(&open, &question), expected, "{sites}");
        assert_eq!(candidates(&fenced, &question), within_fence, "{sites}");
        assert_eq!(open.said(&question), format!("{}0", &expected[..1]), "{sites}");
    }
}

#[test]
fn section_4_the_first_healthy_candidate_answers() {
    for (members, expected) in
        [(["u1", "u1", "d1", "u1"], "B0"), (["u1", "d1", "d1", "u1"], "D0"), (["u1", "d1", "d1", "d1"], "A0")]
    {
        let server = world(members, "map = \"world\"").serve();
        assert_eq!(server.said("www A from=1.0.0.1"), expected, "{members:?}");
        assert_eq!(server.explain("www A from=1.0.0.1").steering.unwrap().reason, Reason::Healthy);
    }
}

#[test]
fn section_4_without_a_map_the_written_order_holds_for_everybody() {
    let server = world(UP, "").serve();
    for client in ["1.0.0.1", "2.0.0.1", "3.0.0.1", "8.8.8.8"] {
        assert_eq!(candidates(&server, &format!("www A from={client}")), "ABCD");
    }
}

#[test]
fn section_4_a_rule_with_a_map_needs_a_site_on_each_pool() {
    let world = World::new().maps(MAPS).pool("A", "", "u1");
    let world = world.rule("name = \"www\"\nmap = \"world\"\npools = [\"A\"]");
    world.refused("the pool `A` has no site, so the map `world` cannot place it");
}

#[test]
fn section_4_check_warns_of_classes_with_fewer_than_two_candidates() {
    let world = world(UP, "map = \"world\"\nfence = true");
    world.warned("the fence leaves A one pool only for 1 of 5 classes of the map `world`");
    world.warned(
        "an empty list of sites leaves A no pool for 1 of 5 classes of the map `world`, 0.4 % of IPv4",
    );
}

#[test]
fn section_4_check_warns_of_nodata_for_an_empty_list() {
    // Resolvers cache negatives for everyone (RFC 7871 §7.4).
    world(UP, "map = \"world\"\nempty = \"nodata\"").warned("resolvers may cache this NODATA for everyone");
    let default = world(UP, "map = \"world\"\nempty = \"default\"").warnings();
    assert!(!default.iter().any(|warning| warning.contains("NODATA")), "{default:?}");
}

#[test]
fn section_4_a_rule_steers_the_types_that_have_a_default_rrset() {
    let world = |types: &str| {
        let world = World::new().records("four 60 A 192.0.2.1").pool("A", "", "u1");
        world.rule(&format!("name = [\"www\", \"four\"]\npools = [\"A\"]\n{types}"))
    };
    let server = world("").serve();
    assert_eq!((server.said("www A"), server.said("www AAAA")), ("A0".into(), "A0".into()));
    assert_eq!((server.said("four A"), server.said("four AAAA")), ("A0".into(), "nodata".into()));
    let server = world("types = [\"A\"]").serve();
    assert_eq!((server.said("www A"), server.said("www AAAA")), ("A0".into(), "default".into()));
}

#[test]
fn section_4_defects() {
    let rule = |names: &str, keys: &str| format!("name = {names}\npools = [\"A\"]\n{keys}");
    let world = |members: &str, records: &str, names: &str| {
        World::new().records(records).pool("A", "", members).rule(&rule(names, ""))
    };
    world("u1/4", "", "\"www\"").refused("no pool has an IPv6 address for www.example.com. AAAA");
    let twice = world("u1", "", "\"www\"").rule(&rule("\"www\"", "types = [\"A\"]"));
    twice.refused("www.example.com. A is steered twice");
    world("u1", "x CNAME www", "\"x\"").refused("x.example.com. has a CNAME");
    world("u1", "x CNAME www", "\"y.x\"").refused("x.example.com. has a CNAME");
    let cut = "sub NS ns1.sub\nns1.sub A 192.0.2.90";
    world("u1", cut, "\"sub\"").refused("sub.example.com. is delegated");
    world("u1", cut, "\"a.sub\"").refused("sub.example.com. is delegated");
    world("u1", "", "\"ns1\"").refused("ns1.example.com. is the target of an NS record");
    world("u1", "", "\"nothing\"").refused("nothing.example.com. has no A or AAAA RRset");
}

#[test]
fn section_4_wildcards_and_the_apex_are_ordinary_names() {
    let world = World::new().records("@ 60 A 192.0.2.1\n*.w 60 A 192.0.2.1\nfix.w 60 A 192.0.2.1");
    let server = world.pool("A", "", "u1/4").rule("name = [\"@\", \"*.w\"]\npools = [\"A\"]").serve();
    for (question, expected) in [("@ A", "A0"), ("any.w A", "A0"), ("a.b.w A", "A0"), ("fix.w A", "default")]
    {
        assert_eq!(server.said(question), expected, "{question}");
    }
}

#[test]
fn section_4_a_cname_chain_that_ends_at_a_steered_name_is_followed() {
    let world = world(["d1", "u1", "u1", "u1"], "map = \"world\"\nmin_ttl = 1")
        .records("x 900 CNAME y\ny 900 CNAME www");
    let server = world.serve();
    // With that name's TTL rule and scope.
    let reply = server.ask("x A subnet=5.5.0.0/16");
    assert_eq!(reply.said, "y.example.com. www.example.com. B0");
    assert_eq!((reply.ttl, reply.scope), (20, server.ask("www A subnet=5.5.0.0/16").scope));
    assert_eq!(reply.scope, Some(8));
}

#[test]
fn section_4_additional_sections_hold_the_default_rrset() {
    let server = World::of_pools(&["u1"], "").records("@ MX 10 www").serve();
    let reply = server.ask("@ MX");
    let additional: Vec<String> =
        reply.message.additionals.iter().map(|record| record.data.to_string()).collect();
    assert_eq!(additional, ["192.0.2.1", "2001:db8::1"]);
}

#[test]
fn section_4_any_gets_one_rrset_the_default_one() {
    let server = World::of_pools(&["u1"], "").serve();
    let reply = server.ask("www ANY");
    assert_eq!((reply.said.as_str(), reply.ttl, reply.message.answers.len()), ("default", 60, 1));
}
