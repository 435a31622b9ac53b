//! Many steered names over many sites, with pools that all of them share: clients go to the two nearest sites. Only ours
//! serves it; peers do not choose by distance.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::World;

/// Names that are steered.
pub const STEERED_HOSTS: u64 = 10_000;
/// Names of one rule.
pub(super) const NAMES_A_RULE: u64 = 1000;

/// The sites: name, latitude, longitude.
pub(super) const SITES: [(&str, f64, f64); 16] = [
    ("ams", 52.3, 4.8),
    ("bom", 19.1, 72.9),
    ("cdg", 49.0, 2.5),
    ("dfw", 32.9, -97.0),
    ("fra", 50.1, 8.7),
    ("gru", -23.5, -46.6),
    ("iad", 38.9, -77.4),
    ("icn", 37.5, 126.4),
    ("jnb", -26.1, 28.2),
    ("lhr", 51.5, -0.4),
    ("nrt", 35.7, 140.4),
    ("ord", 42.0, -87.9),
    ("sfo", 37.6, -122.4),
    ("sin", 1.4, 103.9),
    ("syd", -33.9, 151.2),
    ("yul", 45.5, -73.7),
];

/// A steered name; all have one length.
pub fn steered_host(number: u64) -> String {
    format!("{}.{}", label(number), World::Steered.apex())
}

pub(super) fn label(number: u64) -> String {
    format!("s{number:05}")
}

/// Writes all but the apex: the default RRsets.
pub(super) fn write(out: &mut impl Write) -> io::Result<()> {
    (0..STEERED_HOSTS).try_for_each(|number| writeln!(out, "{} 60 A 192.0.2.9", label(number)))
}

/// Sites and the map, as our file of maps has them.
pub fn maps() -> String {
    let mut text = String::new();
    for (site, latitude, longitude) in SITES {
        let _ = writeln!(text, "[site.{site}]\nlocation = {{ lat = {latitude:.1}, lon = {longitude:.1} }}");
    }
    let sites = SITES.map(|(site, ..)| site);
    text + &format!("[map.world]\nnearest = 2\ndefault = {sites:?}\n")
}

/// Pools, one a site with two members, and the rules, as the file beside our zone has them.
pub fn rules() -> String {
    let mut text = String::new();
    for (index, (site, ..)) in SITES.iter().enumerate() {
        let members: String = [(1, 3), (2, 1)]
            .iter()
            .map(|(last, weight)| {
                format!("  {{ name = \"{site}-{last}\", address = \"198.51.{index}.{last}\", weight = {weight} }},\n")
            })
            .collect();
        text += &format!("[pool.{site}]\nsite = \"{site}\"\nmembers = [\n{members}]\n");
    }
    let pools = SITES.map(|(site, ..)| site);
    for first in (0..STEERED_HOSTS).step_by(NAMES_A_RULE as usize) {
        let names: Vec<String> = (first..first + NAMES_A_RULE).map(label).collect();
        text += &format!("[[steer]]\nname = {names:?}\nmap = \"world\"\npools = {pools:?}\n");
    }
    text
}
