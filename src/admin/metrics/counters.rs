//! What is counted outside the packet path.

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Loads of the files that were taken, the first one included.
    pub loads_taken: u64,
    /// Loads that were refused.
    pub loads_refused: u64,
    /// Targets that came up.
    pub transitions_up: u64,
    /// Targets that went down.
    pub transitions_down: u64,
    /// Probes with the verdict *pass*.
    pub probes_passed: u64,
    /// Probes with the verdict *fail*.
    pub probes_failed: u64,
    /// Probes with the verdict *abstain*.
    pub probes_abstained: u64,
    /// Probes that waited because as many as allowed were under way.
    pub probes_late: u64,
    /// Grid points without a probe, because the one before still ran or waited.
    pub probes_skipped: u64,
}
