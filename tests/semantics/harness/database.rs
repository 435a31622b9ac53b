//! Small geo databases: a text becomes an .mmdb file by the writer that the tests of the reader have, too.
//!
//! IPv4 networks and IPv6 ones stand in one file, as in those that are published.

use writer::{Datum, MmdbWriter};

/// What stands before the metadata.
const METADATA_MARK: &[u8] = b"\xAB\xCD\xEFMaxMind.com";

#[path = "../../../src/geo/mmdb/writer.rs"]
mod writer;

pub(crate) use writer::{map, text};

/// A record of one country.
pub(crate) fn country(code: &str) -> Datum {
    map([("country_code", text(code))])
}

/// A file of records by network, the larger networks first, of both families.
pub(crate) fn of<'n>(records: impl IntoIterator<Item = (&'n str, Datum)>) -> Vec<u8> {
    let mut writer = MmdbWriter::ipv6();
    for (network, record) in records {
        writer.insert(&in_ipv6(network), &record);
    }
    writer.octets()
}

/// A file with one country for a network that nobody asks about.
pub(crate) fn of_nowhere() -> Vec<u8> {
    of([("2c0f:ffff::/32", country("ZA"))])
}

/// IPv4 stands in such a file at ::/96.
fn in_ipv6(network: &str) -> String {
    match network.split_once('/') {
        Some((address, length)) if !address.contains(':') => {
            format!("::{address}/{}", length.parse::<u8>().unwrap() + 96)
        }
        _ => network.to_owned(),
    }
}

/// Degrees north and east, as GeoIP2 has them.
pub(crate) fn location(latitude: f64, longitude: f64) -> (&'static str, Datum) {
    ("location", map([("latitude", Datum::Real(latitude)), ("longitude", Datum::Real(longitude))]))
}

/// A list of one.
pub(crate) fn list(datum: Datum) -> Datum {
    Datum::List(vec![datum])
}

/// A number of 32 bits.
pub(crate) fn whole(number: u32) -> Datum {
    Datum::Whole(number)
}

/// A number of 64 bits behind the point.
pub(crate) fn real(number: f64) -> Datum {
    Datum::Real(number)
}
