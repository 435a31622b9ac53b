//! Why a steered answer has its TTL (semantics §5).

use std::sync::atomic::Ordering;

use super::{Candidate, Ttl};
use crate::answer::{Answer, Body, Why};
use crate::steer::{NEVER, PoolAnswers, Reason, Rule, TtlBound};

/// Seconds until a member of a pool can flip; `None` when none can.
pub(super) fn soonest_flip(answers: &PoolAnswers) -> Option<u32> {
    let seconds = answers.soonest_flip.load(Ordering::Relaxed);
    (seconds != NEVER).then_some(seconds)
}

/// The TTL of an answer that was decided, and its reason.
pub(super) fn explain(rule: &Rule, answer: &Answer<'_>, candidates: &[Candidate]) -> Ttl {
    let soonest_flip = looked_at(answer, candidates).iter().filter_map(|candidate| candidate.soonest_flip).min();
    let (seconds, steered) = match &answer.body {
        Body::Steered(steered) => (steered.ttl, true),
        Body::Negative(_, Some(ttl)) => (*ttl, true),
        Body::Rrset(default) => (default.ttl(), false),
        _ => (rule.max_ttl, false),
    };
    let bound = || TtlBound::of(soonest_flip.unwrap_or(NEVER), rule.min_ttl, rule.max_ttl);
    Ttl { seconds, bound: steered.then(bound), soonest_flip, min: rule.min_ttl, max: rule.max_ttl }
}

/// With a healthy candidate: up to that one; otherwise all were looked at in vain.
fn looked_at<'c>(answer: &Answer<'_>, candidates: &'c [Candidate]) -> &'c [Candidate] {
    let healthy = answer.why == Why::Steered(Reason::Healthy);
    let last = candidates.iter().position(|candidate| healthy && candidate.answers);
    &candidates[..last.map_or(candidates.len(), |last| last + 1)]
}
