//! Sources for the tests of this module.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::control::{Reply, Request};
use super::{Counters, LastLoad, Sources, Untaken, UntakenDatabase, gather};
use crate::answer::Tally;
use crate::config::{self, Files, Mode, report};
use crate::health::{LastVerdict, Record, State, TargetKey, Tracker, Verdict};
use crate::snapshot::{Configuration, Recorded, Snapshot};

/// 2026-11-20T05:31:46Z.
pub(super) const STARTED: u64 = 1_795_152_706;

const MAIN: &str = "[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n";
const ZONE: &str = "\
    @ 60 IN SOA ns hostmaster 7 1h 1h 1h 1h\n\
    @ 60 IN NS ns\n\
    ns 60 IN A 192.0.2.53\n\
    www 60 IN A 192.0.2.1\n\
    api 60 IN A 192.0.2.1\n";
const STEERING: &str = r#"
[monitor.web]
probe = { tcp = {} }
port = 80
[pool.near]
monitor = "web"
min_healthy = 2
members = [{ name = "a", address = "192.0.2.1" }, { name = "b", address = "192.0.2.2" }]
[pool.far]
members = [{ name = "c", address = ["192.0.2.3", "2001:db8::3"], admin = "drained" }]
[[steer]]
name = "www"
pools = ["near", "far"]
[[steer]]
name = "api"
pools = ["far"]
all_down = "default"
"#;

/// A server without zones, pools and traffic, in generation 7.
pub(super) fn empty() -> Sources {
    sources(Configuration::default(), HashMap::new())
}

/// A server with the pools `near` (a monitored, b monitored) and `far` (c drained), of whose members those named are
/// down since [`STARTED`] and the others up.
pub(super) fn with_members_down(down: &[&str]) -> Sources {
    let configuration = configuration(MAIN, None);
    let mut records = HashMap::new();
    for pool in &configuration.pools {
        for member in &pool.members {
            let is_down = down.contains(&member.name.as_str());
            for target in member.targets.iter().flatten() {
                records.insert(configuration.targets[target.0 as usize].key, record(is_down));
            }
        }
    }
    sources(configuration, records)
}

fn record(is_down: bool) -> Record {
    let (state, verdict) = match is_down {
        true => (State::Down, Verdict::Fail("connection refused".to_owned())),
        false => (State::Up, Verdict::Pass { microseconds: 1_234 }),
    };
    Record {
        tracker: Tracker { state, passes: 0, failures: 0 },
        since: STARTED,
        last: Some(LastVerdict { verdict, at: STARTED + 5 }),
    }
}

/// A server that was started while neither of its two databases, `a.mmdb` and `b.mmdb`, was there.
pub(super) fn without_its_databases() -> Sources {
    let main = format!("{MAIN}[geo]\ndatabases = [\"a.mmdb\", \"b.mmdb\"]\n");
    sources(configuration(&main, None), HashMap::new())
}

/// A server with the database `a.mmdb`, of whose file this is not taken.
pub(super) fn with_a_database(untaken: Option<Untaken>) -> Sources {
    let main = format!("{MAIN}[geo]\ndatabases = [\"a.mmdb\"]\n");
    let database = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files/country.mmdb");
    let database = ("a.mmdb", std::fs::read(database).unwrap());
    let untaken = untaken.map(|why| UntakenDatabase { path: "a.mmdb".to_owned(), why, since: STARTED });
    let untaken: Vec<UntakenDatabase> = untaken.into_iter().collect();
    let sources = sources(configuration(&main, Some(database)), HashMap::new());
    Sources { untaken: Box::new(move || untaken.clone()), ..sources }
}

fn configuration(main: &str, further: Option<(&str, Vec<u8>)>) -> Configuration {
    let texts =
        [("meridian.toml", main), ("zones/example.com.zone", ZONE), ("zones/example.com.toml", STEERING)];
    let files = texts.map(|(path, text)| (path, text.as_bytes().to_vec())).into_iter().chain(further);
    let files = Files::Memory(files.map(|(path, octets)| (PathBuf::from(path), octets)).collect());
    match config::load(&files, Path::new("meridian.toml"), Mode::Start, None) {
        Ok(loaded) => loaded.configuration,
        Err(faults) => panic!("{}", report::for_people(&faults, false)),
    }
}

fn sources(configuration: Configuration, records: HashMap<TargetKey, Record>) -> Sources {
    let configuration = Arc::new(configuration);
    let health = gather::health_in(&configuration, &records);
    let snapshot = Arc::new(Snapshot::new(7, Arc::clone(&configuration), &health));
    drop(health);
    let recorded = Recorded { snapshot, records };
    Sources {
        recorded: Box::new(move || recorded.clone()),
        last_load: Box::new(|| LastLoad { at: STARTED, taken: true, faults: Vec::new() }),
        tallies: vec![Arc::new(Tally::default()), Arc::new(Tally::default())],
        counters: Box::new(Counters::default),
        limiting: Box::new(|| None),
        ready: Box::new(|| true),
        untaken: Box::new(Vec::new),
        control: Box::new(|request| match request {
            Request::Resume { pool, .. } if pool == "unknown" => Err(format!("there is no pool {pool}")),
            Request::PanicAccept { .. } => Err("no member is suspect in any pool".to_owned()),
            Request::Resume { pool, member } => Ok(Reply::text(format!("{pool}/{member}\n"))),
            _ => Err("only `resume` is answered here".to_owned()),
        }),
        started: STARTED,
    }
}
