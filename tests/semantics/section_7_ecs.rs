//! §7: which client subnets are taken, whose address decides, and what is echoed.

use std::net::IpAddr;

use crate::harness::database;
use crate::harness::{Server, World};
use crate::prefix::{Prefix, SPECIAL};

/// Clients in 8.0.0.0/8 and 2a00::/16 go to B, the others to A; in the database 1.0.0.0/8 is Germany, which goes to C.
const MAP: &str = "[site.a]\n[site.b]\n[site.c]\n[map.world]\ndefault = [\"a\"]\n[map.world.network]\n\
                   \"8.0.0.0/8\" = [\"b\"]\n\"2a00::/16\" = [\"b\"]\n";

fn world(networks: &str) -> World {
    let maps = format!("{MAP}{networks}\n[map.world.country]\nDE = [\"c\"]\n");
    let world = World::new().maps(&maps).database(database::of([("1.0.0.0/8", database::country("DE"))]));
    let pools = [("A", "a"), ("B", "b"), ("C", "c")].into_iter();
    let world =
        pools.fold(world, |world, (name, site)| world.pool(name, &format!("site = \"{site}\""), "u1"));
    world.rule("name = \"www\"\nmap = \"world\"\npools = [\"A\", \"B\", \"C\"]")
}

/// Who is given, and the scope.
fn check(server: &Server, question: &str, given: &str, scope: Option<u8>) {
    let reply = server.ask(question);
    assert_eq!((reply.said.as_str(), reply.scope), (given, scope), "{question}");
}

#[test]
fn section_7_what_a_subnet_may_look_like() {
    let server = world("").serve();
    let good: [&[u8]; 7] = [
        &[0, 1, 24, 0, 8, 1, 2],
        &[0, 1, 32, 0, 8, 1, 2, 3],
        &[0, 1, 20, 0, 8, 1, 0xF0],
        &[0, 1, 0, 0],
        &[0, 2, 32, 0, 0x2a, 0, 0, 1],
        &[0, 2, 0, 0],
        &[0, 2, 128, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ];
    for option in good {
        let reply = server.ask_with_subnet("www A", option);
        assert!(reply.said == "A0" || reply.said == "B0", "{option:?}: {}", reply.said);
        // Family, source and address are echoed.
        let octets = server.octets("www A", Some(option));
        let scope = reply.scope.unwrap();
        let echoed = [&[0, 8, 0, option.len() as u8], &option[..3], &[scope], &option[4..]].concat();
        assert!(octets.ends_with(&echoed), "{option:?}: {octets:?}");
    }
    let bad: [(&str, &[u8]); 12] = [
        ("longer than IPv4", &[0, 1, 33, 0, 8, 1, 2, 3, 0]),
        ("longer than IPv6", &[0, 2, 129, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]),
        ("too few octets", &[0, 1, 24, 0, 8, 1]),
        ("too many octets", &[0, 1, 24, 0, 8, 1, 2, 0]),
        ("bits beyond the prefix", &[0, 1, 20, 0, 8, 1, 0xF8]),
        ("bits beyond the prefix of IPv6", &[0, 2, 33, 0, 0x2a, 0, 0, 1, 0x40]),
        ("a scope", &[0, 1, 24, 24, 8, 1, 2]),
        ("family 3", &[0, 3, 0, 0]),
        ("family 3 with an address", &[0, 3, 24, 0, 8, 1, 2]),
        ("family 0 with a prefix", &[0, 0, 8, 0, 8]),
        ("three octets", &[0, 1, 24]),
        ("nothing", &[]),
    ];
    for (case, option) in bad {
        let reply = server.ask_with_subnet("www A", option);
        assert_eq!((reply.said.as_str(), reply.scope), ("FormErr", None), "{case}");
        assert!(reply.message.edns.is_some(), "{case}: with OPT, without the option");
    }
}

#[test]
fn section_7_family_0_is_answered_from_the_transport_address() {
    let server = world("").serve();
    for (client, last) in [("8.8.8.8", [198, 51, 1, 1]), ("9.9.9.9", [198, 51, 0, 1])] {
        let octets = server.octets(&format!("www A from={client}"), Some(&[0, 0, 0, 0]));
        assert_eq!(octets[3] & 15, 0, "NOERROR");
        assert!(octets.windows(4).any(|window| window == last), "{client}: {octets:?}");
        assert!(octets.ends_with(&[0, 8, 0, 4, 0, 0, 0, 0]), "echoed: {octets:?}");
    }
}

#[test]
fn section_7_the_option_is_in_the_response_only_if_it_was_in_the_query() {
    let server = world("").serve();
    check(&server, "www A from=8.8.8.8", "B0", None);
    check(&server, "www A from=9.9.9.9", "A0", None);
}

#[test]
fn section_7_source_prefix_0_decides_on_the_transport_address_with_scope_0() {
    let server = world("").serve();
    for subnet in ["0.0.0.0/0", "::/0"] {
        check(&server, &format!("www A from=8.8.8.8 subnet={subnet}"), "B0", Some(0));
        check(&server, &format!("www A from=9.9.9.9 subnet={subnet}"), "A0", Some(0));
    }
}

#[test]
fn section_7_static_data_referrals_and_unsteered_negatives_have_scope_0() {
    let world = world("").records("sub NS ns1.sub\nns1.sub A 192.0.2.90\ntext TXT x");
    let server = world.serve();
    for question in ["ns1 A", "text TXT", "ns1 TXT", "nothing A", "a.sub A", "www TXT", "www ANY"] {
        assert_eq!(server.ask(&format!("{question} subnet=8.8.8.0/24")).scope, Some(0), "{question}");
    }
}

#[test]
fn section_7_without_a_map_the_scope_is_0() {
    let server = World::of_pools(&["u1"], "").serve();
    check(&server, "www A subnet=8.8.8.0/24", "A0", Some(0));
}

#[test]
fn section_7_ecs_false_decides_on_the_transport_address_with_scope_0() {
    let maps = MAP.replace("default = [\"a\"]", "ecs = false\ndefault = [\"a\"]");
    let world = World::new().maps(&maps).pool("A", "site = \"a\"", "u1").pool("B", "site = \"b\"", "u1");
    let server = world.rule("name = \"www\"\nmap = \"world\"\npools = [\"A\", \"B\"]").serve();
    check(&server, "www A from=9.9.9.9 subnet=8.8.8.0/24", "A0", Some(0));
    check(&server, "www A from=8.8.8.8 subnet=9.9.9.0/24", "B0", Some(0));
}

#[test]
fn section_7_special_blocks() {
    let server = world("").serve();
    for block in SPECIAL.map(Prefix::parse) {
        // First and last address, and the block itself as the subnet.
        for (address, length) in
            [(block.address(), block.bits()), (block.last(), block.bits()), (block.address(), block.length)]
        {
            for (transport, given) in [("8.8.8.8", "B0"), ("9.9.9.9", "A0")] {
                check(
                    &server,
                    &format!("www A from={transport} subnet={address}/{length}"),
                    given,
                    Some(block.length),
                );
            }
        }
        // No neighbour's scope reaches into it.
        for neighbour in block.neighbours() {
            let scope = server.ask(&format!("www A subnet={neighbour}/{}", block.bits())).scope.unwrap();
            let reached = Prefix::around(neighbour, scope);
            let inside = SPECIAL.map(Prefix::parse).iter().any(|other| other.contains(neighbour));
            assert!(
                inside || !reached.contains(block.address()),
                "{neighbour}/{scope} reaches into {block:?}"
            );
        }
    }
}

#[test]
fn section_7_an_embedded_ipv4_address_is_special_where_its_block_is() {
    let server = world("").serve();
    for block in SPECIAL.map(Prefix::parse) {
        let IpAddr::V4(first) = block.address() else { continue };
        let [high, low] = [first.to_bits() >> 16, first.to_bits() & 0xFFFF];
        let subnets = [
            (format!("::ffff:{first}/128"), 96 + block.length),
            (format!("2002:{high:x}:{low:x}::/48"), 16 + block.length),
        ];
        for (subnet, scope) in subnets {
            check(&server, &format!("www A from=8.8.8.8 subnet={subnet}"), "B0", Some(scope));
        }
    }
    // And others are looked up by it.
    check(&server, "www A from=9.9.9.9 subnet=::ffff:8.1.2.3/128", "B0", Some(104));
    check(&server, "www A from=9.9.9.9 subnet=2002:801:203::/48", "B0", Some(24));
}

#[test]
fn section_7_a_network_inside_a_special_block_wins() {
    let server =
        world("\"10.20.0.0/16\" = [\"b\"]\n\"192.168.0.0/16\" = [\"b\"]\n\"2001:db8:7::/48\" = [\"b\"]")
            .serve();
    check(&server, "www A from=9.9.9.9 subnet=10.20.30.0/24", "B0", Some(16));
    check(&server, "www A from=9.9.9.9 subnet=192.168.1.0/24", "B0", Some(16));
    check(&server, "www A from=9.9.9.9 subnet=2001:db8:7:1::/64", "B0", Some(48));
    // What is left of the block stays special, and its scope does not reach into the network.
    check(&server, "www A from=9.9.9.9 subnet=10.21.0.0/16", "A0", Some(16));
    check(&server, "www A from=8.8.8.8 subnet=10.200.0.0/16", "B0", Some(9));
}

#[test]
fn section_7_transport_addresses_are_never_special() {
    let server = world("\"10.0.0.0/8\" = [\"b\"]").serve();
    check(&server, "www A from=10.1.2.3", "B0", None);
    check(&server, "www A from=192.168.1.1", "A0", None);
    let germany = database::of([("192.168.0.0/16", database::country("DE"))]);
    let server = world("").database(germany).serve();
    check(&server, "www A from=192.168.1.1", "C0", None);
    check(&server, "www A from=8.8.8.8 subnet=192.168.1.0/24", "B0", Some(16));
}

#[test]
fn section_7_compatible_addresses_have_no_place() {
    // In an .mmdb file the IPv4 space stands at ::/96.
    let server = world("").serve();
    check(&server, "www A from=1.2.3.4", "C0", None);
    check(&server, "www A from=::1.2.3.4", "A0", None);
}

#[test]
fn section_7_a_source_prefix_shorter_than_the_leaf() {
    // The class of the zero-filled address, and the leaf's length as scope.
    let server = world("\"8.0.0.0/24\" = [\"c\"]\n\"16.0.0.0/8\" = [\"b\"]").serve();
    check(&server, "www A subnet=8.0.0.0/8", "C0", Some(24));
    check(&server, "www A subnet=8.0.0.0/5", "C0", Some(24));
    check(&server, "www A subnet=8.128.0.0/9", "B0", Some(9));
    check(&server, "www A subnet=16.0.0.0/4", "B0", Some(8));
}

#[test]
fn section_7_a_map_of_one_class_has_scope_0() {
    let one = |maps: &str| {
        let world = World::new().maps(maps).pool("A", "site = \"a\"", "u1").pool("B", "site = \"b\"", "u1");
        world.rule("name = \"www\"\nmap = \"world\"\npools = [\"A\", \"B\"]").serve()
    };
    let sites = "[site.a]\n[site.b]\n[map.world]\ndefault = [\"a\"]\n";
    let server = one(sites);
    for subnet in ["8.8.8.0/24", "2a00::/32", "::ffff:8.8.8.8/128", "2002:808:808::/48"] {
        check(&server, &format!("www A subnet={subnet}"), "A0", Some(0));
    }
    // Special blocks are not counted, and stay special.
    check(&server, "www A subnet=10.1.0.0/16", "A0", Some(8));
    // A second class in one family: 0 would be taken for everyone, of the other family, too.
    let server = one(&format!("{sites}[map.world.network]\n\"2a00::/16\" = [\"b\"]\n"));
    for (subnet, given) in [("8.8.8.0/24", "A0"), ("2a00::/32", "B0"), ("2400::/32", "A0")] {
        let reply = server.ask(&format!("www A subnet={subnet}"));
        assert!(
            reply.said == given && reply.scope.unwrap() > 0,
            "{subnet}: {} {:?}",
            reply.said,
            reply.scope
        );
    }
    // The same sites by another entry are no other class.
    let server = one(&format!("{sites}[map.world.network]\n\"2a00::/16\" = [\"a\"]\n"));
    check(&server, "www A subnet=2a00::/32", "A0", Some(0));
}
