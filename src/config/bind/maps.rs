//! Sites, regions and maps: names become ids, codes are checked, regions become countries.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use crate::config::spec::{MapSpec, MapsSpec, Named, SiteList, SiteSpec, TableSpec};
use crate::config::text::{Broken, Faults, Parsed, Place, Written, network, quote};
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
    };
    for spec in specs {
        let id = spec.content.as_ref().map_err(|&broken| broken).map(|content| {
            sites.list.push(Site { name: spec.name.value.clone(), location: content.location });
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
        let content = map.content.as_ref().map_err(|&broken| broken);
        let rules = content.and_then(|content| Binder { sites, faults }.bind(content, &regions));
        let number = rules.map(|(ecs, rules)| {
            maps.push(BoundMap { name: map.name.clone(), ecs, rules });
            (maps.len() - 1) as u32
        });
        names.define(&map.name, Scope::Everywhere, number, faults);
    }
    (names, maps)
}

/// Named groups of countries.
struct Regions<'a> {
    by_name: BTreeMap<&'a str, Parsed<Vec<[u8; 2]>>>,
}

impl<'a> Regions<'a> {
    fn bind(spec: &'a MapsSpec, faults: &Faults) -> Regions<'a> {
        let bind_one = |region: &'a Named<Vec<Written<String>>>| {
            let content = region.content.as_ref().map_err(|&broken| broken);
            (
                region.name.as_str(),
                content.and_then(|countries| Self::countries(&region.name, countries, faults)),
            )
        };
        Regions { by_name: spec.regions.iter().map(bind_one).collect() }
    }

    fn countries(
        name: &Written<String>,
        countries: &[Written<String>],
        faults: &Faults,
    ) -> Parsed<Vec<[u8; 2]>> {
        if crate::geo::codes::is_country(name) {
            let message = format!("the region {} has the name of a country", quote(name));
            faults.add(name.place.error(message).label("a country").help("give it another name"));
            return Err(Broken);
        }
        let mut seen = Firsts::new("country");
        let codes: Vec<_> = countries
            .iter()
            .map(|code| {
                let bound = codes::country(code, &[], faults)?;
                seen.check(bound, code, faults).map(|()| bound)
            })
            .collect();
        codes.into_iter().collect()
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
        let default = self.sites(&spec.default);
        self.check_nearest(spec);
        let rules = MapRules {
            network: network?,
            asn: asn?,
            city: Vec::new(),
            subdivision: subdivision?,
            country: country?,
            continent: continent?,
            nearest: spec.nearest.as_ref().map(|nearest| nearest.value),
            default: default?,
        };
        Ok((spec.ecs.unwrap_or(true), rules))
    }

    /// One table whose keys all have one meaning each; two spellings of one key are a fault.
    fn table<K: Eq + Hash + Clone>(
        &self,
        table: &TableSpec,
        kind: &'static str,
        key: impl Fn(&Written<String>, &Faults) -> Parsed<K>,
    ) -> Parsed<Vec<(K, Vec<SiteId>)>> {
        let mut seen = Firsts::new(kind);
        let entries: Vec<_> = table
            .iter()
            .map(|(written, list)| {
                let sites = self.sites(list);
                let bound = key(written, self.faults)?;
                seen.check(bound.clone(), written, self.faults)?;
                Ok((bound, sites?))
            })
            .collect();
        entries.into_iter().collect()
    }

    /// Countries and regions: a country named by itself wins over its region (semantics §6).
    fn countries(&self, table: &TableSpec, regions: &Regions<'_>) -> Parsed<Vec<([u8; 2], Vec<SiteId>)>> {
        let names: Vec<&str> = regions.by_name.keys().copied().collect();
        let (groups, single): (TableSpec, TableSpec) =
            table.iter().cloned().partition(|(key, _)| regions.by_name.contains_key(key.as_str()));
        let single = self.table(&single, "country", |code, faults| codes::country(code, &names, faults));
        let groups = self.regions(&groups, regions);
        let (mut single, groups) = (single?, groups?);
        for (country, sites) in groups {
            if !single.iter().any(|(named, _)| *named == country) {
                single.push((country, sites));
            }
        }
        Ok(single)
    }

    fn regions(&self, groups: &TableSpec, regions: &Regions<'_>) -> Parsed<Vec<([u8; 2], Vec<SiteId>)>> {
        let mut seen = Firsts::new("country");
        let mut expanded = Vec::new();
        let mut broken = false;
        for (name, list) in groups {
            let sites = self.sites(list);
            match (&regions.by_name[name.as_str()], sites) {
                (Ok(countries), Ok(sites)) => {
                    for &country in countries {
                        broken |= seen.check_region(country, name, self.faults).is_err();
                        expanded.push((country, sites.clone()));
                    }
                }
                _ => broken = true,
            }
        }
        if broken { Err(Broken) } else { Ok(expanded) }
    }

    fn sites(&self, list: &Written<SiteList>) -> Parsed<Vec<SiteId>> {
        let find = |name| self.sites.names.find(name, Scope::Everywhere, self.faults).copied();
        let ids: Vec<_> = list.iter().map(find).collect();
        ids.into_iter().collect()
    }

    fn check_nearest(&self, spec: &MapSpec) {
        let Some(nearest) = &spec.nearest else { return };
        let located = self.sites.list.iter().filter(|site| site.location.is_some()).count();
        if located == 0 {
            let fault = nearest.place.error("no site has a location, so none is nearest").label("no effect");
            self.faults.add(fault.help("add `location = { lat = …, lon = … }` to the sites"));
        } else if usize::from(nearest.value) > located {
            let message = format!("only {located} sites have a location");
            self.faults.add(nearest.place.warning(message).label("more than there are"));
        }
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
