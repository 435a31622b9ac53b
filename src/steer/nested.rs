//! Pools of pools (semantics §3): one of several pools is picked, by weight or by the client's network, and gives what it
//! has by its own policy.
//!
//! | the outer pool gives from | when | its state |
//! |---|---|---|
//! | the healthy inner pools of weight above 0 | there are any, and they reach `min_healthy` | healthy |
//! | the same | they do not reach it | degraded |
//! | the healthy inner pools of weight 0, with equal shares | there are no others that are healthy | degraded |
//! | the degraded inner pools, those of weight 0 last | none is healthy | degraded |
//! | none | all are dead | dead |
//! | – | all are absent: none has what is asked for | absent |
//!
//! `min_healthy` counts healthy inner pools, or measures their weight, as it does with members. As if up
//! (semantics §4.4), an outer pool gives from all inner pools that have members neither drained nor forced down, and as
//! if drained ones were up, from those that have drained members.

use std::sync::Arc;

use super::alias::AliasTable;
use super::asked::Asked;
use super::hash::{self, Contender, SlotTable};
use super::pool::{Pick, Pool, PoolId};
use super::pool_answers::{Measure, PoolAnswers, PoolState, Sets, reaches};
use super::pool_set::PoolSet;
use super::slot::{HashPrefix, SLOTS, Slot};
use super::word;
use crate::wire::Content;

/// Levels of pools: a pool of members is one, a pool that lists others one more than they.
pub const LEVELS_MAX: usize = 8;

/// The sets of inner pools, and what picks one of them.
#[derive(Debug, PartialEq, Eq)]
pub struct NestedSet {
    /// The pools that may be picked, each with what it gives.
    inner: Box<[(PoolId, PoolSet)]>,
    picker: Picker,
    /// See [`PoolSet::prefix`].
    prefix: Option<HashPrefix>,
}

#[derive(Debug, PartialEq, Eq)]
enum Picker {
    /// By weight; with [`word::unfair_below`].
    Weight(AliasTable, u64),
    /// By the slot of the client's network.
    Network(SlotTable, HashPrefix),
}

/// An inner pool at the moment of compiling.
#[derive(Clone, Copy)]
pub(super) struct InnerPool<'p> {
    /// Its number.
    pub(super) id: PoolId,
    /// Its weight in the outer pool.
    pub(super) weight: u16,
    /// What an operator wrote.
    pub(super) pool: &'p Pool,
    /// What it can answer.
    pub(super) answers: &'p PoolAnswers,
}

impl NestedSet {
    /// Picks an inner pool: which, and what it gives.
    pub(super) fn pick(
        &self,
        slot: &impl Fn(HashPrefix) -> Slot,
        random_word: &mut impl FnMut() -> u64,
    ) -> (PoolId, &PoolSet) {
        let number = match &self.picker {
            Picker::Weight(table, unfair_below) => {
                word::fair(random_word(), *unfair_below, |word| table.pick(word))
            }
            Picker::Network(slots, prefix) => slots[slot(*prefix).index()].into(),
        };
        let (pool, set) = &self.inner[number];
        (*pool, set)
    }

    /// See [`PoolSet::prefix`].
    pub(super) fn prefix(&self) -> Option<HashPrefix> {
        self.prefix
    }

    /// Every inner pool that may be picked, with its probability and what it gives; of one client's network where a slot
    /// is given.
    pub(super) fn shares<'s>(
        &'s self,
        slot: Option<&dyn Fn(HashPrefix) -> Slot>,
    ) -> impl Iterator<Item = (PoolId, (u64, u64), &'s PoolSet)> {
        let (points, domain) = match (&self.picker, slot) {
            (Picker::Weight(table, _), _) => (table.points(), table.domain()),
            (Picker::Network(slots, _), None) => (hash::counts(slots, self.inner.len()), SLOTS as u64),
            (Picker::Network(slots, prefix), Some(slot)) => {
                let picked = usize::from(slots[slot(*prefix).index()]);
                ((0..self.inner.len()).map(|number| u64::from(number == picked)).collect(), 1)
            }
        };
        let inner = self.inner.iter().zip(points).filter(|&(_, points)| points > 0);
        inner.map(move |((id, set), points)| (*id, word::lowest_terms(points, domain), set))
    }

    /// Over these inner pools: at least one; those of weight 0 only where all have it.
    fn compile(outer: &Pool, inner: &[(InnerPool<'_>, &PoolSet)]) -> NestedSet {
        let weight = |pool: &InnerPool<'_>| u32::from(pool.weight.max(1));
        let picker = match outer.pick {
            Pick::Hash => {
                let pools = inner.iter().map(|(pool, _)| pool).enumerate();
                let contenders: Vec<Contender<'_>> = pools
                    .map(|(group, pool)| Contender { name: &pool.pool.name, weight: weight(pool), group })
                    .collect();
                // One answer each: the variants are the contenders that have slots at all.
                let (variants, mut slots) = hash::deal(&outer.name, &contenders, 1, None);
                slots.iter_mut().for_each(|slot| *slot = variants.lists[usize::from(*slot)]);
                Picker::Network(slots, outer.hash_prefix)
            }
            Pick::Weighted | Pick::All => {
                let table = AliasTable::new(&inner.iter().map(|(pool, _)| weight(pool)).collect::<Vec<_>>());
                let unfair_below = word::unfair_below(table.domain());
                Picker::Weight(table, unfair_below)
            }
        };
        let own = matches!(picker, Picker::Network(..)).then_some(outer.hash_prefix);
        let prefixes = own.into_iter().chain(inner.iter().filter_map(|(_, set)| set.prefix()));
        NestedSet {
            prefix: prefixes.reduce(HashPrefix::longer),
            inner: inner.iter().map(|&(pool, set)| (pool.id, set.clone())).collect(),
            picker,
        }
    }
}

/// The state of a pool of pools.
pub(super) fn state(outer: &Pool, inner: &[InnerPool<'_>]) -> PoolState {
    let any = |state: PoolState| inner.iter().any(|pool| pool.answers.state == state);
    let measure = |is_counted: &dyn Fn(PoolState) -> bool| {
        let counted = inner.iter().filter(|pool| is_counted(pool.answers.state));
        Measure::of(counted.map(|pool| (pool.weight, pool.weight)))
    };
    let present = measure(&|state| state != PoolState::Absent);
    let healthy = measure(&|state| state == PoolState::Healthy);
    if inner.iter().all(|pool| pool.answers.state == PoolState::Absent) {
        PoolState::Absent
    } else if reaches(outer, healthy, present) {
        PoolState::Healthy
    } else if any(PoolState::Healthy) || any(PoolState::Degraded) {
        PoolState::Degraded
    } else {
        PoolState::Dead
    }
}

/// The sets of a pool of pools, for all that is asked of it.
pub(super) fn sets(outer: &Pool, content: Content, inner: &[InnerPool<'_>]) -> Box<[Sets]> {
    let in_state = |state: PoolState| move |pool: &InnerPool<'_>| pool.answers.state == state;
    let of_asked = |asked: Asked<'_>| {
        let eligible = |sets: &'_ Sets| sets.eligible.clone();
        Sets {
            eligible: set(outer, inner, asked, in_state(PoolState::Healthy), eligible)
                .or_else(|| set(outer, inner, asked, in_state(PoolState::Degraded), eligible)),
            undrained: set(outer, inner, asked, |_| true, |sets| sets.undrained.clone()),
            drained: set(outer, inner, asked, |_| true, |sets| sets.drained.clone()),
            suspect: set(outer, inner, asked, |_| true, |sets| sets.suspect.clone()),
        }
    };
    Asked::of(outer, content).map(of_asked).collect()
}

/// The set over those inner pools that are `wanted` and have such a set; weight 0 only where there is no other.
fn set(
    outer: &Pool,
    inner: &[InnerPool<'_>],
    asked: Asked<'_>,
    wanted: impl Fn(&InnerPool<'_>) -> bool,
    which: impl Fn(&Sets) -> Option<PoolSet>,
) -> Option<PoolSet> {
    let of_pool = |pool: &InnerPool<'_>| which(pool.answers.sets.get(asked.place_in(pool.pool)?)?);
    let mut given: Vec<(InnerPool<'_>, PoolSet)> =
        inner.iter().filter(|pool| wanted(pool)).filter_map(|pool| Some((*pool, of_pool(pool)?))).collect();
    if given.iter().any(|(pool, _)| pool.weight > 0) {
        given.retain(|(pool, _)| pool.weight > 0);
    }
    let given: Vec<(InnerPool<'_>, &PoolSet)> = given.iter().map(|(pool, set)| (*pool, set)).collect();
    (!given.is_empty()).then(|| PoolSet::Nested(Arc::new(NestedSet::compile(outer, &given))))
}

#[cfg(test)]
mod tests;
