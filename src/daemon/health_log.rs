//! One log line for every transition and generation of note, and their counts.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::admin;
use crate::health::{State, TargetKey, Verdict};
use crate::probe;
use crate::snapshot::{Configuration, Target};

use super::model::Event;

/// Members of a target that its line names; the others are counted. Thousands of pools may have the same backend.
const MEMBERS_NAMED: usize = 8;

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

/// `monitor web, 192.0.2.10 (web-fra/fra-1, api-fra/fra-1 and 9,998 more)`.
fn labels(configuration: &Configuration) -> HashMap<TargetKey, String> {
    let mut members: Vec<Members> = Vec::new();
    members.resize_with(configuration.targets.len(), Members::default);
    for pool in &configuration.pools {
        for member in &pool.members {
            let mut targets: Vec<u32> =
                member.targets.iter().flatten().chain(&member.watched).map(|target| target.0).collect();
            targets.sort_unstable();
            targets.dedup();
            for target in targets {
                members[target as usize].add(|| format!("{}/{}", pool.name, member.name));
            }
        }
    }
    let label = |(target, members): (&Target, &Members)| {
        let monitor = configuration.monitors[target.monitor].names.join(", ");
        (target.key, format!("monitor {monitor}, {} ({members})", target.key.address))
    };
    configuration.targets.iter().zip(&members).map(label).collect()
}

/// Where a target is a member.
#[derive(Default)]
struct Members {
    /// The first of them, at most [`MEMBERS_NAMED`].
    named: Vec<String>,
    more: usize,
}

impl Members {
    fn add(&mut self, name: impl FnOnce() -> String) {
        if self.named.len() < MEMBERS_NAMED {
            self.named.push(name());
        } else {
            self.more += 1;
        }
    }
}

/// `web-fra/fra-1, api-fra/fra-1 and 9998 more`.
impl fmt::Display for Members {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.named.join(", "))?;
        match self.more {
            0 => Ok(()),
            more => write!(formatter, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(count: usize) -> String {
        let mut members = Members::default();
        (0..count).for_each(|number| members.add(|| format!("p{number}/m")));
        members.to_string()
    }

    #[test]
    fn a_line_names_the_first_members_and_counts_the_others() {
        assert_eq!(members(0), "");
        assert_eq!(members(2), "p0/m, p1/m");
        let first = members(MEMBERS_NAMED);
        assert!(first.ends_with("p6/m, p7/m"));
        assert_eq!(members(10_000), format!("{first} and 9992 more"));
    }
}
