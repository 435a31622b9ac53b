//! The walk that a comparison makes: the maps of both sides in step, with what is known of the addresses and what they
//! weigh.

use std::sync::Arc;

use super::amount::Amount;
use super::weighing::Weighing;
use crate::geo::{ClassId, Map, Origin, Walk};
use crate::snapshot::Snapshot;
use crate::wire::Family;

/// The maps by which one name is steered on the old and on the new side; `None`: without a map, or not at all. Names
/// with the same maps share a lane.
pub(super) type Lane = [Option<u32>; 2];

/// What of two generations is walked.
pub(super) struct Passage<'p> {
    /// The maps to walk over, each once.
    maps: Vec<&'p Arc<Map>>,
    /// For each lane and side, which of them.
    lanes: Vec<[Option<usize>; 2]>,
    sides: [&'p Snapshot; 2],
    weighing: &'p Weighing,
}

/// Some addresses side by side that are alike in all that is looked at.
pub(super) struct Spot<'s> {
    /// The first address as a number.
    pub(super) first: u128,
    /// The last one.
    pub(super) last: u128,
    /// What the databases say, the new ones first.
    pub(super) origin: Origin,
    /// What one of the addresses weighs.
    pub(super) density: Amount,
    /// The classes of each lane on the old and on the new side; 0 without a map.
    pub(super) classes: &'s [[ClassId; 2]],
}

impl Spot<'_> {
    /// What all of it weighs.
    pub(super) fn weight(&self) -> Amount {
        self.density.times(self.last - self.first + 1)
    }
}

impl<'p> Passage<'p> {
    /// A walk over the maps of these lanes.
    pub(super) fn new(sides: [&'p Snapshot; 2], lanes: &[Lane], weighing: &'p Weighing) -> Passage<'p> {
        let mut maps: Vec<&'p Arc<Map>> = Vec::new();
        let mut number = |side: usize, map: Option<u32>| {
            let table = &sides[side].configuration.maps[map? as usize].table;
            let known = maps.iter().position(|known| Arc::ptr_eq(known, table));
            Some(known.unwrap_or_else(|| {
                maps.push(table);
                maps.len() - 1
            }))
        };
        let lanes = lanes.iter().map(|&[old, new]| [number(0, old), number(1, new)]).collect();
        Passage { maps, lanes, sides, weighing }
    }

    /// Visits the whole space of a family, in order.
    pub(super) fn walk(&self, family: Family, mut visit: impl FnMut(&Spot<'_>)) {
        let mut walk = self.prepare(family);
        let mut classes = vec![[ClassId(0); 2]; self.lanes.len()];
        while let Some(step) = walk.step() {
            for (classes, lane) in classes.iter_mut().zip(&self.lanes) {
                // What counts is the address that a query comes from, which no special-purpose block makes special.
                *classes = lane.map(|map| map.map_or(ClassId(0), |map| step.placed[map].class));
            }
            let [listed, block] = [step.networks[0], step.networks[1]];
            let density = self.weighing.density(family, step.origin, listed, block);
            let (first, last, origin) = (step.first, step.last, step.origin);
            visit(&Spot { first, last, origin, density, classes: &classes });
        }
    }

    fn prepare(&self, family: Family) -> Walk<'p> {
        let mut walk = self.maps.iter().fold(Walk::new(family), |walk, map| walk.with_map(map));
        let [old, new] = self.sides.map(|side| &side.configuration.geo);
        let mut seen: Vec<u64> = Vec::new();
        for source in new.iter().chain(old) {
            if !seen.contains(&source.database.digest()) {
                seen.push(source.database.digest());
                walk = walk.with_database(&source.database);
            }
        }
        let maps: Vec<&Map> = self.maps.iter().map(|map| &***map).collect();
        let [listed, blocks] = self.weighing.networks(&maps);
        walk.with_networks(listed).with_networks(blocks)
    }
}
