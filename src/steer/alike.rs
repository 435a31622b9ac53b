//! Which pools always answer alike: what is compiled for one of them serves all.
//!
//! Ten thousand names may each have a pool of their own with the same members, and one verdict changes what all of these
//! pools answer. Most of them are called differently and nothing else; then one compilation serves them, and queries for
//! any of them read the same memory.
//!
//! Only pools whose answers follow from the configuration and from health are compared: those that a schedule, an operator's
//! act or the comings and goings of members change go each its own way, and so do pools that hash their own name. Pools of
//! pools are alike where they list the same ones: whatever changes those changes all that list them.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::order::fixed_order;
use super::pool::{Inner, Member, MinHealthy, Pick, Pool, PoolId, PoolKind, Require};
use super::standing::SlowStart;
use crate::health::{AdminState, Hold, TargetId};
use crate::zone::Hints;

/// For each pool the first one that always answers as it does.
#[derive(Debug)]
pub struct Alike {
    first: Box<[PoolId]>,
}

impl Alike {
    /// Of these pools, which are those of a configuration.
    pub fn of(pools: &[Pool]) -> Alike {
        let mut known = HashMap::with_capacity(pools.len());
        let first = (0..).map(PoolId).zip(pools).map(|(id, pool)| match Likeness::of(pool) {
            Some(likeness) => *known.entry(likeness).or_insert(id),
            None => id,
        });
        Alike { first: first.collect() }
    }

    /// The first pool that always answers as this one, if that is another one.
    pub fn before(&self, id: PoolId) -> Option<PoolId> {
        let first = self.first[id.0 as usize];
        (first != id).then_some(first)
    }
}

/// All that the answers of a pool follow from beside health.
#[derive(PartialEq, Eq, Hash)]
struct Likeness<'p> {
    kind: PoolKind,
    pick: Pick,
    min_healthy: MinHealthy,
    weight_unit: u16,
    members: Parts<'p>,
    inner: &'p [Inner],
    /// What the names of pool and members come to.
    order: Vec<u16>,
    answers: &'p [u16],
    hints: &'p [Arc<Hints>],
}

/// Members, as far as answers follow from them: made out of them each time, because a copy for each of many pools is large.
struct Parts<'p>(&'p [Member]);

/// All of a member that they follow from.
#[derive(PartialEq, Eq, Hash)]
struct Part<'p> {
    group: Option<&'p str>,
    weight: u16,
    admin: AdminState,
    ipv4: Option<Ipv4Addr>,
    ipv6: Option<Ipv6Addr>,
    data: &'p [Box<[u8]>],
    targets: &'p [Vec<TargetId>; 2],
    require: Require,
    holds: [Hold; 3],
    slow_start: Option<SlowStart>,
}

impl<'p> Likeness<'p> {
    /// Of a pool whose answers follow from nothing else, and not from its name itself.
    fn of(pool: &'p Pool) -> Option<Likeness<'p>> {
        // Whole, so that what is added to a pool is thought of here.
        let Pool {
            name: _,
            kind,
            site: _,
            pick,
            min_healthy,
            hash_prefix: _,
            turnover,
            wills: _,
            weight_unit,
            members,
            inner,
            level: _,
            outer: _,
            answers,
            hints,
        } = pool;
        let is_plain = turnover.is_plain() && !pool.is_timed() && *pick != Pick::Hash;
        is_plain.then(|| Likeness {
            kind: *kind,
            pick: *pick,
            min_healthy: *min_healthy,
            weight_unit: *weight_unit,
            members: Parts(members),
            inner,
            order: fixed_order(pool),
            answers,
            hints,
        })
    }
}

impl<'p> Parts<'p> {
    fn iter(&self) -> impl Iterator<Item = Part<'p>> {
        self.0.iter().map(Part::of)
    }
}

impl PartialEq for Parts<'_> {
    fn eq(&self, other: &Parts<'_>) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Parts<'_> {}

impl Hash for Parts<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.0.len());
        self.iter().for_each(|part| part.hash(state));
    }
}

impl<'p> Part<'p> {
    fn of(member: &'p Member) -> Part<'p> {
        let Member {
            name: _,
            group,
            weight,
            admin,
            ipv4,
            ipv6,
            data,
            targets,
            watched: _,
            require,
            // Of these `admin` is what holds for ever; a pool in which one changes with time is not looked at.
            will: _,
            holds,
            slow_start,
        } = member;
        Part {
            group: group.as_deref(),
            weight: *weight,
            admin: *admin,
            ipv4: *ipv4,
            ipv6: *ipv6,
            data,
            targets,
            require: *require,
            holds: *holds,
            slow_start: *slow_start,
        }
    }
}

#[cfg(test)]
mod tests;
