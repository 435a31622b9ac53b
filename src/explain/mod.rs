//! Why a question gets what it gets: a pure function over a snapshot, printed by `cli` as text and as JSON.
//!
//! The decision itself is taken by [`crate::answer::decide`], the very function that answers queries. What is done here is to
//! ask the parts it used (the zone, [`crate::answer::place`], the map, the pools) for their reasons, and to put them in order.

mod asked;
mod candidates;
mod draws;
mod expect;
mod finding;
mod fraction;
mod given;
mod health;
mod level;
pub mod moment;
mod outage;
mod place;
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

pub use asked::{Asked, Client, parse_name, parse_type};
pub use candidates::{Candidate, Excluded, InnerPool, Member, MemberAnswer};
pub use draws::{DRAWS_MAX, DrawnAnswer, Draws, draw};
pub use expect::{Demand, Expectation, Wanted};
pub use finding::{Access, Alias, Finding};
pub use fraction::Fraction;
pub use given::{Given, Network, Share, Trickled, Variant, Way};
pub use health::{Basis, Health};
pub use level::Level;
pub use outage::{Outage, OutageError};
pub use place::{Distance, Place};
pub use scope::{Scope, ScopeReason};
pub use steering::{Origin, Source, Steering};
pub use targets::{Observed, Target};
pub use text::render;
pub use ttl::{SteeredTtl, Ttl, TtlReason};

use crate::answer::{Answer, Body, Random, Why};
use crate::snapshot::Snapshot;
use crate::wire::{Name, Rcode};

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
