//! What is given out, with its exact probabilities, as JSON.

use serde::Serialize;

use super::candidate::AnswerView;
use crate::explain::{Draws, Fraction, Given, Network, Share, Variant, Way};

/// What a rule gives out.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum GivenView {
    Pool {
        pool: String,
        site: Option<String>,
        variants: Vec<VariantView>,
        shares: Vec<ShareView>,
        ways: Vec<WayView>,
        network: Option<NetworkView>,
    },
    DefaultRrset {
        records: Vec<String>,
    },
    NoData,
}

impl GivenView {
    /// Of what is given out, with how often each variant was drawn.
    pub(super) fn of(given: &Given, draws: Option<&Draws>) -> GivenView {
        match given {
            Given::Pool { pool, site, variants, shares, ways, network } => GivenView::Pool {
                pool: pool.clone(),
                site: site.clone(),
                variants: variants.iter().map(|each| VariantView::of(each, draws)).collect(),
                shares: shares.iter().map(ShareView::of).collect(),
                ways: ways.iter().map(WayView::of).collect(),
                network: network.map(NetworkView::of),
            },
            Given::DefaultRrset(records) => GivenView::DefaultRrset { records: records.clone() },
            Given::NoData => GivenView::NoData,
        }
    }
}

/// Members that are given out together.
#[derive(Debug, Serialize)]
pub(super) struct VariantView {
    pool: String,
    probability: ProbabilityView,
    drawn: Option<u32>,
    members: Vec<VariantMemberView>,
}

/// A member of a variant.
#[derive(Debug, Serialize)]
struct VariantMemberView {
    name: String,
    #[serde(flatten)]
    answer: AnswerView,
}

impl VariantView {
    fn of(variant: &Variant, draws: Option<&Draws>) -> VariantView {
        let members = variant.members.iter();
        VariantView {
            pool: variant.pool.clone(),
            probability: ProbabilityView::of(variant.probability, &variant.factors),
            drawn: draws.map(|draws| draws.of_variant(variant)),
            members: members
                .map(|(name, with)| VariantMemberView { name: name.clone(), answer: AnswerView::of(with) })
                .collect(),
        }
    }
}

/// What a member gets of the answers.
#[derive(Debug, Serialize)]
pub(super) struct ShareView {
    pool: String,
    member: String,
    answer: ProbabilityView,
    first: ProbabilityView,
    /// Of 4096, where the network decides among the members of the pool.
    slots: Option<u32>,
}

impl ShareView {
    fn of(share: &Share) -> ShareView {
        ShareView {
            pool: share.pool.clone(),
            member: share.member.clone(),
            answer: ProbabilityView::of(share.answer, &[]),
            first: ProbabilityView::of(share.first, &[]),
            slots: share.slots,
        }
    }
}

/// A way through pools of pools, the outermost one first.
#[derive(Debug, Serialize)]
pub(super) struct WayView {
    pools: Vec<String>,
    probability: ProbabilityView,
}

impl WayView {
    fn of(way: &Way) -> WayView {
        WayView { pools: way.pools.clone(), probability: ProbabilityView::of(way.probability, &way.factors) }
    }
}

/// A client's network and its slot of 4096.
#[derive(Debug, Serialize)]
pub(super) struct NetworkView {
    network: String,
    slot: usize,
}

impl NetworkView {
    /// Of a network.
    pub(super) fn of(network: Network) -> NetworkView {
        NetworkView { network: network.network.to_string(), slot: network.slot }
    }
}

/// An exact probability.
#[derive(Debug, Serialize)]
struct ProbabilityView {
    numerator: u128,
    denominator: u128,
    percent: String,
    /// Numerators and denominators whose product it is, where that does not fit and is rounded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    factors: Vec<(u64, u64)>,
}

impl ProbabilityView {
    fn of(fraction: Fraction, factors: &[(u64, u64)]) -> ProbabilityView {
        ProbabilityView {
            numerator: fraction.0,
            denominator: fraction.1,
            percent: fraction.to_string(),
            factors: factors.to_vec(),
        }
    }
}
