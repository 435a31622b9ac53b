//! What the files mean together: names become ids, references and domain rules are checked, domain types are made.
//!
//! Every step goes on with what is sound, so that one run tells the faults of all files.

mod account;
mod addresses;
mod assertions;
mod bypass;
mod cities;
mod codes;
mod compile;
mod contradictions;
mod cookies;
mod coverage;
mod data;
pub(super) mod databases;
mod drafts;
mod expect;
mod firsts;
mod folder;
mod hints;
mod inner_pools;
mod kinds;
mod line_book;
mod maps;
mod members;
mod monitors;
mod names;
mod nameservers;
mod nearest;
mod nested;
mod network_lists;
mod offers;
mod pools;
mod rate_limit;
mod requests;
mod rules;
mod settings;
mod sketch;
mod targets;
mod turnover;
mod warnings;
mod zones;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::fault::Source;
use crate::snapshot::{Configuration, GeoSource, Map, SteerMark, ZoneFile};
use crate::wire::Name;
use crate::zone::Zones;

use super::expectations::Expectations;
use super::limits;
use super::spec::{AccessSpec, MainSpec, MapsSpec, RuleSpec, SteeringSpec};
use super::text::{Broken, Faults, Parsed, Written, part_of, sound};
use super::workspace::Workspace;
use super::{DatabaseCopy, HeldBack, Loaded, Mode};

pub(super) use account::help_to_read;
use drafts::Draft;
use folder::ZoneFiles;
use maps::{BoundMap, Sites};
use monitors::Monitors;
use names::{Names, Scope};
use network_lists::NetworkLists;
use pools::Pools;
use rules::BoundRule;
pub(super) use settings::socket_path;
use targets::Targets;
use zones::BoundZone;

/// One run of the loader.
pub(super) struct Loader<'a> {
    /// Where files are.
    pub(super) workspace: &'a Workspace<'a>,
    /// What the load is for.
    pub(super) mode: Mode,
    /// What is served now.
    pub(super) previous: Option<&'a Configuration>,
    /// Files of databases that are held back.
    pub(super) held: &'a HeldBack,
    /// Where faults go.
    pub(super) faults: &'a Faults,
}

/// All files as specs.
struct Files {
    main: MainSpec,
    maps: MapsSpec,
    included: BTreeMap<String, SteeringSpec>,
    zones: Vec<ZoneFiles>,
}

/// What all files name, bound.
struct Ground {
    sites: Sites,
    map_names: Names<u32>,
    monitors: Monitors,
    pools: Pools,
}

impl Loader<'_> {
    /// Loads everything that the main file names. Broken: the faults say why.
    pub(super) fn load(&self, main: &Arc<Source>) -> Parsed<Loaded> {
        let files = self.read(main);
        let settings = settings::bind(&files.main.server, &files.main.admin, self.workspace, self.faults);
        let cookies = part_of(&files.main.server)
            .and_then(|server| cookies::bind(&server.cookies, self.workspace, self.faults));
        let (ground, bound_maps) = self.ground(&files);
        let expectations = self.expectations(&files, &ground);
        let assertions = self.assertions(&files, &ground);
        let of_places = assertions::speak_of_places(&assertions, files.main.share.as_ref());
        let geo = self.geo(&files.main, &bound_maps, of_places);
        let maps = geo.as_ref().map_err(|&broken| broken).and_then(|(geo, _)| {
            maps::compile(bound_maps, &ground.sites.list, geo, self.previous, self.faults)
        });
        let rules = self.rules(&files.zones, &ground);
        let (zones, drafts) = self.zones(&files, &rules, &ground.pools);
        let demand = assertions::demand(
            files.main.share.as_ref(),
            &ground.sites.capacity,
            &assertions,
            self.workspace,
            self.faults,
        );
        let ((geo, copies), maps) = (geo?, maps?);
        let (settings, cookies, server) =
            (settings?, cookies?, files.main.server.as_ref().map_err(|&broken| broken)?);
        if self.faults.any_error() {
            return Err(Broken);
        }
        contradictions::warn(server, self.faults);
        let udp_payload_max = settings::udp_payload_max(server);
        let configuration = self.finish(ground, maps, geo, zones?, drafts?, udp_payload_max);
        let configuration = Configuration {
            identity: server.identity.clone(),
            extended_errors: server.extended_errors.unwrap_or_default(),
            report_channel: server.report_channel.as_ref().map(|name| name.value.clone()),
            cookies,
            udp_payload_max,
            udp_payload_max_without_cookie: settings::udp_payload_max_without_cookie(server),
            rate_limit: server.rate_limit.as_ref().map(rate_limit::bind),
            geo_gate: files.main.geo_gate,
            ..configuration
        };
        let (proofs, assertions) =
            assertions::prove(&configuration, &assertions, demand?, self.mode, self.faults);
        let warnings = Vec::new();
        Ok(Loaded {
            settings,
            configuration,
            database_copies: copies,
            expectations,
            proofs,
            assertions,
            warnings,
        })
    }

    /// The expectations of all files, those of the main file first.
    fn expectations(&self, files: &Files, ground: &Ground) -> Expectations {
        let bind = |specs: &[_], origin: &Name| expect::bind(specs, origin, ground, self.faults);
        let root = Name::root();
        let mut list = bind(&files.main.expectations, &root);
        for spec in files.included.values() {
            list.extend(bind(&spec.expectations, &root));
        }
        for files in &files.zones {
            if let Ok(apex) = &files.apex {
                list.extend(bind(&files.steering.expectations, apex));
            }
        }
        expect::check_count(&list, self.faults);
        Expectations { list }
    }

    fn read(&self, main: &Arc<Source>) -> Files {
        let main = MainSpec::read(main, self.faults);
        let maps = match &main.maps {
            Ok(Some(path)) => match self.workspace.named_by(path, limits::MAPS_FILE_OCTETS, self.faults) {
                Ok(source) => MapsSpec::read(&source, self.faults),
                Err(Broken) => self.doubtful(),
            },
            Ok(None) => MapsSpec::default(),
            Err(Broken) => self.doubtful(),
        };
        let included = match &main.include {
            Ok(patterns) => {
                if patterns.iter().any(Parsed::is_err) {
                    self.faults.doubt_names();
                }
                let patterns: Vec<Written<String>> = sound(patterns.clone());
                folder::included(&patterns, self.workspace, self.faults)
            }
            Err(Broken) => self.doubtful(),
        };
        let elsewhere: BTreeSet<String> = included.keys().cloned().collect();
        let zones = match &main.zones {
            Ok(path) => folder::zones(path, &elsewhere, self.workspace, self.faults),
            Err(Broken) => Vec::new(),
        };
        Files { main, maps, included, zones }
    }

    /// Nothing, and the knowledge that names are missing for a reason told already.
    fn doubtful<T: Default>(&self) -> T {
        self.faults.doubt_names();
        T::default()
    }

    fn ground(&self, files: &Files) -> (Ground, Vec<BoundMap>) {
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

    /// The assertions of all files; those in a file beside a zone speak of its names.
    fn assertions<'f>(&self, files: &'f Files, ground: &Ground) -> Vec<assertions::Draft<'f>> {
        let binder = assertions::Binder { sites: &ground.sites, maps: &files.maps, faults: self.faults };
        let of_all = files.included.values().flat_map(|spec| &spec.assertions);
        let of_all = files.main.assertions.iter().chain(of_all).map(|spec| (&spec.value, None));
        let of_zones = files.zones.iter().filter_map(|zone| Some((zone, zone.apex.as_ref().ok()?)));
        let of_zones = of_zones.flat_map(|(zone, apex)| {
            zone.steering.assertions.iter().map(move |spec| (&spec.value, Some(apex)))
        });
        assertions::bind_all(&binder, of_all.chain(of_zones))
    }

    fn geo(
        &self,
        main: &MainSpec,
        maps: &[BoundMap],
        of_places: bool,
    ) -> Parsed<(Vec<GeoSource>, Vec<DatabaseCopy>)> {
        let configured = part_of(&main.databases)?;
        let known = sound(configured.clone());
        let server = main.server.as_ref().ok();
        let databases = databases::Databases {
            workspace: self.workspace,
            mode: self.mode,
            previous: self.previous.map_or(&[], |previous| &previous.geo),
            state_dir: server.and_then(|server| server.state_dir.as_ref()).map(|path| path.value.as_str()),
            held: self.held,
            gated: main.geo_gate.max_change.is_some(),
            faults: self.faults,
        };
        let needing = maps.iter().find(|map| maps::needs_data(&map.rules));
        // Assertions may speak of countries where no map does.
        let wanted = needing.is_some() || of_places;
        let loaded = databases.load(&known, wanted)?;
        if configured.len() > known.len() {
            return Err(Broken);
        }
        if let (Some(map), true) = (needing, loaded.0.is_empty()) {
            let warning =
                map.name.place.warning("there is no geo data for this map").label("only networks count");
            self.faults
                .add(warning.help("name a file in `databases` of `[geo]`: this binary has no data built in"));
        }
        Ok(loaded)
    }

    /// The rules of each zone, references looked up.
    fn rules<'f>(&self, zones: &'f [ZoneFiles], ground: &Ground) -> Vec<Vec<Parsed<BoundRule<'f>>>> {
        let bind_all = |(number, files): (usize, &'f ZoneFiles)| {
            let scope = Scope::Zone(number);
            let rules = files.steering.rules.iter();
            rules
                .map(|rule| rules::bind(rule, scope, &ground.pools, &ground.map_names, self.faults))
                .collect()
        };
        zones.iter().enumerate().map(bind_all).collect()
    }

    /// All zones, and a draft for each steered RRset in the order of the rules' numbers.
    fn zones<'r>(
        &self,
        files: &Files,
        rules: &'r [Vec<Parsed<BoundRule<'r>>>],
        pools: &Pools,
    ) -> (Parsed<Vec<ZoneFile>>, Parsed<Vec<Draft<'r>>>) {
        let Ok(folder) = &files.main.zones else { return (Err(Broken), Err(Broken)) };
        let served = self.previous.map_or(&[][..], |previous| &previous.zones);
        let mut binder = zones::Binder {
            workspace: self.workspace,
            folder,
            previous: served.iter().map(|file| (file.zone.apex(), file)).collect(),
            children: nested::children(files.zones.iter().filter_map(|files| files.apex.as_ref().ok())),
            faults: self.faults,
            next_rule: 0,
        };
        let everywhere = files.main.access.as_ref().and_then(AccessSpec::compile).map(Arc::new);
        let (mut zones, mut drafts) = (Vec::new(), Vec::new());
        for (files, rules) in files.zones.iter().zip(rules) {
            let (Ok(apex), Ok(master)) = (&files.apex, &files.master) else {
                zones.push(Err(Broken));
                continue;
            };
            let specs = files.steering.rules.iter();
            let offers: Vec<_> = specs.map(|spec| offers::offer(spec, pools)).collect();
            let access = match &files.steering.access {
                Some(own) => own.compile().map(Arc::new),
                None => everywhere.clone(),
            };
            let bound = binder.bind(apex, master, &files.steering.rules, &offers, access);
            let specs = &files.steering.rules;
            drafts
                .extend(bound.marks.iter().map(|mark| self.draft(mark, &bound, (specs, rules), apex, pools)));
            zones.push(bound.file);
        }
        self.check_rule_count(drafts.len(), folder);
        self.check_hint_count(drafts.iter().flatten(), folder);
        let zones: Parsed<Vec<ZoneFile>> = zones.into_iter().collect();
        if let Ok(zones) = &zones {
            let by_apex = Zones::new(zones.iter().map(|file| Arc::clone(&file.zone)).collect());
            nameservers::check(&by_apex, &drafts, self.faults);
            hints::check(&by_apex, &drafts, self.faults);
            nested::check(zones, &by_apex, self.faults);
        }
        (zones, drafts.into_iter().collect())
    }

    fn draft<'r>(
        &self,
        mark: &SteerMark,
        zone: &BoundZone,
        (specs, tables): (&[Written<RuleSpec>], &'r [Parsed<BoundRule<'r>>]),
        apex: &Name,
        pools: &Pools,
    ) -> Parsed<Draft<'r>> {
        let request = &zone.requests[mark.request];
        let owner = Written { value: request.owner.clone(), place: request.place.clone() };
        let spec = &specs[request.table];
        // Before the rule, which may be broken: what is written of the TTL does not depend on its pools.
        let ttl = drafts::ttl_bounds(spec, &owner, mark.rtype, mark.ttl, self.faults);
        let rule = part_of(&tables[request.table])?;
        Draft::new(rule, owner, apex.clone(), mark, ttl, pools, self.faults)
    }

    fn check_rule_count(&self, rules: usize, folder: &Written<String>) {
        if rules > limits::RULES {
            let message = format!("{rules} RRsets are steered; {} is the most", limits::RULES);
            self.faults.add(folder.place.error(message));
        }
    }

    fn check_hint_count<'d>(&self, drafts: impl Iterator<Item = &'d Draft<'d>>, folder: &Written<String>) {
        let distinct: HashSet<_> = drafts.filter_map(|draft| draft.hints.as_ref()).collect();
        if distinct.len() > limits::HINTED_RRSETS {
            let (found, most) = (distinct.len(), limits::HINTED_RRSETS);
            let message = format!(
                "{found} SVCB and HTTPS RRsets with hints are steered that differ; {most} is the most"
            );
            self.faults.add(folder.place.error(message));
        }
    }

    fn finish(
        &self,
        ground: Ground,
        maps: Vec<Map>,
        geo: Vec<GeoSource>,
        zones: Vec<ZoneFile>,
        drafts: Vec<Draft<'_>>,
        udp_payload_max: u16,
    ) -> Configuration {
        let Ground { sites, map_names, monitors, mut pools } = ground;
        let (rules, rule_labels) = compile::rules(&drafts, &mut pools, &maps);
        let check = warnings::Check { pools: &pools, sites: &sites, maps: &maps, faults: self.faults };
        check.rules(&drafts, &rules, udp_payload_max);
        check.unused(&map_names, &monitors.names);
        Configuration {
            zones,
            sites: sites.list,
            maps,
            geo,
            monitors: monitors.list,
            targets: pools.targets.list,
            pools: pools.list,
            pool_labels: pools.labels,
            rules,
            rule_labels,
            ..Configuration::default()
        }
    }
}
