//! What a survey found, in the shape in which it is printed.

use serde::Serialize;

use crate::admin::timestamp::rfc3339;
use crate::geo::{CountrySurvey, FamilySurvey, Level, SiteId, SitesShare, Survey};
use crate::snapshot::{Configuration, GeoSource, Map};
use crate::wire::Family;

/// Addresses of IPv6 in a /48.
const ADDRESSES_OF_A_48: f64 = (1_u128 << 80) as f64;
/// Seconds of a day.
const DAY: u64 = 86_400;

/// A whole report.
#[derive(Debug, Serialize)]
pub(super) struct MapReport {
    /// The map's name.
    pub(super) map: String,
    /// Whether EDNS Client Subnet decides.
    pub(super) ecs: bool,
    /// Of IPv4.
    pub(super) ipv4: Coverage,
    /// Of IPv6.
    pub(super) ipv6: Coverage,
    /// In the order of merging.
    pub(super) databases: Vec<DatabaseCoverage>,
    /// In the order of precedence.
    pub(super) levels: Vec<LevelShare>,
    /// Every country of ISO 3166-1.
    pub(super) countries: Vec<Country>,
    /// The space of which no database knows the country.
    pub(super) no_country: Vec<List>,
}

/// How much of a family is known at all.
#[derive(Debug, Serialize)]
pub(super) struct Coverage {
    /// Globally routable addresses, as a decimal number (of IPv6 they are beyond what JSON's numbers hold).
    pub(super) routable: String,
    /// The same in networks of 48 bits; null for IPv4.
    pub(super) routable_48s: Option<f64>,
    /// Those that a database or a network of the map covers, in percent of the routable ones.
    pub(super) known_percent: f64,
    /// The others.
    pub(super) unknown_percent: f64,
}

/// What a database knows.
#[derive(Debug, Serialize)]
pub(super) struct DatabaseCoverage {
    /// Its name.
    pub(super) name: String,
    /// When it was built, RFC 3339.
    pub(super) built: String,
    /// Whole days since.
    pub(super) age_days: u64,
    /// Why something else than the configured file serves.
    pub(super) degraded: Option<String>,
    /// Of IPv4.
    pub(super) ipv4: DatabaseShare,
    /// Of IPv6.
    pub(super) ipv6: DatabaseShare,
}

/// How much of a family a database knows, in percent of what is globally routable.
#[derive(Debug, Serialize)]
pub(super) struct DatabaseShare {
    /// It has a usable record.
    pub(super) known_percent: f64,
    /// And no database before it has one.
    pub(super) first_percent: f64,
}

/// What a level decides, in percent of what is known; addresses that nothing knows get `default` besides.
#[derive(Debug, Serialize)]
pub(super) struct LevelShare {
    /// The level; `nearest` stands twice.
    pub(super) level: &'static str,
    /// For `nearest`: where distances are measured from.
    pub(super) from: Option<&'static str>,
    /// Of IPv4.
    pub(super) ipv4_percent: f64,
    /// Of IPv6.
    pub(super) ipv6_percent: f64,
}

/// What a country gets.
#[derive(Debug, Serialize)]
pub(super) struct Country {
    /// ISO 3166-1.
    pub(super) code: &'static str,
    /// English.
    pub(super) name: &'static str,
    /// The sites of a client of whom nothing but the country is known.
    pub(super) by_code: Vec<String>,
    /// What its space gets.
    pub(super) lists: Vec<List>,
}

/// A list of sites and how much of a country's space gets it.
#[derive(Debug, Serialize)]
pub(super) struct List {
    /// In order.
    pub(super) sites: Vec<String>,
    /// Addresses, as decimal numbers, and their share in percent.
    pub(super) ipv4: ListShare,
    /// The same.
    pub(super) ipv6: ListShare,
}

/// A share of a country's space.
#[derive(Debug, Serialize)]
pub(super) struct ListShare {
    /// As a decimal number.
    pub(super) addresses: String,
    /// Of the country's addresses of the family; null where it has none.
    pub(super) percent: Option<f64>,
}

impl MapReport {
    /// Surveys a map `now` (seconds since 1970).
    pub(super) fn of(configuration: &Configuration, map: &Map, now: u64) -> MapReport {
        let survey = super::survey(configuration, map);
        let names = |sites: &[SiteId]| -> Vec<String> {
            sites.iter().map(|site| configuration.sites[usize::from(site.0)].name.clone()).collect()
        };
        let databases = configuration.geo.iter().enumerate();
        MapReport {
            map: map.table.name().to_owned(),
            ecs: map.ecs,
            ipv4: coverage(&survey.ipv4, Family::V4),
            ipv6: coverage(&survey.ipv6, Family::V6),
            databases: databases.map(|(number, source)| database(source, number, &survey, now)).collect(),
            levels: levels(&survey),
            countries: survey.countries.iter().map(|each| country(each, &names)).collect(),
            no_country: lists(&survey.no_country, &names),
        }
    }
}

impl MapReport {
    /// Leaves out the countries without one of these codes, and the space without a country.
    pub(super) fn show_only(&mut self, codes: &[String]) {
        self.countries.retain(|country| codes.iter().any(|code| code == country.code));
        self.no_country.clear();
    }
}

fn coverage(survey: &FamilySurvey, family: Family) -> Coverage {
    let known = survey.routable - survey.unknown;
    Coverage {
        routable: survey.routable.to_string(),
        routable_48s: (family == Family::V6).then_some(survey.routable as f64 / ADDRESSES_OF_A_48),
        known_percent: percent(known, survey.routable),
        unknown_percent: percent(survey.unknown, survey.routable),
    }
}

fn database(source: &GeoSource, number: usize, survey: &Survey, now: u64) -> DatabaseCoverage {
    let share = |survey: &FamilySurvey| DatabaseShare {
        known_percent: percent(survey.databases[number].addresses, survey.routable),
        first_percent: percent(survey.databases[number].first, survey.routable),
    };
    let built_at = source.database.built_at();
    DatabaseCoverage {
        name: source.database.name().to_owned(),
        built: rfc3339(built_at),
        age_days: now.saturating_sub(built_at) / DAY,
        degraded: source.degraded.clone(),
        ipv4: share(&survey.ipv4),
        ipv6: share(&survey.ipv6),
    }
}

fn levels(survey: &Survey) -> Vec<LevelShare> {
    let share = |level: Level, from, count: &dyn Fn(&FamilySurvey) -> u128| {
        let of = |survey: &FamilySurvey| percent(count(survey), survey.routable - survey.unknown);
        LevelShare {
            level: level.label(),
            from,
            ipv4_percent: of(&survey.ipv4),
            ipv6_percent: of(&survey.ipv6),
        }
    };
    let decided = |level: Level| move |survey: &FamilySurvey| survey.levels[level as usize];
    let rows = Level::ALL.into_iter().flat_map(|level| match level {
        Level::Nearest => vec![
            share(level, Some("coordinates"), &|survey| decided(level)(survey) - survey.by_central_point),
            share(level, Some("central point"), &|survey| survey.by_central_point),
        ],
        Level::Default => vec![share(level, None, &|survey| decided(level)(survey) - survey.unknown)],
        _ => vec![share(level, None, &decided(level))],
    });
    rows.collect()
}

fn country(survey: &CountrySurvey, names: &dyn Fn(&[SiteId]) -> Vec<String>) -> Country {
    Country {
        code: survey.code,
        name: survey.name,
        by_code: names(&survey.by_code),
        lists: lists(&survey.lists, names),
    }
}

fn lists(shares: &[SitesShare], names: &dyn Fn(&[SiteId]) -> Vec<String>) -> Vec<List> {
    let ipv4 = shares.iter().map(|share| share.ipv4).sum();
    let ipv6 = shares.iter().map(|share| share.ipv6).sum();
    let share = |addresses: u128, all: u128| ListShare {
        addresses: addresses.to_string(),
        percent: (all > 0).then(|| percent(addresses, all)),
    };
    let list = |each: &SitesShare| List {
        sites: names(&each.sites),
        ipv4: share(each.ipv4, ipv4),
        ipv6: share(each.ipv6, ipv6),
    };
    shares.iter().map(list).collect()
}

/// A part of a whole; nothing of nothing is nothing. The counts are exact, this is only for reading.
fn percent(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}
