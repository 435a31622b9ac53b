//! `[server.bypass]`: queries past the kernel's network stack.

use super::drop_doubled;
use crate::config::document::{Table, Value};
use crate::config::text::{
    self, Broken, Faults, Items, Parsed, Reader, Written, choice, one_or_more, quote, sound, unplaced,
};
use crate::config::{BypassMode, limits};

/// `[server.bypass]`, as far as it is without a fault.
#[derive(Debug)]
pub(crate) struct BypassSpec {
    /// The interfaces, by name; whether there are such is not the file's business.
    pub(crate) interfaces: Vec<Written<String>>,
    /// How their frames are had.
    pub(crate) mode: Option<BypassMode>,
}

const MODES: &[(&str, BypassMode)] =
    &[("auto", BypassMode::Auto), ("native", BypassMode::Native), ("generic", BypassMode::Generic)];

impl BypassSpec {
    /// Reads the table.
    pub(super) fn read(table: &Table, faults: &Faults) -> Parsed<BypassSpec> {
        let mut reader = Reader::new(table, "`[server.bypass]`", faults);
        let interfaces = reader.required(
            "interfaces",
            "interfaces = [\"eth0\"]",
            one_or_more(limits::BYPASS_INTERFACES, interface),
        );
        let mode = reader.lenient("mode", choice(MODES));
        reader.finish(&[]);
        let mut interfaces: Items<String> = interfaces?.value;
        drop_doubled(&mut interfaces, faults, |again, _| {
            again.place.error(format!("the interface {} is listed twice", quote(again)))
        });
        Ok(BypassSpec { interfaces: sound(interfaces), mode: unplaced(mode) })
    }
}

/// A name that the kernel could have given: at most 15 octets, without `/` and white space (dev_valid_name).
fn interface(value: &Value, faults: &Faults) -> Parsed<String> {
    let name = text::text(value, faults)?;
    let message = if name.len() > limits::INTERFACE_NAME_OCTETS {
        format!("the name of an interface has at most {} octets", limits::INTERFACE_NAME_OCTETS)
    } else if let Some(character) = name.chars().find(|&c| c == '/' || c == ':' || c.is_whitespace()) {
        format!("the name of an interface cannot hold {}", quote(&character.to_string()))
    } else {
        return Ok(name);
    };
    faults.add(value.place.error(message).label("not an interface").help("`ip link` lists the interfaces"));
    Err(Broken)
}
