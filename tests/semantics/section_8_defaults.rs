//! §8: what holds where nothing is written, and where monitors and pools may stand.

use std::time::Duration;

use meridian::health::Hysteresis;
use meridian::steer::{AllDown, Empty, HashPrefix, MinHealthy, Pick, PoolState, Require, Turnover};

use crate::harness::{World, monitor_named};

/// One probe of this kind, one member, one rule; with these further keys of the monitor.
fn minimal(probe: &str, keys: &str) -> World {
    World::new()
        .maps("[site.fra]\n[site.iad]\n[map.world]\ndefault = [\"fra\"]\n[map.world.network]\n\"3.0.0.0/8\" = []")
        .settings(&format!("[monitor.t]\nprobe = {probe}\n{keys}"))
        .settings("[pool.A]\nsite = \"fra\"\nmonitor = \"t\"\nmembers = [{ name = \"m0\", address = \"198.51.0.1\" }]")
        .member_at("A0", ["198.51.0.1", "2001:db8:51::1"])
        .settings("[pool.B]\nsite = \"iad\"\nmonitor = \"t\"\nmembers = [{ name = \"m0\", address = \"198.51.1.1\" }]")
        .member_at("B0", ["198.51.1.1", "2001:db8:51:1::1"])
        .rule("name = \"www\"\ntypes = [\"A\"]\nmap = \"world\"\npools = [\"A\", \"B\"]")
}

#[test]
fn section_8_monitors() {
    let loaded = minimal("{ http = {} }", "").load().unwrap();
    let monitor = monitor_named(&loaded.configuration, "t");
    assert_eq!((monitor.interval, monitor.timeout), (Duration::from_secs(10), Duration::from_secs(5)));
    assert_eq!(monitor.hysteresis, Hysteresis { rise: 2, fall: 3, forgive: None });
}

#[test]
fn section_8_timeout_is_the_smaller_of_half_the_interval_and_5_s() {
    for (interval, timeout) in [("10s", 5000), ("4s", 2000), ("1m", 5000), ("500ms", 250), ("9s", 4500)] {
        let loaded = minimal("{ http = {} }", &format!("interval = \"{interval}\"")).load().unwrap();
        let found = monitor_named(&loaded.configuration, "t").timeout;
        assert_eq!(found, Duration::from_millis(timeout), "{interval}");
    }
}

#[test]
fn section_8_the_port_goes_by_the_probe() {
    for (probe, port) in [("{ http = {} }", 80), ("{ https = {} }", 443)] {
        let loaded = minimal(probe, "").load().unwrap();
        assert_eq!(monitor_named(&loaded.configuration, "t").port, port, "{probe}");
    }
    minimal("{ tcp = {} }", "").refused("a TCP monitor needs a port");
}

#[test]
fn section_8_pools_rules_and_maps() {
    let loaded = minimal("{ http = {} }", "").load().unwrap();
    let configuration = &loaded.configuration;
    let (pool, rule) = (&configuration.pools[0], &configuration.rules[0]);
    assert_eq!(
        (pool.pick, pool.min_healthy, &pool.answers[..]),
        (Pick::Weighted, MinHealthy::Count(1), &[1][..])
    );
    assert_eq!((pool.members[0].weight, pool.members[0].require), (1, Require::All));
    assert_eq!(pool.turnover, Turnover::default(), "no panic limit, no manual resume");
    assert_eq!(pool.hash_prefix, HashPrefix { ipv4: 24, ipv6: 48 });
    assert_eq!((rule.all_down, rule.empty), (AllDown::All, Empty::Default));
    assert!(configuration.maps[0].ecs);
    assert_eq!(loaded.settings.state_max_age, Duration::from_secs(300));
    let all = World::new().pool("A", "pick = \"all\"", "u1").rule("name = \"www\"\npools = [\"A\"]");
    assert_eq!(all.load().unwrap().configuration.pools[0].answers, [8]);
}

#[test]
fn section_8_what_a_minimal_configuration_answers_and_explains() {
    let server = minimal("{ http = {} }", "").serve();
    let explanation = server.explain("www A subnet=8.8.8.0/24");
    let text = meridian::explain::render(&explanation);
    for words in ["pick weighted", "weight 1 ", "min_ttl 30, default RRset 60"] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    let steering = explanation.steering.unwrap();
    let candidates = &steering.candidates;
    assert_eq!(candidates.len(), 2, "fence = false: the pool that the map does not list stands behind");
    assert!(candidates.iter().all(|candidate| candidate.state == PoolState::Healthy), "one member is enough");
    assert_eq!(explanation.client.subnet.map(|subnet| subnet.length), Some(24));
    let reply = server.ask("www A from=3.0.0.1 subnet=8.8.8.0/24");
    assert_eq!((reply.said.as_str(), reply.scope), ("A0", explanation.scope.length.into()), "ecs = true");
    assert_eq!(server.said("www A from=3.0.0.1"), "default", "empty = \"default\"");
    let down = crate::harness::down(0);
    let dead = minimal("{ http = {} }", "").observed("A0", None, None, down).observed("B0", None, None, down);
    assert_eq!(dead.serve().said("www A"), "A0", "all_down = \"all\"");
}

/// A main file that takes in `pools/*.toml`.
const INCLUDING: &str = "include = [\"pools/*.toml\"]\n[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n\
                         [geo]\nmaps = \"geoip/maps.toml\"\ndatabases = [\"geoip/places.mmdb\"]\n";
const SHARED: &str = "[monitor.shared]\nprobe = { http = {} }\n\
                      [pool.S]\nmonitor = \"shared\"\nmembers = [{ name = \"m0\", address = \"198.51.9.1\" }]\n";

fn sharing(settings: &str) -> World {
    let world = World::new().file("meridian.toml", INCLUDING).file("pools/shared.toml", SHARED);
    world.settings(settings).member_at("S0", ["198.51.9.1", "2001:db8:51:9::1"])
}

#[test]
fn section_8_monitors_and_pools_stand_in_included_files_or_beside_a_zone() {
    let world =
        sharing("[pool.own]\nmonitor = \"shared\"\nmembers = [{ name = \"m0\", address = \"198.51.8.1\" }]");
    let world = world.member_at("own0", ["198.51.8.1", "2001:db8:51:8::1"]);
    let world = world.records("own 60 A 192.0.2.1").rule("name = \"own\"\npools = [\"own\", \"S\"]");
    let server = world.rule("name = \"www\"\ntypes = [\"A\"]\npools = [\"S\"]").serve();
    assert_eq!((server.said("www A"), server.said("own A")), ("S0".into(), "own0".into()));
}

#[test]
fn section_8_one_name_in_both_is_a_defect() {
    sharing("[monitor.shared]\nprobe = { http = {} }").refused("the monitor `shared` is defined twice");
    let again = "[pool.S]\nmembers = [{ name = \"m0\", address = \"198.51.9.2\" }]";
    sharing(again).refused("the pool `S` is defined twice");
}

#[test]
fn section_8_one_probe_for_each_target_and_content_however_many_pools_use_it() {
    let member = "members = [{ name = \"m0\", address = \"198.51.0.1\" }]";
    let world = World::new()
        .settings("[monitor.one]\nprobe = { http = {} }\n[monitor.two]\nprobe = { http = {} }\nport = 80\ninterval = \"10s\"")
        .settings(&format!("[pool.A]\nmonitor = \"one\"\n{member}\n[pool.B]\nmonitor = \"two\"\n{member}"))
        .settings("[monitor.other]\nprobe = { http = {} }\nport = 8080")
        .settings(&format!("[pool.C]\nmonitor = [\"one\", \"other\"]\n{member}"))
        .rule("name = \"www\"\ntypes = [\"A\"]\npools = [\"A\", \"B\", \"C\"]");
    let configuration = world.load().unwrap().configuration;
    let one = configuration
        .targets
        .iter()
        .filter(|target| configuration.monitors[target.monitor].monitor.port == 80);
    let one: Vec<_> = one.collect();
    assert_eq!((one.len(), configuration.targets.len()), (1, 2));
    // Shown under every name.
    assert_eq!(configuration.monitors[one[0].monitor].names, ["one", "two"]);
    let pools: Vec<u32> = one[0].users.iter().map(|(pool, _)| pool.0).collect();
    assert_eq!(pools, [0, 1, 2]);
}
