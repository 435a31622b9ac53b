//! Which sites a place gets (semantics §6). Precedence:
//!
//! | level | key | from |
//! |---|---|---|
//! | network | longest prefix | the client's address; stands above this file, in `compile` and `explain` |
//! | asn | number | a record |
//! | city | GeoNames id | a record |
//! | subdivision | ISO 3166-2 | a record |
//! | country | ISO 3166-1 | a record |
//! | continent | one of seven | a record, or the built-in table by country |
//! | nearest | coordinates | a record, or the built-in central point of the country |
//! | default | – | – |

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use super::place::Place;
use super::rules::{CityKey, Location, MapRules, Site, SiteId};
use super::subdivisions::{self, SubdivisionId};
use super::{codes, distance};

/// A map's tables by key, and the sites that `nearest` may use.
pub(super) struct Decider<'a> {
    asn: HashMap<u32, &'a [SiteId]>,
    city: HashMap<u32, &'a [SiteId]>,
    subdivision: HashMap<SubdivisionId, &'a [SiteId]>,
    country: HashMap<[u8; 2], &'a [SiteId]>,
    continent: HashMap<[u8; 2], &'a [SiteId]>,
    nearest: Option<u16>,
    located: Vec<(SiteId, Location)>,
    default: &'a [SiteId],
}

/// Which sites, and which level said so.
pub(super) struct Decision<'a> {
    pub(super) level: Level,
    pub(super) sites: Cow<'a, [SiteId]>,
}

/// The level that decided, with its key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Level {
    Asn(u32),
    City(u32),
    Subdivision(SubdivisionId),
    Country([u8; 2]),
    Continent([u8; 2]),
    Nearest(u16, Origin),
    Default,
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
    /// Prepares a map's rules.
    pub(super) fn new(rules: &'a MapRules, sites: &[Site]) -> Decider<'a> {
        let by_id = |(city, sites): &'a (CityKey, Vec<SiteId>)| match city {
            CityKey::GeoNames(id) => Some((*id, sites)),
            CityKey::Named(..) => None,
        };
        Decider {
            asn: table(rules.asn.iter().map(|(asn, sites)| (*asn, sites))),
            city: table(rules.city.iter().filter_map(by_id)),
            subdivision: table(
                rules.subdivision.iter().filter_map(|(code, sites)| Some((subdivisions::find(code)?, sites))),
            ),
            country: table(rules.country.iter().map(|(code, sites)| (*code, sites))),
            continent: table(rules.continent.iter().map(|(code, sites)| (*code, sites))),
            nearest: rules.nearest,
            located: (0..)
                .map(SiteId)
                .zip(sites)
                .filter_map(|(id, site)| Some((id, site.location?)))
                .collect(),
            default: &rules.default,
        }
    }

    /// The decision for a place.
    pub(super) fn decide(&self, place: &Place) -> Decision<'a> {
        let by_table = at(&self.asn, place.asn, Level::Asn)
            .or_else(|| at(&self.city, place.city, Level::City))
            .or_else(|| at(&self.subdivision, place.subdivision, Level::Subdivision))
            .or_else(|| at(&self.country, place.country, Level::Country))
            .or_else(|| at(&self.continent, place.continent, Level::Continent));
        by_table
            .or_else(|| self.nearest(place))
            .unwrap_or(Decision { level: Level::Default, sites: Cow::Borrowed(self.default) })
    }

    fn nearest(&self, place: &Place) -> Option<Decision<'a>> {
        let count = self.nearest.filter(|_| !self.located.is_empty())?;
        let origin = origin(place)?;
        let ordered = self.distances(origin).into_iter().map(|(site, _)| site);
        let sites = ordered.take(count.into()).collect();
        Some(Decision { level: Level::Nearest(count, origin), sites: Cow::Owned(sites) })
    }

    /// The sites that have a location with their distances in metres, nearest first.
    pub(super) fn distances(&self, origin: Origin) -> Vec<(SiteId, u64)> {
        distance::nearest(origin.location(), &self.located)
    }
}

/// A table by key; of doubled keys the first counts.
fn table<'a, K: Eq + Hash>(entries: impl Iterator<Item = (K, &'a Vec<SiteId>)>) -> HashMap<K, &'a [SiteId]> {
    let mut table = HashMap::new();
    for (key, sites) in entries {
        table.entry(key).or_insert(sites.as_slice());
    }
    table
}

fn at<'a, K: Eq + Hash + Copy>(
    table: &HashMap<K, &'a [SiteId]>,
    key: Option<K>,
    level: impl Fn(K) -> Level,
) -> Option<Decision<'a>> {
    let key = key?;
    table.get(&key).map(|&sites| Decision { level: level(key), sites: Cow::Borrowed(sites) })
}

/// Where a place's distances are measured from.
fn origin(place: &Place) -> Option<Origin> {
    let central_point = |country| Some(Origin::CentralPoint(country, codes::central_point(country)?));
    place.location.map(Origin::Record).or_else(|| place.country.and_then(central_point))
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Level::Asn(asn) => write!(formatter, "asn {asn}"),
            Level::City(city) => write!(formatter, "city {city}"),
            Level::Subdivision(subdivision) => write!(formatter, "subdivision {}", subdivision.code()),
            Level::Country(country) => write!(formatter, "country {}", codes::text(country)),
            Level::Continent(continent) => write!(formatter, "continent {}", codes::text(continent)),
            Level::Nearest(count, _) => write!(formatter, "nearest {count}"),
            Level::Default => formatter.write_str("default"),
        }
    }
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
                (CityKey::Named(*b"US", "Los Angeles".to_owned()), list(9)),
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

    fn check(place: Place, level: &str, sites_given: &[u16]) {
        let (rules, sites) = (rules(), sites());
        let decision = Decider::new(&rules, &sites).decide(&place);
        assert_eq!(decision.level.to_string(), level);
        let given: Vec<u16> = decision.sites.iter().map(|site| site.0).collect();
        assert_eq!(given, sites_given, "{level}");
    }

    #[test]
    fn the_most_specific_level_wins() {
        let mut place = Place {
            asn: Some(64500),
            city: Some(LOS_ANGELES),
            subdivision: subdivisions::find("US-CA"),
            location: Some(Location { latitude: 34.0, longitude: -118.0 }),
            ..Place::of_country_code(*b"US")
        };
        check(place, "asn 64500", &[0; 1]);
        place.asn = Some(64501);
        check(place, "city 5368361", &[0; 2]);
        place.city = None;
        check(place, "subdivision US-CA", &[0; 3]);
        place.subdivision = subdivisions::find("US-NY");
        check(place, "country US", &[0; 4]);
        place.country = Some(*b"MX");
        check(place, "continent NA", &[0; 5]);
        place.continent = None;
        check(place, "nearest 2", &[1, 0]);
        place.location = None;
        check(place, "nearest 2", &[1, 0]);
        place.country = None;
        check(place, "default", &[0; 6]);
    }

    #[test]
    fn an_empty_list_is_an_answer() {
        check(Place::of_country_code(*b"JP"), "continent AS", &[]);
    }

    #[test]
    fn without_coordinates_a_central_point_of_the_country_serves() {
        check(Place::of_country_code(*b"DE"), "nearest 2", &[0, 1]);
        check(Place { continent: Some(*b"EU"), ..Place::default() }, "default", &[0; 6]);
        let origin = origin(&Place::of_country_code(*b"DE")).unwrap();
        assert_eq!(origin.to_string(), "central point 51 9 of DE");
    }

    #[test]
    fn nearest_needs_a_site_with_a_location() {
        let (rules, sites) = (rules(), [Site { name: "dark".to_owned(), location: None }]);
        let decision = Decider::new(&rules, &sites).decide(&Place::of_country_code(*b"DE"));
        assert_eq!(decision.level, Level::Default);
    }
}
