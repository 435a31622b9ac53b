//! Why a question gets what it gets: a pure function over a snapshot, printed by `cli` as text and as JSON.
//!
//! The decision itself is taken by [`answer::decide`], the very function that answers queries. What is done here is to
//! ask the parts it used (the zone, [`answer::place`], the map, the pools) for their reasons, and to put them in order.

mod asked;
mod draws;
mod expect;
mod finding;
mod health;
mod level;
pub mod moment;
mod outage;
pub mod plan;
mod possible;
pub mod prove;
pub mod replay;
mod scope;
mod steering;
mod targets;
mod text;
mod ttl;
pub mod words;

pub use asked::{Asked, parse_name, parse_type};
pub use draws::{DRAWS_MAX, DrawnAnswer, Draws, draw};
pub use expect::{Demand, Expectation, Wanted};
pub use health::{Basis, Health};
pub use level::Level;
pub use outage::{Outage, OutageError};
pub use scope::{Scope, ScopeReason};
pub use targets::{Observed, Target};
pub use text::render;
pub use ttl::{SteeredTtl, Ttl, TtlReason};

use std::fmt;
use std::net::IpAddr;

use crate::answer::{Answer, Body, Random, Why};
use crate::fault::Line;
use crate::geo::{self, Prefix};
use crate::health::AdminState;
use crate::snapshot::Snapshot;
use crate::steer::{Eligibility, Pick, PoolState, Reason};
use crate::wire::{Name, Rcode};

/// Who asks, as an operator writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address that the query comes from (a resolver's, when there is a subnet).
    pub transport: IpAddr,
    /// EDNS Client Subnet, with a source prefix above 0.
    pub subnet: Option<Prefix>,
}

/// Everything about one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The name asked for.
    pub name: Name,
    /// The type asked for.
    pub rtype: u16,
    /// Who asks.
    pub client: Client,
    /// When; seconds since 1970.
    pub at: u64,
    /// What the health of the members comes from.
    pub basis: Basis,
    /// The response code.
    pub rcode: Rcode,
    /// Whether the answer has AA.
    pub authoritative: bool,
    /// Why, in the word that counts.
    pub why: Why,
    /// The apex of the zone that holds the name at the end of the chain.
    pub zone: Option<Name>,
    /// The CNAMEs and DNAMEs that were followed.
    pub chain: Vec<Alias>,
    /// What the access list of that zone says; `None` where it has none.
    pub access: Option<Access>,
    /// What is at the name at the end of the chain.
    pub finding: Finding,
    /// How a rule made its choice: that of the RRset, else that of the last alias on the way to it; `None` where neither is
    /// steered.
    pub steering: Option<Steering>,
    /// For how long the answer holds; `None` where nothing is answered.
    pub ttl: Option<Ttl>,
    /// For whom it holds.
    pub scope: Scope,
    /// Some draws, where they were asked for.
    pub draws: Option<Draws>,
}

/// A followed CNAME, or the CNAME that was synthesised from a DNAME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Where it stands.
    pub owner: Name,
    /// The owner of the DNAME that it was synthesised from, and what the DNAME leads to.
    pub dname: Option<(Name, Name)>,
    /// Where it leads; `None` when that is too long a name.
    pub target: Option<Name>,
    /// Seconds.
    pub ttl: u32,
}

/// What a zone's access list says of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The network of the list that decides; `None` where none holds the client.
    pub network: Option<Prefix>,
    /// Whether the client is answered.
    pub allowed: bool,
}

/// What the zone says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// No zone of ours holds it.
    NotOurZone,
    /// Its zone does not answer the client.
    NotAllowed,
    /// The chain of aliases is longer than we follow, or a loop.
    ChainTooLong,
    /// A DNAME at or above the name redirects it, and that is all that was asked for or can be said.
    Redirected,
    /// An RRset as it stands in the master file.
    Rrset {
        /// Its type (for ANY the one that was taken).
        rtype: u16,
        /// Seconds.
        ttl: u32,
        /// The data of each record, as a master file has it with names in full.
        records: Vec<String>,
        /// Whether a wildcard stands in.
        wildcard: bool,
    },
    /// The name exists without the type.
    NoData {
        /// The types that are there; none at an empty non-terminal.
        types: Vec<u16>,
        /// Whether a wildcard stands in.
        wildcard: bool,
        /// For how long resolvers remember, in seconds.
        ttl: u32,
    },
    /// The name does not exist.
    NoName {
        /// For how long resolvers remember, in seconds.
        ttl: u32,
    },
    /// The name is delegated.
    Referral {
        /// The zone cut.
        cut: Name,
        /// The names of the nameservers.
        nameservers: Vec<String>,
    },
}

/// How a rule made its choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Steering {
    /// The owner name of the rule (a wildcard's own name where one stands in).
    pub owner: Name,
    /// Where that is written.
    pub line: Line,
    /// The type that was asked for.
    pub rtype: u16,
    /// Which address decided, and why that one.
    pub source: Source,
    /// Where that address is; `None` without a map.
    pub place: Option<Place>,
    /// The pools in the order in which they are looked at.
    pub candidates: Vec<Candidate>,
    /// Pools of the rule that are none for this client, and why.
    pub excluded: Vec<Excluded>,
    /// The named state.
    pub reason: Reason,
    /// What is given out.
    pub given: Given,
}

/// Which address decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The address.
    pub address: IpAddr,
    /// Why this one.
    pub origin: Origin,
}

/// Why an address decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The rule has no map: nobody's address is looked at.
    NoMap,
    /// The query carries no client subnet.
    Transport,
    /// The query's client subnet.
    Subnet,
    /// The client subnet lies in a special-purpose block, so the transport address decides.
    TransportForSpecial {
        /// The block.
        block: Prefix,
    },
    /// The map has `ecs = false`, so the transport address decides.
    TransportEcsOff,
}

/// Where a client is under a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The map's name.
    pub map: String,
    /// The number of the class, and how many the map has.
    pub class: usize,
    /// How many classes the map has.
    pub classes: usize,
    /// The class's sites by name, in order.
    pub sites: Vec<String>,
    /// What the databases and the map's tables said.
    pub reason: geo::Reason,
    /// Every level of the map in the order of precedence; one of them decides.
    pub levels: Vec<Level>,
    /// The sites with their distances, where distance decided; the nearest first.
    pub distances: Vec<Distance>,
    /// When the databases that know the client were built, in seconds since 1970; the order is that of their records.
    pub built: Vec<u64>,
}

/// How far a site is from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distance {
    /// The site's name.
    pub site: String,
    /// In metres.
    pub metres: u64,
    /// The map's bias for the site and the metres that count by it, where it has one.
    pub biased: Option<(i8, u64)>,
}

/// A pool that is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The pool's name.
    pub pool: String,
    /// Where it is written.
    pub line: Line,
    /// Its site's name.
    pub site: Option<String>,
    /// Its state for the type.
    pub state: PoolState,
    /// How it picks.
    pub pick: Pick,
    /// Whether it answers.
    pub answers: bool,
    /// Seconds until one of its members can flip; `None` when none can.
    pub soonest_flip: Option<u32>,
    /// Its members.
    pub members: Vec<Member>,
}

/// A member of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub line: Line,
    /// Its weight; in a slow start, what that grows to.
    pub weight: u16,
    /// The step that its slow start has reached, out of [`crate::steer::SLOW_START_STEPS`].
    pub slow_start: Option<u32>,
    /// What it answers with; `None` where it has no address of the family.
    pub answer: Option<MemberAnswer>,
    /// The operator's will: the strongest of its own, its pool's and its site's.
    pub admin: AdminState,
    /// Until when, who and why, or which line of a schedule, where there is more to say about that.
    pub will: Option<String>,
    /// What its monitors say of it.
    pub targets: Vec<Target>,
    /// Whether it may be given out, and why.
    pub eligibility: Eligibility,
}

/// What a member answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberAnswer {
    /// Its address.
    Address(IpAddr),
    /// The data of each of its records, as a master file has it with names in full.
    Data(Vec<String>),
}

/// `192.0.2.1`, `10 mx1.example.net.`; several records with commas in between.
impl fmt::Display for MemberAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemberAnswer::Address(address) => formatter.pad(&address.to_string()),
            MemberAnswer::Data(data) => formatter.pad(&data.join(", ")),
        }
    }
}

/// A pool of the rule that is no candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// The pool's name.
    pub pool: String,
    /// Its site's name.
    pub site: Option<String>,
    /// Why.
    pub reason: String,
}

/// What a rule gives out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// One of these variants.
    Pool {
        /// The pool's name.
        pool: String,
        /// Its site's name.
        site: Option<String>,
        /// Every variant that can be drawn.
        variants: Vec<Variant>,
        /// What each member gets of it.
        shares: Vec<Share>,
    },
    /// The default RRset: the data of each record, as a master file has it with names in full.
    DefaultRrset(Vec<String>),
    /// NODATA.
    NoData,
}

/// A set of members that is given out together. Its records are rotated so that each member stands first as often as
/// [`Share::first`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The members with what they answer with, in the pool's fixed order.
    pub members: Vec<(String, MemberAnswer)>,
    /// Its exact probability.
    pub probability: Fraction,
}

/// What a member gets of the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Its name.
    pub member: String,
    /// Its probability of standing in an answer.
    pub answer: Fraction,
    /// Its probability of standing first.
    pub first: Fraction,
}

/// An exact probability: numerator and denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction(pub u64, pub u64);

/// In percent, rounded to two digits after the point.
impl fmt::Display for Fraction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (numerator, denominator) = (u128::from(self.0), u128::from(self.1).max(1));
        let hundredths = (numerator * 20_000 + denominator) / (2 * denominator);
        formatter.pad(&format!("{}.{:02} %", hundredths / 100, hundredths % 100))
    }
}

/// Explains the answer to one question. `health` is what the snapshot's pools were compiled from.
pub fn explain(snapshot: &Snapshot, health: &Health<'_>, asked: &Asked) -> Explanation {
    // The draw plays no part in what is explained: every variant is listed with its probability.
    asked.answered(snapshot, &mut Random::new(0), |answer| explain_answer(snapshot, health, asked, answer))
}

fn explain_answer(
    snapshot: &Snapshot,
    health: &Health<'_>,
    asked: &Asked,
    answer: &Answer<'_>,
) -> Explanation {
    let Asked { name, rtype, client } = asked;
    let end = finding::follow(snapshot, name, *rtype, client.transport, answer);
    let rule = end.rule.map(|rule| &snapshot.configuration.rules[rule as usize]);
    // What is not steered itself may be led to by an alias that is.
    let link = answer.chain.links().filter_map(|link| Some((link.steered?.rule, link.rrset))).last();
    let default = match answer.body {
        Body::Rrset(default, _) => Some(default),
        _ => None,
    };
    let chosen = end.rule.map(|rule| (rule, default)).or(link.map(|(rule, rrset)| (rule, Some(rrset))));
    let steering = chosen.map(|(rule, default)| steering::explain(snapshot, health, rule, *client, default));
    Explanation {
        name: name.clone(),
        rtype: *rtype,
        client: *client,
        at: health.at(),
        basis: health.basis(),
        rcode: answer.rcode,
        authoritative: answer.authoritative,
        why: answer.why,
        zone: end.zone,
        chain: end.chain,
        access: end.access,
        ttl: ttl::explain(snapshot, rule, *client, answer),
        scope: scope::explain(answer.scope, *client, steering.as_ref()),
        finding: end.finding,
        steering,
        draws: None,
    }
}
