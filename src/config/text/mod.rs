//! From octets to typed values that know where they stand: what every spec is read with.

mod document;
mod faults;
mod quantity;
mod reader;
mod scalar;
mod suggest;
mod written;

pub(crate) use document::{Entry, Kind, Table, Value, read};
pub(crate) use faults::{Faults, quote};
pub(crate) use quantity::{Share, duration, range_in_words};
pub(crate) use reader::{Broken, Later, Parsed, Reader};
pub(crate) use scalar::{any_text, boolean, choice, decimal, list, name, number, one_or_more, table, text};
pub(crate) use suggest::{closest, did_you_mean};
pub(crate) use written::{Place, Written};
