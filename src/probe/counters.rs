//! What the prober has done so far, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Verdicts *pass*.
    pub passes: u64,
    /// Verdicts *fail*.
    pub failures: u64,
    /// Verdicts *abstain*.
    pub abstentions: u64,
    /// Probes that had to wait because as many as allowed were under way: the bound is too low, or most targets
    /// time out.
    pub late: u64,
    /// Grid points without a probe, because the one before still ran or waited.
    pub skipped: u64,
}

/// The same, while it is being counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) passes: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) abstentions: AtomicU64,
    pub(super) late: AtomicU64,
    pub(super) skipped: AtomicU64,
}

impl Tally {
    /// The counts of this moment.
    pub(super) fn read(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            passes: read(&self.passes),
            failures: read(&self.failures),
            abstentions: read(&self.abstentions),
            late: read(&self.late),
            skipped: read(&self.skipped),
        }
    }
}

/// Adds to one of the counts.
pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}
