//! A complete zone: master-file octets in, compiled nodes and RRset fragments out; "what is at this name".
//!
//! In the order in which a file goes through them:
//!
//! - `lexer`: octets to tokens; `cursor`: the tokens of one record's data.
//! - `record_type`; `rdata` with `field`, `service`, `strict`: data from text to octets and back (`rdata` alone names
//!   `domain`).
//! - `master`, `directive`, `generate`: tokens to `records`, with origins, TTLs and owners; `faults` keeps what is
//!   wrong, up to a bound.
//! - `compile`, `fragments`, `nodes`, `hosts`: records to the tables of `compiled` (with a hash `table` of names), and whose
//!   addresses go along; `check`: what is wrong with the zone as a whole; `data`: the zone before it is served.
//! - `record_data`: data that stands in other files; `hints`: service records with addresses from elsewhere.
//! - `lookup`: what is at a name; `rrset`: views of what was found; `print`: records as a master file has them;
//!   `zones`: which zone a name belongs to; `compare`: two versions of a zone.
//!
//! What is not here: no zone changes after it was compiled, nothing looks at a clock, and no file is opened (the
//! caller hands `$INCLUDE`d ones in).

mod check;
mod compare;
mod compile;
mod compiled;
mod cursor;
mod data;
mod directive;
mod faults;
mod field;
#[cfg(test)]
mod fixture;
mod fragments;
mod generate;
mod hints;
mod hosts;
mod lexer;
mod lookup;
#[cfg(test)]
mod lookup_model;
mod master;
mod nodes;
mod print;
mod rdata;
mod record_data;
pub mod record_type;
mod records;
mod rrset;
mod service;
mod strict;
mod table;
mod zones;

pub use compiled::Zone;
pub use data::{Include, ZoneData};
pub use hints::Hints;
pub use lookup::{FirstLook, Lookup};
pub use master::FILE_OCTETS_MAX;
pub use record_data::{DataFault, RecordData, canonical_data, print_data};
pub use rrset::{Additional, Node, Redirection, Referral, Rrset};
pub use zones::Zones;

/// Where an RRset may begin in an answer at the latest for the pointers in it to reach what they name. What stands in front
/// of it there, the question and a chain of aliases, is shorter (`answer` asserts it).
pub const RRSET_START_MAX: usize = 0x1FFF;
