//! Why an answer has its scope (semantics §7).

use super::{Client, Origin, Steering};

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
    /// The rule has no map, and what it answers is the same for everyone: no network decides.
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
    /// Without a map, longer than that network: a shorter prefix reaches into a special-purpose block or a tunnel.
    ClearOfSpecialBlocks,
    /// The shortest prefix in the class is longer than what the client told: its own subnet holds several classes.
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
    let classes = steering.place.as_ref().map(|place| place.classes);
    match (steering.source.origin, classes) {
        (Origin::NoMap, _) => ScopeReason::NoMap,
        (Origin::TransportEcsOff, _) => ScopeReason::EcsOff,
        (Origin::TransportForSpecial { .. }, _) => ScopeReason::SpecialBlock,
        (_, None) => ScopeReason::ClearOfSpecialBlocks,
        (_, Some(1)) if length == 0 => ScopeReason::OneClass,
        _ if length > subnet.length => ScopeReason::LongerThanSource { source: subnet.length },
        _ => ScopeReason::Minimal,
    }
}

/// Whether the scope is the length of the network by which a pool or a trickle goes.
fn by_network(length: u8, steering: &Steering) -> bool {
    let of_trickle = steering.trickle.map(|trickle| trickle.network);
    let mut networks = steering.given.network().into_iter().chain(of_trickle);
    steering.source.origin == Origin::Subnet && networks.any(|network| network.network.length == length)
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
            ScopeReason::ClearOfSpecialBlocks => {
                "longer than the network by which the pool or a trickle goes, which reaches into a special-purpose block or \
                 a tunnel"
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
            ScopeReason::ClearOfSpecialBlocks => "clear_of_special_blocks",
            ScopeReason::Minimal => "minimal",
            ScopeReason::LongerThanSource { .. } => "longer_than_source",
        }
    }
}
