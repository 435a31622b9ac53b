//! When schedules and ends of admin states make a difference: one moment for each standing that pools come to.
//!
//! Hours are those of a week, by the clocks of their zones; clocks are put forward and back within a year, and zones do it
//! on days of their own. So every standing that comes again and again is there within a year; where an admin state ends
//! later, the year after that end is looked at too. What the operators' wills come to is all that is compared, so the
//! moments are as few as the standings, and each is the first one that has it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use super::Stop;
use super::scenery::Scenery;
use crate::health::AdminState;
use crate::schedule::HORIZON;
use crate::steer::{Pool, Will};

/// For how long the standings of schedules are looked for, in seconds: a year, and a week for the one that it begins in.
const YEAR_SECONDS: u64 = (366 + 7) * 86_400;

/// Moments, as a [`HealthVector`](super::HealthVector) has them.
pub(super) type Moments = Rc<[Option<u64>]>;

/// The moments of pools that were asked for, by the wills that change them: many rules have the same.
#[derive(Default)]
pub(super) struct Hours {
    known: RefCell<Vec<(Vec<Will>, Moments)>>,
}

impl Hours {
    /// A moment from `from` (seconds since 1970) on for each standing that these pools come to; `None` alone where nothing
    /// changes by itself.
    pub(super) fn of<'p>(
        &self,
        scenery: &Scenery<'_>,
        pools: impl Iterator<Item = &'p Pool>,
        from: u64,
    ) -> Result<Moments, Stop> {
        let wills = timed_wills(pools);
        if wills.is_empty() {
            return Ok([None].into());
        }
        let is_same = |known: &[Will]| known.iter().eq(wills.iter().copied());
        if let Some((_, moments)) = self.known.borrow().iter().find(|(known, _)| is_same(known)) {
            return Ok(Rc::clone(moments));
        }
        let moments: Moments = standings(scenery, &wills, from)?.into_iter().map(Some).collect();
        self.known.borrow_mut().push((wills.into_iter().cloned().collect(), Rc::clone(&moments)));
        Ok(moments)
    }
}

/// The wills of these pools that ever change, each once.
fn timed_wills<'c>(pools: impl Iterator<Item = &'c Pool>) -> Vec<&'c Will> {
    let mut wills: Vec<&Will> = Vec::new();
    for pool in pools {
        let of_members = pool.members.iter().filter_map(|member| member.will.as_deref());
        for will in pool.wills.iter().map(AsRef::as_ref).chain(of_members) {
            if will.is_timed() && !wills.contains(&will) {
                wills.push(will);
            }
        }
    }
    wills
}

/// The first moment of each standing.
fn standings(scenery: &Scenery<'_>, wills: &[&Will], from: u64) -> Result<Vec<u64>, Stop> {
    let ends = wills.iter().filter_map(|will| will.until).filter(|&until| until > from);
    let begins: BTreeSet<u64> = [from].into_iter().chain(ends).collect();
    let mut moments = begins.clone();
    for (will, &begin) in wills.iter().flat_map(|will| begins.iter().map(move |begin| (will, begin))) {
        add_changes(scenery, will, begin, &mut moments)?;
    }
    scenery.spend((moments.len() * wills.len()) as u64)?;
    let mut seen: HashSet<Vec<(AdminState, Option<u16>)>> = HashSet::new();
    let mut moments: Vec<u64> = moments.into_iter().collect();
    moments.retain(|&moment| {
        let now = wills.iter().map(|will| will.at(moment));
        seen.insert(now.map(|now| (now.admin, now.weight)).collect())
    });
    Ok(moments)
}

/// Adds the moments within a year from `begin` on at which a will changes.
fn add_changes(
    scenery: &Scenery<'_>,
    will: &Will,
    begin: u64,
    moments: &mut BTreeSet<u64>,
) -> Result<(), Stop> {
    let end = begin.saturating_add(YEAR_SECONDS);
    let mut moment = begin;
    while moment < end {
        scenery.spend(1)?;
        moment = match will.next_change(moment) {
            Some(change) => {
                moments.insert(change);
                change
            }
            // An hour of the week may be left out when clocks are put forward: it comes later.
            None => moment.saturating_add(HORIZON),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Days, Hours as WeekHours, Zone, parse_moment};
    use crate::snapshot::Configuration;
    use crate::steer::ScheduleLine;

    /// A will that drains in these hours of some days.
    fn drains(days: Days, from: u16, to: u16, zone: &str) -> Will {
        let hours = WeekHours::new(days, from * 60, to * 60, Zone::named(zone).unwrap()).unwrap();
        let line = ScheduleLine { hours, weight: None, admin: Some(AdminState::Drained) };
        Will { schedule: vec![line], ..Will::default() }
    }

    /// What the wills come to at the moments found, each a letter: drained or not.
    fn check(wills: &[Will], from: &str, expected: &[&str]) {
        let configuration = Configuration::default();
        let scenery = Scenery::new(&configuration);
        let wills: Vec<&Will> = wills.iter().collect();
        let moments = standings(&scenery, &wills, parse_moment(from).unwrap()).ok().unwrap();
        let letter = |will: &&Will, moment| match will.at(moment).admin {
            AdminState::Drained => 'D',
            _ => '-',
        };
        let found = moments
            .iter()
            .map(|&moment| wills.iter().map(|will| letter(will, moment)).collect::<String>())
            .collect::<BTreeSet<_>>();
        assert_eq!(found.len(), moments.len(), "each standing once");
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_standing_that_comes_within_a_year_is_found_once() {
        let sunday = Days::from_to(6, 6);
        let from = "2026-11-20T12:00:00Z";
        let of_day = |from, to, zone| drains(Days::ALL, from, to, zone);
        check(&[of_day(8, 18, "UTC")], from, &["-", "D"]);
        check(&[of_day(8, 12, "UTC"), of_day(12, 18, "UTC")], from, &["--", "-D", "D-"]);
        check(&[of_day(8, 13, "UTC"), of_day(12, 18, "UTC")], from, &["--", "-D", "D-", "DD"]);
        // Six hours apart, but for the weeks in which only one of them has put its clocks forward: then five.
        let [berlin, new_york] = [of_day(14, 15, "Europe/Berlin"), of_day(9, 10, "America/New_York")];
        check(&[berlin, new_york], from, &["--", "-D", "D-", "DD"]);
        // Clocks are put forward over the hour once a year.
        check(&[drains(sunday, 2, 3, "Europe/Berlin")], "2026-03-28T12:00:00Z", &["-", "D"]);
    }

    #[test]
    fn an_admin_state_that_ends_late_meets_the_hours_after_its_end() {
        let own =
            |until: &str| Will { admin: AdminState::Drained, until: parse_moment(until), ..Will::default() };
        let weekly = drains(Days::from_to(0, 0), 8, 18, "UTC");
        let from = "2026-11-20T12:00:00Z";
        check(&[own("2031-01-01T00:00:00Z"), weekly.clone()], from, &["--", "-D", "D-", "DD"]);
        check(&[own("2026-11-19T00:00:00Z"), weekly.clone()], from, &["--", "-D"]);
        // It ends on Saturday, before the hours come again.
        check(&[own("2026-11-21T00:00:00Z"), weekly], from, &["--", "-D", "D-"]);
    }
}
