//! A hash table of dense numbers: open addressing over `u32` slots, the things themselves stand elsewhere.
//!
//! A slot holds the number of a thing and, in the bits that numbers leave free, a part of its hash, so that a search
//! for what is not there hardly ever looks at a thing. A slot takes four octets and half of them are taken. The last one is
//! free, so that a search goes on in one direction and need not know where the table ends.

/// Taken slots are at most this fraction of all.
const FILL: (usize, usize) = (1, 2);
/// A table that is larger than it must be by no more than this part of it is not built anew.
const SPARE: usize = 16;
/// A slot that holds nothing.
const FREE: u32 = 0;

/// Numbers of things by the hashes of their names.
#[derive(Default)]
pub(super) struct Table {
    slots: Box<[u32]>,
    /// The slots that a hash can begin at; behind them stand what found no room among the last, and a free one.
    first_slots: u32,
    count: u32,
    /// The bits of a slot that hold the number (plus one, so that 0 stays free).
    number_mask: u32,
}

impl Table {
    /// A table of the things 0, 1, … with these hashes, no larger than it must be.
    pub(super) fn of(hashes: impl ExactSizeIterator<Item = u64>) -> Table {
        let mut table = Table::with_room(hashes.len());
        for hash in hashes {
            table.place(hash);
        }
        table
    }

    /// No thing yet, and room for so many.
    pub(super) fn with_room(count: usize) -> Table {
        let first_slots = count * FILL.1 / FILL.0 + 1;
        let number_mask = u32::MAX >> (count as u32 + 1).leading_zeros();
        let slots = vec![FREE; first_slots + 1].into();
        Table { slots, first_slots: first_slots as u32, count: 0, number_mask }
    }

    /// The same things in a table hardly larger than it must be.
    pub(super) fn fitted(self, hashes: impl ExactSizeIterator<Item = u64>) -> Table {
        let needed = hashes.len() * FILL.1 / FILL.0;
        if self.first_slots as usize <= needed + needed / SPARE { self } else { Table::of(hashes) }
    }

    /// The first thing that may have this hash: hardly ever another one. So a look-up takes it, and turns to
    /// [`Table::candidates`] where it is not the one: a loop in which names are compared would cost every query.
    #[inline(always)]
    pub(super) fn first(&self, hash: u64) -> Option<u32> {
        let mut at = self.first_slot(hash);
        loop {
            let slot = *self.slots.get(at)?;
            if (slot ^ hash as u32) & !self.number_mask == 0 {
                // Free only where the mark is 0 too.
                return (slot & self.number_mask).checked_sub(1);
            }
            if slot == FREE {
                return None;
            }
            at += 1;
        }
    }

    /// All things that may have this hash.
    pub(super) fn candidates(&self, hash: u64) -> impl Iterator<Item = u32> {
        let slots = self.slots.get(self.first_slot(hash)..).unwrap_or(&[]);
        let may_be = move |slot: &u32| (slot ^ hash as u32) & !self.number_mask == 0;
        let taken = slots.iter().take_while(|&&slot| slot != FREE).copied();
        taken.filter(may_be).map(|slot| (slot & self.number_mask) - 1)
    }

    /// Adds the next thing; its number is that of the things before. `hashes` are all hashes, this one last: where
    /// the table has to grow it is built anew.
    pub(super) fn add(&mut self, hashes: impl ExactSizeIterator<Item = u64>, hash: u64) {
        if (self.count as usize + 1) * FILL.1 > self.first_slots as usize * FILL.0 {
            let room = (self.count as usize + 1).max(16) * 2;
            *self = Table::with_room(room);
            hashes.for_each(|hash| self.place(hash));
        } else {
            self.place(hash);
        }
    }

    /// Puts the next thing into the first free slot of its hash.
    fn place(&mut self, hash: u64) {
        let first = self.first_slot(hash);
        let taken = self.slots[first..].iter().position(|&slot| slot == FREE);
        let at = first + taken.expect("the last slot is free");
        self.count += 1;
        self.slots[at] = (hash as u32 & !self.number_mask) | self.count;
        if at + 1 == self.slots.len() {
            let mut slots = std::mem::take(&mut self.slots).into_vec();
            slots.push(FREE);
            self.slots = slots.into();
        }
    }

    /// The upper half of the hash as a fraction of the table; the lower half marks the slot.
    #[inline(always)]
    fn first_slot(&self, hash: u64) -> usize {
        (((hash >> 32) * u64::from(self.first_slots)) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hash whose both halves are well mixed.
    fn hash(number: u64) -> u64 {
        let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    #[test]
    fn every_thing_is_found_while_growing_and_when_built_at_once() {
        let mut grown = Table::default();
        assert_eq!((grown.first(hash(0)), grown.candidates(hash(0)).next()), (None, None));
        let hashes: Vec<u64> = (0..3000).map(hash).collect();
        for count in 1..=hashes.len() {
            grown.add(hashes[..count].iter().copied(), hashes[count - 1]);
        }
        let built = Table::of(hashes.iter().copied());
        for table in [grown, built] {
            for number in 0..6000 {
                assert_eq!(table.first(hash(number)), table.candidates(hash(number)).next());
            }
            for (number, &wanted) in hashes.iter().enumerate() {
                let found = table.candidates(wanted).find(|&found| hashes[found as usize] == wanted);
                assert_eq!(found, Some(number as u32));
            }
            let looked_at: usize = (3000..6000).map(|number| table.candidates(hash(number)).count()).sum();
            assert!(looked_at < 30, "{looked_at}");
        }
    }

    #[test]
    fn things_that_all_begin_at_the_last_slot_are_found_behind_it() {
        let hashes = [u64::MAX; 40];
        let table = Table::of(hashes.into_iter());
        for wanted in 0..40 {
            assert_eq!(table.candidates(u64::MAX).nth(wanted as usize), Some(wanted));
        }
        assert_eq!(table.candidates(u64::MAX).nth(40), None);
    }

    #[test]
    fn things_of_one_hash_are_told_apart() {
        let table = Table::of([7, 7, 7].into_iter());
        for wanted in 0..3 {
            assert_eq!(table.candidates(7).nth(wanted as usize), Some(wanted));
        }
        assert_eq!(table.candidates(7).nth(3), None);
    }
}
