//! The states that loads are looked at in: whichever sites are lost, and what follows from that.

use std::collections::BTreeSet;
use std::iter;

use super::Stop;
use super::scene::{Scene, pools};
use super::steps::may_exceed_its_panic_limit;
use super::vector::{Budget, Cause, HealthVector};
use crate::geo::SiteId;
use crate::steer::{self, PoolId};

/// Hands every state with up to `most` lost sites to `look`, the smallest first: at each moment, with any of the lost sites
/// back but awaited by any of its pools, and with the members of any pools suspect. How many sets of so many sites there
/// are is spent before the first of them is made, and none is kept.
pub(super) fn each_state(
    scene: &Scene<'_>,
    most: u8,
    mut look: impl FnMut(HealthVector) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let sites: Vec<SiteId> = sites(scene).into_iter().collect();
    for size in 0..=usize::from(most).min(sites.len()) {
        scene.scenery.spend(number_of_sets(sites.len(), size))?;
        for lost in sets(&sites, size) {
            states(scene, &lost, most)?.into_iter().try_for_each(&mut look)?;
        }
    }
    Ok(())
}

/// The states with these sites lost.
fn states(scene: &Scene<'_>, sites: &BTreeSet<SiteId>, most: u8) -> Result<Vec<HealthVector>, Stop> {
    let budget = Budget { sites: most, failures: 0, starts: false };
    let lost = |&at: &Option<u64>| HealthVector { sites: sites.clone(), ..HealthVector::all_up(at) };
    let mut states: Vec<HealthVector> = scene.moments.iter().map(lost).collect();
    let mut hit: BTreeSet<PoolId> = BTreeSet::new();
    for &site in sites {
        for pool in pools_back_alone(scene, site) {
            add(scene, &mut states, |state| with_site_back(state, site, pool))?;
        }
        hit.extend(scene.touched(Cause::Site(site)).iter());
    }
    for pool in hit {
        if may_exceed_its_panic_limit(scene, pool, budget) {
            add(scene, &mut states, |state| with_suspects(state, pool))?;
        }
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

/// How many sets of so many of the sites there are.
fn number_of_sets(sites: usize, size: usize) -> u64 {
    // Exact at each step: so far it is the number of sets of one site more each time.
    (0..size as u64).fold(1, |number: u64, place| number.saturating_mul(sites as u64 - place) / (place + 1))
}

/// Every set of so many of the sites, one after the other.
fn sets(sites: &[SiteId], size: usize) -> impl Iterator<Item = BTreeSet<SiteId>> {
    let first: Vec<usize> = (0..size).collect();
    let places = iter::successors(Some(first), |places| next_places(places, sites.len()));
    places.map(|places| places.into_iter().map(|place| sites[place]).collect())
}

/// The ascending places below `end` that follow on these: the last one that can moves on by one, and the others after it
/// stand right behind.
fn next_places(places: &[usize], end: usize) -> Option<Vec<usize>> {
    let size = places.len();
    let moving = (0..size).rev().find(|&index| places[index] + size - index < end)?;
    let moved = (places[moving] + 1..).take(size - moving);
    Some(places[..moving].iter().copied().chain(moved).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_so_many_sites_is_made_once() {
        let sites: Vec<SiteId> = (0..7).map(SiteId).collect();
        for (size, expected) in [(0, 1), (1, 7), (2, 21), (3, 35), (4, 35), (7, 1)] {
            let made: Vec<BTreeSet<SiteId>> = sets(&sites, size).collect();
            assert!(made.iter().all(|set| set.len() == size));
            let distinct: BTreeSet<&BTreeSet<SiteId>> = made.iter().collect();
            assert_eq!((made.len(), distinct.len()), (expected, expected));
            assert_eq!(number_of_sets(sites.len(), size), expected as u64);
        }
        assert_eq!(number_of_sets(256, 4), 174_792_640);
    }
}
