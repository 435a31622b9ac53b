//! What was loaded, in domain form: every name resolved to a dense id, every cross-reference checked.

use std::sync::Arc;

use crate::fault::Source;
use crate::geo::{self, Database, MapRules, Site};
use crate::health::{Monitor, TargetId, TargetKey};
use crate::steer::{Pool, PoolId, Rule};
use crate::wire::{Family, Name};
use crate::zone::Zone;

/// A zone and the file it came from.
pub struct ZoneFile {
    /// The compiled zone; its steered RRsets carry indices into [`Configuration::rules`].
    pub zone: Arc<Zone>,
    /// The master file, for reuse when it did not change.
    pub source: Arc<Source>,
}

/// A map, compiled, with what it was compiled from.
pub struct Map {
    /// Its name.
    pub name: String,
    /// Whether EDNS Client Subnet decides (semantics §7).
    pub ecs: bool,
    /// The tables as written, ids resolved.
    pub rules: MapRules,
    /// The compiled table.
    pub table: Arc<geo::Map>,
}

/// Where geo data came from.
pub struct GeoSource {
    /// The walked database.
    pub database: Arc<Database>,
    /// The path as configured; `None` for the built-in data.
    pub path: Option<String>,
    /// Set when something else than the configured file serves (last good copy, built-in data), and why.
    pub degraded: Option<String>,
}

/// A monitor and the names it has in the files.
pub struct Monitored {
    /// Every name with this content.
    pub names: Vec<String>,
    /// Its content.
    pub monitor: Arc<Monitor>,
}

/// One address under one monitor.
#[derive(Debug, Clone)]
pub struct Target {
    /// Stable over reloads and restarts.
    pub key: TargetKey,
    /// Index into [`Configuration::monitors`].
    pub monitor: usize,
    /// The pools and families whose answers depend on it.
    pub users: Vec<(PoolId, Family)>,
}

/// What a rule steers, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLabel {
    /// Owner name.
    pub owner: Name,
    /// Apex of its zone.
    pub zone: Name,
    /// The family (type A or AAAA).
    pub family: Family,
}

/// One loaded configuration: what snapshots are compiled from.
#[derive(Default)]
pub struct Configuration {
    /// The zones.
    pub zones: Vec<ZoneFile>,
    /// The sites; indexed by `SiteId`.
    pub sites: Vec<Site>,
    /// The maps; indexed by `Rule::map`.
    pub maps: Vec<Map>,
    /// The geo data, in the order of merging.
    pub geo: Vec<GeoSource>,
    /// The monitors, one per content.
    pub monitors: Vec<Monitored>,
    /// The targets; indexed by `TargetId`.
    pub targets: Vec<Target>,
    /// The pools; indexed by `PoolId`.
    pub pools: Vec<Pool>,
    /// The rules, one per (owner, type).
    pub rules: Vec<Rule>,
    /// What each rule steers; same index.
    pub rule_labels: Vec<RuleLabel>,
    /// NSID and `id.server`, at most 255 octets.
    pub identity: Option<String>,
    /// The largest UDP response in octets.
    pub udp_payload_max: u16,
}

impl Configuration {
    /// The monitor of a target.
    pub fn monitor_of(&self, target: TargetId) -> &Arc<Monitor> {
        &self.monitors[self.targets[target.0 as usize].monitor].monitor
    }
}
