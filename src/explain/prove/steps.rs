//! What may be one more thing than in a state: of a pool that the choice looked at.
//!
//! | a step | where |
//! |---|---|
//! | a site is lost, or an address or target fails | a pool looked at depends on it, be it by members that it shares with a pool at that site, and the budget gives it |
//! | it is back, and a pool of `manual_resume` awaits it still | the same, and another pool of the rule sees it up again: for one alone it is as if it were down |
//! | the members of a pool that are down are suspect | its panic limit lets fewer go than the budget can take down at once, and nobody is healthy or degraded: else nobody asks |
//! | a start knows nothing of a pool, or one member only | that makes its state another |
//!
//! Which of the members that are down are suspect makes no difference to any claim: not one of them lives, and their pool
//! is where it is. What a start has heard of a pool is up to chance; of all that it may be, the state of a pool is least
//! with one member alone, the one of least weight, and greatest with all: those two are played, and "nothing", where
//! members count as up that nobody probes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::scene::{Outcome, Scene};
use super::situation::{Situation, is_by_health};
use super::vector::{Budget, Cause, HealthVector, Knowledge};
use crate::geo::SiteId;
use crate::health::TargetId;
use crate::steer::{self, Given, Member, MinHealthy, PANIC_MEMBERS_MIN, Pool, PoolId, Reason};

/// The states with one more thing about what was looked at.
pub(super) fn steps(scene: &Scene<'_>, outcome: &Outcome<'_>, budget: Budget) -> Vec<HealthVector> {
    let leaves = outcome.asked.iter().flat_map(|&pool| scene.scenery.leaves(pool));
    let looked = Looked { scene, outcome, budget, leaves: leaves.collect() };
    let mut next = looked.down();
    next.extend(looked.awaited());
    next.extend(looked.suspect());
    if budget.starts {
        next.extend(looked.starting());
    }
    next
}

/// What a choice looked at.
struct Looked<'l> {
    scene: &'l Scene<'l>,
    outcome: &'l Outcome<'l>,
    budget: Budget,
    /// The pools of members.
    leaves: BTreeSet<PoolId>,
}

impl Looked<'_> {
    fn state(&self) -> &HealthVector {
        self.outcome.situation.vector
    }

    fn situation(&self) -> &Situation<'_> {
        self.outcome.situation
    }

    /// With one more thing down.
    fn down(&self) -> Vec<HealthVector> {
        let sites = self.sites().into_iter().map(Cause::Site);
        let failures = self.leaves.iter().flat_map(|&pool| self.failures_of(pool));
        let causes: BTreeSet<Cause> = sites.chain(failures).collect();
        causes.into_iter().filter_map(|cause| self.state().with_down(cause, self.budget)).collect()
    }

    /// With one more thing back that a pool still awaits.
    fn awaited(&self) -> Vec<HealthVector> {
        let awaits = |pool: &PoolId| {
            self.scene.scenery.pool(*pool).turnover.manual_resume && !self.state().starting.contains_key(pool)
        };
        let awaiting = self.leaves.iter().copied().filter(awaits);
        let with_cause = awaiting.flat_map(|pool| {
            let sites = self.sites_with(pool).into_iter().map(Cause::Site);
            sites.chain(self.failures_of(pool)).map(move |cause| (pool, cause)).collect::<Vec<_>>()
        });
        let next = with_cause.filter(|&(pool, cause)| {
            let known = self.state().awaited.get(&cause);
            let is_awaited =
                |other: &PoolId| *other == pool || known.is_some_and(|pools| pools.contains(other));
            !self.scene.touched(cause).iter().all(is_awaited)
        });
        next.filter_map(|(pool, cause)| self.state().with_awaited(cause, pool, self.budget)).collect()
    }

    /// With the members of one more pool suspect.
    fn suspect(&self) -> Vec<HealthVector> {
        if matches!(self.outcome.choice.reason, Reason::Healthy | Reason::Degraded) {
            return Vec::new();
        }
        let may_be = |pool: &PoolId| {
            !self.state().suspect.contains(pool)
                && !self.state().starting.contains_key(pool)
                && self.has_down(*pool)
                && may_exceed_its_panic_limit(self.scene, *pool, self.budget)
        };
        let with = |pool: PoolId| {
            let mut more = self.state().clone();
            more.suspect.insert(pool);
            more
        };
        self.leaves.iter().copied().filter(may_be).map(with).collect()
    }

    /// With a start that has not heard of all members of one more pool.
    fn starting(&self) -> Vec<HealthVector> {
        let unsure = self.leaves.iter().filter(|pool| self.state().knows_all_and_holds_nothing(**pool));
        let unsure = unsure.filter(|&&pool| may_matter_how_many(&self.situation().wanted(pool)));
        unsure.flat_map(|&pool| self.starting_in(pool)).collect()
    }

    fn starting_in(&self, pool: PoolId) -> Vec<HealthVector> {
        let content = self.scene.rule.content;
        let known = self.situation().answers(pool, content).state;
        let only = self.first_heard(pool).into_iter().map(Knowledge::Only);
        let with = [Knowledge::Nothing].into_iter().chain(only).map(|knowledge| {
            let mut more = self.state().clone();
            more.starting.insert(pool, knowledge);
            more
        });
        let is_other = |vector: &HealthVector| {
            Situation::new(self.scene.scenery, vector).answers(pool, content).state != known
        };
        with.filter(is_other).collect()
    }

    /// The members of which a start may hear first so that the state of their pool is least: of least weight; all, where
    /// what is heard of one may say something of others.
    fn first_heard(&self, pool: PoolId) -> Vec<u16> {
        let content = self.scene.rule.content;
        let standing = self.situation().standing(pool, content);
        let eligibility = self.situation().eligibility(pool, content);
        let members = (0_u16..).zip(&standing.members).zip(eligibility);
        let probed = members.filter(|((_, member), eligibility)| {
            is_by_health(member)
                && matches!(eligibility, steer::Eligibility::Up | steer::Eligibility::Reserve)
                && !steer::targets_of(member, content).is_empty()
        });
        let probed: Vec<(u16, &Member)> = probed.map(|(member, _)| member).collect();
        let targets = probed.iter().flat_map(|(_, member)| steer::targets_of(member, content));
        let (mut seen, mut is_shared) = (BTreeSet::new(), false);
        targets.for_each(|target| is_shared |= !seen.insert(target));
        let lightest = probed.iter().min_by_key(|(_, member)| member.weight).map(|&(index, _)| index);
        match is_shared {
            false => lightest.into_iter().collect(),
            true => probed.into_iter().map(|(index, _)| index).collect(),
        }
    }

    /// The sites that the outcome has to do with: of the pools looked at and those in them, of those that share members with them, and of
    /// the default RRset's addresses.
    fn sites(&self) -> BTreeSet<SiteId> {
        let scenery = self.scene.scenery;
        let asked = self.outcome.asked.iter().flat_map(|&pool| scenery.with_inner(pool));
        let asked = asked.filter_map(|pool| scenery.pool(pool).site);
        let sharing = self.leaves.iter().flat_map(|&pool| self.sites_with(pool));
        let default = match self.outcome.choice.given {
            Given::DefaultRrset => self.scene.default.as_slice(),
            _ => &[],
        };
        let default = default.iter().flat_map(|&address| scenery.sites_of(address));
        asked.chain(sharing).chain(default).collect()
    }

    /// The sites whose loss takes members of a pool down.
    fn sites_with(&self, pool: PoolId) -> BTreeSet<SiteId> {
        let targets = self.watched(pool).into_iter();
        targets.flat_map(|target| self.scene.scenery.sites_with(target)).collect()
    }

    /// The failures that can change what a pool of members answers.
    fn failures_of(&self, pool: PoolId) -> BTreeSet<Cause> {
        let targets = self.watched(pool).into_iter();
        targets.flat_map(|target| self.scene.scenery.failures_with(target)).map(Cause::Failure).collect()
    }

    /// The targets that decide about members of a pool.
    fn watched(&self, pool: PoolId) -> BTreeSet<TargetId> {
        let wanted = self.situation().wanted(pool);
        let by_health = wanted.members.iter().filter(|member| is_by_health(member));
        by_health.flat_map(|member| steer::targets_of(member, self.scene.rule.content)).collect()
    }

    fn has_down(&self, pool: PoolId) -> bool {
        let wanted = self.situation().wanted(pool);
        let mut by_health = wanted.members.iter().filter(|member| is_by_health(member));
        by_health.any(|member| self.situation().is_down(member, self.scene.rule.content))
    }
}

/// Whether it can make a difference to the state of a pool how many of its members are eligible, as long as some are.
fn may_matter_how_many(pool: &Pool) -> bool {
    let needs_one = matches!(pool.min_healthy, MinHealthy::Count(0 | 1));
    !needs_one || pool.members.iter().any(|member| member.weight == 0)
}

/// Whether as many members of a pool may be down at once as its panic limit does not let go. Where members have several
/// probed addresses it may be fewer than are counted here: then more is played than there is.
pub(super) fn may_exceed_its_panic_limit(scene: &Scene<'_>, id: PoolId, budget: Budget) -> bool {
    let (pool, content) = (scene.scenery.pool(id), scene.rule.content);
    let Some(limit) = pool.turnover.panic else { return false };
    let targets: Vec<Vec<TargetId>> =
        pool.members.iter().map(|member| steer::targets_of(member, content)).collect();
    let watched = targets.iter().filter(|own| !own.is_empty()).count();
    let mut by_address: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for own in &targets {
        let addresses: BTreeSet<IpAddr> =
            own.iter().map(|&target| scene.scenery.address_of(target)).collect();
        addresses.into_iter().for_each(|address| *by_address.entry(address).or_default() += 1);
    }
    let mut counts: Vec<usize> = by_address.into_values().collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    let failing: usize = counts.iter().take(budget.failures.into()).sum();
    let down = if budget.sites > 0 { watched } else { failing.min(watched) };
    watched >= PANIC_MEMBERS_MIN && !limit.allows(down, watched)
}
