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
    let seconds = match answer.body {
        Body::Negative(_, Some(lowered)) => lowered,
        _ => choice.ttl,
    };
    let bound = TtlBound::of(choice.soonest_flip, rule.min_ttl, rule.max_ttl);
    Ttl {
        seconds,
        bound: (seconds == choice.ttl).then_some(bound),
        soonest_flip: some_unless_never(choice.soonest_flip),
        min: rule.min_ttl,
        max: rule.max_ttl,
    }
}

impl Ttl {
    /// Why it is what it is, in words.
    pub fn reason(&self) -> String {
        match self.bound {
            Some(bound) => bound.to_string(),
            None => "the zone's TTL of negative answers (RFC 2308 §3), which is lower".to_owned(),
        }
    }
}

fn some_unless_never(seconds: u32) -> Option<u32> {
    (seconds != NEVER).then_some(seconds)
}
