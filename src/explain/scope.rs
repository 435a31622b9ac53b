//! Why an answer has its scope (semantics §7).

use super::{Client, Given, Origin, Steering};

/// For whom an answer holds (RFC 7871 §7.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// SCOPE PREFIX-LENGTH.
    pub length: u8,
    /// Why.
    pub reason: ScopeReason,
}

/// Why a scope is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeReason {
    /// The query carries no client subnet: nobody is told a scope.
    NoSubnet,
    /// No rule steers the answer: it is the same for everyone.
    NotSteered,
    /// The rule has no map, and what it answers is the same for everyone.
    NoMap,
    /// The map has `ecs = false`.
    EcsOff,
    /// The map has one class only: the answer holds for everyone.
    OneClass,
    /// The length of the special-purpose block that the subnet lies in.
    SpecialBlock,
    /// The shortest prefix around the client that lies wholly in its class.
    Minimal,
    /// The length of the network by which the pool or a trickle goes, which is longer.
    Network,
    /// The same, and longer than what the client told: its own subnet holds several classes.
    LongerThanSource {
        /// The source prefix length.
        source: u8,
    },
}

/// The scope of an answer to `client`, with its reason.
pub(super) fn explain(length: u8, client: Client, steering: Option<&Steering>) -> Scope {
    Scope { length, reason: reason(length, client, steering) }
}

fn reason(length: u8, client: Client, steering: Option<&Steering>) -> ScopeReason {
    let Some(subnet) = client.subnet else { return ScopeReason::NoSubnet };
    let Some(steering) = steering else { return ScopeReason::NotSteered };
    if by_network(length, steering) {
        return ScopeReason::Network;
    }
    let Some(place) = &steering.place else { return ScopeReason::NoMap };
    match steering.source.origin {
        Origin::TransportEcsOff => ScopeReason::EcsOff,
        Origin::TransportForSpecial { .. } => ScopeReason::SpecialBlock,
        _ if length == 0 && place.classes == 1 => ScopeReason::OneClass,
        _ if length > subnet.length => ScopeReason::LongerThanSource { source: subnet.length },
        _ => ScopeReason::Minimal,
    }
}

/// Whether the scope is the length of the network by which a pool or a trickle goes.
fn by_network(length: u8, steering: &Steering) -> bool {
    let of_pool = match &steering.given {
        Given::Pool { network, .. } => network.as_ref(),
        Given::DefaultRrset(_) | Given::NoData => None,
    };
    let of_trickle = steering.trickle.as_ref().map(|trickle| &trickle.network);
    let mut networks = of_pool.into_iter().chain(of_trickle);
    matches!(steering.source.origin, Origin::Subnet | Origin::NoMap)
        && networks.any(|network| network.network.length == length)
}

impl Scope {
    /// Why it is what it is, as a sentence without a full stop.
    pub fn sentence(self) -> String {
        let sentence = match self.reason {
            ScopeReason::NoSubnet => "none is told: the query has no client subnet",
            ScopeReason::NotSteered => "no rule steers it, so the answer holds for everyone",
            ScopeReason::NoMap => "the rule has no map, so the answer holds for everyone",
            ScopeReason::EcsOff => "the map has ecs = false, so the answer holds for everyone",
            ScopeReason::OneClass => "the map has one class, so the answer holds for everyone",
            ScopeReason::SpecialBlock => "the length of the special-purpose block",
            ScopeReason::Network => {
                "the network by which the pool or a trickle goes: the answer depends on it"
            }
            ScopeReason::Minimal => "the shortest prefix around the client that lies wholly in its class",
            ScopeReason::LongerThanSource { source } => {
                return format!(
                    "longer than the /{source} of the query, whose network holds several classes"
                );
            }
        };
        sentence.to_owned()
    }
}

impl ScopeReason {
    /// One word for it, as JSON carries it.
    pub fn label(self) -> &'static str {
        match self {
            ScopeReason::NoSubnet => "no_client_subnet",
            ScopeReason::NotSteered => "not_steered",
            ScopeReason::NoMap => "no_map",
            ScopeReason::EcsOff => "ecs_off",
            ScopeReason::OneClass => "one_class",
            ScopeReason::SpecialBlock => "special_purpose_block",
            ScopeReason::Network => "network",
            ScopeReason::Minimal => "minimal",
            ScopeReason::LongerThanSource { .. } => "longer_than_source",
        }
    }
}
