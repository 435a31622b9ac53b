//! The file of cookie secrets that a set of servers shares: lines of a moment and the secret that is used from then on.
//!
//! ```text
//! # moment (UTC)         secret: 32 hexadecimal digits
//! 2026-11-20T00:00:00Z   e5e973e5a6b2a43f48e7dc849e37bfcf
//! ```

use std::ops::Range;
use std::sync::Arc;

use crate::config::limits;
use crate::config::text::{Faults, Place, Written};
use crate::fault::{Fault, Source};
use crate::wire::cookie::{SECRET, ScheduledSecret, Secret};

const EXAMPLE: &str = "write a line like `2026-11-20T00:00:00Z` and, behind it, 32 hexadecimal digits; \
                       `meridian cookie-secrets` makes such a file";

const FIRST_YEAR: u64 = 1970;

/// Reads the file; without a fault the secrets stand in the order of their moments. Their places are those of the
/// moments, in a text that shows no secret.
pub(crate) fn read(source: &Arc<Source>, faults: &Faults) -> Vec<Written<ScheduledSecret>> {
    let shown = redacted(source);
    let mut secrets: Vec<Written<ScheduledSecret>> = Vec::new();
    let mut is_empty = true;
    for words in lines(&source.octets) {
        is_empty = false;
        match read_line(&source.octets, &words) {
            Ok(secret) => match secrets.last() {
                Some(last) if last.from >= secret.from => {
                    let message = "this moment is not after the one in the line before";
                    let fault = Fault::error(&shown, words[0].clone(), message).label("out of order");
                    faults.add(fault.help("sort the lines by their moments, each moment once"));
                }
                _ => {
                    let place = Place { source: Arc::clone(&shown), span: words[0].clone() };
                    secrets.push(Written { value: secret, place });
                }
            },
            Err((span, message)) => faults.add(Fault::error(&shown, span, message).help(EXAMPLE)),
        }
        if secrets.len() > limits::COOKIE_SECRETS {
            let message = format!("this file has more than {} secrets", limits::COOKIE_SECRETS);
            faults.add(Fault::error(&shown, words[0].clone(), message).help("remove those of the past"));
            break;
        }
    }
    if is_empty {
        faults.add(Fault::file(&shown, "there is no secret in this file").help(EXAMPLE));
    }
    secrets
}

/// The words of every line that has some, without comments, by their places.
fn lines(octets: &[u8]) -> impl Iterator<Item = Vec<Range<usize>>> {
    let mut start = 0;
    octets.split(|&octet| octet == b'\n').filter_map(move |line| {
        let from = start;
        start += line.len() + 1;
        let length = line.iter().position(|&octet| octet == b'#').unwrap_or(line.len());
        let words = words(&line[..length], from);
        (!words.is_empty()).then_some(words)
    })
}

fn words(line: &[u8], from: usize) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, _) in line.iter().enumerate().filter(|(_, octet)| !octet.is_ascii_whitespace()) {
        match words.last_mut() {
            Some(word) if word.end == from + at => word.end += 1,
            _ => words.push(from + at..from + at + 1),
        }
    }
    words
}

fn read_line(octets: &[u8], words: &[Range<usize>]) -> Result<ScheduledSecret, (Range<usize>, &'static str)> {
    let [moment, secret] = words else {
        let whole = words[0].start..words[words.len() - 1].end;
        return Err((whole, "this line must have two words: a moment and a secret"));
    };
    let from = read_moment(&octets[moment.clone()]).ok_or((moment.clone(), "this is no moment in UTC"))?;
    let digits = &octets[secret.clone()];
    if digits.len() != 2 * SECRET {
        return Err((secret.clone(), "a secret has 32 hexadecimal digits"));
    }
    let secret = read_hex(digits).ok_or((secret.clone(), "this is not hexadecimal"))?;
    Ok(ScheduledSecret { from, secret: Secret::new(secret) })
}

/// `2026-11-20T00:00:00Z` as seconds since 1970; the years that 32 bits hold.
fn read_moment(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let days = days_since_1970(year, month, day)?;
    let is_time = hour < 24 && minute < 60 && second < 60;
    u32::try_from(((days * 24 + hour) * 60 + minute) * 60 + second).ok().filter(|_| is_time)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; `None` when there is no such day.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = |year: u64| {
        u64::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)))
    };
    let months = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = (month as usize).checked_sub(1)?;
    let is_day = year >= FIRST_YEAR && (1..=*months.get(before)?).contains(&day);
    let years: u64 = (FIRST_YEAR..year).map(|year| 365 + leap(year)).sum();
    is_day.then(|| years + months[..before].iter().sum::<u64>() + day - 1)
}

/// Three numbers with so many digits each.
fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u64; 3]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    let mut numbers = [0; 3];
    for ((number, part), length) in numbers.iter_mut().zip(parts).zip(lengths) {
        if part.len() != length || !part.bytes().all(|octet| octet.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

fn read_hex(digits: &[u8]) -> Option<[u8; SECRET]> {
    let mut secret = [0; SECRET];
    for (octet, pair) in secret.iter_mut().zip(digits.chunks(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *octet = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Some(secret)
}

/// The file as faults may show it: whatever is no moment is hidden, because faults go to screens, logs and the status.
fn redacted(source: &Source) -> Arc<Source> {
    let mut octets = source.octets.clone();
    let mut rest = 0;
    while rest < octets.len() {
        let is_space = |octet: &u8| octet.is_ascii_whitespace();
        let end = octets[rest..].iter().position(is_space).map_or(octets.len(), |length| rest + length);
        if read_moment(&octets[rest..end]).is_none() {
            octets[rest..end].fill(b'*');
        }
        rest = end + 1;
    }
    Source::new(source.path.clone(), octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_gregorian_calendar() {
        for (text, moment) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T00:00:00Z", Some(951_782_400)),
            ("2026-11-20T05:31:46Z", Some(1_795_152_706)),
            ("2100-03-01T00:00:00Z", Some(4_107_542_400)),
            ("2100-02-29T00:00:00Z", None),
            ("2106-02-07T06:28:15Z", Some(u32::MAX)),
            ("2106-02-07T06:28:16Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-00-01T00:00:00Z", None),
            ("2026-11-31T00:00:00Z", None),
            ("2026-11-20T24:00:00Z", None),
            ("2026-11-20T00:60:00Z", None),
            ("2026-11-20T00:00:60Z", None),
            ("2026-11-20 00:00:00Z", None),
            ("2026-11-20T00:00:00+01:00", None),
            ("2026-1-20T00:00:00Z", None),
            ("1969-12-31T23:59:59Z", None),
        ] {
            assert_eq!(read_moment(text.as_bytes()), moment, "{text}");
        }
    }

    #[test]
    fn nothing_but_moments_is_shown() {
        let text = "# old: e5e973e5\n2026-11-20T00:00:00Z e5e973e5a6b2a43f48e7dc849e37bfcf # x\nsecret\n";
        let shown = redacted(&Source::new("f", text));
        let expected = format!("* **** ********\n2026-11-20T00:00:00Z {} * *\n******\n", "*".repeat(32));
        assert_eq!(String::from_utf8_lossy(&shown.octets), expected);
    }
}
