//! What a rule gives a class in one state: compiled and chosen by the functions that answer queries.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use super::Stop;
use super::hours::Moments;
use super::scenery::Scenery;
use super::situation::Situation;
use super::vector::{Cause, HealthVector};
use crate::geo::ClassId;
use crate::steer::{self, AllDown, Choice, PoolAnswers, PoolId, Rule};

/// One rule, set among the rest.
pub(super) struct Scene<'s> {
    /// The rest.
    pub(super) scenery: &'s Scenery<'s>,
    /// The rule.
    pub(super) rule: &'s Rule,
    /// The addresses of the default RRset under it.
    pub(super) default: Vec<IpAddr>,
    /// All pools that it may use, ascending.
    pools: Vec<PoolId>,
    /// A moment for each standing that its pools come to.
    pub(super) moments: Moments,
    /// The pools of members that it gives from in the end.
    pub(super) leaves: BTreeSet<PoolId>,
    /// What [`Scene::touched`] has found.
    touched: RefCell<HashMap<Cause, Rc<BTreeSet<PoolId>>>>,
}

/// What a class gets in one state.
pub(super) struct Outcome<'o> {
    /// The choice.
    pub(super) choice: Choice<'o>,
    /// The pools that the choice looked at: on no other one does it depend.
    pub(super) asked: BTreeSet<PoolId>,
    /// The state.
    pub(super) situation: &'o Situation<'o>,
}

impl<'s> Scene<'s> {
    /// Of a rule by its number, from a moment on.
    pub(super) fn new(scenery: &'s Scenery<'s>, number: u32, from: u64) -> Result<Scene<'s>, Stop> {
        let rule = &scenery.configuration.rules[number as usize];
        let leaves: BTreeSet<PoolId> = pools(rule).flat_map(|pool| scenery.leaves(pool)).collect();
        let moments = scenery.hours.of(scenery, leaves.iter().map(|&id| scenery.pool(id)), from)?;
        Ok(Scene {
            scenery,
            rule,
            default: scenery.default_addresses(number),
            pools: pools(rule).collect::<BTreeSet<PoolId>>().into_iter().collect(),
            moments,
            leaves,
            touched: RefCell::default(),
        })
    }

    /// What makes rules answer alike.
    pub(super) fn identity(&self) -> (&'s Rule, Vec<IpAddr>) {
        (self.rule, self.default.clone())
    }

    /// Hands what a class gets in a state to `judge`: of its networks those that the rule's trickle takes, or the others.
    pub(super) fn outcome<T>(
        &self,
        class: ClassId,
        vector: &HealthVector,
        trickled: bool,
        judge: impl FnOnce(&Outcome<'_>) -> T,
    ) -> T {
        let situation = Situation::new(self.scenery, vector);
        // Most rules list more pools than a choice looks at.
        let answers: Vec<OnceCell<Arc<PoolAnswers>>> = vec![OnceCell::new(); self.pools.len()];
        let asked = RefCell::default();
        let choice = steer::choose(
            self.rule,
            class,
            |_| trickled,
            |id| {
                let asked: &RefCell<BTreeSet<PoolId>> = &asked;
                asked.borrow_mut().insert(id);
                let place = self.pools.binary_search(&id).expect("a rule chooses among its own pools");
                &**answers[place].get_or_init(|| situation.answers(id, self.rule.content))
            },
        );
        judge(&Outcome { choice, asked: asked.borrow().clone(), situation: &situation })
    }

    /// The pools of members that a cause takes members from.
    pub(super) fn touched(&self, cause: Cause) -> Rc<BTreeSet<PoolId>> {
        let mut known = self.touched.borrow_mut();
        Rc::clone(known.entry(cause).or_insert_with(|| Rc::new(self.find_touched(cause))))
    }

    fn find_touched(&self, cause: Cause) -> BTreeSet<PoolId> {
        let targets = self.scenery.targets_of(cause);
        let is_touched = |id: &PoolId| {
            let members = &self.scenery.pool(*id).members;
            let mut own = members.iter().flat_map(|member| steer::targets_of(member, self.rule.content));
            own.any(|target| targets.contains(&target))
        };
        self.leaves.iter().copied().filter(is_touched).collect()
    }
}

/// All pools that a rule may use: those that it lists, and its last resort.
pub(super) fn pools(rule: &Rule) -> impl Iterator<Item = PoolId> {
    let last = match rule.all_down {
        AllDown::Pool(pool) => Some(pool.pool),
        _ => None,
    };
    rule.pools.iter().map(|used| used.pool).chain(last)
}
