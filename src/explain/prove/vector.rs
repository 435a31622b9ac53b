//! The states that an assertion is held against, and how much of a budget they take.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::geo::SiteId;
use crate::health::TargetId;
use crate::steer::PoolId;

/// When it is, what is down, what is held against members, and what a start has not learnt yet; everything else is up,
/// free and known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct HealthVector {
    /// Seconds since 1970; `None` where no schedule and no end of an admin state makes a difference.
    pub at: Option<u64>,
    /// Lost sites: every target of their members is down.
    pub sites: BTreeSet<SiteId>,
    /// Failures beside that.
    pub failures: BTreeSet<Failure>,
    /// What was down and is back, and the pools with `manual_resume` whose members nobody has resumed since. None of it is
    /// down.
    pub awaited: BTreeMap<Cause, BTreeSet<PoolId>>,
    /// Pools whose members that are down are suspect: more were down at once than their panic limit lets go.
    pub suspect: BTreeSet<PoolId>,
    /// Pools of which a server that has just started without saved health knows no more than this.
    pub starting: BTreeMap<PoolId, Knowledge>,
}

/// One failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// An address that is probed: down under each of its monitors.
    Address(IpAddr),
    /// One address under one monitor.
    Target(TargetId),
}

/// Why members went down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Their site was lost.
    Site(SiteId),
    /// Something else.
    Failure(Failure),
}

/// What has been heard of the members of a pool that are not down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Knowledge {
    /// Nothing.
    Nothing,
    /// That this member is up, and nothing of the others.
    Only(u16),
}

/// How much may be down at once, and what else is played. What is back and still awaited counts as if it were down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Sites.
    pub(super) sites: u8,
    /// Failures.
    pub(super) failures: u8,
    /// Whether starts without saved health are played.
    pub(super) starts: bool,
}

impl HealthVector {
    /// That all is up, at a moment where that makes a difference.
    pub(super) fn all_up(at: Option<u64>) -> HealthVector {
        HealthVector { at, ..HealthVector::default() }
    }

    /// Whether sites are lost or something fails.
    pub fn has_anything_down(&self) -> bool {
        !self.sites.is_empty() || !self.failures.is_empty()
    }

    /// Whether `explain --down` and `--at` can show it: it holds nothing that only a running server has.
    pub fn is_of_files(&self) -> bool {
        self.awaited.is_empty() && self.suspect.is_empty() && self.starting.is_empty()
    }

    /// Whether nothing is held against the members of a pool, and a start is not at it: who has just started holds nothing.
    pub(super) fn knows_all_and_holds_nothing(&self, pool: PoolId) -> bool {
        let is_awaited = self.awaited.values().any(|pools| pools.contains(&pool));
        !is_awaited && !self.suspect.contains(&pool) && !self.starting.contains_key(&pool)
    }

    /// Whether a cause is down.
    pub(super) fn has_down(&self, cause: Cause) -> bool {
        match cause {
            Cause::Site(site) => self.sites.contains(&site),
            Cause::Failure(failure) => self.failures.contains(&failure),
        }
    }

    /// The same with a cause down; `None` where it is already, or the budget does not give that.
    pub(super) fn with_down(&self, cause: Cause, budget: Budget) -> Option<HealthVector> {
        (!self.has_down(cause) && self.has_room(cause, budget)).then(|| {
            let mut more = self.clone();
            more.awaited.remove(&cause);
            match cause {
                Cause::Site(site) => drop(more.sites.insert(site)),
                Cause::Failure(failure) => drop(more.failures.insert(failure)),
            }
            more
        })
    }

    /// The same with a cause back that a pool still awaits; `None` as above.
    pub(super) fn with_awaited(&self, cause: Cause, pool: PoolId, budget: Budget) -> Option<HealthVector> {
        (!self.has_down(cause) && self.has_room(cause, budget)).then(|| {
            let mut more = self.clone();
            more.awaited.entry(cause).or_default().insert(pool);
            more
        })
    }

    /// Whether a cause that is not down may be, or be awaited, beside all others.
    fn has_room(&self, cause: Cause, budget: Budget) -> bool {
        let awaited = |is_site: bool| {
            let others = self.awaited.keys().filter(|&&other| other != cause);
            others.filter(|other| matches!(other, Cause::Site(_)) == is_site).count()
        };
        match cause {
            Cause::Site(_) => self.sites.len() + awaited(true) < usize::from(budget.sites),
            Cause::Failure(_) => self.failures.len() + awaited(false) < usize::from(budget.failures),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_awaited_takes_the_place_of_what_is_down() {
        let budget = Budget { sites: 1, failures: 1, starts: false };
        let [site, other] = [0, 1].map(|site| Cause::Site(SiteId(site)));
        let failure = Cause::Failure(Failure::Target(TargetId(0)));
        let awaited = HealthVector::default().with_awaited(site, PoolId(0), budget).unwrap();
        assert_eq!(awaited.with_down(other, budget), None);
        assert_eq!(awaited.with_awaited(other, PoolId(0), budget), None);
        let twice = awaited.with_awaited(site, PoolId(1), budget).unwrap();
        assert_eq!(twice.awaited[&site].len(), 2);
        let down = twice.with_down(site, budget).unwrap();
        assert!(down.awaited.is_empty() && down.has_down(site));
        assert_eq!(down.with_awaited(site, PoolId(0), budget), None);
        assert!(
            down.with_down(failure, budget).is_some_and(|down| down.with_down(failure, budget).is_none())
        );
    }
}
