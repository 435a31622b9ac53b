//! The states of health up to a number of lost sites and of failures, of which only those are looked at that can differ.
//!
//! The search starts with everything up and goes on, from each state, to those with one more thing down of what the
//! choice looked at there. That misses nothing: let D be any state within the budget. From "everything up" the search
//! goes, as long as D has something down that the choice looks at and that is up still, to a state with it down, and so
//! ends at some E within D in which everything that the choice looks at is as it is in D. A choice is a function of
//! what it looks at, so D's is E's. Smaller states come first, so a counter-example is as small as any.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::net::IpAddr;

use super::Stop;
use super::scene::{Outcome, Scene};
use crate::geo::{ClassId, SiteId};
use crate::health::TargetId;
use crate::steer::Given;

/// What is down; everything else is up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct HealthVector {
    /// Lost sites: every target of their members is down.
    pub sites: BTreeSet<SiteId>,
    /// Failures beside that.
    pub failures: BTreeSet<Failure>,
}

/// One failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// An address that is probed: down under each of its monitors.
    Address(IpAddr),
    /// One address under one monitor.
    Target(TargetId),
}

/// How much may be down at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Sites.
    pub(super) sites: u8,
    /// Failures.
    pub(super) failures: u8,
}

/// The first state within the budget in which `judge` finds something, and that. Each answer that is looked at counts
/// in `answers`.
pub(super) fn search<T>(
    scene: &Scene<'_>,
    class: ClassId,
    budget: Budget,
    answers: &mut u64,
    judge: impl Fn(&Outcome<'_>, &HealthVector) -> Option<T>,
) -> Result<Option<(HealthVector, T)>, Stop> {
    let mut seen = HashSet::from([HealthVector::default()]);
    let mut waiting = VecDeque::from([HealthVector::default()]);
    while let Some(state) = waiting.pop_front() {
        *answers += 1;
        scene.scenery.spend(1)?;
        let (found, next) = scene
            .outcome(class, &state, |outcome| (judge(outcome, &state), next(scene, outcome, &state, budget)));
        if let Some(found) = found {
            return Ok(Some((state, found)));
        }
        for state in next {
            if seen.insert(state.clone()) {
                waiting.push_back(state);
            }
        }
    }
    Ok(None)
}

/// The states with one more thing down of what was looked at.
fn next(scene: &Scene<'_>, outcome: &Outcome<'_>, state: &HealthVector, budget: Budget) -> Vec<HealthVector> {
    let mut next = Vec::new();
    if state.sites.len() < usize::from(budget.sites) {
        next.extend(sites(scene, outcome).into_iter().map(|site| {
            let mut more = state.clone();
            more.sites.insert(site);
            more
        }));
    }
    if state.failures.len() < usize::from(budget.failures) {
        let asked = outcome.asked.iter();
        let failures = asked.flat_map(|&pool| scene.scenery.failures_of(pool, scene.rule.content));
        next.extend(failures.map(|failure| {
            let mut more = state.clone();
            more.failures.insert(failure);
            more
        }));
    }
    next.retain(|more| more != state);
    next
}

/// The sites that an outcome has to do with: of the pools looked at, and of the default RRset's addresses.
fn sites(scene: &Scene<'_>, outcome: &Outcome<'_>) -> BTreeSet<SiteId> {
    let asked = outcome.asked.iter().filter_map(|&pool| scene.scenery.pool(pool).site);
    let default = match outcome.choice.given {
        Given::DefaultRrset => scene.default.as_slice(),
        _ => &[],
    };
    asked.chain(default.iter().flat_map(|&address| scene.scenery.sites_of(address))).collect()
}
