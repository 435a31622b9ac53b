//! §3: who of a pool is eligible, what state that makes, and what `check` says of pools.

use meridian::steer::PoolState::{self, Absent, Dead, Degraded, Healthy};
use meridian::steer::Reason;

use crate::harness::{Server, World};

/// The state of the pool A, which the rule's pools begin with, for a question.
fn state(server: &Server, question: &str) -> PoolState {
    server.explain(question).steering.unwrap().candidates[0].state
}

/// A pool A with these keys and members, before a pool B that is up.
fn world(keys: &str, members: &str, rule: &str) -> World {
    let world = World::new().pool("A", keys, members).pool("B", "", "u1");
    world.rule(&format!("name = \"www\"\npools = [\"A\", \"B\"]\n{rule}"))
}

#[test]
fn section_3_a_member_has_at_most_one_address_of_each_family() {
    let two = |addresses: &str| {
        World::new()
            .settings(&format!("[pool.A]\nmembers = [{{ name = \"m\", address = {addresses} }}]"))
            .rule("name = \"www\"\ntypes = [\"A\"]\npools = [\"A\"]")
    };
    two("[\"198.51.0.1\", \"198.51.0.2\"]").refused("the member `m` has two IPv4 addresses");
    two("[\"2001:db8::2\", \"2001:db8::3\"]").refused("the member `m` has two IPv6 addresses");
    assert!(two("[\"198.51.0.1\", \"2001:db8::2\"]").load().is_ok());
}

#[test]
fn section_3_eligible_is_up_and_auto_or_forced_up() {
    let cases = [
        ("u1", Healthy),
        ("d1", Dead),
        ("U1", Healthy),
        ("D1", Dead),
        ("F1", Dead),
        ("?1", Healthy),
        ("d1 D1 F1 U1", Healthy),
    ];
    for (members, expected) in cases {
        assert_eq!(state(&world("", members, "").serve(), "www A"), expected, "{members}");
    }
}

#[test]
fn section_3_a_pool_without_the_family_is_no_candidate_and_not_down() {
    let server = world("", "d1/6 d1/6", "min_ttl = 1").serve();
    let reply = server.ask("www A");
    let steering = server.explain("www A").steering.unwrap();
    assert_eq!((reply.said.as_str(), steering.reason), ("B0", Reason::Healthy));
    assert_eq!(reply.ttl, 30, "that of B: what A's members do changes nothing");
    assert_eq!(steering.candidates[0].state, Absent);
    assert_eq!(state(&server, "www AAAA"), Dead);
}

#[test]
fn section_3_check_warns_of_families_that_come_from_different_sites() {
    let world = World::new()
        .maps("[site.fra]\n[site.iad]\n[map.world]\ndefault = [\"fra\", \"iad\"]")
        .pool("A", "site = \"fra\"", "u1/4")
        .pool("B", "site = \"iad\"", "u1")
        .rule("name = \"www\"\nmap = \"world\"\npools = [\"A\", \"B\"]");
    world.warned(
        "A and AAAA of www.example.com. come from different sites for 1 of 1 classes of the map `world`",
    );
}

/// So many words of each kind.
fn words(up: &str, ups: usize, down: &str, downs: usize) -> String {
    [vec![up; ups], vec![down; downs]].concat().join(" ")
}

#[test]
fn section_3_min_healthy() {
    let cases = [
        // Default: one member.
        ("", "d1 d1 u1".to_owned(), Healthy),
        ("", "d1 d1".to_owned(), Dead),
        // A count counts members, whatever they weigh.
        ("min_healthy = 2", "u1 u1 d9".to_owned(), Healthy),
        ("min_healthy = 2", "u9 d1 d1".to_owned(), Degraded),
        ("min_healthy = 2", "d9 d1 d1".to_owned(), Dead),
        // A fraction or percentage measures weight in `weighted` pools: 55 % of 100 is 55.
        ("min_healthy = \"55 %\"", "u55 d45".to_owned(), Healthy),
        ("min_healthy = \"55 %\"", "u54 d46".to_owned(), Degraded),
        ("min_healthy = \"55 %\"", words("u1", 55, "d1", 45), Healthy),
        ("min_healthy = \"55 %\"", words("u1", 54, "d1", 46), Degraded),
        ("min_healthy = \"2/3\"", "u2 d1".to_owned(), Healthy),
        ("min_healthy = \"2/3\"", "u1 u1 d2".to_owned(), Degraded),
        ("min_healthy = \"2/3\"", "u4 d1 d1".to_owned(), Healthy),
        ("min_healthy = \"100 %\"", "u1 u65535".to_owned(), Healthy),
        ("min_healthy = \"100 %\"", "d1 u65535".to_owned(), Degraded),
        // And members otherwise.
        ("pick = \"all\"\nmin_healthy = \"2/3\"", "u1 u1 d9".to_owned(), Healthy),
        ("pick = \"all\"\nmin_healthy = \"2/3\"", "u9 d1 d1".to_owned(), Degraded),
        ("pick = \"all\"\nmin_healthy = \"55 %\"", words("u7", 55, "d1", 45), Healthy),
        ("pick = \"all\"\nmin_healthy = \"55 %\"", words("u7", 54, "d1", 46), Degraded),
        ("pick = \"all\"\nmin_healthy = 2", "u1 u1 d1".to_owned(), Healthy),
    ];
    for (keys, members, expected) in cases {
        assert_eq!(state(&world(keys, &members, "").serve(), "www A"), expected, "{keys} of {members}");
    }
}

#[test]
fn section_3_min_healthy_is_measured_over_the_members_of_the_family() {
    let server = world("min_healthy = \"1/2\"", "u1/4 d1/6 d1/6 u1/6", "").serve();
    assert_eq!((state(&server, "www A"), state(&server, "www AAAA")), (Healthy, Degraded));
}

#[test]
fn section_3_a_degraded_pool_gives_its_eligible_members_behind_every_healthy_one() {
    let degraded = world("min_healthy = 2", "u1 d1", "");
    assert_eq!(degraded.serve().said("www A"), "B0");
    let alone =
        World::new().pool("A", "min_healthy = 2", "d1 u1").rule("name = \"www\"\npools = [\"A\"]").serve();
    assert_eq!(alone.said("www A"), "A1");
    assert_eq!(alone.explain("www A").steering.unwrap().reason, Reason::Degraded);
}

#[test]
fn section_3_weight_0_counts_in_neither_side_of_min_healthy() {
    assert_eq!(state(&world("min_healthy = \"100 %\"", "u1 d0", "").serve(), "www A"), Healthy);
    assert_eq!(state(&world("min_healthy = \"100 %\"", "u0 u1 d1", "").serve(), "www A"), Degraded);
    assert_eq!(
        state(&world("pick = \"all\"\nmin_healthy = \"1/2\"", "u0 u1 d1 d0", "").serve(), "www A"),
        Healthy
    );
    world("min_healthy = 2", "u1 u0", "").refused("the pool is healthy with 2, and only 1 member counts");
}

#[test]
fn section_3_weight_0_is_given_out_only_when_no_other_member_is_eligible() {
    for pick in ["weighted", "all"] {
        let keys = format!("pick = \"{pick}\"");
        let server = world(&keys, "u1 u0", "answers = 2").serve();
        assert_eq!((server.said("www A").as_str(), state(&server, "www A")), ("A0", Healthy), "{pick}");
        // Such a pool is degraded: B answers; where there is none, these do.
        let reserve = world(&keys, "d1 u0 u0", "answers = 2").serve();
        assert_eq!((reserve.said("www A").as_str(), state(&reserve, "www A")), ("B0", Degraded), "{pick}");
        let alone = World::new().pool("A", &keys, "d1 u0 u0").rule("name = \"www\"\npools = [\"A\"]").serve();
        let share = if pick == "all" { (1, 1) } else { (1, 2) };
        assert_eq!(
            alone.shares("www A"),
            [("m1".into(), share, (1, 2)), ("m2".into(), share, (1, 2))],
            "{pick}"
        );
    }
}

#[test]
fn section_3_weights_go_from_0_to_65535() {
    assert!(world("", "u0 u65535", "").load().is_ok());
    world("", "u65536", "").refused("this must be from 0 to 65535");
    let server = world("", "u65535 u1", "").serve();
    assert_eq!(server.shares("www A")[0], ("m0".into(), (65535, 65536), (65535, 65536)));
}

#[test]
fn section_3_check_warns_where_capping_makes_weights_ineffective_and_explain_prints_both_shares() {
    let capped = world("", "u3 u1 u1", "answers = 2");
    capped.warned("with 2 answers the weight of the member `m0` of the pool `A` has no full effect");
    let explanation = capped.serve().explain("www A");
    let text = meridian::explain::render(&explanation);
    // In the answer always, first in 3/5 of the answers.
    let line = text.lines().find(|line| line.contains("3/5")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("1/1") && line.contains("m0"), "{line}");
    let exact = world("", "u2 u1 u1", "answers = 2").warnings();
    assert!(exact.is_empty(), "a share of exactly 1 needs no capping: {exact:?}");
}

#[test]
fn section_3_variants_are_compiled_once_for_every_rule_that_uses_the_pool() {
    let rule = |name: &str, answers: u16| format!("name = \"{name}\"\npools = [\"A\"]\nanswers = {answers}");
    let world = World::new().records("w1 60 A 192.0.2.1\nw2 60 A 192.0.2.1\nw3 60 A 192.0.2.1");
    let world = world.pool("A", "", "u1/4 u1/4 u1/4");
    let server = world.rule(&rule("w1", 2)).rule(&rule("w2", 2)).rule(&rule("w3", 1)).serve();
    let configuration = &server.snapshot.configuration;
    assert_eq!(configuration.pools[0].answers, [1, 2]);
    let uses: Vec<_> =
        configuration.rules.iter().map(|rule| (rule.pools[0].pool, rule.pools[0].set)).collect();
    assert_eq!((uses[0], uses[0] == uses[1], uses[0] == uses[2]), (uses[1], true, false));
}

#[test]
fn section_3_check_warns_of_answers_beyond_1232_octets_and_names_the_largest_that_fits() {
    let members = words("u1/4", 100, "d1/4", 0);
    let with = |answers: usize| {
        let world = World::new().pool("A", "", &members);
        world.rule(&format!("name = \"www\"\ntypes = [\"A\"]\npools = [\"A\"]\nanswers = {answers}"))
    };
    with(100).warned("`answers = 72` is the largest that fits");
    with(73).warned("73 A records of the pool `A` do not fit into one UDP answer");
    assert!(with(72).warnings().is_empty());
    // So it is: with the longest client subnet that there is.
    let subnet = "www A subnet=2001:db8:1:2:3:4:5:6/128";
    for (answers, fits) in [(72, true), (73, false)] {
        let reply = with(answers).serve().ask(subnet);
        assert_eq!(!reply.message.metadata.truncation, fits, "{answers}");
    }
}
