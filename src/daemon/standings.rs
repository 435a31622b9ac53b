//! How every pool stands at the moment, and when to look at it again. Pure: the keeper says what time it is.
//!
//! A pool is looked at again when its operator's will changes it, as long before as an answer may live (so that TTLs
//! shrink), when a slow start takes a step, and else once a [`HORIZON`]. Between two looks nothing has to be compiled.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::health::{Held, TargetId};
use crate::schedule::HORIZON;
use crate::snapshot::Configuration;
use crate::steer::{self, Content, NEVER, Pool, PoolId, Seats, Stand, TargetHealth, member_state};

/// Health as pools are compiled from it.
pub(super) type Health<'h> = &'h dyn Fn(TargetId) -> TargetHealth;

/// How every pool of a configuration stands.
pub(super) struct Standings {
    configuration: Arc<Configuration>,
    /// What time it is, in seconds since 1970.
    moment: u64,
    pools: Vec<Standing>,
    /// When to look at which pool again.
    looks: BTreeSet<(u64, PoolId)>,
    /// The pools before a planned change.
    planned: BTreeSet<PoolId>,
    /// How long an answer may live, in seconds.
    longest_ttl: u64,
}

/// How one pool stands.
#[derive(Default)]
struct Standing {
    /// By content; where the pool says how members come and go.
    seats: Option<Box<[Seats; 3]>>,
    /// By content; where it is not as configured.
    pools: [Option<Arc<Pool>>; 3],
    /// When its operator's will changes it, where that is near.
    planned_change: Option<u64>,
    /// Its entry among the looks.
    next_look: Option<u64>,
}

impl Standings {
    /// Of a configuration, at a moment (seconds since 1970), with what was held before.
    pub(super) fn new(
        configuration: Arc<Configuration>,
        health: Health<'_>,
        held: &[Held],
        moment: u64,
    ) -> Standings {
        let mut standings = Standings::seated(configuration, health, moment);
        standings.restore(held);
        standings.look_at_all();
        standings
    }

    /// Of a configuration that replaces the present one.
    #[must_use]
    pub(super) fn replaced(
        &self,
        configuration: Arc<Configuration>,
        health: Health<'_>,
        moment: u64,
    ) -> Standings {
        let mut standings = Standings::seated(configuration, health, moment);
        standings.carry_over(self);
        standings.look_at_all();
        standings
    }

    /// What time it is here, in seconds since 1970.
    pub(super) fn moment(&self) -> u64 {
        self.moment
    }

    /// How a pool stands with a content.
    pub(super) fn stand(&self, id: PoolId, content: Content) -> Stand {
        let standing = &self.pools[id.0 as usize];
        Stand {
            pool: standing.pools[content.index()].clone(),
            planned_change: self.seconds_to_change(standing),
        }
    }

    /// The pool as it stands with a content.
    pub(super) fn pool(&self, id: PoolId, content: Content) -> &Pool {
        let standing = self.pools[id.0 as usize].pools[content.index()].as_deref();
        standing.unwrap_or(&self.configuration.pools[id.0 as usize])
    }

    /// Takes in that the health of members may have changed in some pools, at a moment. They are compiled anew anyway.
    pub(super) fn observe(&mut self, users: &[(PoolId, Content)], health: Health<'_>, at: u64) {
        for &(id, content) in users {
            // First, so that nearly all pools cost no more than this.
            let Some(seats) = &mut self.pools[id.0 as usize].seats else { continue };
            let pool = &self.configuration.pools[id.0 as usize];
            let seats = &mut seats[content.index()];
            for (index, member) in pool.members.iter().enumerate() {
                if let Some(state) = member_state(member, content, health) {
                    seats.observe(&pool.turnover, index, state, at);
                }
            }
            self.look(id);
        }
    }

    /// Moves the time on; the pools that stand otherwise now.
    pub(super) fn advance(&mut self, moment: u64) -> Vec<(PoolId, Content)> {
        let due: Vec<PoolId> = match moment < self.moment {
            // The clock was put back: what was already over may come again.
            true => self.looks.iter().map(|&(_, id)| id).collect(),
            false => self.looks.range(..=(moment, PoolId(u32::MAX))).map(|&(_, id)| id).collect(),
        };
        self.moment = moment;
        due.into_iter().flat_map(|id| self.look(id)).collect()
    }

    /// When something is to be done next, in seconds since 1970.
    pub(super) fn next_look(&self) -> Option<u64> {
        let cells = (!self.planned.is_empty()).then_some(self.moment + 1);
        let look = self.looks.first().map(|&(moment, _)| moment);
        cells.into_iter().chain(look).min()
    }

    /// The pools before a planned change, with the seconds until then.
    pub(super) fn planned(&self) -> impl Iterator<Item = (PoolId, u32)> {
        self.planned.iter().map(|&id| (id, self.seconds_to_change(&self.pools[id.0 as usize])))
    }

    /// Lets the suspect members of a pool go, or of all pools; how many there were, and the pools that stand otherwise now.
    pub(super) fn accept(&mut self, only: Option<PoolId>) -> (usize, Vec<(PoolId, Content)>) {
        let ids = (0..self.pools.len() as u32).map(PoolId).filter(|&id| only.is_none_or(|only| only == id));
        let (mut count, mut changed) = (0, Vec::new());
        for id in ids.collect::<Vec<_>>() {
            let turnover = &self.configuration.pools[id.0 as usize].turnover;
            let Some(seats) = &mut self.pools[id.0 as usize].seats else { continue };
            let accepted = Content::ALL.map(|content| seats[content.index()].accept(turnover));
            if accepted.iter().any(|&accepted| accepted > 0) {
                let shown = self.configuration.pools[id.0 as usize].contents().iter();
                count += shown.map(|content| accepted[content.index()]).sum::<usize>();
                changed.extend(self.look(id));
            }
        }
        (count, changed)
    }

    /// Resumes a member that is up and awaits it, with each content; with how many of those it is there for it did, and the pools that stand otherwise now.
    pub(super) fn resume(&mut self, id: PoolId, member: usize) -> (usize, Vec<(PoolId, Content)>) {
        let turnover = &self.configuration.pools[id.0 as usize].turnover;
        let moment = self.moment;
        let Some(seats) = &mut self.pools[id.0 as usize].seats else { return (0, Vec::new()) };
        let resumed = Content::ALL.map(|content| seats[content.index()].resume(turnover, member, moment));
        let shown = self.configuration.pools[id.0 as usize].contents().iter();
        (shown.filter(|content| resumed[content.index()]).count(), self.look(id))
    }

    /// What is held against members.
    pub(super) fn held(&self) -> Vec<Held> {
        let mut held = Vec::new();
        for (standing, pool) in self.pools.iter().zip(&self.configuration.pools) {
            let Some(seats) = &standing.seats else { continue };
            for content in Content::ALL {
                held.extend(seats[content.index()].held().map(|(member, hold)| Held {
                    pool: pool.name.clone(),
                    member: pool.members[member].name.clone(),
                    content,
                    hold,
                }));
            }
        }
        held
    }

    /// With every member in its seat, and nothing known from before.
    fn seated(configuration: Arc<Configuration>, health: Health<'_>, moment: u64) -> Standings {
        let seats = |pool: &Pool| {
            let of =
                |content| Seats::new(pool.members.iter().map(|member| member_state(member, content, health)));
            (!pool.turnover.is_plain()).then(|| Box::new(Content::ALL.map(of)))
        };
        let pools =
            configuration.pools.iter().map(|pool| Standing { seats: seats(pool), ..Standing::default() });
        Standings {
            pools: pools.collect(),
            moment,
            looks: BTreeSet::new(),
            planned: BTreeSet::new(),
            longest_ttl: configuration.longest_ttl(),
            configuration,
        }
    }

    fn restore(&mut self, held: &[Held]) {
        if held.is_empty() {
            return;
        }
        let ids = ids(&self.configuration);
        for Held { pool, member, content, hold } in held {
            let Some(&id) = ids.get(pool.as_str()) else { continue };
            let pool = &self.configuration.pools[id.0 as usize];
            let number = pool.members.iter().position(|candidate| candidate.name == *member);
            if let (Some(number), Some(seats)) = (number, &mut self.pools[id.0 as usize].seats) {
                seats[content.index()].restore(&pool.turnover, number, *hold);
            }
        }
    }

    fn carry_over(&mut self, old: &Standings) {
        if self.pools.iter().all(|standing| standing.seats.is_none()) {
            return;
        }
        let ids = ids(&old.configuration);
        for (standing, pool) in self.pools.iter_mut().zip(&self.configuration.pools) {
            let (Some(seats), Some(id)) = (&mut standing.seats, ids.get(pool.name.as_str())) else {
                continue;
            };
            let Some(old_seats) = &old.pools[id.0 as usize].seats else { continue };
            let old_members = &old.configuration.pools[id.0 as usize].members;
            for (index, member) in pool.members.iter().enumerate() {
                let number = old_members.iter().position(|candidate| candidate.name == member.name);
                let Some(number) = number else { continue };
                for (seats, old_seats) in seats.iter_mut().zip(old_seats.iter()) {
                    seats.carry_over(&pool.turnover, index, old_seats, number);
                }
            }
        }
    }

    fn look_at_all(&mut self) {
        for index in 0..self.pools.len() as u32 {
            let pool = &self.configuration.pools[index as usize];
            if pool.is_timed() || !pool.turnover.is_plain() {
                self.look(PoolId(index));
            }
        }
    }

    /// Looks at a pool; the families in which it stands otherwise than before.
    fn look(&mut self, id: PoolId) -> Vec<(PoolId, Content)> {
        let moment = self.moment;
        let pool = &self.configuration.pools[id.0 as usize];
        let next_change = pool.is_timed().then(|| pool.next_change(moment)).flatten();
        let planned_change = next_change.filter(|&change| change <= moment + self.longest_ttl);
        let next_look = self.next_look_at(id, next_change);

        let standing = &mut self.pools[id.0 as usize];
        let is_planned_otherwise =
            std::mem::replace(&mut standing.planned_change, planned_change) != planned_change;
        let mut changed = Vec::new();
        for content in Content::ALL {
            let now = steer::standing(pool, content, standing.seats.as_deref(), moment);
            let before = &mut standing.pools[content.index()];
            let stands_otherwise = before.as_deref() != now.as_ref();
            if stands_otherwise {
                *before = now.map(Arc::new);
            }
            if stands_otherwise || is_planned_otherwise {
                changed.push((id, content));
            }
        }
        if let Some(before) = std::mem::replace(&mut standing.next_look, next_look) {
            self.looks.remove(&(before, id));
        }
        self.looks.extend(next_look.map(|next| (next, id)));
        match planned_change {
            Some(_) => self.planned.insert(id),
            None => self.planned.remove(&id),
        };
        changed
    }

    fn next_look_at(&self, id: PoolId, next_change: Option<u64>) -> Option<u64> {
        let pool = &self.configuration.pools[id.0 as usize];
        let begin = |change: u64| match change.saturating_sub(self.longest_ttl) {
            begin if begin > self.moment => begin,
            _ => change,
        };
        let will = pool.is_timed().then(|| next_change.map_or(self.moment + HORIZON, begin));
        let seats = self.pools[id.0 as usize].seats.iter().flat_map(|seats| seats.iter());
        seats.filter_map(|seats| seats.next_step(&pool.turnover, self.moment)).chain(will).min()
    }

    fn seconds_to_change(&self, standing: &Standing) -> u32 {
        standing.planned_change.map_or(NEVER, |change| steer::seconds_to_change(change, self.moment))
    }
}

fn ids(configuration: &Configuration) -> HashMap<&str, PoolId> {
    let pools = configuration.pools.iter().enumerate();
    pools.map(|(index, pool)| (pool.name.as_str(), PoolId(index as u32))).collect()
}
