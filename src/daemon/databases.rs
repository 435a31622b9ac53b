//! Geo databases whose files are replaced while the server runs: taken without a reload, or held back.
//!
//! | the file | what becomes of it |
//! |---|---|
//! | is being written (its size, time or inode moves from one look to the next) | looked at again later |
//! | holds what is served | nothing; if it was held back before, no longer |
//! | is bad, or has shrunk | refused, with a warning; what is served goes on |
//! | moves more clients of a name than `max_change`, or breaks an assertion that holds | held back, with a warning, until an operator accepts it or it is replaced |
//! | otherwise | taken: maps are compiled anew, the next generation is published, a copy is kept |
//!
//! Nothing else of the files is read: an operator may be in the middle of writing them. A reload goes through the same
//! gate for the databases (`reload`).

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::admin::{HeldDatabase, Objection};
use crate::config::{self, Assertions, HeldBack, Swap};
use crate::explain::plan::{self, Options, Weighing};
use crate::server;
use crate::snapshot::{Configuration, Limit};

use super::model::{Change, Load};
use super::{Running, keep_copies, plan as comparison, unix_now};

/// How often the files are looked at. One that looks the same twice is not being written.
const LOOK: Duration = Duration::from_secs(2);

/// What is held back, and what may do that.
pub(super) struct Gate {
    held: Mutex<BTreeMap<String, HeldDatabase>>,
    /// Those of the files that were taken last.
    assertions: Mutex<Assertions>,
    /// Held by whoever loads something: one at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl Gate {
    /// A gate that holds back nothing yet.
    pub(super) fn new(assertions: Assertions) -> Gate {
        Gate {
            held: Mutex::default(),
            assertions: Mutex::new(assertions),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Other files were taken, with these assertions. Called with the turn.
    pub(super) fn assert(&self, assertions: Assertions) {
        *self.assertions.lock().unwrap_or_else(PoisonError::into_inner) = assertions;
    }

    /// The databases that are held back, by path.
    pub(super) fn held(&self) -> Vec<HeldDatabase> {
        self.lock().values().cloned().collect()
    }

    /// The digests of their octets.
    pub(super) fn digests(&self) -> HeldBack {
        self.lock().values().map(|held| held.digest).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, HeldDatabase>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a file looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Looks {
    size: u64,
    /// When its octets were changed: seconds, nanoseconds.
    modified: (i64, i64),
    /// When anything about it was changed, in seconds; nobody can set this one back.
    changed: i64,
    inode: u64,
}

/// Watches the files of the served databases for as long as the server runs.
pub(super) async fn watch(running: Arc<Running>) {
    let mut watched = Watched::from_the_start(&running).await;
    loop {
        tokio::time::sleep(LOOK).await;
        let served = Arc::clone(&running.keeper.store().load_full().configuration);
        if !served.geo_gate.watch {
            watched = Watched::default();
            continue;
        }
        let looks = looks_of_all(&running, served).await;
        for path in watched.vanished(&looks) {
            tracing::warn!("the geo database {path} cannot be found any more; what was served goes on");
        }
        let due = watched.due(looks);
        if due.is_empty() {
            continue;
        }
        let _turn = running.gate.turn.lock().await;
        let examining = Arc::clone(&running);
        // One that panics has told so in the log; what is served goes on.
        let _ = tokio::task::spawn_blocking(move || examine(&examining, &due)).await;
    }
}

/// What the files looked like.
#[derive(Default)]
struct Watched {
    /// At the last look.
    last: HashMap<String, Looks>,
    /// When they were examined.
    examined: HashMap<String, Looks>,
}

impl Watched {
    /// What the files look like that were loaded at the start: they need not be examined, unless they were changed meanwhile, or
    /// a gate keeps what was served before until they are.
    async fn from_the_start(running: &Arc<Running>) -> Watched {
        let served = Arc::clone(&running.keeper.store().load_full().configuration);
        let is_gated = served.geo_gate.max_change.is_some();
        let mut examined = looks_of_all(running, served).await;
        examined.retain(|_, looks| !is_gated && looks.changed < running.began.cast_signed());
        Watched { last: HashMap::new(), examined }
    }

    /// The paths of files that were there at the last look and are not now.
    fn vanished(&self, looks: &HashMap<String, Looks>) -> Vec<String> {
        self.last.keys().filter(|path| !looks.contains_key(*path)).cloned().collect()
    }

    /// The paths of files that have changed since they were examined and not since the last look.
    fn due(&mut self, looks: HashMap<String, Looks>) -> Vec<String> {
        let is_due = |(path, looks): &(&String, &Looks)| {
            self.last.get(*path) == Some(looks) && self.examined.get(*path) != Some(looks)
        };
        let due: Vec<String> = looks.iter().filter(is_due).map(|(path, _)| path.clone()).collect();
        self.examined.extend(due.iter().map(|path| (path.clone(), looks[path])));
        self.last = looks;
        due
    }
}

async fn looks_of_all(running: &Arc<Running>, served: Arc<Configuration>) -> HashMap<String, Looks> {
    let running = Arc::clone(running);
    tokio::task::spawn_blocking(move || look_at_all(&running, &served)).await.unwrap_or_default()
}

fn look_at_all(running: &Running, served: &Configuration) -> HashMap<String, Looks> {
    let folder = running.service.main.parent().unwrap_or(Path::new(""));
    let looks = |path: &String| {
        let metadata = std::fs::metadata(running.service.files.resolve(&folder.join(path))).ok()?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        let looks =
            Looks { size: metadata.size(), modified, changed: metadata.ctime(), inode: metadata.ino() };
        Some((path.clone(), looks))
    };
    served.geo.iter().filter_map(|source| looks(source.path.as_ref()?)).collect()
}

/// Who judges a change of a database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// The gate, where there is one.
    ByTheGate,
    /// An operator, who accepts it.
    Accepted,
}

/// Takes the files at these paths, or holds them back. The generation that has them, where any were taken. Takes its time;
/// called with the turn.
pub(super) fn examine(running: &Running, paths: &[String]) -> Option<u64> {
    let served = running.keeper.store().load_full();
    let swap = config::swap_databases(
        &running.service.files,
        &running.service.main,
        running.settings.state_dir.as_deref(),
        &served.configuration,
        paths,
    );
    drop(served);
    for (path, why) in &swap.refused {
        tracing::warn!("the geo database {path} is not taken: {why}; what was served goes on");
    }
    for path in &swap.unchanged {
        if running.gate.lock().remove(path).is_some() {
            tracing::info!("the geo database {path} is what is served again: nothing is held back any more");
        }
    }
    let generation = take_or_hold(running, swap, Judged::ByTheGate);
    server::release_free_memory();
    generation
}

fn take_or_hold(running: &Running, swap: Swap, judged: Judged) -> Option<u64> {
    let Swap { configuration, changed, copies, .. } = swap;
    let configuration = configuration?;
    if judged == Judged::ByTheGate
        && let Some(why) = objection(running, &configuration)
    {
        hold(running, &changed, &why);
        return None;
    }
    keep_copies(&copies);
    drop(copies);
    let load = Load { configuration: Arc::new(configuration), learned: Vec::new(), at: unix_now() };
    let keeper = running.keeper.handle();
    let generation = keeper.send(Change::Load(load)).and_then(|()| keeper.published());
    let paths: Vec<&str> = changed.iter().map(|(path, _)| path.as_str()).collect();
    paths.iter().for_each(|&path| drop(running.gate.lock().remove(path)));
    match generation {
        Ok(generation) => {
            tracing::info!(generation, "geo data taken from {}", paths.join(", "));
            Some(generation)
        }
        // The keeper is gone; the daemon ends for it.
        Err(_) => None,
    }
}

/// What speaks against taking a configuration with other databases.
fn objection(running: &Running, configuration: &Configuration) -> Option<Objection> {
    let change = |limit: Limit| {
        let share = excess(running, configuration, limit)?;
        Some(Objection::Change { share, max_change: limit.to_string() })
    };
    let broken = || {
        let served = running.keeper.store().load_full();
        let assertions = running.gate.assertions.lock().unwrap_or_else(PoisonError::into_inner);
        assertions.broken_by(&served.configuration, configuration).map(Objection::Assertion)
    };
    configuration.geo_gate.max_change.and_then(change).or_else(broken)
}

/// The share of clients that get something else from a configuration, in words, where it is above the limit.
fn excess(running: &Running, configuration: &Configuration, limit: Limit) -> Option<String> {
    let new = comparison::with_health_of_now(running, configuration.clone()).ok()?;
    let served = running.keeper.store().load_full();
    let options = Options { weighing: Weighing::Addresses, top: 0 };
    let plan = plan::compare(&served, &new, &options);
    plan.exceeds(limit).then(|| plan.largest_change().to_string())
}

fn hold(running: &Running, changed: &[(String, u64)], why: &Objection) {
    let words = match why {
        Objection::Change { share, max_change } => format!(
            "it would give {share} of the clients of a name something else, and max_change is {max_change}"
        ),
        Objection::Assertion(assertion) => format!("the assertion {assertion}"),
    };
    for (path, digest) in changed {
        let held = HeldDatabase { path: path.clone(), digest: *digest, why: why.clone(), since: unix_now() };
        let before = running.gate.lock().insert(path.clone(), held);
        if before.is_none_or(|before| before.digest != *digest) {
            tracing::warn!(
                "the geo database {path} is held back: {words}; `meridian plan --running` says whom it moves, `meridian \
                 geo accept` takes it"
            );
        }
    }
}

/// Takes what is held back in spite of the gate: that of one path, or all. What was done, as a text.
pub(super) fn accept(running: &Running, path: Option<&str>) -> Result<String, String> {
    let _turn = running.gate.turn.blocking_lock();
    let held = running.gate.held();
    let paths: Vec<String> = held.into_iter().map(|held| held.path).collect();
    let paths: Vec<String> = match path {
        None => paths,
        Some(path) if paths.iter().any(|held| held == path) => vec![path.to_owned()],
        Some(path) => return Err(format!("the geo database {path} is not held back")),
    };
    if paths.is_empty() {
        return Err("no geo database is held back".to_owned());
    }
    let expected = running.gate.digests();
    let swap = config::swap_databases(
        &running.service.files,
        &running.service.main,
        running.settings.state_dir.as_deref(),
        &running.keeper.store().load_full().configuration,
        &paths,
    );
    if let Some((path, why)) = swap.refused.first() {
        return Err(format!("the geo database {path} cannot be taken: {why}"));
    }
    if let Some((path, _)) = swap.changed.iter().find(|(_, digest)| !expected.contains(digest)) {
        return Err(format!(
            "the geo database {path} is not any more what was held back: wait until it has been looked at"
        ));
    }
    match take_or_hold(running, swap, Judged::Accepted) {
        Some(generation) => Ok(format!("taken in generation {generation}: {}\n", paths.join(", "))),
        None => Err("nothing was taken: the files hold what is served".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_due_once_it_looks_the_same_twice_and_only_once() {
        let mut watched = Watched::default();
        let looks =
            |size| HashMap::from([("a".to_owned(), Looks { size, modified: (0, 0), changed: 0, inode: 7 })]);
        let mut due = |looks| {
            let gone = watched.vanished(&looks);
            assert_eq!(gone.len(), usize::from(!watched.last.is_empty() && looks.is_empty()));
            !watched.due(looks).is_empty()
        };
        // At the beginning it is examined, too: it may have changed while the server started.
        assert!(!due(looks(1)));
        assert!(due(looks(1)));
        assert!(!due(looks(1)));
        // It is being written.
        assert!(!due(looks(2)));
        assert!(!due(looks(3)));
        assert!(due(looks(3)));
        assert!(!due(looks(3)));
        // It is gone, and comes back as it was.
        assert!(!due(HashMap::new()));
        assert!(!due(looks(3)));
        assert!(!due(looks(3)));
    }
}
