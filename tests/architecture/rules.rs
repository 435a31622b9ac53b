//! What must hold (design.md §4): the layer table, the doors, and the absences of the lower layers.

use std::collections::BTreeMap;

use crate::scan::Names;

/// Layer and top-level module, lowest first. ARCHITECTURE.md holds the same table.
pub const LAYERS: [(u8, &str); 16] = [
    (0, "fault"),
    (0, "wire"),
    (1, "zone"),
    (1, "geo"),
    (1, "health"),
    (1, "schedule"),
    (2, "steer"),
    (2, "snapshot"),
    (3, "answer"),
    (3, "explain"),
    (4, "config"),
    (5, "server"),
    (5, "probe"),
    (5, "admin"),
    (6, "daemon"),
    (6, "cli"),
];

/// (user, used) of one layer: the command line stands on top and starts the daemon.
const SAME_LAYER: [(&str, &str); 3] = [("snapshot", "steer"), ("explain", "answer"), ("cli", "daemon")];

/// Each dependency with the only modules that name it. ARCHITECTURE.md holds the same table.
pub const DOORS: [(&str, &[&str]); 33] = [
    ("anstream", &["cli"]),
    ("annotate_snippets", &["config::report"]),
    ("anyhow", &["cli"]),
    ("arc_swap", &["snapshot::store"]),
    ("axum", &["admin"]),
    ("clap", &["cli"]),
    ("comfy_table", &["cli"]),
    ("domain", &["zone::rdata"]),
    ("foldhash", &["geo::database"]),
    ("getrandom", &["server", "cli::cookie_secrets"]),
    ("hickory_proto", &["server::control"]),
    ("hickory_server", &["server::control"]),
    ("jiff", &["schedule::zone"]),
    ("libc", &["server::socket"]),
    ("libm", &["geo::distance"]),
    ("maxminddb", &["geo::mmdb"]),
    ("nix", &["server::privilege", "server::descriptors", "config::bind::account"]),
    ("pcap_parser", &["cli::replay::capture::pcap"]),
    ("prometheus_client", &["admin::metrics"]),
    ("reqwest", &["probe::http"]),
    ("rustls", &["probe"]),
    ("rustls_native_certs", &["probe::tls"]),
    ("sd_notify", &["daemon"]),
    // maxminddb decodes records through serde; nothing of it leaves that module.
    ("serde", &["config", "admin", "cli", "geo::mmdb"]),
    ("serde_json", &["config", "admin", "cli"]),
    ("siphasher", &["steer", "health", "probe::grid"]),
    ("strsim", &["config", "zone"]),
    ("thiserror", ANYWHERE),
    ("tokio", &["server", "probe", "admin", "daemon"]),
    ("toml", &["config::document"]),
    ("tor_geoip_db", &["geo::builtin"]),
    ("tracing", &["server", "probe", "admin", "daemon", "cli"]),
    ("tracing_subscriber", &["cli"]),
];

/// The modules of a dependency that every module may name.
const ANYWHERE: &[&str] = &[""];

/// The highest layer without async, clock, randomness, input, output and logging.
const HIGHEST_PURE_LAYER: u8 = 3;

/// What the pure layers do not name (beside the doors above).
const IMPURE_PATHS: [&str; 13] = [
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];
const IMPURE_WORDS: [&str; 2] = ["async", "await"];
const IMPURE_MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// The only module with `unsafe`.
const UNSAFE_DOOR: &str = "server::socket";

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["utils", "util", "common", "helpers", "helper", "types", "misc", "shared"];

/// Everything that one module breaks, as sentences.
pub fn violations(module: &str, names: &Names) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(
        EMPTY_NAMES
            .iter()
            .filter(|name| module.split("::").any(|part| part == **name))
            .map(|name| format!("{module}: a module named `{name}` says nothing")),
    );
    for path in &names.paths {
        found.extend(layer_violation(module, path));
        found.extend(door_violation(module, path));
    }
    if names.words.iter().any(|word| word == "unsafe") && !within(module, UNSAFE_DOOR) {
        found.push(format!("{module}: `unsafe` stands only in {UNSAFE_DOOR}"));
    }
    if layer_of(module).is_some_and(|layer| layer <= HIGHEST_PURE_LAYER) {
        found.extend(impurities(module, names));
    }
    found.sort();
    found.dedup();
    found
}

fn layer_violation(module: &str, path: &[String]) -> Option<String> {
    let [root, used, ..] = path else { return None };
    let user = module.split("::").next()?;
    let (from, to) = (layer_of(user)?, layer_of(used)?);
    let allowed = user == used || to < from || SAME_LAYER.contains(&(user, used.as_str()));
    (root == "crate" && !allowed)
        .then(|| format!("{module} (layer {from}) uses {} (layer {to})", path.join("::")))
}

fn door_violation(module: &str, path: &[String]) -> Option<String> {
    let (name, doors) = DOORS.iter().find(|(name, _)| path[0] == *name)?;
    let open = doors.iter().any(|door| door.is_empty() || within(module, door));
    (!open).then(|| format!("{module} names {name}; its door is {}", doors.join(", ")))
}

/// Doors that no module goes through, as sentences: a door that is not needed is closed.
pub fn unused_doors(modules: &BTreeMap<String, Names>) -> Vec<String> {
    let doors = DOORS.iter().flat_map(|(name, doors)| doors.iter().map(move |door| (*name, *door)));
    doors
        .filter(|(name, door)| {
            let inside = modules.iter().filter(|(module, _)| door.is_empty() || within(module, door));
            !inside.flat_map(|(_, names)| &names.paths).any(|path| path[0] == *name)
        })
        .map(|(name, door)| format!("nothing in {door} names {name}: close that door"))
        .collect()
}

fn impurities(module: &str, names: &Names) -> Vec<String> {
    let paths = names.paths.iter().map(|path| path.join("::")).filter(|path| {
        IMPURE_PATHS.iter().any(|impure| {
            within(path, impure) || path.strip_suffix('*').is_some_and(|glob| impure.starts_with(glob))
        })
    });
    let words = names.words.iter().filter(|word| IMPURE_WORDS.contains(&word.as_str())).cloned();
    let macros = names
        .macros
        .iter()
        .filter(|name| IMPURE_MACROS.contains(&name.as_str()))
        .map(|name| format!("{name}!"));
    paths
        .chain(words)
        .chain(macros)
        .map(|what| format!("{module}: `{what}` in a layer without input, output, clock and async"))
        .collect()
}

/// The layer of a module by its top-level name.
pub fn layer_of(module: &str) -> Option<u8> {
    let top = module.split("::").next()?;
    LAYERS.iter().find(|(_, name)| *name == top).map(|(layer, _)| *layer)
}

/// Whether a dependency (as written in Cargo.toml) has its doors in the table.
pub fn has_door(dependency: &str) -> bool {
    let name = dependency.replace('-', "_");
    DOORS.iter().any(|(known, _)| *known == name)
}

fn within(path: &str, prefix: &str) -> bool {
    path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::scan;

    /// What planted source in a module is found to break; the fragments must stand in the sentences, in order.
    fn check(module: &str, source: &str, expected: &[&str]) {
        let segments: Vec<String> = module.split("::").map(String::from).collect();
        let found = violations(module, &scan(&segments, source));
        assert_eq!(found.len(), expected.len(), "{module}: {source}: {found:?}");
        for (sentence, fragment) in found.iter().zip(expected) {
            assert!(sentence.contains(fragment), "{sentence:?} lacks {fragment:?}");
        }
    }

    #[test]
    fn lower_layers_are_free_and_higher_ones_are_not() {
        check("answer::render", "use crate::zone::Zone; use crate::wire;", &[]);
        check(
            "zone",
            "use crate::snapshot::Store;",
            &["zone (layer 1) uses crate::snapshot::Store (layer 2)"],
        );
        check("zone::node", "fn f() { super::super::config::load() }", &["crate::config::load"]);
    }

    #[test]
    fn one_layer_does_not_use_itself_but_for_the_named_pairs() {
        check("probe", "use crate::admin::Status;", &["probe (layer 5) uses crate::admin"]);
        check("zone", "use crate::geo;", &["zone (layer 1) uses crate::geo"]);
        check("snapshot", "use crate::steer::Pool;", &[]);
        check("steer", "use crate::snapshot::Store;", &["steer (layer 2)"]);
        check("explain", "use crate::answer::decide;", &[]);
        check("answer", "use crate::explain::Plan;", &["answer (layer 3)"]);
    }

    #[test]
    fn doors_are_kept() {
        check("zone::rdata::scan", "use domain::base::Name;", &[]);
        check("zone::master", "fn f() { domain::base::x() }", &["its door is zone::rdata"]);
        check("server::udp", "use libc::recvmmsg;", &["its door is server::socket"]);
        check("zone", "use serde::Deserialize;", &["names serde"]);
    }

    #[test]
    fn doors_that_nobody_uses_are_found() {
        let source = "use axum::Router; use clap::Parser;";
        let modules = BTreeMap::from([("cli::serve".to_string(), scan(&["cli".to_string()], source))]);
        let found = unused_doors(&modules);
        assert!(found.contains(&"nothing in admin names axum: close that door".to_string()), "{found:?}");
        assert!(!found.iter().any(|sentence| sentence.contains("clap")), "{found:?}");
    }

    #[test]
    fn unsafe_stands_in_one_module() {
        check("server::socket", "fn f() { unsafe { g() } }", &[]);
        check("server::udp", "fn f() { unsafe { g() } }", &["`unsafe` stands only in server::socket"]);
    }

    #[test]
    fn pure_layers_have_no_clock_no_output_no_async() {
        check("server", "use std::time::Instant; async fn f() { println!(); }", &[]);
        for (source, what) in [
            ("use std::time::{Duration, Instant};", "std::time::Instant"),
            ("use std::time; fn f() { time::SystemTime::now(); }", "std::time::SystemTime::now"),
            ("fn f() { std::fs::read(p); }", "std::fs::read"),
            ("use std::net::*;", "std::net::*"),
            ("fn f() { println!(); }", "println!"),
            ("async fn f() {}", "async"),
        ] {
            check("steer::choose", source, &[what]);
        }
        check("steer", "use tracing::info;", &["names tracing"]);
        check("geo", "use std::net::IpAddr; use std::time::Duration;", &[]);
    }

    #[test]
    fn empty_names_are_refused() {
        check("zone::utils", "", &["`utils` says nothing"]);
    }
}
