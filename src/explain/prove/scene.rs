//! What a rule gives a class in one state of health: compiled and chosen by the functions that answer queries.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::search::{Failure, HealthVector};
use super::{Stop, WORK_MAX};
use crate::explain::finding::addresses;
use crate::geo::{ClassId, SiteId};
use crate::health::{AdminState, State, TargetId};
use crate::snapshot::Configuration;
use crate::steer::{self, AllDown, Choice, Content, Pool, PoolAnswers, PoolId, Rule, TargetHealth};
use crate::wire::{Family, QuestionName};
use crate::zone::{Lookup, Zones};

/// What all rules of a configuration have in common.
pub(super) struct Scenery<'c> {
    /// The configuration.
    pub(super) configuration: &'c Configuration,
    zones: Zones,
    /// Where an address is a member's: the sites of its pools. A pool without a site gives none.
    sites_of_address: HashMap<IpAddr, BTreeSet<SiteId>>,
    targets_of_site: HashMap<SiteId, BTreeSet<TargetId>>,
    targets_of_address: HashMap<IpAddr, BTreeSet<TargetId>>,
    /// Pools as they answer with some of their own targets down.
    compiled: RefCell<HashMap<Compiled, Arc<PoolAnswers>>>,
    /// What has gone into the present assertion, as [`WORK_MAX`] counts it.
    work: Cell<u64>,
}

/// A pool and a content with these of its targets down.
type Compiled = (PoolId, Content, Box<[TargetId]>);

impl<'c> Scenery<'c> {
    /// Of a configuration.
    pub(super) fn new(configuration: &'c Configuration) -> Scenery<'c> {
        let mut scenery = Scenery {
            configuration,
            zones: Zones::new(configuration.zones.iter().map(|file| Arc::clone(&file.zone)).collect()),
            sites_of_address: HashMap::new(),
            targets_of_site: HashMap::new(),
            targets_of_address: HashMap::new(),
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
            for address in Family::BOTH.into_iter().filter_map(|family| member.address(family)) {
                self.sites_of_address.entry(address).or_default().insert(site);
            }
        }
    }

    /// Begins with another assertion.
    pub(super) fn begin(&self) {
        self.work.set(0);
    }

    /// Adds so much work; an error when it has become too much.
    pub(super) fn spend(&self, work: u64) -> Result<(), Stop> {
        self.work.set(self.work.get() + work);
        if self.work.get() > WORK_MAX { Err(Stop::TooLarge) } else { Ok(()) }
    }

    /// A pool.
    pub(super) fn pool(&self, id: PoolId) -> &'c Pool {
        &self.configuration.pools[id.0 as usize]
    }

    /// A site's name.
    pub(super) fn site_name(&self, site: SiteId) -> &'c str {
        &self.configuration.sites[usize::from(site.0)].name
    }

    /// The sites at which an address is a member's.
    pub(super) fn sites_of(&self, address: IpAddr) -> impl Iterator<Item = SiteId> {
        self.sites_of_address.get(&address).into_iter().flatten().copied()
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

    /// The targets that a state takes down.
    pub(super) fn targets_down(&self, down: &HealthVector) -> BTreeSet<TargetId> {
        let of_sites = down.sites.iter().filter_map(|site| self.targets_of_site.get(site)).flatten().copied();
        let mut targets: BTreeSet<TargetId> = of_sites.collect();
        for failure in &down.failures {
            match failure {
                Failure::Address(address) => {
                    targets.extend(self.targets_of_address.get(address).into_iter().flatten());
                }
                Failure::Target(target) => drop(targets.insert(*target)),
            }
        }
        targets
    }

    /// The failures that can change what a pool answers with a content: of an address that is probed, all its monitors
    /// at once; and each of them by itself, where it has several.
    pub(super) fn failures_of(&self, pool: PoolId, content: Content) -> BTreeSet<Failure> {
        let auto = self.pool(pool).members.iter().filter(|member| member.admin == AdminState::Auto);
        let targets = auto.flat_map(|member| steer::targets_of(member, content));
        targets.flat_map(|target| self.failures_with(target)).collect()
    }

    fn failures_with(&self, target: TargetId) -> impl Iterator<Item = Failure> {
        let address = self.configuration.targets[target.0 as usize].key.address;
        let several = self.targets_of_address.get(&address).is_some_and(|targets| targets.len() > 1);
        [Failure::Address(address)].into_iter().chain(several.then_some(Failure::Target(target)))
    }

    /// What a pool answers with a content when these targets are down and all others are up.
    fn compile(&self, id: PoolId, content: Content, down: &BTreeSet<TargetId>) -> Arc<PoolAnswers> {
        let pool = self.pool(id);
        let own = pool.members.iter().flat_map(|member| steer::targets_of(member, content));
        let mut own: Vec<TargetId> = own.filter(|target| down.contains(target)).collect();
        own.sort_unstable();
        own.dedup();
        let compile = || {
            self.work.set(self.work.get() + pool.members.len() as u64);
            Arc::new(PoolAnswers::compile(pool, content, &|target| health(down, target)))
        };
        let key = (id, content, own.into_boxed_slice());
        Arc::clone(self.compiled.borrow_mut().entry(key).or_insert_with(compile))
    }
}

/// The health of a target in a state.
pub(super) fn health(down: &BTreeSet<TargetId>, target: TargetId) -> TargetHealth {
    let state = if down.contains(&target) { State::Down } else { State::Up };
    TargetHealth { state, soonest_flip: 0 }
}

/// One rule, set among the rest.
pub(super) struct Scene<'s> {
    /// The rest.
    pub(super) scenery: &'s Scenery<'s>,
    /// The rule.
    pub(super) rule: &'s Rule,
    /// The addresses of the default RRset under it.
    pub(super) default: Vec<IpAddr>,
}

/// What a class gets in one state.
pub(super) struct Outcome<'o> {
    /// The choice.
    pub(super) choice: Choice<'o>,
    /// The pools that the choice looked at: on no other one does it depend.
    pub(super) asked: BTreeSet<PoolId>,
    /// The targets that are down.
    pub(super) down: &'o BTreeSet<TargetId>,
}

impl<'s> Scene<'s> {
    /// A rule and the addresses of the default RRset under it.
    pub(super) fn new(scenery: &'s Scenery<'s>, rule: &'s Rule, default: Vec<IpAddr>) -> Scene<'s> {
        Scene { scenery, rule, default }
    }

    /// What makes rules answer alike.
    pub(super) fn identity(&self) -> (&'s Rule, Vec<IpAddr>) {
        (self.rule, self.default.clone())
    }

    /// Hands what a class gets in a state to `judge`.
    pub(super) fn outcome<T>(
        &self,
        class: ClassId,
        down: &HealthVector,
        judge: impl FnOnce(&Outcome<'_>) -> T,
    ) -> T {
        let down = self.scenery.targets_down(down);
        let answers: HashMap<PoolId, Arc<PoolAnswers>> =
            self.pools().map(|id| (id, self.scenery.compile(id, self.rule.content, &down))).collect();
        let asked = RefCell::default();
        let choice = steer::choose(self.rule, class, |id| {
            let asked: &RefCell<BTreeSet<PoolId>> = &asked;
            asked.borrow_mut().insert(id);
            &*answers[&id]
        });
        judge(&Outcome { choice, asked: asked.borrow().clone(), down: &down })
    }

    /// All pools that the rule may use.
    fn pools(&self) -> impl Iterator<Item = PoolId> {
        let last = match self.rule.all_down {
            AllDown::Pool(pool) => Some(pool.pool),
            _ => None,
        };
        self.rule.pools.iter().map(|used| used.pool).chain(last)
    }
}
