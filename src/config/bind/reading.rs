//! Reading: every file that the main file names, as a spec.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::limits;
use crate::config::spec::{AssertSpec, MainSpec, MapsSpec, SteeringSpec};
use crate::config::text::{Broken, Parsed, Written, sound};
use crate::fault::Source;
use crate::wire::Name;

use super::Loader;
use super::folder::{self, ZoneFiles};

/// All files as specs.
pub(super) struct Files {
    /// The main file.
    pub(super) main: MainSpec,
    /// The file of sites and maps.
    pub(super) maps: MapsSpec,
    /// Files with monitors and pools, by path.
    pub(super) included: BTreeMap<String, SteeringSpec>,
    /// The zones and what stands beside them.
    pub(super) zones: Vec<ZoneFiles>,
}

impl Files {
    /// The assertions of all files; those in a file beside a zone speak of its names.
    pub(super) fn assertions(&self) -> impl Iterator<Item = (&AssertSpec, Option<&Name>)> {
        let of_all = self.included.values().flat_map(|spec| &spec.assertions);
        let of_all = self.main.assertions.iter().chain(of_all).map(|spec| (&spec.value, None));
        let of_zones = self.zones.iter().filter_map(|zone| Some((zone, zone.apex.as_ref().ok()?)));
        let of_zones = of_zones.flat_map(|(zone, apex)| {
            zone.steering.assertions.iter().map(move |spec| (&spec.value, Some(apex)))
        });
        of_all.chain(of_zones)
    }
}

impl Loader<'_> {
    /// Reads them all.
    pub(super) fn read(&self, main: &Arc<Source>) -> Files {
        let main = MainSpec::read(main, self.faults);
        let maps = match &main.maps {
            Ok(Some(path)) => match self.workspace.named_by(path, limits::MAPS_FILE_OCTETS, self.faults) {
                Ok(source) => MapsSpec::read(&source, self.faults),
                Err(Broken) => self.doubtful(&MapsSpec::DEFINES),
            },
            Ok(None) => MapsSpec::default(),
            Err(Broken) => self.doubtful(&MapsSpec::DEFINES),
        };
        let included = match &main.include {
            Ok(patterns) => {
                if patterns.iter().any(Parsed::is_err) {
                    self.faults.doubt_names(&SteeringSpec::DEFINES);
                }
                let patterns: Vec<Written<String>> = sound(patterns.clone());
                folder::included(&patterns, self.workspace, self.faults)
            }
            Err(Broken) => self.doubtful(&SteeringSpec::DEFINES),
        };
        let elsewhere: BTreeSet<String> = included.keys().cloned().collect();
        let zones = match &main.zones {
            Ok(path) => folder::zones(path, &elsewhere, self.workspace, self.faults),
            Err(Broken) => Vec::new(),
        };
        Files { main, maps, included, zones }
    }

    /// Nothing, and the knowledge that names of these kinds are missing for a reason told already.
    fn doubtful<T: Default>(&self, kinds: &[&'static str]) -> T {
        self.faults.doubt_names(kinds);
        T::default()
    }
}
