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
mod steered;
mod steering;
mod targets;
mod turnover;
mod warnings;
mod zones;

use std::sync::Arc;

use crate::explain::prove::Demand;
use crate::fault::Source;
use crate::snapshot::{Configuration, Cookies, GeoSource, Map, ZoneFile};
use crate::wire::Name;

use super::expectations::Expectations;
use super::spec::{MainSpec, ServerSpec};
use super::text::{Broken, Faults, Parsed, part_of, sound};
use super::workspace::Workspace;
use super::{DatabaseCopy, HeldBack, Loaded, Mode};

pub(super) use account::help_to_read;
use drafts::Draft;
use ground::Ground;
use maps::BoundMap;
use reading::Files;
pub(super) use settings::socket_path;
use steered::Steered;

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

/// The sound parts of a configuration.
struct Parts<'d> {
    ground: Ground,
    maps: Vec<Map>,
    geo: Vec<GeoSource>,
    zones: Vec<ZoneFile>,
    drafts: Vec<Draft<'d>>,
}

/// What the files claim of their own answers, as far as it is without a fault.
struct Claimed<'f> {
    expectations: Expectations,
    assertions: Vec<assertions::Draft<'f>>,
    /// What claims about load rest on.
    demand: Parsed<Option<Demand>>,
    /// Whether assertions need to know where clients are.
    speak_of_places: bool,
}

impl Loader<'_> {
    /// Loads everything that the main file names. Broken: the faults say why. A fault of an assertion or an expectation
    /// breaks nothing: the others are held against the configuration all the same.
    pub(super) fn load(&self, main: &Arc<Source>) -> Parsed<Loaded> {
        let files = self.read(main);
        let settings = settings::bind(&files.main.server, &files.main.admin, self.workspace, self.faults);
        let cookies = part_of(&files.main.server)
            .and_then(|server| cookies::bind(&server.cookies, self.workspace, self.faults));
        let (ground, bound_maps) = self.ground(&files);
        let rules = self.rules(&files.zones, &ground);
        let zones = self.zones(&files, &rules, &ground.pools);
        let claims = self.claims(&files, &ground, &zones.steered);
        let geo = self.geo(&files.main, &bound_maps, claims.speak_of_places);
        let maps = part_of(&geo).and_then(|(geo, _)| {
            maps::compile(bound_maps, &ground.sites.list, geo, self.previous, self.faults)
        });
        let ((geo, copies), maps, settings, cookies) = (geo?, maps?, settings?, cookies?);
        let server = part_of(&files.main.server)?;
        if self.faults.spoil_configuration() {
            return Err(Broken);
        }
        contradictions::warn(server, self.faults);
        let parts = Parts { ground, maps, geo, zones: zones.files?, drafts: zones.drafts? };
        let configuration = self.finish(parts, &files.main, server, cookies);
        let Claimed { expectations, assertions, demand, .. } = claims;
        let (proofs, assertions) = self
            .faults
            .aside(|| assertions::prove(&configuration, &assertions, demand, self.mode, self.faults));
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

    /// What the files claim of their own answers.
    fn claims<'f>(&self, files: &'f Files, ground: &Ground, steered: &Steered) -> Claimed<'f> {
        let share = &files.main.share;
        let claims = assertions::Claims { sites: &ground.sites, maps: &files.maps, faults: self.faults };
        self.faults.aside(|| {
            let expectations = self.expectations(files, ground);
            let assertions = assertions::bind_all(&claims, steered, files.assertions());
            let capacity = &ground.sites.capacity;
            let demand = assertions::demand(share, capacity, &assertions, self.workspace, self.faults);
            let speak_of_places = assertions::speak_of_places(&assertions, share);
            Claimed { expectations, assertions, demand, speak_of_places }
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
        parts: Parts<'_>,
        main: &MainSpec,
        server: &ServerSpec,
        cookies: Option<Cookies>,
    ) -> Configuration {
        let Parts { ground, maps, geo, zones, drafts } = parts;
        let Ground { sites, map_names, monitors, mut pools } = ground;
        let udp_payload_max = settings::udp_payload_max(server);
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
            identity: server.identity.clone(),
            extended_errors: server.extended_errors.unwrap_or_default(),
            report_channel: server.report_channel.as_ref().map(|name| name.value.clone()),
            cookies,
            udp_payload_max,
            udp_payload_max_without_cookie: settings::udp_payload_max_without_cookie(server),
            rate_limit: server.rate_limit.as_ref().map(rate_limit::bind),
            geo_gate: main.geo_gate,
        }
    }
}
