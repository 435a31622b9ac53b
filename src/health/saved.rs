//! The saved health table: text ↔ value, without the file (`daemon` renames it into place).
//!
//! ```text
//! meridian-health 2
//! saved 1763617908
//! 0123456789abcdef 192.0.2.10 up 0 1 1763610000 1763617905 fail connection refused
//! 0123456789abcdef 2001:db8::1 unknown 0 0 1763617900 never
//! hold web-fra fra-1 ipv4 awaits-resume
//! end 3 89abcdef01234567
//! ```
//!
//! A line is: monitor digest, address, state, passes, failures, since, then the last verdict (its time, its kind,
//! microseconds or reason). In reasons `\\` is a backslash and `\n` a line feed. Behind the targets stand the members
//! that something is held against. The last line counts these lines and carries SipHash-2-4 (zero key) of everything before it: a file cut short or altered is told from a good one.

use std::fmt::Write;
use std::hash::Hasher;

use siphasher::sip::SipHasher24;
use thiserror::Error;

use super::{Held, Hold, LastVerdict, Record, State, TargetKey, Tracker, Verdict};
use crate::wire::Content;

const HEADER: &str = "meridian-health 2\n";
/// The first version had no lines `hold`, and was otherwise the same.
const OLD_HEADER: &str = "meridian-health 1\n";

/// A saved health table that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedHealth {
    /// When it was saved; seconds since 1970.
    pub saved_at: u64,
    /// What it says of each target, in the order of the file.
    pub records: Vec<(TargetKey, Record)>,
    /// The members that something is held against.
    pub held: Vec<Held>,
}

/// Why a saved health table is not used. The messages go on after "the saved health is ignored: ".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SavedError {
    /// The first line is another one.
    #[error("it does not begin with {:?}", HEADER.trim_end())]
    Header,
    /// The last line is missing or counts another number of targets.
    #[error("it is cut short")]
    Truncated,
    /// The checksum is another one.
    #[error("its checksum does not match")]
    Checksum,
    /// A line that nobody can have written in this version.
    #[error("line {0} cannot be read")]
    Line(usize),
    /// Older than it may be.
    #[error("it is {age} s old, older than the {max_age} s of state_max_age")]
    TooOld {
        /// Seconds since it was saved.
        age: u64,
        /// Seconds that were allowed.
        max_age: u64,
    },
    /// Saved at a time that lies ahead by more than the allowed age: one of the two clock readings is wrong.
    #[error("it was saved {0} s in the future")]
    Future(u64),
}

/// Writes the table as it stands at `now` (seconds since 1970).
pub fn encode<'r>(
    records: impl IntoIterator<Item = (&'r TargetKey, &'r Record)>,
    held: &[Held],
    now: u64,
) -> String {
    let mut text = format!("{HEADER}saved {now}\n");
    let mut count = 0;
    for (key, record) in records {
        write_line(&mut text, key, record).expect("writing to a String cannot fail");
        count += 1;
    }
    for Held { pool, member, content, hold } in held {
        let version = content.label();
        writeln!(text, "hold {pool} {member} {version} {hold}").expect("writing to a String cannot fail");
        count += 1;
    }
    let checksum = checksum(text.as_bytes());
    writeln!(text, "end {count} {checksum:016x}").expect("writing to a String cannot fail");
    text
}

/// Reads a table at `now`; both times in seconds. One that was saved more than `max_age` ago is an error: its states
/// say nothing about the present.
pub fn decode(octets: &[u8], now: u64, max_age: u64) -> Result<SavedHealth, SavedError> {
    let saved = read(octets)?;
    check_age(saved.saved_at, now, max_age)?;
    Ok(saved)
}

/// Of a table however old, the members that await an operator: that does not end by itself. None of one that cannot be
/// read.
pub fn decode_awaiting(octets: &[u8]) -> Vec<Held> {
    let held = read(octets).map_or_else(|_| Vec::new(), |saved| saved.held);
    held.into_iter().filter(|held| held.hold == Hold::AwaitsResume).collect()
}

fn read(octets: &[u8]) -> Result<SavedHealth, SavedError> {
    if ![HEADER, OLD_HEADER].iter().any(|header| octets.starts_with(header.as_bytes())) {
        return Err(SavedError::Header);
    }
    let mut lines = checked_lines(octets)?.lines().enumerate().skip(1);
    let saved_at = lines
        .next()
        .and_then(|(_, line)| line.strip_prefix("saved ")?.parse().ok())
        .ok_or(SavedError::Line(2))?;
    let mut saved = SavedHealth { saved_at, records: Vec::new(), held: Vec::new() };
    for (index, line) in lines {
        let fault = SavedError::Line(index + 1);
        match line.strip_prefix("hold ") {
            Some(rest) => saved.held.push(read_hold(rest).ok_or(fault)?),
            None => saved.records.push(read_line(line).ok_or(fault)?),
        }
    }
    Ok(saved)
}

fn write_line(text: &mut String, key: &TargetKey, record: &Record) -> std::fmt::Result {
    let Tracker { state, passes, failures } = record.tracker;
    let TargetKey { monitor, address } = key;
    write!(text, "{monitor:016x} {address} {state} {passes} {failures} {} ", record.since)?;
    match &record.last {
        None => writeln!(text, "never"),
        Some(LastVerdict { verdict, at }) => match verdict {
            Verdict::Pass { microseconds } => writeln!(text, "{at} pass {microseconds}"),
            Verdict::Fail(reason) => writeln!(text, "{at} fail {}", escaped(reason)),
            Verdict::Abstain(reason) => writeln!(text, "{at} abstain {}", escaped(reason)),
        },
    }
}

/// Everything before the last line, after checking it against the last line.
fn checked_lines(octets: &[u8]) -> Result<&str, SavedError> {
    let unended = octets.strip_suffix(b"\n").ok_or(SavedError::Truncated)?;
    let last_line = unended.iter().rposition(|&octet| octet == b'\n').ok_or(SavedError::Truncated)? + 1;
    let body = &octets[..last_line];
    let end = std::str::from_utf8(&unended[last_line..]).ok().and_then(|line| line.strip_prefix("end "));
    let (count, sum) = end.and_then(|line| line.split_once(' ')).ok_or(SavedError::Truncated)?;
    let sum = u64::from_str_radix(sum, 16).map_err(|_| SavedError::Truncated)?;
    if sum != checksum(body) {
        return Err(SavedError::Checksum);
    }
    let body = std::str::from_utf8(body).map_err(|_| SavedError::Checksum)?;
    let targets = body.lines().count().saturating_sub(2);
    if count.parse() == Ok(targets) { Ok(body) } else { Err(SavedError::Truncated) }
}

fn check_age(saved_at: u64, now: u64, max_age: u64) -> Result<(), SavedError> {
    let ahead = saved_at.saturating_sub(now);
    let age = now.saturating_sub(saved_at);
    if ahead > max_age {
        Err(SavedError::Future(ahead))
    } else if age > max_age {
        Err(SavedError::TooOld { age, max_age })
    } else {
        Ok(())
    }
}

fn read_line(line: &str) -> Option<(TargetKey, Record)> {
    let mut fields = line.splitn(7, ' ');
    let key = TargetKey {
        monitor: u64::from_str_radix(fields.next()?, 16).ok()?,
        address: fields.next()?.parse().ok()?,
    };
    let tracker = Tracker {
        state: read_state(fields.next()?)?,
        passes: fields.next()?.parse().ok()?,
        failures: fields.next()?.parse().ok()?,
    };
    let since = fields.next()?.parse().ok()?;
    let last = match fields.next()? {
        "never" => None,
        verdict => Some(read_verdict(verdict)?),
    };
    Some((key, Record { tracker, since, last }))
}

fn read_hold(text: &str) -> Option<Held> {
    let mut fields = text.split(' ');
    let [pool, member, version, hold] = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    let content = Content::ALL.into_iter().find(|content| content.label() == version)?;
    let hold = [Hold::AwaitsResume, Hold::Suspect].into_iter().find(|known| known.to_string() == hold)?;
    let held = Held { pool: pool.to_owned(), member: member.to_owned(), content, hold };
    fields.next().is_none().then_some(held)
}

fn read_state(word: &str) -> Option<State> {
    [State::Unknown, State::Up, State::Down].into_iter().find(|state| state.to_string() == word)
}

fn read_verdict(text: &str) -> Option<LastVerdict> {
    let mut fields = text.splitn(3, ' ');
    let at = fields.next()?.parse().ok()?;
    let verdict = match (fields.next()?, fields.next()?) {
        ("pass", microseconds) => Verdict::Pass { microseconds: microseconds.parse().ok()? },
        ("fail", reason) => Verdict::Fail(unescaped(reason)?),
        ("abstain", reason) => Verdict::Abstain(unescaped(reason)?),
        _ => return None,
    };
    Some(LastVerdict { verdict, at })
}

fn checksum(octets: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(octets);
    hasher.finish()
}

// A carriage return is escaped as well: `str::lines` takes it off the end of a line.
fn escaped(reason: &str) -> String {
    reason.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(text: &str) -> Option<String> {
    let mut characters = text.chars();
    let mut reason = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        reason.push(match character {
            '\\' => match characters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(reason)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    const SAVED_AT: u64 = 1_763_617_908;

    fn key(monitor: u64, address: &str) -> TargetKey {
        TargetKey { monitor, address: address.parse().unwrap() }
    }

    fn table() -> Vec<(TargetKey, Record)> {
        let failing = Record {
            tracker: Tracker { state: State::Up, passes: 0, failures: 1 },
            since: 1_763_610_000,
            last: Some(LastVerdict {
                verdict: Verdict::Fail("connection refused".to_owned()),
                at: 1_763_617_905,
            }),
        };
        let fresh = Record::new(1_763_617_900);
        vec![(key(0x0123_4567_89ab_cdef, "192.0.2.10"), failing), (key(1, "2001:db8::1"), fresh)]
    }

    fn held(member: &str, content: Content, hold: Hold) -> Held {
        Held { pool: "web-fra".to_owned(), member: member.to_owned(), content, hold }
    }

    fn holds() -> [Held; 2] {
        [held("fra-1", Content::V4, Hold::AwaitsResume), held("fra-2", Content::V6, Hold::Suspect)]
    }

    fn encoded(records: &[(TargetKey, Record)]) -> String {
        encode(records.iter().map(|(key, record)| (key, record)), &holds(), SAVED_AT)
    }

    /// A whole file around `body`, with a last line that fits it.
    fn with_end(body: &str, count: usize) -> String {
        format!("{body}end {count} {:016x}\n", checksum(body.as_bytes()))
    }

    #[test]
    fn the_file_looks_like_this() {
        let text = encoded(&table());
        let body = "meridian-health 2\nsaved 1763617908\n\
             0123456789abcdef 192.0.2.10 up 0 1 1763610000 1763617905 fail connection refused\n\
             0000000000000001 2001:db8::1 unknown 0 0 1763617900 never\n\
             hold web-fra fra-1 ipv4 awaits-resume\nhold web-fra fra-2 ipv6 suspect\n";
        assert_eq!(text, with_end(body, 4));
    }

    #[test]
    fn a_table_of_the_first_version_is_read_too() {
        let body = "meridian-health 1\nsaved 1763617908\n\
             0000000000000001 2001:db8::1 unknown 0 0 1763617900 never\n";
        let saved = decode(with_end(body, 1).as_bytes(), SAVED_AT, 300).unwrap();
        assert_eq!((saved.records, saved.held), (table()[1..].to_vec(), vec![]));
    }

    #[test]
    fn what_awaits_an_operator_does_not_age() {
        let text = encoded(&table());
        assert!(decode(text.as_bytes(), SAVED_AT + 301, 300).is_err());
        assert_eq!(decode_awaiting(text.as_bytes()), holds()[..1]);
        assert_eq!(decode_awaiting(&text.as_bytes()[1..]), []);
    }

    #[test]
    fn every_shortened_or_altered_file_is_refused() {
        let text = encoded(&table()).into_bytes();
        for length in 0..text.len() {
            assert!(decode(&text[..length], SAVED_AT, 300).is_err(), "{length} octets of {}", text.len());
        }
        for at in 0..text.len() {
            let mut altered = text.clone();
            altered[at] ^= 1;
            assert!(decode(&altered, SAVED_AT, 300).is_err(), "octet {at} altered");
        }
    }

    #[test]
    fn unreadable_files_say_why() {
        let head = "meridian-health 2\nsaved 1763617908\n";
        let cases = [
            (String::new(), SavedError::Header),
            ("meridian-health 3\nsaved 1\n".to_owned(), SavedError::Header),
            ("meridian-health 2\n".to_owned(), SavedError::Truncated),
            (with_end(&format!("{head}hold web-fra fra-1 ipv4\n"), 1), SavedError::Line(3)),
            (with_end(&format!("{head}hold web-fra fra-1 ipv4 free\n"), 1), SavedError::Line(3)),
            (with_end(&format!("{head}hold web-fra fra-1 ipv5 suspect\n"), 1), SavedError::Line(3)),
            (with_end(&format!("{head}hold web-fra fra-1 ipv4 suspect or so\n"), 1), SavedError::Line(3)),
            (head.to_owned(), SavedError::Truncated),
            (format!("{head}end 0 0\n"), SavedError::Checksum),
            (with_end(head, 1), SavedError::Truncated),
            (with_end("meridian-health 2\n", 0), SavedError::Line(2)),
            (with_end("meridian-health 2\nsaved soon\n", 0), SavedError::Line(2)),
            (with_end(&format!("{head}1 192.0.2.1 up 0 0 1\n"), 1), SavedError::Line(3)),
            (with_end(&format!("{head}1 192.0.2.1 sideways 0 0 1 never\n"), 1), SavedError::Line(3)),
            (with_end(&format!("{head}1 192.0.2.1 up 0 0 1 2 fail a\\b\n"), 1), SavedError::Line(3)),
            (with_end(&format!("{head}1 192.0.2.300 up 0 0 1 never\n"), 1), SavedError::Line(3)),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text.as_bytes(), SAVED_AT, 300), Err(expected), "{text}");
        }
    }

    #[test]
    fn age_is_judged_by_the_given_time() {
        let text = encoded(&table());
        let at = |now| decode(text.as_bytes(), now, 300).map(|saved| saved.saved_at);
        assert_eq!(at(SAVED_AT), Ok(SAVED_AT));
        assert_eq!(at(SAVED_AT + 300), Ok(SAVED_AT));
        assert_eq!(at(SAVED_AT + 301), Err(SavedError::TooOld { age: 301, max_age: 300 }));
        assert_eq!(at(SAVED_AT - 300), Ok(SAVED_AT));
        assert_eq!(at(SAVED_AT - 301), Err(SavedError::Future(301)));
    }

    fn any_record() -> impl Strategy<Value = (TargetKey, Record)> {
        let reason = "([ -~]|\\\\|\n|\r|\\PC){0,12}";
        let verdict = prop_oneof![
            any::<u32>().prop_map(|microseconds| Verdict::Pass { microseconds }),
            reason.prop_map(Verdict::Fail),
            reason.prop_map(Verdict::Abstain),
        ];
        let last =
            prop::option::of((verdict, any::<u64>()).prop_map(|(verdict, at)| LastVerdict { verdict, at }));
        let state = prop::sample::select(vec![State::Unknown, State::Up, State::Down]);
        let key =
            (any::<u64>(), any::<IpAddr>()).prop_map(|(monitor, address)| TargetKey { monitor, address });
        (key, state, any::<(u32, u32, u64)>(), last).prop_map(
            |(key, state, (passes, failures, since), last)| {
                (key, Record { tracker: Tracker { state, passes, failures }, since, last })
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_saved_is_read_back(records in prop::collection::vec(any_record(), 0..6)) {
            let saved = decode(encoded(&records).as_bytes(), SAVED_AT, 300);
            let held = holds().to_vec();
            prop_assert_eq!(saved, Ok(SavedHealth { saved_at: SAVED_AT, records, held }));
        }

        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut text = HEADER.as_bytes().to_vec();
            text.extend(octets);
            prop_assert!(decode(&text, SAVED_AT, 300).is_err());
        }
    }
}
