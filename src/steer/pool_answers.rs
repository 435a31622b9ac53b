//! What one pool can answer with one content at this moment (semantics §3).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::answer_set::{AnswerSet, HintFamilies};
use super::asked::{Asked, AskedRecords};
use super::eligibility::{self, Eligibility, TargetHealth, eligibility};
use super::nested::{self, InnerPool};
use super::order::fixed_order;
use super::pool::{Inner, MinHealthy, Pick, Pool, PoolId};
use super::pool_set::PoolSet;
use super::standing::Stand;
use super::ttl::NEVER;
use crate::health::{AdminState, TargetId};
use crate::wire::Content;

/// State of a pool for one content (semantics §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoolState {
    /// No member has an address of the family, or data: no candidate.
    Absent,
    /// Eligible members reach `min_healthy`.
    Healthy,
    /// Some are eligible.
    Degraded,
    /// None is.
    Dead,
}

/// What a query sees of a pool at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glance {
    /// Healthy, and nothing to mind.
    Healthy,
    /// Not healthy, and nothing to mind.
    NotHealthy,
    /// A change is planned so soon that TTLs have to shrink.
    ChangePlanned,
}

impl Glance {
    fn of(state: PoolState) -> Glance {
        if state == PoolState::Healthy { Glance::Healthy } else { Glance::NotHealthy }
    }
}

/// What a pool can answer with one content at this moment. Immutable but for its cells.
#[derive(Debug)]
pub struct PoolAnswers {
    /// What nearly every query needs to know of the state.
    pub(super) glance: Glance,
    /// Its state.
    pub state: PoolState,
    /// Seconds to the soonest flip of any member that can flip; `u32::MAX` when none can. Stored by the keeper
    /// without publishing, read with one relaxed load.
    pub soonest_flip: AtomicU32,
    /// Seconds until an operator's will changes what it answers; [`NEVER`] while no such change is near. Stored as the
    /// other one.
    pub planned_change: AtomicU32,
    /// The pool that it was compiled from, where that is not the configured one.
    pub standing: Option<Arc<Pool>>,
    /// For each of the pool's numbers of answers, or of its RRsets with hints (same index): the sets.
    pub sets: Box<[Sets]>,
    /// The members that have what is asked for, by index, in the fixed order.
    order: Arc<[u16]>,
}

/// The answer sets of one pool, content and number of answers. Sets of the same members are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sets {
    /// Over the eligible members; `None` when the pool is dead.
    pub eligible: Option<PoolSet>,
    /// Over the members neither drained nor forced down, as if up.
    pub undrained: Option<PoolSet>,
    /// Over the drained members, as if up.
    pub drained: Option<PoolSet>,
    /// Over the suspect members, as if up.
    pub suspect: Option<PoolSet>,
}

impl PoolAnswers {
    /// Compiles what a pool can answer; `health` gives the health of its targets.
    pub fn compile(pool: &Pool, content: Content, health: &dyn Fn(TargetId) -> TargetHealth) -> PoolAnswers {
        let mut order = fixed_order(pool);
        order.retain(|&index| pool.gives(&pool.members[usize::from(index)], content));
        let sets = Sets::as_if_up(pool, content, &order);
        PoolAnswers::with_eligible(pool, content, health, order.into(), sets)
    }

    /// Compiles it anew for another health. Only who is eligible follows from health: the rest is taken over, so that a
    /// flip that ten thousand pools feel costs little in each of them.
    #[must_use]
    pub fn recompile(
        &self,
        pool: &Pool,
        content: Content,
        health: &dyn Fn(TargetId) -> TargetHealth,
    ) -> PoolAnswers {
        PoolAnswers::with_eligible(pool, content, health, Arc::clone(&self.order), self.sets.clone())
    }

    /// Compiles what a pool of pools can answer out of what those can; `inner` gives each of [`Pool::inner`].
    pub fn compile_outer<'p>(
        pool: &Pool,
        content: Content,
        inner: impl Fn(PoolId) -> (&'p Pool, &'p PoolAnswers),
    ) -> PoolAnswers {
        let inner: Vec<InnerPool<'_>> = pool
            .inner
            .iter()
            .map(|&Inner { pool: id, weight }| {
                let (pool, answers) = inner(id);
                InnerPool { id, weight, pool, answers }
            })
            .collect();
        let soonest = |cell: fn(&PoolAnswers) -> &AtomicU32| {
            let seconds = inner.iter().map(|pool| cell(pool.answers).load(Ordering::Relaxed));
            seconds.min().unwrap_or(NEVER)
        };
        let state = nested::state(pool, &inner);
        let planned_change = soonest(|answers| &answers.planned_change);
        PoolAnswers {
            glance: Glance::of(state),
            state,
            soonest_flip: AtomicU32::new(soonest(|answers| &answers.soonest_flip)),
            planned_change: AtomicU32::new(NEVER),
            standing: None,
            sets: nested::sets(pool, content, &inner),
            order: [].into(),
        }
        .standing(Stand { pool: None, planned_change })
    }

    /// The same, of a pool that stands as [`Stand`] says. What was compiled must have been compiled from its pool.
    #[must_use]
    pub fn standing(self, stand: Stand) -> PoolAnswers {
        let glance = match stand.planned_change {
            NEVER => self.glance,
            _ => Glance::ChangePlanned,
        };
        let planned_change = AtomicU32::new(stand.planned_change);
        PoolAnswers { glance, planned_change, standing: stand.pool, ..self }
    }

    /// Whether its pool stands as configured, and no change is planned.
    pub fn stands_as_configured(&self) -> bool {
        self.standing.is_none() && self.glance != Glance::ChangePlanned
    }

    /// How its pool stands.
    pub fn stand(&self) -> Stand {
        let planned_change = self.planned_change.load(Ordering::Relaxed);
        Stand { pool: self.standing.clone(), planned_change }
    }

    /// Seconds to the soonest flip as health stands now: what the keeper stores in the cell.
    pub fn soonest_flip_of(pool: &Pool, content: Content, health: &dyn Fn(TargetId) -> TargetHealth) -> u32 {
        eligibility::soonest_flip(pool, content, health)
    }

    /// Puts the sets of the eligible members beside the others.
    fn with_eligible(
        pool: &Pool,
        content: Content,
        health: &dyn Fn(TargetId) -> TargetHealth,
        order: Arc<[u16]>,
        mut sets: Box<[Sets]>,
    ) -> PoolAnswers {
        let eligibility = eligibility(pool, content, health);
        let members = |is_in: fn(Eligibility) -> bool| -> Vec<u16> {
            order.iter().copied().filter(|&index| is_in(eligibility[usize::from(index)])).collect()
        };
        let given = members(Eligibility::is_given);
        let suspect = without_reserve(pool, members(Eligibility::is_suspect));
        for (sets, asked) in sets.iter_mut().zip(Asked::of(pool, content)) {
            let wider = sets.undrained.as_ref();
            sets.eligible = match asked.records {
                AskedRecords::Hints(_) => set(pool, asked, &given, &hint_families(pool, health), wider),
                // Of the same members the set is the same.
                AskedRecords::Address(_) | AskedRecords::Data(_) => {
                    let known = [&sets.undrained, &sets.eligible].into_iter().flatten();
                    let same = known.into_iter().find(|set| set.is_over(&given)).cloned();
                    same.or_else(|| set(pool, asked, &given, &all_families, wider))
                }
            };
            sets.suspect = set(pool, asked, &suspect, &all_families, None);
        }
        let state = state(pool, &eligibility);
        PoolAnswers {
            glance: Glance::of(state),
            state,
            soonest_flip: AtomicU32::new(PoolAnswers::soonest_flip_of(pool, content, health)),
            planned_change: AtomicU32::new(NEVER),
            standing: None,
            sets,
            order,
        }
    }
}

impl Sets {
    /// The set over the eligible members, where one word draws from it.
    #[inline]
    pub(super) fn drawn(&self) -> Option<&AnswerSet> {
        match &self.eligible {
            Some(PoolSet::Drawn(set)) => Some(set),
            _ => None,
        }
    }

    /// The sets that health says nothing about, for all that is asked of the pool; `order` as in [`PoolAnswers`].
    fn as_if_up(pool: &Pool, content: Content, order: &[u16]) -> Box<[Sets]> {
        let members = |is_in: &dyn Fn(AdminState) -> bool| {
            let members =
                order.iter().copied().filter(|&index| is_in(pool.members[usize::from(index)].admin));
            without_reserve(pool, members.collect())
        };
        let undrained = members(&|admin| matches!(admin, AdminState::Auto | AdminState::ForcedUp));
        let drained = members(&|admin| admin == AdminState::Drained);
        let sets = |asked| Sets {
            eligible: None,
            undrained: set(pool, asked, &undrained, &all_families, None),
            drained: set(pool, asked, &drained, &all_families, None),
            suspect: None,
        };
        Asked::of(pool, content).map(sets).collect()
    }
}

/// The set over these members, where there are any; see [`PoolSet::compile`].
fn set(
    pool: &Pool,
    asked: Asked<'_>,
    members: &[u16],
    families: HintFamilies<'_>,
    wider: Option<&PoolSet>,
) -> Option<PoolSet> {
    (!members.is_empty()).then(|| PoolSet::compile(pool, asked, members, families, wider))
}

/// As if up, a member may be reached by each of its addresses.
fn all_families(_: u16) -> [bool; 2] {
    [true; 2]
}

/// The families in which each member is given at the moment.
fn hint_families(
    pool: &Pool,
    health: &dyn Fn(TargetId) -> TargetHealth,
) -> impl Fn(u16) -> [bool; 2] + use<> {
    let [v4, v6] = [Content::V4, Content::V6].map(|content| {
        let given = eligibility(pool, content, health).into_iter().map(Eligibility::is_given);
        given.collect::<Vec<bool>>()
    });
    move |index| [v4[usize::from(index)], v6[usize::from(index)]]
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
    let measure = |is_counted: &dyn Fn(Eligibility) -> bool| {
        let counted = pool.members.iter().zip(eligibility).filter(|(_, one)| is_counted(**one));
        Measure::of(counted.map(|(member, _)| (member.weight, member.full_weight())))
    };
    let total = measure(&|one| one != Eligibility::NoAddress);
    let eligible = measure(&Eligibility::is_given);
    if eligibility.iter().all(|&one| one == Eligibility::NoAddress) {
        PoolState::Absent
    } else if !eligibility.iter().any(|one| one.is_given()) {
        PoolState::Dead
    } else if reaches(pool, eligible, total) {
        PoolState::Healthy
    } else {
        PoolState::Degraded
    }
}

/// How many members (or inner pools), and how much weight; those of weight 0 left out.
#[derive(Clone, Copy, Default)]
pub(super) struct Measure {
    count: u64,
    weight: u64,
}

impl Measure {
    /// Of things with these weights: what they are given by, and what their capacity is.
    pub(super) fn of(weights: impl Iterator<Item = (u16, u16)>) -> Measure {
        weights.filter(|&(weight, _)| weight > 0).fold(Measure::default(), |sum, (_, capacity)| Measure {
            count: sum.count + 1,
            weight: sum.weight + u64::from(capacity),
        })
    }
}

/// Whether what is eligible makes the pool healthy. What counts on neither side never does.
pub(super) fn reaches(pool: &Pool, eligible: Measure, total: Measure) -> bool {
    let reaches = match pool.min_healthy {
        MinHealthy::Count(count) => eligible.count >= count.into(),
        MinHealthy::Fraction { numerator, denominator } => {
            let measured = |measure: Measure| match pool.pick {
                Pick::Weighted | Pick::Hash => measure.weight,
                Pick::All => measure.count,
            };
            measured(eligible) * u64::from(denominator) >= u64::from(numerator) * measured(total)
        }
    };
    reaches && eligible.count > 0
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
