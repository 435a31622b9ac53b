//! Fills [`Status`] from what the daemon holds.

mod attention;
mod geo;
mod pools;
mod rules;

pub(super) use geo::untaken_of;
pub(super) use pools::health_in;
pub use rules::troubled_rules;

use self::attention::attention;
use self::geo::geo;
use self::pools::View;
use super::status::{LimitingStatus, LoadStatus, MapStatus, Status, ZoneStatus};
use super::timestamp::rfc3339;
use super::{LastLoad, Limiting, Sources, answering};
use crate::snapshot::{Map, Recorded, Snapshot};

/// Takes the state of this moment.
pub(super) fn status(sources: &Sources, now: u64) -> Status {
    let Recorded { snapshot, records } = (sources.recorded)();
    let configuration = &snapshot.configuration;
    let status = Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        started: rfc3339(sources.started),
        uptime_seconds: now.saturating_sub(sources.started),
        ready: (sources.ready)(),
        generation: snapshot.generation,
        attention: Vec::new(),
        load: load(&(sources.last_load)(), now),
        limiting: (sources.limiting)().map(limiting),
        answering: answering(configuration, now),
        zones: zones(&snapshot),
        geo: geo(&configuration.geo, &(sources.untaken)(), now),
        maps: maps(&configuration.maps),
        pools: View { snapshot: &snapshot, records: &records, now }.pools(),
        rules: configuration.rules.len(),
        troubled_rules: troubled_rules(&snapshot),
    };
    Status { attention: attention(&status), ..status }
}

fn load(load: &LastLoad, now: u64) -> LoadStatus {
    LoadStatus {
        at: rfc3339(load.at),
        age_seconds: now.saturating_sub(load.at),
        taken: load.taken,
        faults: load.faults.iter().map(ToString::to_string).collect(),
    }
}

fn limiting(limiting: Limiting) -> LimitingStatus {
    LimitingStatus {
        since: rfc3339(limiting.since),
        log_only: limiting.log_only,
        network: limiting.sample.map(|sample| sample.network.to_string()),
        class: limiting.sample.map(|sample| sample.class.to_owned()),
    }
}

fn zones(snapshot: &Snapshot) -> Vec<ZoneStatus> {
    let zones = snapshot.zones.iter();
    zones
        .map(|zone| ZoneStatus {
            name: zone.apex().to_string(),
            serial: zone.serial(),
            records: zone.record_count(),
        })
        .collect()
}

fn maps(maps: &[Map]) -> Vec<MapStatus> {
    let maps = maps.iter();
    maps.map(|map| MapStatus {
        name: map.table.name().to_owned(),
        ecs: map.ecs,
        classes: map.table.classes().len(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::status::VerdictStatus;
    use crate::admin::testing::{STARTED, with_a_database, with_members_down};
    use crate::admin::{Objection, Untaken};
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
    fn a_database_whose_file_is_not_taken_wants_attention_and_says_why_and_since_when() {
        let change = Objection::Change { share: "7 %".into(), max_change: "1 %".into() };
        let held = Untaken::HeldBack { digest: 7, why: change };
        for (why, words) in [
            (
                Untaken::Refused("the file is missing".into()),
                "not taken since 2026-11-20T05:31:46Z: the file is missing; what was read before serves",
            ),
            (
                held,
                "held back since 2026-11-20T05:31:46Z: it moves 7 % of the clients of a name, more than 1 %; see \
                 `meridian plan --running`, take it with `meridian geo accept`",
            ),
        ] {
            let status = status(&with_a_database(Some(why.clone())), STARTED + 90);
            let expected = format!("geo database a.mmdb is {words}");
            assert!(status.attention.contains(&expected), "{expected}\n{:?}", status.attention);
            let refused = status.geo[0].refused.as_ref().map(|refused| refused.age_seconds);
            let is_refused = matches!(why, Untaken::Refused(_));
            assert_eq!((refused, status.geo[0].held_back.is_some()), (is_refused.then_some(90), !is_refused));
        }
        let good = status(&with_a_database(None), STARTED + 90);
        assert!(good.geo[0].refused.is_none() && good.geo[0].held_back.is_none());
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
