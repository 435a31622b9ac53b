//! Typed values that know where they stand: what every spec is read with.

mod faults;
mod lost;
mod network;
mod quantity;
mod reader;
mod scalar;
mod sentence;
mod suggest;
mod written;

pub(crate) use faults::{Faults, quote};
pub(crate) use network::{address, network, socket_address};
pub(crate) use quantity::{Share, duration, duration_in_words};
pub(crate) use reader::{Broken, Items, Later, Parsed, Reader, part_of};
pub(crate) use scalar::{
    any_text, boolean, check_name, choice, decimal, list, name, number, one_or_more, sound, table, text,
};
pub(crate) use sentence::{Filled, Form, match_forms};
pub(crate) use suggest::{closest, did_you_mean};
pub(crate) use written::{Place, Written, unplaced};
