//! The published generation always equals a sequential replay, however changes are batched and raced.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use crate::config::{self, Files, Mode};
use crate::explain::{Basis, Health};
use crate::health::{TargetKey, Verdict};
use crate::snapshot::{Configuration, Recorded, Snapshot};
use crate::steer::{Content, PoolId, PoolSet};

use super::act::Act;
use super::keeper::Keeper;
use super::model::{Change, Load, Model, Report};

/// The loads that the tests go through: each has a serial of its own, some drain a member, some lack a pool.
const LOADS: u32 = 4;

/// Weights that change each minute or so, and an end of a drain.
const SCHEDULE: &str = ", admin = { state = \"drained\", until = \"1970-01-01T00:05:00Z\" }, schedule = [\
    { zone = \"UTC\", from = \"00:02\", to = \"00:03\", weight = 2 }, { zone = \"UTC\", to = \"00:06\", weight = 7 }]";

/// How members of pool one come and go after each of the loads.
const TURNOVERS: [&str; LOADS as usize] =
    ["manual_resume = true\n", "slow_start = \"32s\"\n", "", "manual_resume = true\nslow_start = \"9s\"\n"];

/// Of the loads: three members under one monitor, in two pools that share two of them.
fn configurations(turnovers: [&str; LOADS as usize]) -> Vec<Arc<Configuration>> {
    (0..LOADS).zip(turnovers).map(|(number, turnover)| configuration(number, turnover)).collect()
}

fn configuration(number: u32, turnover: &str) -> Arc<Configuration> {
    let main = "[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n";
    let zone = format!(
        "$TTL 60\n@ SOA ns host {number} 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\napi A 192.0.2.2\n"
    );
    let admin = if number % 2 == 1 { ", admin = \"drained\"" } else { SCHEDULE };
    let mut steering = format!(
        "[monitor.m]\nprobe = {{ tcp = {{}} }}\nport = 80\ninterval = \"4s\"\nrise = 2\nfall = 3\n\
         [pool.one]\nmonitor = \"m\"\n{turnover}members = [\n{{ name = \"a\", address = \"192.0.2.1\", weight = 3 }},\n\
         {{ name = \"b\", address = \"192.0.2.2\"{admin} }},\n]\n\
         [[steer]]\nname = \"www\"\npools = [\"one\"]\n"
    );
    if number % 3 != 2 {
        steering.push_str(
            "[pool.two]\nmonitor = \"m\"\nmembers = [\n{ name = \"b\", address = \"192.0.2.2\" },\n\
             { name = \"c\", address = \"192.0.2.3\" },\n]\n[[steer]]\nname = \"api\"\npools = [\"two\", \"one\"]\n",
        );
    }
    let files =
        [("meridian.toml", main.to_owned()), ("zones/example.zone", zone), ("zones/example.toml", steering)];
    let files = files.map(|(path, text)| (PathBuf::from(path), text.into_bytes()));
    let loaded =
        config::load(&Files::Memory(BTreeMap::from(files)), Path::new("meridian.toml"), Mode::Start, None);
    match loaded {
        Ok(loaded) => Arc::new(loaded.configuration),
        Err(faults) => panic!("{faults:?}"),
    }
}

/// The targets that any of the configurations has.
fn keys(configurations: &[Arc<Configuration>]) -> Vec<TargetKey> {
    let mut keys: Vec<_> =
        configurations.iter().flat_map(|loaded| &loaded.targets).map(|target| target.key).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Everything that queries can see of a generation but its number.
fn seen(snapshot: &Snapshot) -> Vec<String> {
    let variants = |set: &Option<PoolSet>| Some(set.as_ref()?.answers()?.variants());
    let mut seen: Vec<_> = snapshot.zones.iter().map(|zone| format!("serial {}", zone.serial())).collect();
    for (index, pool) in snapshot.configuration.pools.iter().enumerate() {
        for content in Content::ALL {
            let answers = snapshot.pool(PoolId(index as u32), content);
            let flip = answers.soonest_flip.load(Ordering::Relaxed);
            let planned = answers.planned_change.load(Ordering::Relaxed);
            let standing = snapshot.standing(PoolId(index as u32), content);
            let sets: Vec<_> = answers
                .sets
                .iter()
                .map(|sets| (variants(&sets.eligible), variants(&sets.undrained), variants(&sets.drained)))
                .collect();
            let state = answers.state;
            seen.push(format!("{} {content:?} {state:?} {flip} {planned} {sets:?} {standing:?}", pool.name));
        }
    }
    seen
}

/// A change as a test draws it.
#[derive(Debug, Clone)]
enum Step {
    Verdict(usize, bool),
    Load(u32),
    /// So many seconds later.
    Later(u64),
    /// A member of pool one is resumed.
    Resume(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0usize..3, any::<bool>()).prop_map(|(target, pass)| Step::Verdict(target, pass)),
        1 => (0..LOADS).prop_map(Step::Load),
        3 => (0u64..40).prop_map(Step::Later),
        1 => (0usize..2).prop_map(Step::Resume),
    ]
}

fn report(key: TargetKey, pass: bool, at: u64) -> Report {
    let verdict = if pass { Verdict::Pass { microseconds: 1 } } else { Verdict::Fail("no".to_owned()) };
    Report { key, verdict, at }
}

/// Takes a step at a moment.
fn take(model: &mut Model, step: &Step, at: u64, keys: &[TargetKey], configurations: &[Arc<Configuration>]) {
    match *step {
        Step::Verdict(target, pass) => drop(model.take(Change::Verdict(report(keys[target], pass, at)))),
        Step::Load(number) => drop(model.take(Change::Load(Load {
            configuration: Arc::clone(&configurations[number as usize]),
            learned: vec![report(keys[2], true, at)],
            at,
        }))),
        Step::Later(_) => model.advance(at),
        Step::Resume(member) => {
            let member = ["a", "b"][member].to_owned();
            let _ = model.act(&Act::Resume { pool: "one".to_owned(), member });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However many changes one generation takes in, it equals the one that a replay in single steps ends with.
    #[test]
    fn batches_end_where_single_steps_end(
        steps in prop::collection::vec((step(), any::<bool>()), 1..60),
    ) {
        let configurations = configurations(TURNOVERS);
        let keys = keys(&configurations);
        let first = Arc::clone(&configurations[0]);
        let mut batched = Model::new(Arc::clone(&first), &HashMap::new(), &[], 100);
        let mut single = Model::new(first, &HashMap::new(), &[], 100);
        let mut at = 100;
        for (step, publish) in &steps {
            let before = batched.published().generation;
            at += if let Step::Later(seconds) = step { *seconds } else { 0 };
            take(&mut batched, step, at, &keys, &configurations);
            take(&mut single, step, at, &keys, &configurations);
            let _ = single.next();
            if *publish {
                let made = batched.next().is_some();
                prop_assert_eq!(batched.published().generation, before + u64::from(made));
                prop_assert_eq!(seen(batched.published()), seen(single.published()));
            }
        }
        let _ = batched.next();
        prop_assert_eq!(seen(batched.published()), seen(single.published()));
        prop_assert_eq!(batched.known(), single.known());
        prop_assert_eq!(batched.held(), single.held());
    }
}

/// Holds pool two, as it is shown, against one that is compiled from the records beside it; whether there is one.
fn shows_what_its_records_make(recorded: &Recorded) -> bool {
    let configuration = &recorded.snapshot.configuration;
    let Some(number) = configuration.pools.iter().position(|pool| pool.name == "two") else { return false };
    let health = Health::recorded(Basis::Observed { generation: 0 }, &recorded.records, 100);
    let health = |target| health.of(configuration, target);
    let made = Snapshot::new(0, Arc::clone(configuration), &health);
    let shown = |snapshot: &Snapshot| {
        let answers = snapshot.pool(PoolId(number as u32), Content::V4);
        let sets = answers.sets.iter().map(|sets| Some(sets.eligible.as_ref()?.answers()?.variants()));
        format!("{:?} {:?}", answers.state, sets.collect::<Vec<_>>())
    };
    assert_eq!(shown(&recorded.snapshot), shown(&made));
    true
}

/// Verdicts from several threads, loads from another, readers in between. Each target's verdicts come from one thread
/// and loads from one, so that the end is the same for every interleaving, and a replay one after the other finds it.
#[test]
fn racing_verdicts_and_loads_end_where_a_replay_ends() {
    // What is held against members depends on whether a flip comes before a load or after it.
    let configurations = configurations([""; LOADS as usize]);
    let keys: Vec<_> = keys(&configurations).into_iter().take(2).collect();
    let rounds = 3_000usize;
    // In runs that are long enough for a flip, and others.
    let passes = |target: usize, round: usize| !(round / 4 + target).is_multiple_of(3) && round * 7 % 11 != 1;
    let order: Vec<u32> = (0..40).map(|turn| turn % LOADS).collect();

    let keeper = Keeper::start(
        Model::new(Arc::clone(&configurations[0]), &HashMap::new(), &[], 100),
        || Duration::from_secs(100),
        |_, _| {},
    )
    .unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = (0, 0);
            while !stop.load(Ordering::Relaxed) {
                let snapshot = keeper.store().load_full();
                let loads = snapshot.configuration.zones[0].zone.serial();
                assert!(snapshot.generation >= last.0, "a generation came back");
                last = (snapshot.generation, loads);
                assert_eq!(snapshot.zones.iter().next().unwrap().serial(), loads, "zones of another load");
            }
            last.0
        });
        let onlooker = scope.spawn(|| {
            let mut shown = 0;
            while !stop.load(Ordering::Relaxed) {
                shown += usize::from(shows_what_its_records_make(&keeper.handle().recorded().unwrap()));
            }
            shown
        });
        let writers: Vec<_> = (0..keys.len())
            .map(|target| {
                let (handle, keys) = (keeper.handle(), &keys);
                scope.spawn(move || {
                    for round in 0..rounds {
                        handle
                            .send(Change::Verdict(report(keys[target], passes(target, round), 100)))
                            .unwrap();
                        if round % 100 == 0 {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                    }
                })
            })
            .collect();
        for &number in &order {
            let load = Load {
                configuration: Arc::clone(&configurations[number as usize]),
                learned: vec![],
                at: 100,
            };
            keeper.handle().send(Change::Load(load)).unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let generation = keeper.handle().published().unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() <= generation);
        assert!(onlooker.join().unwrap() > 0, "the pool was never there");
    });

    let mut replay = Model::new(Arc::clone(&configurations[0]), &HashMap::new(), &[], 100);
    for &number in &order {
        let configuration = Arc::clone(&configurations[number as usize]);
        replay.take(Change::Load(Load { configuration, learned: vec![], at: 100 }));
    }
    for (target, &key) in keys.iter().enumerate() {
        for round in 0..rounds {
            replay.take(Change::Verdict(report(key, passes(target, round), 100)));
        }
    }
    let _ = replay.next();
    assert_eq!(seen(&keeper.store().load_full()), seen(replay.published()));
}

/// A replaced generation is freed by the keeper, without traffic and without further changes.
#[test]
fn replaced_generations_are_freed_without_traffic() {
    let configurations = configurations(TURNOVERS);
    let keeper = Keeper::start(
        Model::new(Arc::clone(&configurations[0]), &HashMap::new(), &[], 100),
        || Duration::from_secs(100),
        |_, _| {},
    )
    .unwrap();
    let held = keeper.store().load_full();
    let old = Arc::downgrade(&held);
    let load = Load { configuration: Arc::clone(&configurations[1]), learned: vec![], at: 100 };
    keeper.handle().send(Change::Load(load)).unwrap();
    keeper.handle().published().unwrap();
    assert!(old.upgrade().is_some(), "a reader still holds it");
    drop(held);
    let freed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        old.upgrade().is_none()
    });
    assert!(freed, "the keeper sweeps once a second");
}
