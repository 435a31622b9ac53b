//! The table of IPv6: an index over the first 16 bits, one over as many of the following bits as a bucket's number of
//! ranges deserves, then a short binary search.
//!
//! IPv6 is used in a few of its /16 blocks only, and there densely: an index over more bits of the whole space would
//! be mostly empty, and a binary search over a /16 with 100,000 ranges would miss the cache at every step.

use super::space::shortest_prefix;

/// Buckets of the first index: one for each value of the first 16 bits.
const BUCKETS: usize = 1 << 16;
/// Most bits of a bucket's own index.
const INNER_BITS_MAXIMUM: u32 = 16;
/// Ranges that one step of a bucket's own index should leave, as a power of two.
const LEFT_TO_SEARCH_BITS: u32 = 2;

/// Where a bucket's own index begins, and how many bits it covers.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    index: u32,
    bits: u32,
}

/// Ranges of IPv6 with a value of 16 bits.
#[derive(Debug)]
pub(super) struct Ipv6Table {
    buckets: Box<[Bucket]>,
    /// The buckets' own indexes: for each step the position of the first range that starts in it or later; after the
    /// last step of a bucket follows the first of the next one.
    inner: Box<[u32]>,
    starts: Box<[u128]>,
    values: Box<[u16]>,
}

impl Ipv6Table {
    /// Builds the table of ranges, given by their starts in ascending order, the first at 0, neighbours with
    /// different values.
    pub(super) fn new(ranges: &[(u128, u16)]) -> Ipv6Table {
        let (mut buckets, mut inner) = (Vec::with_capacity(BUCKETS), Vec::new());
        let mut position = 0;
        for bucket in 0..BUCKETS as u128 {
            let count = ranges[position..].partition_point(|&(start, _)| start >> 112 == bucket);
            let bits = inner_bits(count);
            buckets.push(Bucket { index: inner.len() as u32, bits });
            let here = &ranges[position..position + count];
            inner.extend((0..1 << bits).map(|step| {
                let before = here.partition_point(|&(start, _)| (inner_step(start, bits) as u128) < step);
                (position + before) as u32
            }));
            position += count;
        }
        inner.push(position as u32);
        Ipv6Table {
            buckets: buckets.into(),
            inner: inner.into(),
            starts: ranges.iter().map(|&(start, _)| start).collect(),
            values: ranges.iter().map(|&(_, value)| value).collect(),
        }
    }

    /// The value at an address, and the shortest prefix around it that has this value throughout.
    #[inline]
    pub(super) fn find(&self, address: u128) -> (u16, u8) {
        let bucket = self.buckets[(address >> 112) as usize];
        let step = bucket.index as usize + inner_step(address, bucket.bits);
        let (begin, end) = (self.inner[step] as usize, self.inner[step + 1] as usize);
        let after = begin + self.starts[begin..end].partition_point(|&start| start <= address);
        let scope = shortest_prefix(address, self.starts[after - 1], self.starts.get(after).copied());
        (self.values[after - 1], scope)
    }

    /// Octets held.
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.buckets)
            + size_of_val(&*self.inner)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.values)
    }
}

/// Bits of the own index of a bucket with that many ranges.
fn inner_bits(ranges: usize) -> u32 {
    (ranges + 1).ilog2().saturating_sub(LEFT_TO_SEARCH_BITS).min(INNER_BITS_MAXIMUM)
}

/// The step of a bucket's own index that holds an address: the bits after the first 16.
#[inline]
fn inner_step(address: u128, bits: u32) -> usize {
    ((address >> 96) as usize & 0xFFFF) >> (INNER_BITS_MAXIMUM - bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expected(ranges: &[(u128, u16)], address: u128) -> (u16, u8) {
        let after = ranges.partition_point(|&(start, _)| start <= address);
        let end = ranges.get(after).map(|&(start, _)| start);
        (ranges[after - 1].1, shortest_prefix(address, ranges[after - 1].0, end))
    }

    fn check(mut starts: Vec<u128>, extra: &[u128]) {
        starts.push(0);
        starts.sort_unstable();
        starts.dedup();
        let ranges: Vec<(u128, u16)> = starts.into_iter().zip(0..).collect();
        let table = Ipv6Table::new(&ranges);
        let edges =
            ranges.iter().flat_map(|&(start, _)| [start.wrapping_sub(1), start, start.wrapping_add(1)]);
        for address in edges.chain(extra.iter().copied()) {
            assert_eq!(table.find(address), expected(&ranges, address), "{address:#x}");
        }
    }

    #[test]
    fn one_range_is_the_whole_space() {
        check(vec![], &[0, 1 << 112, u128::MAX]);
    }

    proptest! {
        #[test]
        fn every_address_gets_its_value_and_its_shortest_prefix(
            dense in prop::collection::vec(any::<u32>(), 0..200), far in prop::collection::vec(any::<u128>(), 0..20),
            extra in prop::collection::vec(any::<u128>(), 5),
        ) {
            let dense = dense.iter().map(|&bits| 0x2a00 << 112 | u128::from(bits) << 80).collect::<Vec<u128>>();
            check([dense, far].concat(), &extra);
        }
    }
}
