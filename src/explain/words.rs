//! The names of states, the same in `explain`, `status`, metrics and logs.

use crate::answer::Counter;
use crate::steer::{PoolState, Reason};

/// The state of a pool for one family (semantics §3).
pub fn pool(state: PoolState) -> &'static str {
    match state {
        PoolState::Absent => "absent",
        PoolState::Healthy => "healthy",
        PoolState::Degraded => "degraded",
        PoolState::Dead => "dead",
    }
}

/// Every [`Reason`], in the order of the truth table (semantics §4).
pub const REASONS: [Reason; 10] = [
    Reason::Healthy,
    Reason::Degraded,
    Reason::AllDown,
    Reason::AllDownDrained,
    Reason::AllDownPool,
    Reason::AllDownDefault,
    Reason::AllDownNone,
    Reason::NothingLeft,
    Reason::EmptyDefault,
    Reason::EmptyNoData,
];

/// The named state of a steered answer (semantics §4), as metrics have it.
pub fn reason(reason: Reason) -> &'static str {
    let (_, (_, name)) = Counter::of_reason(reason).metric();
    name
}

/// What a named state means, as a sentence without a full stop.
pub fn reason_sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::Healthy => "the first healthy candidate answers",
        Reason::Degraded => {
            "no candidate is healthy; the first degraded one answers with its eligible members"
        }
        Reason::AllDown => {
            "no candidate has an eligible member; all_down = \"all\": the first candidate answers as if its members were up"
        }
        Reason::AllDownDrained => {
            "no candidate has an eligible member and only drained ones are left; all_down = \"all\": they answer as if up"
        }
        Reason::AllDownPool => "no candidate has an eligible member; all_down names the pool that answers",
        Reason::AllDownDefault => {
            "no candidate has an eligible member; all_down = \"default\": the default RRset answers"
        }
        Reason::AllDownNone => "no candidate has an eligible member; all_down = \"none\": NODATA",
        Reason::NothingLeft => "no member is left that may be given out; the default RRset answers",
        Reason::EmptyDefault => "the map lists no site for this client; the default RRset answers",
        Reason::EmptyNoData => "the map lists no site for this client; empty = \"nodata\": NODATA",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = REASONS.iter().map(|&each| reason(each)).collect();
        assert_eq!(names.len(), REASONS.len());
    }
}
