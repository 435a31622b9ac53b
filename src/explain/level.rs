//! What came of each level of a map.

use crate::fault::Line;
use crate::geo::{self, Branch, LevelOutcome, LevelStep};

/// One level of a map for one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Which one.
    pub level: geo::Level,
    /// What it looks at; `None` where nothing is known, and for `default`.
    pub looked_at: Option<String>,
    /// The database that says it.
    pub said_by: Option<String>,
    /// What came of it.
    pub outcome: LevelOutcome,
    /// The entry that matches, as the table has it.
    pub entry: Option<String>,
    /// Where that stands.
    pub line: Option<Line>,
    /// The sites that it gives, by name.
    pub sites: Vec<String>,
}

/// A level with the names of its sites.
pub(super) fn level(step: &LevelStep, name: impl Fn(geo::SiteId) -> String) -> Level {
    Level {
        level: step.level,
        looked_at: step.looked_at.clone(),
        said_by: step.said_by.clone(),
        outcome: step.outcome,
        entry: step.entry.clone(),
        line: step.line.clone(),
        sites: step.sites.iter().map(|&site| name(site)).collect(),
    }
}

impl Level {
    /// The branch of the map that decides here, if one does.
    pub fn deciding(&self) -> Option<Branch> {
        let branch = || Branch { level: self.level, entry: self.entry.clone(), line: self.line.clone() };
        (self.outcome == LevelOutcome::Decides).then(branch)
    }
}
