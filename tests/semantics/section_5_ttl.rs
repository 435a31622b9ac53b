//! §5: for how long a steered answer holds. Members that are up flip in 30 s at the soonest, those that are down in 20 s.

use std::sync::atomic::Ordering;

use meridian::explain::TtlReason;
use meridian::health::State;
use meridian::steer::{Stand, TargetHealth, TtlBound};
use meridian::wire::{Content, Family};

use crate::harness::{World, down, up};

fn ttl(world: &World) -> u32 {
    world.serve().ask("www A").ttl
}

/// One pool whose name has this TTL in the master file.
fn bounded(bound: u32, members: &str, keys: &str) -> World {
    let zone = format!(
        "$TTL 300\n@ SOA ns1 hostmaster 7 7200 1800 1209600 300\n@ NS ns1\nns1 A 192.0.2.53\nwww {bound} A 192.0.2.1\n"
    );
    World::of_pools(&[members], keys).file("zones/example.com.zone", zone)
}

#[test]
fn section_5_ttl_is_the_soonest_flip_between_its_bounds() {
    // The TTL of the default RRset, `min_ttl`, the TTL of an answer whose member flips in 30 s.
    for (bound, min_ttl, expected) in [
        (60, 1, 30),
        (60, 30, 30),
        (60, 31, 31),
        (60, 60, 60),
        (30, 1, 30),
        (29, 1, 29),
        (5, 5, 5),
        (3600, 5, 30),
    ] {
        assert_eq!(
            ttl(&bounded(bound, "u1", &format!("min_ttl = {min_ttl}"))),
            expected,
            "{bound} {min_ttl}"
        );
    }
}

#[test]
fn section_5_ttl_is_clamped_and_rounded_down() {
    let world = |interval: &str, fall: u32| {
        let monitor = format!(
            "[monitor.t]\nprobe = {{ tcp = {{}} }}\nport = 80\ninterval = \"{interval}\"\nfall = {fall}"
        );
        let world = World::new().settings(&monitor).pool("A", "monitor = \"t\"", "u1");
        world.rule("name = \"www\"\npools = [\"A\"]\nmin_ttl = 1")
    };
    // 5.7 s; 999 ms: at least 1; more than the upper bound.
    for (interval, fall, expected) in [("1900ms", 3, 5), ("333ms", 3, 1), ("100ms", 1, 1), ("1h", 3, 60)] {
        assert_eq!(ttl(&world(interval, fall)), expected, "{interval} {fall}");
    }
}

#[test]
fn section_5_min_ttl_defaults_to_half_of_the_upper_bound_rounded_down() {
    for (bound, expected) in [(60, 30), (61, 30), (7, 3), (2, 1), (1, 1)] {
        assert_eq!(ttl(&bounded(bound, "?1", "")), expected, "{bound}");
    }
}

#[test]
fn section_5_min_ttl_above_the_upper_bound_is_a_defect() {
    bounded(60, "u1", "min_ttl = 61").refused("`min_ttl` is above the TTL of www.example.com. A");
    assert_eq!(ttl(&bounded(60, "?1", "min_ttl = 60")), 60);
}

#[test]
fn section_5_every_candidate_looked_at_counts_and_no_other() {
    let cases = [
        // Up to the healthy one.
        (["u1", "d1"], 30),
        (["d1", "u1"], 20),
        (["d1 d1", "u1"], 20),
        // The members of a healthy one that are not given count, too.
        (["u1 d1", "u1"], 20),
        (["u1 ?1", "u1"], 1),
        // All of them where all are down.
        (["d1", "d1"], 20),
        // Admin state not auto: such a member cannot flip by a probe.
        (["D1", "u1"], 30),
        (["F1", "u1"], 30),
        (["U1", "d1"], 60),
        (["D1", "U1"], 60),
        (["F1", "F1"], 60),
    ];
    for (pools, expected) in cases {
        assert_eq!(ttl(&World::of_pools(&pools, "min_ttl = 1")), expected, "{pools:?}");
    }
}

#[test]
fn section_5_only_the_asked_family_counts() {
    let world = World::of_pools(&["u1", "u1"], "min_ttl = 1").observed("A0", Some(Family::V6), None, up(2));
    let server = world.serve();
    assert_eq!((server.ask("www A").ttl, server.ask("www AAAA").ttl), (30, 10));
}

#[test]
fn section_5_members_without_a_monitor_do_not_flip() {
    let world = World::new().pool("A", "# no monitor", "u1").pool("B", "", "u1");
    assert_eq!(ttl(&world.rule("name = \"www\"\npools = [\"A\", \"B\"]\nmin_ttl = 1")), 60);
}

#[test]
fn section_5_all_down_answers_use_the_same_rule_over_all_candidates() {
    for (all_down, given) in [("\"all\"", "A0"), ("\"default\"", "default"), ("{ pool = \"C\" }", "C0")] {
        let fast = "[monitor.fast]\nprobe = { tcp = {} }\nport = 80\ninterval = \"1s\"";
        let world = World::new().settings(fast).pool("A", "", "d1").pool("B", "", "d1").pool(
            "C",
            "monitor = \"fast\"",
            "d1",
        );
        let world = world
            .rule(&format!("name = \"www\"\npools = [\"A\", \"B\"]\nmin_ttl = 1\nall_down = {all_down}"));
        // B's member is the soonest of the candidates; C, which is none, would be sooner.
        let reply = world.observed("B0", None, None, down(1)).serve().ask("www A");
        assert_eq!((reply.said.as_str(), reply.ttl), (given, 10), "{all_down}");
    }
}

#[test]
fn section_5_explain_says_why() {
    let cases = [
        ("u1", "min_ttl = 1", TtlBound::SoonestFlip, "flip then"),
        ("u1", "min_ttl = 40", TtlBound::Minimum, "min_ttl"),
        ("U1", "", TtlBound::NothingFlips, "no member that was looked at can flip by a probe"),
    ];
    for (members, keys, bound, words) in cases {
        let explanation = World::of_pools(&[members], keys).serve().explain("www A");
        let ttl = explanation.ttl.unwrap();
        assert_eq!(ttl.reason, TtlReason::Steered(bound), "{members}");
        assert!(
            ttl.reason.sentence().contains(words) && meridian::explain::render(&explanation).contains(words)
        );
    }
    let explanation = bounded(20, "u1", "").serve().explain("www A");
    assert_eq!(explanation.ttl.unwrap().reason, TtlReason::Steered(TtlBound::Maximum));
}

#[test]
fn section_5_a_planned_change_lets_the_ttl_shrink_beforehand() {
    let world = World::of_pools(&["d1", "u1", "u1"], "min_ttl = 10");
    // Seconds until the change, and the TTL: below `min_ttl` where it has to be.
    for (seconds, expected) in [(3600, 20), (20, 20), (15, 15), (3, 3), (0, 1)] {
        assert_eq!(ttl(&world.clone().planned("A", seconds)), expected, "{seconds}");
        assert_eq!(ttl(&world.clone().planned("B", seconds)), expected, "{seconds}");
        assert_eq!(ttl(&world.clone().planned("C", seconds)), 20, "not looked at");
    }
}

#[test]
fn section_5_the_ttl_moves_without_a_new_generation_and_a_flip_makes_a_new_cell() {
    let server = World::of_pools(&["u1"], "min_ttl = 1").serve();
    let cell = |snapshot: &meridian::snapshot::Snapshot, seconds: u32| {
        let rule = &snapshot.configuration.rules[0];
        snapshot.pool(rule.pools[0].pool, Content::V4).soonest_flip.store(seconds, Ordering::Relaxed);
    };
    for seconds in [24, 16, 8] {
        cell(&server.snapshot, seconds);
        assert_eq!(server.ask("www A").ttl, seconds);
    }
    // It flips: the next generation says so; the old one goes on with its last, lowest value.
    let pool = server.snapshot.configuration.rules[0].pools[0].pool;
    let down = |_| TargetHealth { state: State::Down, soonest_flip: 20 };
    let next = server.snapshot.with_pools(2, &[(pool, Content::V4)], &|_, _| Stand::default(), &down);
    cell(&next, 40);
    assert_eq!(server.ask("www A").ttl, 8);
}
