//! Sites, regions and maps: names become ids, codes are checked, regions become countries.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use crate::config::spec::{MapSpec, MapsSpec, Named, SiteList, SiteSpec, TableSpec};
use crate::config::text::{Broken, Faults, Items, Parsed, Place, Written, network, part_of, quote};
use crate::geo::{self, Database, MapRules, Site, SiteId};
use crate::health::AdminState;
use crate::snapshot::{Configuration, GeoSource, Map};

use super::codes;
use super::names::{Names, Scope};

/// Sites by name and by id.
pub(super) struct Sites {
    /// Name → id.
    pub(super) names: Names<SiteId>,
    /// Indexed by id.
    pub(super) list: Vec<Site>,
    /// The operator's will, indexed by id.
    pub(super) admin: Vec<AdminState>,
    /// What each can carry, indexed by id.
    pub(super) capacity: Vec<Option<u64>>,
}

/// A map as written, bound but not compiled.
pub(super) struct BoundMap {
    /// Its name, where it is defined.
    pub(super) name: Written<String>,
    /// Whether EDNS Client Subnet decides.
    pub(super) ecs: bool,
    /// The tables.
    pub(super) rules: MapRules,
}

/// Binds `[site.NAME]`.
pub(super) fn bind_sites(specs: &[Named<SiteSpec>], faults: &Faults) -> Sites {
    let mut sites = Sites {
        names: Names::new("site", "sites stand in the file that `maps` of `[geo]` names"),
        list: Vec::new(),
        admin: Vec::new(),
        capacity: Vec::new(),
    };
    for spec in specs {
        let id = part_of(&spec.content).map(|content| {
            let location = content.location.unwrap_or(None);
            sites.list.push(Site { name: spec.name.value.clone(), location });
            sites.capacity.push(content.capacity);
            sites.admin.push(content.admin.unwrap_or(AdminState::Auto));
            SiteId((sites.list.len() - 1) as u16)
        });
        sites.names.define(&spec.name, Scope::Everywhere, id, faults);
    }
    sites
}

/// Binds `[map.NAME]`: the names for rules to refer to (numbers into the list), and the maps.
pub(super) fn bind_maps(spec: &MapsSpec, sites: &Sites, faults: &Faults) -> (Names<u32>, Vec<BoundMap>) {
    let mut names = Names::new("map", "maps stand in the file that `maps` of `[geo]` names");
    let mut maps = Vec::new();
    let regions = Regions::bind(spec, faults);
    for map in &spec.maps {
        let content = part_of(&map.content);
        let rules = content.and_then(|content| Binder { sites, faults }.bind(content, &regions));
        let number = rules.map(|(ecs, rules)| {
            maps.push(BoundMap { name: map.name.clone(), ecs, rules });
            (maps.len() - 1) as u32
        });
        names.define(&map.name, Scope::Everywhere, number, faults);
    }
    check_nearest(spec, faults);
    (names, maps)
}

/// `nearest` finds only sites that have a location.
fn check_nearest(spec: &MapsSpec, faults: &Faults) {
    let using = |map: &Named<MapSpec>| map.content.as_ref().ok()?.nearest.clone();
    let using: Vec<Written<u16>> = spec.maps.iter().filter_map(using).collect();
    // A location with a fault is one all the same.
    let (lost, located): (Vec<&Named<SiteSpec>>, Vec<_>) = spec
        .sites
        .iter()
        .partition(|site| site.content.as_ref().is_ok_and(|content| matches!(content.location, Ok(None))));
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

/// Named groups of countries.
struct Regions<'a> {
    by_name: BTreeMap<&'a str, Vec<[u8; 2]>>,
}

impl<'a> Regions<'a> {
    fn bind(spec: &'a MapsSpec, faults: &Faults) -> Regions<'a> {
        let bind_one = |region: &'a Named<Items<String>>| {
            let countries = region.content.as_ref().map_or(&[][..], Vec::as_slice);
            (region.name.as_str(), Self::countries(&region.name, countries, faults))
        };
        Regions { by_name: spec.regions.iter().map(bind_one).collect() }
    }

    /// The countries without a fault.
    fn countries(
        name: &Written<String>,
        countries: &[Parsed<Written<String>>],
        faults: &Faults,
    ) -> Vec<[u8; 2]> {
        if crate::geo::codes::is_country(name) {
            let message = format!("the region {} has the name of a country", quote(name));
            faults.add(name.place.error(message).label("a country").help("give it another name"));
        }
        let mut seen = Firsts::new("country");
        let mut bind_one = |code: &Written<String>| {
            let bound = codes::country(code, &[], faults)?;
            seen.check(bound, code, faults).map(|()| bound)
        };
        countries.iter().flatten().filter_map(|code| bind_one(code).ok()).collect()
    }
}

struct Binder<'a> {
    sites: &'a Sites,
    faults: &'a Faults,
}

impl Binder<'_> {
    fn bind(&self, spec: &MapSpec, regions: &Regions<'_>) -> Parsed<(bool, MapRules)> {
        let network = self.table(&spec.network, "network", network);
        let asn = self.table(&spec.asn, "autonomous system", codes::autonomous_system);
        let subdivision = self.table(&spec.subdivision, "subdivision", codes::subdivision);
        let country = self.countries(&spec.country, regions);
        let continent = self.table(&spec.continent, "continent", codes::continent);
        let rules = MapRules {
            network,
            asn,
            city: Vec::new(),
            subdivision,
            country,
            continent,
            nearest: spec.nearest.as_ref().map(|nearest| nearest.value),
            default: self.sites(part_of(&spec.default)?),
        };
        Ok((spec.ecs.unwrap_or(true), rules))
    }

    /// One table whose keys all have one meaning each, without the keys at fault; two spellings of one are a fault.
    fn table<K: Eq + Hash + Clone>(
        &self,
        table: &TableSpec,
        kind: &'static str,
        key: impl Fn(&Written<String>, &Faults) -> Parsed<K>,
    ) -> Vec<(K, Vec<SiteId>)> {
        let mut seen = Firsts::new(kind);
        let mut bind_one = |(written, list): &(Written<String>, Written<SiteList>)| {
            let sites = self.sites(list);
            let bound = key(written, self.faults)?;
            seen.check(bound.clone(), written, self.faults).map(|()| (bound, sites))
        };
        table.iter().filter_map(|entry| bind_one(entry).ok()).collect()
    }

    /// Countries and regions: a country named by itself wins over its region (semantics §6).
    fn countries(&self, table: &TableSpec, regions: &Regions<'_>) -> Vec<([u8; 2], Vec<SiteId>)> {
        let names: Vec<&str> = regions.by_name.keys().copied().collect();
        let (groups, single): (TableSpec, TableSpec) =
            table.iter().cloned().partition(|(key, _)| regions.by_name.contains_key(key.as_str()));
        let mut single = self.table(&single, "country", |code, faults| codes::country(code, &names, faults));
        for (country, sites) in self.regions(&groups, regions) {
            if !single.iter().any(|(named, _)| *named == country) {
                single.push((country, sites));
            }
        }
        single
    }

    fn regions(&self, groups: &TableSpec, regions: &Regions<'_>) -> Vec<([u8; 2], Vec<SiteId>)> {
        let mut seen = Firsts::new("country");
        let mut expanded = Vec::new();
        for (name, list) in groups {
            let sites = self.sites(list);
            for &country in &regions.by_name[name.as_str()] {
                if seen.check_region(country, name, self.faults).is_ok() {
                    expanded.push((country, sites.clone()));
                }
            }
        }
        expanded
    }

    /// The sites of a list that are known.
    fn sites(&self, list: &Written<SiteList>) -> Vec<SiteId> {
        let find = |name| self.sites.names.find(name, Scope::Everywhere, self.faults).ok().copied();
        list.iter().filter_map(find).collect()
    }
}

/// Where each key was first seen, so that the second one is a fault.
struct Firsts<K> {
    kind: &'static str,
    places: HashMap<K, (String, Place)>,
}

impl<K: Eq + Hash> Firsts<K> {
    fn new(kind: &'static str) -> Firsts<K> {
        Firsts { kind, places: HashMap::new() }
    }

    fn check(&mut self, key: K, written: &Written<String>, faults: &Faults) -> Parsed<()> {
        let Some((_, first)) = self.places.insert(key, (written.value.clone(), written.place.clone())) else {
            return Ok(());
        };
        let fault = written.place.error(format!("the {} {} stands twice", self.kind, quote(written)));
        faults.add(fault.label("again").help(format!("it stands at {} already", first.file_and_line())));
        Err(Broken)
    }
}

impl Firsts<[u8; 2]> {
    /// A country may be in one region of a map only, unless it is named by itself.
    fn check_region(&mut self, country: [u8; 2], region: &Written<String>, faults: &Faults) -> Parsed<()> {
        let Some((other, _)) = self.places.insert(country, (region.value.clone(), region.place.clone()))
        else {
            return Ok(());
        };
        let code = String::from_utf8_lossy(&country).into_owned();
        let message = format!("{} is in the region {} and in {}", quote(&code), quote(&other), quote(region));
        faults.add(region.place.error(message).label("which one?").help("take it out of one of them"));
        Err(Broken)
    }
}

/// Whether any table of the map needs geo data.
pub(super) fn needs_data(rules: &MapRules) -> bool {
    rules.nearest.is_some()
        || !(rules.asn.is_empty()
            && rules.subdivision.is_empty()
            && rules.country.is_empty()
            && rules.continent.is_empty())
}

/// Compiles the maps, sharing those whose rules, sites and databases are what they were.
pub(super) fn compile(
    maps: Vec<BoundMap>,
    sites: &[Site],
    geo: &[GeoSource],
    previous: Option<&Configuration>,
    faults: &Faults,
) -> Parsed<Vec<Map>> {
    let databases: Vec<&Database> = geo.iter().map(|source| &*source.database).collect();
    let compiled: Vec<Parsed<Map>> = maps
        .into_iter()
        .map(|BoundMap { name, ecs, rules }| {
            let served =
                previous.and_then(|previous| previous.maps.iter().find(|map| map.table.name() == name.value));
            let unchanged = served.filter(|map| map.table.is_made_from(&rules, sites, &databases));
            let table = match unchanged {
                Some(map) => Arc::clone(&map.table),
                None => match geo::Map::compile(&name, &rules, sites, &databases) {
                    Ok(table) => Arc::new(table),
                    Err(sentence) => {
                        faults.add(name.place.error(sentence).label("this map"));
                        return Err(Broken);
                    }
                },
            };
            Ok(Map { ecs, table })
        })
        .collect();
    compiled.into_iter().collect()
}
