//! An explanation as JSON: the schema of docs/explain.md. `crate::explain` itself knows nothing of serde.
//!
//! Here is the whole, who asked and on what; each of its other parts has a file of its own.

mod candidate;
mod draws;
mod finding;
mod given;
mod place;
mod steering;
mod target;
mod validity;

use std::net::IpAddr;

use serde::Serialize;

use self::draws::DrawsView;
use self::finding::{AccessView, AliasView, FindingView};
use self::steering::SteeringView;
use self::validity::{ScopeView, TtlView};
use crate::answer::Why;
use crate::explain::moment::rfc3339;
use crate::explain::{Basis, Client, Explanation};
use crate::zone::record_type;

/// The whole explanation.
#[derive(Debug, Serialize)]
pub(super) struct View {
    schema: u32,
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    client: ClientView,
    at: String,
    health: HealthView,
    rcode: &'static str,
    authoritative: bool,
    why: &'static str,
    zone: Option<String>,
    chain: Vec<AliasView>,
    access: Option<AccessView>,
    finding: FindingView,
    steering: Option<SteeringView>,
    ttl: Option<TtlView>,
    scope: ScopeView,
    draws: Option<DrawsView>,
}

/// The number of the schema: fields may be added to it; one that goes or changes its meaning makes another number.
const SCHEMA: u32 = 1;

impl View {
    /// Of an explanation.
    pub(super) fn of(explanation: &Explanation) -> View {
        let chain = explanation.chain.iter().map(AliasView::of);
        let at = explanation.at;
        let draws = explanation.draws.as_ref();
        View {
            schema: SCHEMA,
            name: explanation.name.to_string(),
            rtype: record_type::name(explanation.rtype),
            client: ClientView::of(explanation.client),
            at: rfc3339(at),
            health: HealthView::of(explanation.basis),
            rcode: explanation.rcode.name(),
            authoritative: explanation.authoritative,
            why: why(explanation.why),
            zone: explanation.zone.as_ref().map(ToString::to_string),
            chain: chain.collect(),
            access: explanation.access.map(AccessView::of),
            finding: FindingView::of(&explanation.finding),
            steering: explanation.steering.as_ref().map(|each| SteeringView::of(each, draws, at)),
            ttl: explanation.ttl.map(TtlView::of),
            scope: ScopeView::of(explanation.scope),
            draws: draws.map(DrawsView::of),
        }
    }
}

/// Who asks.
#[derive(Debug, Serialize)]
struct ClientView {
    transport: IpAddr,
    subnet: Option<String>,
}

impl ClientView {
    fn of(client: Client) -> ClientView {
        ClientView { transport: client.transport, subnet: client.subnet.map(|subnet| subnet.to_string()) }
    }
}

/// What the health comes from.
#[derive(Debug, Serialize)]
struct HealthView {
    basis: &'static str,
    generation: Option<u64>,
    saved_at: Option<String>,
}

impl HealthView {
    fn of(basis: Basis) -> HealthView {
        let (basis, generation, saved_at) = match basis {
            Basis::Assumed => ("assumed", None, None),
            Basis::Saved { at } => ("saved", None, Some(rfc3339(at))),
            Basis::Observed { generation } => ("observed", Some(generation), None),
        };
        HealthView { basis, generation, saved_at }
    }
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Exists => "exists",
        Why::Steered(_) => "steered",
        Why::NoData => "no_data",
        Why::NoName => "no_name",
        Why::Delegated => "delegated",
        Why::OneOfAny => "one_of_any",
        Why::ChainEnds => "chain_ends",
        Why::Synthesised => "synthesised",
        Why::NameTooLong => "name_too_long",
        Why::NotOurZone => "not_our_zone",
        Why::NotAllowed => "not_allowed",
        Why::OtherClass => "other_class",
    }
}
