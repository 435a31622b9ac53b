//! Where clients are: database octets in, one total prefix table per map out: client → class and scope.
//!
//! In reading order: what a database says of an address ([`Database`]: `mmdb`, `builtin`, `place`, `city_names`,
//! `numbers`, `ranges`), what several say together (`merged`), what an operator made of it ([`MapRules`], [`RuleLines`], [`Level`],
//! `decide`, `distance`), and what a query reads ([`Map`]: `layers`, `compile`, `ipv4_table`, `ipv6_table`; [`Walk`] goes
//! over all of it, `pieces` over the clients of a map). [`explain`] tells how one client was placed, [`Survey`] how the
//! whole space is, [`Cities`] which cities the databases know. `special` holds the blocks with rules of their own, [`codes`] the codes of countries and
//! subdivisions.

mod branches;
mod builtin;
mod cities;
mod city_names;
pub mod codes;
mod compile;
mod database;
mod database_builder;
mod decide;
mod distance;
mod explain;
mod ipv4_table;
mod ipv6_table;
mod layers;
mod level;
mod level_steps;
mod lines;
mod map;
mod merged;
mod mmdb;
mod numbers;
mod pieces;
mod place;
mod prefix;
mod ranges;
mod rules;
mod space;
mod special;
mod subdivisions;
mod survey;
#[cfg(test)]
mod table_laws;
mod walk;

pub use branches::{Branch, branches};
pub use builtin::DATA_NOTICE;
pub use cities::Cities;
pub use database::{Coverage, Database};
pub use explain::{Biased, Reason, explain};
pub use level::{Level, LevelOutcome, LevelStep};
pub use lines::{FileLine, RuleLines};
pub use map::{ClassId, Map, Placement};
pub use mmdb::FILE_OCTETS_MAXIMUM;
#[cfg(test)]
pub(crate) use mmdb::writer as mmdb_writer;
pub use pieces::{Piece, pieces};
pub use prefix::Prefix;
pub use rules::{CityKey, Location, MapRules, Site, SiteId};
pub use special::{clear_length, ipv4_inside, special_block_length, special_purpose, tunnels};
pub use survey::{CountrySurvey, FamilySurvey, Known, SitesShare, Survey};
pub use walk::{Origin, Placed, Step, Stretch, Walk};
