//! Geo databases that a test makes up, in the format of MaxMind's files.

use super::mmdb::writer::{MmdbWriter, map, text};

/// A database of countries by network; larger networks first.
pub fn countries(networks: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = MmdbWriter::ipv4();
    for (network, country) in networks {
        writer.insert(network, &map([("country_code", text(country))]));
    }
    writer.octets()
}
