//! Every metric there is. `docs/operations.md` says what to do about each; a test holds the two together.

/// What all names start with.
pub const PREFIX: &str = "meridian";

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name without [`PREFIX`] and without the `_total` of counters.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

impl Metric {
    /// The name as a scraper sees it.
    pub fn full_name(&self) -> String {
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Gauge => "",
        };
        format!("{PREFIX}_{}{suffix}", self.name)
    }
}

/// The kinds of metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until a restart.
    Counter,
    /// Goes up and down.
    Gauge,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, help, kind: Kind::Counter, labels }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, help, kind: Kind::Gauge, labels }
}

/// 1, with the version and the notice that the built-in geo data asks for (empty without it).
pub const BUILD_INFO: Metric =
    gauge("build_info", &["version", "data_notice"], "1, with the version and the notice of the geo data");
/// When the process started.
pub const START_TIME: Metric =
    gauge("start_time_seconds", &[], "When the process started, in seconds since 1970");
/// Whether the first round of probes has ended.
pub const READY: Metric = gauge("ready", &[], "1 once the first round of probes has ended");
/// The published generation.
pub const GENERATION: Metric = gauge("generation", &[], "Number of the published generation");
/// Loads by result.
pub const LOADS: Metric = counter("loads", &["result"], "Loads of the files, by result: taken or refused");
/// When the last load ended.
pub const LAST_LOAD_TIME: Metric =
    gauge("last_load_time_seconds", &[], "When the last load of the files ended, in seconds since 1970");
/// Whether the last load was taken.
pub const LAST_LOAD_TAKEN: Metric =
    gauge("last_load_taken", &[], "1 if the last load of the files was taken, 0 if it was refused");

/// Queries.
pub const QUERIES: Metric = counter("queries", &["transport"], "Queries, by transport");
/// Questions by type.
pub const QUESTIONS: Metric = counter("questions", &["type"], "Well-formed questions, by type");
/// What queries came with.
pub const QUERY_FEATURES: Metric = counter(
    "query_features",
    &["feature"],
    "Questions that came with EDNS, client subnet, DNSSEC OK, trailing octets",
);
/// Cookies by what they are worth.
pub const COOKIES: Metric =
    counter("cookies", &["standing"], "Cookies in questions: client_only, valid, invalid");
/// Responses by rcode.
pub const RESPONSES: Metric = counter("responses", &["rcode"], "Responses, by RCODE");
/// Truncated responses.
pub const TRUNCATED: Metric = counter("truncated", &["transport"], "Responses with the TC bit");
/// Messages dropped in silence.
pub const DROPS: Metric = counter("drops", &["reason"], "Messages that got no answer, by reason");
/// Frames past the kernel's stack.
pub const BYPASS: Metric = counter(
    "bypass",
    &["event"],
    "Frames past the kernel's stack ([server.bypass]), by event: received, answered, lost",
);
/// Answers that were too many for their network.
pub const RATE_LIMIT: Metric =
    counter("rate_limit", &["event"], "Answers that were too many for a network, by what became of them");
/// Questions that were refused on purpose.
pub const REFUSALS: Metric =
    counter("refusals", &["reason"], "Questions that were kept from their data, by reason: access_list");
/// Panics that were caught.
pub const PANICS: Metric =
    counter("panics", &["place"], "Panics that were caught; each was a SERVFAIL and is a bug");
/// Control requests.
pub const CONTROL: Metric = counter(
    "control_requests",
    &["kind"],
    "CHAOS, NOTIFY, UPDATE, transfer and TSIG-signed requests given to the control handler",
);
/// TCP connections by what became of them.
pub const TCP_CONNECTIONS: Metric = counter("tcp_connections", &["event"], "TCP connections, by event");
/// Steered answers by named state.
pub const STEERED: Metric =
    counter("steered", &["reason"], "Steered answers, by the named state that they came from");

/// Zones.
pub const ZONES: Metric = gauge("zones", &[], "Zones that are served");
/// Serials of the first zones.
pub const ZONE_SERIAL: Metric =
    gauge("zone_serial", &["zone"], "SOA serial, for the first 1000 zones by name");
/// Build time of geo data.
pub const GEO_BUILD_TIME: Metric = gauge(
    "geo_database_build_time_seconds",
    &["database"],
    "When the geo data was built, in seconds since 1970",
);
/// Networks in geo data.
pub const GEO_NETWORKS: Metric =
    gauge("geo_database_networks", &["database"], "Networks of the geo data with a usable record");
/// Geo data that stands in for the configured file.
pub const GEO_DEGRADED: Metric = gauge(
    "geo_database_degraded",
    &["database"],
    "1 if something else than the configured geo database serves",
);
/// Geo data whose file holds what serves.
pub const GEO_FILE_TAKEN: Metric = gauge(
    "geo_database_file_taken",
    &["database"],
    "1 if the geo database's file holds what serves, 0 if it is missing, bad, shrunk or held back",
);
/// Geo data that an operator may accept.
pub const GEO_HELD_BACK: Metric = gauge(
    "geo_database_held_back",
    &["database"],
    "1 if the geo database's file was replaced by one that moves more clients than max_change or makes an assertion false",
);

/// Probes by verdict.
pub const PROBES: Metric = counter("probes", &["verdict"], "Probes, by verdict");
/// Probes that came late.
pub const PROBES_LATE: Metric =
    counter("probes_late", &[], "Probes that waited because as many as allowed were under way");
/// Probes left out.
pub const PROBES_SKIPPED: Metric =
    counter("probes_skipped", &[], "Probes left out because the one before still ran or waited");
/// Transitions by new state.
pub const TRANSITIONS: Metric =
    counter("health_transitions", &["to"], "Changes of the health of a target, by the new state");
/// Targets by state.
pub const TARGETS: Metric = gauge("targets", &["state"], "Targets, by health");
/// Health of members.
pub const MEMBER_UP: Metric = gauge(
    "member_up",
    &["pool", "member", "family", "monitor"],
    "1 if the monitor finds the member up, for the first 10000 members",
);
/// Whether members are given out.
pub const MEMBER_ELIGIBLE: Metric = gauge(
    "member_eligible",
    &["pool", "member", "family"],
    "1 if the member may be given out, for the first 10000 members",
);
/// State of pools.
pub const POOL_STATE: Metric = gauge(
    "pool_state",
    &["pool", "family", "state"],
    "1 for the state the pool is in, for the first 10000 pools",
);
/// Members beyond a panic limit.
pub const SUSPECTS: Metric = gauge(
    "suspect_members",
    &["pool", "family"],
    "Members that are suspect: more have failed than the panic limit of their pool allows",
);
/// Members that an operator is to resume.
pub const AWAITING_RESUME: Metric = gauge(
    "members_awaiting_resume",
    &["pool", "family"],
    "Members that went down and stay out until an operator resumes them",
);
/// Rules in trouble.
pub const TROUBLED_RULES: Metric =
    gauge("troubled_rules", &[], "Rules that do not answer from a healthy pool for every class of clients");

/// All of them, in the order in which they are shown.
pub const METRICS: [&Metric; 39] = [
    &BUILD_INFO,
    &START_TIME,
    &READY,
    &GENERATION,
    &LOADS,
    &LAST_LOAD_TIME,
    &LAST_LOAD_TAKEN,
    &QUERIES,
    &QUESTIONS,
    &QUERY_FEATURES,
    &COOKIES,
    &RESPONSES,
    &TRUNCATED,
    &DROPS,
    &BYPASS,
    &RATE_LIMIT,
    &REFUSALS,
    &PANICS,
    &CONTROL,
    &TCP_CONNECTIONS,
    &STEERED,
    &ZONES,
    &ZONE_SERIAL,
    &GEO_BUILD_TIME,
    &GEO_NETWORKS,
    &GEO_DEGRADED,
    &GEO_FILE_TAKEN,
    &GEO_HELD_BACK,
    &PROBES,
    &PROBES_LATE,
    &PROBES_SKIPPED,
    &TRANSITIONS,
    &TARGETS,
    &MEMBER_UP,
    &MEMBER_ELIGIBLE,
    &POOL_STATE,
    &SUSPECTS,
    &AWAITING_RESUME,
    &TROUBLED_RULES,
];
