//! What the monitors of a member say.

use super::Health;
use crate::health::{LastVerdict, State, TargetId};
use crate::snapshot::Configuration;

/// One address of a member under one monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The monitor's names.
    pub monitor: String,
    /// The state that counts.
    pub state: State,
    /// Whether that was supposed, whatever is observed.
    pub supposed: bool,
    /// What was observed of it.
    pub observed: Option<Observed>,
    /// Seconds until its state can flip at the soonest.
    pub soonest_flip: u32,
    /// Failures that make it down.
    pub fall: u32,
    /// Passes that make it up.
    pub rise: u32,
}

/// What probes found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The state that they made.
    pub state: State,
    /// Passes in a row that count.
    pub passes: u32,
    /// Failures that count.
    pub failures: u32,
    /// When the present state began; seconds since 1970.
    pub since: u64,
    /// The last verdict.
    pub last: Option<LastVerdict>,
}

/// What is known of a target.
pub(super) fn target(configuration: &Configuration, health: &Health<'_>, id: TargetId) -> Target {
    let known = health.of(configuration, id);
    let monitored = &configuration.monitors[configuration.targets[id.0 as usize].monitor];
    let observed = health.record(configuration, id).map(|record| Observed {
        state: record.tracker.state,
        passes: record.tracker.passes,
        failures: record.tracker.failures,
        since: record.since,
        last: record.last.clone(),
    });
    Target {
        monitor: monitored.names.join(", "),
        state: known.state,
        supposed: health.is_supposed_down(id),
        observed,
        soonest_flip: known.soonest_flip,
        fall: monitored.monitor.hysteresis.fall,
        rise: monitored.monitor.hysteresis.rise,
    }
}
