//! Rules as an operator wrote them, names resolved: how one (owner, type) is steered.

use std::sync::Arc;

use super::candidates::Candidates;
use super::pool::PoolId;
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
    /// Which of the pool's `answers`, or `hints` (and so of [`super::PoolAnswers::sets`]) the rule wants.
    pub set: u16,
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
