//! What all rules of a configuration have in common: who is where, what stands behind what, and pools as they answer.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::hours::Hours;
use super::situation::Compiled;
use super::vector::{Cause, Failure};
use super::{Stop, WORK_MAX};
use crate::explain::finding::addresses;
use crate::geo::SiteId;
use crate::health::TargetId;
use crate::snapshot::Configuration;
use crate::steer::{Pool, PoolAnswers, PoolId};
use crate::wire::{Family, QuestionName};
use crate::zone::{Lookup, Zones};

/// Compiled pools that are kept from one assertion to the next: a server that reloads proves many in a row.
const COMPILED_KEPT_MAX: usize = 4096;

/// What all rules of a configuration have in common.
pub(super) struct Scenery<'c> {
    /// The configuration.
    pub(super) configuration: &'c Configuration,
    /// When its pools stand how.
    pub(super) hours: Hours,
    zones: Zones,
    /// Where an address is a member's: the sites of its pools. A pool without a site gives none.
    sites_of_address: HashMap<IpAddr, BTreeSet<SiteId>>,
    targets_of_site: HashMap<SiteId, BTreeSet<TargetId>>,
    targets_of_address: HashMap<IpAddr, BTreeSet<TargetId>>,
    /// Pools at several sites may have a target in common.
    sites_of_target: HashMap<TargetId, BTreeSet<SiteId>>,
    /// Pools as they answer in a state.
    compiled: RefCell<HashMap<Compiled, Arc<PoolAnswers>>>,
    /// What has gone into the present assertion, as [`WORK_MAX`] counts it.
    work: Cell<u64>,
}

impl<'c> Scenery<'c> {
    /// Of a configuration.
    pub(super) fn new(configuration: &'c Configuration) -> Scenery<'c> {
        let mut scenery = Scenery {
            configuration,
            hours: Hours::default(),
            zones: Zones::new(configuration.zones.iter().map(|file| Arc::clone(&file.zone)).collect()),
            sites_of_address: HashMap::new(),
            targets_of_site: HashMap::new(),
            targets_of_address: HashMap::new(),
            sites_of_target: HashMap::new(),
            compiled: RefCell::default(),
            work: Cell::new(0),
        };
        for pool in &configuration.pools {
            scenery.take_in(pool);
        }
        for (target, id) in configuration.targets.iter().zip(0..) {
            scenery.targets_of_address.entry(target.key.address).or_default().insert(TargetId(id));
        }
        scenery
    }

    fn take_in(&mut self, pool: &Pool) {
        let Some(site) = pool.site else { return };
        for member in &pool.members {
            self.targets_of_site.entry(site).or_default().extend(member.targets.iter().flatten());
            for &target in member.targets.iter().flatten() {
                self.sites_of_target.entry(target).or_default().insert(site);
            }
            for address in Family::BOTH.into_iter().filter_map(|family| member.address(family)) {
                self.sites_of_address.entry(address).or_default().insert(site);
            }
        }
    }

    /// Begins with another assertion: what few pools are compiled may serve it too.
    pub(super) fn begin(&self) {
        self.work.set(0);
        let mut compiled = self.compiled.borrow_mut();
        if compiled.len() > COMPILED_KEPT_MAX {
            *compiled = HashMap::new();
        }
    }

    /// Adds so much work; an error when it has become too much.
    pub(super) fn spend(&self, work: u64) -> Result<(), Stop> {
        self.add_work(work);
        if self.work.get() > WORK_MAX { Err(Stop::TooLarge) } else { Ok(()) }
    }

    /// Adds work where nobody can stop: whoever spends next does.
    pub(super) fn add_work(&self, work: u64) {
        self.work.set(self.work.get().saturating_add(work));
    }

    /// A pool.
    pub(super) fn pool(&self, id: PoolId) -> &'c Pool {
        &self.configuration.pools[id.0 as usize]
    }

    /// The pools of members that a pool gives from in the end: itself, or those in it.
    pub(super) fn leaves(&self, id: PoolId) -> Vec<PoolId> {
        match &self.pool(id).inner[..] {
            [] => vec![id],
            inner => inner.iter().flat_map(|inner| self.leaves(inner.pool)).collect(),
        }
    }

    /// A pool and all pools in it, on every level.
    pub(super) fn with_inner(&self, id: PoolId) -> BTreeSet<PoolId> {
        let (mut found, mut waiting) = (BTreeSet::from([id]), vec![id]);
        while let Some(id) = waiting.pop() {
            let inner = self.pool(id).inner.iter().map(|inner| inner.pool);
            waiting.extend(inner.filter(|&inner| found.insert(inner)));
        }
        found
    }

    /// A site's name.
    pub(super) fn site_name(&self, site: SiteId) -> &'c str {
        &self.configuration.sites[usize::from(site.0)].name
    }

    /// The sites at which an address is a member's.
    pub(super) fn sites_of(&self, address: IpAddr) -> impl Iterator<Item = SiteId> {
        self.sites_of_address.get(&address).into_iter().flatten().copied()
    }

    /// The sites whose loss takes a target down: those of all pools that have it, whichever rules use them.
    pub(super) fn sites_with(&self, target: TargetId) -> impl Iterator<Item = SiteId> {
        self.sites_of_target.get(&target).into_iter().flatten().copied()
    }

    /// The addresses of the default RRset under a rule.
    pub(super) fn default_addresses(&self, rule: u32) -> Vec<IpAddr> {
        let label = &self.configuration.rule_labels[rule as usize];
        let rtype = label.rtype;
        let mut name = QuestionName::default();
        name.set(&label.owner);
        let Some((zone, _)) = self.zones.find(&name, rtype) else { return Vec::new() };
        match zone.find(&name, rtype) {
            Lookup::Found { node, .. } => node.rrset(rtype).map(addresses).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The targets that a cause takes down.
    pub(super) fn targets_of(&self, cause: Cause) -> BTreeSet<TargetId> {
        let known = match cause {
            Cause::Site(site) => self.targets_of_site.get(&site),
            Cause::Failure(Failure::Address(address)) => self.targets_of_address.get(&address),
            Cause::Failure(Failure::Target(target)) => return BTreeSet::from([target]),
        };
        known.cloned().unwrap_or_default()
    }

    /// The address that a target is.
    pub(super) fn address_of(&self, target: TargetId) -> IpAddr {
        self.configuration.targets[target.0 as usize].key.address
    }

    /// The failures that take a target down: of its address, all monitors at once; and where there are several of them, of
    /// this one alone.
    pub(super) fn failures_with(&self, target: TargetId) -> impl Iterator<Item = Failure> + use<> {
        let address = self.address_of(target);
        let several = self.targets_of_address.get(&address).is_some_and(|targets| targets.len() > 1);
        [Failure::Address(address)].into_iter().chain(several.then_some(Failure::Target(target)))
    }

    /// What was compiled, or is now.
    pub(super) fn compiled(&self, key: Compiled, compile: impl FnOnce() -> PoolAnswers) -> Arc<PoolAnswers> {
        if let Some(known) = self.compiled.borrow().get(&key) {
            return Arc::clone(known);
        }
        let answers = Arc::new(compile());
        self.compiled.borrow_mut().insert(key, Arc::clone(&answers));
        answers
    }
}
