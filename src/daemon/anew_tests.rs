//! However a model came to where it is, it publishes what a compilation from nothing makes of the same health.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use crate::config::{self, Files, Mode, report};
use crate::health::TargetId;
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{Content, PoolAnswers, PoolId, PoolState, Sets, TargetHealth};

use super::act::Act;
use super::model::Model;
use super::standings_tests::verdict;

/// Five pools of the same members and two of the same pools, told apart by their names, and one of each sort that is
/// compiled otherwise; all hold member `a`.
const STEERING: &str = r#"
[monitor.m]
probe = { tcp = {} }
port = 80
interval = "4s"
rise = 1
fall = 2

[pool.weighted]
monitor = "m"
members = [
  { name = "a", address = ["192.0.2.1", "2001:db8::1"], weight = 3 },
  { name = "b", address = "192.0.2.2", group = "rack" },
  { name = "c", address = "192.0.2.3", group = "rack" },
  { name = "d", address = "192.0.2.4", weight = 0 },
]

[pool.hashed]
monitor = "m"
pick = "hash"
members = [
  { name = "a", address = ["192.0.2.1", "2001:db8::1"] },
  { name = "b", address = "192.0.2.2", group = "rack", weight = 2 },
  { name = "c", address = "192.0.2.3", group = "rack", weight = 3 },
  { name = "d", address = "192.0.2.4", weight = 0 },
]

[pool.timed]
monitor = "m"
manual_resume = true
slow_start = "32s"
members = [
  { name = "a", address = ["192.0.2.1", "2001:db8::1"] },
  { name = "c", address = "192.0.2.3", schedule = [{ zone = "UTC", from = "00:02", to = "00:03", weight = 2 }] },
]

[pool.outer-0]
pools = ["alike-0", { pool = "hashed", weight = 2 }, "timed"]

[pool.outer-1]
pools = ["alike-0", { pool = "hashed", weight = 2 }, "timed"]

[[steer]]
name = "www"
answers = 2
pools = ["weighted", "hashed", "outer-0", "outer-1"]

[[steer]]
name = "mail"
pools = ["hashed", "weighted", "timed", "alike-0", "alike-1", "alike-2", "alike-3", "alike-4"]
"#;

const ALIKE: &str = r#"
monitor = "m"
pick = "all"
members = [
  { name = "a", address = ["192.0.2.1", "2001:db8::1"] },
  { name = "b", address = "192.0.2.2" },
]
"#;

/// Four addresses of IPv4 and one of IPv6.
const TARGETS: usize = 5;

fn configuration() -> Arc<Configuration> {
    let main = "[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n".to_owned();
    let zone = "$TTL 60\n@ SOA ns host 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n\
                www A 192.0.2.1\nwww AAAA 2001:db8::1\nwww HTTPS 1 . ipv4hint=192.0.2.1 ipv6hint=2001:db8::1\n\
                mail A 192.0.2.1\nmail AAAA 2001:db8::1\n"
        .to_owned();
    let alike: String = (0..5).map(|number| format!("[pool.alike-{number}]{ALIKE}")).collect();
    let files =
        [("meridian.toml", main), ("zones/example.zone", zone), ("zones/example.toml", alike + STEERING)];
    let files = files.map(|(path, text)| (PathBuf::from(path), text.into_bytes()));
    let files = Files::Memory(BTreeMap::from(files));
    match config::load(&files, Path::new("meridian.toml"), Mode::Start, None) {
        Ok(loaded) => Arc::new(loaded.configuration),
        Err(faults) => panic!("{}", report::for_people(&faults, false)),
    }
}

/// What a compilation from nothing makes of the health that a model knows, with its pools as they stand.
fn compiled_anew(model: &Model) -> Snapshot {
    let published = model.published();
    let configuration = Arc::clone(&published.configuration);
    let known = model.known();
    let health = |id: TargetId| {
        let record = &known[&configuration.targets[id.0 as usize].key];
        TargetHealth::of(&record.tracker, configuration.monitor_of(id))
    };
    let stand = |id, content| published.pool(id, content).stand();
    Snapshot::of_standing(published.generation, Arc::clone(&configuration), &stand, &health)
}

/// All that queries see of what a pool can answer.
fn seen(answers: &PoolAnswers) -> (PoolState, [u32; 2], &[Sets]) {
    let cells = [&answers.soonest_flip, &answers.planned_change].map(|cell| cell.load(Ordering::Relaxed));
    (answers.state, cells, &answers.sets)
}

fn check(model: &Model) -> Result<(), TestCaseError> {
    let (published, anew) = (model.published(), compiled_anew(model));
    for (number, pool) in (0..).zip(&published.configuration.pools) {
        for content in Content::ALL {
            let [published, anew] =
                [published, &anew].map(|snapshot| seen(snapshot.pool(PoolId(number), content)));
            // Sets are long.
            prop_assert!(published == anew, "{} {:?}", pool.name, content);
        }
    }
    Ok(())
}

/// A change as a test draws it.
#[derive(Debug, Clone)]
enum Step {
    Verdict(usize, bool),
    /// So many seconds later.
    Later(u64),
    /// Member `a` is resumed where it awaits it.
    Resume,
    Publish,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..TARGETS, any::<bool>()).prop_map(|(target, pass)| Step::Verdict(target, pass)),
        2 => (0u64..40).prop_map(Step::Later),
        1 => Just(Step::Resume),
        4 => Just(Step::Publish),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_steps_lead_to_is_what_is_compiled_from_nothing(
        steps in prop::collection::vec(step(), 1..24),
    ) {
        let configuration = configuration();
        prop_assert_eq!(configuration.targets.len(), TARGETS);
        let mut at = 100;
        let mut model = Model::new(Arc::clone(&configuration), &HashMap::new(), &[], at);
        for step in steps {
            match step {
                Step::Verdict(target, pass) => verdict(&mut model, &configuration, target, pass, at),
                Step::Later(seconds) => {
                    at += seconds;
                    model.advance(at);
                }
                Step::Resume => {
                    let (pool, member) = ("timed".to_owned(), "a".to_owned());
                    let _ = model.act(&Act::Resume { pool, member });
                }
                Step::Publish => {
                    let _ = model.next();
                    check(&model)?;
                }
            }
        }
        let _ = model.next();
        check(&model)?;
    }
}

/// One compilation for all that are alike: ten thousand names with a pool each cost a flip little more than one.
#[test]
fn pools_that_are_alike_share_what_is_compiled_through_every_flip() {
    /// Past the hour in which a weight changes.
    const NOTHING_PLANNED: u64 = 1000;
    let configuration = configuration();
    let mut model = Model::new(Arc::clone(&configuration), &HashMap::new(), &[], NOTHING_PLANNED);
    let compiled = |model: &Model, name: &str, content| {
        let pools =
            (0..).map(PoolId).zip(&configuration.pools).filter(|(_, pool)| pool.name.starts_with(name));
        let answers: BTreeSet<*const PoolAnswers> =
            pools.map(|(id, _)| std::ptr::from_ref(model.published().pool(id, content))).collect();
        answers
    };
    // One of those with members is asked for more, and two members have two orders.
    for (name, content, most) in [
        ("alike", Content::V4, 3),
        ("alike", Content::V6, 3),
        ("outer", Content::V4, 1),
        ("outer", Content::V6, 1),
    ] {
        let mut before = compiled(&model, name, content);
        assert!(before.len() <= most, "{name} {content:?}");
        for passes in [true, false, false, true] {
            (0..TARGETS)
                .for_each(|target| verdict(&mut model, &configuration, target, passes, NOTHING_PLANNED));
            let flipped = model.next().is_some();
            let now = compiled(&model, name, content);
            assert_eq!(now.len(), before.len());
            assert_eq!(now != before, flipped);
            before = now;
        }
    }
}
