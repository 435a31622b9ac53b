//! Rules as an operator wrote them, names resolved: how one (owner, type) is steered.

use std::sync::Arc;

use super::candidates::Candidates;
use super::pool::PoolId;
use super::slot::{SLOTS, Slot};
use crate::wire::Content;

/// How one (owner, type) is steered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    /// What its answers consist of.
    pub content: Content,
    /// Its pools in written order.
    pub pools: Vec<PoolUse>,
    /// Number of its map in the snapshot; `None`: the written order decides.
    pub map: Option<u32>,
    /// Candidates per class, shared by all rules with the same (map, sites of the pools, fence).
    pub candidates: Arc<Candidates>,
    /// See [`AllDown`].
    pub all_down: AllDown,
    /// The share of clients' networks that go to the next healthy candidate.
    pub trickle: Option<Trickle>,
    /// See [`Empty`].
    pub empty: Empty,
    /// Lower bound of the TTL in seconds.
    pub min_ttl: u32,
    /// Upper bound: the TTL of the default RRset.
    pub max_ttl: u32,
}

/// A pool as a rule uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolUse {
    /// The pool.
    pub pool: PoolId,
    /// Which of the pool's `answers`, or `hints` (and so of [`super::PoolAnswers::sets`]) the rule wants. With
    /// [`PoolUse::TRICKLE`] it is beyond all sets.
    pub set: u16,
}

impl PoolUse {
    /// Stands beside the number of the set where the rule has a trickle: the way of all other rules, which knows nothing of
    /// that, finds no set then, and asks nothing more of any rule.
    pub const TRICKLE: u16 = 1 << 15;

    /// The number of the set.
    pub fn set(self) -> usize {
        usize::from(self.set & !PoolUse::TRICKLE)
    }
}

/// The share of clients' networks that go to the next healthy candidate (semantics §4.3): those whose slot is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trickle {
    slots: u16,
}

impl Trickle {
    /// A part of all networks, rounded to whole slots (halves up); `None` where that leaves none or all.
    pub fn part(numerator: u32, denominator: u32) -> Option<Trickle> {
        let slots = SLOTS as u64;
        let doubled = 2 * u64::from(numerator) * slots + u64::from(denominator);
        let rounded = doubled / (2 * u64::from(denominator).max(1));
        (1..slots).contains(&rounded).then_some(Trickle { slots: rounded as u16 })
    }

    /// How many of [`SLOTS`] they are.
    pub fn slots(self) -> u16 {
        self.slots
    }

    /// Whether the networks of this slot are among them.
    pub fn takes(self, slot: Slot) -> bool {
        slot.index() < usize::from(self.slots)
    }
}

/// What answers when no candidate is healthy or degraded (semantics §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AllDown {
    /// The first candidate with a member neither drained nor forced down, as if up.
    All,
    /// The default RRset.
    Default,
    /// NODATA.
    None,
    /// That pool, health ignored; with the index of the number of answers in it.
    Pool(PoolUse),
}

/// What an empty site list answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Empty {
    /// The default RRset.
    Default,
    /// NODATA.
    NoData,
}
