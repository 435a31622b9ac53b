//! How a rule made its choice: whose address decided, and what follows from that part by part.

use std::net::IpAddr;

use super::{Candidate, Client, Excluded, Given, Health, Place, Trickled};
use super::{candidates, given, place};
use crate::answer::{self, Decisive, Told};
use crate::fault::Line;
use crate::geo::Prefix;
use crate::snapshot::Snapshot;
use crate::steer::{self, Choice, HashPrefix, Reason, Rule};
use crate::wire::Name;
use crate::zone::Rrset;

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
    /// The rule's trickle.
    pub trickle: Option<Trickled>,
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
    /// The rule has no map, and neither its pool nor a trickle goes by the client's network: nobody's address is looked at.
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

/// Explains what `rule` did for `client`, where the default RRset is this one.
pub(super) fn explain(
    snapshot: &Snapshot,
    health: &Health<'_>,
    rule: u32,
    client: Client,
    default: Option<Rrset<'_>>,
) -> Steering {
    let configuration = &*snapshot.configuration;
    let label = &configuration.rule_labels[rule as usize];
    let rule = &configuration.rules[rule as usize];
    let subnet = client.subnet.map(|prefix| prefix.address);
    let asker = answer::Client { transport: &client.transport, subnet: subnet.as_ref() };
    let placement = answer::place(snapshot, rule.map, asker);
    let map = rule.map.map(|index| &configuration.maps[index as usize]);
    let decisive = answer::decisive(snapshot, rule.map, asker);
    let choice = choice(snapshot, rule, asker);
    let outcome = given::Scene {
        snapshot,
        rule,
        records: given::Records::of(configuration, rule, label.rtype),
        decisive,
    };
    let by_network = matches!(choice.given, steer::Given::Apart(apart) if apart.prefix.is_some());
    let source = match map {
        None if !by_network => Source { address: client.transport, origin: Origin::NoMap },
        _ => source(decisive, client),
    };
    let (class, answering) = (placement.class, choice.given.pool());
    let scene = candidates::Scene { snapshot, health, rule, records: outcome.records, class, answering };
    Steering {
        owner: label.owner.clone(),
        line: label.line.clone(),
        rtype: label.rtype,
        place: map.map(|map| place::place(configuration, map, placement, source)),
        source,
        excluded: scene.excluded(),
        reason: choice.reason,
        trickle: outcome.trickled(),
        given: outcome.given(choice.given, default),
        candidates: scene.candidates(),
    }
}

/// What a rule chooses for a client.
pub(super) fn choice<'s>(snapshot: &'s Snapshot, rule: &Rule, client: answer::Client<'_>) -> Choice<'s> {
    let placement = answer::place(snapshot, rule.map, client);
    let slot = answer::decisive(snapshot, rule.map, client).slot(HashPrefix::default());
    let pools = |pool| snapshot.pool(pool, rule.content);
    steer::choose(rule, placement.class, |trickle| trickle.takes(slot), pools)
}

/// Which address decided, where any did.
fn source(decisive: Decisive<'_>, client: Client) -> Source {
    let origin = match (decisive.told, client.subnet) {
        (Told::Subnet(_), _) => Origin::Subnet,
        (Told::SpecialBlock(length), Some(subnet)) => {
            Origin::TransportForSpecial { block: Prefix::around(subnet.address, length) }
        }
        (_, None) => Origin::Transport,
        (Told::Nothing, Some(_)) => Origin::TransportEcsOff,
    };
    Source { address: *decisive.address, origin }
}
