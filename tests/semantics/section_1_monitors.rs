//! §1: what several monitors of a member make together.

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
