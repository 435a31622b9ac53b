//! The first walk: how much of the clients each pair of classes has, and where these clients are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::amount::Amount;
use super::passage::{Lane, Passage, Spot};
use crate::geo::ClassId;
use crate::wire::Family;

/// Where clients are, as far as a split goes.
pub(super) type Whereabouts = (Option<[u8; 2]>, Option<u32>);

/// What a walk over both families has counted.
pub(super) struct Tally {
    /// All that counts, of each family.
    pub(super) whole: [Amount; 2],
    /// Countries and autonomous systems that occur, and how much each pair of them has of each family.
    pub(super) whereabouts: Vec<(Whereabouts, [Amount; 2])>,
    /// One for each lane.
    pub(super) lanes: Vec<LaneTally>,
}

/// The pairs of classes that occur in a lane.
#[derive(Default)]
pub(super) struct LaneTally {
    /// Old and new class of each pair, by its number.
    pub(super) pairs: Vec<[ClassId; 2]>,
    numbers: HashMap<[ClassId; 2], u32>,
    /// For each pair and family, how much is where: the number of the whereabouts and the amount.
    pub(super) parts: Vec<[Vec<(u32, Amount)>; 2]>,
    /// How much each pair has of each family: the sum of its parts.
    pub(super) sums: Vec<[Amount; 2]>,
    /// For each pair, whether clients have it that weigh nothing.
    pub(super) has_weightless: Vec<bool>,
}

impl Tally {
    /// Walks over both families.
    pub(super) fn of(passage: &Passage<'_>, lanes: &[Lane]) -> Tally {
        let lanes = lanes.iter().map(|_| LaneTally::default()).collect();
        let mut tally = Tally { whole: [Amount::ZERO; 2], whereabouts: Vec::new(), lanes };
        let mut places = Places::default();
        for family in Family::BOTH {
            let mut sums: HashMap<(usize, u32, u32), Amount> = HashMap::new();
            passage.walk(family, |spot| tally.take(family, spot, &mut places, &mut sums));
            let mut sums: Vec<_> = sums.into_iter().collect();
            sums.sort_unstable_by_key(|&(key, _)| key);
            for ((lane, pair, place), amount) in sums {
                let (lane, pair) = (&mut tally.lanes[lane], pair as usize);
                lane.parts[pair][family.index()].push((place, amount));
                let sum = &mut lane.sums[pair][family.index()];
                *sum = sum.plus(amount);
            }
        }
        tally
    }

    fn take(
        &mut self,
        family: Family,
        spot: &Spot<'_>,
        places: &mut Places,
        sums: &mut HashMap<(usize, u32, u32), Amount>,
    ) {
        let weight = spot.weight();
        let counts = !weight.is_zero();
        let mut place = 0;
        if counts {
            place = places.number((spot.origin.country, spot.origin.asn), &mut self.whereabouts);
            let sum = &mut self.whereabouts[place as usize].1[family.index()];
            *sum = sum.plus(weight);
            self.whole[family.index()] = self.whole[family.index()].plus(weight);
        }
        for (number, (lane, &classes)) in self.lanes.iter_mut().zip(spot.classes).enumerate() {
            let pair = lane.number(classes);
            if counts {
                let sum = sums.entry((number, pair, place)).or_default();
                *sum = sum.plus(weight);
            } else {
                lane.has_weightless[pair as usize] = true;
            }
        }
    }
}

impl LaneTally {
    /// The number of a pair of classes; a new one where it has not occurred.
    fn number(&mut self, classes: [ClassId; 2]) -> u32 {
        let next = self.pairs.len() as u32;
        match self.numbers.entry(classes) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.pairs.push(classes);
                self.parts.push(Default::default());
                self.sums.push([Amount::ZERO; 2]);
                self.has_weightless.push(false);
                *new.insert(next)
            }
        }
    }

    /// The number of a pair of classes that has occurred.
    pub(super) fn known(&self, classes: [ClassId; 2]) -> u32 {
        self.numbers[&classes]
    }
}

/// Numbers for whereabouts; steps side by side often have the same.
#[derive(Default)]
struct Places {
    numbers: HashMap<Whereabouts, u32>,
    last: Option<(Whereabouts, u32)>,
}

impl Places {
    fn number(&mut self, at: Whereabouts, all: &mut Vec<(Whereabouts, [Amount; 2])>) -> u32 {
        if let Some((_, number)) = self.last.filter(|&(last, _)| last == at) {
            return number;
        }
        let number = *self.numbers.entry(at).or_insert_with(|| {
            all.push((at, [Amount::ZERO; 2]));
            all.len() as u32 - 1
        });
        self.last = Some((at, number));
        number
    }
}
