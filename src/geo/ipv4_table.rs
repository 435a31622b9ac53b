//! The packed table of IPv4: 4 octets a range, one or two cache lines a lookup.
//!
//! Ranges are bucketed by their first 16 bits. A bucket knows where its ranges are; a range keeps the low 16 bits of
//! its start and its value. Ranges that begin before the bucket have no entry in it: what holds at the bucket's first
//! address is the entry before. Scopes come from the neighbouring starts; where neither lies in the bucket, the whole
//! bucket has one value and its scope, at most 16, is kept beside the position.

use super::space::shortest_prefix;

/// Buckets: one for each value of the first 16 bits.
const BUCKETS: usize = 1 << 16;
/// Low bits of a bucket's word: position of its first range. The others: the scope of a uniform bucket.
const POSITION_BITS: u32 = 27;
const POSITION_MASK: u32 = (1 << POSITION_BITS) - 1;
/// Most ranges of a table: their number is the position that ends the last bucket.
pub(super) const RANGES_MAXIMUM: usize = POSITION_MASK as usize;

/// Ranges of IPv4 with a value of 16 bits.
#[derive(Debug)]
pub(super) struct Ipv4Table {
    /// One word for each bucket, and one that ends the last.
    buckets: Box<[u32]>,
    /// The low half of each range's start.
    starts: Box<[u16]>,
    values: Box<[u16]>,
}

impl Ipv4Table {
    /// Packs ranges, given by their starts in ascending order, the first at 0, neighbours with different values;
    /// at most [`RANGES_MAXIMUM`] of them.
    pub(super) fn new(ranges: &[(u32, u16)]) -> Ipv4Table {
        let mut buckets = Vec::with_capacity(BUCKETS + 1);
        let mut position = 0;
        for bucket in 0..BUCKETS as u32 {
            let first = bucket << 16;
            let scope = uniform_scope(ranges, position, first);
            buckets.push(u32::from(scope) << POSITION_BITS | position as u32);
            position += ranges[position..].partition_point(|&(start, _)| start >> 16 == bucket);
        }
        buckets.push(position as u32);
        Ipv4Table {
            buckets: buckets.into(),
            starts: ranges.iter().map(|&(start, _)| start as u16).collect(),
            values: ranges.iter().map(|&(_, value)| value).collect(),
        }
    }

    /// The value at an address, and the shortest prefix around it that has this value throughout.
    #[inline]
    pub(super) fn find(&self, address: u32) -> (u16, u8) {
        let (bucket, low) = ((address >> 16) as usize, address as u16);
        let (word, begin) = (self.buckets[bucket], (self.buckets[bucket] & POSITION_MASK) as usize);
        let starts = &self.starts[begin..(self.buckets[bucket + 1] & POSITION_MASK) as usize];
        let after = starts.partition_point(|&start| start <= low);
        let below = starts[..after].last().filter(|&&start| start > 0);
        let above = starts.get(after);
        let scope = match (below, above) {
            (None, None) => (word >> POSITION_BITS) as u8,
            _ => 16 + shortest_prefix_low(low, below.copied().unwrap_or(0), above.copied()),
        };
        (self.values[begin + after - 1], scope)
    }

    /// Octets held.
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.buckets) + size_of_val(&*self.starts) + size_of_val(&*self.values)
    }
}

/// Scope around the first address of a bucket, for the case that no range ends or starts inside the bucket;
/// `position` is that of the first range that starts in it or later.
fn uniform_scope(ranges: &[(u32, u16)], position: usize, first: u32) -> u8 {
    let starts_here = ranges.get(position).is_some_and(|&(start, _)| start == first);
    let holder = if starts_here { position } else { position - 1 };
    let end = ranges.get(holder + 1).map(|&(start, _)| start);
    shortest_prefix(first, ranges[holder].0, end).min(16)
}

/// [`shortest_prefix`] within one bucket; a range that touches the bucket's edge goes on beyond it, as far as the low
/// bits can tell.
#[inline]
fn shortest_prefix_low(address: u16, first: u16, end: Option<u16>) -> u8 {
    let shared_and_one = |outside: u16| (address ^ outside).leading_zeros() as u8 + 1;
    let below = if first == 0 { 0 } else { shared_and_one(first - 1) };
    below.max(end.map_or(0, shared_and_one))
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
