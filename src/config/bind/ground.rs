//! The ground that rules stand on: sites, maps, monitors and pools, whatever file names them.

use crate::config::spec::SteeringSpec;
use crate::config::text::part_of;

use super::maps::{BoundMap, Sites};
use super::monitors::Monitors;
use super::names::{Names, Scope};
use super::network_lists::NetworkLists;
use super::pools::Pools;
use super::reading::Files;
use super::targets::Targets;
use super::{Loader, inner_pools, maps};

/// What all files name, bound.
pub(super) struct Ground {
    /// Sites.
    pub(super) sites: Sites,
    /// Maps, as numbers into the list of maps.
    pub(super) map_names: Names<u32>,
    /// Monitors.
    pub(super) monitors: Monitors,
    /// Pools and their targets.
    pub(super) pools: Pools,
}

impl Loader<'_> {
    /// Binds it, and the maps, which are not compiled yet.
    pub(super) fn ground(&self, files: &Files) -> (Ground, Vec<BoundMap>) {
        let sites = maps::bind_sites(&files.maps.sites, self.faults);
        let lists = NetworkLists { workspace: self.workspace, maps_file: part_of(&files.main.maps).ok() };
        let (map_names, bound_maps) = maps::bind_maps(&files.maps, &sites, &lists, self.faults);
        let metrics = files.main.admin.as_ref().ok().and_then(|admin| admin.metrics.as_ref());
        let mut monitors = Monitors::new();
        let mut pools = Pools::new(Targets::new(metrics.map(|metrics| metrics.value)));
        let shared = files.included.values().map(|spec| (Scope::Everywhere, spec));
        let own = files.zones.iter().enumerate().map(|(zone, files)| (Scope::Zone(zone), &files.steering));
        let specs: Vec<(Scope, &SteeringSpec)> = shared.chain(own).collect();
        for &(scope, spec) in &specs {
            for monitor in &spec.monitors {
                monitors.add(monitor, scope, self.workspace, self.faults);
            }
        }
        for &(scope, spec) in &specs {
            let origin = match scope {
                Scope::Everywhere => Ok(None),
                Scope::Zone(zone) => part_of(&files.zones[zone].apex).map(Some),
            };
            for pool in &spec.pools {
                pools.add(pool, scope, origin, (&sites, &monitors), self.faults);
            }
        }
        inner_pools::bind(&mut pools, self.faults);
        (Ground { sites, map_names, monitors, pools }, bound_maps)
    }
}
