//! One immutable generation of everything, cross-checked, and the place where it is published.

mod configuration;
mod digest;
mod limit;
mod rate_limit;
mod recorded;
mod store;

pub use configuration::{
    Configuration, Cookies, ExtendedErrors, GeoSource, Map, Monitored, PoolLabel, RequireCookies, RuleLabel,
    SteerMark, SteerRequest, Target, ZoneFile,
};
pub use digest::Digest;
pub use limit::{GeoGate, Limit, LimitError};
pub use rate_limit::{GRAIN, LAG, Rate, RateLimit, TICKS_PER_MS};
pub use recorded::Recorded;
pub use store::Store;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::health::TargetId;
use crate::steer::{Alike, Content, Inner, NEVER, Pool, PoolAnswers, PoolId, Stand, TargetHealth};
use crate::zone::Zones;

/// Pools a chunk: a flip copies one chunk of pointers and the list of chunks, not 160,000 pointers.
const CHUNK: usize = 256;

/// What every pool can answer with one content, in chunks that generations share.
type PoolTable = Box<[Arc<[Arc<PoolAnswers>]>]>;

/// One generation: what a query is decided on.
pub struct Snapshot {
    /// Counted up by the keeper at every publication.
    pub generation: u64,
    /// What was loaded; shared by all generations until the next load.
    pub configuration: Arc<Configuration>,
    /// The zones by apex.
    pub zones: Arc<Zones>,
    /// Which pools are compiled once for all of them; as the configuration.
    alike: Arc<Alike>,
    pools: [PoolTable; 3],
}

impl Snapshot {
    /// Compiles the first generation of a configuration with the health of the moment, its pools as configured.
    pub fn new(
        generation: u64,
        configuration: Arc<Configuration>,
        health: &dyn Fn(TargetId) -> TargetHealth,
    ) -> Snapshot {
        Snapshot::of_standing(generation, configuration, &|_, _| Stand::default(), health)
    }

    /// The same, with its pools as their operators want them at a moment (seconds since 1970).
    pub fn at(
        generation: u64,
        configuration: Arc<Configuration>,
        moment: u64,
        health: &dyn Fn(TargetId) -> TargetHealth,
    ) -> Snapshot {
        let longest_ttl = configuration.longest_ttl();
        let wanted = |pool: &Pool| Stand::wanted(pool, moment, longest_ttl);
        let stands: Vec<Stand> = configuration.pools.iter().map(wanted).collect();
        let stand = |id: PoolId, _| stands[id.0 as usize].clone();
        Snapshot::of_standing(generation, configuration, &stand, health)
    }

    /// The same, with its pools as they stand.
    pub fn of_standing(
        generation: u64,
        configuration: Arc<Configuration>,
        stand: &dyn Fn(PoolId, Content) -> Stand,
        health: &dyn Fn(TargetId) -> TargetHealth,
    ) -> Snapshot {
        let zones =
            Arc::new(Zones::new(configuration.zones.iter().map(|file| Arc::clone(&file.zone)).collect()));
        let alike = Arc::new(Alike::of(&configuration.pools));
        let pools = Content::ALL.map(|content| {
            let compiled = compile_all(&configuration.pools, &alike, content, stand, health);
            compiled.chunks(CHUNK).map(Arc::from).collect()
        });
        Snapshot { generation, configuration, zones, alike, pools }
    }

    /// The next generation, in which some pools are compiled anew, and those that they stand in; everything else is shared.
    #[must_use]
    pub fn with_pools(
        &self,
        generation: u64,
        changed: &[(PoolId, Content)],
        stand: &dyn Fn(PoolId, Content) -> Stand,
        health: &dyn Fn(TargetId) -> TargetHealth,
    ) -> Snapshot {
        let mut pools = self.pools.clone();
        for &(id, content) in self.with_outer(changed).iter() {
            let compiled = self.compile_anew(id, content, &pools[content.index()], stand, health);
            let chunk = Arc::make_mut(&mut pools[content.index()][id.0 as usize / CHUNK]);
            chunk[id.0 as usize % CHUNK] = compiled;
        }
        Snapshot {
            generation,
            configuration: Arc::clone(&self.configuration),
            zones: Arc::clone(&self.zones),
            alike: Arc::clone(&self.alike),
            pools,
        }
    }

    /// A pool as it stands for a content: weights, admin states and what is held against its members.
    pub fn standing(&self, id: PoolId, content: Content) -> &Pool {
        self.pool(id, content).standing.as_deref().unwrap_or(&self.configuration.pools[id.0 as usize])
    }

    /// What a pool can answer with a content.
    #[inline]
    pub fn pool(&self, id: PoolId, content: Content) -> &PoolAnswers {
        in_table(&self.pools[content.index()], id)
    }

    /// Stores how soon a pool can flip, as health stands now, in the cell that queries read. Nothing is published. The cell
    /// of a pool of pools follows those of its inner ones, which have to be moved before.
    pub fn move_cell(
        &self,
        id: PoolId,
        content: Content,
        standing: &Pool,
        health: &dyn Fn(TargetId) -> TargetHealth,
    ) {
        let seconds = match standing.inner.is_empty() {
            true => PoolAnswers::soonest_flip_of(standing, content, health),
            false => self.soonest_of_inner(standing, content, |answers| &answers.soonest_flip),
        };
        self.pool(id, content).soonest_flip.store(seconds, Ordering::Relaxed);
    }

    /// Stores in how many seconds an operator's will changes a pool, and so the pools that it stands in.
    pub fn move_planned_change(&self, id: PoolId, content: Content, seconds: u32) {
        self.pool(id, content).planned_change.store(seconds, Ordering::Relaxed);
        for &outer in &self.pool_of(id).outer {
            let seconds =
                self.soonest_of_inner(self.pool_of(outer), content, |answers| &answers.planned_change);
            self.pool(outer, content).planned_change.store(seconds, Ordering::Relaxed);
        }
    }

    fn soonest_of_inner(&self, outer: &Pool, content: Content, cell: fn(&PoolAnswers) -> &AtomicU32) -> u32 {
        let seconds = |inner: &Inner| cell(self.pool(inner.pool, content)).load(Ordering::Relaxed);
        outer.inner.iter().map(seconds).min().unwrap_or(NEVER)
    }

    /// What a pool can answer now; `table` has what all can answer, inner pools of this one as of now.
    fn compile_anew(
        &self,
        id: PoolId,
        content: Content,
        table: &PoolTable,
        stand: &dyn Fn(PoolId, Content) -> Stand,
        health: &dyn Fn(TargetId) -> TargetHealth,
    ) -> Arc<PoolAnswers> {
        let stand = stand(id, content);
        if let Some(answers) = self.compiled_alike(id, content, table).filter(|_| stand.is_as_configured()) {
            return Arc::clone(answers);
        }
        if !self.pool_of(id).inner.is_empty() {
            let inner = |id| (self.pool_of(id), &**in_table(table, id));
            return Arc::new(PoolAnswers::compile_outer(self.pool_of(id), content, inner));
        }
        let pool = stand.pool.as_deref().unwrap_or(self.pool_of(id));
        // Who may be given at all follows from the pool, who is eligible from health.
        let compiled = match pool.has_weights_and_admin_of(self.standing(id, content)) {
            true => in_table(table, id).recompile(pool, content, health),
            false => PoolAnswers::compile(pool, content, health),
        };
        Arc::new(compiled.standing(stand))
    }

    /// What was compiled anew, in `table`, for a pool that always answers as this one.
    fn compiled_alike<'t>(
        &self,
        id: PoolId,
        content: Content,
        table: &'t PoolTable,
    ) -> Option<&'t Arc<PoolAnswers>> {
        let before = self.alike.before(id)?;
        let answers = in_table(table, before);
        let is_new = !Arc::ptr_eq(answers, in_table(&self.pools[content.index()], before));
        (is_new && answers.stands_as_configured()).then_some(answers)
    }

    fn pool_of(&self, id: PoolId) -> &Pool {
        &self.configuration.pools[id.0 as usize]
    }

    /// These pools and all that they stand in, each once, inner ones before outer ones.
    fn with_outer<'c>(&self, changed: &'c [(PoolId, Content)]) -> Cow<'c, [(PoolId, Content)]> {
        // Ten thousand pools that stand in no other may change at once: they need no order.
        if changed.iter().all(|&(id, _)| self.pool_of(id).outer.is_empty()) {
            return Cow::Borrowed(changed);
        }
        let outer = |&(id, content): &(PoolId, Content)| {
            self.pool_of(id).outer.iter().map(move |&outer| (outer, content)).collect::<Vec<_>>()
        };
        let mut all = changed.to_vec();
        let mut known: HashSet<(PoolId, Content)> = changed.iter().copied().collect();
        all.extend(changed.iter().flat_map(outer).filter(|&user| known.insert(user)));
        // Of those that are alike the first one comes first.
        all.sort_by_key(|&(id, _)| (self.pool_of(id).level, id));
        Cow::Owned(all)
    }
}

#[inline]
fn in_table(table: &PoolTable, id: PoolId) -> &Arc<PoolAnswers> {
    &table[id.0 as usize / CHUNK][id.0 as usize % CHUNK]
}

/// What every pool can answer, inner pools before outer ones.
fn compile_all(
    pools: &[Pool],
    alike: &Alike,
    content: Content,
    stand: &dyn Fn(PoolId, Content) -> Stand,
    health: &dyn Fn(TargetId) -> TargetHealth,
) -> Vec<Arc<PoolAnswers>> {
    let mut by_level: Vec<usize> = (0..pools.len()).collect();
    by_level.sort_by_key(|&index| pools[index].level);
    let mut compiled: Vec<Option<Arc<PoolAnswers>>> = vec![None; pools.len()];
    for index in by_level {
        let pool = &pools[index];
        let inner = |id: PoolId| {
            let answers = compiled[id.0 as usize].as_deref();
            (&pools[id.0 as usize], answers.expect("inner pools are of lower levels"))
        };
        let stand = stand(PoolId(index as u32), content);
        let before = alike.before(PoolId(index as u32)).and_then(|id| compiled[id.0 as usize].as_ref());
        let answers = match before {
            Some(answers) if stand.is_as_configured() && answers.stands_as_configured() => {
                Arc::clone(answers)
            }
            _ if pool.inner.is_empty() => {
                let pool = stand.pool.as_deref().unwrap_or(pool);
                Arc::new(PoolAnswers::compile(pool, content, health).standing(stand))
            }
            _ => Arc::new(PoolAnswers::compile_outer(pool, content, inner)),
        };
        compiled[index] = Some(answers);
    }
    compiled.into_iter().map(|answers| answers.expect("every pool has a level")).collect()
}
