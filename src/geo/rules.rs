//! What an operator said: sites, and for each map which clients prefer which of them.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::city_names::folded;
use super::codes;
use super::prefix::Prefix;

/// Number of a site, dense from 0 in the order of `Sites`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub u16);

/// A place with backends.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Its name in the files.
    pub name: String,
    /// Degrees north and east, where `nearest` may use the site.
    pub location: Option<Location>,
}

/// Coordinates in degrees; latitude −90…90, longitude −180…180.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// What an operator said about one map, names resolved to ids, codes checked (see [`super::codes`]). Every table is
/// key → ordered sites; an empty list is allowed (semantics §4.5). Of doubled keys the first counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MapRules {
    /// By network; the longest prefix wins.
    pub network: Vec<(Prefix, Vec<SiteId>)>,
    /// By autonomous system number.
    pub asn: Vec<(u32, Vec<SiteId>)>,
    /// By city; where a client's city has an entry by id and one by name, the id wins.
    pub city: Vec<(CityKey, Vec<SiteId>)>,
    /// By ISO 3166-2 code, upper case, `US-CA`.
    pub subdivision: Vec<(String, Vec<SiteId>)>,
    /// By ISO 3166-1 alpha-2 code, groups already expanded.
    pub country: Vec<([u8; 2], Vec<SiteId>)>,
    /// By continent: AF AN AS EU NA OC SA.
    pub continent: Vec<([u8; 2], Vec<SiteId>)>,
    /// The n nearest sites for clients that no table names.
    pub nearest: Option<u16>,
    /// Of sites, −99…99: how much nearer (above 0) or farther (below 0) than they are `nearest` takes them for.
    pub bias: Vec<(SiteId, i8)>,
    /// For clients that nothing places.
    pub default: Vec<SiteId>,
}

/// A city as a map names it. Keys are equal that mean the same: letter case does not matter.
#[derive(Debug, Clone)]
pub enum CityKey {
    /// GeoNames id.
    GeoNames(u32),
    /// ISO country code and English name: every city of the country that a database calls so, whatever the letter
    /// case.
    Named([u8; 2], String),
}

impl CityKey {
    /// What makes two keys mean the same.
    fn identity(&self) -> (u32, [u8; 2], String) {
        match self {
            CityKey::GeoNames(id) => (*id, [0; 2], String::new()),
            CityKey::Named(country, name) => (0, *country, folded(name)),
        }
    }
}

impl PartialEq for CityKey {
    fn eq(&self, other: &CityKey) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for CityKey {}

impl Hash for CityKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.identity().hash(hasher);
    }
}

/// `5368361`, `US/Los Angeles`.
impl fmt::Display for CityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CityKey::GeoNames(id) => write!(formatter, "{id}"),
            CityKey::Named(country, name) => write!(formatter, "{}/{name}", codes::text(*country)),
        }
    }
}
