//! An explanation as JSON. This is the schema; `crate::explain` itself knows nothing of serde.

use std::net::IpAddr;

use serde::Serialize;

use crate::answer::Why;
use crate::explain::{
    Alias, Candidate, Client, Explanation, Finding, Fraction, Given, MemberAnswer, Origin, Place,
    ScopeReason, Steering, words,
};
use crate::geo::Prefix;
use crate::zone::record_type;

/// The whole explanation.
#[derive(Debug, Serialize)]
pub(super) struct View {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    client: ClientView,
    rcode: &'static str,
    authoritative: bool,
    why: &'static str,
    zone: Option<String>,
    chain: Vec<AliasView>,
    access: Option<AccessView>,
    finding: FindingView,
    steering: Option<SteeringView>,
    scope: u8,
}

#[derive(Debug, Serialize)]
struct ClientView {
    transport: IpAddr,
    subnet: Option<String>,
}

#[derive(Debug, Serialize)]
struct AccessView {
    network: Option<String>,
    allowed: bool,
}

#[derive(Debug, Serialize)]
struct AliasView {
    owner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dname: Option<DnameView>,
    target: Option<String>,
    ttl: u32,
}

#[derive(Debug, Serialize)]
struct DnameView {
    owner: String,
    target: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum FindingView {
    NotOurZone,
    NotAllowed,
    ChainTooLong,
    Redirected,
    Rrset {
        #[serde(rename = "type")]
        rtype: String,
        ttl: u32,
        records: Vec<String>,
        wildcard: bool,
    },
    NoData {
        types: Vec<String>,
        wildcard: bool,
        ttl: u32,
    },
    NoName {
        ttl: u32,
    },
    Referral {
        cut: String,
        nameservers: Vec<String>,
    },
}

#[derive(Debug, Serialize)]
struct SteeringView {
    owner: String,
    #[serde(rename = "type")]
    rtype: String,
    source: SourceView,
    place: Option<PlaceView>,
    candidates: Vec<CandidateView>,
    excluded: Vec<ExcludedView>,
    reason: &'static str,
    reason_sentence: &'static str,
    given: GivenView,
    ttl: TtlView,
}

#[derive(Debug, Serialize)]
struct SourceView {
    address: IpAddr,
    origin: &'static str,
}

#[derive(Debug, Serialize)]
struct PlaceView {
    map: String,
    class: usize,
    classes: usize,
    sites: Vec<String>,
    records: Vec<RecordView>,
    level: String,
    origin: Option<String>,
    distances: Vec<DistanceView>,
    scope_reason: &'static str,
}

#[derive(Debug, Serialize)]
struct RecordView {
    database: String,
    network: String,
    says: String,
}

#[derive(Debug, Serialize)]
struct DistanceView {
    site: String,
    metres: u64,
}

#[derive(Debug, Serialize)]
struct CandidateView {
    pool: String,
    site: Option<String>,
    state: String,
    pick: String,
    answers: bool,
    soonest_flip_seconds: Option<u32>,
    members: Vec<MemberView>,
}

#[derive(Debug, Serialize)]
struct MemberView {
    name: String,
    weight: u16,
    #[serde(flatten)]
    answer: AnswerView,
    eligible: bool,
    reason: String,
}

#[derive(Debug, Serialize)]
struct ExcludedView {
    pool: String,
    site: Option<String>,
    reason: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum GivenView {
    Pool { pool: String, variants: Vec<VariantView>, shares: Vec<ShareView> },
    DefaultRrset { records: Vec<String> },
    NoData,
}

#[derive(Debug, Serialize)]
struct VariantView {
    probability: ProbabilityView,
    members: Vec<VariantMemberView>,
}

#[derive(Debug, Serialize)]
struct VariantMemberView {
    name: String,
    #[serde(flatten)]
    answer: AnswerView,
}

/// What a member answers with: one of the two, or nothing.
#[derive(Debug, Default, Serialize)]
struct AnswerView {
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct ShareView {
    member: String,
    answer: ProbabilityView,
    first: ProbabilityView,
}

#[derive(Debug, Serialize)]
struct ProbabilityView {
    numerator: u64,
    denominator: u64,
    percent: String,
}

#[derive(Debug, Serialize)]
struct TtlView {
    seconds: u32,
    reason: String,
    soonest_flip_seconds: Option<u32>,
    min_ttl: u32,
    default_ttl: u32,
}

impl View {
    /// Of an explanation.
    pub(super) fn of(explanation: &Explanation) -> View {
        let chain = explanation.chain.iter().map(alias);
        View {
            name: explanation.name.to_string(),
            rtype: record_type::name(explanation.rtype),
            client: client(explanation.client),
            rcode: explanation.rcode.name(),
            authoritative: explanation.authoritative,
            why: why(explanation.why),
            zone: explanation.zone.as_ref().map(ToString::to_string),
            chain: chain.collect(),
            access: explanation.access.map(|access| AccessView {
                network: access.network.map(|network| network.to_string()),
                allowed: access.allowed,
            }),
            finding: finding(&explanation.finding),
            steering: explanation.steering.as_ref().map(steering),
            scope: explanation.scope,
        }
    }
}

fn alias(alias: &Alias) -> AliasView {
    let dname = alias.dname.as_ref();
    AliasView {
        owner: alias.owner.to_string(),
        dname: dname
            .map(|(owner, target)| DnameView { owner: owner.to_string(), target: target.to_string() }),
        target: alias.target.as_ref().map(ToString::to_string),
        ttl: alias.ttl,
    }
}

fn client(client: Client) -> ClientView {
    ClientView { transport: client.transport, subnet: client.subnet.map(|subnet| subnet.to_string()) }
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

fn finding(finding: &Finding) -> FindingView {
    match finding {
        Finding::NotOurZone => FindingView::NotOurZone,
        Finding::NotAllowed => FindingView::NotAllowed,
        Finding::ChainTooLong => FindingView::ChainTooLong,
        Finding::Redirected => FindingView::Redirected,
        Finding::Rrset { rtype, ttl, records, wildcard } => FindingView::Rrset {
            rtype: record_type::name(*rtype),
            ttl: *ttl,
            records: records.clone(),
            wildcard: *wildcard,
        },
        Finding::NoData { types, wildcard, ttl } => FindingView::NoData {
            types: types.iter().map(|&rtype| record_type::name(rtype)).collect(),
            wildcard: *wildcard,
            ttl: *ttl,
        },
        Finding::NoName { ttl } => FindingView::NoName { ttl: *ttl },
        Finding::Referral { cut, nameservers } => {
            FindingView::Referral { cut: cut.to_string(), nameservers: nameservers.clone() }
        }
    }
}

fn steering(steering: &Steering) -> SteeringView {
    let excluded = steering.excluded.iter().map(|each| ExcludedView {
        pool: each.pool.clone(),
        site: each.site.clone(),
        reason: each.reason.clone(),
    });
    let ttl = steering.ttl;
    SteeringView {
        owner: steering.owner.to_string(),
        rtype: record_type::name(steering.rtype),
        source: SourceView { address: steering.source.address, origin: origin(steering.source.origin) },
        place: steering.place.as_ref().map(place),
        candidates: steering.candidates.iter().map(candidate).collect(),
        excluded: excluded.collect(),
        reason: steering.reason.label(),
        reason_sentence: words::reason_sentence(steering.reason),
        given: given(&steering.given),
        ttl: TtlView {
            seconds: ttl.seconds,
            reason: ttl.reason(),
            soonest_flip_seconds: ttl.soonest_flip,
            min_ttl: ttl.min,
            default_ttl: ttl.max,
        },
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

fn place(place: &Place) -> PlaceView {
    let reason = &place.reason;
    let records = reason.record.iter().chain(&reason.further_records);
    let record = |(database, network, says): &(String, Prefix, String)| RecordView {
        database: database.clone(),
        network: network.to_string(),
        says: says.clone(),
    };
    let distances =
        place.distances.iter().map(|(site, metres)| DistanceView { site: site.clone(), metres: *metres });
    PlaceView {
        map: place.map.clone(),
        class: place.class,
        classes: place.classes,
        sites: place.sites.clone(),
        records: records.map(record).collect(),
        level: reason.level.clone(),
        origin: reason.origin.clone(),
        distances: distances.collect(),
        scope_reason: scope(place.scope),
    }
}

fn scope(reason: ScopeReason) -> &'static str {
    match reason {
        ScopeReason::NoSubnet => "no_client_subnet",
        ScopeReason::EcsOff => "ecs_off",
        ScopeReason::OneClass => "one_class",
        ScopeReason::SpecialBlock => "special_purpose_block",
        ScopeReason::Minimal => "minimal",
        ScopeReason::LongerThanSource { .. } => "longer_than_source",
    }
}

fn candidate(candidate: &Candidate) -> CandidateView {
    let members = candidate.members.iter().map(|member| MemberView {
        name: member.name.clone(),
        weight: member.weight,
        answer: member.answer.as_ref().map(answer).unwrap_or_default(),
        eligible: member.eligibility.is_given(),
        reason: member.eligibility.to_string(),
    });
    CandidateView {
        pool: candidate.pool.clone(),
        site: candidate.site.clone(),
        state: candidate.state.to_string(),
        pick: candidate.pick.to_string(),
        answers: candidate.answers,
        soonest_flip_seconds: candidate.soonest_flip,
        members: members.collect(),
    }
}

fn answer(answer: &MemberAnswer) -> AnswerView {
    match answer {
        MemberAnswer::Address(address) => AnswerView { address: Some(*address), data: None },
        MemberAnswer::Data(data) => AnswerView { address: None, data: Some(data.clone()) },
    }
}

fn given(given: &Given) -> GivenView {
    match given {
        Given::Pool { pool, variants, shares } => GivenView::Pool {
            pool: pool.clone(),
            variants: variants
                .iter()
                .map(|variant| VariantView {
                    probability: probability(variant.probability),
                    members: variant
                        .members
                        .iter()
                        .map(|(name, with)| VariantMemberView { name: name.clone(), answer: answer(with) })
                        .collect(),
                })
                .collect(),
            shares: shares
                .iter()
                .map(|share| ShareView {
                    member: share.member.clone(),
                    answer: probability(share.answer),
                    first: probability(share.first),
                })
                .collect(),
        },
        Given::DefaultRrset(records) => GivenView::DefaultRrset { records: records.clone() },
        Given::NoData => GivenView::NoData,
    }
}

fn probability(fraction: Fraction) -> ProbabilityView {
    ProbabilityView { numerator: fraction.0, denominator: fraction.1, percent: fraction.to_string() }
}
