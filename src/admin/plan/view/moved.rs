//! What changes for the clients of a family, as JSON.

use serde::{Deserialize, Serialize};

use super::{ShareView, share};
use crate::explain::plan::{Amount, Flow, Moved, Network, Part, PartOf, Share, Split, Whence};
use crate::geo::codes;

/// What changes for clients of one family. Shares are of all clients of the family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MovedView {
    /// Anything.
    pub any: ShareView,
    /// The ordered sites.
    pub sites: ShareView,
    /// The answers: addresses or their probabilities.
    pub answers: ShareView,
    /// The TTL.
    pub ttl: ShareView,
    /// From where to where: the matrix of old and new sites, without its empty fields.
    pub flows: Vec<FlowView>,
    /// By country, the largest first.
    pub countries: Vec<PartView>,
    /// By autonomous system, the largest first.
    pub systems: Vec<PartView>,
    /// The largest networks in which everybody gets the same change.
    pub networks: Vec<NetworkView>,
}

/// Clients who move from one site to another, or stay and get something else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowView {
    /// Who gave the answers: a site, `pool NAME`, `default RRset`, `NODATA`, `nothing`.
    pub from: String,
    /// Who gives them.
    pub to: String,
    /// How many of all clients.
    pub share: ShareView,
}

/// What changes in a country or an autonomous system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartView {
    /// `DE`, `AS64500`, `unknown`, `12 others`.
    pub of: String,
    /// What moves there, of all clients of the family.
    pub moved: ShareView,
    /// What moves there, of the clients that are there.
    pub of_its_own: ShareView,
}

impl PartView {
    /// What clients are called of whom no database says where they are.
    pub const UNKNOWN: &str = "unknown";
}

/// A network in which everybody gets the same change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkView {
    /// The network.
    pub network: String,
    /// How many of all clients it has that move.
    pub share: ShareView,
    /// From where to where.
    pub flows: Vec<SlotsView>,
}

/// A flow within a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotsView {
    /// Who gave the answers.
    pub from: String,
    /// Who gives them.
    pub to: String,
    /// In how many of 4096 slots.
    pub slots: u16,
}

/// Of what moves.
pub(super) fn moved(moved: &Moved) -> MovedView {
    let of_all = |part: Amount| share(Share { part, whole: moved.whole });
    let flow =
        |flow: &Flow| FlowView { from: whence(&flow.from), to: whence(&flow.to), share: of_all(flow.amount) };
    let network = |network: &Network| NetworkView {
        network: network.network.to_string(),
        share: of_all(network.amount),
        flows: network
            .flows
            .iter()
            .map(|(from, to, slots)| SlotsView { from: whence(from), to: whence(to), slots: *slots })
            .collect(),
    };
    MovedView {
        any: of_all(moved.any),
        sites: of_all(moved.sites),
        answers: of_all(moved.answers),
        ttl: of_all(moved.ttl),
        flows: moved.flows.iter().map(flow).collect(),
        countries: parts(&moved.countries, moved.whole, codes::text),
        systems: parts(&moved.systems, moved.whole, |number| format!("AS{number}")),
        networks: moved.networks.iter().map(network).collect(),
    }
}

fn parts<T: Copy>(split: &Split<T>, whole: Amount, name: impl Fn(T) -> String) -> Vec<PartView> {
    let part = |part: &Part<T>| PartView {
        of: match part.of.map(&name) {
            PartOf::One(name) => name,
            PartOf::Unknown => PartView::UNKNOWN.to_owned(),
            PartOf::Others(1) => "1 other".to_owned(),
            PartOf::Others(count) => format!("{count} others"),
        },
        moved: share(Share { part: part.share.part, whole }),
        of_its_own: share(part.share),
    };
    split.iter().map(part).collect()
}

fn whence(whence: &Whence) -> String {
    match whence {
        Whence::Site(site) => site.clone(),
        Whence::Pool(pool) => format!("pool {pool}"),
        Whence::Rrset => "default RRset".to_owned(),
        Whence::NoData => "NODATA".to_owned(),
        Whence::Nothing => "nothing".to_owned(),
    }
}
