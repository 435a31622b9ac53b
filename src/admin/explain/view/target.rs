//! What a monitor says of a member, as JSON.

use serde::Serialize;

use crate::explain::moment::rfc3339;
use crate::explain::{Observed, Target};
use crate::health::{LastVerdict, Verdict};

/// A member as a monitor sees it.
#[derive(Debug, Serialize)]
pub(super) struct TargetView {
    monitor: String,
    state: String,
    origin: &'static str,
    soonest_flip_seconds: u32,
    observed: Option<ObservedView>,
}

impl TargetView {
    /// Of a target, at a moment in seconds since 1970.
    pub(super) fn of(target: &Target, at: u64) -> TargetView {
        let origin = match (target.supposed, &target.observed) {
            (true, _) => "supposed",
            (false, Some(_)) => "observed",
            (false, None) => "assumed",
        };
        TargetView {
            monitor: target.monitor.clone(),
            state: target.state.to_string(),
            origin,
            soonest_flip_seconds: target.soonest_flip,
            observed: target.observed.as_ref().map(|observed| ObservedView::of(observed, target, at)),
        }
    }
}

/// What was observed of a target.
#[derive(Debug, Serialize)]
struct ObservedView {
    state: String,
    since: String,
    state_seconds: u64,
    passes: u32,
    rise: u32,
    failures: u32,
    fall: u32,
    verdict: Option<VerdictView>,
}

impl ObservedView {
    fn of(observed: &Observed, target: &Target, at: u64) -> ObservedView {
        ObservedView {
            state: observed.state.to_string(),
            since: rfc3339(observed.since),
            state_seconds: at.saturating_sub(observed.since),
            passes: observed.passes,
            rise: target.rise,
            failures: observed.failures,
            fall: target.fall,
            verdict: observed.last.as_ref().map(|last| VerdictView::of(last, at)),
        }
    }
}

/// The last verdict on a target.
#[derive(Debug, Serialize)]
struct VerdictView {
    result: &'static str,
    detail: String,
    at: String,
    age_seconds: u64,
}

impl VerdictView {
    fn of(last: &LastVerdict, at: u64) -> VerdictView {
        let (result, detail) = match &last.verdict {
            Verdict::Pass { microseconds } => {
                ("pass", format!("{}.{:03} ms", microseconds / 1000, microseconds % 1000))
            }
            Verdict::Fail(reason) => ("fail", reason.clone()),
            Verdict::Abstain(reason) => ("abstain", reason.clone()),
        };
        VerdictView { result, detail, at: rfc3339(last.at), age_seconds: at.saturating_sub(last.at) }
    }
}
