//! Pools and members as an operator wrote them, names resolved.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::slot::HashPrefix;
use super::standing::SlowStart;
use super::turnover::Turnover;
use super::will::Will;
use crate::geo::SiteId;
use crate::health::{AdminState, Hold, TargetId};
use crate::wire::Content;
use crate::wire::Family;
use crate::zone::Hints;

/// Members a pool may have. The bound keeps the domain of a draw within 64 bits (proof in `answer_set`).
pub const MEMBERS_MAX: usize = 256;

/// Number of a pool, dense from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolId(pub u32);

/// One backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, unique in its pool.
    pub name: String,
    /// What it shares with others that should not stand in one answer together.
    pub group: Option<String>,
    /// 0–65535. Weight 0 is a reserve: given out only when no other member of the pool is eligible.
    pub weight: u16,
    /// The operator's will for the member, its pool and its site together: the strongest of the three.
    pub admin: AdminState,
    /// Its IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address.
    pub ipv6: Option<Ipv6Addr>,
    /// The data of its records, names in full; none in a pool of addresses.
    pub data: Vec<Box<[u8]>>,
    /// The targets of each family (indexed by `Family::index`), one per voting monitor; none without a monitor. What a
    /// member without an address has is under IPv4.
    pub targets: [Vec<TargetId>; 2],
    /// Targets of monitors that do not vote.
    pub watched: Vec<TargetId>,
    /// How several monitors make one state.
    pub require: Require,
    /// What its operator wants of it beside `admin` and `weight`: for a time, or by a schedule.
    pub will: Option<Arc<Will>>,
    /// What is held against it at the moment, by content (indexed by `Content::index`); in a configuration nothing. A pool
    /// that stands for one content has what [`Pool::contents_behind`] it is held by.
    pub holds: [Hold; 3],
    /// How far its slow start has come at the moment, in one family; in a configuration there is none.
    pub slow_start: Option<SlowStart>,
}

impl Member {
    /// Its address of a family.
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.ipv4.map(IpAddr::V4),
            Family::V6 => self.ipv6.map(IpAddr::V6),
        }
    }

    /// What it weighs where capacity is measured: its weight, or what that will be when its slow start is over.
    pub fn full_weight(&self) -> u16 {
        self.slow_start.map_or(self.weight, |slow_start| slow_start.full_weight)
    }

    /// What is held against it with a content.
    pub fn hold(&self, content: Content) -> Hold {
        self.holds[content.index()]
    }
}

/// What the members of a pool are given out as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// Their addresses, in A and AAAA records, and as hints in SVCB and HTTPS records.
    Addresses,
    /// Records of this type, with the data that they have. Addresses are only probed.
    Records(u16),
}

/// How many of a member's monitors must be up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// By weight, and by the client's network (weighted rendezvous hashing).
    Hash,
}

/// As it is written: `weighted`, `all`, `hash`.
impl fmt::Display for Pick {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Pick::Weighted => "weighted",
            Pick::All => "all",
            Pick::Hash => "hash",
        })
    }
}

/// From where on a pool is healthy. Members of weight 0 count on neither side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MinHealthy {
    /// So many eligible members.
    Count(u32),
    /// eligible × denominator ≥ numerator × total, by weight in `weighted` and `hash` pools, by members otherwise; the
    /// total is over all members that have an address of the family.
    Fraction {
        /// Numerator.
        numerator: u32,
        /// Denominator, not 0.
        denominator: u32,
    },
}

/// A pool that stands in another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Inner {
    /// The pool.
    pub pool: PoolId,
    /// 0–65535, in the outer pool. Weight 0 is a reserve, as with members.
    pub weight: u16,
}

/// Members at a site that serve the same thing; or pools, one of which is picked each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its name, unique over all files.
    pub name: String,
    /// What its members are given out as.
    pub kind: PoolKind,
    /// Where it is.
    pub site: Option<SiteId>,
    /// How it picks.
    pub pick: Pick,
    /// From where on it is healthy.
    pub min_healthy: MinHealthy,
    /// What makes clients one network, where it picks by that.
    pub hash_prefix: HashPrefix,
    /// How members leave and come back.
    pub turnover: Turnover,
    /// What the operators of the pool and of its site want of all members, for a time or by a schedule; and those of the
    /// pools that it stands in.
    pub wills: Vec<Arc<Will>>,
    /// Of which the weights of its members are multiples at the moment: above 1 while one starts slowly.
    pub weight_unit: u16,
    /// At least one, at most [`MEMBERS_MAX`]; none in a pool of pools.
    pub members: Vec<Member>,
    /// The pools in it; none in a pool of members.
    pub inner: Vec<Inner>,
    /// How many levels of pools are below it: 0 for a pool of members. Below [`LEVELS_MAX`](super::LEVELS_MAX).
    pub level: u8,
    /// The pools that it stands in, whether directly or in others of them; those of lower levels first.
    pub outer: Vec<PoolId>,
    /// The numbers of answers that rules ask of it, each at least 1, ascending, without doubles; compiled sets exist
    /// for these. Those asked of a pool are asked of its inner ones too.
    pub answers: Vec<u16>,
    /// The SVCB and HTTPS RRsets that rules want with the address of one member as hints, without doubles; compiled sets
    /// exist for these. Only in a pool of addresses.
    pub hints: Vec<Arc<Hints>>,
}

impl Pool {
    /// What its members are there for, and it is shown with.
    pub fn contents(&self) -> &'static [Content] {
        match self.kind {
            PoolKind::Addresses => &[Content::V4, Content::V6],
            PoolKind::Records(_) => &[Content::Data],
        }
    }

    /// Whether a member takes part in answers of this content, as far as it depends on what it is.
    pub fn gives(&self, member: &Member, content: Content) -> bool {
        match (self.kind, content.family()) {
            (PoolKind::Addresses, Some(family)) => member.address(family).is_some(),
            (PoolKind::Addresses, None) => {
                !self.hints.is_empty() && (member.ipv4.is_some() || member.ipv6.is_some())
            }
            (PoolKind::Records(_), family) => family.is_none(),
        }
    }

    /// The contents with which a member's health decides on answers of this one: itself, and for hints each family, because
    /// an address is no hint while it is not given by itself.
    pub fn contents_behind(&self, content: Content) -> &'static [Content] {
        match content {
            Content::V4 => &[Content::V4],
            Content::V6 => &[Content::V6],
            Content::Data if self.hints.is_empty() => &[Content::Data],
            Content::Data => &Content::ALL,
        }
    }

    /// The weight of a member as people know it: as written, or as its schedule has it at the moment.
    pub fn weight_of(&self, member: &Member) -> u16 {
        member.full_weight() / self.weight_unit
    }
}
