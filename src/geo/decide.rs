//! Which sites a place gets (semantics §6). Precedence:
//!
//! | level | key | from |
//! |---|---|---|
//! | network | longest prefix | the client's address; stands above this file, in `compile` and `explain` |
//! | asn | number | a record |
//! | city | GeoNames id, then country and name | a record |
//! | subdivision | ISO 3166-2 | a record |
//! | country | ISO 3166-1 | a record |
//! | continent | one of seven | a record, or the built-in table by country |
//! | nearest | coordinates | a record, or the built-in central point of the country |
//! | default | – | – |

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use super::city_names::{CityNameId, folded};
use super::database::Database;
use super::distance::{self, Distance, Located};
use super::merged::{Merged, Said};
use super::rules::{CityKey, Location, MapRules, Site, SiteId};
use super::subdivisions::{self, SubdivisionId};
use super::{Level, codes};

/// A map's tables by key, each giving the index of the entry, and the sites that `nearest` may use.
pub(super) struct Decider<'a> {
    rules: &'a MapRules,
    asn: HashMap<u32, usize>,
    city: HashMap<u32, usize>,
    named_cities: NamedCities,
    subdivision: HashMap<SubdivisionId, usize>,
    country: HashMap<[u8; 2], usize>,
    continent: HashMap<[u8; 2], usize>,
    located: Vec<Located>,
}

/// Which sites, and which level said so.
pub(super) struct Decision<'a> {
    pub(super) level: Level,
    /// The index of the entry in the table of the level; 0 for `nearest` and `default`.
    pub(super) entry: usize,
    /// Where distances were measured from, for `nearest`.
    pub(super) origin: Option<Origin>,
    pub(super) sites: Cow<'a, [SiteId]>,
}

/// Where the coordinates come from that distances were measured from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Origin {
    Record(Location),
    CentralPoint([u8; 2], Location),
}

impl Origin {
    pub(super) fn location(self) -> Location {
        match self {
            Origin::Record(location) | Origin::CentralPoint(_, location) => location,
        }
    }
}

impl<'a> Decider<'a> {
    /// Prepares a map's rules for what these databases say.
    pub(super) fn new(rules: &'a MapRules, sites: &[Site], databases: &[&Database]) -> Decider<'a> {
        let by_id = |(city, _): &(CityKey, Vec<SiteId>)| match city {
            CityKey::GeoNames(id) => Some(*id),
            CityKey::Named(..) => None,
        };
        Decider {
            rules,
            asn: table(rules.asn.iter().map(|(asn, _)| Some(*asn))),
            city: table(rules.city.iter().map(by_id)),
            named_cities: NamedCities::new(rules, databases),
            subdivision: table(rules.subdivision.iter().map(|(code, _)| subdivisions::find(code))),
            country: table(rules.country.iter().map(|(code, _)| Some(*code))),
            continent: table(rules.continent.iter().map(|(code, _)| Some(*code))),
            located: located(rules, sites),
        }
    }

    /// The decision for what the databases say.
    pub(super) fn decide(&self, known: &Merged) -> Decision<'a> {
        let levels = [Level::Asn, Level::City, Level::Subdivision, Level::Country, Level::Continent];
        let by_table = levels.into_iter().find_map(|level| self.by_table(level, known));
        by_table.or_else(|| self.nearest(known)).unwrap_or_else(|| self.default())
    }

    /// What the table of one level gives; `None` too for the levels that are no table of places.
    pub(super) fn by_table(&self, level: Level, known: &Merged) -> Option<Decision<'a>> {
        let rules = self.rules;
        let found = |entry: usize, sites: &'a [SiteId]| Decision {
            level,
            entry,
            origin: None,
            sites: Cow::Borrowed(sites),
        };
        match level {
            Level::Asn => at(&self.asn, known.asn).map(|entry| found(entry, &rules.asn[entry].1)),
            Level::City => self.city(known).map(|entry| found(entry, &rules.city[entry].1)),
            Level::Subdivision => at(&self.subdivision, known.subdivision)
                .map(|entry| found(entry, &rules.subdivision[entry].1)),
            Level::Country => {
                at(&self.country, known.country).map(|entry| found(entry, &rules.country[entry].1))
            }
            Level::Continent => {
                at(&self.continent, known.continent).map(|entry| found(entry, &rules.continent[entry].1))
            }
            Level::Network | Level::Nearest | Level::Default => None,
        }
    }

    fn city(&self, known: &Merged) -> Option<usize> {
        at(&self.city, known.city).or_else(|| self.named_cities.find(known.country?.value, known.city_name?))
    }

    /// What `nearest` gives.
    pub(super) fn nearest(&self, known: &Merged) -> Option<Decision<'a>> {
        let count = self.rules.nearest.filter(|_| !self.located.is_empty())?;
        let origin = origin(known)?;
        let nearest = distance::first_nearest(origin.location(), &self.located, count.into());
        let sites = Cow::Owned(nearest.into_iter().map(|distance| distance.site).collect());
        Some(Decision { level: Level::Nearest, entry: 0, origin: Some(origin), sites })
    }

    /// What `default` gives, to everybody.
    pub(super) fn default(&self) -> Decision<'a> {
        let sites = Cow::Borrowed(self.rules.default.as_slice());
        Decision { level: Level::Default, entry: 0, origin: None, sites }
    }

    /// The sites that have a location with their distances, nearest first.
    pub(super) fn distances(&self, origin: Origin) -> Vec<Distance> {
        distance::nearest(origin.location(), &self.located)
    }
}

/// The cities that a map names, found by the numbers that databases give to names.
#[derive(Default)]
struct NamedCities {
    /// For each database, its names' numbers → the number of the name in the map.
    by_database: Vec<HashMap<CityNameId, u32>>,
    /// Country, as a number, and the number of the name in the map → the entry. Not as two octets: rustc 1.95.0 loses the
    /// other half of such a key at opt-level 1.
    entries: HashMap<(u16, u32), usize>,
}

impl NamedCities {
    fn new(rules: &MapRules, databases: &[&Database]) -> NamedCities {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut entries = HashMap::new();
        for (entry, (city, _)) in rules.city.iter().enumerate() {
            if let CityKey::Named(country, name) = city {
                let next = numbers.len() as u32;
                let number = *numbers.entry(folded(name)).or_insert(next);
                entries.entry((u16::from_be_bytes(*country), number)).or_insert(entry);
            }
        }
        if numbers.is_empty() {
            return NamedCities::default();
        }
        let number_in_map = |name: &str| numbers.get(&folded(name)).copied();
        let by_database = databases.iter().map(|database| {
            database.city_names().filter_map(|(id, name)| Some((id, number_in_map(name)?))).collect()
        });
        NamedCities { by_database: by_database.collect(), entries }
    }

    fn find(&self, country: [u8; 2], name: Said<CityNameId>) -> Option<usize> {
        let number = *self.by_database.get(name.by)?.get(&name.value)?;
        self.entries.get(&(u16::from_be_bytes(country), number)).copied()
    }
}

/// A table by key; of doubled keys the first counts.
fn table<K: Eq + Hash>(keys: impl Iterator<Item = Option<K>>) -> HashMap<K, usize> {
    let mut table = HashMap::new();
    for (entry, key) in keys.enumerate() {
        if let Some(key) = key {
            table.entry(key).or_insert(entry);
        }
    }
    table
}

fn at<K: Eq + Hash>(table: &HashMap<K, usize>, key: Option<Said<K>>) -> Option<usize> {
    table.get(&key?.value).copied()
}

/// The sites that have a location, each with its bias.
fn located(rules: &MapRules, sites: &[Site]) -> Vec<Located> {
    let bias =
        |site: SiteId| rules.bias.iter().find(|(biased, _)| *biased == site).map_or(0, |&(_, bias)| bias);
    let locations = (0..).map(SiteId).zip(sites);
    locations
        .filter_map(|(site, described)| Some(Located::new(site, described.location?, bias(site))))
        .collect()
}

/// Where distances are measured from.
pub(super) fn origin(known: &Merged) -> Option<Origin> {
    let central_point = |country| Some(Origin::CentralPoint(country, codes::central_point(country)?));
    let coordinates = known.location.map(|location| Origin::Record(location.value));
    coordinates.or_else(|| known.country.and_then(|country| central_point(country.value)))
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { latitude, longitude } = self.location();
        match self {
            Origin::Record(_) => write!(formatter, "coordinates {latitude:.4} {longitude:.4} of the record"),
            Origin::CentralPoint(country, _) => {
                write!(formatter, "central point {latitude} {longitude} of {}", codes::text(*country))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::database_builder::DatabaseBuilder;
    use super::super::place::Place;
    use super::*;

    const LOS_ANGELES: u32 = 5_368_361;

    fn sites() -> Vec<Site> {
        let site = |name: &str, location: Option<(f64, f64)>| Site {
            name: name.to_owned(),
            location: location.map(|(latitude, longitude)| Location { latitude, longitude }),
        };
        vec![site("fra", Some((50.11, 8.68))), site("iad", Some((38.95, -77.45))), site("dark", None)]
    }

    /// Rules in which every level answers with a list of its own length.
    fn rules() -> MapRules {
        let list = |length| vec![SiteId(0); length];
        MapRules {
            asn: vec![(64500, list(1)), (64500, list(9))],
            city: vec![
                (CityKey::Named(*b"US", "los ANGELES".to_owned()), list(7)),
                (CityKey::GeoNames(LOS_ANGELES), list(2)),
            ],
            subdivision: vec![("US-CA".to_owned(), list(3))],
            country: vec![(*b"US", list(4))],
            continent: vec![(*b"NA", list(5)), (*b"AS", list(0))],
            nearest: Some(2),
            default: list(6),
            ..MapRules::default()
        }
    }

    fn check(place: Place, level: Level, sites_given: &[u16]) {
        let mut builder = DatabaseBuilder::default();
        builder.city_name("Los Angeles").unwrap();
        let database = builder.finish("test", "test", 0, 0);
        let (rules, sites) = (rules(), sites());
        let decision = Decider::new(&rules, &sites, &[&database]).decide(&Merged::of(0, &place));
        assert_eq!(decision.level, level);
        let given: Vec<u16> = decision.sites.iter().map(|site| site.0).collect();
        assert_eq!(given, sites_given, "{level}");
    }

    #[test]
    fn the_most_specific_level_wins() {
        let mut place = Place {
            asn: Some(64500),
            city: Some(LOS_ANGELES),
            city_name: DatabaseBuilder::default().city_name("Los Angeles").unwrap(),
            subdivision: subdivisions::find("US-CA"),
            location: Some(Location { latitude: 34.0, longitude: -118.0 }),
            ..Place::of_country_code(*b"US")
        };
        check(place, Level::Asn, &[0; 1]);
        place.asn = Some(64501);
        check(place, Level::City, &[0; 2]);
        place.city = Some(1);
        check(place, Level::City, &[0; 7]);
        place.city_name = None;
        check(place, Level::Subdivision, &[0; 3]);
        place.subdivision = subdivisions::find("US-NY");
        check(place, Level::Country, &[0; 4]);
        place.country = Some(*b"MX");
        check(place, Level::Continent, &[0; 5]);
        place.continent = None;
        check(place, Level::Nearest, &[1, 0]);
        place.location = None;
        check(place, Level::Nearest, &[1, 0]);
        place.country = None;
        check(place, Level::Default, &[0; 6]);
    }

    #[test]
    fn a_city_is_meant_in_its_country_only() {
        let city_name = DatabaseBuilder::default().city_name("Los Angeles").unwrap();
        check(Place { city_name, ..Place::of_country_code(*b"US") }, Level::City, &[0; 7]);
        check(Place { city_name, ..Place::of_country_code(*b"CA") }, Level::Continent, &[0; 5]);
        check(Place { city_name, ..Place::default() }, Level::Default, &[0; 6]);
    }

    #[test]
    fn an_empty_list_is_an_answer() {
        check(Place::of_country_code(*b"JP"), Level::Continent, &[]);
    }

    #[test]
    fn without_coordinates_a_central_point_of_the_country_serves() {
        check(Place::of_country_code(*b"DE"), Level::Nearest, &[0, 1]);
        check(Place { continent: Some(*b"EU"), ..Place::default() }, Level::Default, &[0; 6]);
        let origin = origin(&Merged::of(0, &Place::of_country_code(*b"DE"))).unwrap();
        assert_eq!(origin.to_string(), "central point 51 9 of DE");
    }

    #[test]
    fn nearest_needs_a_site_with_a_location() {
        let (rules, sites) = (rules(), [Site { name: "dark".to_owned(), location: None }]);
        let decider = Decider::new(&rules, &sites, &[]);
        let decision = decider.decide(&Merged::of(0, &Place::of_country_code(*b"DE")));
        assert_eq!(decision.level, Level::Default);
    }

    #[test]
    fn a_bias_belongs_to_its_site() {
        let rules = MapRules { bias: vec![(SiteId(1), 99), (SiteId(2), 50)], ..rules() };
        let sites = sites();
        let decision =
            Decider::new(&rules, &sites, &[]).decide(&Merged::of(0, &Place::of_country_code(*b"DE")));
        assert_eq!(*decision.sites, [SiteId(1), SiteId(0)]);
    }
}
