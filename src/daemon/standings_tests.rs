//! Pools over time, with a clock that the test holds: schedules, TTLs before a planned change, slow starts.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::config::{self, Files, Mode, report};
use crate::geo::ClassId;
use crate::health::{AdminState, Hold, Verdict};
use crate::schedule::{HORIZON, parse_moment};
use crate::snapshot::Configuration;
use crate::steer::{self, NEVER, PoolId, PoolState};
use crate::wire::Content;

use super::act::Act;
use super::model::{Change, Model, Report};

const POOL: PoolId = PoolId(0);

/// One rule over one pool, the default RRset's TTL 60, `min_ttl` 30, and these members.
fn configuration(pool: &str, members: &str) -> Arc<Configuration> {
    configuration_of(1, pool, members)
}

/// The same; so many failures in a row take a member down.
pub(super) fn configuration_of(fall: u32, pool: &str, members: &str) -> Arc<Configuration> {
    configuration_with("", fall, pool, members)
}

/// The same, with further records in the zone.
fn configuration_with(records: &str, fall: u32, pool: &str, members: &str) -> Arc<Configuration> {
    let main = "[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n";
    let zone = format!(
        "$TTL 60\n@ SOA ns host 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\n{records}"
    );
    let steering = format!(
        "[monitor.m]\nprobe = {{ tcp = {{}} }}\nport = 80\ninterval = \"10s\"\nrise = 1\nfall = {fall}\n\
         [pool.web]\nmonitor = \"m\"\n{pool}\nmembers = [\n{members}\n]\n\
         [[steer]]\nname = \"www\"\npools = [\"web\"]\nmin_ttl = 30\n"
    );
    let files = [("meridian.toml", main), ("zones/example.zone", &zone), ("zones/example.toml", &steering)];
    let files = files.map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
    let files = Files::Memory(BTreeMap::from(files));
    match config::load(&files, Path::new("meridian.toml"), Mode::Start, None) {
        Ok(loaded) => Arc::new(loaded.configuration),
        Err(faults) => panic!("{}", report::for_people(&faults, false)),
    }
}

/// A model whose members have all passed.
pub(super) fn model(configuration: &Arc<Configuration>, now: u64) -> Model {
    let mut model = Model::new(Arc::clone(configuration), &HashMap::new(), &[], now);
    for target in 0..configuration.targets.len() {
        verdict(&mut model, configuration, target, true, now);
    }
    let _ = model.next();
    model
}

pub(super) fn verdict(model: &mut Model, configuration: &Configuration, target: usize, pass: bool, at: u64) {
    let verdict = if pass { Verdict::Pass { microseconds: 1 } } else { Verdict::Fail("no".to_owned()) };
    model.take(Change::Verdict(Report { key: configuration.targets[target].key, verdict, at }));
}

fn at(text: &str) -> u64 {
    parse_moment(text).unwrap()
}

fn weights(model: &Model) -> Vec<u16> {
    model.published().standing(POOL, Content::V4).members.iter().map(|member| member.weight).collect()
}

fn admin(model: &Model) -> Vec<AdminState> {
    model.published().standing(POOL, Content::V4).members.iter().map(|member| member.admin).collect()
}

fn ttl(model: &Model) -> u32 {
    let snapshot = model.published();
    let rule = &snapshot.configuration.rules[0];
    steer::choose(rule, ClassId(0), |_| false, |pool| snapshot.pool(pool, rule.content)).ttl
}

fn planned(model: &Model) -> u32 {
    model.published().pool(POOL, Content::V4).planned_change.load(Ordering::Relaxed)
}

/// Walks second by second over the looks that the model asks for; what `see` sees at each second.
fn walk<T>(model: &mut Model, from: u64, to: u64, see: impl Fn(&Model) -> T) -> Vec<T> {
    let step = |now: u64| {
        if model.next_look().is_some_and(|look| look <= now) {
            model.advance(now);
            let _ = model.next();
        }
        see(model)
    };
    (from..=to).map(step).collect()
}

#[test]
fn a_schedule_changes_pools_at_its_boundary_and_at_no_other_moment() {
    let members = "{ name = \"a\", address = \"192.0.2.1\", weight = 3, schedule = [\
                   { days = \"mon-fri\", from = \"08:00\", to = \"18:00\", zone = \"Europe/Berlin\", weight = 5 }] },\n\
                   { name = \"b\", address = \"192.0.2.2\" }";
    let configuration = configuration("", members);
    // A Friday.
    let begin = at("2026-11-20T07:00:00Z");
    let mut model = model(&configuration, begin - 100);
    assert_eq!(model.next_look(), Some(begin - 60), "as long before as an answer may live");
    let seen =
        walk(&mut model, begin - 100, begin + 100, |model| (weights(model), model.published().generation));
    for (second, (weights, generation)) in (begin - 100..).zip(&seen) {
        assert_eq!(weights, if second < begin { &[3, 1] } else { &[5, 1] }, "{second}");
        // One generation when TTLs begin to shrink, one when the weight changes.
        let made = u64::from(second >= begin - 60) + u64::from(second >= begin);
        assert_eq!(*generation, seen[0].1 + made, "{second}");
    }
    let end = at("2026-11-20T17:00:00Z");
    assert_eq!(model.next_look(), Some(end - 60));
    walk(&mut model, end - 1, end, |_| ());
    assert_eq!(weights(&model), [3, 1]);
}

#[test]
fn the_last_answer_has_expired_when_a_planned_change_comes() {
    let members = "{ name = \"a\", address = \"192.0.2.1\", admin = { state = \"drained\", until = \"2026-11-20T07:00:00Z\" } },\n\
                   { name = \"b\", address = \"192.0.2.2\" }";
    let configuration = configuration("", members);
    let change = at("2026-11-20T07:00:00Z");
    let mut model = model(&configuration, change - 100);
    let seen =
        walk(&mut model, change - 100, change + 100, |model| (ttl(model), planned(model), admin(model)[0]));
    for (second, &(ttl, planned, admin)) in (change - 100..).zip(&seen) {
        let left = change.saturating_sub(second);
        // A probe can flip a member in ten seconds, so `min_ttl` holds while nothing is planned.
        let expected = if left == 0 { 30 } else { 30.min(left.saturating_sub(1).max(1)) };
        assert_eq!(u64::from(ttl), expected, "{left} s before");
        // Given within the second that has begun, it expires in the one before the change, but for the last second.
        assert!(left == 0 || second + 1 + u64::from(ttl) <= change.max(second + 2), "{left} s before");
        assert_eq!(planned == NEVER, left == 0 || left > 60, "{left} s before");
        assert_eq!(admin, if left == 0 { AdminState::Auto } else { AdminState::Drained });
    }
    assert_eq!(model.next_look(), Some(change + HORIZON), "then it is looked at once in a while");
}

#[test]
fn a_clock_that_is_put_back_brings_back_what_held_then() {
    let members = "{ name = \"a\", address = \"192.0.2.1\", admin = { state = \"drained\", until = \"2026-11-20T07:00:00Z\" } }";
    let configuration = configuration("", members);
    let change = at("2026-11-20T07:00:00Z");
    let mut model = model(&configuration, change + 5);
    assert_eq!(admin(&model), [AdminState::Auto]);
    model.advance(change - 3600);
    let _ = model.next();
    assert_eq!(admin(&model), [AdminState::Drained]);
}

#[test]
fn a_recovered_members_weight_grows_and_a_first_verdicts_does_not() {
    let members = "{ name = \"a\", address = \"192.0.2.1\", weight = 10 },\n{ name = \"b\", address = \"192.0.2.2\", weight = 5 }";
    let configuration = configuration("slow_start = \"32s\"", members);
    let mut model = model(&configuration, 1000);
    assert_eq!((weights(&model), model.next_look()), (vec![10, 5], None));
    verdict(&mut model, &configuration, 0, false, 1010);
    verdict(&mut model, &configuration, 0, true, 1020);
    model.advance(1020);
    let _ = model.next();
    let seen = walk(&mut model, 1020, 1060, weights);
    for (elapsed, weights) in (0u16..).zip(seen) {
        let expected = if elapsed < 32 { [10 * (elapsed / 2).max(1), 80] } else { [10, 5] };
        assert_eq!(weights, expected, "{elapsed} s");
    }
    assert_eq!(model.next_look(), None);
}

#[test]
fn suspects_stand_in_the_family_in_which_they_failed() {
    let members: Vec<_> =
        (1..=12).map(|host| format!("{{ name = \"m{host}\", address = \"192.0.2.{host}\" }}")).collect();
    let configuration =
        configuration("panic = { remove_at_most = \"30 %\", within = \"1m\" }", &members.join(",\n"));
    let mut model = model(&configuration, 1000);
    for target in 0..6 {
        verdict(&mut model, &configuration, target, false, 1001);
    }
    let _ = model.next();
    let held = model.held();
    assert_eq!(held.len(), 3, "{held:?}");
    let standing = model.published().standing(POOL, Content::V4);
    let suspects = standing.members.iter().filter(|member| member.hold(Content::V4) == Hold::Suspect).count();
    assert_eq!(suspects, 3);
    assert!(model.published().pool(POOL, Content::V6).standing.is_none());
}

/// Whether the addresses of a pool's first member stand as hints in what is given of it, by family.
fn hints(model: &Model) -> [bool; 2] {
    let answers = model.published().pool(POOL, Content::Data);
    let Some(set) = answers.sets[0].eligible.as_ref().and_then(|set| set.answers()) else {
        return [false; 2];
    };
    // SvcParamKeys 4 and 6, each with one address (RFC 9460 §7.3).
    [[0, 4, 0, 4], [0, 6, 0, 16]]
        .map(|parameter: [u8; 4]| set.records_of(0).windows(4).any(|octets| octets == parameter))
}

#[test]
fn an_address_that_awaits_resume_is_no_hint_while_the_other_one_is_up() {
    let records = "www AAAA 2001:db8::1\nwww HTTPS 1 . ipv4hint=192.0.2.1 ipv6hint=2001:db8::1\n";
    let members = "{ name = \"a\", address = [\"192.0.2.1\", \"2001:db8::1\"] }";
    let configuration = configuration_with(records, 1, "manual_resume = true", members);
    for family in [0, 1] {
        let mut model = model(&configuration, 1000);
        let alone = [family != 0, family != 1];
        assert_eq!(hints(&model), [true; 2]);
        for (pass, at) in [(false, 1010), (true, 1020)] {
            verdict(&mut model, &configuration, family, pass, at);
            let _ = model.next();
            assert_eq!(hints(&model), alone, "back: {pass}");
        }
        // So it is after a restart that knows what was held.
        let records = model.known();
        let restarted = Model::new(Arc::clone(&configuration), &records, &model.held(), 1025);
        assert_eq!(hints(&restarted), alone);
        // Without the other one nothing is left that the member is given with.
        verdict(&mut model, &configuration, 1 - family, false, 1030);
        let _ = model.next();
        assert_eq!(model.published().pool(POOL, Content::Data).state, PoolState::Dead);
        model.act(&Act::Resume { pool: "web".to_owned(), member: "a".to_owned() }).unwrap();
        let _ = model.next();
        assert_eq!(hints(&model), [family == 0, family == 1]);
    }
}
