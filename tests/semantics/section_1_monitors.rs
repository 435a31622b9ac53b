//! §1: what several monitors of a member make together, and monitors that look elsewhere or do not count.

use meridian::health::Tracker;

use crate::harness::{World, down, up};

/// Pool A with monitors `x`, `y` and `z` in these states (u, d, ?), each with fewer probes to its flip than the one before,
/// behind it B; the keys are those of the pool.
fn monitored(keys: &str, states: &str) -> World {
    let names = ["x", "y", "z"];
    let world = names.iter().zip([30, 20, 10]).fold(World::new(), |world, (name, seconds)| {
        world.settings(&format!("[monitor.{name}]\nprobe = {{ tcp = {{}} }}\nport = 80\ninterval = \"{seconds}s\"\nrise = 1\nfall = 1"))
    });
    let world = world.pool("A", &format!("monitor = [\"x\", \"y\", \"z\"]\n{keys}"), "u1").pool(
        "B",
        "# no monitor",
        "u1",
    );
    let world = world.rule("name = \"www\"\npools = [\"A\", \"B\"]\nmin_ttl = 1");
    names.iter().zip(states.split(' ')).fold(world, |world, (name, state)| {
        let tracker = match state {
            "u" => up(0),
            "d" => down(0),
            _ => Tracker::new(),
        };
        world.observed("A0", None, Some(name), tracker)
    })
}

#[test]
fn section_1_several_monitors_vote() {
    let cases = [
        ("", "u u u", "A0"),
        ("", "u u d", "B0"),
        ("require = \"all\"", "u u u", "A0"),
        ("require = \"all\"", "d u u", "B0"),
        ("require = \"any\"", "d d u", "A0"),
        ("require = \"any\"", "d d d", "B0"),
        ("require = 2", "u d u", "A0"),
        ("require = 2", "u d d", "B0"),
    ];
    for (require, states, expected) in cases {
        assert_eq!(monitored(require, states).serve().said("www A"), expected, "{require} of {states}");
    }
}

#[test]
fn section_1_the_soonest_flip_is_the_minimum_over_the_voting_monitors() {
    assert_eq!(monitored("", "u u u").serve().ask("www A").ttl, 10);
    assert_eq!(monitored("", "u u ?").serve().ask("www A").ttl, 1, "unknown: 0");
}

#[test]
fn section_1_a_monitor_without_a_vote_does_not_count() {
    // x and y vote, z does not: whatever it says, and however soon it flips.
    for (require, states, expected) in [
        ("", "u u d", "A0"),
        ("", "u u ?", "A0"),
        ("", "d u u", "B0"),
        ("require = \"any\"", "d d u", "B0"),
        ("require = 2", "u d u", "B0"),
    ] {
        let world = monitored(require, states);
        let server = world.without_a_vote("z").serve();
        assert_eq!(server.said("www A"), expected, "{require} of {states}");
    }
    assert_eq!(monitored("", "u u u").without_a_vote("z").serve().ask("www A").ttl, 20);
    // But it is shown.
    let explanation = monitored("", "u u d").without_a_vote("z").load().unwrap();
    let configuration = &explanation.configuration;
    let probed =
        configuration.targets.iter().filter(|target| configuration.monitors[target.monitor].names == ["z"]);
    assert_eq!(probed.count(), 2, "of both families");
}

#[test]
fn section_1_a_target_lets_a_monitor_look_elsewhere() {
    let world = |tracker: Tracker| {
        World::new()
            .settings(
                "[monitor.t]\nprobe = { tcp = {} }\nport = 80\ninterval = \"10s\"\ntarget = \"203.0.113.9\"",
            )
            .pool("A", "monitor = \"t\"", "d1 d1")
            .pool("B", "", "u1")
            .rule("name = \"www\"\npools = [\"A\", \"B\"]\nanswers = 2\nmin_ttl = 1")
            .observed("203.0.113.9", None, None, tracker)
    };
    // All members stand and fall with it, in both families, and it is probed once.
    let server = world(up(1)).serve();
    for question in ["www A", "www AAAA"] {
        let reply = server.ask(question);
        assert_eq!((reply.said.split(' ').count(), reply.ttl), (2, 20), "{question}");
    }
    assert_eq!(world(down(0)).serve().said("www A"), "B0");
    let configuration = world(up(0)).load().unwrap().configuration;
    let targets = configuration.targets.iter().map(|target| target.key.address.to_string());
    assert_eq!(targets.filter(|address| address == "203.0.113.9").count(), 1);
}
