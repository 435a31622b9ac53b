//! What an operator should look at, worst first, as sentences.

use crate::admin::status::{
    GeoStatus, LimitingStatus, LoadStatus, PoolStatus, RuleStatus, Status, TargetStatus,
};
use crate::explain::words::counted;
use crate::health::State;
use crate::steer::{Eligibility, PoolState};

/// The sentences about a state; none on a good day.
pub(super) fn attention(status: &Status) -> Vec<String> {
    let Status { load, limiting, geo, pools, troubled_rules, .. } = status;
    let rules = troubled_rules.iter().flat_map(rule_words);
    let refused = refused_words(load);
    let limiting = limiting.as_ref().map(limiting_words);
    let untaken = geo.iter().filter_map(untaken_words);
    let held = geo.iter().filter_map(held_words);
    let degraded = geo.iter().filter_map(degraded_words);
    let suspects = pools.iter().filter_map(suspect_words);
    let states = pools.iter().flat_map(state_words);
    let awaiting = pools.iter().flat_map(all_awaiting_words);
    let down = pools.iter().flat_map(all_down_words);
    let data = refused.into_iter().chain(limiting).chain(untaken).chain(held).chain(degraded);
    rules.chain(data).chain(suspects).chain(states).chain(awaiting).chain(down).collect()
}

fn rule_words(rule: &RuleStatus) -> impl Iterator<Item = String> {
    rule.outcomes.iter().map(move |outcome| {
        let pool = outcome.pool.as_ref().map_or(String::new(), |pool| format!(" (pool {pool} answers)"));
        format!(
            "{} {}: {}{pool} for {} of {} classes of clients",
            rule.owner, rule.rtype, outcome.reason, outcome.classes, outcome.of_classes
        )
    })
}

fn refused_words(load: &LoadStatus) -> Option<String> {
    (!load.taken).then(|| format!("the load at {} was refused; see its faults", load.at))
}

/// `answers are limited since … for networks such as 192.0.2.0/24 (missing names of one zone)`.
fn limiting_words(limiting: &LimitingStatus) -> String {
    let what = match limiting.log_only {
        true => "answers would be limited (log_only: nothing is held back)",
        false => "answers are limited",
    };
    let whose = match (&limiting.network, &limiting.class) {
        (Some(network), Some(class)) => format!(", for networks such as {network} ({class})"),
        _ => String::new(),
    };
    format!("{what} since {}{whose}", limiting.since)
}

/// A database whose file went bad or missing under the server.
fn untaken_words(source: &GeoStatus) -> Option<String> {
    let (refused, path) = (source.refused.as_ref()?, source.path.as_ref()?);
    let (since, why) = (&refused.since, &refused.why);
    Some(format!("geo database {path} is not taken since {since}: {why}; what was read before serves"))
}

/// A database that is held back, and what to do about it.
fn held_words(source: &GeoStatus) -> Option<String> {
    let (held, path) = (source.held_back.as_ref()?, source.path.as_ref()?);
    let (since, why) = (&held.since, held.objection());
    Some(format!(
        "geo database {path} is held back since {since}: {why}; see `meridian plan --running`, take it with `meridian geo accept`"
    ))
}

/// Something else than the configured file serves.
fn degraded_words(source: &GeoStatus) -> Option<String> {
    source.degraded.as_ref().map(|why| format!("geo data: {why}"))
}

fn suspect_words(pool: &PoolStatus) -> Option<String> {
    let (name, suspects) = (&pool.name, counted(pool.suspects, "address"));
    (pool.suspects > 0).then(|| {
        format!("pool {name}: {suspects} suspect, more than its panic limit allows; `meridian panic accept {name}` lets go")
    })
}

fn state_words(pool: &PoolStatus) -> impl Iterator<Item = String> {
    let families = [("IPv4", &pool.ipv4), ("IPv6", &pool.ipv6)].into_iter();
    let data = pool.data.iter().map(|data| (data.rtype.as_str(), &data.state));
    families.chain(data).filter_map(|(what, state)| {
        let troubled =
            [PoolState::Degraded, PoolState::Dead].iter().any(|trouble| *state == trouble.to_string());
        troubled.then(|| format!("pool {} is {state} for {what}", pool.name))
    })
}

fn all_awaiting_words(pool: &PoolStatus) -> impl Iterator<Item = String> {
    pool.members.iter().flat_map(move |member| {
        let awaiting = member.addresses.iter().filter(|address| address.awaits_resume);
        let awaiting = awaiting.map(|address| (&address.reason, format!(" at {}", address.address)));
        let data = member.data.iter().filter(|data| data.awaits_resume && member.addresses.is_empty());
        awaiting.chain(data.map(|data| (&data.reason, String::new()))).map(move |(reason, place)| {
            awaiting_words(&format!("{}/{}", pool.name, member.name), reason, &place)
        })
    })
}

/// A member that is to be resumed; one that is down cannot be.
fn awaiting_words(name: &str, reason: &str, place: &str) -> String {
    let is_down = [Eligibility::Down, Eligibility::Suspect].iter().any(|down| reason == down.to_string());
    let when = if is_down { "once it is up, " } else { "" };
    format!("member {name} is {reason}{place}; {when}`meridian resume {name}` brings it back")
}

fn all_down_words(pool: &PoolStatus) -> impl Iterator<Item = String> {
    pool.members.iter().flat_map(move |member| {
        let is_down = |target: &&TargetStatus| target.state == State::Down.to_string();
        member
            .targets()
            .filter(is_down)
            .map(move |target| format!("member {}/{} is {}", pool.name, member.name, down_words(target)))
    })
}

/// `down for monitor web at 192.0.2.1: connection refused`.
fn down_words(target: &TargetStatus) -> String {
    let why = target.verdict.as_ref().filter(|verdict| verdict.result != "pass");
    let why = why.map_or(String::new(), |verdict| format!(": {}", verdict.detail));
    format!("down for monitor {} at {}{why}", target.monitor, target.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_can_be_resumed_once_it_is_up() {
        for (eligibility, expected) in [
            (Eligibility::AwaitsResume, "is up, awaiting resume at 192.0.2.1; `meridian resume"),
            (Eligibility::Down, "is down at 192.0.2.1; once it is up, `meridian resume"),
        ] {
            let words = awaiting_words("web/a", &eligibility.to_string(), " at 192.0.2.1");
            assert_eq!(words, format!("member web/a {expected} web/a` brings it back"));
        }
    }
}
