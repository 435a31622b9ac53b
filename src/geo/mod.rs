//! Where clients are: database octets in, one total prefix table per map out: client → class and scope.
//!
//! INTERFACE STUB: the signatures below are what the other modules build on.

use std::net::IpAddr;

/// Number of a site, dense from 0 in the order of `Sites`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(pub u16);

/// Number of a class within its map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u16);

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

/// A network prefix; the address has no bit set beyond `length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// First address.
    pub address: IpAddr,
    /// 0–32 or 0–128.
    pub length: u8,
}

/// What an operator said about one map, names resolved to ids, codes checked (see [`codes`]). Every table is
/// key → ordered sites; an empty list is allowed (semantics §4.5).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MapRules {
    /// By network; the longest prefix wins.
    pub network: Vec<(Prefix, Vec<SiteId>)>,
    /// By autonomous system number.
    pub asn: Vec<(u32, Vec<SiteId>)>,
    /// By city (GeoNames id, or `country/name`); later issue, kept for its place.
    pub city: Vec<(CityKey, Vec<SiteId>)>,
    /// By ISO 3166-2 code, upper case, `US-CA`.
    pub subdivision: Vec<(String, Vec<SiteId>)>,
    /// By ISO 3166-1 alpha-2 code, groups already expanded.
    pub country: Vec<([u8; 2], Vec<SiteId>)>,
    /// By continent: AF AN AS EU NA OC SA.
    pub continent: Vec<([u8; 2], Vec<SiteId>)>,
    /// The n nearest sites for clients that no table names.
    pub nearest: Option<u16>,
    /// For clients that nothing places.
    pub default: Vec<SiteId>,
}

/// A city as a map names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CityKey {
    /// GeoNames id.
    GeoNames(u32),
    /// ISO country code and English name.
    Named([u8; 2], String),
}

/// Codes that maps may use, and suggestions for those that do not exist.
pub mod codes {
    /// Whether the ISO 3166-1 alpha-2 code exists.
    pub fn is_country(_code: &str) -> bool {
        todo!()
    }
    /// Whether it is one of AF AN AS EU NA OC SA.
    pub fn is_continent(_code: &str) -> bool {
        todo!()
    }
    /// Whether the ISO 3166-2 code exists (`US-CA`).
    pub fn is_subdivision(_code: &str) -> bool {
        todo!()
    }
    /// All country codes with their English names, for suggestions ("UK" → "GB (United Kingdom)").
    pub fn countries() -> &'static [(&'static str, &'static str)] {
        todo!()
    }
}

/// One database, walked once and reduced to sorted ranges of places (mmdb or built-in).
pub struct Database {
    _private: (),
}

impl Database {
    /// Reads an .mmdb file of any of the shapes of semantics §6. `name` is what `status` and `explain` call it.
    /// Errors are sentences for the operator (not an mmdb, truncated, no usable record, …).
    pub fn from_mmdb(_name: &str, _octets: Vec<u8>) -> Result<Database, String> {
        todo!()
    }
    /// The built-in country data (feature `builtin-geo`).
    pub fn builtin() -> Option<Database> {
        todo!()
    }
    /// Its name.
    pub fn name(&self) -> &str {
        todo!()
    }
    /// When it was built, seconds since 1970.
    pub fn built_at(&self) -> u64 {
        todo!()
    }
    /// Number of networks with a usable record, and of distinct countries.
    pub fn coverage(&self) -> (usize, usize) {
        todo!()
    }
}

/// Class and scope of a client under one map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The outcome.
    pub class: ClassId,
    /// The prefix length for which it holds (semantics §7): IPv4 0–32 for IPv4 clients (also for tunnelled ones,
    /// translated to the length within the address that was asked about), IPv6 0–128.
    pub scope: u8,
    /// The client lies in a special-purpose block: for ECS the decision falls on the transport address and only
    /// `scope` counts; for a transport address `class` is what the ordinary rules give.
    pub special: bool,
}

/// A compiled map: total over IPv4 and IPv6.
pub struct Map {
    _private: (),
}

impl Map {
    /// Compiles the rules over the databases (earlier ones first, later ones fill what is missing).
    pub fn compile(
        _name: &str,
        _rules: &MapRules,
        _sites: &[Site],
        _databases: &[&Database],
    ) -> Result<Map, String> {
        todo!()
    }
    /// The map's name.
    pub fn name(&self) -> &str {
        todo!()
    }
    /// Where a client is. About 10 ns, no allocation.
    pub fn place(&self, _client: IpAddr) -> Placement {
        todo!()
    }
    /// The ordered sites of every class, indexed by [`ClassId`].
    pub fn classes(&self) -> &[Box<[SiteId]>] {
        todo!()
    }
    /// Octets held by its tables.
    pub fn size(&self) -> usize {
        todo!()
    }
}

/// Why a client got its sites; for `explain` (slow, made from the rules and databases afresh, and tested equal to
/// the compiled table).
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Database, network of the record, and what the record says ("country DE, continent EU, AS64500 …").
    pub record: Option<(String, Prefix, String)>,
    /// Which level decided: "network 203.0.113.0/24", "country DE", "nearest 2", "default" …
    pub level: String,
    /// Where coordinates came from and the distances in metres, for `nearest`.
    pub distances: Vec<(SiteId, u64)>,
    /// The sites in order.
    pub sites: Vec<SiteId>,
}

/// Explains what [`Map::place`] gives for a client.
pub fn explain(_rules: &MapRules, _sites: &[Site], _databases: &[&Database], _client: IpAddr) -> Reason {
    todo!()
}
