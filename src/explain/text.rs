//! An explanation as text for people: what was found, then where, which, what, for how long.

use super::moment::{rfc3339, span};
use super::words::{counted, reason_sentence, weight};
use super::{
    Access, Basis, Candidate, Distance, Draws, Explanation, Finding, Fraction, Given, Level, Member, Origin,
    Place, Scope, ScopeReason, Share, Source, Steering, Target, Ttl, Variant,
};
use crate::answer::{CHAIN_MAX, Why};
use crate::geo::LevelOutcome;
use crate::health::State;
use crate::steer::Eligibility;
use crate::zone::record_type;

/// Different drawn answers that are listed.
const DRAWN_SHOWN: usize = 20;

/// The whole explanation, ended by a line feed.
pub fn render(explanation: &Explanation) -> String {
    let mut text = Text::default();
    text.line(0, &question(explanation));
    text.line(0, &outcome(explanation));
    if explanation.steering.is_some() {
        text.line(0, &basis(explanation));
    }
    text.heading("What is at the name");
    at_the_name(&mut text, explanation);
    if let Some(steering) = &explanation.steering {
        text.heading("Where the client is");
        where_the_client_is(&mut text, explanation, steering);
        text.heading("Which pool answers");
        which_pool_answers(&mut text, explanation, steering);
        text.heading("What is given out");
        what_is_given_out(&mut text, &steering.given, explanation.draws.as_ref());
    }
    text.heading("For how long, and for whom");
    if let Some(ttl) = explanation.ttl {
        text.field("TTL", &for_how_long(ttl));
    }
    text.field("scope", &scope(explanation.scope));
    text.0
}

/// Lines with an indent of two spaces a level.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, level: usize, words: &str) {
        let line = format!("{:indent$}{words}", "", indent = level * 2);
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    fn heading(&mut self, words: &str) {
        self.0.push('\n');
        self.line(0, words);
    }

    fn field(&mut self, name: &str, value: &str) {
        self.line(1, &format!("{name:<11} {value}"));
    }
}

fn question(explanation: &Explanation) -> String {
    let rtype = record_type::name(explanation.rtype);
    let from = explanation.client.transport;
    match explanation.client.subnet {
        Some(subnet) => {
            format!("{} {rtype}, asked from {from} with client subnet {}", explanation.name, subnet)
        }
        None => format!("{} {rtype}, asked from {from}", explanation.name),
    }
}

/// What the health comes from, and the moment.
fn basis(explanation: &Explanation) -> String {
    let at = rfc3339(explanation.at);
    match explanation.basis {
        Basis::Assumed => format!("at {at}, from files alone: monitored members are assumed up"),
        Basis::Saved { at: saved } => {
            let age = span(explanation.at.saturating_sub(saved));
            format!("at {at}, with the health that was saved {age} before")
        }
        Basis::Observed { generation } => {
            format!("at {at}, with the health that the server sees; generation {generation}")
        }
    }
}

fn outcome(explanation: &Explanation) -> String {
    let authoritative = if explanation.authoritative { "authoritative" } else { "not authoritative" };
    format!("{}, {authoritative}: {}", explanation.rcode.name(), why(explanation))
}

fn why(explanation: &Explanation) -> String {
    let sentence = match explanation.why {
        Why::Exists => "the RRset exists and is not steered",
        Why::Steered(reason) => return format!("steered, {}", reason.label()),
        Why::NoData => "the name exists, the type does not (NODATA)",
        Why::NoName => "the name does not exist",
        Why::Delegated => "the name is delegated",
        Why::OneOfAny => "ANY gets one RRset (RFC 8482)",
        Why::ChainEnds if explanation.finding == Finding::ChainTooLong => {
            return format!("the chain of aliases is a loop or longer than {CHAIN_MAX}");
        }
        Why::ChainEnds => "the chain of aliases leaves our zones",
        Why::Synthesised => "a CNAME is synthesised from a DNAME",
        Why::NameTooLong => "the name that a DNAME leads to is longer than 255 octets",
        Why::NotOurZone => "no zone of ours holds the name",
        Why::NotAllowed if explanation.chain.is_empty() => "the zone does not answer this client",
        Why::NotAllowed => "the chain of CNAMEs leads to a zone that does not answer this client",
        Why::OtherClass => "a class other than IN",
    };
    sentence.to_owned()
}

fn at_the_name(text: &mut Text, explanation: &Explanation) {
    for alias in &explanation.chain {
        if let Some((owner, target)) = &alias.dname {
            text.field("DNAME", &format!("{owner} → {target}, TTL {}", alias.ttl));
        }
        if let Some(target) = &alias.target {
            let made = if alias.dname.is_some() { ", synthesised" } else { "" };
            text.field("CNAME", &format!("{} → {target}, TTL {}{made}", alias.owner, alias.ttl));
        }
    }
    if let Some(zone) = &explanation.zone {
        text.field("zone", &zone.to_string());
    }
    if let Some(access) = &explanation.access {
        text.field("access", &access_list(access));
    }
    text.field("found", &finding(&explanation.finding));
    for record in records(&explanation.finding) {
        text.field("", record);
    }
    if let Some(steering) = &explanation.steering {
        let (owner, rtype, line) = (&steering.owner, record_type::name(steering.rtype), &steering.line);
        let sentence = match steering.rtype == explanation.rtype {
            true => "the RRset above is its default RRset",
            false => "it chooses where the alias leads",
        };
        text.field("rule", &format!("{owner} {rtype} at {line}: {sentence}"));
    }
}

fn access_list(access: &Access) -> String {
    match (access.network, access.allowed) {
        (Some(network), true) => format!("allowed by {network}"),
        (Some(network), false) => format!("denied by {network}"),
        (None, true) => "allowed: not in a denied network".to_owned(),
        (None, false) => "denied: not in an allowed network".to_owned(),
    }
}

fn finding(finding: &Finding) -> String {
    match finding {
        Finding::NotOurZone => "no zone of ours holds it".to_owned(),
        Finding::NotAllowed => "nothing that this client may see".to_owned(),
        Finding::ChainTooLong => {
            format!("an alias that is not followed: an answer follows {CHAIN_MAX}, each once")
        }
        Finding::Redirected => "a name below a DNAME".to_owned(),
        Finding::Rrset { rtype, ttl, records, wildcard } => {
            let rtype = record_type::name(*rtype);
            let by = if *wildcard { " (a wildcard stands in)" } else { "" };
            format!("{rtype}, {}, TTL {ttl}{by}", counted(records.len(), "record"))
        }
        Finding::NoData { types, wildcard, ttl } => {
            let by = if *wildcard { ", by a wildcard" } else { "" };
            format!("{}{by}; resolvers remember for {ttl} s that the type is not", present(types))
        }
        Finding::NoName { ttl } => format!("nothing; resolvers remember for {ttl} s that the name is not"),
        Finding::Referral { cut, nameservers } => {
            format!("a zone cut at {cut} with {}", counted(nameservers.len(), "nameserver"))
        }
    }
}

/// The records that were found.
fn records(finding: &Finding) -> &[String] {
    match finding {
        Finding::Rrset { records, .. } => records,
        Finding::Referral { nameservers, .. } => nameservers,
        _ => &[],
    }
}

fn listed(records: &[String]) -> String {
    if records.is_empty() { String::new() } else { format!(": {}", records.join(", ")) }
}

fn present(types: &[u16]) -> String {
    let types: Vec<String> = types.iter().map(|&rtype| record_type::name(rtype)).collect();
    match types.is_empty() {
        true => "an empty non-terminal (only names below it exist)".to_owned(),
        false => format!("the name has {}", types.join(", ")),
    }
}

fn where_the_client_is(text: &mut Text, explanation: &Explanation, steering: &Steering) {
    text.field("decided on", &source(steering.source));
    let Some(place) = &steering.place else { return };
    database_records(text, place, explanation.at);
    levels(text, place);
    if let Some(origin) = &place.reason.origin {
        text.field("measured", &format!("from {origin}"));
    }
    for distance in &place.distances {
        text.field("", &far(distance));
    }
    text.field("sites", &listed_sites(&place.sites));
    text.field("class", &format!("number {} of {} in map {}", place.class, place.classes, place.map));
}

/// The levels of which the map has something, each with what came of it, and the others by name.
fn levels(text: &mut Text, place: &Place) {
    let (absent, present): (Vec<&Level>, Vec<&Level>) =
        place.levels.iter().partition(|level| level.outcome == LevelOutcome::NoTable);
    for (index, each) in present.iter().enumerate() {
        text.field(if index == 0 { "levels" } else { "" }, &level(each));
    }
    if !absent.is_empty() {
        let absent: Vec<&str> = absent.iter().map(|level| level.level.label()).collect();
        text.field("", &format!("the map has no {}", absent.join(", ")));
    }
}

/// `country DE of built-in: decides, entry dach at geoip/maps.toml:12 → fra, ams`.
fn level(level: &Level) -> String {
    let mut words = level.level.to_string();
    if let Some(looked_at) = &level.looked_at {
        words += &format!(" {looked_at}");
    }
    if let Some(database) = &level.said_by {
        words += &format!(" of {database}");
    }
    words += &format!(": {}", level.outcome);
    if matches!(level.outcome, LevelOutcome::Decides | LevelOutcome::Beaten(_)) {
        let entry = level.entry.as_ref().map_or(String::new(), |entry| format!(", entry {entry}"));
        let line = level.line.as_ref().map_or(String::new(), |line| format!(" at {line}"));
        words += &format!("{entry}{line} → {}", listed_sites(&level.sites));
    }
    words
}

/// `fra: 120 km`, `fra: 120 km, counts as 96 km by its bias of 20`.
fn far(distance: &Distance) -> String {
    let kilometres = |metres: u64| (metres + 500) / 1000;
    let far = format!("{}: {} km", distance.site, kilometres(distance.metres));
    match distance.biased {
        Some((bias, counted)) => {
            format!("{far}, counts as {} km by its bias of {bias}", kilometres(counted))
        }
        None => far,
    }
}

fn database_records(text: &mut Text, place: &Place, at: u64) {
    let reason = &place.reason;
    if reason.record.is_none() {
        text.field("record", "none: no database knows this address");
    }
    let records = reason.record.iter().chain(&reason.further_records);
    for ((database, network, says), &built) in records.zip(&place.built) {
        let age = span(at.saturating_sub(built));
        text.field("record", &format!("{network} in {database}, {age} old: {says}"));
    }
}

fn source(source: Source) -> String {
    let address = source.address;
    match source.origin {
        Origin::NoMap => "nothing: the rule has no map, so the written order of its pools decides".to_owned(),
        Origin::Transport => format!("{address}, the transport address: the query has no client subnet"),
        Origin::Subnet => format!("{address}, the query's client subnet"),
        Origin::TransportForSpecial { block } => format!(
            "{address}, the transport address: the client subnet lies in the special-purpose block {block}"
        ),
        Origin::TransportEcsOff => format!("{address}, the transport address: the map has ecs = false"),
    }
}

fn listed_sites(sites: &[String]) -> String {
    if sites.is_empty() { "none (an empty list)".to_owned() } else { sites.join(", ") }
}

fn scope(scope: Scope) -> String {
    match scope.reason {
        ScopeReason::NoSubnet => scope.sentence(),
        _ => format!("/{}: {}", scope.length, scope.sentence()),
    }
}

fn which_pool_answers(text: &mut Text, explanation: &Explanation, steering: &Steering) {
    for (place, each) in steering.candidates.iter().enumerate() {
        candidate(text, place + 1, each, explanation);
    }
    for excluded in &steering.excluded {
        text.line(
            1,
            &format!("-  {}: {}", at_site(&excluded.pool, excluded.site.as_deref()), excluded.reason),
        );
    }
    let reason = steering.reason;
    text.line(1, &format!("{}: {}", reason.label(), reason_sentence(reason)));
}

fn candidate(text: &mut Text, place: usize, candidate: &Candidate, explanation: &Explanation) {
    let answers = if candidate.answers { "  ← answers" } else { "" };
    let pool = at_site(&candidate.pool, candidate.site.as_deref());
    let (state, pick) = (candidate.state, candidate.pick);
    text.line(1, &format!("{place}. {pool}: {state}, pick {pick} ({}){answers}", candidate.line));
    let name_width = candidate.members.iter().map(|member| member.name.chars().count()).max().unwrap_or(0);
    let of_member =
        |member: &Member| member.answer.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let answers_with: Vec<String> = candidate.members.iter().map(of_member).collect();
    let width = answers_with.iter().map(String::len).max().unwrap_or(0);
    for (member, answer) in candidate.members.iter().zip(&answers_with) {
        let Member { name, line, .. } = member;
        let weight = weight(member.weight, member.slow_start);
        let eligible = eligible(member);
        text.line(
            3,
            &format!("{name:name_width$}  {answer:width$}  weight {weight:<5}  {eligible} ({line})"),
        );
        for each in member.targets.iter().filter(|target| target.observed.is_some()) {
            text.line(5, &target(each, explanation.at));
        }
    }
}

/// `eligible: up`, `not eligible: assumed down`.
fn eligible(member: &Member) -> String {
    let given = if member.eligibility.is_given() { "eligible" } else { "not eligible" };
    let said_by_targets = matches!(member.eligibility, Eligibility::Up | Eligibility::Down);
    let nobody_looked = member.targets.iter().any(|target| target.observed.is_none());
    let assumed = if said_by_targets && nobody_looked { "assumed " } else { "" };
    let whatever = member.targets.iter().any(|target| target.observed.is_some() && target.supposed);
    let supposed = if whatever { ", as supposed" } else { "" };
    let will = member.will.as_ref().map_or_else(String::new, |will| format!(", {will}"));
    format!("{given}: {assumed}{}{supposed}{will}", member.eligibility)
}

/// `web: up for 3d 4h, 0 of 3 failures; last verdict 2s ago: pass in 1.234 ms; can flip in 15 s`.
fn target(target: &Target, at: u64) -> String {
    let Some(observed) = &target.observed else { return String::new() };
    let ago = |then: u64| span(at.saturating_sub(then));
    let (state, since) = (observed.state, ago(observed.since));
    let counts = match observed.failures {
        _ if state == State::Down => format!("{} of {} passes", observed.passes, target.rise),
        failures => format!("{failures} of {} failures", target.fall),
    };
    let verdict = match &observed.last {
        Some(last) => format!("last verdict {} ago: {}", ago(last.at), last.verdict),
        None => "no verdict yet".to_owned(),
    };
    let flip = target.soonest_flip;
    format!("{}: {state} for {since}, {counts}; {verdict}; can flip in {flip} s", target.monitor)
}

fn at_site(pool: &str, site: Option<&str>) -> String {
    site.map_or_else(|| pool.to_owned(), |site| format!("{pool} at {site}"))
}

fn what_is_given_out(text: &mut Text, given: &Given, draws: Option<&Draws>) {
    match given {
        Given::Pool { variants, shares, .. } => {
            variants.iter().for_each(|each| text.line(1, &variant(each, draws)));
            if variants.iter().any(|variant| variant.members.len() > 1) {
                text.line(1, "Each member's share: in the answer, and standing first in it");
                shares.iter().for_each(|each| text.line(1, &share(each)));
            }
        }
        Given::DefaultRrset(records) => text.line(1, &format!("the default RRset{}", listed(records))),
        Given::NoData => text.line(1, "NODATA: no record"),
    }
    if let Some(draws) = draws {
        drawn(text, draws);
    }
}

fn variant(variant: &Variant, draws: Option<&Draws>) -> String {
    let members: Vec<String> =
        variant.members.iter().map(|(member, answer)| format!("{answer} ({member})")).collect();
    let drawn = draws.map_or(String::new(), |draws| {
        let count = draws.of_variant(variant.members.iter().map(|(member, _)| member.as_str()));
        format!("drawn {count} ({})  ", Fraction(count.into(), draws.count.into()))
    });
    format!("{}  {drawn}{}", probability(variant.probability), members.join(", "))
}

/// How often was drawn, and what, where answers differ by more than their variant.
fn drawn(text: &mut Text, draws: &Draws) {
    let times = counted(draws.count as usize, "time");
    if draws.answers.iter().all(|answer| answer.members.len() <= 1) {
        text.line(1, &format!("Drawn {times} with seed {}", draws.seed));
        return;
    }
    text.line(1, &format!("Drawn {times} with seed {}, members in the order of their records", draws.seed));
    for answer in draws.answers.iter().take(DRAWN_SHOWN) {
        text.line(2, &format!("{:>7}  {}", answer.count, answer.members.join(", ")));
    }
    if let more @ 1.. = draws.answers.len().saturating_sub(DRAWN_SHOWN) {
        text.line(2, &format!("and {more} more (--format json lists all)"));
    }
}

fn share(share: &Share) -> String {
    format!("{}  {}  {}", probability(share.answer), probability(share.first), share.member)
}

/// The exact fraction, and the percentage that people read.
fn probability(fraction: Fraction) -> String {
    let exact = format!("{}/{}", fraction.0, fraction.1);
    format!("{exact:<9} {fraction:>8}")
}

fn for_how_long(ttl: Ttl) -> String {
    let reason = ttl.reason.sentence();
    let bounds = ttl.steered.map_or(String::new(), |steered| {
        let flip = steered.soonest_flip.map_or_else(|| "never".to_owned(), |flip| format!("in {flip} s"));
        let (min, max) = (steered.min, steered.max);
        format!(" (soonest flip {flip}, min_ttl {min}, default RRset {max})")
    });
    format!("{}: {reason}{bounds}", ttl.seconds)
}
