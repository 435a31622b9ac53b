//! An explanation as JSON: the schema of docs/explain.md. `crate::explain` itself knows nothing of serde.

use std::net::IpAddr;

use serde::Serialize;

use crate::answer::Why;
use crate::explain::moment::rfc3339;
use crate::explain::{
    Alias, Basis, Candidate, Client, Distance, Draws, Explanation, Finding, Fraction, Given, Level, Member,
    MemberAnswer, Observed, Origin, Place, Scope, Source, Steering, Target, Ttl, Variant, words,
};
use crate::geo::{LevelOutcome, Prefix};
use crate::health::{LastVerdict, Verdict};
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

#[derive(Debug, Serialize)]
struct HealthView {
    basis: &'static str,
    generation: Option<u64>,
    saved_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct ScopeView {
    length: u8,
    reason: &'static str,
    sentence: String,
}

#[derive(Debug, Serialize)]
struct DrawsView {
    count: u32,
    seed: u64,
    answers: Vec<DrawnAnswerView>,
}

#[derive(Debug, Serialize)]
struct DrawnAnswerView {
    members: Vec<String>,
    count: u32,
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
    written_at: String,
    #[serde(rename = "type")]
    rtype: String,
    source: SourceView,
    place: Option<PlaceView>,
    candidates: Vec<CandidateView>,
    excluded: Vec<ExcludedView>,
    reason: &'static str,
    reason_sentence: &'static str,
    given: GivenView,
}

#[derive(Debug, Serialize)]
struct SourceView {
    address: IpAddr,
    origin: &'static str,
    special_purpose_block: Option<String>,
}

#[derive(Debug, Serialize)]
struct PlaceView {
    map: String,
    class: usize,
    classes: usize,
    sites: Vec<String>,
    records: Vec<RecordView>,
    level: String,
    levels: Vec<LevelView>,
    origin: Option<String>,
    distances: Vec<DistanceView>,
}

#[derive(Debug, Serialize)]
struct LevelView {
    level: &'static str,
    outcome: &'static str,
    beaten_by: Option<&'static str>,
    looked_at: Option<String>,
    database: Option<String>,
    entry: Option<String>,
    written_at: Option<String>,
    sites: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RecordView {
    database: String,
    network: String,
    says: String,
    built: String,
    age_seconds: u64,
}

#[derive(Debug, Serialize)]
struct DistanceView {
    site: String,
    metres: u64,
    bias: i8,
    counted_metres: u64,
}

#[derive(Debug, Serialize)]
struct CandidateView {
    pool: String,
    written_at: String,
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
    written_at: String,
    weight: u16,
    slow_start_step: Option<u32>,
    #[serde(flatten)]
    answer: AnswerView,
    admin: String,
    admin_why: Option<String>,
    eligible: bool,
    reason: String,
    targets: Vec<TargetView>,
}

#[derive(Debug, Serialize)]
struct TargetView {
    monitor: String,
    state: String,
    origin: &'static str,
    soonest_flip_seconds: u32,
    observed: Option<ObservedView>,
}

#[derive(Debug, Serialize)]
struct ObservedView {
    state: String,
    since: String,
    state_seconds: u64,
    passes: u32,
    rise: u32,
    failures: u32,
    fall: u32,
    verdict: Option<VerdictView>,
}

#[derive(Debug, Serialize)]
struct VerdictView {
    result: &'static str,
    detail: String,
    at: String,
    age_seconds: u64,
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
    Pool { pool: String, site: Option<String>, variants: Vec<VariantView>, shares: Vec<ShareView> },
    DefaultRrset { records: Vec<String> },
    NoData,
}

#[derive(Debug, Serialize)]
struct VariantView {
    probability: ProbabilityView,
    drawn: Option<u32>,
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
    reason: &'static str,
    sentence: String,
    soonest_flip_seconds: Option<u32>,
    min_ttl: Option<u32>,
    default_ttl: Option<u32>,
}

/// The number of the schema: fields may be added to it; one that goes or changes its meaning makes another number.
const SCHEMA: u32 = 1;

impl View {
    /// Of an explanation.
    pub(super) fn of(explanation: &Explanation) -> View {
        let chain = explanation.chain.iter().map(alias);
        let at = explanation.at;
        let draws = explanation.draws.as_ref();
        View {
            schema: SCHEMA,
            name: explanation.name.to_string(),
            rtype: record_type::name(explanation.rtype),
            client: client(explanation.client),
            at: rfc3339(at),
            health: health(explanation.basis),
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
            steering: explanation.steering.as_ref().map(|each| steering(each, draws, at)),
            ttl: explanation.ttl.map(ttl),
            scope: scope(explanation.scope),
            draws: draws.map(all_draws),
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

fn health(basis: Basis) -> HealthView {
    let (basis, generation, saved_at) = match basis {
        Basis::Assumed => ("assumed", None, None),
        Basis::Saved { at } => ("saved", None, Some(rfc3339(at))),
        Basis::Observed { generation } => ("observed", Some(generation), None),
    };
    HealthView { basis, generation, saved_at }
}

fn ttl(ttl: Ttl) -> TtlView {
    TtlView {
        seconds: ttl.seconds,
        reason: ttl.reason.label(),
        sentence: ttl.reason.sentence(),
        soonest_flip_seconds: ttl.steered.and_then(|steered| steered.soonest_flip),
        min_ttl: ttl.steered.map(|steered| steered.min),
        default_ttl: ttl.steered.map(|steered| steered.max),
    }
}

fn scope(scope: Scope) -> ScopeView {
    ScopeView { length: scope.length, reason: scope.reason.label(), sentence: scope.sentence() }
}

fn all_draws(draws: &Draws) -> DrawsView {
    let answers = draws.answers.iter();
    let answers =
        answers.map(|answer| DrawnAnswerView { members: answer.members.clone(), count: answer.count });
    DrawsView { count: draws.count, seed: draws.seed, answers: answers.collect() }
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

fn steering(steering: &Steering, draws: Option<&Draws>, at: u64) -> SteeringView {
    let excluded = steering.excluded.iter().map(|each| ExcludedView {
        pool: each.pool.clone(),
        site: each.site.clone(),
        reason: each.reason.clone(),
    });
    SteeringView {
        owner: steering.owner.to_string(),
        written_at: steering.line.to_string(),
        rtype: record_type::name(steering.rtype),
        source: source(steering.source),
        place: steering.place.as_ref().map(|each| place(each, at)),
        candidates: steering.candidates.iter().map(|each| candidate(each, at)).collect(),
        excluded: excluded.collect(),
        reason: steering.reason.label(),
        reason_sentence: words::reason_sentence(steering.reason),
        given: given(&steering.given, draws),
    }
}

fn source(source: Source) -> SourceView {
    let block = match source.origin {
        Origin::TransportForSpecial { block } => Some(block.to_string()),
        _ => None,
    };
    SourceView { address: source.address, origin: origin(source.origin), special_purpose_block: block }
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

fn place(place: &Place, at: u64) -> PlaceView {
    let reason = &place.reason;
    let records = reason.record.iter().chain(&reason.further_records);
    let record = |((database, network, says), &built): (&(String, Prefix, String), &u64)| RecordView {
        database: database.clone(),
        network: network.to_string(),
        says: says.clone(),
        built: rfc3339(built),
        age_seconds: at.saturating_sub(built),
    };
    PlaceView {
        map: place.map.clone(),
        class: place.class,
        classes: place.classes,
        sites: place.sites.clone(),
        records: records.zip(&place.built).map(record).collect(),
        level: reason.level.clone(),
        levels: place.levels.iter().map(level).collect(),
        origin: reason.origin.clone(),
        distances: place.distances.iter().map(distance).collect(),
    }
}

fn level(level: &Level) -> LevelView {
    let (outcome, beaten_by) = match level.outcome {
        LevelOutcome::Decides => ("decides", None),
        LevelOutcome::Beaten(above) => ("beaten", Some(above.label())),
        LevelOutcome::NoTable => ("no_table", None),
        LevelOutcome::NoRecord => ("no_record", None),
        LevelOutcome::NotInTable => ("not_in_table", None),
    };
    LevelView {
        level: level.level.label(),
        outcome,
        beaten_by,
        looked_at: level.looked_at.clone(),
        database: level.said_by.clone(),
        entry: level.entry.clone(),
        written_at: level.line.as_ref().map(ToString::to_string),
        sites: level.sites.clone(),
    }
}

fn distance(distance: &Distance) -> DistanceView {
    let (bias, counted_metres) = distance.biased.unwrap_or((0, distance.metres));
    DistanceView { site: distance.site.clone(), metres: distance.metres, bias, counted_metres }
}

fn candidate(candidate: &Candidate, at: u64) -> CandidateView {
    CandidateView {
        pool: candidate.pool.clone(),
        written_at: candidate.line.to_string(),
        site: candidate.site.clone(),
        state: candidate.state.to_string(),
        pick: candidate.pick.to_string(),
        answers: candidate.answers,
        soonest_flip_seconds: candidate.soonest_flip,
        members: candidate.members.iter().map(|each| member(each, at)).collect(),
    }
}

fn answer(answer: &MemberAnswer) -> AnswerView {
    match answer {
        MemberAnswer::Address(address) => AnswerView { address: Some(*address), data: None },
        MemberAnswer::Data(data) => AnswerView { address: None, data: Some(data.clone()) },
    }
}

fn member(member: &Member, at: u64) -> MemberView {
    MemberView {
        name: member.name.clone(),
        written_at: member.line.to_string(),
        weight: member.weight,
        slow_start_step: member.slow_start,
        answer: member.answer.as_ref().map(answer).unwrap_or_default(),
        admin: member.admin.to_string(),
        admin_why: member.will.clone(),
        eligible: member.eligibility.is_given(),
        reason: member.eligibility.to_string(),
        targets: member.targets.iter().map(|each| target(each, at)).collect(),
    }
}

fn target(target: &Target, at: u64) -> TargetView {
    let origin = match (target.supposed, &target.observed) {
        (true, _) => "supposed",
        (false, Some(_)) => "observed",
        (false, None) => "assumed",
    };
    TargetView {
        monitor: target.monitor.clone(),
        state: target.state.to_string(),
        origin,
        soonest_flip_seconds: target.soonest_flip,
        observed: target.observed.as_ref().map(|observed| self::observed(observed, target, at)),
    }
}

fn observed(observed: &Observed, target: &Target, at: u64) -> ObservedView {
    ObservedView {
        state: observed.state.to_string(),
        since: rfc3339(observed.since),
        state_seconds: at.saturating_sub(observed.since),
        passes: observed.passes,
        rise: target.rise,
        failures: observed.failures,
        fall: target.fall,
        verdict: observed.last.as_ref().map(|last| verdict(last, at)),
    }
}

fn verdict(last: &LastVerdict, at: u64) -> VerdictView {
    let (result, detail) = match &last.verdict {
        Verdict::Pass { microseconds } => {
            ("pass", format!("{}.{:03} ms", microseconds / 1000, microseconds % 1000))
        }
        Verdict::Fail(reason) => ("fail", reason.clone()),
        Verdict::Abstain(reason) => ("abstain", reason.clone()),
    };
    VerdictView { result, detail, at: rfc3339(last.at), age_seconds: at.saturating_sub(last.at) }
}

fn variant(variant: &Variant, draws: Option<&Draws>) -> VariantView {
    let members = variant.members.iter();
    VariantView {
        probability: probability(variant.probability),
        drawn: draws.map(|draws| draws.of_variant(variant.members.iter().map(|(name, _)| name.as_str()))),
        members: members
            .map(|(name, with)| VariantMemberView { name: name.clone(), answer: answer(with) })
            .collect(),
    }
}

fn given(given: &Given, draws: Option<&Draws>) -> GivenView {
    match given {
        Given::Pool { pool, site, variants, shares } => GivenView::Pool {
            pool: pool.clone(),
            site: site.clone(),
            variants: variants.iter().map(|each| variant(each, draws)).collect(),
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
