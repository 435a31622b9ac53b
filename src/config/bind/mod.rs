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
mod ground;
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
mod reading;
mod requests;
mod rules;
mod settings;
mod sketch;
mod steering;
mod targets;
mod turnover;
mod warnings;
mod zones;

use std::sync::Arc;

use crate::fault::Source;
use crate::snapshot::{Configuration, GeoSource, Map, ZoneFile};
use crate::wire::Name;

use super::expectations::Expectations;
use super::spec::MainSpec;
use super::text::{Broken, Faults, Parsed, part_of, sound};
use super::workspace::Workspace;
use super::{DatabaseCopy, HeldBack, Loaded, Mode};

pub(super) use account::help_to_read;
use drafts::Draft;
use ground::Ground;
use maps::BoundMap;
use reading::Files;
pub(super) use settings::socket_path;

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
