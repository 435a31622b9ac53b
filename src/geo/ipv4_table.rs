//! The packed table of IPv4: one load for an address whose whole /16 has one value, one or two cache lines more where it
//! has several; 4 octets a range.
//!
//! A bucket stands for one value of the first 16 bits. Where all of it has one value, its word holds that and the scope,
//! which is at most 16. Otherwise the word tells where its ranges are: a head with their number and the value at the
//! bucket's first address, then each range that starts behind that, as the low half of its start and its value. So the
//! ranges of a bucket are sorted words, searched as they are. Scopes come from the starts on both sides; a range that
//! touches the bucket's edge goes on beyond it, as far as the low bits can tell.

use super::space::shortest_prefix;

/// Buckets: one for each value of the first 16 bits.
const BUCKETS: usize = 1 << 16;
/// Set in a bucket's word: it has several values, and the other bits are the position of its head.
const SEVERAL: u32 = 1 << 31;
/// Where the scope stands in the word of a bucket of one value; the value stands below.
const SCOPE_SHIFT: u32 = 16;
/// Most ranges of a table: more than any database has networks, and with a head for each they still have positions.
pub(super) const RANGES_MAXIMUM: usize = (1 << 27) - 1;

/// Ranges of IPv4 with a value of 16 bits.
#[derive(Debug)]
pub(super) struct Ipv4Table {
    buckets: Box<[u32; BUCKETS]>,
    /// Heads and ranges: start or number in the high half, value in the low half.
    ranges: Box<[u32]>,
}

impl Ipv4Table {
    /// Packs ranges, given by their starts in ascending order, the first at 0, neighbours with different values;
    /// at most [`RANGES_MAXIMUM`] of them.
    pub(super) fn new(ranges: &[(u32, u16)]) -> Ipv4Table {
        let mut buckets = Vec::with_capacity(BUCKETS);
        let mut packed = Vec::new();
        // The number of the range that holds the bucket's first address.
        let mut holder = 0;
        for first in (0..BUCKETS as u32).map(|bucket| bucket << 16) {
            holder += usize::from(ranges.get(holder + 1).is_some_and(|&(start, _)| start == first));
            let (start, value) = ranges[holder];
            let inside = &ranges[holder + 1..];
            let inside = &inside[..inside.partition_point(|&(start, _)| start >> 16 == first >> 16)];
            if inside.is_empty() {
                let end = ranges.get(holder + 1).map(|&(start, _)| start);
                let scope = shortest_prefix(first, start, end);
                buckets.push(u32::from(scope) << SCOPE_SHIFT | u32::from(value));
            } else {
                buckets.push(SEVERAL | packed.len() as u32);
                packed.push((inside.len() as u32) << 16 | u32::from(value));
                packed.extend(inside.iter().map(|&(start, value)| start << 16 | u32::from(value)));
                holder += inside.len();
            }
        }
        let buckets = buckets.into_boxed_slice().try_into().expect("there is a word for each bucket");
        Ipv4Table { buckets, ranges: packed.into() }
    }

    /// The value at an address, and the shortest prefix around it that has this value throughout.
    #[inline]
    pub(super) fn find(&self, address: u32) -> (u16, u8) {
        let word = self.buckets[(address >> 16) as usize];
        if word & SEVERAL == 0 {
            (word as u16, (word >> SCOPE_SHIFT) as u8)
        } else {
            self.search(word, address)
        }
    }

    // Not inlined: most addresses lie in buckets of one value.
    /// The same in a bucket of several values.
    #[inline(never)]
    fn search(&self, word: u32, address: u32) -> (u16, u8) {
        let [head, rest @ ..] = &self.ranges[(word & !SEVERAL) as usize..] else { return (0, 0) };
        let (low, inside) = (address & 0xFFFF, &rest[..(head >> 16) as usize]);
        let after = inside.partition_point(|&range| range <= low << 16 | 0xFFFF);
        // What lies nearest on each side; where nothing does, as far away as can be.
        let (mut value, mut below) = (*head, u32::MAX);
        if let Some(&range) = after.checked_sub(1).and_then(|before| inside.get(before)) {
            (value, below) = (range, low ^ ((range >> 16) - 1));
        }
        let above = inside.get(after).map_or(u32::MAX, |range| low ^ range >> 16);
        (value as u16, below.min(above).leading_zeros() as u8 + 1)
    }

    /// Octets held.
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.buckets) + size_of_val(&*self.ranges)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the table must say, from the ranges themselves.
    fn expected(ranges: &[(u32, u16)], address: u32) -> (u16, u8) {
        let after = ranges.partition_point(|&(start, _)| start <= address);
        let end = ranges.get(after).map(|&(start, _)| start);
        (ranges[after - 1].1, shortest_prefix(address, ranges[after - 1].0, end))
    }

    fn check(mut starts: Vec<u32>, extra: &[u32]) {
        starts.push(0);
        starts.sort_unstable();
        starts.dedup();
        let ranges: Vec<(u32, u16)> = starts.into_iter().zip(0..).collect();
        let table = Ipv4Table::new(&ranges);
        let edges =
            ranges.iter().flat_map(|&(start, _)| [start.wrapping_sub(1), start, start.wrapping_add(1)]);
        for address in edges.chain(extra.iter().copied()) {
            assert_eq!(table.find(address), expected(&ranges, address), "{address:#x} in {ranges:#x?}");
        }
    }

    #[test]
    fn one_range_is_the_whole_space() {
        check(vec![], &[0, 1 << 16, u32::MAX]);
    }

    #[test]
    fn ranges_on_the_edges_of_buckets() {
        check(
            vec![0x0001_0000, 0x0002_0000, 0x0003_FFFF, 0x0004_0000, 0xFFFF_0000, 0xFFFF_FFFF],
            &[0x0300_0000],
        );
    }

    proptest! {
        #[test]
        fn every_address_gets_its_value_and_its_shortest_prefix(
            near in prop::collection::vec(0_u32..0x4_0000, 0..30), far in prop::collection::vec(any::<u32>(), 0..30),
            extra in prop::collection::vec(any::<u32>(), 5),
        ) {
            check([near, far].concat(), &extra);
        }
    }
}
