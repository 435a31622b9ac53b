//! One log line for every transition and generation of note, and their counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::admin;
use crate::health::{State, TargetKey, Verdict};
use crate::probe;
use crate::snapshot::Configuration;

use super::model::Event;

/// What is logged and counted of health and loads.
pub(super) struct HealthLog {
    /// The words for each target: its monitors' names and where it is a member.
    labels: Mutex<HashMap<TargetKey, String>>,
    ups: AtomicU64,
    downs: AtomicU64,
    acts: AtomicU64,
    loads_taken: AtomicU64,
    loads_refused: AtomicU64,
    unsaved: AtomicBool,
}

impl HealthLog {
    /// A log that knows the targets of the first configuration, which counts as a load.
    pub(super) fn new(configuration: &Configuration) -> HealthLog {
        HealthLog {
            labels: Mutex::new(labels(configuration)),
            ups: AtomicU64::new(0),
            downs: AtomicU64::new(0),
            acts: AtomicU64::new(0),
            loads_taken: AtomicU64::new(1),
            loads_refused: AtomicU64::new(0),
            unsaved: AtomicBool::new(false),
        }
    }

    /// Takes an event of the keeper, with the number of the generation before it.
    pub(super) fn take(&self, event: &Event, generation: u64) {
        match event {
            Event::Loaded => {
                self.loads_taken.fetch_add(1, Ordering::Relaxed);
            }
            Event::Transition(key, transition, verdict) => {
                let labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
                let target = labels.get(key).map_or("a target that has just gone", String::as_str);
                let (from, to) = (transition.from, transition.to);
                let counted = if to == State::Up { &self.ups } else { &self.downs };
                counted.fetch_add(1, Ordering::Relaxed);
                match verdict {
                    Verdict::Fail(why) => tracing::warn!(target, generation, "{from} → {to}: {why}"),
                    _ => tracing::info!(target, generation, "{from} → {to}"),
                }
            }
        }
    }

    /// Learns the targets of the configuration that is about to be taken.
    pub(super) fn learn(&self, configuration: &Configuration) {
        *self.labels.lock().unwrap_or_else(PoisonError::into_inner) = labels(configuration);
    }

    /// Counts a load that was refused.
    pub(super) fn refused(&self) {
        self.loads_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Logs and counts an operator's act, in words.
    pub(super) fn acted(&self, what: &str) {
        self.acts.fetch_add(1, Ordering::Relaxed);
        tracing::info!("an operator acted: {what}");
    }

    /// The number of transitions and acts so far: what is saved changes with them.
    pub(super) fn changes(&self) -> u64 {
        [&self.ups, &self.downs, &self.acts].map(|counter| counter.load(Ordering::Relaxed)).iter().sum()
    }

    /// Says why the health table is not saved, once until it is again.
    pub(super) fn once_unsaved(&self, why: &str) {
        if !self.unsaved.swap(true, Ordering::Relaxed) {
            tracing::error!("{why}");
        }
    }

    /// The health table was saved.
    pub(super) fn saved(&self) {
        if self.unsaved.swap(false, Ordering::Relaxed) {
            tracing::info!("the health table is saved again");
        }
    }

    /// All that is counted outside the packet path.
    pub(super) fn counters(&self, probes: probe::Counters) -> admin::Counters {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        admin::Counters {
            loads_taken: get(&self.loads_taken),
            loads_refused: get(&self.loads_refused),
            transitions_up: get(&self.ups),
            transitions_down: get(&self.downs),
            probes_passed: probes.passes,
            probes_failed: probes.failures,
            probes_abstained: probes.abstentions,
            probes_late: probes.late,
            probes_skipped: probes.skipped,
        }
    }
}

/// `monitor web, 192.0.2.10 (web-fra/fra-1, api-fra/fra-1)`.
fn labels(configuration: &Configuration) -> HashMap<TargetKey, String> {
    let mut members: HashMap<u32, Vec<String>> = HashMap::new();
    for pool in &configuration.pools {
        for member in &pool.members {
            let mut targets: Vec<u32> =
                member.targets.iter().flatten().chain(&member.watched).map(|target| target.0).collect();
            targets.sort_unstable();
            targets.dedup();
            for target in targets {
                members.entry(target).or_default().push(format!("{}/{}", pool.name, member.name));
            }
        }
    }
    let label = |(index, target): (usize, &crate::snapshot::Target)| {
        let monitor = configuration.monitors[target.monitor].names.join(", ");
        let members = members.get(&(index as u32)).map_or(String::new(), |names| names.join(", "));
        (target.key, format!("monitor {monitor}, {} ({members})", target.key.address))
    };
    configuration.targets.iter().enumerate().map(label).collect()
}
