//! The operator's will on a member, a pool or a site over time (semantics §2).
//!
//! | what holds at a moment | is |
//! |---|---|
//! | the own admin state | as written until `until`, from then on auto |
//! | the line of the schedule | the first one whose hours hold then |
//! | admin state | the stronger of the own one and the line's |
//! | weight | the line's, or else the member's |
//!
//! Of member, pool and site the strongest admin state holds; a weight stands in a member's schedule only.

use crate::health::AdminState;
use crate::schedule::{HORIZON, Hours};

/// What an operator wants, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Will {
    /// The own admin state.
    pub admin: AdminState,
    /// When that ends, in seconds since 1970; `None`: it stays.
    pub until: Option<u64>,
    /// Who wanted it.
    pub who: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// In written order: the first line whose hours hold wins.
    pub schedule: Vec<ScheduleLine>,
}

/// What holds in some hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleLine {
    /// When.
    pub hours: Hours,
    /// The weight then.
    pub weight: Option<u16>,
    /// The admin state then.
    pub admin: Option<AdminState>,
}

/// What a will comes to at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WillNow<'w> {
    /// The admin state.
    pub admin: AdminState,
    /// The weight, where the schedule has one.
    pub weight: Option<u16>,
    /// The line of the schedule that holds.
    pub line: Option<&'w ScheduleLine>,
}

impl Will {
    /// What holds at a moment (seconds since 1970).
    pub fn at(&self, moment: u64) -> WillNow<'_> {
        let own = if self.has_ended(moment) { AdminState::Auto } else { self.admin };
        let line = self.schedule.iter().find(|line| line.hours.hold(moment));
        let scheduled = line.and_then(|line| line.admin).unwrap_or_default();
        WillNow { admin: own.max(scheduled), weight: line.and_then(|line| line.weight), line }
    }

    /// The first moment after `after` at which something else holds, as far as [`HORIZON`] and `until` let it be known.
    pub fn next_change(&self, after: u64) -> Option<u64> {
        let effect = |moment| {
            let now = self.at(moment);
            (now.admin, now.weight)
        };
        let now = effect(after);
        let mut moment = after;
        // A line may begin or end behind another one, and nothing change.
        while let Some(next) = self.next_boundary(moment).filter(|next| *next <= self.horizon(after)) {
            if effect(next) != now {
                return Some(next);
            }
            moment = next;
        }
        None
    }

    /// Whether anything ever changes by itself.
    pub fn is_timed(&self) -> bool {
        self.until.is_some() || !self.schedule.is_empty()
    }

    fn has_ended(&self, moment: u64) -> bool {
        self.until.is_some_and(|until| moment >= until)
    }

    fn next_boundary(&self, after: u64) -> Option<u64> {
        let lines = self.schedule.iter().filter_map(|line| line.hours.next_change(after));
        lines.chain(self.until.filter(|&until| until > after)).min()
    }

    fn horizon(&self, after: u64) -> u64 {
        after.saturating_add(HORIZON).max(self.until.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Days, Zone, parse_moment};

    const DAY: u64 = 86_400;

    /// Every day from one hour to another, UTC.
    fn line(from: u16, to: u16, weight: Option<u16>, admin: Option<AdminState>) -> ScheduleLine {
        let hours = Hours::new(Days::ALL, from * 60, to * 60, Zone::named("UTC").unwrap()).unwrap();
        ScheduleLine { hours, weight, admin }
    }

    /// What holds over the hours of a day, and that it changes then and at no other moment.
    fn check(will: &Will, day: u64, expected: &[(u64, AdminState, Option<u16>)]) {
        for (place, &(hour, admin, weight)) in expected.iter().enumerate() {
            let moment = day + hour * 3600;
            let now = will.at(moment);
            assert_eq!((now.admin, now.weight), (admin, weight), "at {hour}");
            if let Some(&(next, ..)) = expected.get(place + 1) {
                assert_eq!(will.next_change(moment), Some(day + next * 3600), "after {hour}");
            }
        }
    }

    #[test]
    fn the_first_line_whose_hours_hold_wins() {
        use AdminState::{Auto, Drained};
        let day = parse_moment("2026-11-20T00:00:00Z").unwrap();
        let schedule = vec![
            line(12, 13, None, Some(Auto)),
            line(8, 18, Some(5), None),
            line(9, 20, Some(7), Some(Drained)),
        ];
        let will = Will { schedule, ..Will::default() };
        check(
            &will,
            day,
            &[
                (0, Auto, None),
                (8, Auto, Some(5)),
                (12, Auto, None),
                (13, Auto, Some(5)),
                (18, Drained, Some(7)),
                (20, Auto, None),
            ],
        );
        assert_eq!(will.next_change(day + 20 * 3600), Some(day + DAY + 8 * 3600));
    }

    #[test]
    fn an_own_state_ends_when_it_says_and_the_stronger_one_holds() {
        use AdminState::{Auto, Drained, ForcedDown, ForcedUp};
        let day = parse_moment("2026-11-20T00:00:00Z").unwrap();
        let will = |admin, until: Option<u64>, scheduled| Will {
            admin,
            until: until.map(|hour| day + hour * 3600),
            schedule: vec![line(8, 18, None, Some(scheduled))],
            ..Will::default()
        };
        check(
            &will(ForcedUp, Some(10), Drained),
            day,
            &[(0, ForcedUp, None), (8, Drained, None), (18, Auto, None)],
        );
        check(
            &will(ForcedDown, Some(10), Drained),
            day,
            &[(0, ForcedDown, None), (10, Drained, None), (18, Auto, None)],
        );
        assert_eq!(will(ForcedDown, None, Drained).next_change(day), None);
        let far = Will { admin: Drained, until: Some(day + 1000 * DAY), ..Will::default() };
        assert_eq!(far.next_change(day), far.until);
        assert!(far.is_timed() && !Will::default().is_timed());
    }
}
