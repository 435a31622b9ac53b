//! One immutable generation of everything, cross-checked, and the place where it is published.

mod configuration;
mod digest;
mod limit;
mod rate_limit;
mod store;

pub use configuration::{
    Configuration, Cookies, ExtendedErrors, GeoSource, Map, Monitored, PoolLabel, RequireCookies, RuleLabel,
    SteerMark, SteerRequest, Target, ZoneFile,
};
pub use digest::Digest;
pub use limit::{GeoGate, Limit, LimitError};
pub use rate_limit::{Rate, RateLimit, TICKS_PER_MS};
pub use store::Store;

use std::sync::Arc;

use crate::health::TargetId;
use crate::steer::{Content, Pool, PoolAnswers, PoolId, Stand, TargetHealth};
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
        let pools = Content::ALL.map(|content| {
            let compile = |(index, pool)| {
                let stand = stand(PoolId(index as u32), content);
                let pool = stand.pool.as_deref().unwrap_or(pool);
                Arc::new(PoolAnswers::compile(pool, content, health).standing(stand))
            };
            let compiled: Vec<_> = configuration.pools.iter().enumerate().map(compile).collect();
            compiled.chunks(CHUNK).map(Arc::from).collect()
        });
        Snapshot { generation, configuration, zones, pools }
    }

    /// The next generation, in which some pools are compiled anew; everything else is shared.
    #[must_use]
    pub fn with_pools(
        &self,
        generation: u64,
        changed: &[(PoolId, Content)],
        stand: &dyn Fn(PoolId, Content) -> Stand,
        health: &dyn Fn(TargetId) -> TargetHealth,
    ) -> Snapshot {
        let mut pools = self.pools.clone();
        for &(id, content) in changed {
            let chunk = Arc::make_mut(&mut pools[content.index()][id.0 as usize / CHUNK]);
            let answers = &mut chunk[id.0 as usize % CHUNK];
            let stand = stand(id, content);
            let pool = stand.pool.as_deref().unwrap_or(&self.configuration.pools[id.0 as usize]);
            // Who may be given at all follows from the pool, who is eligible from health.
            let is_same_pool = pool.has_weights_and_admin_of(self.standing(id, content));
            let compiled = match is_same_pool {
                true => answers.recompile(pool, content, health),
                false => PoolAnswers::compile(pool, content, health),
            };
            *answers = Arc::new(compiled.standing(stand));
        }
        Snapshot {
            generation,
            configuration: Arc::clone(&self.configuration),
            zones: Arc::clone(&self.zones),
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
        &self.pools[content.index()][id.0 as usize / CHUNK][id.0 as usize % CHUNK]
    }
}
