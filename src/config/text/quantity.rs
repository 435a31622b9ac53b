//! Durations, and fractions of a whole.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::faults::{Faults, quote};
use super::reader::{Broken, Parsed};
use super::scalar::wrong_type;
use crate::config::document::{Kind, Value};

/// The units of durations, in milliseconds.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A text such as `"500ms"`, `"5s"`, `"2m"` or `"1h30m"`, in a range.
pub(crate) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&Value, &Faults) -> Parsed<Duration> {
    move |value, faults| {
        let text = match &value.kind {
            Kind::Text(text) => text,
            Kind::Integer(Some(number)) => {
                let help = format!("say the unit: {}", quote(&format!("\"{number}s\"")));
                return wrong_type(value, "a duration", Some(help), faults);
            }
            _ => return wrong_type(value, "a duration", Some("for example `\"5s\"`".into()), faults),
        };
        let Some(duration) = parse_duration(text) else {
            let fault = value.place.error(format!("{} is no duration", quote(text)));
            let help = "write a whole number and one of the units ms, s, m, h, d, for example `\"5s\"`";
            faults.add(fault.label("not understood").help(help));
            return Err(Broken);
        };
        if range.contains(&duration) {
            return Ok(duration);
        }
        let fault = value.place.error(format!("this must be {}", range_in_words(&range)));
        faults.add(fault.label("out of range"));
        Err(Broken)
    }
}

/// "from 100ms to 1h".
fn range_in_words(range: &RangeInclusive<Duration>) -> String {
    format!("from {} to {}", duration_in_words(*range.start()), duration_in_words(*range.end()))
}

/// The shortest text of a duration that reads back as the same: the largest unit that divides it.
pub(crate) fn duration_in_words(duration: Duration) -> String {
    let milliseconds = duration.as_millis() as u64;
    let (unit, size) =
        UNITS.iter().rev().find(|(_, size)| milliseconds.is_multiple_of(*size)).unwrap_or(&UNITS[0]);
    format!("{}{unit}", milliseconds / size)
}

/// Whole numbers with units, the largest unit first; `None` when it is anything else or longer than 64 bits hold.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut below = u64::MAX;
    while !rest.is_empty() {
        let (number, after) = split_at_end_of(rest, |character| character.is_ascii_digit());
        let (unit, after) = split_at_end_of(after, |character| character.is_ascii_alphabetic());
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        if *size >= below {
            return None;
        }
        below = *size;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*size)?)?;
        rest = after;
    }
    (below != u64::MAX).then(|| Duration::from_millis(total))
}

fn split_at_end_of(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|character| !belongs(character)).unwrap_or(text.len()))
}

/// A part of a whole, more than nothing and at most all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// From 1 to the denominator.
    pub(crate) numerator: u32,
    /// At least 1.
    pub(crate) denominator: u32,
}

impl Share {
    /// `2/3`, `55 %` or `55%`; `None` for anything else, for nothing and for more than the whole.
    pub(crate) fn parse(text: &str) -> Option<Share> {
        let (numerator, denominator) = match text.split_once('/') {
            Some((numerator, denominator)) => (whole(numerator)?, whole(denominator)?),
            None => (whole(text.strip_suffix('%')?)?, 100),
        };
        (1..=denominator).contains(&numerator).then_some(Share { numerator, denominator })
    }
}

/// The digits of a whole number below a million, blanks around them aside.
fn whole(text: &str) -> Option<u32> {
    let digits = text.trim_matches(' ');
    let plausible = (1..=6).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
    plausible.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_the_largest_first() {
        let milliseconds = |text| parse_duration(text).map(|duration| duration.as_millis());
        assert_eq!(milliseconds("500ms"), Some(500));
        assert_eq!(milliseconds("5s"), Some(5_000));
        assert_eq!(milliseconds("1h30m"), Some(5_400_000));
        for wrong in
            ["", "5", "s", "5 s", "-5s", "5s5s", "30m1h", "1.5s", "5x", "99999999999999999999s", "5S"]
        {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn duration_texts_read_back_as_the_same() {
        for milliseconds in [1, 500, 1_000, 90_000, 3_600_000, 86_400_000, 604_800_000] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(parse_duration(&duration_in_words(duration)), Some(duration));
        }
    }

    #[test]
    fn shares_are_fractions_or_percentages_of_at_most_the_whole() {
        let share = |text| Share::parse(text).map(|share| (share.numerator, share.denominator));
        assert_eq!(share("2/3"), Some((2, 3)));
        assert_eq!(share("55 %"), Some((55, 100)));
        assert_eq!(share("100%"), Some((100, 100)));
        for wrong in ["0/3", "4/3", "2/0", "55", "101%", "-1/3", "+1/3", "", "%", "1/3/5", "5.5%"] {
            assert_eq!(share(wrong), None, "{wrong}");
        }
    }
}
