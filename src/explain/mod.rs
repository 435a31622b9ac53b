//! Why a question gets what it gets: a pure function over a snapshot, printed by `cli` as text and as JSON.
//!
//! The decision itself is taken by [`answer::decide`], the very function that answers queries. What is done here is to
//! ask the parts it used (the zone, [`answer::place`], the map, the pools) for their reasons, and to put them in order.

mod finding;
mod steering;
mod text;
mod ttl;
pub mod words;

pub use text::render;

use std::fmt;
use std::net::IpAddr;

use crate::answer::{self, Question, Random, Why};
use crate::geo::{self, Prefix};
use crate::health::TargetId;
use crate::snapshot::Snapshot;
use crate::steer::{Eligibility, Pick, PoolState, Reason, TargetHealth, TtlBound};
use crate::wire::{Name, QuestionName, Rcode, class};

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
    /// How a rule made its choice; `None` for what is not steered.
    pub steering: Option<Steering>,
    /// The scope of the answer (RFC 7871 §7.2.1).
    pub scope: u8,
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
    /// For how long.
    pub ttl: Ttl,
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
    /// The sites with their distance in metres, where distance decided.
    pub distances: Vec<(String, u64)>,
    /// Why the scope is what it is.
    pub scope: ScopeReason,
}

/// Why a scope is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeReason {
    /// The query carries no client subnet: nobody is told a scope.
    NoSubnet,
    /// The map has `ecs = false`.
    EcsOff,
    /// The map has one class only: the answer holds for everyone.
    OneClass,
    /// The length of the special-purpose block that the subnet lies in.
    SpecialBlock,
    /// The shortest prefix around the client that lies wholly in its class.
    Minimal,
    /// The same, and longer than what the client told: its own subnet holds several classes.
    LongerThanSource {
        /// The source prefix length.
        source: u8,
    },
}

/// A pool that is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The pool's name.
    pub pool: String,
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
    /// Its weight.
    pub weight: u16,
    /// What it answers with; `None` where it has no address of the family.
    pub answer: Option<MemberAnswer>,
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

/// The TTL of a steered answer (semantics §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttl {
    /// Seconds.
    pub seconds: u32,
    /// What set it; `None` when the zone's TTL of negative answers is lower than all that.
    pub bound: Option<TtlBound>,
    /// Seconds until a member of a pool that was looked at can flip; `None` when none can.
    pub soonest_flip: Option<u32>,
    /// The rule's `min_ttl`.
    pub min: u32,
    /// The TTL of the default RRset.
    pub max: u32,
}

/// Explains the answer to one question. `health` is what the snapshot's pools were compiled from.
pub fn explain(
    snapshot: &Snapshot,
    health: &dyn Fn(TargetId) -> TargetHealth,
    name: &Name,
    rtype: u16,
    client: Client,
) -> Explanation {
    let mut question_name = QuestionName::default();
    question_name.set(name);
    let question = Question { name: &question_name, qtype: rtype, qclass: class::IN };
    let mut target = QuestionName::default();
    // The draw plays no part in what is explained: every variant is listed with its probability.
    let mut random = Random::new(0);
    let subnet = client.subnet.map(|prefix| prefix.address);
    let asker = answer::Client { transport: &client.transport, subnet: subnet.as_ref() };
    let answer = answer::decide(snapshot, &question, asker, &mut random, &mut target);
    let end = finding::follow(snapshot, name, rtype, client.transport, &answer);
    Explanation {
        name: name.clone(),
        rtype,
        client,
        rcode: answer.rcode,
        authoritative: answer.authoritative,
        why: answer.why,
        zone: end.zone,
        chain: end.chain,
        access: end.access,
        finding: end.finding,
        steering: end.rule.map(|rule| steering::explain(snapshot, health, rule, client, &answer)),
        scope: answer.scope,
    }
}
