//! Fills [`Status`] from what the daemon holds.

use std::collections::HashMap;
use std::net::IpAddr;

use super::status::{
    AddressStatus, DataStatus, GeoStatus, HeldBackStatus, InnerPoolStatus, LimitingStatus, LoadStatus,
    MapStatus, MemberStatus, OutcomeStatus, PoolDataStatus, PoolStatus, RuleStatus, Status, TargetStatus,
    VerdictStatus, ZoneStatus,
};
use super::timestamp::rfc3339;
use super::{HeldDatabase, LastLoad, Limiting, Objection, Sources, answering};
use crate::explain::words::{counted, will};
use crate::geo::ClassId;
use crate::health::{Hold, LastVerdict, Record, State, TargetId, TargetKey, Verdict};
use crate::snapshot::{Configuration, GeoSource, Snapshot};
use crate::steer::{
    self, Candidates, Content, Eligibility, Member, Pool, PoolId, PoolKind, PoolState, Reason, Rule,
    TargetHealth,
};
use crate::wire::Family;
use crate::zone::{print_data, record_type};

/// Takes the state of this moment.
pub(super) fn status(sources: &Sources, now: u64) -> Status {
    let snapshot = sources.store.load_full();
    let records = (sources.targets)();
    let view = View { snapshot: &snapshot, records: &records, now };
    let load = view.load(&(sources.last_load)());
    let pools = view.pools();
    let troubled_rules = troubled_rules(&snapshot);
    let geo = view.geo(&(sources.held)());
    let limiting = (sources.limiting)().map(limiting);
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        started: rfc3339(sources.started),
        uptime_seconds: now.saturating_sub(sources.started),
        ready: (sources.ready)(),
        generation: snapshot.generation,
        attention: attention(&load, limiting.as_ref(), &geo, &pools, &troubled_rules),
        load,
        limiting,
        answering: answering(&snapshot.configuration, now),
        zones: view.zones(),
        geo,
        maps: view.maps(),
        pools,
        rules: snapshot.configuration.rules.len(),
        troubled_rules,
    }
}

struct View<'a> {
    snapshot: &'a Snapshot,
    records: &'a HashMap<TargetKey, Record>,
    now: u64,
}

impl View<'_> {
    fn load(&self, load: &LastLoad) -> LoadStatus {
        LoadStatus {
            at: rfc3339(load.at),
            age_seconds: self.now.saturating_sub(load.at),
            taken: load.taken,
            faults: load.faults.iter().map(ToString::to_string).collect(),
        }
    }

    fn zones(&self) -> Vec<ZoneStatus> {
        let zones = self.snapshot.zones.iter();
        zones
            .map(|zone| ZoneStatus {
                name: zone.apex().to_string(),
                serial: zone.serial(),
                records: zone.record_count(),
            })
            .collect()
    }

    fn geo(&self, held: &[HeldDatabase]) -> Vec<GeoStatus> {
        self.snapshot.configuration.geo.iter().map(|source| self.geo_source(source, held)).collect()
    }

    fn geo_source(&self, source: &GeoSource, held: &[HeldDatabase]) -> GeoStatus {
        let held = held.iter().find(|held| Some(held.path.as_str()) == source.path.as_deref());
        let (networks, countries) = source.database.coverage();
        let built = source.database.built_at();
        GeoStatus {
            name: source.database.name().to_owned(),
            path: source.path.clone(),
            built: rfc3339(built),
            age_seconds: self.now.saturating_sub(built),
            networks,
            countries,
            degraded: source.degraded.clone(),
            held_back: held.map(held_back),
        }
    }

    fn maps(&self) -> Vec<MapStatus> {
        let maps = self.snapshot.configuration.maps.iter();
        maps.map(|map| MapStatus {
            name: map.table.name().to_owned(),
            ecs: map.ecs,
            classes: map.table.classes().len(),
        })
        .collect()
    }

    fn pools(&self) -> Vec<PoolStatus> {
        let pools = self.snapshot.configuration.pools.iter();
        pools.enumerate().map(|(index, pool)| self.pool(PoolId(index as u32), pool)).collect()
    }

    fn pool(&self, id: PoolId, pool: &Pool) -> PoolStatus {
        let configuration = &self.snapshot.configuration;
        let health = health_in(configuration, self.records);
        let standing = Content::ALL.map(|content| {
            let pool = self.snapshot.standing(id, content);
            (pool, steer::eligibility(pool, content, &health))
        });
        let state = |content| self.snapshot.pool(id, content).state.to_string();
        let shown = pool.contents().iter().flat_map(|content| &standing[content.index()].1);
        let data = match pool.kind {
            PoolKind::Addresses => None,
            PoolKind::Records(number) => {
                Some(PoolDataStatus { rtype: record_type::name(number), state: state(Content::Data) })
            }
        };
        PoolStatus {
            name: pool.name.clone(),
            site: pool.site.map(|site| configuration.sites[usize::from(site.0)].name.clone()),
            ipv4: state(Content::V4),
            ipv6: state(Content::V6),
            data,
            suspects: shown.filter(|one| one.is_suspect()).count(),
            members: (0..pool.members.len()).map(|index| self.member(index, &standing)).collect(),
            inner: pool
                .inner
                .iter()
                .map(|inner| InnerPoolStatus {
                    pool: configuration.pools[inner.pool.0 as usize].name.clone(),
                    weight: inner.weight,
                })
                .collect(),
        }
    }

    /// A member, of a pool as it stands with each content.
    fn member(&self, index: usize, standing: &[(&Pool, Vec<Eligibility>); 3]) -> MemberStatus {
        let kind = standing[0].0.kind;
        let addresses = Family::BOTH.iter().filter_map(|&family| {
            let content = match kind {
                PoolKind::Addresses => family.into(),
                PoolKind::Records(_) => Content::Data,
            };
            let (pool, eligibilities) = &standing[content.index()];
            let member = &pool.members[index];
            Some(self.address(member, member.address(family)?, eligibilities[index]))
        });
        let (pool, eligibilities) = match kind {
            PoolKind::Addresses => &standing[Content::V4.index()],
            PoolKind::Records(_) => &standing[Content::Data.index()],
        };
        let member = &pool.members[index];
        let data = match kind {
            PoolKind::Addresses => None,
            PoolKind::Records(number) => Some(self.data(number, member, eligibilities[index])),
        };
        let watched = member.watched.iter().filter_map(|&target| self.target(target));
        MemberStatus {
            data,
            watched: watched.collect(),
            name: member.name.clone(),
            weight: pool.weight_of(member),
            admin: member.admin.to_string(),
            admin_why: will(pool, member, self.now),
            addresses: addresses.collect(),
        }
    }

    fn address(&self, member: &Member, address: IpAddr, eligibility: Eligibility) -> AddressStatus {
        let targets = &member.targets[Family::of(address).index()];
        AddressStatus {
            address,
            eligible: eligibility.is_given(),
            reason: eligibility.to_string(),
            suspect: eligibility.is_suspect(),
            awaits_resume: member.hold == Hold::AwaitsResume,
            slow_start_step: member.slow_start.map(|slow_start| slow_start.step),
            targets: targets.iter().filter_map(|&target| self.target(target)).collect(),
        }
    }

    fn data(&self, number: u16, member: &Member, eligibility: Eligibility) -> DataStatus {
        // What is probed for a member with an address stands there.
        let has_address = member.ipv4.is_some() || member.ipv6.is_some();
        let targets = member.targets.iter().flatten().filter(|_| !has_address);
        DataStatus {
            records: member.data.iter().map(|data| print_data(number, data)).collect(),
            eligible: eligibility.is_given(),
            reason: eligibility.to_string(),
            suspect: eligibility.is_suspect(),
            awaits_resume: member.hold == Hold::AwaitsResume,
            slow_start_step: member.slow_start.map(|slow_start| slow_start.step),
            targets: targets.filter_map(|&target| self.target(target)).collect(),
        }
    }

    fn target(&self, id: TargetId) -> Option<TargetStatus> {
        let configuration = &self.snapshot.configuration;
        let target = &configuration.targets[id.0 as usize];
        let record = self.records.get(&target.key)?;
        Some(TargetStatus {
            monitor: configuration.monitors[target.monitor].names.join(", "),
            address: target.key.address,
            state: record.tracker.state.to_string(),
            since: rfc3339(record.since),
            state_seconds: self.now.saturating_sub(record.since),
            verdict: record.last.as_ref().map(|last| self.verdict(last)),
        })
    }

    fn verdict(&self, last: &LastVerdict) -> VerdictStatus {
        let (result, detail) = match &last.verdict {
            Verdict::Pass { microseconds } => ("pass", milliseconds(*microseconds)),
            Verdict::Fail(reason) => ("fail", reason.clone()),
            Verdict::Abstain(reason) => ("abstain", reason.clone()),
        };
        VerdictStatus { result: result.to_owned(), detail, age_seconds: self.now.saturating_sub(last.at) }
    }
}

/// The health of the moment, as pools are compiled from it.
pub(super) fn health_in<'a>(
    configuration: &'a Configuration,
    records: &'a HashMap<TargetKey, Record>,
) -> impl Fn(TargetId) -> TargetHealth + 'a {
    const UNKNOWN: TargetHealth = TargetHealth { state: State::Unknown, soonest_flip: 0 };
    move |id| {
        let record = records.get(&configuration.targets[id.0 as usize].key);
        record.map_or(UNKNOWN, |record| TargetHealth::of(&record.tracker, configuration.monitor_of(id)))
    }
}

/// The rules that do not answer from a healthy pool for every class of clients.
pub fn troubled_rules(snapshot: &Snapshot) -> Vec<RuleStatus> {
    let configuration = &snapshot.configuration;
    let labelled = configuration.rules.iter().zip(&configuration.rule_labels);
    // Ten thousand rules share a few lists of candidates, and the hundreds of classes in each are of a few kinds.
    let mut known = HashMap::new();
    labelled
        .filter_map(|(rule, label)| {
            let candidates: &Candidates = &rule.candidates;
            let kinds = known.entry(std::ptr::from_ref(candidates)).or_insert_with(|| candidates.kinds());
            let outcomes = troubles(snapshot, rule, kinds);
            (!outcomes.is_empty()).then(|| RuleStatus {
                owner: label.owner.to_string(),
                rtype: record_type::name(label.rtype),
                outcomes,
            })
        })
        .collect()
}

/// What the classes of a rule get that do not get a healthy pool. An empty site list is no trouble: it was written.
fn troubles(snapshot: &Snapshot, rule: &Rule, kinds: &[(ClassId, usize)]) -> Vec<OutcomeStatus> {
    let configuration = &snapshot.configuration;
    let of_classes = rule.map.map_or(1, |map| configuration.maps[map as usize].table.classes().len());
    let mut counts: Vec<((Reason, Option<PoolId>), usize)> = Vec::new();
    for &(class, classes) in kinds {
        // A trickle goes to healthy candidates only: that is no trouble.
        let pools = |pool| snapshot.pool(pool, rule.content);
        let choice = steer::choose(rule, class, |_| false, pools);
        if matches!(choice.reason, Reason::Healthy | Reason::EmptyDefault | Reason::EmptyNoData) {
            continue;
        }
        let outcome = (choice.reason, choice.given.pool());
        match counts.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, count)) => *count += classes,
            None => counts.push((outcome, classes)),
        }
    }
    counts
        .into_iter()
        .map(|((reason, pool), classes)| OutcomeStatus {
            reason: reason.label().to_owned(),
            pool: pool.map(|id| configuration.pools[id.0 as usize].name.clone()),
            classes,
            of_classes,
        })
        .collect()
}

fn milliseconds(microseconds: u32) -> String {
    format!("{}.{} ms", microseconds / 1000, microseconds % 1000 / 100)
}

/// What an operator should look at, worst first.
fn attention(
    load: &LoadStatus,
    limiting: Option<&LimitingStatus>,
    geo: &[GeoStatus],
    pools: &[PoolStatus],
    troubled_rules: &[RuleStatus],
) -> Vec<String> {
    let rules = troubled_rules.iter().flat_map(|rule| {
        rule.outcomes.iter().map(move |outcome| {
            let pool = outcome.pool.as_ref().map_or(String::new(), |pool| format!(" (pool {pool} answers)"));
            format!(
                "{} {}: {}{pool} for {} of {} classes of clients",
                rule.owner, rule.rtype, outcome.reason, outcome.classes, outcome.of_classes
            )
        })
    });
    let refused = (!load.taken).then(|| format!("the load at {} was refused; see its faults", load.at));
    let held = geo.iter().filter_map(held_words);
    let geo = geo.iter().filter_map(|source| source.degraded.as_ref()).map(|why| format!("geo data: {why}"));
    let states = pools.iter().flat_map(|pool| {
        let families = [("IPv4", &pool.ipv4), ("IPv6", &pool.ipv6)].into_iter();
        let data = pool.data.iter().map(|data| (data.rtype.as_str(), &data.state));
        families.chain(data).filter_map(|(what, state)| {
            let troubled =
                [PoolState::Degraded, PoolState::Dead].iter().any(|trouble| *state == trouble.to_string());
            troubled.then(|| format!("pool {} is {state} for {what}", pool.name))
        })
    });
    let suspects = pools.iter().filter(|pool| pool.suspects > 0).map(|pool| {
        let (name, suspects) = (&pool.name, counted(pool.suspects, "address"));
        format!("pool {name}: {suspects} suspect, more than its panic limit allows; `meridian panic accept {name}` lets go")
    });
    let awaiting = pools.iter().flat_map(|pool| {
        pool.members.iter().flat_map(move |member| {
            let awaiting = member.addresses.iter().filter(|address| address.awaits_resume);
            let awaiting = awaiting.map(|address| (&address.reason, format!(" at {}", address.address)));
            let data = member.data.iter().filter(|data| data.awaits_resume && member.addresses.is_empty());
            awaiting.chain(data.map(|data| (&data.reason, String::new()))).map(move |(reason, place)| {
                awaiting_words(&format!("{}/{}", pool.name, member.name), reason, &place)
            })
        })
    });
    let down = pools.iter().flat_map(|pool| {
        pool.members.iter().flat_map(move |member| {
            member
                .targets()
                .filter(|target| target.state == State::Down.to_string())
                .map(move |target| format!("member {}/{} is {}", pool.name, member.name, down_words(target)))
        })
    });
    let limiting = limiting.map(limiting_words);
    let states = suspects.chain(states).chain(awaiting);
    rules.chain(refused).chain(limiting).chain(held).chain(geo).chain(states).chain(down).collect()
}

/// A member that is to be resumed; one that is down cannot be.
fn awaiting_words(name: &str, reason: &str, place: &str) -> String {
    let is_down = [Eligibility::Down, Eligibility::Suspect].iter().any(|down| reason == down.to_string());
    let when = if is_down { "once it is up, " } else { "" };
    format!("member {name} is {reason}{place}; {when}`meridian resume {name}` brings it back")
}

fn held_back(held: &HeldDatabase) -> HeldBackStatus {
    let since = rfc3339(held.since);
    match held.why.clone() {
        Objection::Change { share, max_change } => {
            HeldBackStatus { since, change: Some(share), max_change: Some(max_change), assertion: None }
        }
        Objection::Assertion(assertion) => {
            HeldBackStatus { since, change: None, max_change: None, assertion: Some(assertion) }
        }
    }
}

/// A database that is held back, and what to do about it.
fn held_words(source: &GeoStatus) -> Option<String> {
    let (why, path) = (source.held_back.as_ref()?.objection(), source.path.as_ref()?);
    Some(format!(
        "geo database {path} is held back: {why}; see `meridian plan --running`, take it with `meridian geo accept`"
    ))
}

fn limiting(limiting: Limiting) -> LimitingStatus {
    LimitingStatus {
        since: rfc3339(limiting.since),
        log_only: limiting.log_only,
        network: limiting.sample.map(|sample| sample.network.to_string()),
        class: limiting.sample.map(|sample| sample.class.to_owned()),
    }
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

/// `down for monitor web at 192.0.2.1: connection refused`.
fn down_words(target: &TargetStatus) -> String {
    let why = target.verdict.as_ref().filter(|verdict| verdict.result != "pass");
    let why = why.map_or(String::new(), |verdict| format!(": {}", verdict.detail));
    format!("down for monitor {} at {}{why}", target.monitor, target.address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::testing::{STARTED, with_members_down};
    use crate::answer::Limited;
    use crate::fault::{Fault, Source};
    use crate::geo::Prefix;

    #[test]
    fn a_good_day_shows_every_member_and_wants_nothing() {
        let mut sources = with_members_down(&[]);
        sources.started = STARTED - 60;
        let status = status(&sources, STARTED + 10);
        assert_eq!((status.uptime_seconds, status.rules), (70, 2));
        let near = &status.pools[0];
        assert_eq!((near.ipv4.as_str(), near.ipv6.as_str()), ("healthy", "absent"));
        let address = &near.members[0].addresses[0];
        assert!(address.eligible, "{address:?}");
        let target = &address.targets[0];
        assert_eq!((target.state.as_str(), target.monitor.as_str(), target.state_seconds), ("up", "web", 10));
        let verdict = VerdictStatus { result: "pass".into(), detail: "1.2 ms".into(), age_seconds: 5 };
        assert_eq!(target.verdict, Some(verdict));
        let far = &status.pools[1].members[0];
        assert_eq!((far.admin.as_str(), far.addresses.len()), ("drained", 2));
    }

    #[test]
    fn rules_pools_and_members_in_trouble_are_named_with_their_state() {
        let status = status(&with_members_down(&["a"]), STARTED);
        let expected = [
            "api.example.com. A: all_down_default for 1 of 1 classes of clients",
            "www.example.com. A: degraded (pool near answers) for 1 of 1 classes of clients",
            "pool near is degraded for IPv4",
            "pool far is dead for IPv4",
            "pool far is dead for IPv6",
            "member near/a is down for monitor web at 192.0.2.1: connection refused",
        ];
        let mut attention = status.attention.clone();
        attention[..2].sort();
        assert_eq!(attention, expected);
    }

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

    #[test]
    fn limited_answers_want_attention_with_a_network_to_look_for() {
        let sample = Limited {
            network: Prefix::around("192.0.2.77".parse().unwrap(), 24),
            class: "missing names of one zone",
        };
        let whose = "for networks such as 192.0.2.0/24 (missing names of one zone)";
        for (log_only, what) in [
            (false, "answers are limited since"),
            (true, "answers would be limited (log_only: nothing is held back) since"),
        ] {
            let mut sources = with_members_down(&[]);
            let limiting = Limiting { since: STARTED, sample: Some(sample), log_only };
            sources.limiting = Box::new(move || Some(limiting));
            let status = status(&sources, STARTED + 3);
            let expected = format!("{what} 2026-11-20T05:31:46Z, {whose}");
            assert!(status.attention.contains(&expected), "{:?}", status.attention);
            assert_eq!(status.limiting.unwrap().network.as_deref(), Some("192.0.2.0/24"));
        }
    }

    #[test]
    fn a_refused_load_wants_attention_and_shows_its_faults() {
        let mut sources = with_members_down(&[]);
        sources.last_load = Box::new(|| {
            let source = Source::new("meridian.toml", "x");
            LastLoad { at: STARTED, taken: false, faults: vec![Fault::error(&source, 0..1, "no such thing")] }
        });
        let status = status(&sources, STARTED + 3);
        assert!(!status.load.taken);
        assert_eq!(status.load.faults, ["meridian.toml:1:1: error: no such thing"]);
        assert!(status.attention.iter().any(|line| line.contains("was refused")), "{:?}", status.attention);
    }
}
