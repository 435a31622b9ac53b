//! The values of all metrics at this moment.

use std::collections::HashMap;

use super::Counters;
use super::catalogue::{self, Metric};
use crate::admin::{LastLoad, Sources, UntakenDatabase, gather};
use crate::answer::{Counter, Tally};
use crate::geo;
use crate::health::{Hold, Record, State, TargetId, TargetKey};
use crate::snapshot::{Configuration, GeoSource, Recorded, Snapshot};
use crate::steer::{self, Content, Eligibility, Member, Pool, PoolId, PoolKind, PoolState};
use crate::wire::Family;

/// Zones whose serial is shown.
const ZONES_SHOWN: usize = 1000;
/// Pools, and members over all pools, that are shown.
const LABELLED_MAX: usize = 10_000;

/// A metric with its values.
#[derive(Debug)]
pub(super) struct Series {
    /// The metric.
    pub(super) metric: &'static Metric,
    /// One for each combination of labels that there is.
    pub(super) samples: Vec<Sample>,
}

/// A value under its labels.
#[derive(Debug)]
pub(super) struct Sample {
    /// In the order of [`Metric::labels`].
    pub(super) labels: Vec<String>,
    /// The value.
    pub(super) value: u64,
}

/// Every metric of the catalogue, in its order.
pub(super) fn series(sources: &Sources) -> Vec<Series> {
    let Recorded { snapshot, records } = (sources.recorded)();
    let mut values = HashMap::new();
    process(&mut values, sources, &snapshot);
    packets(&mut values, &sources.tallies);
    counted(&mut values, (sources.counters)());
    data(&mut values, &snapshot, &(sources.untaken)());
    health(&mut values, &snapshot, &records);
    catalogue::METRICS
        .iter()
        .map(|&metric| Series { metric, samples: values.remove(metric.name).unwrap_or_default() })
        .collect()
}

/// Samples by the name of their metric.
type Values = HashMap<&'static str, Vec<Sample>>;

fn put(values: &mut Values, metric: &Metric, labels: &[&str], value: u64) {
    debug_assert_eq!(labels.len(), metric.labels.len(), "{}", metric.name);
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    values.entry(metric.name).or_default().push(Sample { labels, value });
}

fn process(values: &mut Values, sources: &Sources, snapshot: &Snapshot) {
    let LastLoad { at, taken, .. } = (sources.last_load)();
    let labels = [env!("CARGO_PKG_VERSION"), geo::DATA_NOTICE.unwrap_or_default()];
    put(values, &catalogue::BUILD_INFO, &labels, 1);
    put(values, &catalogue::START_TIME, &[], sources.started);
    put(values, &catalogue::READY, &[], u64::from((sources.ready)()));
    put(values, &catalogue::GENERATION, &[], snapshot.generation);
    put(values, &catalogue::LAST_LOAD_TIME, &[], at);
    put(values, &catalogue::LAST_LOAD_TAKEN, &[], u64::from(taken));
}

/// The counters of the packet path name their metric and label themselves.
fn packets(values: &mut Values, tallies: &[std::sync::Arc<Tally>]) {
    for &counter in Counter::ALL {
        let (metric, (_, label)) = counter.metric();
        let value = tallies.iter().map(|tally| tally.get(counter)).fold(0, u64::wrapping_add);
        values.entry(metric).or_default().push(Sample { labels: vec![label.to_owned()], value });
    }
}

fn counted(values: &mut Values, counters: Counters) {
    put(values, &catalogue::LOADS, &["taken"], counters.loads_taken);
    put(values, &catalogue::LOADS, &["refused"], counters.loads_refused);
    put(values, &catalogue::PROBES, &["pass"], counters.probes_passed);
    put(values, &catalogue::PROBES, &["fail"], counters.probes_failed);
    put(values, &catalogue::PROBES, &["abstain"], counters.probes_abstained);
    put(values, &catalogue::PROBES_LATE, &[], counters.probes_late);
    put(values, &catalogue::PROBES_SKIPPED, &[], counters.probes_skipped);
    put(values, &catalogue::TRANSITIONS, &["up"], counters.transitions_up);
    put(values, &catalogue::TRANSITIONS, &["down"], counters.transitions_down);
}

fn data(values: &mut Values, snapshot: &Snapshot, untaken: &[UntakenDatabase]) {
    let zones = &snapshot.zones;
    put(values, &catalogue::ZONES, &[], zones.iter().count() as u64);
    for zone in zones.iter().take(ZONES_SHOWN) {
        put(values, &catalogue::ZONE_SERIAL, &[&zone.apex().to_string()], u64::from(zone.serial()));
    }
    for source in &snapshot.configuration.geo {
        geo_data(values, source, gather::untaken_of(source, untaken));
    }
}

fn geo_data(values: &mut Values, source: &GeoSource, untaken: Option<&UntakenDatabase>) {
    let GeoSource { database, path, degraded, .. } = source;
    // The built-in data may stand in for several files, which differ in their paths only.
    let labels = [path.as_deref().unwrap_or(database.name())];
    let (networks, _) = database.coverage();
    put(values, &catalogue::GEO_BUILD_TIME, &labels, database.built_at());
    put(values, &catalogue::GEO_NETWORKS, &labels, networks as u64);
    put(values, &catalogue::GEO_DEGRADED, &labels, u64::from(degraded.is_some()));
    let is_held = untaken.is_some_and(|untaken| untaken.held_digest().is_some());
    put(values, &catalogue::GEO_HELD_BACK, &labels, u64::from(is_held));
    if path.is_some() {
        let is_taken = degraded.is_none() && untaken.is_none();
        put(values, &catalogue::GEO_FILE_TAKEN, &labels, u64::from(is_taken));
    }
}

fn health(values: &mut Values, snapshot: &Snapshot, records: &HashMap<TargetKey, Record>) {
    for state in [State::Unknown, State::Up, State::Down] {
        let count = records.values().filter(|record| record.tracker.state == state).count();
        put(values, &catalogue::TARGETS, &[&state.to_string()], count as u64);
    }
    let configuration = &snapshot.configuration;
    let health = gather::health_in(configuration, records);
    let mut members_left = LABELLED_MAX;
    for (index, pool) in configuration.pools.iter().enumerate().take(LABELLED_MAX) {
        for &content in pool.contents() {
            pool_state(values, snapshot, PoolId(index as u32), pool, content);
        }
        let shown = pool.members.len().min(members_left);
        members_left -= shown;
        for &content in pool.contents() {
            let pool = snapshot.standing(PoolId(index as u32), content);
            let eligibilities = steer::eligibility(pool, content, &health);
            turnover(values, pool, content, &eligibilities);
            for (member, eligibility) in pool.members.iter().zip(eligibilities).take(shown) {
                member_state(values, configuration, records, (pool, member, content), eligibility);
            }
        }
        for member in pool.members.iter().take(shown) {
            watched_state(values, configuration, records, (pool, member));
        }
    }
    let troubled = gather::troubled_rules(snapshot).len();
    put(values, &catalogue::TROUBLED_RULES, &[], troubled as u64);
}

fn member_state(
    values: &mut Values,
    configuration: &Configuration,
    records: &HashMap<TargetKey, Record>,
    (pool, member, content): (&Pool, &Member, Content),
    eligibility: Eligibility,
) {
    if eligibility == Eligibility::NoAddress {
        return;
    }
    let labels = [pool.name.as_str(), member.name.as_str(), content.label()];
    put(values, &catalogue::MEMBER_ELIGIBLE, &labels, u64::from(eligibility.is_given()));
    for target in steer::targets_of(member, content) {
        member_up(values, configuration, records, labels, target);
    }
}

/// What is probed for a member without a vote: under the family of the address that is probed, or as data.
fn watched_state(
    values: &mut Values,
    configuration: &Configuration,
    records: &HashMap<TargetKey, Record>,
    (pool, member): (&Pool, &Member),
) {
    for &target in &member.watched {
        let family = Family::of(configuration.targets[target.0 as usize].key.address);
        let content = if pool.kind == PoolKind::Addresses { family.into() } else { Content::Data };
        member_up(values, configuration, records, [&pool.name, &member.name, content.label()], target);
    }
}

fn member_up(
    values: &mut Values,
    configuration: &Configuration,
    records: &HashMap<TargetKey, Record>,
    [pool, member, content]: [&str; 3],
    target: TargetId,
) {
    let target = &configuration.targets[target.0 as usize];
    let monitor = configuration.monitors[target.monitor].names.join(",");
    let up = records.get(&target.key).is_some_and(|record| record.tracker.state == State::Up);
    put(values, &catalogue::MEMBER_UP, &[pool, member, content, &monitor], u64::from(up));
}

/// Of pools that say how members leave and come back.
fn turnover(values: &mut Values, pool: &Pool, content: Content, eligibilities: &[Eligibility]) {
    let labels = [pool.name.as_str(), content.label()];
    if pool.turnover.panic.is_some() {
        let suspects = eligibilities.iter().filter(|one| one.is_suspect()).count();
        put(values, &catalogue::SUSPECTS, &labels, suspects as u64);
    }
    if pool.turnover.manual_resume {
        let awaiting =
            pool.members.iter().filter(|member| member.hold(content) == Hold::AwaitsResume).count();
        put(values, &catalogue::AWAITING_RESUME, &labels, awaiting as u64);
    }
}

fn pool_state(values: &mut Values, snapshot: &Snapshot, id: PoolId, pool: &Pool, content: Content) {
    let present = snapshot.pool(id, content).state;
    for state in [PoolState::Absent, PoolState::Healthy, PoolState::Degraded, PoolState::Dead] {
        let labels = [pool.name.as_str(), content.label(), &state.to_string()];
        put(values, &catalogue::POOL_STATE, &labels, u64::from(state == present));
    }
}
