//! The levels of a map, and what came of each for a client.

use std::fmt;

use super::rules::SiteId;
use crate::fault::Line;

/// A level, in the order of precedence (semantics §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `[map.NAME.network]` and the lists of `network_files`.
    Network,
    /// `[map.NAME.asn]`.
    Asn,
    /// `[map.NAME.city]`.
    City,
    /// `[map.NAME.subdivision]`.
    Subdivision,
    /// `[map.NAME.country]`, also by region.
    Country,
    /// `[map.NAME.continent]`.
    Continent,
    /// `nearest`.
    Nearest,
    /// `default`.
    Default,
}

impl Level {
    /// All of them, in order.
    pub const ALL: [Level; 8] = [
        Level::Network,
        Level::Asn,
        Level::City,
        Level::Subdivision,
        Level::Country,
        Level::Continent,
        Level::Nearest,
        Level::Default,
    ];

    /// The key of the level in the file of maps.
    pub fn label(self) -> &'static str {
        match self {
            Level::Network => "network",
            Level::Asn => "asn",
            Level::City => "city",
            Level::Subdivision => "subdivision",
            Level::Country => "country",
            Level::Continent => "continent",
            Level::Nearest => "nearest",
            Level::Default => "default",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.label())
    }
}

/// One level of a map, and what came of it for a client.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelStep {
    /// The level.
    pub level: Level,
    /// What it looks at: "AS64500", "Los Angeles (5368361)", "US-CA", "DE", "coordinates 48.1374 11.5755 of the
    /// record"; for networks the client's address as databases know it. `None` where nothing is known, and for
    /// `default`.
    pub looked_at: Option<String>,
    /// The database that says it.
    pub said_by: Option<String>,
    /// What came of it.
    pub outcome: LevelOutcome,
    /// The entry that matches, as the table has it: "203.0.113.0/24", "64500", "US/Los Angeles", "dach".
    pub entry: Option<String>,
    /// Where that entry stands.
    pub line: Option<Line>,
    /// What it gives; empty where nothing matches.
    pub sites: Vec<SiteId>,
}

/// Whether a level matched, and why it does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelOutcome {
    /// It decides.
    Decides,
    /// It would, but a level above it decides.
    Beaten(Level),
    /// The map says nothing on this level.
    NoTable,
    /// No database knows this of the client.
    NoRecord,
    /// It is known, and the table has no entry for it.
    NotInTable,
}

/// "decides", "beaten by network", …
impl fmt::Display for LevelOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LevelOutcome::Decides => formatter.write_str("decides"),
            LevelOutcome::Beaten(level) => write!(formatter, "beaten by {level}"),
            LevelOutcome::NoTable => formatter.write_str("the map has none"),
            LevelOutcome::NoRecord => formatter.write_str("no record"),
            LevelOutcome::NotInTable => formatter.write_str("not in the table"),
        }
    }
}
