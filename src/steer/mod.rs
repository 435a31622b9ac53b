//! Pools, rules, policies: (pool, family, health) → answer set; (map, pool list, fence) → candidates per class.
//!
//! INTERFACE STUB.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use crate::geo::{ClassId, SiteId};
use crate::health::{AdminState, State, TargetId};
use crate::wire::Family;

/// Number of a pool, dense from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolId(pub u32);

/// One backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, unique in its pool.
    pub name: String,
    /// 0–65535.
    pub weight: u16,
    /// The operator's will for the member, its pool and its site together: the strongest of the three.
    pub admin: AdminState,
    /// Its IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address.
    pub ipv6: Option<Ipv6Addr>,
    /// The targets of each family (indexed by `Family::index`), one per monitor; none without a monitor.
    pub targets: [Vec<TargetId>; 2],
    /// How several monitors make one state.
    pub require: Require,
}

/// How many of a member's monitors must be up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Require {
    /// Every one.
    All,
    /// At least this many; `any` is 1.
    AtLeast(u16),
}

/// How a pool picks among its eligible members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pick {
    /// By weight (systematic sampling).
    Weighted,
    /// All, rotated.
    All,
    // `hash` comes later.
}

/// From where on a pool is healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinHealthy {
    /// So many eligible members.
    Count(u32),
    /// eligible × denominator ≥ numerator × total, by weight in `weighted` pools, by members otherwise.
    Fraction {
        /// Numerator.
        numerator: u32,
        /// Denominator, not 0.
        denominator: u32,
    },
}

/// Members at a site that serve the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its name, unique over all files.
    pub name: String,
    /// Where it is.
    pub site: Option<SiteId>,
    /// How it picks.
    pub pick: Pick,
    /// From where on it is healthy.
    pub min_healthy: MinHealthy,
    /// At least one.
    pub members: Vec<Member>,
    /// The numbers of answers that rules ask of it, ascending, without doubles; compiled sets exist for these.
    pub answers: Vec<u16>,
}

/// What health says of a target at compile time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetHealth {
    /// Its state.
    pub state: State,
    /// Seconds until it can flip at the soonest.
    pub soonest_flip: u32,
}

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
pub struct PoolAnswers {
    /// Its state.
    pub state: PoolState,
    /// Seconds to the soonest flip of any member that can flip; `u32::MAX` when none can. Stored by the keeper
    /// without publishing, read with one relaxed load.
    pub soonest_flip: AtomicU32,
    /// For each of the pool's numbers of answers (same index): the sets.
    pub sets: Box<[Sets]>,
}

/// The answer sets of one pool, family and number of answers.
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
    pub fn compile(_pool: &Pool, _family: Family, _health: &dyn Fn(TargetId) -> TargetHealth) -> PoolAnswers {
        todo!()
    }
    /// Seconds to the soonest flip as health stands now: what the keeper stores in the cell.
    pub fn soonest_flip_of(_pool: &Pool, _family: Family, _health: &dyn Fn(TargetId) -> TargetHealth) -> u32 {
        todo!()
    }
}

/// The variants a pool can give at this moment, with their probabilities, in wire form.
pub struct AnswerSet {
    _private: (),
}

impl AnswerSet {
    /// Draws with one random word. The result lists records in the order in which they go out.
    pub fn draw(&self, _word: u64) -> Drawn<'_> {
        todo!()
    }
    /// The size of the draw: [`AnswerSet::draw_at`] over 0..domain covers every outcome exactly as often as its share.
    pub fn domain(&self) -> u64 {
        todo!()
    }
    /// The outcome of one value of the draw, below [`AnswerSet::domain`].
    pub fn draw_at(&self, _value: u64) -> Drawn<'_> {
        todo!()
    }
    /// Every variant with its exact probability (numerator, denominator), for `explain`; members by their index in
    /// the pool, in the fixed order.
    pub fn variants(&self) -> Vec<(Vec<usize>, (u64, u64))> {
        todo!()
    }
    /// Per member of the pool (by index): its exact share of answers and of first places.
    pub fn shares(&self) -> Vec<MemberShare> {
        todo!()
    }
}

/// The share of one member of an answer set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberShare {
    /// Index in the pool.
    pub member: usize,
    /// Probability of standing in the answer (numerator, denominator), in lowest terms.
    pub answer: (u64, u64),
    /// Probability of standing first.
    pub first: (u64, u64),
}

/// One drawn answer: members in order of appearance. `record(i)` is a whole record: the owner 0xC00C, type, class IN,
/// TTL 0 (render patches it), RDLENGTH, address: 16 octets for A, 28 for AAAA.
pub struct Drawn<'s> {
    _set: &'s AnswerSet,
}

impl<'s> Drawn<'s> {
    /// The records in order; all have the same length.
    pub fn records(&self) -> impl Iterator<Item = &'s [u8]> {
        std::iter::empty()
    }
    /// The members in order, by index in the pool.
    pub fn members(&self) -> impl Iterator<Item = usize> {
        std::iter::empty()
    }
}

/// What answers when no candidate is healthy or degraded (semantics §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// A pool as a rule uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// The pool.
    pub pool: PoolId,
    /// Which of the pool's `answers` (and so of [`PoolAnswers::sets`]) the rule wants.
    pub set: u16,
}

/// What an empty site list answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// The default RRset.
    Default,
    /// NODATA.
    NoData,
}

/// How one (owner, type) is steered.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The type's family.
    pub family: Family,
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

/// For each class the candidates of a rule, as indices into its pools, in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Candidates {
    _private: (),
}

impl Candidates {
    /// Orders pools by the sites of each class (semantics §4.1). `sites[i]` is the site of the rule's pool i.
    pub fn compile(_classes: &[Box<[SiteId]>], _sites: &[SiteId], _fence: bool) -> Candidates {
        todo!()
    }
    /// For a rule without a map: one class, the written order of `pools` pools.
    pub fn written_order(_pools: usize) -> Candidates {
        todo!()
    }
    /// The candidates of a class. Without a map the class is `ClassId(0)`.
    pub fn of(&self, _class: ClassId) -> &[u16] {
        todo!()
    }
    /// Whether the class's site list is empty (semantics §4.5).
    pub fn is_empty_list(&self, _class: ClassId) -> bool {
        todo!()
    }
}

/// Why a steered question got what it got (semantics §4): visible in log, metrics, `status` and `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The first healthy candidate.
    Healthy,
    /// The first degraded candidate; none is healthy.
    Degraded,
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

/// What a rule answers with for a class at this moment.
pub struct Choice<'s> {
    /// Why.
    pub reason: Reason,
    /// What.
    pub given: Given<'s>,
    /// Seconds, 1 or more: semantics §5.
    pub ttl: u32,
}

/// What is given out.
pub enum Given<'s> {
    /// A draw from this set of this pool.
    Set(PoolId, &'s AnswerSet),
    /// The default RRset.
    DefaultRrset,
    /// NODATA.
    NoData,
}

/// Chooses for a class. `pools` gives what each pool can answer for the rule's family.
pub fn choose<'s>(_rule: &Rule, _class: ClassId, _pools: impl Fn(PoolId) -> &'s PoolAnswers) -> Choice<'s> {
    todo!()
}
