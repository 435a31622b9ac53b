//! Pools in one state: as they stand in it, with the health that their members have, and compiled by the functions that
//! answer queries.
//!
//! | a member, in the state | stands in the pool as |
//! |---|---|
//! | of which a cause that is awaited by the pool had been down, and that alone keeps it from being up | up, awaiting to be resumed |
//! | down, in a pool whose members are suspect | down, suspect |
//! | not down, of a pool of which a start knows nothing (of it) | unknown |

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::scenery::Scenery;
use super::vector::{Cause, HealthVector, Knowledge};
use crate::health::{AdminState, Hold, State, TargetId};
use crate::steer::{self, Content, Eligibility, Pool, PoolAnswers, PoolId, TargetHealth};

/// One state, set among the rest.
pub(super) struct Situation<'s> {
    scenery: &'s Scenery<'s>,
    /// The state.
    pub(super) vector: &'s HealthVector,
    /// The targets that are down.
    down: BTreeSet<TargetId>,
}

/// A pool and a content, and all that a state can do to them.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Compiled {
    pool: PoolId,
    content: Content,
    at: Option<u64>,
    down: Box<[TargetId]>,
    awaited: Box<[TargetId]>,
    is_suspect: bool,
    knowledge: Option<Knowledge>,
}

impl<'s> Situation<'s> {
    /// Of a state.
    pub(super) fn new(scenery: &'s Scenery<'s>, vector: &'s HealthVector) -> Situation<'s> {
        let sites = vector.sites.iter().copied().map(Cause::Site);
        let causes = sites.chain(vector.failures.iter().copied().map(Cause::Failure));
        let down = causes.flat_map(|cause| scenery.targets_of(cause)).collect();
        Situation { scenery, vector, down }
    }

    /// What a pool answers with a content.
    pub(super) fn answers(&self, id: PoolId, content: Content) -> Arc<PoolAnswers> {
        let pool = self.scenery.pool(id);
        if !pool.inner.is_empty() {
            return self.outer_answers(pool, content);
        }
        self.scenery.compiled(self.key(id, content), || {
            self.scenery.add_work(pool.members.len() as u64);
            PoolAnswers::compile(&self.standing(id, content), content, &self.health(id, content))
        })
    }

    fn outer_answers(&self, outer: &Pool, content: Content) -> Arc<PoolAnswers> {
        self.scenery.add_work(outer.inner.len() as u64);
        let inner = outer.inner.iter().map(|inner| (inner.pool, self.answers(inner.pool, content)));
        let inner: HashMap<PoolId, Arc<PoolAnswers>> = inner.collect();
        Arc::new(PoolAnswers::compile_outer(outer, content, |id| (self.scenery.pool(id), &inner[&id])))
    }

    /// Who of a pool of members may be given.
    pub(super) fn eligibility(&self, id: PoolId, content: Content) -> Vec<Eligibility> {
        steer::eligibility(&self.standing(id, content), content, &self.health(id, content))
    }

    /// A pool of members as its operators want it at the moment, with what is held against its members.
    pub(super) fn standing(&self, id: PoolId, content: Content) -> Cow<'s, Pool> {
        let mut standing = self.wanted(id);
        let awaited = self.awaited(id);
        let is_suspect = self.vector.suspect.contains(&id);
        if awaited.is_empty() && !is_suspect {
            return standing;
        }
        let hold = |member: &steer::Member, content: Content| {
            let state_with = |awaited: &BTreeSet<TargetId>| {
                let is_down = |target: &TargetId| self.down.contains(target) || awaited.contains(target);
                steer::member_state(member, content, &|target| known(is_down(&target)))
            };
            match (state_with(&BTreeSet::new()), state_with(&awaited)) {
                (Some(State::Down), _) if is_suspect => Hold::Suspect,
                (Some(State::Up), Some(State::Down)) => Hold::AwaitsResume,
                _ => Hold::Free,
            }
        };
        let behind = standing.contents_behind(content);
        for member in &mut standing.to_mut().members {
            for &content in behind {
                member.holds[content.index()] = hold(member, content);
            }
        }
        standing
    }

    /// A pool as its operators want it at the moment.
    pub(super) fn wanted(&self, id: PoolId) -> Cow<'s, Pool> {
        let pool = self.scenery.pool(id);
        self.vector.at.and_then(|moment| pool.at(moment)).map_or(Cow::Borrowed(pool), Cow::Owned)
    }

    /// Whether a member is down, whatever is held against it.
    pub(super) fn is_down(&self, member: &steer::Member, content: Content) -> bool {
        let health = |target: TargetId| known(self.down.contains(&target));
        steer::member_state(member, content, &health) == Some(State::Down)
    }

    /// The health of the targets of a pool.
    fn health(&self, id: PoolId, content: Content) -> impl Fn(TargetId) -> TargetHealth {
        let member = |index: u16| &self.scenery.pool(id).members[usize::from(index)];
        let heard: Option<Vec<TargetId>> = self.vector.starting.get(&id).map(|knowledge| match *knowledge {
            Knowledge::Nothing => Vec::new(),
            Knowledge::Only(index) => steer::targets_of(member(index), content),
        });
        move |target| match (self.down.contains(&target), &heard) {
            (false, Some(heard)) if !heard.contains(&target) => {
                TargetHealth { state: State::Unknown, soonest_flip: 0 }
            }
            (is_down, _) => known(is_down),
        }
    }

    /// The targets of causes that are back, and that a pool still awaits.
    fn awaited(&self, id: PoolId) -> BTreeSet<TargetId> {
        let by_it = self.vector.awaited.iter().filter(|(_, pools)| pools.contains(&id));
        by_it.flat_map(|(&cause, _)| self.scenery.targets_of(cause)).collect()
    }

    fn key(&self, id: PoolId, content: Content) -> Compiled {
        let pool = self.scenery.pool(id);
        let own = pool.members.iter().flat_map(|member| steer::targets_of(member, content));
        let own: BTreeSet<TargetId> = own.collect();
        let among = |targets: &BTreeSet<TargetId>| own.intersection(targets).copied().collect();
        Compiled {
            pool: id,
            content,
            at: self.vector.at.filter(|_| pool.is_timed()),
            down: among(&self.down),
            awaited: among(&self.awaited(id)),
            is_suspect: self.vector.suspect.contains(&id),
            knowledge: self.vector.starting.get(&id).copied(),
        }
    }
}

/// The health of a target of which all is known.
fn known(is_down: bool) -> TargetHealth {
    TargetHealth { state: if is_down { State::Down } else { State::Up }, soonest_flip: 0 }
}

/// Whether health decides about a member.
pub(super) fn is_by_health(member: &steer::Member) -> bool {
    member.admin == AdminState::Auto
}
