//! What the benches are made of, in reading order.
//!
//! A [`world`] is a zone (and, where it is steered, what each peer must be told); a [`work`] is a stream of queries
//! to it, whole packets made beforehand from a seed. A [`peer`] writes its configuration for a world and is
//! started as a [`process`] on a core of its own: a [`server`]. [`load`] drives it from another one, or [`callgrind`]
//! counts its instructions, which [`figures`] keeps, or a [`reload`] or a [`flip`] is timed. A [`comparison`] does it to all, round by round; [`statistics`]
//! and [`table`] say what came of it.

pub mod kernel;
pub mod places;
pub mod random;

pub mod query;
pub mod world;

pub mod work;

pub mod process;

pub mod peer;

pub mod wire;

pub mod contestant;

pub mod load;

pub mod callgrind;
pub mod server;

pub mod reload;

pub mod flip;

pub mod figures;
pub mod statistics;
pub mod table;

pub mod comparison;
