//! What the keeper knows, and how a change makes the next generation. Pure: time comes with the change.

use std::collections::HashMap;
use std::sync::Arc;

use crate::health::{Held, Hold, Monitor, Record, TargetId, TargetKey, Transition, Verdict};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{Content, PoolId, TargetHealth};

use super::act::{Act, Outcome};
use super::standings::Standings;

/// A verdict as it reaches the keeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// What was probed.
    pub(super) key: TargetKey,
    /// What came of it.
    pub(super) verdict: Verdict,
    /// When, in seconds since 1970.
    pub(super) at: u64,
}

/// Something that changes answers.
pub(super) enum Change {
    /// One probe ended.
    Verdict(Report),
    /// The files were loaded.
    Load(Load),
}

/// A loaded configuration on its way to the keeper.
pub(super) struct Load {
    /// What was loaded.
    pub(super) configuration: Arc<Configuration>,
    /// What the first probes of the targets that are new found.
    pub(super) learned: Vec<Report>,
    /// When, in seconds since 1970.
    pub(super) at: u64,
}

/// What a change did, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A target changed its state.
    Transition(TargetKey, Transition, Verdict),
    /// A new configuration was taken.
    Loaded,
}

/// The keeper's knowledge: the configuration, the health of every target, and the published generation.
pub(super) struct Model {
    configuration: Arc<Configuration>,
    records: Vec<Record>,
    ids: HashMap<TargetKey, TargetId>,
    standings: Standings,
    published: Arc<Snapshot>,
    changed: Changed,
}

/// What the next generation must compile anew.
enum Changed {
    Pools(ChangedPools),
    Everything,
}

/// Each once, in the order in which they were named: that of their numbers, where one target has changed.
#[derive(Default)]
struct ChangedPools {
    list: Vec<(PoolId, Content)>,
    /// By pool and content, as far as any is in the list.
    is_listed: Vec<[bool; 3]>,
}

impl Changed {
    fn nothing() -> Changed {
        Changed::Pools(ChangedPools::default())
    }

    fn holds(&self, user: (PoolId, Content)) -> bool {
        match self {
            Changed::Pools(pools) => pools.hold(user),
            Changed::Everything => true,
        }
    }

    fn add(&mut self, users: &[(PoolId, Content)]) {
        if let Changed::Pools(pools) = self {
            pools.add(users);
        }
    }
}

impl ChangedPools {
    fn hold(&self, (pool, content): (PoolId, Content)) -> bool {
        self.is_listed.get(pool.0 as usize).is_some_and(|contents| contents[content.index()])
    }

    fn add(&mut self, users: &[(PoolId, Content)]) {
        let pools = users.iter().map(|(pool, _)| pool.0 as usize + 1).max().unwrap_or(0);
        self.is_listed.resize(self.is_listed.len().max(pools), [false; 3]);
        self.list.reserve(users.len());
        for &(pool, content) in users {
            if !std::mem::replace(&mut self.is_listed[pool.0 as usize][content.index()], true) {
                self.list.push((pool, content));
            }
        }
    }
}

impl Model {
    /// Starts at `now` (seconds since 1970) with a configuration, what is known of its targets, and what is held against
    /// its members. The first generation has the number 1.
    pub(super) fn new(
        configuration: Arc<Configuration>,
        known: &HashMap<TargetKey, Record>,
        held: &[Held],
        now: u64,
    ) -> Model {
        let records = records(&configuration, known, now);
        let health = health(&configuration, &records);
        let standings = Standings::new(Arc::clone(&configuration), &health, held, now);
        let stand = |id, content| standings.stand(id, content);
        let published = Arc::new(Snapshot::of_standing(1, Arc::clone(&configuration), &stand, &health));
        drop(health);
        let ids = ids(&configuration);
        Model { configuration, records, ids, standings, published, changed: Changed::nothing() }
    }

    /// The last generation that was made.
    pub(super) fn published(&self) -> &Arc<Snapshot> {
        &self.published
    }

    /// What is known of every target of the present configuration.
    pub(super) fn known(&self) -> HashMap<TargetKey, Record> {
        let targets = self.configuration.targets.iter();
        targets.zip(&self.records).map(|(target, record)| (target.key, record.clone())).collect()
    }

    /// What is held against members.
    pub(super) fn held(&self) -> Vec<Held> {
        self.standings.held()
    }

    /// When [`Model::advance`] has something to do next, in seconds since 1970.
    pub(super) fn next_look(&self) -> Option<u64> {
        self.standings.next_look()
    }

    /// Moves the time on, to seconds since 1970: schedules, slow starts, and TTLs before a planned change. Nothing is
    /// compiled before [`Model::next`].
    pub(super) fn advance(&mut self, now: u64) {
        if now == self.standings.moment() {
            return;
        }
        self.changed.add(&self.standings.advance(now));
        for (id, seconds) in self.standings.planned() {
            // As with the other cell: what is about to be compiled anew keeps its last value.
            for content in Content::ALL.into_iter().filter(|&content| !self.changed.holds((id, content))) {
                self.published.move_planned_change(id, content, seconds);
            }
        }
    }

    /// Takes a change in. Nothing is compiled before [`Model::next`].
    pub(super) fn take(&mut self, change: Change) -> Vec<Event> {
        match change {
            Change::Verdict(report) => self.take_verdict(report).into_iter().collect(),
            Change::Load(load) => self.take_load(load),
        }
    }

    /// Carries out an operator's act. Nothing is compiled before [`Model::next`].
    pub(super) fn act(&mut self, act: &Act) -> Outcome {
        match act {
            Act::Resume { pool, member } => self.resume(pool, member),
            Act::AcceptPanic { pool } => self.accept_panic(pool.as_deref()),
        }
    }

    /// Makes the next generation, if anything changed that needs one.
    pub(super) fn next(&mut self) -> Option<Arc<Snapshot>> {
        let changed = std::mem::replace(&mut self.changed, Changed::nothing());
        let health = health(&self.configuration, &self.records);
        let stand = |id, content| self.standings.stand(id, content);
        let generation = self.published.generation + 1;
        let next = match changed {
            Changed::Pools(pools) if pools.list.is_empty() => return None,
            Changed::Pools(pools) => self.published.with_pools(generation, &pools.list, &stand, &health),
            Changed::Everything => {
                Snapshot::of_standing(generation, Arc::clone(&self.configuration), &stand, &health)
            }
        };
        self.published = Arc::new(next);
        Some(Arc::clone(&self.published))
    }

    /// A verdict on a target that no configuration names any more is late, and ignored.
    fn take_verdict(&mut self, report: Report) -> Option<Event> {
        let id = *self.ids.get(&report.key)?;
        let monitor = Arc::clone(self.configuration.monitor_of(id));
        let record = &mut self.records[id.0 as usize];
        let soonest_flip = record.tracker.soonest_flip_seconds(&monitor);
        let transition = observe(record, &monitor, &report);
        // Cells follow from nothing else of a verdict: the steady passes of what is up move none, however many there are.
        let moves_cells = record.tracker.soonest_flip_seconds(&monitor) != soonest_flip;
        let configuration = Arc::clone(&self.configuration);
        let users = &configuration.targets[id.0 as usize].users;
        match transition {
            Some(_) => {
                let health = health(&self.configuration, &self.records);
                self.standings.observe(users, &health, report.at);
                self.changed.add(users);
            }
            None if moves_cells => self.move_cells(users),
            None => {}
        }
        transition.map(|transition| Event::Transition(report.key, transition, report.verdict))
    }

    /// Tells the answer sets in use how soon they can flip now. A pool that is about to be compiled anew is left alone:
    /// its old cell keeps its last value, so that the old generation never shows the TTL of the new state.
    fn move_cells(&self, users: &[(PoolId, Content)]) {
        let health = health(&self.configuration, &self.records);
        for &(id, content) in users.iter().filter(|&&user| !self.changed.holds(user)) {
            self.published.move_cell(id, content, self.standings.pool(id, content), &health);
        }
    }

    fn resume(&mut self, pool_name: &str, member: &str) -> Outcome {
        let id = self.pool_named(pool_name)?;
        let members = &self.configuration.pools[id.0 as usize].members;
        let number = members.iter().position(|candidate| candidate.name == member);
        let number = number.ok_or_else(|| format!("the pool {pool_name} has no member {member}"))?;
        let awaits = |content: &Content| {
            self.standings.pool(id, *content).members[number].hold(*content) == Hold::AwaitsResume
        };
        let awaiting = self.configuration.pools[id.0 as usize]
            .contents()
            .iter()
            .filter(|content| awaits(content))
            .count();
        let (resumed, changed) = self.standings.resume(id, number);
        self.changed.add(&changed);
        match (awaiting, resumed) {
            (0, _) => Err(format!("{pool_name}/{member} does not await to be resumed")),
            (_, 0) => Err(format!("{pool_name}/{member} is still down: it can be resumed once it is up")),
            (2, 1) => Ok(format!(
                "{pool_name}/{member} is resumed with the address that is up; the other one is down"
            )),
            _ => Ok(format!("{pool_name}/{member} is resumed")),
        }
    }

    fn accept_panic(&mut self, pool_name: Option<&str>) -> Outcome {
        let id = pool_name.map(|name| self.pool_named(name)).transpose()?;
        let (accepted, changed) = self.standings.accept(id);
        self.changed.add(&changed);
        let place = pool_name.map_or_else(|| "in any pool".to_owned(), |name| format!("in the pool {name}"));
        match accepted {
            0 => Err(format!("no member is suspect {place}")),
            1 => Ok("1 suspect address counts as down now".to_owned()),
            _ => Ok(format!("{accepted} suspect addresses count as down now")),
        }
    }

    fn pool_named(&self, name: &str) -> Result<PoolId, String> {
        let number = self.configuration.pools.iter().position(|pool| pool.name == name);
        number.map(|number| PoolId(number as u32)).ok_or_else(|| format!("there is no pool {name}"))
    }

    fn take_load(&mut self, Load { configuration, learned, at }: Load) -> Vec<Event> {
        let known = self.known();
        self.records = records(&configuration, &known, at);
        self.ids = ids(&configuration);
        self.configuration = configuration;
        self.changed = Changed::Everything;
        let mut events = vec![Event::Loaded];
        for report in learned {
            // Members that stay keep their health; the first probe speaks only where nothing is known.
            if !known.contains_key(&report.key)
                && let Some(&id) = self.ids.get(&report.key)
            {
                let monitor = Arc::clone(self.configuration.monitor_of(id));
                let transition = observe(&mut self.records[id.0 as usize], &monitor, &report);
                events.extend(
                    transition.map(|transition| Event::Transition(report.key, transition, report.verdict)),
                );
            }
        }
        let health = health(&self.configuration, &self.records);
        self.standings = self.standings.replaced(Arc::clone(&self.configuration), &health, at);
        events
    }
}

fn observe(record: &mut Record, monitor: &Monitor, report: &Report) -> Option<Transition> {
    record.observe(&monitor.hysteresis, report.verdict.clone(), report.at)
}

fn records(configuration: &Configuration, known: &HashMap<TargetKey, Record>, now: u64) -> Vec<Record> {
    let targets = configuration.targets.iter();
    targets.map(|target| known.get(&target.key).cloned().unwrap_or_else(|| Record::new(now))).collect()
}

fn ids(configuration: &Configuration) -> HashMap<TargetKey, TargetId> {
    let targets = configuration.targets.iter().enumerate();
    targets.map(|(index, target)| (target.key, TargetId(index as u32))).collect()
}

/// The health of the moment, as answer sets are compiled from it.
fn health<'a>(
    configuration: &'a Configuration,
    records: &'a [Record],
) -> impl Fn(TargetId) -> TargetHealth + 'a {
    move |id| {
        let tracker = &records[id.0 as usize].tracker;
        TargetHealth {
            state: tracker.state,
            soonest_flip: tracker.soonest_flip_seconds(configuration.monitor_of(id)),
        }
    }
}
