//! §4: what answers when no candidate is healthy, when the list of sites is empty, and in a panic.

use meridian::explain::words::reason_sentence;
use meridian::health::{Hold, State};
use meridian::steer::{Reason, Seats};

use crate::harness::{Server, World};

/// Who is given and why: each state is a named one, which `explain` says.
fn check(server: &Server, question: &str, given: &str, reason: Reason, case: &str) {
    let explanation = server.explain(question);
    let text = meridian::explain::render(&explanation);
    let steering = explanation.steering.unwrap();
    assert_eq!((server.said(question).as_str(), steering.reason), (given, reason), "{case}");
    assert!(text.contains(reason_sentence(reason)), "{case}: {text}");
}

#[test]
fn section_4_truth_table() {
    // uu→A · du→B · Du→B · Fu→B · dd→A · Dd→B · Fd→B · DD→A (drained) · FD→B (drained) · FF→default
    let table = [
        ("uu", "A0", Reason::Healthy),
        ("du", "B0", Reason::Healthy),
        ("Du", "B0", Reason::Healthy),
        ("Fu", "B0", Reason::Healthy),
        ("dd", "A0", Reason::AllDown),
        ("Dd", "B0", Reason::AllDown),
        ("Fd", "B0", Reason::AllDown),
        ("DD", "A0", Reason::AllDownDrained),
        ("FD", "B0", Reason::AllDownDrained),
        ("FF", "default", Reason::NothingLeft),
    ];
    for (letters, given, reason) in table {
        let (first, second) = letters.split_at(1);
        let pools = [first, second].map(|letter| format!("{letter}1"));
        let world = World::of_pools(&[&pools[0], &pools[1]], "all_down = \"all\"");
        let default = World::of_pools(&[&pools[0], &pools[1]], "");
        for server in [world.serve(), default.serve()] {
            check(&server, "www A", given, reason, letters);
            check(&server, "www AAAA", given, reason, letters);
        }
    }
}

#[test]
fn section_4_all_down_in_its_four_forms() {
    let pools = ["d1 D1 F1", "d1", "F1 u1 D1 d1", "F1"];
    let cases = [
        ("all_down = \"all\"", "A0", Reason::AllDown),
        ("all_down = \"default\"", "default", Reason::AllDownDefault),
        ("all_down = \"none\"", "nodata", Reason::AllDownNone),
        // That pool: health ignored, admin state respected.
        ("all_down = { pool = \"C\" }\nanswers = 4", "C1 C3", Reason::AllDownPool),
        ("all_down = { pool = \"D\" }", "default", Reason::NothingLeft),
    ];
    for (keys, given, reason) in cases {
        let names = ["A", "B", "C", "D"].into_iter().zip(pools);
        let world = names.fold(World::new(), |world, (name, words)| world.pool(name, "", words));
        let server = world.rule(&format!("name = \"www\"\npools = [\"A\", \"B\"]\n{keys}")).serve();
        let mut said: Vec<String> = server.said("www A").split(' ').map(str::to_owned).collect();
        said.sort_unstable();
        assert_eq!(said.join(" "), given, "{keys}");
        assert_eq!(server.explain("www A").steering.unwrap().reason, reason, "{keys}");
    }
}

#[test]
fn section_4_a_degraded_candidate_comes_before_all_down() {
    let world = |all_down: &str| {
        World::new()
            .pool("A", "", "d1")
            .pool("B", "min_healthy = 2", "d1 u1")
            .pool("C", "min_healthy = 2", "u1 d1")
            .rule(&format!("name = \"www\"\npools = [\"A\", \"B\", \"C\"]\nall_down = {all_down}"))
            .serve()
    };
    for all_down in ["\"all\"", "\"default\"", "\"none\"", "{ pool = \"A\" }"] {
        check(&world(all_down), "www A", "B1", Reason::Degraded, all_down);
    }
}

#[test]
fn section_4_none_is_nodata_also_where_no_candidate_exists() {
    let maps = "[site.fra]\n[site.iad]\n[map.world]\ndefault = [\"iad\"]";
    let fenced = |all_down: &str| {
        let world = World::new().maps(maps).pool("A", "site = \"fra\"", "u1");
        world
            .rule(&format!("name = \"www\"\nmap = \"world\"\npools = [\"A\"]\nfence = true\n{all_down}"))
            .serve()
    };
    check(&fenced("all_down = \"none\""), "www A", "nodata", Reason::AllDownNone, "none");
    check(&fenced(""), "www A", "default", Reason::NothingLeft, "all");
    check(&fenced("all_down = \"default\""), "www A", "default", Reason::AllDownDefault, "default");
    check(&fenced("all_down = { pool = \"A\" }"), "www A", "A0", Reason::AllDownPool, "pool");
    // A pool without an address of the family is no candidate either.
    let world =
        World::of_pools(&["u1/6", "u1"], "").rule("name = \"x\"\npools = [\"A\"]\nall_down = \"none\"\n");
    let server = world.records("x 60 AAAA 2001:db8::1").serve();
    check(&server, "www A", "B0", Reason::Healthy, "family");
}

#[test]
fn section_4_all_down_picks_as_the_pool_does_and_as_many_as_the_rule_says() {
    let world = World::new().pool("A", "", "d3 d1 d0").rule("name = \"www\"\npools = [\"A\"]");
    assert_eq!(world.serve().shares("www A"), [("m0".into(), (3, 4), (3, 4)), ("m1".into(), (1, 4), (1, 4))]);
    let world = World::new()
        .pool("A", "pick = \"all\"", "d3 d1 D1")
        .rule("name = \"www\"\npools = [\"A\"]\nanswers = 2");
    assert_eq!(world.serve().said("www A").split(' ').count(), 2);
}

const MAPS: &str =
    "[site.fra]\n[site.iad]\n[map.world]\ndefault = [\"fra\"]\n[map.world.network]\n\"3.0.0.0/8\" = []\n";

/// A rule at one site, for clients in 3.0.0.0/8 nowhere.
fn nowhere(keys: &str) -> Server {
    let world = World::new().maps(MAPS).pool("A", "site = \"fra\"", "u1");
    world.rule(&format!("name = \"www\"\nmap = \"world\"\npools = [\"A\"]\n{keys}")).serve()
}

#[test]
fn section_4_an_empty_site_list_answers_with_the_default_rrset_and_wins_over_fence_and_all_down() {
    for fence in ["", "fence = true\n"] {
        for all_down in ["", "all_down = \"none\"", "all_down = \"default\"", "all_down = { pool = \"A\" }"] {
            let server = nowhere(&format!("{fence}{all_down}"));
            check(&server, "www A from=3.0.0.1", "default", Reason::EmptyDefault, all_down);
            check(&server, "www A from=4.0.0.1", "A0", Reason::Healthy, all_down);
            let server = nowhere(&format!("{fence}{all_down}\nempty = \"nodata\""));
            check(&server, "www A from=3.0.0.1", "nodata", Reason::EmptyNoData, all_down);
        }
    }
}

#[test]
fn section_4_a_steered_nodata_has_the_scope_of_its_class_and_the_shortest_of_three_ttls() {
    let server = nowhere("empty = \"nodata\"");
    let reply = server.ask("www A subnet=3.3.3.0/24");
    assert_eq!((reply.said.as_str(), reply.scope), ("nodata", Some(8)));
    // The TTL and the MINIMUM of the SOA record, the TTL of the default RRset, and that of the steered answer.
    for (soa_ttl, minimum, default_ttl, expected) in [
        (300, 300, 60, 30),
        (300, 300, 30, 20),
        (10, 300, 60, 10),
        (300, 5, 60, 5),
        (300, 300, 16, 16),
        (300, 300, 200, 100),
    ] {
        let zone = format!(
            "@ {soa_ttl} SOA ns1 hostmaster 7 7200 1800 1209600 {minimum}\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n\
             www {default_ttl} A 192.0.2.1\n"
        );
        let world = World::new().file("zones/example.com.zone", zone).pool("A", "", "d1");
        let server = world.rule("name = \"www\"\npools = [\"A\"]\nall_down = \"none\"").serve();
        let reply = server.ask("www A");
        // Down: back in 20 s at the soonest; min_ttl is half of the default RRset's TTL.
        let steered = 20.max(default_ttl / 2).min(default_ttl);
        assert_eq!(expected, steered.min(soa_ttl).min(minimum), "the case itself");
        assert_eq!(
            (reply.said.as_str(), reply.ttl),
            ("nodata", expected),
            "{soa_ttl} {minimum} {default_ttl}"
        );
    }
}

#[test]
fn section_4_panic_is_off_by_default_and_needs_ten_members() {
    let with = |members: usize, keys: &str| {
        let words = vec!["u1"; members].join(" ");
        World::new().pool("A", keys, &words).rule("name = \"www\"\npools = [\"A\"]")
    };
    let keys = "panic = { remove_at_most = \"30 %\", within = \"1m\" }";
    assert!(with(10, keys).load().unwrap().configuration.pools[0].turnover.panic.is_some());
    assert!(with(10, "").load().unwrap().configuration.pools[0].turnover.panic.is_none());
    with(9, keys).refused("`panic` needs 10 members, and the pool has 9");
}

#[test]
fn section_4_members_beyond_the_panic_limit_become_suspect_the_first_to_fail_leaving_first() {
    let words = ["u1"; 10].join(" ");
    let world = World::new().pool("A", "panic = { remove_at_most = \"30 %\", within = \"1m\" }", &words);
    let turnover =
        world.rule("name = \"www\"\npools = [\"A\"]").load().unwrap().configuration.pools[0].turnover;
    let mut seats = Seats::new([Some(State::Up); 10]);
    let suspects =
        |seats: &Seats| (0..10).filter(|&seat| seats.hold(seat) == Hold::Suspect).collect::<Vec<_>>();
    for (moment, member) in [(100, 7), (101, 2), (102, 5), (103, 0), (104, 9)] {
        seats.observe(&turnover, member, State::Down, moment);
    }
    assert_eq!(suspects(&seats), [0, 9], "three may leave");
    // Recovery clears it …
    let mut recovered = seats.clone();
    recovered.observe(&turnover, 0, State::Up, 110);
    recovered.observe(&turnover, 9, State::Up, 111);
    assert!(suspects(&recovered).is_empty());
    // … or an operator accepts.
    assert_eq!(seats.accept(&turnover), 2);
    assert!(suspects(&seats).is_empty());
    // Over a longer time more may leave.
    let mut slowly = Seats::new([Some(State::Up); 10]);
    for member in 0..9 {
        slowly.observe(&turnover, member, State::Down, 60 * member as u64);
    }
    assert!(suspects(&slowly).is_empty());
}

#[test]
fn section_4_suspect_members_are_used_only_where_no_candidate_has_an_eligible_one() {
    let cases = [
        (["s1 d1", "u1"], "B0", Reason::Healthy),
        (["s1 u1", "u1"], "A1", Reason::Healthy),
        (["s1 d1", "d1"], "A0", Reason::Suspect),
        (["d1", "d1 s1"], "B1", Reason::Suspect),
        (["d1", "d1"], "A0", Reason::AllDown),
    ];
    for (pools, given, reason) in cases {
        check(&World::of_pools(&pools, "").serve(), "www A", given, reason, &format!("{pools:?}"));
    }
}
