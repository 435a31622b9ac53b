//! A pool as it stands at a moment: weights and admin states as the operator's will has them then, what is held against
//! its members, and weights that grow in a slow start.
//!
//! It is a [`Pool`] like the configured one, for one content, so that everything that is compiled from pools or says
//! something about them works on it alike.
//!
//! Weights are whole numbers of 16 bits. While a member starts slowly, all weights of the pool are multiplied by the
//! number of steps, or as far as 16 bits let them be; that changes no ratio between the others, so with `pick = "hash"`
//! only the slots move that the member wins.

use std::sync::Arc;

use super::pool::Pool;
use super::ttl::NEVER;
use super::turnover::{SLOW_START_STEPS, Seats};
use super::will::Will;
use crate::health::AdminState;
use crate::schedule::HORIZON;
use crate::wire::Content;

/// How far the slow start of a member has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlowStart {
    /// From 1 to [`SLOW_START_STEPS`] − 1.
    pub step: u32,
    /// Its weight once that is over, in the units that the weights of its pool have until then.
    pub full_weight: u16,
}

/// How a pool stands at a moment, in one family.
#[derive(Debug, Clone)]
pub struct Stand {
    /// The pool; `None`: as configured.
    pub pool: Option<Arc<Pool>>,
    /// Seconds until its operator's will changes it, where that is so near that TTLs have to shrink; otherwise [`NEVER`].
    pub planned_change: u32,
}

impl Stand {
    /// Whether the pool stands as configured, and no change is planned.
    pub fn is_as_configured(&self) -> bool {
        self.pool.is_none() && self.planned_change == NEVER
    }

    /// The pool as its operator wants it at a moment, with the change that comes next if an answer of `longest_ttl`
    /// seconds could outlive the wait for it.
    pub fn wanted(pool: &Pool, moment: u64, longest_ttl: u64) -> Stand {
        let change = planned_change(pool, moment, longest_ttl);
        let planned_change = change.map_or(NEVER, |change| seconds_to_change(change, moment));
        Stand { pool: pool.at(moment).map(Arc::new), planned_change }
    }
}

/// When a pool's operator's will changes it next, if an answer of `longest_ttl` seconds that is given at `moment` could
/// outlive the wait for it.
pub(super) fn planned_change(pool: &Pool, moment: u64, longest_ttl: u64) -> Option<u64> {
    let change = pool.is_timed().then(|| pool.next_change(moment)).flatten();
    change.filter(|&change| change <= moment.saturating_add(longest_ttl))
}

/// Whole seconds from within the second `moment` to a change: less one for the second that has begun.
pub fn seconds_to_change(change: u64, moment: u64) -> u32 {
    let seconds = change.saturating_sub(moment).saturating_sub(1);
    seconds.min(u64::from(NEVER - 1)) as u32
}

/// As configured.
impl Default for Stand {
    fn default() -> Stand {
        Stand { pool: None, planned_change: NEVER }
    }
}

impl Pool {
    /// The pool as its operator wants it at a moment (seconds since 1970); `None`: as configured.
    pub fn at(&self, moment: u64) -> Option<Pool> {
        let of_all = self.wills.iter().map(|will| will.at(moment).admin).max().unwrap_or_default();
        let mut pool = None;
        for (index, member) in self.members.iter().enumerate() {
            let own = member.will.as_ref().map(|will| will.at(moment));
            let admin = member.admin.max(of_all).max(own.map_or(AdminState::Auto, |own| own.admin));
            let weight = own.and_then(|own| own.weight).unwrap_or(member.weight);
            if (admin, weight) != (member.admin, member.weight) {
                let member = &mut pool.get_or_insert_with(|| self.clone()).members[index];
                (member.admin, member.weight) = (admin, weight);
            }
        }
        pool
    }

    /// The first moment after `after` at which [`Pool::at`] gives something else; `None` if that is beyond [`HORIZON`].
    pub fn next_change(&self, after: u64) -> Option<u64> {
        let now = self.at(after);
        let mut moment = after;
        // What one member wants may be hidden by what its pool or its site wants.
        let next = |moment| self.wills().filter_map(|will| will.next_change(moment)).min();
        while let Some(next) = next(moment).filter(|&next| next <= after.saturating_add(HORIZON)) {
            if self.at(next) != now {
                return Some(next);
            }
            moment = next;
        }
        None
    }

    /// Whether any weight or admin state changes by itself.
    pub fn is_timed(&self) -> bool {
        self.wills().any(|will| will.is_timed())
    }

    /// Whether another standing of it has the same weights and admin states.
    pub fn has_weights_and_admin_of(&self, other: &Pool) -> bool {
        let both = || self.members.iter().zip(&other.members);
        std::ptr::eq(self, other)
            || both().all(|(one, other)| (one.weight, one.admin) == (other.weight, other.admin))
    }

    fn wills(&self) -> impl Iterator<Item = &Will> {
        let of_members = self.members.iter().filter_map(|member| member.will.as_deref());
        self.wills.iter().map(AsRef::as_ref).chain(of_members)
    }
}

/// A pool as it stands at a moment with a content; `seats` by content. `None`: as configured.
pub fn standing(pool: &Pool, content: Content, seats: Option<&[Seats; 3]>, moment: u64) -> Option<Pool> {
    let mut standing = pool.at(moment);
    let Some(seats) = seats else { return standing };
    for behind in pool.contents_behind(content).iter().map(|behind| behind.index()) {
        for index in 0..pool.members.len() {
            let hold = seats[behind].hold(index);
            if hold != pool.members[index].holds[behind] {
                standing.get_or_insert_with(|| pool.clone()).members[index].holds[behind] = hold;
            }
        }
    }
    let seats = &seats[content.index()];
    let steps: Vec<_> =
        (0..pool.members.len()).map(|index| seats.slow_start(&pool.turnover, index, moment)).collect();
    if steps.iter().any(Option::is_some) {
        slow_down(standing.get_or_insert_with(|| pool.clone()), &steps);
    }
    standing
}

fn slow_down(pool: &mut Pool, steps: &[Option<u32>]) {
    let heaviest = pool.members.iter().map(|member| member.weight).max().unwrap_or(0).max(1);
    let unit = (u16::MAX / heaviest).min(SLOW_START_STEPS as u16);
    pool.weight_unit = unit;
    for (member, step) in pool.members.iter_mut().zip(steps) {
        let full_weight = member.weight * unit;
        member.weight = full_weight;
        if let (Some(step), 1..) = (*step, full_weight) {
            // Fits: a part of 16 bits.
            member.weight = (u32::from(full_weight) * step / SLOW_START_STEPS).max(1) as u16;
            member.slow_start = Some(SlowStart { step, full_weight });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{Hold, State};
    use crate::schedule::{Days, Hours, Zone, parse_moment};
    use crate::steer::eligibility::TargetHealth;
    use crate::steer::pool::{Member, MinHealthy, Pick, PoolId};
    use crate::steer::pool_answers::PoolAnswers;
    use crate::steer::slot::Slot;
    use crate::steer::testing::pool;
    use crate::steer::turnover::Turnover;
    use crate::steer::will::ScheduleLine;

    /// Every day from one hour to another, UTC.
    fn will(from: u16, to: u16, weight: Option<u16>, admin: Option<AdminState>) -> Arc<Will> {
        let hours = Hours::new(Days::ALL, from * 60, to * 60, Zone::named("UTC").unwrap()).unwrap();
        Arc::new(Will { schedule: vec![ScheduleLine { hours, weight, admin }], ..Will::default() })
    }

    /// How a pool stands for IPv4 with these seats.
    fn standing_with(pool: &Pool, seats: &Seats, moment: u64) -> Option<Pool> {
        let others = || Seats::new(pool.members.iter().map(|_| None));
        standing(pool, Content::V4, Some(&[seats.clone(), others(), others()]), moment)
    }

    fn standing_of(pool: &Pool, moment: u64) -> Vec<(u16, AdminState)> {
        let standing = pool.at(moment);
        let members = &standing.as_ref().unwrap_or(pool).members;
        members.iter().map(|member| (member.weight, member.admin)).collect()
    }

    #[test]
    fn the_strongest_will_of_member_pool_and_site_holds_at_each_moment() {
        use AdminState::{Auto, Drained, ForcedDown, ForcedUp};
        let (mut pool, _) = pool("u3 F1", Pick::Weighted, MinHealthy::Count(1));
        pool.members[0].will = Some(will(8, 18, Some(5), Some(ForcedUp)));
        pool.wills = vec![will(9, 10, None, Some(Drained)), will(9, 12, None, Some(ForcedUp))];
        let day = parse_moment("2026-11-20T00:00:00Z").unwrap();
        let mut moment = day;
        let expected = [
            (0, [(3, Auto), (1, ForcedDown)]),
            (8, [(5, ForcedUp), (1, ForcedDown)]),
            (9, [(5, Drained), (1, ForcedDown)]),
            (10, [(5, ForcedUp), (1, ForcedDown)]),
            (18, [(3, Auto), (1, ForcedDown)]),
        ];
        for (hour, members) in expected {
            assert_eq!((moment, standing_of(&pool, moment)), (day + hour * 3600, members.to_vec()));
            moment = pool.next_change(moment).unwrap();
        }
        assert!(pool.at(day).is_none() && pool.is_timed());
    }

    #[test]
    fn a_will_that_changes_nothing_is_no_change() {
        let (mut pool, _) = pool("F1", Pick::Weighted, MinHealthy::Count(1));
        pool.wills = vec![will(9, 10, None, Some(AdminState::Drained))];
        assert_eq!(pool.next_change(parse_moment("2026-11-20T00:00:00Z").unwrap()), None);
    }

    /// The weights of a pool whose first member came back at 1000, with a slow start of 16 s, at some seconds after.
    fn check_weights(written: &str, expected: &[(u64, &[u16])]) {
        let (mut pool, _) = pool(written, Pick::Weighted, MinHealthy::Count(1));
        pool.turnover = Turnover { slow_start: std::num::NonZeroU32::new(16), ..Turnover::default() };
        let mut seats = Seats::new(pool.members.iter().map(|_| Some(State::Up)));
        seats.observe(&pool.turnover, 0, State::Down, 999);
        seats.observe(&pool.turnover, 0, State::Up, 1000);
        for &(after, weights) in expected {
            let standing = standing_with(&pool, &seats, 1000 + after);
            let members = &standing.as_ref().unwrap_or(&pool).members;
            assert_eq!(members.iter().map(|member| member.weight).collect::<Vec<_>>(), weights, "{after}");
            let full: Vec<_> = members.iter().map(Member::full_weight).collect();
            let unit = standing.as_ref().map_or(1, |standing| standing.weight_unit);
            assert!(members.iter().zip(&pool.members).all(|(now, written)| {
                standing.as_ref().unwrap_or(&pool).weight_of(now) == written.weight
            }));
            assert!(full.iter().zip(&pool.members).all(|(full, member)| *full == member.weight * unit));
        }
    }

    #[test]
    fn weights_grow_in_sixteenths_and_the_others_keep_their_ratios() {
        check_weights(
            "u1 u3 u0",
            &[(0, &[1, 48, 0]), (5, &[5, 48, 0]), (15, &[15, 48, 0]), (16, &[1, 3, 0])],
        );
        check_weights("u4095 u1", &[(4, &[16_380, 16])]);
        check_weights("u20000 u30000", &[(0, &[2500, 60_000]), (8, &[20_000, 60_000])]);
        check_weights("u65535 u1", &[(0, &[4095, 1]), (16, &[65_535, 1])]);
        check_weights("u1 u65535", &[(0, &[1, 65_535]), (16, &[1, 65_535])]);
        check_weights("u0 u2", &[(0, &[0, 32])]);
    }

    /// Who has each slot of a `hash` pool.
    fn slots(pool: &Pool) -> Vec<usize> {
        let up = |_| TargetHealth { state: State::Up, soonest_flip: 1 };
        let answers = PoolAnswers::compile(pool, Content::V4, &up);
        let set = answers.sets[0].eligible.as_ref().unwrap();
        let winner = |slot| set.draw(PoolId(0), |_| slot, || 0).1.members().next().unwrap();
        Slot::all().map(winner).collect()
    }

    #[test]
    fn a_slow_start_moves_only_the_slots_that_the_member_wins() {
        let (mut pool, _) = pool("u7 u3 u5 u1", Pick::Hash, MinHealthy::Count(1));
        pool.turnover = Turnover { slow_start: std::num::NonZeroU32::new(16), ..Turnover::default() };
        let mut seats = Seats::new([Some(State::Up); 4]);
        seats.observe(&pool.turnover, 0, State::Down, 999);
        seats.observe(&pool.turnover, 0, State::Up, 1000);
        let mut before = slots(&standing_with(&pool, &seats, 1000).unwrap());
        for moment in 1001..=1016 {
            let standing = standing_with(&pool, &seats, moment);
            let now = slots(standing.as_ref().unwrap_or(&pool));
            let moved: Vec<usize> = (0..now.len()).filter(|&slot| now[slot] != before[slot]).collect();
            assert!(moved.iter().all(|&slot| now[slot] == 0), "{moment}");
            assert!(moment <= 1001 || !moved.is_empty(), "{moment}: a sixteenth is some slots");
            before = now;
        }
        assert_eq!(before, slots(&pool));
    }

    #[test]
    fn what_is_held_stands_in_the_pool() {
        let (mut pool, _) = pool("u1 u1", Pick::Weighted, MinHealthy::Count(1));
        pool.turnover = Turnover { manual_resume: true, ..Turnover::default() };
        let mut seats = Seats::new([Some(State::Up); 2]);
        assert!(standing_with(&pool, &seats, 1000).is_none());
        seats.observe(&pool.turnover, 1, State::Down, 1000);
        let standing = standing_with(&pool, &seats, 1000).unwrap();
        let holds = [0, 1].map(|member: usize| standing.members[member].hold(Content::V4));
        assert_eq!(holds, [Hold::Free, Hold::AwaitsResume]);
    }
}
