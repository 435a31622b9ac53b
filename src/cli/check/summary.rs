//! What a load found, in a few lines.

use std::fmt;

use serde::Serialize;

use crate::admin::answering;
use crate::admin::status::AnsweringStatus;
use crate::admin::timestamp::{now, rfc3339};
use crate::cli::answering::lines;
use crate::cli::table::ShownTable;
use crate::config::{Examination, Loaded, Untouched};
use crate::explain::words::counted;
use crate::geo::SiteId;
use crate::snapshot::{Configuration, GeoSource, Map, ZoneFile};
use crate::steer::Pool;

/// Classes of a map that are listed; a map by distance can have thousands.
const CLASSES_SHOWN: usize = 20;
/// Branches of a map without an expectation that are shown.
const BRANCHES_SHOWN: usize = 20;
/// Branches of a map without an expectation that JSON lists; a map can have a million networks.
const BRANCHES_LISTED: usize = 1_000;

/// What was loaded.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    listen: Vec<String>,
    answering: AnsweringStatus,
    zones: Vec<ZoneSummary>,
    rules: usize,
    maps: Vec<MapSummary>,
    pools: Vec<PoolSummary>,
    monitors: usize,
    targets: usize,
    geo: Vec<GeoSummary>,
    expectations: ExpectationsSummary,
}

#[derive(Debug, Default, Serialize)]
struct ExpectationsSummary {
    count: usize,
    failed: usize,
    untouched: Vec<UntouchedSummary>,
}

/// The branches of a map that no expectation reached.
#[derive(Debug, Serialize)]
struct UntouchedSummary {
    map: String,
    branches: usize,
    untouched: usize,
    /// At most [`BRANCHES_LISTED`] of them.
    listed: Vec<BranchSummary>,
}

#[derive(Debug, Serialize)]
struct BranchSummary {
    level: &'static str,
    entry: Option<String>,
    written_at: Option<String>,
    #[serde(skip)]
    words: String,
}

#[derive(Debug, Serialize)]
struct ZoneSummary {
    name: String,
    file: String,
    serial: u32,
    records: usize,
    steered: usize,
}

#[derive(Debug, Serialize)]
struct MapSummary {
    name: String,
    ecs: bool,
    octets: usize,
    /// The ordered sites of each class.
    classes: Vec<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct PoolSummary {
    name: String,
    site: Option<String>,
    pick: String,
    members: Vec<String>,
    pools: Vec<String>,
}

#[derive(Debug, Serialize)]
struct GeoSummary {
    name: String,
    path: Option<String>,
    built: String,
    networks: usize,
    countries: usize,
    degraded: Option<String>,
}

impl Summary {
    /// Of a load that was taken.
    pub(super) fn of(loaded: &Loaded) -> Summary {
        let configuration = &loaded.configuration;
        Summary {
            listen: loaded.settings.listen.iter().map(ToString::to_string).collect(),
            answering: answering(configuration, now()),
            zones: configuration.zones.iter().map(|file| zone(configuration, file)).collect(),
            rules: configuration.rules.len(),
            maps: configuration.maps.iter().map(|each| map(configuration, each)).collect(),
            pools: configuration.pools.iter().map(|each| pool(configuration, each)).collect(),
            monitors: configuration.monitors.len(),
            targets: configuration.targets.len(),
            geo: configuration.geo.iter().map(geo).collect(),
            expectations: ExpectationsSummary::default(),
        }
    }

    /// Adds what came of the expectations.
    pub(super) fn set_expectations(&mut self, examination: &Examination) {
        let Examination { count, failed, ref untouched, .. } = *examination;
        let untouched = untouched.iter().map(self::untouched).collect();
        self.expectations = ExpectationsSummary { count, failed, untouched };
    }

    /// How many expectations do not hold.
    pub(super) fn failed_expectations(&self) -> usize {
        self.expectations.failed
    }
}

fn zone(configuration: &Configuration, file: &ZoneFile) -> ZoneSummary {
    let apex = file.zone.apex();
    ZoneSummary {
        name: apex.to_string(),
        file: file.source.path.clone(),
        serial: file.zone.serial(),
        records: file.zone.record_count(),
        steered: configuration.rule_labels.iter().filter(|label| label.zone == *apex).count(),
    }
}

fn map(configuration: &Configuration, map: &Map) -> MapSummary {
    let sites = |class: &[SiteId]| class.iter().map(|&site| site_name(configuration, site)).collect();
    MapSummary {
        name: map.table.name().to_owned(),
        ecs: map.ecs,
        octets: map.table.size(),
        classes: map.table.classes().iter().map(|class| sites(class)).collect(),
    }
}

fn site_name(configuration: &Configuration, site: SiteId) -> String {
    configuration.sites[usize::from(site.0)].name.clone()
}

fn pool(configuration: &Configuration, pool: &Pool) -> PoolSummary {
    PoolSummary {
        name: pool.name.clone(),
        site: pool.site.map(|site| site_name(configuration, site)),
        pick: pool.pick.to_string(),
        members: pool.members.iter().map(|member| member.name.clone()).collect(),
        pools: pool
            .inner
            .iter()
            .map(|inner| configuration.pools[inner.pool.0 as usize].name.clone())
            .collect(),
    }
}

fn geo(source: &GeoSource) -> GeoSummary {
    let (networks, countries) = source.database.coverage();
    GeoSummary {
        name: source.database.name().to_owned(),
        path: source.path.clone(),
        built: rfc3339(source.database.built_at()),
        networks,
        countries,
        degraded: source.degraded.clone(),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "listens on {} (UDP and TCP)", self.listen.join(", "))?;
        formatter.write_str(&lines(&self.answering))?;
        section(formatter, &zones_table(&self.zones))?;
        if !self.pools.is_empty() {
            section(formatter, &pools_table(&self.pools))?;
        }
        for map in &self.maps {
            let ecs = if map.ecs { "decides" } else { "is ignored" };
            let (classes, size) = (counted(map.classes.len(), "class"), map.octets / 1024);
            writeln!(formatter, "\nmap {}: {classes}, {size} KiB, client subnet {ecs}", map.name)?;
            write_classes(formatter, map)?;
        }
        if !self.geo.is_empty() {
            section(formatter, &geo_table(&self.geo))?;
        }
        let rules = counted(self.rules, "rule");
        let monitors = counted(self.monitors, "monitor");
        writeln!(formatter, "\n{rules}, {monitors}, {}", counted(self.targets, "target"))?;
        self.expectations.write(formatter)
    }
}

impl ExpectationsSummary {
    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.failed) {
            (0, _) => return Ok(()),
            (count, 0) => writeln!(formatter, "{}, all met", counted(count, "expectation")),
            (count, failed) => writeln!(formatter, "{}, {failed} not met", counted(count, "expectation")),
        }?;
        self.untouched.iter().try_for_each(|map| map.write(formatter))
    }
}

impl UntouchedSummary {
    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UntouchedSummary { map, branches, untouched, listed } = self;
        writeln!(formatter, "\nno expectation reaches {untouched} of the {branches} branches of map {map}")?;
        for branch in listed.iter().take(BRANCHES_SHOWN) {
            writeln!(formatter, "  {}", branch.words)?;
        }
        match untouched.saturating_sub(BRANCHES_SHOWN) {
            0 => Ok(()),
            more => writeln!(formatter, "  and {more} more"),
        }
    }
}

fn untouched(map: &Untouched) -> UntouchedSummary {
    let listed = map.untouched.iter().take(BRANCHES_LISTED).map(|branch| BranchSummary {
        level: branch.level.label(),
        entry: branch.entry.clone(),
        written_at: branch.line.as_ref().map(ToString::to_string),
        words: branch.to_string(),
    });
    UntouchedSummary {
        map: map.map.clone(),
        branches: map.branches,
        untouched: map.untouched.len(),
        listed: listed.collect(),
    }
}

fn section(formatter: &mut fmt::Formatter<'_>, table: &ShownTable) -> fmt::Result {
    writeln!(formatter, "\n{table}")
}

fn write_classes(formatter: &mut fmt::Formatter<'_>, map: &MapSummary) -> fmt::Result {
    for (number, sites) in map.classes.iter().enumerate().take(CLASSES_SHOWN) {
        let sites = if sites.is_empty() { "none".to_owned() } else { sites.join(", ") };
        writeln!(formatter, "  class {number}: {sites}")?;
    }
    match map.classes.len().checked_sub(CLASSES_SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(formatter, "  and {more} more (--format json lists all)"),
    }
}

fn zones_table(zones: &[ZoneSummary]) -> ShownTable {
    let mut table = ShownTable::new(&["zone", "file", "serial", "records", "steered"]);
    for zone in zones {
        table.row([
            zone.name.clone(),
            zone.file.clone(),
            zone.serial.to_string(),
            zone.records.to_string(),
            zone.steered.to_string(),
        ]);
    }
    table
}

fn pools_table(pools: &[PoolSummary]) -> ShownTable {
    let mut table = ShownTable::new(&["pool", "site", "pick", "members"]);
    for pool in pools {
        let site = pool.site.clone().unwrap_or_default();
        let inner = pool.pools.iter().map(|inner| format!("pool {inner}"));
        let members: Vec<String> = pool.members.iter().cloned().chain(inner).collect();
        table.row([pool.name.clone(), site, pool.pick.clone(), members.join(", ")]);
    }
    table
}

fn geo_table(geo: &[GeoSummary]) -> ShownTable {
    let mut table = ShownTable::new(&["geo data", "file", "built", "networks", "countries", "note"]);
    for source in geo {
        table.row([
            source.name.clone(),
            source.path.clone().unwrap_or_else(|| "built in".to_owned()),
            source.built.clone(),
            source.networks.to_string(),
            source.countries.to_string(),
            source.degraded.clone().unwrap_or_default(),
        ]);
    }
    table
}
