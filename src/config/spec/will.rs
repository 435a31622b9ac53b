//! `admin` and `schedule` of a member, a pool or a site: what its operator wants, and when.

use std::sync::Arc;

use crate::config::document::{Kind, Value};
use crate::config::limits;
use crate::config::text::{
    self, Broken, Faults, Later, Parsed, Reader, Written, choice, did_you_mean, list, number, one_or_more,
    quote, unplaced,
};
use crate::health::AdminState;
use crate::schedule::{Days, Hours, MINUTES_A_DAY, Zone, parse_moment};
use crate::steer::{ScheduleLine, Will};

use super::ADMIN_STATES;

/// What stands in a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheduled {
    /// Weights and admin states: of a member.
    WeightAndAdmin,
    /// Admin states: of a pool or a site.
    Admin,
}

/// What an operator wants of a member, a pool or a site.
#[derive(Debug, Clone, Default)]
pub(crate) struct WillSpec {
    /// The admin state that stays until the files say otherwise.
    pub(crate) for_good: AdminState,
    /// What changes by itself, or comes with words; `None` where there is neither.
    pub(crate) will: Option<Arc<Will>>,
}

const DAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const LATER: &[Later] = &[
    ("day", "it is called `days`, also for one"),
    ("hours", "write `from = \"08:00\"` and `to = \"18:00\"`"),
    ("timezone", "it is called `zone`"),
    ("state", "it is called `admin`"),
];
const LATER_WITHOUT_WEIGHT: &[Later] =
    &[LATER[0], LATER[1], LATER[2], LATER[3], ("weight", "only members have one: schedule it there")];

/// Reads the keys `admin` and `schedule` of a table.
pub(super) fn read(reader: &mut Reader<'_>, scheduled: Scheduled) -> Parsed<WillSpec> {
    let own = reader.optional("admin", own);
    let schedule = reader.optional("schedule", list(limits::SCHEDULE_LINES, line(scheduled)));
    let own = unplaced(own?).unwrap_or_default();
    let schedule = unplaced(schedule?).unwrap_or_default();
    let schedule: Parsed<Vec<_>> = schedule.into_iter().map(|line| line.map(|line| line.value)).collect();
    let will = Will { schedule: schedule?, ..own };
    let for_good = if will.until.is_some() { AdminState::Auto } else { will.admin };
    let says_more = will.is_timed() || will.who.is_some() || will.why.is_some();
    Ok(WillSpec { for_good, will: says_more.then(|| Arc::new(will)) })
}

/// A word, or a table with it and until when, who and why.
fn own(value: &Value, faults: &Faults) -> Parsed<Will> {
    if !matches!(value.kind, Kind::Table(_)) {
        return choice(ADMIN_STATES)(value, faults).map(|admin| Will { admin, ..Will::default() });
    }
    let mut reader = Reader::new(text::table(value, faults)?, "`admin`", faults);
    let state = reader.required("state", "state = \"drained\"", choice(ADMIN_STATES));
    let until = reader.optional("until", moment);
    let who = reader.optional("who", words);
    let why = reader.optional("why", words);
    reader.finish(&[
        ("from", "it holds from now on; for hours of the week use `schedule`"),
        ("by", "it is called `who`"),
    ]);
    let (state, until) = (state?.value, until?);
    if let (AdminState::Auto, Some(until)) = (state, &until) {
        faults.add(until.place.error("`auto` has no end").label("no effect").help("remove it"));
        return Err(Broken);
    }
    Ok(Will {
        admin: state,
        until: unplaced(until),
        who: unplaced(who?),
        why: unplaced(why?),
        schedule: Vec::new(),
    })
}

fn words(value: &Value, faults: &Faults) -> Parsed<String> {
    let words = text::text(value, faults)?;
    if words.chars().count() <= limits::WORDS_CHARACTERS {
        return Ok(words);
    }
    let message = format!("this text is longer than {} characters", limits::WORDS_CHARACTERS);
    faults.add(value.place.error(message).label("too long"));
    Err(Broken)
}

/// A moment with its offset from UTC, in seconds since 1970: as TOML writes it, or as a text.
pub(super) fn moment(value: &Value, faults: &Faults) -> Parsed<u64> {
    let text = match &value.kind {
        Kind::Moment(text) => text.clone(),
        _ => text::text(value, faults)?,
    };
    parse_moment(&text).ok_or_else(|| {
        let fault = value.place.error(format!("{} is no moment", quote(&text))).label("not understood");
        faults.add(
            fault.help("write it like `\"2026-11-21T06:00:00Z\"`, with `Z` or an offset such as `+01:00`"),
        );
        Broken
    })
}

fn line(scheduled: Scheduled) -> impl Fn(&Value, &Faults) -> Parsed<ScheduleLine> {
    move |value, faults| {
        let table = text::table(value, faults)?;
        let mut reader = Reader::new(table, "a line of a schedule", faults);
        let days = reader.optional("days", one_or_more(DAYS.len(), days));
        let from = reader.optional("from", minute);
        let to = reader.optional("to", minute);
        let zone = reader.required("zone", "zone = \"Europe/Berlin\"", zone);
        let admin = reader.optional("admin", choice(ADMIN_STATES));
        let weight = match scheduled {
            Scheduled::WeightAndAdmin => reader.optional("weight", number(0..=u16::MAX)),
            Scheduled::Admin => Ok(None),
        };
        reader.finish(match scheduled {
            Scheduled::WeightAndAdmin => LATER,
            Scheduled::Admin => LATER_WITHOUT_WEIGHT,
        });
        let hours = hours(value, days.and_then(all_days)?, from?, to?, zone?.value, faults);
        let (admin, weight) = (unplaced(admin?), unplaced(weight?));
        if admin.is_none() && weight.is_none() {
            if table.entries.iter().any(|entry| entry.key.value == "weight") {
                // It says what; that this cannot be here is reported already.
                return Err(Broken);
            }
            let wanted = if scheduled == Scheduled::Admin { "`admin`" } else { "`weight` or `admin`" };
            let fault = value.place.error(format!("this line says when, but not what: it lacks {wanted}"));
            faults.add(fault.label("no effect"));
            return Err(Broken);
        }
        Ok(ScheduleLine { hours: hours?, weight, admin })
    }
}

fn hours(
    line: &Value,
    days: Days,
    from: Option<Written<u16>>,
    to: Option<Written<u16>>,
    zone: Zone,
    faults: &Faults,
) -> Parsed<Hours> {
    let place = to.as_ref().or(from.as_ref()).map_or(&line.place, |written| &written.place).clone();
    let (from, to) = (unplaced(from).unwrap_or(0), unplaced(to).unwrap_or(MINUTES_A_DAY));
    Hours::new(days, from, to, zone).map_err(|error| {
        let fault = place.error(format!("these are no hours: {error}")).label("not understood");
        faults.add(fault.help("leave both out for whole days; hours over midnight end on the next day"));
        Broken
    })
}

fn all_days(days: Option<Written<text::Items<Days>>>) -> Parsed<Days> {
    let Some(days) = days else { return Ok(Days::ALL) };
    let days: Vec<Days> = days.value.into_iter().map(|days| days.map(unwritten)).collect::<Parsed<_>>()?;
    Ok(days.into_iter().reduce(Days::and).unwrap_or(Days::ALL))
}

fn unwritten<T>(written: Written<T>) -> T {
    written.value
}

/// `monday`, `mon`, `mon-fri`.
fn days(value: &Value, faults: &Faults) -> Parsed<Days> {
    let text = text::text(value, faults)?;
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    let day = |word: &str| {
        let is_meant = |name: &str| name == word || name[..3] == *word;
        DAYS.iter().position(|name| is_meant(name)).map(|day| day as u8)
    };
    if let (Some(first), Some(last)) = (day(first.trim()), day(last.trim())) {
        return Ok(Days::from_to(first, last));
    }
    let fault = value.place.error(format!("{} is no day of the week", quote(&text))).label("not understood");
    faults.add(fault.help("write `\"monday\"` or `\"mon\"`, `\"mon-fri\"`, or a list of such"));
    Err(Broken)
}

/// `08:00`, and `24:00` for the end of a day.
fn minute(value: &Value, faults: &Faults) -> Parsed<u16> {
    let text = text::text(value, faults)?;
    let two_digits = |digits: &str| {
        let plausible = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        plausible.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let parsed =
        text.split_once(':').and_then(|(hour, minute)| Some((two_digits(hour)?, two_digits(minute)?)));
    let minutes = parsed.filter(|&(_, minute)| minute < 60).map(|(hour, minute)| hour * 60 + minute);
    minutes.filter(|&minutes| minutes <= MINUTES_A_DAY).ok_or_else(|| {
        let fault = value.place.error(format!("{} is no time of day", quote(&text))).label("not understood");
        faults.add(fault.help("write hours and minutes, such as `\"08:00\"`; a day ends at `\"24:00\"`"));
        Broken
    })
}

fn zone(value: &Value, faults: &Faults) -> Parsed<Zone> {
    let text = text::text(value, faults)?;
    Zone::named(&text).ok_or_else(|| {
        let mut fault =
            value.place.error(format!("there is no time zone {}", quote(&text))).label("unknown zone");
        let names = Zone::names();
        fault.help = did_you_mean(&text, names.iter().map(String::as_str)).or_else(|| {
            Some("write a name of the IANA database, such as `\"Europe/Berlin\"` or `\"UTC\"`".to_owned())
        });
        faults.add(fault);
        Broken
    })
}
