//! Why an answer has its TTL (semantics §5).

use std::sync::atomic::Ordering;

use super::Client;
use crate::answer::{self, Answer, Body};
use crate::geo::ClassId;
use crate::snapshot::Snapshot;
use crate::steer::{self, Choice, NEVER, PoolAnswers, Rule, TtlBound};

/// The TTL of an answer: of the RRset at the end of its chain, or of the SOA that a negative answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttl {
    /// Seconds.
    pub seconds: u32,
    /// What set it.
    pub reason: TtlReason,
    /// What a rule made it from.
    pub steered: Option<SteeredTtl>,
}

/// What set a TTL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TtlReason {
    /// A rule.
    Steered(TtlBound),
    /// The zone's TTL of negative answers: the lower of its SOA's TTL and MINIMUM (RFC 2308 §3).
    Negative,
    /// The master file.
    Written,
}

/// Between what a rule chose a TTL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SteeredTtl {
    /// Seconds until a member of a pool that was looked at can flip; `None` when none can.
    pub soonest_flip: Option<u32>,
    /// The rule's `min_ttl`.
    pub min: u32,
    /// The TTL of the default RRset.
    pub max: u32,
}

/// Seconds until a member of a pool can flip; `None` when none can.
pub(super) fn soonest_flip(answers: &PoolAnswers) -> Option<u32> {
    some_unless_never(answers.soonest_flip.load(Ordering::Relaxed))
}

/// The TTL of an answer that was decided, and its reason; `rule` steers it.
pub(super) fn explain(
    snapshot: &Snapshot,
    rule: Option<&Rule>,
    client: Client,
    answer: &Answer<'_>,
) -> Option<Ttl> {
    match rule {
        Some(rule) => Some(steered(snapshot, rule, client, answer)),
        None => written(answer),
    }
}

fn steered(snapshot: &Snapshot, rule: &Rule, client: Client, answer: &Answer<'_>) -> Ttl {
    let subnet = client.subnet.map(|prefix| prefix.address);
    let asker = answer::Client { transport: &client.transport, subnet: subnet.as_ref() };
    let placement = answer::place(snapshot, rule.map, asker);
    let choice = steer::choose(rule, placement.class, |pool| snapshot.pool(pool, rule.content));
    let seconds = match answer.body {
        Body::Negative(_, Some(lowered)) => lowered,
        _ => choice.ttl,
    };
    let reason = match seconds == choice.ttl {
        true => TtlReason::Steered(bound(snapshot, rule, placement.class, &choice)),
        false => TtlReason::Negative,
    };
    let soonest_flip = some_unless_never(choice.soonest_flip);
    Ttl { seconds, reason, steered: Some(SteeredTtl { soonest_flip, min: rule.min_ttl, max: rule.max_ttl }) }
}

fn bound(snapshot: &Snapshot, rule: &Rule, class: ClassId, choice: &Choice<'_>) -> TtlBound {
    let planned = steer::planned_change(rule, class, |pool| snapshot.pool(pool, rule.content));
    match planned < steer::steered_ttl(choice.soonest_flip, rule.min_ttl, rule.max_ttl) {
        true => TtlBound::PlannedChange,
        false => TtlBound::of(choice.soonest_flip, rule.min_ttl, rule.max_ttl),
    }
}

fn written(answer: &Answer<'_>) -> Option<Ttl> {
    let (seconds, reason) = match &answer.body {
        Body::Rrset(rrset, _) => (rrset.ttl(), TtlReason::Written),
        Body::Referral(referral, _) => (referral.ns.ttl(), TtlReason::Written),
        Body::Negative(soa, _) => (soa.ttl(), TtlReason::Negative),
        // A chain that leads out of our zones says it all.
        _ => (answer.chain.links().last()?.ttl(), TtlReason::Written),
    };
    Some(Ttl { seconds, reason, steered: None })
}

impl TtlReason {
    /// Why it is what it is, in words.
    pub fn sentence(self) -> String {
        match self {
            TtlReason::Steered(bound) => bound.to_string(),
            TtlReason::Negative => "the zone's TTL of negative answers (RFC 2308 §3)".to_owned(),
            TtlReason::Written => "the master file says so".to_owned(),
        }
    }

    /// One word for it, as JSON carries it.
    pub fn label(self) -> &'static str {
        match self {
            TtlReason::Steered(TtlBound::SoonestFlip) => "soonest_flip",
            TtlReason::Steered(TtlBound::Minimum) => "min_ttl",
            TtlReason::Steered(TtlBound::Maximum) => "default_ttl",
            TtlReason::Steered(TtlBound::NothingFlips) => "nothing_flips",
            TtlReason::Steered(TtlBound::PlannedChange) => "planned_change",
            TtlReason::Negative => "negative",
            TtlReason::Written => "written",
        }
    }
}

fn some_unless_never(seconds: u32) -> Option<u32> {
    (seconds != NEVER).then_some(seconds)
}
