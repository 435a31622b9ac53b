//! The steered zone: four sites, clients sent to one of them by their continent, two members a site with weights
//! 3 and 1. By continent, because it is the one thing that all peers can do with the same database.

use std::io::{self, Write};

use super::World;

/// Names that are steered, all alike.
pub const STEERED_NAMES: u64 = 100;
/// Seconds for which every steered answer holds.
pub const TTL: u32 = 60;

/// A place with members.
pub struct Site {
    /// Its name; also the label under which peers that need records keep them.
    pub name: &'static str,
    /// What it answers with.
    pub members: [Member; 2],
}

/// An address and its weight.
pub struct Member {
    /// IPv4.
    pub address: &'static str,
    /// Its share is weight ÷ sum of the weights of its site.
    pub weight: u16,
}

/// The sites. The first one also answers whom nothing places.
pub const SITES: [Site; 4] = [
    site("iad", ["192.0.2.10", "192.0.2.11"]),
    site("fra", ["192.0.2.20", "192.0.2.21"]),
    site("sin", ["192.0.2.30", "192.0.2.31"]),
    site("gru", ["192.0.2.40", "192.0.2.41"]),
];

/// Continent → sites in the order of preference.
pub const CONTINENTS: [(&str, [&str; 4]); 7] = [
    ("AF", ["fra", "iad", "sin", "gru"]),
    ("AN", ["gru", "iad", "fra", "sin"]),
    ("AS", ["sin", "fra", "iad", "gru"]),
    ("EU", ["fra", "iad", "sin", "gru"]),
    ("NA", ["iad", "gru", "fra", "sin"]),
    ("OC", ["sin", "iad", "gru", "fra"]),
    ("SA", ["gru", "iad", "fra", "sin"]),
];

const fn site(name: &'static str, [first, second]: [&'static str; 2]) -> Site {
    Site { name, members: [Member { address: first, weight: 3 }, Member { address: second, weight: 1 }] }
}

/// Each continent with the site that its clients get while all is up.
pub fn nearest_sites() -> impl Iterator<Item = (&'static str, &'static Site)> {
    CONTINENTS.iter().filter_map(|(continent, sites)| {
        SITES.iter().find(|site| site.name == sites[0]).map(|site| (*continent, site))
    })
}

/// A steered name; all have one length.
pub fn steered_name(number: u64) -> String {
    format!("www{number:02}.{}", World::Geo.apex())
}

/// Writes all but the apex: the default RRsets, which peers that steer outside of the master file ignore.
pub(super) fn write(out: &mut impl Write) -> io::Result<()> {
    (0..STEERED_NAMES)
        .try_for_each(|number| writeln!(out, "www{number:02} {TTL} A {}", SITES[0].members[0].address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_continent_has_a_nearest_site() {
        assert_eq!(nearest_sites().count(), CONTINENTS.len());
    }
}
