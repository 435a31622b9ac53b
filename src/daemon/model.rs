//! What the keeper knows, and how a change makes the next generation. Pure: time comes with the change.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::health::{Monitor, Record, TargetId, TargetKey, Transition, Verdict};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{Content, PoolAnswers, PoolId, Stand, TargetHealth};

use super::act::{Act, Outcome};

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
            users.iter().for_each(|&user| pools.add(user));
        }
    }
}

impl ChangedPools {
    fn hold(&self, (pool, content): (PoolId, Content)) -> bool {
        self.is_listed.get(pool.0 as usize).is_some_and(|contents| contents[content.index()])
    }

    fn add(&mut self, (pool, content): (PoolId, Content)) {
        let index = pool.0 as usize;
        if self.is_listed.len() <= index {
            self.is_listed.resize(index + 1, [false; 3]);
        }
        if !std::mem::replace(&mut self.is_listed[index][content.index()], true) {
            self.list.push((pool, content));
        }
    }
}

impl Model {
    /// Starts at `now` (seconds since 1970) with a configuration and what is known of its targets. The first
    /// generation has the number 1.
    pub(super) fn new(
        configuration: Arc<Configuration>,
        known: &HashMap<TargetKey, Record>,
        now: u64,
    ) -> Model {
        let records = records(&configuration, known, now);
        let published = Snapshot::new(1, Arc::clone(&configuration), &health(&configuration, &records));
        Model {
            ids: ids(&configuration),
            records,
            configuration,
            published: Arc::new(published),
            changed: Changed::nothing(),
        }
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
        }
    }

    /// Makes the next generation, if anything changed that needs one.
    pub(super) fn next(&mut self) -> Option<Arc<Snapshot>> {
        let changed = std::mem::replace(&mut self.changed, Changed::nothing());
        let health = health(&self.configuration, &self.records);
        let generation = self.published.generation + 1;
        let next = match changed {
            Changed::Pools(pools) if pools.list.is_empty() => return None,
            Changed::Pools(pools) => {
                self.published.with_pools(generation, &pools.list, &|_, _| Stand::default(), &health)
            }
            Changed::Everything => Snapshot::new(generation, Arc::clone(&self.configuration), &health),
        };
        self.published = Arc::new(next);
        Some(Arc::clone(&self.published))
    }

    /// A verdict on a target that no configuration names any more is late, and ignored.
    fn take_verdict(&mut self, report: Report) -> Option<Event> {
        let id = *self.ids.get(&report.key)?;
        let monitor = Arc::clone(self.configuration.monitor_of(id));
        let transition = observe(&mut self.records[id.0 as usize], &monitor, &report);
        let configuration = Arc::clone(&self.configuration);
        let users = &configuration.targets[id.0 as usize].users;
        match transition {
            Some(_) => self.changed.add(users),
            None => self.move_cells(users),
        }
        transition.map(|transition| Event::Transition(report.key, transition, report.verdict))
    }

    /// Tells the answer sets in use how soon they can flip now. A pool that is about to be compiled anew is left alone:
    /// its old cell keeps its last value, so that the old generation never shows the TTL of the new state.
    fn move_cells(&self, users: &[(PoolId, Content)]) {
        let health = health(&self.configuration, &self.records);
        for &(id, content) in users.iter().filter(|&&user| !self.changed.holds(user)) {
            let pool = &self.configuration.pools[id.0 as usize];
            let seconds = PoolAnswers::soonest_flip_of(pool, content, &health);
            self.published.pool(id, content).soonest_flip.store(seconds, Ordering::Relaxed);
        }
    }

    fn resume(&mut self, pool_name: &str, member: &str) -> Outcome {
        let pools = &self.configuration.pools;
        let pool = pools.iter().find(|pool| pool.name == pool_name);
        let pool = pool.ok_or_else(|| format!("there is no pool {pool_name}"))?;
        if !pool.members.iter().any(|candidate| candidate.name == member) {
            return Err(format!("the pool {pool_name} has no member {member}"));
        }
        Err(format!("{pool_name}/{member} does not await to be resumed"))
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
