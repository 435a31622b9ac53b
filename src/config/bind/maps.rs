//! Sites, regions and maps: names become ids, codes are checked, regions become countries.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::config::spec::{MapSpec, MapsSpec, Named, SiteSpec, TableSpec, WillSpec};
use crate::config::text::{Broken, Faults, Items, Parsed, Written, part_of, quote};
use crate::geo::{self, CityKey, Database, FileLine, MapRules, RuleLines, Site, SiteId};
use crate::snapshot::{Configuration, GeoSource, Map};

use super::firsts::Firsts;
use super::line_book::LineBook;
use super::names::{Names, Scope};
use super::network_lists::{ListedNetworks, NetworkLists};
use super::{cities, codes, nearest, network_lists};

/// Sites by name and by id.
pub(super) struct Sites {
    /// Name → id.
    pub(super) names: Names<SiteId>,
    /// Indexed by id.
    pub(super) list: Vec<Site>,
    /// The operator's will, indexed by id.
    pub(super) wills: Vec<WillSpec>,
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
    /// Where their entries stand.
    pub(super) lines: RuleLines,
    /// Its cities, where they stand.
    pub(super) cities: Vec<Written<CityKey>>,
}

impl Sites {
    /// The sites of a list that are known.
    pub(super) fn of(&self, list: &[Written<String>], faults: &Faults) -> Vec<SiteId> {
        let find = |name| self.names.find(name, Scope::Everywhere, faults).ok().copied();
        list.iter().filter_map(find).collect()
    }
}

/// Binds `[site.NAME]`.
pub(super) fn bind_sites(specs: &[Named<SiteSpec>], faults: &Faults) -> Sites {
    let mut sites = Sites {
        names: Names::new("site", "sites stand in the file that `maps` of `[geo]` names"),
        list: Vec::new(),
        wills: Vec::new(),
        capacity: Vec::new(),
    };
    for spec in specs {
        let id = part_of(&spec.content).map(|content| {
            let location = content.location.unwrap_or(None);
            sites.list.push(Site { name: spec.name.value.clone(), location });
            sites.wills.push(content.will.clone());
            sites.capacity.push(content.capacity);
            SiteId((sites.list.len() - 1) as u16)
        });
        sites.names.define(&spec.name, Scope::Everywhere, id, faults);
    }
    sites
}

/// Binds `[map.NAME]`: the names for rules to refer to (numbers into the list), and the maps. `lists` reads the files
/// that maps name.
pub(super) fn bind_maps(
    spec: &MapsSpec,
    sites: &Sites,
    lists: &NetworkLists<'_>,
    faults: &Faults,
) -> (Names<u32>, Vec<BoundMap>) {
    let mut names = Names::new("map", "maps stand in the file that `maps` of `[geo]` names");
    let mut maps = Vec::new();
    let regions = Regions::bind(spec, faults);
    for map in &spec.maps {
        let content = part_of(&map.content);
        let lines = LineBook::default();
        let binder = Binder { sites, lists, lines: &lines, faults };
        let bound = content.and_then(|content| binder.bind(&map.name, content, &regions));
        let number = bound.map(|bound| {
            maps.push(BoundMap { lines: RuleLines { files: lines.files(), ..bound.lines }, ..bound });
            (maps.len() - 1) as u32
        });
        names.define(&map.name, Scope::Everywhere, number, faults);
    }
    nearest::check(spec, faults);
    (names, maps)
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
    lists: &'a NetworkLists<'a>,
    lines: &'a LineBook,
    faults: &'a Faults,
}

/// A table of a map, bound: the entries, and where each stands.
struct Bound<K> {
    entries: Vec<(K, Vec<SiteId>)>,
    lines: Vec<FileLine>,
}

impl Binder<'_> {
    fn bind(&self, name: &Written<String>, spec: &MapSpec, regions: &Regions<'_>) -> Parsed<BoundMap> {
        let listed = self.lists.read(spec, self.sites, self.faults);
        let network = self.networks(&spec.network, &listed);
        let asn = self.table(&spec.asn, "autonomous system", codes::autonomous_system);
        let mut named = Vec::new();
        let city = self.table(&spec.city, "city", |written, faults| {
            let key = cities::key(written, faults)?;
            named.push(Written { value: key.clone(), place: written.place.clone() });
            Ok(key)
        });
        let subdivision = self.table(&spec.subdivision, "subdivision", codes::subdivision);
        let (country, regions) = self.countries(&spec.country, regions);
        let continent = self.table(&spec.continent, "continent", codes::continent);
        let bias = nearest::biases(spec, self.sites, self.faults);
        let default = part_of(&spec.default)?;
        let lines = RuleLines {
            files: Vec::new(),
            network: network.lines,
            asn: asn.lines,
            city: city.lines,
            subdivision: subdivision.lines,
            country: country.lines,
            regions,
            continent: continent.lines,
            nearest: spec.nearest.iter().map(|nearest| self.lines.line(&nearest.place)).collect(),
            default: vec![self.lines.line(&default.place)],
        };
        let rules = MapRules {
            network: network.entries,
            asn: asn.entries,
            city: city.entries,
            subdivision: subdivision.entries,
            country: country.entries,
            continent: continent.entries,
            nearest: spec.nearest.as_ref().map(|nearest| nearest.value),
            bias,
            default: self.sites.of(default, self.faults),
        };
        Ok(BoundMap { name: name.clone(), ecs: spec.ecs.unwrap_or(true), rules, lines, cities: named })
    }

    /// One table whose keys all have one meaning each, without the keys at fault; two spellings of one are a fault.
    fn table<K: Eq + Hash + Clone>(
        &self,
        table: &TableSpec,
        kind: &'static str,
        key: impl FnMut(&Written<String>, &Faults) -> Parsed<K>,
    ) -> Bound<K> {
        self.rows(self.resolved(table), kind, key)
    }

    /// The table of networks and the lists together.
    fn networks(&self, table: &TableSpec, listed: &[ListedNetworks]) -> Bound<geo::Prefix> {
        let listed = listed
            .iter()
            .flat_map(|group| group.networks.iter().map(|network| (network, group.sites.clone())));
        self.rows(self.resolved(table).chain(listed), "network", network_lists::network)
    }

    fn resolved<'t>(
        &'t self,
        table: &'t TableSpec,
    ) -> impl Iterator<Item = (&'t Written<String>, Vec<SiteId>)> {
        table.iter().map(|(key, list)| (key, self.sites.of(list, self.faults)))
    }

    fn rows<'t, K: Eq + Hash + Clone>(
        &self,
        rows: impl Iterator<Item = (&'t Written<String>, Vec<SiteId>)>,
        kind: &'static str,
        mut key: impl FnMut(&Written<String>, &Faults) -> Parsed<K>,
    ) -> Bound<K> {
        let mut seen = Firsts::new(kind);
        let mut bound = Bound { entries: Vec::new(), lines: Vec::new() };
        for (written, sites) in rows {
            let Ok(key) = key(written, self.faults) else { continue };
            if seen.check(key.clone(), written, self.faults).is_ok() {
                bound.entries.push((key, sites));
                bound.lines.push(self.lines.line(&written.place));
            }
        }
        bound
    }

    /// Countries and regions: a country named by itself wins over its region (semantics §6). With them the regions
    /// that they came from.
    fn countries(&self, table: &TableSpec, regions: &Regions<'_>) -> (Bound<[u8; 2]>, Vec<Option<Arc<str>>>) {
        let names: Vec<&str> = regions.by_name.keys().copied().collect();
        let (groups, single): (TableSpec, TableSpec) =
            table.iter().cloned().partition(|(key, _)| regions.by_name.contains_key(key.as_str()));
        let mut single = self.table(&single, "country", |code, faults| codes::country(code, &names, faults));
        let mut origins = vec![None; single.entries.len()];
        for (country, name, sites) in self.regions(&groups, regions) {
            if !single.entries.iter().any(|(named, _)| *named == country) {
                single.entries.push((country, sites));
                single.lines.push(self.lines.line(&name.place));
                origins.push(Some(name.as_str().into()));
            }
        }
        (single, origins)
    }

    fn regions<'g>(
        &self,
        groups: &'g TableSpec,
        regions: &Regions<'_>,
    ) -> Vec<([u8; 2], &'g Written<String>, Vec<SiteId>)> {
        let mut seen = Firsts::new("country");
        let mut expanded = Vec::new();
        for (name, list) in groups {
            let sites = self.sites.of(list, self.faults);
            for &country in &regions.by_name[name.as_str()] {
                if seen.check_region(country, name, self.faults).is_ok() {
                    expanded.push((country, name, sites.clone()));
                }
            }
        }
        expanded
    }
}

/// Whether any table of the map needs geo data.
pub(super) fn needs_data(rules: &MapRules) -> bool {
    rules.nearest.is_some()
        || !(rules.asn.is_empty()
            && rules.city.is_empty()
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
    cities::warn_unknown(&maps, &databases, faults);
    let compiled: Vec<Parsed<Map>> = maps
        .into_iter()
        .map(|BoundMap { name, ecs, rules, lines, .. }| {
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
            Ok(Map { ecs, table, lines })
        })
        .collect();
    compiled.into_iter().collect()
}
