//! Geo databases whose files are replaced while the server runs: taken without a reload, or held back.
//!
//! | the file | what becomes of it |
//! |---|---|
//! | is being written (its size, time or inode moves from one look to the next) | looked at again later |
//! | holds what is served | nothing; if it was refused or held back before, no longer |
//! | is missing or bad, or has shrunk | refused, with a warning; what is served goes on |
//! | moves more clients of a name than `max_change`, or breaks an assertion that holds | held back, with a warning, until an operator accepts it or it is replaced |
//! | otherwise | taken: maps are compiled anew, the next generation is published, a copy is kept |
//!
//! Nothing else of the files is read: an operator may be in the middle of writing them. A reload goes through the same
//! gate for the databases (`reload`). What is refused or held back shows in status and metrics until the file holds what is
//! served ([`Gate`]).

mod gate;
mod watch;

pub(super) use gate::Gate;
pub(super) use watch::watch;

use std::sync::{Arc, PoisonError};

use crate::admin::{Objection, Untaken};
use crate::config::{self, Swap};
use crate::explain::plan::{self, Options, Weighing};
use crate::server;
use crate::snapshot::{Configuration, Limit};

use super::model::{Change, Load};
use super::{Running, keep_copies, plan as comparison, unix_now};

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
        running.gate.remember(path, Untaken::Refused(why.clone()), unix_now());
    }
    for path in &swap.unchanged {
        if running.gate.clear(path) {
            tracing::info!("the geo database {path} holds what is served again");
        }
    }
    let generation = take_or_hold(running, swap, Judged::ByTheGate);
    server::release_free_memory();
    generation
}

/// Examines the files again that were not taken, after other files were taken than those by which they were judged. Called
/// with the turn.
pub(super) fn examine_untaken(running: &Running) {
    running.gate.forget_all_but(&running.keeper.store().load_full().configuration);
    let paths: Vec<String> = running.gate.untaken().into_iter().map(|database| database.path).collect();
    if !paths.is_empty() {
        examine(running, &paths);
    }
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
    for path in &paths {
        running.gate.clear(path);
    }
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
    let recorded = running.keeper.handle().recorded().ok()?;
    let new = comparison::with_health_of(&recorded, configuration.clone());
    let options = Options { weighing: Weighing::Addresses, top: 0 };
    let plan = plan::compare(&recorded.snapshot, &new, &options);
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
        let why = Untaken::HeldBack { digest: *digest, why: why.clone() };
        if running.gate.remember(path, why, unix_now()) {
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
    let held = running.gate.held_paths();
    let paths = match path {
        None => held,
        Some(path) if held.iter().any(|held| held == path) => vec![path.to_owned()],
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
