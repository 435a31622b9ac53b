//! Where clients are: database octets in, one total prefix table per map out: client → class and scope.
//!
//! In reading order: what a database says of an address ([`Database`]: `mmdb`, `builtin`, `place`, `ranges`), what an
//! operator made of it ([`MapRules`], `decide`, `distance`), and what a query reads ([`Map`]: `compile`, `ipv4_table`,
//! `ipv6_table`; [`Walk`] goes over all of it). `special` holds the blocks with rules of their own, [`codes`] the codes of countries and subdivisions.
//!
//! Cities by name and `bias` are not there yet: the first belongs into `place` (a city name beside the GeoNames id),
//! the second into `distance::nearest`.

mod builtin;
pub mod codes;
mod compile;
mod database;
mod database_builder;
mod decide;
mod distance;
mod explain;
mod ipv4_table;
mod ipv6_table;
mod map;
mod mmdb;
mod place;
mod prefix;
mod ranges;
mod rules;
mod space;
mod special;
mod subdivisions;
#[cfg(test)]
mod table_laws;
mod walk;

pub use builtin::DATA_NOTICE;
pub use database::{Coverage, Database};
pub use explain::{Reason, explain};
pub use map::{ClassId, Map, Placement};
pub use mmdb::FILE_OCTETS_MAXIMUM;
pub use prefix::Prefix;
pub use rules::{CityKey, Location, MapRules, Site, SiteId};
pub use walk::{Origin, Placed, Step, Stretch, Walk};
