//! §1: verdicts become health, for each (member, family, monitor), and when that can flip at the soonest.
//!
//! The grid of the probes is held by `probe::grid`'s tests, the first round and the saved table by the running server's
//! (`tests/integration`: restart, failures, reloads).

use meridian::config::Loaded;
use meridian::explain::Explanation;
use meridian::health::{Record, TargetKey};
use meridian::health::{State, Tracker, Verdict, saved};
use meridian::steer::Reason;
use meridian::wire::Family;

use crate::harness::{World, down, monitor_named, up};

/// A monitor with these keys.
fn loaded(keys: &str) -> Loaded {
    let world = World::new().settings(&format!("[monitor.t]\nprobe = {{ tcp = {{}} }}\nport = 80\n{keys}"));
    let world = world.pool("A", "monitor = \"t\"", "u1").rule("name = \"www\"\npools = [\"A\"]");
    world.load().unwrap()
}

fn verdict(letter: &str) -> Verdict {
    match letter {
        "P" => Verdict::Pass { microseconds: 1 },
        "F" => Verdict::Fail("refused".to_owned()),
        "A" => Verdict::Abstain("out of descriptors".to_owned()),
        _ => panic!("{letter:?} is no verdict"),
    }
}

/// What stands after each verdict (P, F, A for abstain), with seconds to the soonest flip.
fn check(monitor: &str, start: State, verdicts: &str, expected: &str) {
    let loaded = loaded(monitor);
    let monitor = monitor_named(&loaded.configuration, "t");
    let mut tracker = Tracker { state: start, passes: 0, failures: 0 };
    let seen = verdicts.split(' ').map(|letter| {
        tracker.observe(&monitor.hysteresis, &verdict(letter));
        format!("{}{}", tracker.state, tracker.soonest_flip_seconds(monitor))
    });
    assert_eq!(seen.collect::<Vec<_>>().join(" "), expected, "{verdicts} from {start}");
}

const VECTOR: &str = "rise = 3\nfall = 3\nforgive = 2\ninterval = \"8s\"";
const VERDICTS: &str = "P F P F P P F F F P P F P P P";
const EXPECTED: &str = "up24 up16 up16 up8 up8 up24 up16 up8 down24 down16 down8 down24 down16 down8 up24";

#[test]
fn section_1_soonest_flip_vector() {
    check(VECTOR, State::Up, VERDICTS, EXPECTED);
}

#[test]
fn section_1_soonest_flip_vector_is_what_resolvers_are_told() {
    let mut tracker = up(0);
    for (letter, expected) in VERDICTS.split(' ').zip(EXPECTED.split(' ')) {
        let world =
            World::new().settings(&format!("[monitor.t]\nprobe = {{ tcp = {{}} }}\nport = 80\n{VECTOR}"));
        let world =
            world.pool("A", "monitor = \"t\"", "u1").rule("name = \"www\"\npools = [\"A\"]\nmin_ttl = 1");
        let loaded = world.load().unwrap();
        let monitor = monitor_named(&loaded.configuration, "t");
        tracker.observe(&monitor.hysteresis, &verdict(letter));
        let reply = world.observed("A0", None, None, tracker).serve().ask("www A");
        assert_eq!(format!("{}{}", tracker.state, reply.ttl), expected);
    }
}

#[test]
fn section_1_transitions() {
    let plain = "rise = 2\nfall = 3";
    let cases = [
        // down + pass: passes in a row are counted; at `rise` → up.
        (plain, State::Down, "P P", "down10 up30"),
        // down + fail: the count returns to 0.
        (plain, State::Down, "P F P P", "down10 down20 down10 up30"),
        // up + fail: failures are counted; at `fall` → down.
        (plain, State::Up, "F F F", "up20 up10 down20"),
        // Without `forgive` a pass clears them.
        (plain, State::Up, "F F P F F F", "up20 up10 up30 up20 up10 down20"),
        // With `forgive = n` isolated failures add up …
        ("fall = 3\nforgive = 2", State::Up, "F P F P F", "up20 up20 up10 up10 down20"),
        // … and only n passes in a row clear them.
        ("fall = 3\nforgive = 2", State::Up, "F F P P F", "up20 up10 up10 up30 up20"),
        // Abstain changes and counts nothing.
        (plain, State::Up, "F A F A F", "up20 up20 up10 up10 down20"),
        (plain, State::Down, "P A P", "down10 down10 up30"),
        (plain, State::Unknown, "A A", "unknown0 unknown0"),
        // A first verdict is the state.
        (plain, State::Unknown, "P", "up30"),
        (plain, State::Unknown, "F", "down20"),
    ];
    for (monitor, start, verdicts, expected) in cases {
        check(monitor, start, verdicts, expected);
    }
}

#[test]
fn section_1_health_is_kept_for_each_family() {
    let world = World::of_pools(&["u1", "u1"], "min_ttl = 1");
    let both = world.serve();
    assert_eq!((both.said("www A"), both.said("www AAAA")), ("A0".into(), "A0".into()));
    let server = world.observed("A0", Some(Family::V4), None, down(0)).serve();
    assert_eq!((server.said("www A"), server.said("www AAAA")), ("B0".into(), "A0".into()));
}

#[test]
fn section_1_unknown_members_are_eligible_only_while_none_is_known_to_be_up() {
    // Whom a pool gives of these members; B stands behind it.
    let cases = [
        ("?1 ?1", "A0 A1"),
        ("?1 u1", "A1"),
        ("?1 d1", "A0"),
        ("?1 U1", "A1"),
        ("?1 D1 F1", "A0"),
        // One of weight 0 counts as known; such a pool is degraded.
        ("?1 u0", "B0"),
        ("d1 d1", "B0"),
    ];
    for (members, expected) in cases {
        let server = World::of_pools(&[members, "u1"], "answers = 2").serve();
        assert_eq!(sorted(&server.said("www A")), expected, "{members}");
    }
}

/// Words in order.
fn sorted(words: &str) -> String {
    let mut words: Vec<&str> = words.split(' ').collect();
    words.sort_unstable();
    words.join(" ")
}

#[test]
fn section_1_before_the_first_verdict_the_ttl_is_min_ttl() {
    let server = World::of_pools(&["?1"], "min_ttl = 7").serve();
    assert_eq!(server.ask("www A").ttl, 7);
    assert_eq!(World::of_pools(&["?1"], "").serve().ask("www A").ttl, 30, "half of the upper bound");
}

#[test]
fn section_1_static_names_answer_at_once() {
    let server = World::of_pools(&["?1"], "").serve();
    let reply = server.ask("ns1 A");
    assert_eq!((reply.said.as_str(), reply.ttl), ("192.0.2.53", 300));
}

#[test]
fn section_1_a_member_without_a_monitor_counts_as_up() {
    let server = World::new()
        .pool("A", "# no monitor", "d1")
        .pool("B", "", "u1")
        .rule("name = \"www\"\npools = [\"A\", \"B\"]")
        .serve();
    assert_eq!(server.said("www A"), "A0");
    assert_eq!(reason(&server.explain("www A")), Reason::Healthy);
}

fn reason(explanation: &Explanation) -> Reason {
    explanation.steering.as_ref().unwrap().reason
}

#[test]
fn section_1_the_health_table_is_versioned_checked_and_not_older_than_allowed() {
    let key = TargetKey { monitor: 7, address: "192.0.2.10".parse().unwrap() };
    let record = Record { tracker: down(1), ..Record::new(900) };
    let text = saved::encode([(&key, &record)], &[], 1000);
    let read = |text: &str, now| saved::decode(text.as_bytes(), now, 300).map(|saved| saved.records);
    assert_eq!(read(&text, 1300).unwrap(), [(key, record)]);
    assert!(read(&text, 1301).is_err(), "older than state_max_age");
    assert!(read(&text.replacen("meridian-health", "meridian-wealth", 1), 1000).is_err(), "another version");
    assert!(read(&text[..text.len() - 9], 1000).is_err(), "cut short");
    assert!(read(&text.replace("192.0.2.10", "192.0.2.11"), 1000).is_err(), "altered");
}

#[test]
fn section_1_the_first_round_of_probes_ends_after_5_s() {
    assert_eq!(meridian::probe::FIRST_ROUND_DEADLINE, std::time::Duration::from_secs(5));
}
