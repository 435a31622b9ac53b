//! What is different in the files, as JSON.

use serde::{Deserialize, Serialize};

use crate::explain::moment::rfc3339;
use crate::explain::plan::{
    DatabaseDifference, DatabaseFacts, Difference, Differences, Line, ZoneDifference,
};
use crate::zone::record_type;

/// What is different in the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferencesView {
    /// Databases that hold something else.
    pub databases: Vec<DatabaseView>,
    /// Maps.
    pub maps: Vec<ThingView>,
    /// Pools.
    pub pools: Vec<ThingView>,
    /// Rules; `names` says whose.
    pub rules: Vec<ThingView>,
    /// Names with other records that are not steered, by zone.
    pub zones: Vec<ZoneView>,
}

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingView {
    /// Its names: one, but for rules that differ alike.
    pub names: Vec<String>,
    /// What is different.
    pub lines: Vec<LineView>,
}

/// One key that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// Which; empty where the whole thing is on one side only.
    pub key: String,
    /// What it was; none where there was none.
    pub old: Option<String>,
    /// What it is; none where there is none.
    pub new: Option<String>,
}

/// A database on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseView {
    /// Its path as configured, or `built-in`.
    pub name: String,
    /// The old one.
    pub old: Option<FactsView>,
    /// The new one.
    pub new: Option<FactsView>,
}

/// What is told of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactsView {
    /// When it was built (RFC 3339).
    pub built: String,
    /// Networks with a usable record.
    pub networks: usize,
    /// Distinct countries.
    pub countries: usize,
}

/// A zone with other records that are not steered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneView {
    /// The apex.
    pub zone: String,
    /// The old serial; none where the zone is new.
    pub old_serial: Option<u32>,
    /// The new serial; none where the zone is gone.
    pub new_serial: Option<u32>,
    /// How many names.
    pub names: usize,
}

/// Of what is different.
pub(super) fn differences(differences: &Differences) -> DifferencesView {
    let thing = |difference: &Difference| ThingView {
        names: vec![difference.name.clone()],
        lines: difference.lines.iter().map(line).collect(),
    };
    let rules = differences.rules.iter().map(|rule| ThingView {
        names: rule
            .names
            .iter()
            .map(|name| format!("{} {}", name.owner, record_type::name(name.rtype)))
            .collect(),
        lines: rule.lines.iter().map(line).collect(),
    });
    DifferencesView {
        databases: differences.databases.iter().map(database).collect(),
        maps: differences.maps.iter().map(thing).collect(),
        pools: differences.pools.iter().map(thing).collect(),
        rules: rules.collect(),
        zones: differences.zones.iter().map(zone).collect(),
    }
}

fn line(line: &Line) -> LineView {
    LineView { key: line.key.clone(), old: line.old.clone(), new: line.new.clone() }
}

fn database(difference: &DatabaseDifference) -> DatabaseView {
    let facts = |facts: DatabaseFacts| FactsView {
        built: rfc3339(facts.built_at),
        networks: facts.networks,
        countries: facts.countries,
    };
    DatabaseView {
        name: difference.name.clone(),
        old: difference.old.map(facts),
        new: difference.new.map(facts),
    }
}

fn zone(difference: &ZoneDifference) -> ZoneView {
    ZoneView {
        zone: difference.apex.to_string(),
        old_serial: difference.old_serial,
        new_serial: difference.new_serial,
        names: difference.names,
    }
}
