//! Expectations: what an operator wants to hold of every answer that a client can get.

use std::fmt;
use std::net::IpAddr;

use super::possible::{Possible, Record, possible};
use super::{Asked, Explanation, Outage};
use crate::health::TargetId;
use crate::wire::Rcode;
use crate::zone::record_type;

/// Possible answers that a sentence lists.
const ANSWERS_LISTED: usize = 6;

/// What is expected of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The question.
    pub asked: Asked,
    /// What is down meanwhile.
    pub outages: Vec<Outage>,
    /// The same as targets.
    pub down: Vec<TargetId>,
    /// When, in seconds since 1970; `None` at any time.
    pub at: Option<u64>,
    /// What must hold of each answer that can be drawn.
    pub demands: Vec<Demand>,
}

/// Something that must hold of each answer that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// It has records, and each of them is one of these. An empty list: it has none.
    OneOf(Vec<Wanted>),
    /// It comes from a pool at one of these sites.
    Sites(Vec<String>),
    /// It comes from one of these pools.
    Pools(Vec<String>),
    /// Its response code.
    Rcode(Rcode),
    /// Its TTL is at most so many seconds.
    TtlAtMost(u32),
    /// Its TTL is at least so many seconds.
    TtlAtLeast(u32),
    /// Its scope is at most so long.
    ScopeAtMost(u8),
    /// Its scope is at least so long.
    ScopeAtLeast(u8),
}

/// A record as an operator names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// By its address.
    Address(IpAddr),
    /// By the member that it comes from.
    Member {
        /// The name of its pool.
        pool: String,
        /// Its name.
        member: String,
    },
    /// By its data, as a master file has it with names in full.
    Data(String),
}

impl Demand {
    /// `None` where it holds; else what comes instead.
    pub fn unmet(&self, explanation: &Explanation) -> Option<String> {
        let possible = possible(explanation);
        let ttl = explanation.ttl.map(|ttl| ttl.seconds);
        let scope = explanation.scope.length;
        let holds = match self {
            Demand::OneOf(wanted) => possible.answers.iter().all(|answer| answer.is_one_of(wanted)),
            Demand::Sites(sites) => possible.site.as_ref().is_some_and(|site| sites.contains(site)),
            Demand::Pools(pools) => possible.pool.as_ref().is_some_and(|pool| pools.contains(pool)),
            Demand::Rcode(rcode) => explanation.rcode == *rcode,
            Demand::TtlAtMost(most) => ttl.is_some_and(|ttl| ttl <= *most),
            Demand::TtlAtLeast(least) => ttl.is_some_and(|ttl| ttl >= *least),
            Demand::ScopeAtMost(most) => scope <= *most,
            Demand::ScopeAtLeast(least) => scope >= *least,
        };
        (!holds).then(|| self.instead(explanation, &possible))
    }

    fn instead(&self, explanation: &Explanation, possible: &Possible) -> String {
        match self {
            Demand::OneOf(_) => answers(possible, explanation.rcode),
            Demand::Sites(_) => match (&possible.pool, &possible.site) {
                (Some(pool), Some(site)) => format!("the pool {pool} at {site} answers"),
                (Some(pool), None) => format!("the pool {pool} answers, which has no site"),
                (None, _) => no_pool(explanation),
            },
            Demand::Pools(_) => match &possible.pool {
                Some(pool) => format!("the pool {pool} answers"),
                None => no_pool(explanation),
            },
            Demand::Rcode(_) => format!("it is {}", explanation.rcode.name()),
            Demand::TtlAtMost(_) | Demand::TtlAtLeast(_) => match explanation.ttl {
                Some(ttl) => format!("it is {}: {}", ttl.seconds, ttl.reason.sentence()),
                None => format!("nothing is answered ({})", explanation.rcode.name()),
            },
            Demand::ScopeAtMost(_) | Demand::ScopeAtLeast(_) => {
                let scope = explanation.scope;
                format!("it is /{}: {}", scope.length, scope.sentence())
            }
        }
    }
}

fn no_pool(explanation: &Explanation) -> String {
    match &explanation.steering {
        Some(steering) => format!("no pool answers ({})", steering.reason.label()),
        None => "no rule steers it".to_owned(),
    }
}

/// `3/4 (75.00 %) 192.0.2.10 of web-fra/fra-1, …`.
fn answers(possible: &Possible, rcode: Rcode) -> String {
    let listed = possible.answers.iter().take(ANSWERS_LISTED).map(|answer| {
        let (records, chance) = (&answer.records, answer.probability);
        let records: Vec<String> = records.iter().map(Record::to_string).collect();
        let records = if records.is_empty() { "no record".to_owned() } else { records.join(" and ") };
        match chance.0 == chance.1 {
            true => records,
            false => format!("{records} in {}/{} ({chance})", chance.0, chance.1),
        }
    });
    let listed = listed.collect::<Vec<String>>().join(", ");
    let more = possible.answers.len().saturating_sub(ANSWERS_LISTED);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    match rcode {
        Rcode::NoError => format!("it is {listed}{more}"),
        _ => format!("it is {} with {listed}{more}", rcode.name()),
    }
}

/// What is expected, in words: `one of 192.0.2.10, web-fra/fra-2`.
impl fmt::Display for Demand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Demand::OneOf(wanted) if wanted.is_empty() => formatter.write_str("no record"),
            Demand::OneOf(wanted) => {
                let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
                write!(formatter, "one of {}", wanted.join(", "))
            }
            Demand::Sites(sites) => write!(formatter, "one of the sites {}", sites.join(", ")),
            Demand::Pools(pools) => write!(formatter, "one of the pools {}", pools.join(", ")),
            Demand::Rcode(rcode) => formatter.write_str(rcode.name()),
            Demand::TtlAtMost(most) => write!(formatter, "a TTL of at most {most}"),
            Demand::TtlAtLeast(least) => write!(formatter, "a TTL of at least {least}"),
            Demand::ScopeAtMost(most) => write!(formatter, "a scope of at most /{most}"),
            Demand::ScopeAtLeast(least) => write!(formatter, "a scope of at least /{least}"),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Address(address) => write!(formatter, "{address}"),
            Wanted::Member { pool, member } => write!(formatter, "{pool}/{member}"),
            Wanted::Data(data) => formatter.write_str(data),
        }
    }
}

impl Expectation {
    /// Who asks for what while what is down: `www.example.com. A for 192.0.2.1`.
    pub fn subject(&self) -> String {
        let Asked { name, rtype, client } = &self.asked;
        let client = match client.subnet {
            Some(subnet) => format!("{subnet} by {}", client.transport),
            None => client.transport.to_string(),
        };
        let down: Vec<String> = self.outages.iter().map(ToString::to_string).collect();
        let down = if down.is_empty() { String::new() } else { format!(" with {} down", down.join(", ")) };
        format!("{name} {} for {client}{down}", record_type::name(*rtype))
    }

    /// The command that explains the question, but for where the files are.
    pub fn command(&self) -> String {
        let Asked { name, rtype, client } = &self.asked;
        let name = name.to_string();
        let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b".-_".contains(&octet);
        // A shell reads asterisks and backslashes otherwise.
        let name = if name.bytes().all(is_plain) { name } else { format!("'{name}'") };
        let mut command = format!("meridian explain {name} {}", record_type::name(*rtype));
        match client.subnet {
            Some(subnet) => command += &format!(" --from {subnet} --transport {}", client.transport),
            None => command += &format!(" --from {}", client.transport),
        }
        self.outages.iter().for_each(|outage| command += &format!(" --down {outage}"));
        if let Some(at) = self.at {
            command += &format!(" --at {}", super::moment::rfc3339(at));
        }
        command
    }
}
