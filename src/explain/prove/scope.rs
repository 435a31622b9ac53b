//! No scope is wider than its class: what the table law says of every map, proven again of the tables that are served.
//!
//! Neighbouring addresses of one class and one special-purpose block make a stretch. A stretch is cut into the fewest
//! prefixes; within one of them every address has the same shortest prefix that fits, if the table is right, and the
//! table is asked at both ends of each. Where a map has one class only it answers 0 for everybody, which holds.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use super::scenery::Scenery;
use super::{Client, Counterexample, Extent, HealthVector, Stop};
use crate::geo::{self, ClassId, Piece, Prefix};
use crate::snapshot::Map;
use crate::wire::Family;

/// Proves it of the maps that rules use.
pub(super) fn prove(scenery: &Scenery<'_>, rules: &[u32]) -> Result<Extent, Stop> {
    let configuration = scenery.configuration;
    let mut extent = Extent { rules: rules.len(), ..Extent::default() };
    let mut seen = HashSet::new();
    for &number in rules {
        let Some(map) = configuration.rules[number as usize].map.filter(|map| seen.insert(*map)) else {
            continue;
        };
        let map = &configuration.maps[map as usize];
        let (stretches, classes) = stretches(map);
        let scope = |address: &IpAddr| map.table.place(address).scope;
        extent.cells += classes.len();
        for stretch in &stretches {
            if let Some((network, finding)) = stretch.violation(&scope, classes.len(), &mut extent.answers) {
                let client = Client { network, special: stretch.special, country: None, continent: None };
                let down = HealthVector::default();
                return Err(Stop::refuted(Counterexample {
                    rule: number,
                    client: Some(client),
                    down,
                    finding,
                }));
            }
        }
    }
    Ok(extent)
}

/// Neighbours of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    family: Family,
    first: u128,
    last: u128,
    class: ClassId,
    special: bool,
}

/// The stretches of a map, and its classes outside of special-purpose blocks.
fn stretches(map: &Map) -> (Vec<Stretch>, BTreeSet<ClassId>) {
    let (mut stretches, mut classes): (Vec<Stretch>, BTreeSet<ClassId>) = Default::default();
    geo::pieces(&map.table, &[], &[], |piece| {
        if !piece.special {
            classes.insert(piece.class);
        }
        // Tunnels are left out of the walk, and are of one class only where all of IPv4 is.
        let tunnels = match stretches[..] {
            [ipv4] => Some(ipv4.class),
            [ipv4, second, ..] if second.family == Family::V6 => Some(ipv4.class),
            _ => None,
        };
        match stretches.last_mut() {
            Some(open) if open.goes_on(&piece, tunnels) => open.last = piece.last,
            _ => {
                let Piece { family, first, last, class, special, .. } = piece;
                stretches.push(Stretch { family, first, last, class, special });
            }
        }
    });
    (stretches, classes)
}

impl Stretch {
    /// Whether a piece lies behind it and is alike; all special-purpose blocks are, whatever lies underneath. `tunnels`
    /// is the class of all that may lie between the two.
    fn goes_on(&self, piece: &Piece, tunnels: Option<ClassId>) -> bool {
        let alike = self.special == piece.special && (self.special || self.class == piece.class);
        let side_by_side = self.last.checked_add(1) == Some(piece.first);
        let across = !self.special && tunnels == Some(self.class) && self.family == Family::V6;
        alike && self.family == piece.family && (side_by_side || across)
    }

    /// A network in it with a scope that reaches out of it, and that in words.
    fn violation(
        &self,
        scope: &dyn Fn(&IpAddr) -> u8,
        classes: usize,
        answers: &mut u64,
    ) -> Option<(Prefix, String)> {
        Prefix::making_up(self.family, self.first, self.last).find_map(|network| {
            let ends = [network.address, network.last().address];
            ends.into_iter().find_map(|address| {
                *answers += 1;
                let scope = scope(&address);
                let reached = Prefix::around(address, scope);
                let one_class = classes <= 1 && scope == 0 && !self.special;
                let inside = self.first <= reached.bits() && reached.last().bits() <= self.last;
                (!inside && !one_class).then(|| {
                    let finding = format!("has the scope {scope}, and {reached} holds another class");
                    (Prefix::around(address, Family::of(address).bits()), finding)
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_reaches_into_another_class_is_found_at_either_end() {
        let stretch = Stretch {
            family: Family::V4,
            first: 0x0A00_0000,
            last: 0x0A00_02FF,
            class: ClassId(0),
            special: false,
        };
        let check = |planted: &str, planted_scope: u8, expected: Option<&str>| {
            let planted: IpAddr = planted.parse().unwrap();
            let half: IpAddr = "10.0.2.0".parse().unwrap();
            let right = |address: &IpAddr| if *address < half { 23 } else { 24 };
            let scope = |address: &IpAddr| if *address == planted { planted_scope } else { right(address) };
            let found = stretch.violation(&scope, 2, &mut 0);
            assert_eq!(found.map(|(network, _)| network.to_string()).as_deref(), expected);
        };
        check("9.9.9.9", 0, None);
        check("10.0.0.0", 22, Some("10.0.0.0/32"));
        check("10.0.1.255", 21, Some("10.0.1.255/32"));
        check("10.0.2.0", 23, Some("10.0.2.0/32"));
        check("10.0.2.0", 25, None);
        check("10.0.2.255", 22, Some("10.0.2.255/32"));
        // 0 is everybody: right only where a map has one class.
        check("10.0.0.0", 0, Some("10.0.0.0/32"));
        assert_eq!(stretch.violation(&|_| 0, 1, &mut 0), None);
    }
}
