//! When the server decided, by its log (JSON, a line for each transition, written when the keeper takes the verdict and
//! before it compiles anything).

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::world::MONITOR;

/// A transition of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The time of day in the log.
    pub at: SystemTime,
    /// The target's address.
    pub address: IpAddr,
    /// What it became: up or down.
    pub is_up: bool,
}

/// The verdicts on the targets of the bench's monitor, in order.
pub fn verdicts(log: &str) -> Vec<Verdict> {
    log.lines().filter_map(verdict).collect()
}

fn verdict(line: &str) -> Option<Verdict> {
    let message = text_of(line, "message")?;
    let is_up = match message.split_once(" → ")?.1 {
        "up" => true,
        after => after.starts_with("down").then_some(false)?,
    };
    // `monitor NAME, ADDRESS (members)`; a line can name 10,000 of them.
    let target = text_of(line, "target")?.strip_prefix(&format!("monitor {MONITOR}, "))?;
    let address = target.split(' ').next()?.parse().ok()?;
    Some(Verdict { at: time_of(text_of(line, "timestamp")?)?, address, is_up })
}

/// A text of a flat JSON object. Of what is escaped in it only the first part is given; nothing that is asked for here is.
fn text_of<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(&format!("\"{key}\":\""))?;
    rest.split('"').next()
}

/// `2026-11-20T15:24:20.123456Z` (RFC 3339).
fn time_of(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let microseconds: u64 = fraction.parse().ok().filter(|_| fraction.len() == 6)?;
    let seconds = (days(year, month, day)? * 24 + hour) * 3600 + minute * 60 + second;
    Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, microseconds as u32 * 1000))
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let numbers: Option<Vec<u64>> = text.split(separator).map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// Days since 1970 of a day of the Gregorian calendar. Years begin in March here, so that a leap day is their last one.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    const UNTIL_1970: u64 = 719_468;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let of_year = (153 * month + 2) / 5 + day.checked_sub(1)?;
    (365 * year + year / 4 - year / 100 + year / 400 + of_year).checked_sub(UNTIL_1970)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_of_the_monitor_are_read_and_nothing_else() {
        let log = concat!(
            r#"{"timestamp":"2026-11-20T15:24:19.000000Z","level":"INFO","message":"reloaded","generation":1}"#,
            "\n",
            r#"{"timestamp":"2026-11-20T15:24:20.123456Z","level":"WARN","message":"up → down: the answer has the status 503","target":"monitor flip, 127.0.0.1 (ams/flipping, bom/flipping)","generation":2}"#,
            "\n",
            r#"{"timestamp":"1970-01-02T00:00:01.000002Z","level":"INFO","message":"down → up","target":"monitor flip, ::1 (ams/flipping)","generation":3}"#,
            "\n",
            r#"{"timestamp":"1970-01-02T00:00:01.000002Z","level":"INFO","message":"down → up","target":"monitor web, ::1 (ams/flipping)","generation":3}"#,
        );
        let at =
            |seconds, microseconds: u32| SystemTime::UNIX_EPOCH + Duration::new(seconds, microseconds * 1000);
        let expected = [(at(1_795_188_260, 123_456), "127.0.0.1", false), (at(86_401, 2), "::1", true)]
            .map(|(at, address, is_up)| Verdict { at, address: address.parse().unwrap(), is_up });
        assert_eq!(verdicts(log), expected);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (date, expected) in
            [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2000, 3, 1), 11_017), ((2026, 11, 20), 20_777)]
        {
            assert_eq!(days(date.0, date.1, date.2), Some(expected), "{date:?}");
        }
    }
}
