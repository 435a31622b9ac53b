//! The states that loads are looked at in: whichever sites are lost, and what follows from that.

use std::collections::BTreeSet;

use super::Stop;
use super::scene::{Scene, pools};
use super::steps::may_exceed_its_panic_limit;
use super::vector::{Budget, Cause, HealthVector};
use crate::geo::SiteId;
use crate::steer::{self, PoolId};

/// Every state with up to `most` lost sites, the smallest first: at each moment, with any of the lost sites back but awaited
/// by any of its pools, and with the members of any pools suspect.
pub(super) fn states(scene: &Scene<'_>, most: u8) -> Result<Vec<HealthVector>, Stop> {
    let budget = Budget { sites: most, failures: 0, starts: false };
    let mut states = Vec::new();
    for sites in losses(&sites(scene), most) {
        let lost = |&at: &Option<u64>| HealthVector { sites: sites.clone(), ..HealthVector::all_up(at) };
        let mut of_loss: Vec<HealthVector> = scene.moments.iter().map(lost).collect();
        for &site in &sites {
            for pool in pools_back_alone(scene, site) {
                add(scene, &mut of_loss, |state| with_site_back(state, site, pool))?;
            }
        }
        let hit: BTreeSet<PoolId> = sites
            .iter()
            .flat_map(|&site| scene.touched(Cause::Site(site)).iter().copied().collect::<Vec<_>>())
            .collect();
        for pool in hit {
            if may_exceed_its_panic_limit(scene, pool, budget) {
                add(scene, &mut of_loss, |state| with_suspects(state, pool))?;
            }
        }
        states.extend(of_loss);
    }
    Ok(states)
}

/// Adds to each state what `more` makes of it.
fn add(
    scene: &Scene<'_>,
    states: &mut Vec<HealthVector>,
    more: impl Fn(&HealthVector) -> HealthVector,
) -> Result<(), Stop> {
    scene.scenery.spend(states.len() as u64)?;
    let added: Vec<HealthVector> = states.iter().map(more).collect();
    states.extend(added);
    Ok(())
}

/// The pools that may await a site that is back, where others take it for up again.
fn pools_back_alone(scene: &Scene<'_>, site: SiteId) -> Vec<PoolId> {
    let touched = scene.touched(Cause::Site(site));
    let awaits = |pool: &PoolId| scene.scenery.pool(*pool).turnover.manual_resume;
    if touched.iter().all(awaits) && touched.len() == 1 {
        return Vec::new();
    }
    touched.iter().copied().filter(awaits).collect()
}

/// The same with a lost site back, awaited by one pool more.
fn with_site_back(state: &HealthVector, site: SiteId, pool: PoolId) -> HealthVector {
    let mut more = state.clone();
    more.sites.remove(&site);
    more.awaited.entry(Cause::Site(site)).or_default().insert(pool);
    more
}

/// The same with the members of a pool suspect.
fn with_suspects(state: &HealthVector, pool: PoolId) -> HealthVector {
    let mut more = state.clone();
    more.suspect.insert(pool);
    more
}

/// The sites of all pools that the rule may use and of those in them, of pools that share members with them, and of its
/// default RRset.
fn sites(scene: &Scene<'_>) -> BTreeSet<SiteId> {
    let scenery = scene.scenery;
    let pools = pools(scene.rule).flat_map(|pool| scenery.with_inner(pool));
    let pools = pools.filter_map(|pool| scenery.pool(pool).site);
    let members = scene.leaves.iter().flat_map(|&leaf| &scenery.pool(leaf).members);
    let targets = members.flat_map(|member| steer::targets_of(member, scene.rule.content));
    let sharing = targets.flat_map(|target| scenery.sites_with(target));
    let default = scene.default.iter().flat_map(|&address| scenery.sites_of(address));
    pools.chain(sharing).chain(default).collect()
}

/// Every set of up to `most` of these sites; none lost is the first.
fn losses(sites: &BTreeSet<SiteId>, most: u8) -> Vec<BTreeSet<SiteId>> {
    let mut losses = BTreeSet::from([BTreeSet::new()]);
    for _ in 0..most {
        let more = losses.iter().flat_map(|lost: &BTreeSet<SiteId>| {
            sites.iter().map(|&site| lost.iter().copied().chain([site]).collect::<BTreeSet<SiteId>>())
        });
        let more: Vec<_> = more.collect();
        losses.extend(more);
    }
    let mut losses: Vec<_> = losses.into_iter().collect();
    losses.sort_by_key(BTreeSet::len);
    losses
}
