//! Hours of some days of the week.
//!
//! With a beginning before the end, the hours lie within one day. Otherwise they begin on one of the days and end on the
//! next one: Friday from 22:00 to 06:00 ends on Saturday, whether or not Saturday is one of the days.
//!
//! | clock on the wall | within one day | over midnight |
//! |---|---|---|
//! | one of the days, from the beginning on | until the end | yes |
//! | the day after one of the days, before the end | – | yes |
//! | otherwise | no | no |

use std::fmt;

use thiserror::Error;

use super::zone::Zone;

/// Minutes of a day; as an end it is midnight.
pub const MINUTES_A_DAY: u16 = 1440;
/// How far ahead [`Hours::next_change`] looks, in seconds: a week, and a day for the clocks that are put forward or back.
/// What does not change until then is to be looked at again then.
pub const HORIZON: u64 = 8 * 86_400;

const SECONDS_A_DAY: i64 = 86_400;
const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days of the week; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    /// All seven.
    pub const ALL: Days = Days(0x7F);

    /// From one day to another, both included, Monday being 0: from Saturday to Monday are three days.
    pub fn from_to(first: u8, last: u8) -> Days {
        let count = (last + 7 - first) % 7;
        Days((0..=count).fold(0, |days, step| days | 1 << ((first + step) % 7)))
    }

    /// These and those.
    #[must_use]
    pub fn and(self, others: Days) -> Days {
        Days(self.0 | others.0)
    }

    fn hold(self, day: u8) -> bool {
        self.0 >> day & 1 == 1
    }
}

/// Hours of some days of the week, by the clock on the wall of a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    days: Days,
    /// Minutes since midnight.
    from: u16,
    to: u16,
    zone: Zone,
}

/// Why hours cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HoursError {
    /// They would be none or all.
    #[error("they begin and end at the same minute")]
    Empty,
    /// There is no such minute.
    #[error("a day has minutes 00:00 to 24:00")]
    NoSuchMinute,
}

impl Hours {
    /// Hours from a minute of a day (0–1439) until before another (0–1440).
    pub fn new(days: Days, from: u16, to: u16, zone: Zone) -> Result<Hours, HoursError> {
        if from >= MINUTES_A_DAY || to > MINUTES_A_DAY {
            return Err(HoursError::NoSuchMinute);
        }
        if from == to {
            return Err(HoursError::Empty);
        }
        Ok(Hours { days, from, to, zone })
    }

    /// Whether a moment (seconds since 1970) is within.
    pub fn hold(&self, moment: u64) -> bool {
        let wall = self.zone.wall(seconds(moment));
        let (day, minute) = (wall.div_euclid(SECONDS_A_DAY), wall.rem_euclid(SECONDS_A_DAY) / 60);
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        // 1970-01-01 was a Thursday, day 3.
        let is_one = |day: i64| self.days.hold((day + 3).rem_euclid(7) as u8);
        if from < to {
            is_one(day) && (from..to).contains(&minute)
        } else {
            is_one(day) && minute >= from || is_one(day - 1) && minute < to
        }
    }

    /// The first moment after `after` at which they begin or end; `None` if that is beyond [`HORIZON`].
    pub fn next_change(&self, after: u64) -> Option<u64> {
        let start = seconds(after);
        let mut moments = Vec::new();
        for stretch in self.zone.stretches(start, start.saturating_add(HORIZON as i64)) {
            // What the wall shows may also jump over a beginning or an end.
            moments.push(stretch.start);
            let first_day = (stretch.start + stretch.offset).div_euclid(SECONDS_A_DAY);
            let last_day = (stretch.end + stretch.offset).div_euclid(SECONDS_A_DAY);
            for day in first_day..=last_day {
                let at = |minute: u16| day * SECONDS_A_DAY + i64::from(minute) * 60 - stretch.offset;
                let both = [at(self.from), at(self.to)].into_iter();
                moments.extend(both.filter(|moment| (stretch.start..stretch.end).contains(moment)));
            }
        }
        moments.sort_unstable();
        let now = self.hold(after);
        let later = moments.into_iter().filter_map(|moment| u64::try_from(moment).ok());
        later.filter(|&moment| moment > after).find(|&moment| self.hold(moment) != now)
    }
}

/// Beyond the calendar of any clock, moments are one.
fn seconds(moment: u64) -> i64 {
    i64::try_from(moment).unwrap_or(i64::MAX / 2).min(i64::MAX / 2)
}

/// `mon, wed–fri`; `every day`.
impl fmt::Display for Days {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Days::ALL {
            return formatter.write_str("every day");
        }
        let begins = (0..7).filter(|&day| self.hold(day) && (day == 0 || !self.hold(day - 1)));
        for (number, first) in begins.enumerate() {
            let last = (first..7).take_while(|&day| self.hold(day)).last().unwrap_or(first);
            let comma = if number == 0 { "" } else { ", " };
            let (first_name, last_name) = (NAMES[usize::from(first)], NAMES[usize::from(last)]);
            match last - first {
                0 => write!(formatter, "{comma}{first_name}")?,
                1 => write!(formatter, "{comma}{first_name}, {last_name}")?,
                _ => write!(formatter, "{comma}{first_name}–{last_name}")?,
            }
        }
        Ok(())
    }
}

/// `mon–fri 08:00–18:00 Europe/Berlin`.
impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hours { days, from, to, zone } = self;
        let name = zone.name();
        write!(formatter, "{days} {:02}:{:02}–{:02}:{:02} {name}", from / 60, from % 60, to / 60, to % 60)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schedule::parse_moment;

    fn hours(days: Days, from: &str, to: &str, zone: &str) -> Hours {
        let minute = |text: &str| text[..2].parse::<u16>().unwrap() * 60 + text[3..].parse::<u16>().unwrap();
        Hours::new(days, minute(from), minute(to), Zone::named(zone).unwrap()).unwrap()
    }

    fn at(text: &str) -> u64 {
        parse_moment(text).unwrap()
    }

    /// The changes after a moment, in order: when, and whether the hours begin.
    fn check(hours: &Hours, after: &str, expected: &[(&str, bool)]) {
        let mut moment = at(after);
        for &(when, begins) in expected {
            let change = hours.next_change(moment);
            assert_eq!(change, Some(at(when)), "{hours} after {moment}, expected {when}");
            moment = at(when);
            assert_eq!(hours.hold(moment), begins, "{hours} at {when}");
            assert_eq!(hours.hold(moment - 1), !begins, "{hours} before {when}");
        }
    }

    const WORKDAYS: Days = Days(0b001_1111);
    const SUNDAY: Days = Days(0b100_0000);
    const FRIDAY: Days = Days(0b001_0000);

    #[test]
    fn hours_within_a_day() {
        // 2026-11-20 is a Friday.
        check(
            &hours(WORKDAYS, "08:00", "18:00", "Europe/Berlin"),
            "2026-11-20T06:00:00Z",
            &[
                ("2026-11-20T07:00:00Z", true),
                ("2026-11-20T17:00:00Z", false),
                ("2026-11-23T07:00:00Z", true),
                ("2026-11-23T17:00:00Z", false),
                ("2026-11-24T07:00:00Z", true),
            ],
        );
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
        check(
            &hours(FRIDAY, "22:00", "06:00", "Europe/Berlin"),
            "2026-11-20T06:00:00Z",
            &[
                ("2026-11-20T21:00:00Z", true),
                ("2026-11-21T05:00:00Z", false),
                ("2026-11-27T21:00:00Z", true),
            ],
        );
        check(
            &hours(FRIDAY, "18:00", "00:00", "UTC"),
            "2026-11-20T06:00:00Z",
            &[("2026-11-20T18:00:00Z", true), ("2026-11-21T00:00:00Z", false)],
        );
        check(
            &hours(FRIDAY, "00:00", "24:00", "UTC"),
            "2026-11-19T06:00:00Z",
            &[("2026-11-20T00:00:00Z", true), ("2026-11-21T00:00:00Z", false)],
        );
    }

    /// Berlin, 2026-03-29: 02:00 is followed by 03:00.
    #[test]
    fn an_hour_that_the_wall_does_not_show_does_not_come() {
        let after = "2026-03-28T12:00:00Z";
        check(&hours(SUNDAY, "02:15", "02:45", "Europe/Berlin"), after, &[("2026-04-05T00:15:00Z", true)]);
        let begins_inside = hours(SUNDAY, "02:30", "04:00", "Europe/Berlin");
        check(&begins_inside, after, &[("2026-03-29T01:00:00Z", true), ("2026-03-29T02:00:00Z", false)]);
        let ends_inside = hours(SUNDAY, "01:00", "02:30", "Europe/Berlin");
        check(&ends_inside, after, &[("2026-03-29T00:00:00Z", true), ("2026-03-29T01:00:00Z", false)]);
        let around = hours(SUNDAY, "01:00", "04:00", "Europe/Berlin");
        check(&around, after, &[("2026-03-29T00:00:00Z", true), ("2026-03-29T02:00:00Z", false)]);
    }

    /// Berlin, 2026-10-25: 03:00 is followed by 02:00.
    #[test]
    fn an_hour_that_the_wall_shows_twice_comes_twice() {
        check(
            &hours(SUNDAY, "02:15", "02:45", "Europe/Berlin"),
            "2026-10-24T12:00:00Z",
            &[
                ("2026-10-25T00:15:00Z", true),
                ("2026-10-25T00:45:00Z", false),
                ("2026-10-25T01:15:00Z", true),
                ("2026-10-25T01:45:00Z", false),
                ("2026-11-01T01:15:00Z", true),
            ],
        );
        check(
            &hours(SUNDAY, "02:00", "03:00", "Europe/Berlin"),
            "2026-10-24T12:00:00Z",
            &[("2026-10-25T00:00:00Z", true), ("2026-10-25T02:00:00Z", false)],
        );
    }

    #[test]
    fn hours_that_never_end_do_not_change() {
        assert_eq!(
            hours(Days::ALL, "00:00", "24:00", "Europe/Berlin").next_change(at("2026-03-28T12:00:00Z")),
            None
        );
        assert_eq!(Hours::new(Days::ALL, 5, 5, Zone::named("UTC").unwrap()), Err(HoursError::Empty));
        assert_eq!(
            Hours::new(Days::ALL, 0, 1441, Zone::named("UTC").unwrap()),
            Err(HoursError::NoSuchMinute)
        );
    }

    #[test]
    fn days_are_written_as_people_write_them() {
        let cases = [
            (Days::ALL, "every day"),
            (WORKDAYS, "mon–fri"),
            (Days::from_to(5, 6), "sat, sun"),
            (Days::from_to(5, 0), "mon, sat, sun"),
            (Days::from_to(2, 2).and(Days::from_to(4, 6)), "wed, fri–sun"),
        ];
        for (days, text) in cases {
            assert_eq!(days.to_string(), text);
        }
        let hours = hours(WORKDAYS, "08:00", "18:30", "Asia/Kolkata");
        assert_eq!(hours.to_string(), "mon–fri 08:00–18:30 Asia/Kolkata");
    }

    proptest! {
        /// Minute by minute over nine days, zones with and without jumps: the next change is the first one.
        #[test]
        fn the_next_change_is_the_first_minute_that_differs(
            days in 1u8..0x80,
            (from, to) in (0u16..1440, 0u16..=1440).prop_filter("not empty", |(from, to)| from != to),
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
            week in 0u64..52,
        ) {
            let hours = Hours::new(Days(days), from, to, Zone::named(zone).unwrap()).unwrap();
            let after = at("2026-01-01T00:00:00Z") + week * 7 * 86_400;
            let now = hours.hold(after);
            let walked = (1..HORIZON / 60).map(|minute| after + minute * 60).find(|&moment| hours.hold(moment) != now);
            prop_assert_eq!(hours.next_change(after), walked);
        }
    }
}
