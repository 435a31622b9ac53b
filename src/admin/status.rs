//! What `GET /status` says: the whole state of a running server as one JSON document.
//!
//! This is the schema. `gather` fills it, `cli::status` reads it back; both sides use these types, so they cannot drift.

use serde::{Deserialize, Serialize};

/// The whole state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// Process id.
    pub process: u32,
    /// When the process started (RFC 3339).
    pub started: String,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// Whether the first round of probes has ended.
    pub ready: bool,
    /// The number of the published generation.
    pub generation: u64,
    /// The last load of the files.
    pub load: LoadStatus,
    /// What is not as it should be, as sentences; empty on a good day.
    pub attention: Vec<String>,
    /// Rate limiting that goes on.
    pub limiting: Option<LimitingStatus>,
    /// Who is answered, how much, and what answers say of themselves.
    pub answering: AnsweringStatus,
    /// The zones, by name.
    pub zones: Vec<ZoneStatus>,
    /// The geo data, in the order of merging.
    pub geo: Vec<GeoStatus>,
    /// The maps.
    pub maps: Vec<MapStatus>,
    /// The pools.
    pub pools: Vec<PoolStatus>,
    /// The number of rules (one for each owner name and type).
    pub rules: usize,
    /// Those rules that do not answer from a healthy pool for every class of clients.
    pub troubled_rules: Vec<RuleStatus>,
}

/// The last load of the files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadStatus {
    /// When (RFC 3339).
    pub at: String,
    /// Seconds since then.
    pub age_seconds: u64,
    /// Whether it was taken; if not, what was served before goes on.
    pub taken: bool,
    /// Errors and warnings, each `file:line:column: severity: message`.
    pub faults: Vec<String>,
}

/// Rate limiting that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitingStatus {
    /// Since when (RFC 3339).
    pub since: String,
    /// Whether nothing is held back.
    pub log_only: bool,
    /// One of the networks whose answers are too many.
    pub network: Option<String>,
    /// Which of its answers are, in words.
    pub class: Option<String>,
}

/// Who is answered, how much, and what answers say of themselves; also in the summary of `meridian check`. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweringStatus {
    /// Response rate limiting; none: off.
    pub rate_limit: Option<RateLimitStatus>,
    /// The zones with an access list, by name.
    pub access_lists: Vec<String>,
    /// Cookies; none: off.
    pub cookies: Option<CookiesStatus>,
    /// `off`, `errors` or `all`.
    pub extended_errors: String,
    /// The agent domain.
    pub report_channel: Option<String>,
}

/// Response rate limiting as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimitStatus {
    /// Responses a second of one class to one network.
    pub responses_per_second: u32,
    /// The time whose responses may go out at once, in milliseconds.
    pub window_ms: u64,
    /// The prefix that makes IPv4 clients one network.
    pub ipv4_prefix: u8,
    /// The same for IPv6.
    pub ipv6_prefix: u8,
    /// Of so many responses that are too many one goes out.
    pub slip: u8,
    /// Whether nothing is held back.
    pub log_only: bool,
}

/// Cookies as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CookiesStatus {
    /// `never`, `under_load` or `always`.
    pub require: String,
    /// The file of secrets; none: the process has its own.
    pub secrets: Option<SecretsStatus>,
}

/// The moments of a file of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretsStatus {
    /// How many.
    pub count: usize,
    /// The moment of the one in use (RFC 3339).
    pub in_use_from: String,
    /// The moment of the last one (RFC 3339).
    pub last_from: String,
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneStatus {
    /// Its apex.
    pub name: String,
    /// The serial of its SOA.
    pub serial: u32,
    /// Its records.
    pub records: usize,
}

/// One source of geo data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeoStatus {
    /// What the data calls itself.
    pub name: String,
    /// The file, unless it is built in.
    pub path: Option<String>,
    /// When the data was built (RFC 3339).
    pub built: String,
    /// Seconds since then.
    pub age_seconds: u64,
    /// Networks with a usable record.
    pub networks: usize,
    /// Distinct countries.
    pub countries: usize,
    /// Why something else than the configured file serves.
    pub degraded: Option<String>,
    /// The file is missing by now, or what it holds is not good enough: what was read before goes on serving.
    #[serde(default)]
    pub refused: Option<RefusedStatus>,
    /// What the file holds by now is not taken before an operator accepts it, and why.
    #[serde(default)]
    pub held_back: Option<HeldBackStatus>,
}

/// A geo database whose file is missing or not good enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedStatus {
    /// Since when (RFC 3339).
    pub since: String,
    /// Seconds since then.
    pub age_seconds: u64,
    /// What is wrong with it: `the file is missing`.
    pub why: String,
}

/// A geo database that is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBackStatus {
    /// Since when (RFC 3339).
    pub since: String,
    /// The largest share of the clients of a name that would get something else, where that is too many.
    pub change: Option<String>,
    /// The largest that is accepted.
    pub max_change: Option<String>,
    /// The assertion that would not hold any more, and why, where that is so.
    #[serde(default)]
    pub assertion: Option<String>,
}

impl HeldBackStatus {
    /// What speaks against it: `it moves 7.25 % of the clients of a name, more than 1 %`.
    pub fn objection(&self) -> String {
        match (&self.assertion, &self.change, &self.max_change) {
            (Some(assertion), ..) => format!("the assertion {assertion}"),
            (None, Some(change), Some(max_change)) => {
                format!("it moves {change} of the clients of a name, more than {max_change}")
            }
            (None, ..) => "the server does not say why".to_owned(),
        }
    }
}

/// A map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapStatus {
    /// Its name.
    pub name: String,
    /// Whether EDNS Client Subnet decides.
    pub ecs: bool,
    /// The number of its distinct outcomes.
    pub classes: usize,
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolStatus {
    /// Its name.
    pub name: String,
    /// Its site.
    pub site: Option<String>,
    /// `healthy`, `degraded`, `dead`, or `absent` (no address of the family) for IPv4.
    pub ipv4: String,
    /// The same for IPv6.
    pub ipv6: String,
    /// What it gives if not addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<PoolDataStatus>,
    /// Addresses of members that are suspect: more have failed than its panic limit allows.
    pub suspects: usize,
    /// Its members.
    pub members: Vec<MemberStatus>,
    /// The pools in it.
    pub inner: Vec<InnerPoolStatus>,
}

/// A pool in a pool of pools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InnerPoolStatus {
    /// Its name.
    pub pool: String,
    /// Its weight there.
    pub weight: u16,
}

/// A pool of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolDataStatus {
    /// The type of its records.
    pub rtype: String,
    /// `healthy`, `degraded` or `dead`.
    pub state: String,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberStatus {
    /// Its name.
    pub name: String,
    /// Its weight: as written, or as its schedule has it now.
    pub weight: u16,
    /// `auto`, `drained`, `forced up` or `forced down`: the strongest of member, pool and site.
    pub admin: String,
    /// Until when, who and why, or which line of a schedule, where there is more to say about that.
    pub admin_why: Option<String>,
    /// Its addresses, one of each family at most.
    pub addresses: Vec<AddressStatus>,
    /// Its data, in a pool of data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataStatus>,
    /// What is probed for it without a vote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<TargetStatus>,
}

impl MemberStatus {
    /// Everything that is probed for it.
    pub fn targets(&self) -> impl Iterator<Item = &TargetStatus> {
        let of_addresses = self.addresses.iter().flat_map(|address| &address.targets);
        of_addresses.chain(self.data.iter().flat_map(|data| &data.targets)).chain(&self.watched)
    }
}

/// The data of a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataStatus {
    /// Each record, as a master file has it behind the type, names in full.
    pub records: Vec<String>,
    /// Whether it is given out while its pool has enough.
    pub eligible: bool,
    /// Why, or why not.
    pub reason: String,
    /// Whether it is down and suspect.
    pub suspect: bool,
    /// Whether it stays out until an operator resumes it.
    pub awaits_resume: bool,
    /// The step that its slow start has reached.
    pub slow_start_step: Option<u32>,
    /// What is probed for it, where it has no address; empty without a monitor.
    pub targets: Vec<TargetStatus>,
}

/// One address of a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressStatus {
    /// The address.
    pub address: std::net::IpAddr,
    /// Whether it is given out while its pool has enough.
    pub eligible: bool,
    /// Why, or why not.
    pub reason: String,
    /// Whether it is down, and given out where there is nothing better: more have failed than a panic limit allows.
    pub suspect: bool,
    /// Whether it awaits `meridian resume`: it went down, and stays out although it may be up.
    pub awaits_resume: bool,
    /// The step that its slow start has reached, out of 16.
    pub slow_start_step: Option<u32>,
    /// What is probed for it; empty without a monitor.
    pub targets: Vec<TargetStatus>,
}

/// One address under one monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetStatus {
    /// The monitor's names.
    pub monitor: String,
    /// The address that is probed.
    pub address: std::net::IpAddr,
    /// `unknown`, `up` or `down`.
    pub state: String,
    /// Since when (RFC 3339).
    pub since: String,
    /// Seconds in this state.
    pub state_seconds: u64,
    /// The last verdict; none before the first probe of a target without saved state.
    pub verdict: Option<VerdictStatus>,
}

/// The last verdict on a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictStatus {
    /// `pass`, `fail` or `abstain`.
    pub result: String,
    /// The time it took, or what was wrong.
    pub detail: String,
    /// Seconds since it came.
    pub age_seconds: u64,
}

/// A rule in trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleStatus {
    /// Owner name.
    pub owner: String,
    /// The type.
    pub rtype: String,
    /// What its clients get, one entry for each distinct outcome that is not a healthy pool.
    pub outcomes: Vec<OutcomeStatus>,
}

/// What some classes of clients get from a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeStatus {
    /// The named state: `degraded`, `all_down`, …
    pub reason: String,
    /// The pool that answers, if one does.
    pub pool: Option<String>,
    /// How many classes of the rule's map get this.
    pub classes: usize,
    /// How many classes the map has.
    pub of_classes: usize,
}
