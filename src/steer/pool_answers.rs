//! What one pool can answer for one family at this moment (semantics §3).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use super::answer_set::AnswerSet;
use super::eligibility::{self, Eligibility, TargetHealth, eligibility};
use super::order::fixed_order;
use super::pool::{Member, MinHealthy, Pick, Pool};
use crate::health::{AdminState, TargetId};
use crate::wire::Family;

/// State of a pool for one family (semantics §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoolState {
    /// No member has an address of the family: no candidate.
    Absent,
    /// Eligible members reach `min_healthy`.
    Healthy,
    /// Some are eligible.
    Degraded,
    /// None is.
    Dead,
}

/// What a pool can answer for one family at this moment. Immutable but for its cell.
#[derive(Debug)]
pub struct PoolAnswers {
    /// Its state.
    pub state: PoolState,
    /// Seconds to the soonest flip of any member that can flip; `u32::MAX` when none can. Stored by the keeper
    /// without publishing, read with one relaxed load.
    pub soonest_flip: AtomicU32,
    /// For each of the pool's numbers of answers (same index): the sets.
    pub sets: Box<[Sets]>,
}

/// The answer sets of one pool, family and number of answers. Sets of the same members are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sets {
    /// Over the eligible members; `None` when the pool is dead.
    pub eligible: Option<Arc<AnswerSet>>,
    /// Over the members neither drained nor forced down, as if up.
    pub undrained: Option<Arc<AnswerSet>>,
    /// Over the drained members, as if up.
    pub drained: Option<Arc<AnswerSet>>,
}

impl PoolAnswers {
    /// Compiles what a pool can answer; `health` gives the health of its targets.
    pub fn compile(pool: &Pool, family: Family, health: &dyn Fn(TargetId) -> TargetHealth) -> PoolAnswers {
        let eligibility = eligibility(pool, family, health);
        let state = state(pool, &eligibility);
        let sets = match state {
            PoolState::Absent => {
                vec![Sets { eligible: None, undrained: None, drained: None }; pool.answers.len()]
            }
            _ => Groups::of(pool, family, &eligibility).compile(pool, family),
        };
        let soonest_flip = AtomicU32::new(PoolAnswers::soonest_flip_of(pool, family, health));
        PoolAnswers { state, soonest_flip, sets: sets.into() }
    }

    /// Seconds to the soonest flip as health stands now: what the keeper stores in the cell.
    pub fn soonest_flip_of(pool: &Pool, family: Family, health: &dyn Fn(TargetId) -> TargetHealth) -> u32 {
        eligibility::soonest_flip(pool, family, health)
    }
}

/// The members that each of the sets is over, by index, in the fixed order.
struct Groups {
    eligible: Vec<u16>,
    undrained: Vec<u16>,
    drained: Vec<u16>,
}

impl Groups {
    fn of(pool: &Pool, family: Family, eligibility: &[Eligibility]) -> Groups {
        let mut order = fixed_order(pool);
        order.retain(|&index| pool.members[usize::from(index)].address(family).is_some());
        let admin = |index: u16| pool.members[usize::from(index)].admin;
        let filtered =
            |is_in: &dyn Fn(u16) -> bool| order.iter().copied().filter(|&index| is_in(index)).collect();
        let as_if_up = |is_in: &dyn Fn(u16) -> bool| without_reserve(pool, filtered(is_in));
        Groups {
            eligible: filtered(&|index| eligibility[usize::from(index)].is_given()),
            undrained: as_if_up(&|index| matches!(admin(index), AdminState::Auto | AdminState::ForcedUp)),
            drained: as_if_up(&|index| admin(index) == AdminState::Drained),
        }
    }

    fn compile(&self, pool: &Pool, family: Family) -> Vec<Sets> {
        let set = |members: &[u16], answers| {
            (!members.is_empty()).then(|| Arc::new(AnswerSet::compile(pool, family, members, answers)))
        };
        let sets = |&answers: &u16| {
            let eligible = set(&self.eligible, answers);
            let undrained = match self.undrained == self.eligible {
                true => eligible.clone(),
                false => set(&self.undrained, answers),
            };
            Sets { eligible, undrained, drained: set(&self.drained, answers) }
        };
        pool.answers.iter().map(sets).collect()
    }
}

/// Members of weight 0 are given only where there is no other.
fn without_reserve(pool: &Pool, mut members: Vec<u16>) -> Vec<u16> {
    let weight = |index: &u16| pool.members[usize::from(*index)].weight;
    if members.iter().any(|index| weight(index) > 0) {
        members.retain(|index| weight(index) > 0);
    }
    members
}

/// The state that these eligibilities make. Members of weight 0 count on neither side of `min_healthy`; a pool that
/// lives on them alone is degraded, whatever `min_healthy` says.
pub(super) fn state(pool: &Pool, eligibility: &[Eligibility]) -> PoolState {
    let with_eligibility = || pool.members.iter().zip(eligibility);
    let total = measure(with_eligibility().filter(|(_, one)| **one != Eligibility::NoAddress));
    let eligible = measure(with_eligibility().filter(|(_, one)| one.is_given()));
    if eligibility.iter().all(|&one| one == Eligibility::NoAddress) {
        PoolState::Absent
    } else if !eligibility.iter().any(|one| one.is_given()) {
        PoolState::Dead
    } else if eligible.members > 0 && reaches(pool, eligible, total) {
        PoolState::Healthy
    } else {
        PoolState::Degraded
    }
}

/// How many members, and how much weight; those of weight 0 left out.
#[derive(Clone, Copy, Default)]
struct Measure {
    members: u64,
    weight: u64,
}

fn measure<'p>(members: impl Iterator<Item = (&'p Member, &'p Eligibility)>) -> Measure {
    members.filter(|(member, _)| member.weight > 0).fold(Measure::default(), |sum, (member, _)| Measure {
        members: sum.members + 1,
        weight: sum.weight + u64::from(member.weight),
    })
}

fn reaches(pool: &Pool, eligible: Measure, total: Measure) -> bool {
    match pool.min_healthy {
        MinHealthy::Count(count) => eligible.members >= count.into(),
        MinHealthy::Fraction { numerator, denominator } => {
            let measured = |measure: Measure| match pool.pick {
                Pick::Weighted => measure.weight,
                Pick::All => measure.members,
            };
            measured(eligible) * u64::from(denominator) >= u64::from(numerator) * measured(total)
        }
    }
}

/// `absent`, `healthy`, `degraded`, `dead`.
impl fmt::Display for PoolState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            PoolState::Absent => "absent",
            PoolState::Healthy => "healthy",
            PoolState::Degraded => "degraded",
            PoolState::Dead => "dead",
        })
    }
}

#[cfg(test)]
mod tests;
