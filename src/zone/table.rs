//! A hash table of dense numbers: open addressing over `u32` slots, the things themselves stand elsewhere.
//!
//! A slot holds the number of a thing and, in the bits that numbers leave free, a part of its hash, so that a search
//! for what is not there hardly ever looks at a thing. A slot takes four octets and half of them are taken. The last one is
//! free, so that a search goes on in one direction and need not know where the table ends.

/// Taken slots are at most this fraction of all.
const FILL: (usize, usize) = (1, 2);
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

    /// What `recognise` makes of the thing with this hash, if it is the one.
    #[inline(always)]
    pub(super) fn find<T>(&self, hash: u64, mut recognise: impl FnMut(u32) -> Option<T>) -> Option<T> {
        for &slot in self.slots.get(self.first_slot(hash)..)? {
            // What is not free is more likely to be it.
            if (slot ^ hash as u32) & !self.number_mask == 0
                && let Some(number) = (slot & self.number_mask).checked_sub(1)
                && let Some(found) = recognise(number)
            {
                return Some(found);
            }
            if slot == FREE {
                return None;
            }
        }
        None
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

    fn with_room(count: usize) -> Table {
        let first_slots = count * FILL.1 / FILL.0 + 1;
        let number_mask = u32::MAX >> (count as u32 + 1).leading_zeros();
        Table {
            slots: vec![FREE; first_slots + 1].into(),
            first_slots: first_slots as u32,
            count: 0,
            number_mask,
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
    #[inline]
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
        assert_eq!(grown.find(hash(0), Some), None);
        let hashes: Vec<u64> = (0..3000).map(hash).collect();
        for count in 1..=hashes.len() {
            grown.add(hashes[..count].iter().copied(), hashes[count - 1]);
        }
        let built = Table::of(hashes.iter().copied());
        for table in [grown, built] {
            for (number, &wanted) in hashes.iter().enumerate() {
                let found = table.find(wanted, |found| (hashes[found as usize] == wanted).then_some(found));
                assert_eq!(found, Some(number as u32));
            }
            let mut looked_at = 0;
            for number in 3000..6000 {
                let found = table.find(hash(number), |_| {
                    looked_at += 1;
                    None::<u32>
                });
                assert_eq!(found, None);
            }
            assert!(looked_at < 30, "{looked_at}");
        }
    }

    #[test]
    fn things_that_all_begin_at_the_last_slot_are_found_behind_it() {
        let hashes = [u64::MAX; 40];
        let table = Table::of(hashes.into_iter());
        for wanted in 0..40 {
            assert_eq!(table.find(u64::MAX, |found| (found == wanted).then_some(found)), Some(wanted));
        }
        assert_eq!(table.find(u64::MAX, |_| None::<u32>), None);
    }

    #[test]
    fn things_of_one_hash_are_told_apart() {
        let table = Table::of([7, 7, 7].into_iter());
        for wanted in 0..3 {
            assert_eq!(table.find(7, |found| (found == wanted).then_some(found)), Some(wanted));
        }
        assert_eq!(table.find(7, |_| None::<u32>), None);
    }
}
