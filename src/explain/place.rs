//! Where a client is under a map, and what the databases and the levels of the map have to say of it.

use super::{Level, Source, level};
use crate::geo::{self, SiteId};
use crate::snapshot::{Configuration, Map};

/// Where a client is under a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The map's name.
    pub map: String,
    /// The number of the class.
    pub class: usize,
    /// How many classes the map has.
    pub classes: usize,
    /// The class's sites by name, in order.
    pub sites: Vec<String>,
    /// What the databases and the map's tables said.
    pub reason: geo::Reason,
    /// Every level of the map in the order of precedence; one of them decides.
    pub levels: Vec<Level>,
    /// The sites with their distances, where distance decided; the nearest first.
    pub distances: Vec<Distance>,
    /// When the databases that know the client were built, in seconds since 1970; the order is that of their records.
    pub built: Vec<u64>,
}

/// How far a site is from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distance {
    /// The site's name.
    pub site: String,
    /// In metres.
    pub metres: u64,
    /// The map's bias for the site and the metres that count by it, where it has one.
    pub biased: Option<(i8, u64)>,
}

/// Where a map puts the address that decides.
pub(super) fn place(
    configuration: &Configuration,
    map: &Map,
    placement: geo::Placement,
    source: Source,
) -> Place {
    let databases: Vec<&geo::Database> = configuration.geo.iter().map(|source| &*source.database).collect();
    let (rules, sites) = (map.table.rules(), &configuration.sites);
    let reason = geo::explain(rules, &map.lines, sites, &databases, source.address);
    let name = |site: SiteId| configuration.sites[usize::from(site.0)].name.clone();
    let classes = map.table.classes();
    let class = usize::from(placement.class.0);
    let records = reason.record.iter().chain(&reason.further_records);
    let built = |name: &String| databases.iter().find(|database| database.name() == name);
    Place {
        built: records.map(|(name, ..)| built(name).map_or(0, |database| database.built_at())).collect(),
        map: map.table.name().to_owned(),
        class,
        classes: classes.len(),
        sites: classes[class].iter().map(|&site| name(site)).collect(),
        levels: reason.levels.iter().map(|step| level::level(step, name)).collect(),
        distances: reason.distances.iter().map(|&far| distance(&reason, far, name)).collect(),
        reason,
    }
}

fn distance(
    reason: &geo::Reason,
    (site, metres): (SiteId, u64),
    name: impl Fn(SiteId) -> String,
) -> Distance {
    let biased = reason.biased.iter().find(|biased| biased.site == site);
    let biased = biased.map(|biased| (biased.bias, biased.counted_metres));
    Distance { site: name(site), metres, biased }
}
