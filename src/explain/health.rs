//! The health that an explanation stands on: assumed, saved or observed, and what is supposed beside it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use crate::health::{Record, State, TargetId, TargetKey, Tracker};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::TargetHealth;

/// What the health of the members comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Files alone: every target counts as up.
    Assumed,
    /// A saved health table.
    Saved {
        /// When it was saved; seconds since 1970.
        at: u64,
    },
    /// The running server.
    Observed {
        /// The generation that answers.
        generation: u64,
    },
}

/// The health of all targets at one moment.
#[derive(Debug, Clone)]
pub struct Health<'r> {
    basis: Basis,
    at: u64,
    records: &'r HashMap<TargetKey, Record>,
    down: BTreeSet<TargetId>,
}

static NO_RECORDS: LazyLock<HashMap<TargetKey, Record>> = LazyLock::new(HashMap::new);

impl Health<'static> {
    /// Nothing was observed: every target counts as up. `at` is in seconds since 1970.
    pub fn assumed(at: u64) -> Health<'static> {
        Health { basis: Basis::Assumed, at, records: &NO_RECORDS, down: BTreeSet::new() }
    }
}

impl<'r> Health<'r> {
    /// What was recorded of each target, seen at `at` (seconds since 1970).
    pub fn recorded(basis: Basis, records: &'r HashMap<TargetKey, Record>, at: u64) -> Health<'r> {
        Health { basis, at, records, down: BTreeSet::new() }
    }

    /// The same with some targets down, whatever is known of them.
    #[must_use]
    pub fn with_down(mut self, targets: impl IntoIterator<Item = TargetId>) -> Health<'r> {
        self.down.extend(targets);
        self
    }

    /// What it comes from.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// When it is looked at; seconds since 1970.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// What is recorded of a target.
    pub fn record(&self, configuration: &Configuration, target: TargetId) -> Option<&'r Record> {
        self.records.get(&configuration.targets[target.0 as usize].key)
    }

    /// Whether a target is supposed to be down.
    pub fn is_supposed_down(&self, target: TargetId) -> bool {
        self.down.contains(&target)
    }

    /// What pools are compiled from. A target that a server knows nothing of is unknown and may flip at once.
    pub fn of(&self, configuration: &Configuration, target: TargetId) -> TargetHealth {
        let state = match (self.is_supposed_down(target), self.basis) {
            (true, _) => State::Down,
            (false, Basis::Assumed) => State::Up,
            (false, _) => match self.record(configuration, target) {
                Some(record) => {
                    return TargetHealth::of(&record.tracker, configuration.monitor_of(target));
                }
                None => State::Unknown,
            },
        };
        let tracker = Tracker { state, passes: 0, failures: 0 };
        TargetHealth::of(&tracker, configuration.monitor_of(target))
    }

    /// A generation of a configuration in this health, which nobody serves: its pools as their operators want them then,
    /// and with TTLs that shrink before a planned change, as a server has them.
    pub fn compile(&self, configuration: Arc<Configuration>) -> Snapshot {
        let loaded = Arc::clone(&configuration);
        Snapshot::at(1, configuration, self.at, &|target| self.of(&loaded, target))
    }

    /// A generation as it would be with the targets down that are supposed so; only their pools are compiled.
    pub fn suppose(&self, served: &Snapshot) -> Snapshot {
        let configuration = &served.configuration;
        let users = self.down.iter().flat_map(|target| &configuration.targets[target.0 as usize].users);
        let changed: BTreeSet<_> = users.copied().collect();
        let changed: Vec<_> = changed.into_iter().collect();
        let stand = |pool, content| served.pool(pool, content).stand();
        served.with_pools(served.generation, &changed, &stand, &|target| self.of(configuration, target))
    }
}
