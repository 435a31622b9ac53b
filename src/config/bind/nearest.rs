//! What `nearest` and `bias` of a map need of the sites.

use crate::config::spec::{MapSpec, MapsSpec, Named, SiteSpec};
use crate::config::text::{Faults, Written, quote};
use crate::geo::SiteId;

use super::maps::Sites;
use super::names::Scope;

/// `nearest` finds only sites that have a location.
pub(super) fn check(spec: &MapsSpec, faults: &Faults) {
    let using = |map: &Named<MapSpec>| map.content.as_ref().ok()?.nearest.clone();
    let using: Vec<Written<u16>> = spec.maps.iter().filter_map(using).collect();
    // A location with a fault is one all the same.
    let (lost, located): (Vec<&Named<SiteSpec>>, Vec<_>) = spec
        .sites
        .iter()
        .partition(|site| site.content.as_ref().is_ok_and(|content| matches!(content.location, Ok(None))));
    for (site, _) in spec.maps.iter().filter_map(|map| map.content.as_ref().ok()).flat_map(|map| &map.bias) {
        warn_of_bias(site, &lost, faults);
    }
    for nearest in &using {
        if located.is_empty() {
            let fault = nearest.place.error("no site has a location, so none is nearest").label("no effect");
            faults.add(fault.help("add `location = { lat = …, lon = … }` to the sites"));
        } else if usize::from(nearest.value) > located.len() {
            let message = format!("only {} sites have a location", located.len());
            faults.add(nearest.place.warning(message).label("more than there are"));
        }
    }
    for site in lost.iter().filter(|_| !using.is_empty() && !located.is_empty()) {
        let message = format!("the site {} has no location, so it is never nearest", quote(&site.name));
        let warning = site.name.place.warning(message).label("without a location");
        faults.add(warning.help("add `location = { lat = …, lon = … }`: a map has `nearest`"));
    }
}

/// The biases of a map, without those of unknown sites.
pub(super) fn biases(spec: &MapSpec, sites: &Sites, faults: &Faults) -> Vec<(SiteId, i8)> {
    let find = |name| sites.names.find(name, Scope::Everywhere, faults).ok().copied();
    spec.bias.iter().filter_map(|(name, bias)| Some((find(name)?, bias.value))).collect()
}

/// A bias moves a site only where distance is measured to it.
fn warn_of_bias(site: &Written<String>, lost: &[&Named<SiteSpec>], faults: &Faults) {
    if lost.iter().any(|lost| lost.name.value == site.value) {
        let message = format!("the site {} has no location, so its bias has no effect", quote(site));
        let warning = site.place.warning(message).label("without a location");
        faults.add(warning.help("add `location = { lat = …, lon = … }` to the site"));
    }
}
