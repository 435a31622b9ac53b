//! Where the entries of a map's tables stand in the operator's files, for `explain`.
//!
//! They are kept beside the rules: what is compiled and what a query reads know nothing of them, and a line that moved
//! makes no other map.

use std::sync::Arc;

use super::Level;
use crate::fault::Line;

/// A line by the number of its file in [`RuleLines::files`]: a map may have a million networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLine {
    /// Index of the file.
    pub file: u16,
    /// Counted from 1.
    pub line: u32,
}

/// The lines of one map; each list goes with the table of that name in [`MapRules`](super::MapRules).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleLines {
    /// The files.
    pub files: Vec<Arc<str>>,
    /// Of the networks, also those out of lists.
    pub network: Vec<FileLine>,
    /// Of the autonomous systems.
    pub asn: Vec<FileLine>,
    /// Of the cities.
    pub city: Vec<FileLine>,
    /// Of the subdivisions.
    pub subdivision: Vec<FileLine>,
    /// Of the countries: where it is named by itself, or where its region is.
    pub country: Vec<FileLine>,
    /// The region that each country came from; `None` for one that is named by itself.
    pub regions: Vec<Option<Arc<str>>>,
    /// Of the continents.
    pub continent: Vec<FileLine>,
    /// Of `nearest`.
    pub nearest: Vec<FileLine>,
    /// Of `default`.
    pub default: Vec<FileLine>,
}

impl RuleLines {
    /// Where an entry of a level stands, by its index in the table (0 for `nearest` and `default`).
    pub(super) fn line(&self, level: Level, entry: usize) -> Option<Line> {
        let lines = match level {
            Level::Network => &self.network,
            Level::Asn => &self.asn,
            Level::City => &self.city,
            Level::Subdivision => &self.subdivision,
            Level::Country => &self.country,
            Level::Continent => &self.continent,
            Level::Nearest => &self.nearest,
            Level::Default => &self.default,
        };
        let &FileLine { file, line } = lines.get(entry)?;
        Some(Line { file: Arc::clone(self.files.get(usize::from(file))?), line })
    }

    /// The region that an entry of the country table came from.
    pub(super) fn region(&self, entry: usize) -> Option<&str> {
        self.regions.get(entry)?.as_deref()
    }
}
