//! Which pool answers (semantics §4) and for how long (§5).
//!
//! The first line that fits holds. "First" is along the candidates of the client's class; a pool without any address
//! of the family (absent) is none of them.
//!
//! | when | given | reason |
//! |---|---|---|
//! | the class lists no site, `empty = "default"` | default RRset | `EmptyDefault` |
//! | the class lists no site, `empty = "nodata"` | NODATA | `EmptyNoData` |
//! | a candidate is healthy | the first such, its eligible members; those of `trickle` the second such | `Healthy` |
//! | a candidate is degraded | the first such, its eligible members | `Degraded` |
//! | a candidate has suspect members | the first such, those as if up | `Suspect` |
//! | `all_down = "default"` | default RRset | `AllDownDefault` |
//! | `all_down = "none"` | NODATA | `AllDownNone` |
//! | `all_down = { pool }`, which has members neither drained nor forced down | those, as if up | `AllDownPool` |
//! | `"all"`, candidates have members neither drained nor forced down | the first such, those as if up | `AllDown` |
//! | `"all"`, candidates have drained members | the first such, those as if up | `AllDownDrained` |
//! | nothing left | default RRset | `NothingLeft` |
//!
//! Two candidates A and B of one member each, `"all"` (u up, d down, D drained, F forced down):
//!
//! | AB | uu | du | Du | Fu | dd | Dd | Fd | DD | FD | FF |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | answers | A | B | B | B | A | B | B | A (drained) | B (drained) | default RRset |
//!
//! The members that a candidate gives, by its `pick`, see [`PoolSet`]. A `trickle` takes the networks of the first slots
//! past the first healthy candidate to the second, where there is one:
//!
//! | healthy candidates | slot in the trickle | other slots |
//! |---|---|---|
//! | A, B, … | B | A |
//! | A alone | A | A |
//!
//! The TTL comes from the soonest flip over the candidates looked at: up to the one that answers, or all; all, too, where a
//! trickle has nowhere to go yet. An `all_down` pool that is no candidate is not looked at: what its members do changes nothing.
//!
//! A change that an operator has planned for one of them shortens it further, below `min_ttl` where it has to: the last
//! answer has expired when the change comes, but for the last second.

use std::sync::atomic::Ordering;

use super::answer_set::AnswerSet;
use super::pool::PoolId;
use super::pool_answers::{Glance, PoolAnswers, PoolState, Sets};
use super::pool_set::PoolSet;
use super::rule::{AllDown, Empty, PoolUse, Rule, Trickle};
use super::slot::HashPrefix;
use super::ttl::{NEVER, steered_ttl};
use crate::geo::ClassId;

/// What a rule answers with for a class at this moment.
#[derive(Debug)]
pub struct Choice<'s> {
    /// Why.
    pub reason: Reason,
    /// What.
    pub given: Given<'s>,
    /// Seconds, 1 or more: semantics §5.
    pub ttl: u32,
    /// What the TTL comes from: seconds to the soonest flip among the candidates looked at; `u32::MAX` when none can
    /// flip ([`super::TtlBound::of`] says it in words).
    pub soonest_flip: u32,
}

/// What is given out.
#[derive(Debug, Clone, Copy)]
pub enum Given<'s> {
    /// A draw from this set of this pool, whoever asks.
    Set(PoolId, &'s AnswerSet),
    /// What a pool gives that looks at the client's network, or picks another pool.
    Apart(Apart<'s>),
    /// The default RRset.
    DefaultRrset,
    /// NODATA.
    NoData,
}

/// What takes more than a draw.
#[derive(Debug, Clone, Copy)]
pub struct Apart<'s> {
    /// The candidate.
    pub pool: PoolId,
    /// What it gives.
    pub set: &'s PoolSet,
    /// The lengths of the client's network on which the answer depends, be it by the set or by a trickle: no scope may be
    /// shorter. `None` where it is the same for everyone.
    pub prefix: Option<HashPrefix>,
}

impl<'s> Given<'s> {
    fn of(pool: PoolId, set: &'s PoolSet, trickle: Option<HashPrefix>) -> Given<'s> {
        let prefixes = trickle.into_iter().chain(set.prefix());
        match (set, prefixes.reduce(HashPrefix::longer)) {
            (PoolSet::Drawn(set), None) => Given::Set(pool, set),
            (_, prefix) => Given::Apart(Apart { pool, set, prefix }),
        }
    }

    /// The candidate that answers, if one does.
    pub fn pool(&self) -> Option<PoolId> {
        match self {
            Given::Set(pool, _) | Given::Apart(Apart { pool, .. }) => Some(*pool),
            Given::DefaultRrset | Given::NoData => None,
        }
    }
}

/// Why a steered question got what it got (semantics §4): visible in log, metrics, `status` and `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The first healthy candidate.
    Healthy,
    /// The first degraded candidate; none is healthy.
    Degraded,
    /// The first candidate with suspect members (semantics §4.6); none has an eligible one.
    Suspect,
    /// `all_down = "all"`: members as if up.
    AllDown,
    /// `all_down = "all"`: only drained members are left.
    AllDownDrained,
    /// `all_down = { pool }`.
    AllDownPool,
    /// `all_down = "default"`.
    AllDownDefault,
    /// `all_down = "none"`.
    AllDownNone,
    /// Nothing left: the default RRset.
    NothingLeft,
    /// The class's site list is empty: the default RRset.
    EmptyDefault,
    /// The class's site list is empty: NODATA.
    EmptyNoData,
}

/// What nearly every choice is: the first candidate, a mere draw from it, and the TTL in seconds. `None` where it takes more
/// than that, and [`choose`] has the last word: the first candidate is not healthy, what it gives is no mere draw, a trickle may
/// go past it, or a change is planned for it.
#[inline(always)]
pub fn choose_at_a_glance<'s>(
    rule: &Rule,
    class: ClassId,
    pools: impl Fn(PoolId) -> &'s PoolAnswers,
) -> Option<(PoolId, &'s AnswerSet, u32)> {
    let candidate = *rule.pools.get(rule.candidates.first_of(class))?;
    let answers = pools(candidate.pool);
    if answers.glance != Glance::Healthy {
        return None;
    }
    let set = answers.sets.get(usize::from(candidate.set)).and_then(Sets::drawn)?;
    let soonest_flip = answers.soonest_flip.load(Ordering::Relaxed);
    Some((candidate.pool, set, steered_ttl(soonest_flip, rule.min_ttl, rule.max_ttl)))
}

/// Chooses for a class. `pools` gives what each pool can answer for the rule's family; `trickled` says whether the
/// client's network is one of those that a trickle takes (asked only where that makes a difference).
pub fn choose<'s>(
    rule: &Rule,
    class: ClassId,
    trickled: impl FnOnce(Trickle) -> bool,
    pools: impl Fn(PoolId) -> &'s PoolAnswers,
) -> Choice<'s> {
    let (mut flip, mut planned) = (NEVER, NEVER);
    let mut healthy = candidates(rule, class).filter_map(|candidate| {
        let answers = pools(candidate.pool);
        flip = flip.min(answers.soonest_flip.load(Ordering::Relaxed));
        planned = planned.min(answers.planned_change.load(Ordering::Relaxed));
        let set = answers.sets.get(candidate.set())?.eligible.as_ref();
        Some((candidate.pool, set.filter(|_| answers.state == PoolState::Healthy)?, (flip, planned)))
    });
    let first = healthy.next();
    let second = rule.trickle.and_then(|trickle| Some((trickle, healthy.next()?)));
    let by_trickle = second.is_some().then(HashPrefix::default);
    let answering = match second {
        Some((trickle, second)) if trickled(trickle) => Some(second),
        _ => first,
    };
    let (choice, planned) = match answering {
        Some((pool, set, at_this_one)) => {
            // A trickle that found no second one waits for it: whoever comes up takes its networks.
            let is_waiting = rule.trickle.is_some() && second.is_none();
            let (flip, planned) = if is_waiting { (flip, planned) } else { at_this_one };
            (choice(rule, Reason::Healthy, Given::of(pool, set, by_trickle), flip), planned)
        }
        None => {
            let (reason, given) = without_healthy(rule, class, &pools);
            (choice(rule, reason, given, flip), planned)
        }
    };
    Choice { ttl: choice.ttl.min(planned).max(1), ..choice }
}

#[inline]
fn choice<'s>(rule: &Rule, reason: Reason, given: Given<'s>, soonest_flip: u32) -> Choice<'s> {
    let ttl = steered_ttl(soonest_flip, rule.min_ttl, rule.max_ttl);
    Choice { reason, given, ttl, soonest_flip }
}

// Kept out of the way of the queries that find a healthy pool.
#[inline(never)]
fn without_healthy<'s>(
    rule: &Rule,
    class: ClassId,
    pools: impl Fn(PoolId) -> &'s PoolAnswers,
) -> (Reason, Given<'s>) {
    if rule.candidates.is_empty_list(class) {
        return match rule.empty {
            Empty::Default => (Reason::EmptyDefault, Given::DefaultRrset),
            Empty::NoData => (Reason::EmptyNoData, Given::NoData),
        };
    }
    let set_of = |which: WhichSet, candidate: PoolUse| {
        let set = which(&pools(candidate.pool).sets[candidate.set()]).as_ref()?;
        Some(Given::of(candidate.pool, set, None))
    };
    let first = |which| candidates(rule, class).find_map(|candidate| set_of(which, candidate));
    if let Some(given) = first(|sets| &sets.eligible) {
        return (Reason::Degraded, given);
    }
    if let Some(given) = first(|sets| &sets.suspect) {
        return (Reason::Suspect, given);
    }
    let all_down = match rule.all_down {
        AllDown::Default => Some((Reason::AllDownDefault, Given::DefaultRrset)),
        AllDown::None => Some((Reason::AllDownNone, Given::NoData)),
        AllDown::Pool(pool) => set_of(|sets| &sets.undrained, pool).map(|given| (Reason::AllDownPool, given)),
        AllDown::All => first(|sets| &sets.undrained)
            .map(|given| (Reason::AllDown, given))
            .or_else(|| Some((Reason::AllDownDrained, first(|sets| &sets.drained)?))),
    };
    all_down.unwrap_or((Reason::NothingLeft, Given::DefaultRrset))
}

type WhichSet = fn(&Sets) -> &Option<PoolSet>;

/// The candidates of a class, in order.
#[inline]
fn candidates(rule: &Rule, class: ClassId) -> impl Iterator<Item = PoolUse> {
    rule.candidates.of(class).iter().map(|&index| rule.pools[usize::from(index)])
}

impl Reason {
    /// Every reason, in the order of the table above; for counters.
    pub const ALL: [Reason; 11] = [
        Reason::EmptyDefault,
        Reason::EmptyNoData,
        Reason::Healthy,
        Reason::Degraded,
        Reason::Suspect,
        Reason::AllDownDefault,
        Reason::AllDownNone,
        Reason::AllDownPool,
        Reason::AllDown,
        Reason::AllDownDrained,
        Reason::NothingLeft,
    ];

    /// One word for it, as metrics and JSON carry it: `all_down_drained`.
    pub fn label(self) -> &'static str {
        match self {
            Reason::Healthy => "healthy",
            Reason::Degraded => "degraded",
            Reason::Suspect => "suspect",
            Reason::AllDown => "all_down",
            Reason::AllDownDrained => "all_down_drained",
            Reason::AllDownPool => "all_down_pool",
            Reason::AllDownDefault => "all_down_default",
            Reason::AllDownNone => "all_down_none",
            Reason::NothingLeft => "nothing_left",
            Reason::EmptyDefault => "empty_default",
            Reason::EmptyNoData => "empty_nodata",
        }
    }
}

#[cfg(test)]
mod tests;
