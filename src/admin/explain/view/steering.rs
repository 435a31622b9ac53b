//! How a rule made its choice, as JSON.

use std::net::IpAddr;

use serde::Serialize;

use super::candidate::CandidateView;
use super::given::{GivenView, NetworkView};
use super::place::PlaceView;
use crate::explain::{Draws, Excluded, Origin, Source, Steering, Trickled, words};
use crate::zone::record_type;

/// How a rule made its choice.
#[derive(Debug, Serialize)]
pub(super) struct SteeringView {
    owner: String,
    written_at: String,
    #[serde(rename = "type")]
    rtype: String,
    source: SourceView,
    place: Option<PlaceView>,
    candidates: Vec<CandidateView>,
    excluded: Vec<ExcludedView>,
    trickle: Option<TrickleView>,
    reason: &'static str,
    reason_sentence: &'static str,
    given: GivenView,
}

impl SteeringView {
    /// Of a choice, with how often each variant was drawn, at a moment in seconds since 1970.
    pub(super) fn of(steering: &Steering, draws: Option<&Draws>, at: u64) -> SteeringView {
        SteeringView {
            owner: steering.owner.to_string(),
            written_at: steering.line.to_string(),
            rtype: record_type::name(steering.rtype),
            source: SourceView::of(steering.source),
            place: steering.place.as_ref().map(|each| PlaceView::of(each, at)),
            candidates: steering.candidates.iter().map(|each| CandidateView::of(each, at)).collect(),
            excluded: steering.excluded.iter().map(ExcludedView::of).collect(),
            trickle: steering.trickle.map(TrickleView::of),
            reason: steering.reason.label(),
            reason_sentence: words::reason_sentence(steering.reason),
            given: GivenView::of(&steering.given, draws),
        }
    }
}

/// Which address decided.
#[derive(Debug, Serialize)]
struct SourceView {
    address: IpAddr,
    origin: &'static str,
    special_purpose_block: Option<String>,
}

impl SourceView {
    fn of(source: Source) -> SourceView {
        let block = match source.origin {
            Origin::TransportForSpecial { block } => Some(block.to_string()),
            _ => None,
        };
        SourceView { address: source.address, origin: origin(source.origin), special_purpose_block: block }
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::NoMap => "no_map",
        Origin::Transport => "transport",
        Origin::Subnet => "client_subnet",
        Origin::TransportForSpecial { .. } => "transport_special_purpose_subnet",
        Origin::TransportEcsOff => "transport_ecs_off",
    }
}

/// A pool that is no candidate.
#[derive(Debug, Serialize)]
struct ExcludedView {
    pool: String,
    site: Option<String>,
    reason: String,
}

impl ExcludedView {
    fn of(excluded: &Excluded) -> ExcludedView {
        ExcludedView {
            pool: excluded.pool.clone(),
            site: excluded.site.clone(),
            reason: excluded.reason.clone(),
        }
    }
}

/// The slots below `slots` go to the next healthy pool.
#[derive(Debug, Serialize)]
struct TrickleView {
    slots: u16,
    network: NetworkView,
    takes: bool,
}

impl TrickleView {
    fn of(trickle: Trickled) -> TrickleView {
        TrickleView { slots: trickle.slots, network: NetworkView::of(trickle.network), takes: trickle.takes }
    }
}
