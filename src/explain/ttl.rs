//! Why a steered answer has its TTL (semantics §5).

use std::sync::atomic::Ordering;

use super::Ttl;
use crate::answer::{Answer, Body};
use crate::steer::{Choice, NEVER, PoolAnswers, Rule, TtlBound};

/// Seconds until a member of a pool can flip; `None` when none can.
pub(super) fn soonest_flip(answers: &PoolAnswers) -> Option<u32> {
    some_unless_never(answers.soonest_flip.load(Ordering::Relaxed))
}

/// The TTL of an answer that was decided, and its reason.
pub(super) fn explain(rule: &Rule, choice: &Choice<'_>, answer: &Answer<'_>) -> Ttl {
    let (seconds, steered) = match &answer.body {
        Body::Steered(steered) => (steered.ttl, true),
        Body::Negative(_, Some(ttl)) | Body::Rrset(_, Some(ttl)) => (*ttl, true),
        _ => (rule.max_ttl, false),
    };
    Ttl {
        seconds,
        bound: steered.then(|| TtlBound::of(choice.soonest_flip, rule.min_ttl, rule.max_ttl)),
        soonest_flip: some_unless_never(choice.soonest_flip),
        min: rule.min_ttl,
        max: rule.max_ttl,
    }
}

fn some_unless_never(seconds: u32) -> Option<u32> {
    (seconds != NEVER).then_some(seconds)
}
