//! The ordinary zone: names with an address, wildcards, delegations with glue.

use std::io::{self, Write};

use super::World;

/// Names with one address each.
pub const NAMES: u64 = 10_000;
/// Wildcards, each below a label of its own.
pub const WILDCARDS: u64 = 100;
/// Delegations to two nameservers with addresses below the cut.
pub const DELEGATIONS: u64 = 100;

/// A name that exists; all have one length.
pub fn name(number: u64) -> String {
    absolute(&format!("n{number:05}"))
}

/// The name below which a wildcard stands.
pub fn wildcard(number: u64) -> String {
    absolute(&format!("wild{number:02}"))
}

/// A zone cut.
pub fn delegation(number: u64) -> String {
    absolute(&format!("cut{number:02}"))
}

fn absolute(label: &str) -> String {
    format!("{label}.{}", World::Names.apex())
}

/// Writes all but the apex.
pub(super) fn write(out: &mut impl Write) -> io::Result<()> {
    for number in 0..NAMES {
        writeln!(out, "n{number:05} A 198.51.{}.{}", number / 256 % 256, number % 256)?;
    }
    for number in 0..WILDCARDS {
        writeln!(out, "*.wild{number:02} A 203.0.113.{number}")?;
    }
    for number in 0..DELEGATIONS {
        for server in ["ns1", "ns2"] {
            writeln!(out, "cut{number:02} NS {server}.cut{number:02}")?;
            writeln!(out, "{server}.cut{number:02} A 192.0.2.{}", number + 100)?;
        }
    }
    Ok(())
}
