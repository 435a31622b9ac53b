//! The packed table of IPv6: an index over the first 16 bits, one over as many of the following bits as a bucket's number
//! of ranges deserves, then a short binary search; 8 octets a range, and one for its index.
//!
//! IPv6 is used in a few of its /16 blocks only, and there densely: an index over more bits of the whole space would
//! be mostly empty, and a binary search over a /16 with 100,000 ranges would miss the cache at every step.
//!
//! Ranges of one /16 are words: the 48 bits behind the first 16 of the start, and the value. So they end at /64, where
//! networks do. A /64 that is cut all the same (::1 is, and the addresses with an IPv4 address inside) has a value that
//! says so, and its ranges are kept as they are, apart.

use super::ranges::joined;
use super::space::shortest_prefix;

/// Buckets of the first index: one for each value of the first 16 bits.
const BUCKETS: usize = 1 << 16;
/// Set in a bucket's word: it has several values, and the other bits are its number among those that have.
const SEVERAL: u32 = 1 << 31;
/// Where the scope stands in the word of a bucket of one value; the value stands below.
const SCOPE_SHIFT: u32 = 16;
/// Most bits of a bucket's own index.
const INNER_BITS_MAXIMUM: u32 = 16;
/// Ranges that one step of a bucket's own index should leave, as a power of two.
const LEFT_TO_SEARCH_BITS: u32 = 2;
/// The bits of a range's start that are kept: the first 16 are the bucket's, what lies behind /64 is kept apart.
const START_BITS: u32 = 48;
/// The same as a mask.
const LOW: u64 = (1 << START_BITS) - 1;
/// The value of a /64 that has several; no range may have it.
const FINER: u16 = u16::MAX;

/// Ranges of IPv6 with a value of 16 bits.
#[derive(Debug)]
pub(super) struct Ipv6Table {
    buckets: Box<[u32; BUCKETS]>,
    /// The buckets of several values.
    several: Box<[Bucket]>,
    /// Their own indexes: for each step the position of the first range that starts in it or later; after the last step of
    /// a bucket follows the first of the next one.
    inner: Box<[u32]>,
    /// Their ranges: start and value. The first of a bucket starts with it, and so does a last one that ends them all:
    /// where a start is 0, what lies beyond is another bucket's.
    ranges: Box<[u64]>,
    /// What is in /64 blocks of several values.
    finer: Box<[Finer]>,
}

/// Where the own index of a bucket begins, and how far a start is shifted to be a step of it.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    index: u32,
    shift: u32,
}

/// A range that shares a /64 with others: where it starts, where it ends (`None`: with the space), its value.
#[derive(Debug, Clone, Copy)]
struct Finer {
    first: u128,
    end: Option<u128>,
    value: u16,
}

impl Ipv6Table {
    /// Builds the table of ranges, given by their starts in ascending order, the first at 0, neighbours with
    /// different values.
    pub(super) fn new(ranges: &[(u128, u16)]) -> Ipv6Table {
        let coarse = coarse(ranges);
        let (mut buckets, mut several) = (Vec::with_capacity(BUCKETS), Several::default());
        // The number of the range that holds the bucket's first address.
        let mut holder = 0;
        for first in (0..BUCKETS as u64).map(|bucket| bucket << START_BITS) {
            holder += usize::from(coarse.get(holder + 1).is_some_and(|&(start, _)| start == first));
            let inside = &coarse[holder + 1..];
            let inside =
                &inside[..inside.partition_point(|&(start, _)| start >> START_BITS == first >> START_BITS)];
            buckets.push(if inside.is_empty() {
                let end = coarse.get(holder + 1).map(|&(start, _)| start);
                let scope = shortest_prefix(first, coarse[holder].0, end);
                u32::from(scope) << SCOPE_SHIFT | u32::from(coarse[holder].1)
            } else {
                several.add(coarse[holder].1, inside)
            });
            holder += inside.len();
        }
        let buckets = buckets.into_boxed_slice().try_into().expect("there is a word for each bucket");
        several.finish(buckets, finer(ranges))
    }

    /// The value at an address, and the shortest prefix around it that has this value throughout.
    #[inline]
    pub(super) fn find(&self, address: u128) -> (u16, u8) {
        let high = (address >> 64) as u64;
        let word = self.buckets[(high >> START_BITS) as usize];
        if word & SEVERAL == 0 {
            return (word as u16, (word >> SCOPE_SHIFT) as u8);
        }
        self.search(word, address)
    }

    /// The same in a bucket of several values.
    #[inline(never)]
    fn search(&self, word: u32, address: u128) -> (u16, u8) {
        // The 48 bits behind the first 16.
        let low = (address >> 64) as u64 & LOW;
        let bucket = self.several[(word & !SEVERAL) as usize];
        let step = bucket.index as usize + (low >> bucket.shift) as usize;
        let (begin, end) = (self.inner[step] as usize, self.inner[step + 1] as usize);
        let after = begin + self.ranges[begin..end].partition_point(|&range| range <= low << 16 | 0xFFFF);
        let (range, next) = (self.ranges[after - 1], self.ranges[after]);
        if range as u16 == FINER {
            return self.search_finer(address);
        }
        // What lies nearest on each side; beyond the bucket, as far away as can be.
        let below = (range >> 16).checked_sub(1).map_or(u64::MAX, |outside| low ^ outside);
        let above = if next >> 16 == 0 { u64::MAX } else { low ^ next >> 16 };
        (range as u16, below.min(above).leading_zeros() as u8 + 1)
    }

    #[cold]
    fn search_finer(&self, address: u128) -> (u16, u8) {
        let after = self.finer.partition_point(|range| range.first <= address);
        let Finer { first, end, value } = self.finer[after - 1];
        (value, shortest_prefix(address, first, end))
    }

    /// Its ranges, in order: starts, the first at 0, and values. Neighbours differ.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (u128, u16)> {
        let mut coarse = self.coarse().peekable();
        let mut finer = self.finer.iter().map(|range| (range.first, range.value)).peekable();
        // What is cut within a /64 stands in both lists where it begins or ends with one: joining takes it once.
        joined(std::iter::from_fn(move || match (coarse.peek(), finer.peek()) {
            (Some(one), Some(other)) if other < one => finer.next(),
            (None, _) => finer.next(),
            _ => coarse.next(),
        }))
    }

    /// Starts and values of its ranges as far as they go by /64.
    fn coarse(&self) -> impl Iterator<Item = (u128, u16)> {
        let buckets = (0..).zip(self.buckets.iter());
        let ranges = buckets.flat_map(|(bucket, &word): (u128, _)| {
            let (value, behind) = match word & SEVERAL {
                0 => (word as u16, &[][..]),
                _ => self.bucket(word),
            };
            let behind = behind.iter().take_while(|&range| range >> 16 != 0);
            let starts = [u64::from(value)].into_iter().chain(behind.copied());
            starts.map(move |range| (bucket << 112 | u128::from(range >> 16) << 64, range as u16))
        });
        ranges.filter(|&(_, value)| value != FINER)
    }

    /// The value at the first address of a bucket of several, and the ranges behind it (and beyond).
    fn bucket(&self, word: u32) -> (u16, &[u64]) {
        let bucket = self.several[(word & !SEVERAL) as usize];
        let first = self.inner[bucket.index as usize] as usize;
        (self.ranges[first] as u16, &self.ranges[first + 1..])
    }

    /// Octets held.
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.buckets)
            + size_of_val(&*self.several)
            + size_of_val(&*self.inner)
            + size_of_val(&*self.ranges)
            + size_of_val(&*self.finer)
    }
}

/// The ranges as far as /64: a block that is cut has the value [`FINER`]. Prefixes outside of it are as long as before,
/// for what they share with an address inside of it they share with all of it.
fn coarse(ranges: &[(u128, u16)]) -> Vec<(u64, u16)> {
    let mut coarse: Vec<(u64, u16)> = Vec::with_capacity(ranges.len());
    let mut push = |start, value| match coarse.last_mut() {
        Some(&mut (last, _)) if last > start => {}
        Some((last, before)) if *last == start => *before = value,
        Some((_, before)) if *before == value => {}
        _ => coarse.push((start, value)),
    };
    for &(start, value) in ranges {
        let block = (start >> 64) as u64;
        if start as u64 == 0 {
            push(block, value);
        } else {
            push(block, FINER);
            if let Some(next) = block.checked_add(1) {
                push(next, value);
            }
        }
    }
    coarse
}

/// The ranges that share a /64 with others.
fn finer(ranges: &[(u128, u16)]) -> Box<[Finer]> {
    let is_cut = |start: u128| start as u64 != 0;
    let ends = ranges.iter().skip(1).map(|&(start, _)| Some(start)).chain([None]);
    let ranges = ranges.iter().zip(ends).map(|(&(first, value), end)| Finer { first, end, value });
    ranges.filter(|range| is_cut(range.first) || range.end.is_some_and(is_cut)).collect()
}

/// The buckets of several values, in the making.
#[derive(Default)]
struct Several {
    buckets: Vec<Bucket>,
    inner: Vec<u32>,
    ranges: Vec<u64>,
}

impl Several {
    /// Adds a bucket: the value at its first address, and the ranges that start behind that. Returns its word.
    fn add(&mut self, value: u16, inside: &[(u64, u16)]) -> u32 {
        let number = self.buckets.len() as u32;
        let position = self.ranges.len();
        let bits = inner_bits(inside.len() + 1);
        let bucket = Bucket { index: self.inner.len() as u32, shift: START_BITS - bits };
        self.ranges.push(value.into());
        self.ranges.extend(inside.iter().map(|&(start, value)| start << 16 | u64::from(value)));
        let here = &self.ranges[position..];
        self.inner.extend((0..1 << bits).map(|step| {
            let before = here.partition_point(|&range| range >> 16 >> bucket.shift < step);
            (position + before) as u32
        }));
        self.buckets.push(bucket);
        SEVERAL | number
    }

    fn finish(mut self, buckets: Box<[u32; BUCKETS]>, finer: Box<[Finer]>) -> Ipv6Table {
        self.inner.push(self.ranges.len() as u32);
        self.ranges.push(0);
        let (several, inner, ranges) = (self.buckets.into(), self.inner.into(), self.ranges.into());
        Ipv6Table { buckets, several, inner, ranges, finer }
    }
}

/// Bits of the own index of a bucket with that many ranges.
fn inner_bits(ranges: usize) -> u32 {
    (ranges + 1).ilog2().saturating_sub(LEFT_TO_SEARCH_BITS).min(INNER_BITS_MAXIMUM)
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
        assert!(table.ranges().eq(ranges), "the ranges come out as they went in");
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

        #[test]
        fn neighbouring_64s_may_be_cut_or_whole(
            corner in prop::sample::select(vec![0, 0x2a00 << 48, (0x2a01 << 48) - 2, u64::MAX - 3]),
            starts in prop::collection::vec((0_u64..4, prop::sample::select(vec![0, 1, 1 << 63, u64::MAX])), 0..12),
        ) {
            check(starts.iter().map(|&(block, low)| u128::from(corner + block) << 64 | u128::from(low)).collect(), &[]);
        }
    }
}
