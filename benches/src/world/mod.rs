//! The zones that are served. Every peer gets the same master file.

mod flipped;
mod geo;
mod many;
mod names;
mod steered;

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

pub use flipped::{Holders, MONITOR};
pub use geo::{CONTINENTS, Member, SITES, STEERED_NAMES, Site, TTL, nearest_sites, steered_name};
pub use many::{RECORDS_A_ZONE, ZONES, zone_apex, zone_name};
pub use names::{DELEGATIONS, NAMES, WILDCARDS, delegation, name, wildcard};

pub use steered::{STEERED_HOSTS, maps as steered_maps, rules as steered_rules, steered_host};

/// Records of the large zone.
pub const MILLION: u64 = 1_000_000;

/// A zone that is served, and all that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    /// 10,000 names, with wildcards and delegations.
    Names,
    /// Names whose addresses depend on where the client is.
    Geo,
    /// A zone of a million address records.
    Million,
    /// 10,000 zones of 20 records.
    Zones,
    /// 10,000 steered names over 16 sites.
    Steered,
}

impl World {
    /// Every world.
    pub const ALL: [World; 5] = [World::Names, World::Geo, World::Million, World::Zones, World::Steered];

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            World::Names => "names",
            World::Geo => "geo",
            World::Million => "million",
            World::Zones => "zones",
            World::Steered => "steered",
        }
    }

    /// The apex of the zone, or of the one whose reload is timed, without the final dot.
    pub fn apex(self) -> &'static str {
        match self {
            World::Names => "names.example",
            World::Geo => "geo.example",
            World::Million => "million.example",
            World::Zones => "z00000.example",
            World::Steered => "steered.example",
        }
    }

    /// The apexes of all zones.
    pub fn apexes(self) -> Vec<String> {
        match self {
            World::Zones => (0..ZONES).map(zone_apex).collect(),
            _ => vec![self.apex().to_owned()],
        }
    }

    /// Whether what a reload takes says something of this world.
    pub fn is_reloaded(self) -> bool {
        matches!(self, World::Million | World::Zones | World::Steered)
    }

    /// Writes the master file of zone number `zone`, with this serial. Nothing in it is left to chance.
    pub fn write_zone(self, zone: u64, serial: u32, path: &Path) -> Result<()> {
        let write = || self.write(zone, serial, &mut BufWriter::new(fs::File::create(path)?));
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    fn write(self, zone: u64, serial: u32, out: &mut impl Write) -> std::io::Result<()> {
        let apex = if self == World::Zones { zone_apex(zone) } else { self.apex().to_owned() };
        writeln!(out, "$ORIGIN {apex}.\n$TTL 3600")?;
        writeln!(out, "@ SOA ns1.{apex}. hostmaster.{apex}. {serial} 7200 900 1209600 300")?;
        writeln!(out, "@ NS ns1.{apex}.\n@ NS ns2.{apex}.")?;
        writeln!(out, "ns1 A 192.0.2.1\nns2 A 192.0.2.2")?;
        match self {
            World::Names => names::write(out)?,
            World::Geo => geo::write(out)?,
            World::Million => (0..MILLION).try_for_each(|number| {
                let [_, second, third, fourth] = (number as u32).to_be_bytes();
                writeln!(out, "{} A 10.{second}.{third}.{fourth}", million_label(number))
            })?,
            World::Zones => many::write(zone, out)?,
            World::Steered => steered::write(out)?,
        }
        out.flush()
    }
}

/// Name number `number` of the large zone.
pub fn million_name(number: u64) -> String {
    format!("{}.{}", million_label(number), World::Million.apex())
}

fn million_label(number: u64) -> String {
    format!("r{number:07}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(world: World) -> String {
        let mut out = Vec::new();
        world.write(7, 1, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_world_has_the_records_that_it_promises() {
        let lines = |world| zone(world).lines().count() as u64 - 7;
        assert_eq!(lines(World::Names), NAMES + WILDCARDS + 4 * DELEGATIONS);
        assert_eq!(lines(World::Geo), STEERED_NAMES);
        assert_eq!(lines(World::Million), MILLION);
        assert_eq!(lines(World::Zones), RECORDS_A_ZONE - 5);
        assert_eq!(lines(World::Steered), STEERED_HOSTS);
    }

    #[test]
    fn the_names_that_are_asked_for_exist() {
        let names = zone(World::Names);
        for name in [name(NAMES - 1), delegation(DELEGATIONS - 1), wildcard(WILDCARDS - 1)] {
            let label = name.strip_suffix(".names.example").unwrap();
            assert!(names.contains(&format!("{label} ")), "{name}");
        }
        assert!(zone(World::Million).contains("r0999999 A 10.15.66.63"));
        assert!(zone_name(7).starts_with("host05.") && zone(World::Zones).contains("\nhost05 A 10.0.7.5\n"));
        assert_eq!(World::Zones.apexes()[0], World::Zones.apex());
    }
}
