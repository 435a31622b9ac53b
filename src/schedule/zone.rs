//! Time zones by name (the door to `jiff` and the IANA database that it carries along).

use std::fmt;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// A time zone of the IANA database.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A stretch of time with one offset from UTC, in seconds: east is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Its first second since 1970.
    pub(super) start: i64,
    /// The first second after it.
    pub(super) end: i64,
    /// Local time less UTC.
    pub(super) offset: i64,
}

impl Zone {
    /// The zone with this name, in capitals and small letters as the database writes it.
    pub fn named(name: &str) -> Option<Zone> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        (zone.iana_name() == Some(name)).then_some(Zone(zone))
    }

    /// The names of all zones.
    pub fn names() -> Vec<String> {
        TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or_default()
    }

    /// What the clock on the wall shows at a moment (seconds since 1970), as seconds since 1970-01-01 00:00 of that clock.
    pub(super) fn wall(&self, moment: i64) -> i64 {
        moment.saturating_add(self.offset(moment))
    }

    /// The stretches of one offset that cover `start..end` (seconds since 1970).
    pub(super) fn stretches(&self, start: i64, end: i64) -> Vec<Stretch> {
        let jumps = self.0.following(timestamp(start)).map(|jump| jump.timestamp().as_second());
        let mut bounds = vec![start];
        bounds.extend(jumps.take_while(|&jump| jump < end));
        bounds.push(end);
        let stretch = |pair: &[i64]| Stretch { start: pair[0], end: pair[1], offset: self.offset(pair[0]) };
        bounds.windows(2).map(stretch).collect()
    }

    fn offset(&self, moment: i64) -> i64 {
        self.0.to_offset(timestamp(moment)).seconds().into()
    }
}

/// A moment as RFC 3339 writes it, such as `2026-11-21T06:00:00Z` or `2026-11-21T07:00:00+01:00`, in seconds since 1970;
/// `None` for anything else, for a fraction of a second and for what lies before 1970.
pub fn parse_moment(text: &str) -> Option<u64> {
    let has_offset = text.ends_with('Z') || text.get(text.len().checked_sub(6)?..)?.starts_with(['+', '-']);
    let moment: Timestamp = text.parse().ok().filter(|_| has_offset && !text.contains(['[', ' ']))?;
    (moment.subsec_nanosecond() == 0).then(|| u64::try_from(moment.as_second()).ok()).flatten()
}

/// The nearest moment that the calendar of `jiff` holds: it ends with the year 9999.
fn timestamp(moment: i64) -> Timestamp {
    let moment = moment.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(moment).unwrap_or(Timestamp::MAX)
}

/// Its name.
impl fmt::Debug for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_the_names_of_the_database() {
        for name in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"] {
            assert_eq!(Zone::named(name).as_ref().map(Zone::name), Some(name));
        }
        for wrong in ["", "europe/berlin", "Berlin", "CEST", "+01:00", "Europe/Berlin "] {
            assert_eq!(Zone::named(wrong), None, "{wrong:?}");
        }
        assert!(Zone::names().iter().any(|name| name == "Europe/Berlin"));
    }

    #[test]
    fn the_clock_on_the_wall_follows_the_zone() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let jump = parse_moment("2026-03-29T01:00:00Z").unwrap() as i64;
        assert_eq!(berlin.wall(jump - 1) - (jump - 1), 3600);
        assert_eq!(berlin.wall(jump) - jump, 7200);
        assert_eq!(
            berlin.stretches(jump - 10, jump + 10),
            [
                Stretch { start: jump - 10, end: jump, offset: 3600 },
                Stretch { start: jump, end: jump + 10, offset: 7200 },
            ]
        );
        assert_eq!(berlin.stretches(jump, jump + 10).len(), 1);
    }

    #[test]
    fn moments_are_those_of_rfc_3339() {
        assert_eq!(parse_moment("2026-11-20T05:31:46Z"), Some(1_795_152_706));
        assert_eq!(parse_moment("2026-11-20T06:31:46+01:00"), Some(1_795_152_706));
        for wrong in [
            "",
            "soon",
            "2026-11-20",
            "2026-11-20T05:31:46",
            "2026-11-20T05:31:46.5Z",
            "2026-13-20T05:31:46Z",
            "1969-12-31T23:59:59Z",
            "2026-11-20T06:31:46+01:00[Europe/Berlin]",
            "ü",
        ] {
            assert_eq!(parse_moment(wrong), None, "{wrong}");
        }
    }
}
