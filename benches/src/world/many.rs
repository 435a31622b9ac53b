//! Many zones: what a hoster serves. All alike but for their names and addresses.

use std::io::{self, Write};

/// Zones.
pub const ZONES: u64 = 10_000;
/// Records of each.
pub const RECORDS_A_ZONE: u64 = 20;
/// Hosts of a zone: what the other records leave of them.
const HOSTS: u64 = RECORDS_A_ZONE - 8;

/// The apex of a zone, without the final dot; all have one length.
pub fn zone_apex(number: u64) -> String {
    format!("z{number:05}.example")
}

/// A name that has an address in a zone.
pub fn zone_name(number: u64) -> String {
    format!("host05.{}", zone_apex(number))
}

/// Writes all but the SOA, the NS records and the addresses of the nameservers, which are five.
pub(super) fn write(number: u64, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "@ MX 10 mail\nmail A 192.0.2.3\n@ TXT \"v=spf1 mx -all\"")?;
    let [.., high, low] = number.to_be_bytes();
    (0..HOSTS).try_for_each(|host| writeln!(out, "host{host:02} A 10.{high}.{low}.{host}"))
}
