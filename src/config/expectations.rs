//! The expectations of all files, held against a loaded configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::explain::{self, Expectation, Explanation, Health, Level};
use crate::fault::Fault;
use crate::geo::{self, Branch};
use crate::health::TargetId;
use crate::snapshot::{Configuration, Map, Snapshot};

use super::text::Place;

/// An expectation and where it is written.
pub(crate) struct Placed {
    pub(crate) expectation: Expectation,
    pub(crate) place: Place,
    /// Of each demand; same index.
    pub(crate) demand_places: Vec<Place>,
}

/// What operators expect of their files.
#[derive(Default)]
pub struct Expectations {
    pub(super) list: Vec<Placed>,
}

/// The branches of a map that no expectation reached.
pub struct Untouched {
    /// The map's name.
    pub map: String,
    /// How many branches it has.
    pub branches: usize,
    /// Those that decided for none of the clients, in the order of precedence.
    pub untouched: Vec<Branch>,
}

/// What came of all expectations.
pub struct Examination {
    /// How many there are.
    pub count: usize,
    /// How many do not hold.
    pub failed: usize,
    /// What does not hold, an error for each demand.
    pub faults: Vec<Fault>,
    /// The maps with branches that no expectation reached; none where nothing is expected.
    pub untouched: Vec<Untouched>,
}

/// What the expectations of one moment and one outage are held against.
struct Scene {
    snapshot: Arc<Snapshot>,
    health: Health<'static>,
}

impl Expectations {
    /// Holds each expectation against every answer that its client can get. Monitored members count as up, but for those
    /// that it says are down; `now` (seconds since 1970) is the moment of those that name none. `main` is the main file, for
    /// the commands that faults suggest.
    pub fn examine(&self, configuration: &Arc<Configuration>, main: &Path, now: u64) -> Examination {
        let mut examination =
            Examination { count: self.list.len(), failed: 0, faults: Vec::new(), untouched: Vec::new() };
        let mut reached = BTreeSet::new();
        for (scene, group) in self.scenes(configuration, now) {
            for placed in group {
                let explanation = explain::explain(&scene.snapshot, &scene.health, &placed.expectation.asked);
                let faults = placed.faults(&explanation, main);
                reached.extend(branch(&explanation));
                examination.failed += usize::from(!faults.is_empty());
                examination.faults.extend(faults);
            }
        }
        examination.faults.sort_by_cached_key(|fault| {
            (fault.source.path.clone(), fault.span.as_ref().map(|span| span.start))
        });
        if !self.list.is_empty() {
            examination.untouched = untouched(configuration, &reached);
        }
        examination
    }

    /// The expectations by what they are held against, each of which is compiled once.
    fn scenes(&self, configuration: &Arc<Configuration>, now: u64) -> Vec<(Scene, Vec<&Placed>)> {
        let mut groups: BTreeMap<(u64, &[TargetId]), Vec<&Placed>> = BTreeMap::new();
        for placed in &self.list {
            let Expectation { at, down, .. } = &placed.expectation;
            groups.entry((at.unwrap_or(now), down)).or_default().push(placed);
        }
        let mut all_up: Option<(u64, Arc<Snapshot>)> = None;
        let scene = |((at, down), group): ((u64, &[TargetId]), Vec<_>)| {
            let health = Health::assumed(at);
            let known = all_up.take().filter(|(known, _)| *known == at);
            let (_, up) = &*all_up
                .insert(known.unwrap_or_else(|| (at, Arc::new(health.compile(Arc::clone(configuration))))));
            if down.is_empty() {
                return (Scene { snapshot: Arc::clone(up), health }, group);
            }
            let health = health.with_down(down.iter().copied());
            (Scene { snapshot: Arc::new(health.suppose(up)), health }, group)
        };
        groups.into_iter().map(scene).collect()
    }
}

/// The map that placed the client, and the branch of it that decided.
fn branch(explanation: &Explanation) -> Option<(String, Branch)> {
    let place = explanation.steering.as_ref()?.place.as_ref()?;
    let branch = place.levels.iter().find_map(Level::deciding)?;
    Some((place.map.clone(), branch))
}

fn untouched(configuration: &Configuration, reached: &BTreeSet<(String, Branch)>) -> Vec<Untouched> {
    let of_map = |map: &Map| {
        let name = map.table.name().to_owned();
        let all = geo::branches(map.table.rules(), &map.lines);
        let branches = all.len();
        let is_untouched = |branch: &Branch| !reached.contains(&(name.clone(), branch.clone()));
        let untouched = all.into_iter().filter(is_untouched).collect();
        Untouched { map: name, branches, untouched }
    };
    configuration.maps.iter().map(of_map).filter(|map| !map.untouched.is_empty()).collect()
}

impl Placed {
    fn faults(&self, explanation: &Explanation, main: &Path) -> Vec<Fault> {
        let expectation = &self.expectation;
        let demands = expectation.demands.iter().zip(&self.demand_places);
        let fault = |(demand, place): (&explain::Demand, &Place)| {
            let instead = demand.unmet(explanation)?;
            let message = format!("{}: expected {demand}, but {instead}", expectation.subject());
            let command = format!("{} --config {}", expectation.command(), main.display());
            Some(place.error(message).label("does not hold").help(format!("`{command}` shows why")))
        };
        demands.filter_map(fault).collect()
    }
}
