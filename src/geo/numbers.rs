//! Which number a thing has, where the things themselves stand in somebody's list: a table of hashes.
//!
//! A city database has half a million places and names to be told apart. A `HashMap` would hold each of them a second time,
//! and hash all of them again whenever it grows; here a thing is eight octets, so that the processor's caches hold most of
//! a table.

use std::hash::{BuildHasher, Hash, RandomState};

/// Slots of the smallest table.
const SLOTS_MINIMUM: usize = 16;

/// The numbers of things, counted from 0 as things are added.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    /// A power of two of them, at most half of them taken. A thing is in the first slot that was free, counted from the one
    /// that its hash says.
    slots: Vec<Slot>,
    count: u32,
    /// Whoever writes a file cannot foresee the hashes.
    hasher: RandomState,
}

/// A part of a thing's hash, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    hash: ThingHash,
    number: u32,
}

/// The slot of no thing. There are never so many things: their list would have no room.
const FREE: Slot = Slot { hash: ThingHash(0), number: u32::MAX };

/// The hash of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ThingHash(u32);

impl Default for Numbers {
    fn default() -> Self {
        Numbers::for_things(0)
    }
}

impl Numbers {
    /// With room for so many things; there may be more.
    pub(super) fn for_things(count: usize) -> Numbers {
        let slots = vec![FREE; (2 * count).next_power_of_two().max(SLOTS_MINIMUM)];
        Numbers { slots, count: 0, hasher: RandomState::new() }
    }

    /// The hash of a thing, to find and to add it by.
    pub(super) fn hash(&self, thing: impl Hash) -> ThingHash {
        ThingHash(self.hasher.hash_one(thing) as u32)
    }

    /// The number of the thing that has this hash; `is_it` tells whether the thing of a number is it.
    pub(super) fn find(&self, hash: ThingHash, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let taken = self.probe(hash).map(|index| self.slots[index]).take_while(|&slot| slot != FREE);
        taken.filter(|slot| slot.hash == hash).map(|slot| slot.number).find(|&number| is_it(number))
    }

    /// Adds a thing that is not there: the next number.
    pub(super) fn add(&mut self, hash: ThingHash) -> u32 {
        if self.slots.len() <= 2 * self.count as usize {
            self.grow();
        }
        let number = self.count;
        self.put(Slot { hash, number });
        self.count += 1;
        number
    }

    fn grow(&mut self) {
        let slots = vec![FREE; 2 * self.slots.len()];
        let smaller = std::mem::replace(&mut self.slots, slots);
        smaller.into_iter().filter(|&slot| slot != FREE).for_each(|slot| self.put(slot));
    }

    fn put(&mut self, slot: Slot) {
        let free = self.probe(slot.hash).find(|&index| self.slots[index] == FREE);
        self.slots[free.expect("half of the slots are free")] = slot;
    }

    /// All slots, from the one that a hash says on.
    fn probe(&self, hash: ThingHash) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len() - 1;
        (hash.0 as usize..).take(mask + 1).map(move |index| index & mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_have_one_number_however_many_there_are() {
        for room in [0, 5000] {
            let mut numbers = Numbers::for_things(room);
            let mut things: Vec<u32> = Vec::new();
            for thing in (0..10_000).map(|number: u32| number * 7 % 3000) {
                let hash = numbers.hash(thing);
                let expected = things.iter().position(|&known| known == thing).map(|at| at as u32);
                assert_eq!(numbers.find(hash, |number| things[number as usize] == thing), expected);
                if expected.is_none() {
                    assert_eq!(numbers.add(hash) as usize, things.len());
                    things.push(thing);
                }
            }
            assert_eq!(things.len(), 3000);
        }
    }

    #[test]
    fn things_of_one_hash_are_told_apart() {
        let mut numbers = Numbers::default();
        let same = ThingHash(u32::MAX);
        let added: Vec<u32> = (0..100).map(|_| numbers.add(same)).collect();
        assert_eq!(added, (0..100).collect::<Vec<u32>>());
        assert!(added.iter().all(|&thing| numbers.find(same, |number| number == thing) == Some(thing)));
        assert_eq!(numbers.find(same, |_| false), None);
        assert_eq!(numbers.find(ThingHash(7), |_| true), None);
    }
}
