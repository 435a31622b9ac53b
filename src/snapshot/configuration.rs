//! What was loaded, in domain form: every name resolved to a dense id, every cross-reference checked.

use std::sync::Arc;

use crate::fault::{Fault, Line, Source};
use crate::geo::{self, Database, Site};
use crate::health::{Monitor, TargetId, TargetKey};
use crate::steer::{Content, Pool, PoolId, PoolKind, Rule};
use crate::wire::Name;
use crate::wire::cookie::ScheduledSecret;
use crate::zone::{Hints, Zone};

use super::{Digest, GeoGate, RateLimit};

/// A zone and the file it came from.
#[derive(Clone)]
pub struct ZoneFile {
    /// The compiled zone; its steered RRsets carry indices into [`Configuration::rules`].
    pub zone: Arc<Zone>,
    /// The master file, without what it holds: a text of millions of records is not worth keeping.
    pub source: Arc<Source>,
    /// What the master file held, for reuse of the zone when that did not change.
    pub digest: Digest,
    /// The paths of the files that it takes in by `$INCLUDE`, as written there, and what these held.
    pub includes: Vec<(String, Digest)>,
    /// The apexes of the topmost served zones inside of it: the warnings of the zone depend on them.
    pub children: Vec<Name>,
    /// What the rules asked to steer; equal requests on equal files give equal marks.
    pub requests: Vec<SteerRequest>,
    /// The RRsets that are steered, in the order of their rules.
    pub marks: Vec<SteerMark>,
    /// What was found odd in the files.
    pub warnings: Vec<Fault>,
}

/// One owner name that a `[[steer]]` table names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SteerRequest {
    /// The number of the table in its file.
    pub table: usize,
    /// The owner name.
    pub owner: Name,
    /// The types as written; `None`: those that have a default RRset and that the pools can answer.
    pub types: Option<Vec<u16>>,
    /// What the pools of the table are.
    pub kind: PoolKind,
}

/// One steered RRset of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SteerMark {
    /// Index into [`ZoneFile::requests`].
    pub request: usize,
    /// The type.
    pub rtype: u16,
    /// The SVCB or HTTPS RRset that is given with addresses as hints, where it is that.
    pub hints: Option<Arc<Hints>>,
    /// Index into [`Configuration::rules`].
    pub rule: u32,
    /// The TTL of the default RRset in seconds.
    pub ttl: u32,
}

/// A map and how it is used.
#[derive(Clone)]
pub struct Map {
    /// Whether EDNS Client Subnet decides (semantics §7).
    pub ecs: bool,
    /// The compiled map, with its name and what it was compiled from.
    pub table: Arc<geo::Map>,
    /// Where the entries of its tables stand, for `explain`.
    pub lines: geo::RuleLines,
}

/// Where geo data came from.
#[derive(Clone)]
pub struct GeoSource {
    /// The walked database.
    pub database: Arc<Database>,
    /// The path as configured; `None` for the built-in data.
    pub path: Option<String>,
    /// Whether it is the built-in data, by itself or in place of the configured file.
    pub builtin: bool,
    /// Set when something else than the configured file serves (last good copy, built-in data), and why.
    pub degraded: Option<String>,
}

/// A monitor and the names it has in the files.
#[derive(Clone)]
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
    /// The pools whose answers depend on it, and which of these.
    pub users: Vec<(PoolId, Content)>,
}

/// What a rule steers, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLabel {
    /// Owner name.
    pub owner: Name,
    /// Apex of its zone.
    pub zone: Name,
    /// The type.
    pub rtype: u16,
    /// Where its owner name is written.
    pub line: Line,
}

/// Where a pool is written, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolLabel {
    /// The pool's own line.
    pub line: Line,
    /// The line of each member; same index.
    pub members: Box<[Line]>,
}

/// How client cookies are answered (RFC 7873).
#[derive(Debug, Clone, Default)]
pub struct Cookies {
    /// Who must show a valid one before it is answered over UDP.
    pub require: RequireCookies,
    /// Secrets that a set of servers shares, in the order of their use. None: each process has its own.
    pub secrets: Vec<ScheduledSecret>,
}

/// Which queries over UDP are answered with BADCOOKIE instead of data, if they carry a cookie that is not valid (RFC 7873
/// §5.2.3). Without any cookie a query is always answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RequireCookies {
    /// None.
    #[default]
    Never,
    /// Those that exceed a rate limit.
    UnderLoad,
    /// All.
    Always,
}

/// Which answers say more about themselves (RFC 8914).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExtendedErrors {
    /// None.
    Off,
    /// Errors.
    #[default]
    Errors,
    /// Those that steering could not give as it should, too.
    All,
}

/// One loaded configuration: what snapshots are compiled from.
#[derive(Clone, Default)]
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
    /// Where each pool is written; same index.
    pub pool_labels: Vec<PoolLabel>,
    /// The rules, one per (owner, type).
    pub rules: Vec<Rule>,
    /// What each rule steers; same index.
    pub rule_labels: Vec<RuleLabel>,
    /// NSID and `id.server`, at most 255 octets.
    pub identity: Option<String>,
    /// What answers say about themselves.
    pub extended_errors: ExtendedErrors,
    /// Where resolvers report errors in our zones: the agent domain (RFC 9567), in lower case.
    pub report_channel: Option<Name>,
    /// Cookies; `None`: the option is ignored.
    pub cookies: Option<Cookies>,
    /// The largest UDP response in octets.
    pub udp_payload_max: u16,
    /// The largest UDP response in octets to a client whose address no cookie proves.
    pub udp_payload_max_without_cookie: Option<u16>,
    /// Response rate limiting, where it is wanted.
    pub rate_limit: Option<RateLimit>,
    /// What becomes of geo databases whose files are replaced.
    pub geo_gate: GeoGate,
}

impl Configuration {
    /// How long a steered answer may live, in seconds.
    pub fn longest_ttl(&self) -> u64 {
        self.rules.iter().map(|rule| rule.max_ttl).max().unwrap_or(0).into()
    }

    /// The monitor of a target.
    pub fn monitor_of(&self, target: TargetId) -> &Arc<Monitor> {
        &self.monitors[self.targets[target.0 as usize].monitor].monitor
    }
}
