//! The packed table of IPv4: one load for an address whose whole /16 has one value, two or three cache lines more where it
//! has several; 3 octets a range in maps of up to 256 values, 4 in others.
//!
//! A bucket stands for one value of the first 16 bits. Where all of it has one value, its word holds that and the scope,
//! which is at most 16. Otherwise the word tells where its ranges are: a head with their number and the value at the
//! bucket's first address, then each range that starts behind that, as the low half of its start and its value. So the
//! ranges of a bucket are sorted, and searched as they are. Scopes come from the starts on both sides; a range that
//! touches the bucket's edge goes on beyond it, as far as the low bits can tell.

use super::ranges::joined;
use super::space::shortest_prefix;

/// Buckets: one for each value of the first 16 bits.
const BUCKETS: usize = 1 << 16;
/// Set in a bucket's word: it has several values, and the other bits are the position of its head.
const SEVERAL: u32 = 1 << 31;
/// Where the scope stands in the word of a bucket of one value; the value stands below.
const SCOPE_SHIFT: u32 = 16;
/// Most ranges of a table: more than any database has networks, and with a head for each they still have positions.
pub(super) const RANGES_MAXIMUM: usize = (1 << 27) - 1;
/// Most values that an octet can number.
const NUMBERED: usize = 1 << 8;

/// Ranges of IPv4 with a value of 16 bits.
#[derive(Debug)]
pub(super) struct Ipv4Table {
    buckets: Box<[u32; BUCKETS]>,
    several: Several,
}

/// Heads and ranges of the buckets of several values.
#[derive(Debug)]
enum Several {
    /// With the numbers of values.
    Narrow { ranges: Box<[[u8; 3]]>, values: Box<[u16; NUMBERED]> },
    /// With the values themselves.
    Wide(Box<[u32]>),
}

impl Ipv4Table {
    /// Packs ranges, given by their starts in ascending order, the first at 0, neighbours with different values;
    /// at most [`RANGES_MAXIMUM`] of them.
    pub(super) fn new(ranges: &[(u32, u16)]) -> Ipv4Table {
        let (buckets, packed) = pack(ranges);
        Ipv4Table { buckets, several: narrow(&packed).unwrap_or_else(|| Several::Wide(packed.into())) }
    }

    /// The value at an address, and the shortest prefix around it that has this value throughout.
    #[inline]
    pub(super) fn find(&self, address: u32) -> (u16, u8) {
        let word = self.buckets[(address >> 16) as usize];
        if word & SEVERAL == 0 {
            return (word as u16, (word >> SCOPE_SHIFT) as u8);
        }
        self.several.find((word & !SEVERAL) as usize, address as u16)
    }

    /// Its ranges, in order: starts, the first at 0, and values. Neighbours differ.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (u32, u16)> {
        let buckets = (0..).map(|bucket: u32| bucket << 16).zip(self.buckets.iter());
        joined(buckets.flat_map(move |(first, &word)| {
            let head = (word & SEVERAL != 0).then_some((word & !SEVERAL) as usize);
            let (inside, value) = head.map_or((0, word as u16), |head| self.several.at(head));
            let range = move |number| self.several.at(head.unwrap_or_default() + number);
            let behind = (1..=usize::from(inside)).map(range);
            [(0, value)].into_iter().chain(behind).map(move |(low, value)| (first | u32::from(low), value))
        }))
    }

    /// Octets held.
    pub(super) fn size(&self) -> usize {
        let several = match &self.several {
            Several::Narrow { ranges, values } => size_of_val(&**ranges) + size_of_val(&**values),
            Several::Wide(ranges) => size_of_val(&**ranges),
        };
        size_of_val(&*self.buckets) + several
    }
}

impl Several {
    /// The head or range at a position: its number of ranges or the low half of its start, and its value.
    fn at(&self, position: usize) -> (u16, u16) {
        match self {
            Several::Narrow { ranges, values } => {
                let range = ranges[position];
                (range.start(), values[usize::from(range.value())])
            }
            Several::Wide(ranges) => (ranges[position].start(), ranges[position].value()),
        }
    }

    // Not inlined: most addresses lie in buckets of one value.
    /// The value and the prefix of an address, by its low half, in the bucket whose head stands there.
    #[inline(never)]
    fn find(&self, head: usize, low: u16) -> (u16, u8) {
        match self {
            Several::Narrow { ranges, values } => {
                let (number, scope) = search(&ranges[head..], low);
                (values[usize::from(number as u8)], scope)
            }
            Several::Wide(ranges) => search(&ranges[head..], low),
        }
    }
}

/// A head or a range.
trait Packed: Copy {
    /// The low half of a range's start; of a head, how many ranges follow.
    fn start(self) -> u16;
    /// The value, or its number.
    fn value(self) -> u16;
}

impl Packed for u32 {
    #[inline]
    fn start(self) -> u16 {
        (self >> 16) as u16
    }

    #[inline]
    fn value(self) -> u16 {
        self as u16
    }
}

impl Packed for [u8; 3] {
    #[inline]
    fn start(self) -> u16 {
        u16::from_le_bytes([self[0], self[1]])
    }

    #[inline]
    fn value(self) -> u16 {
        self[2].into()
    }
}

/// Looks an address up, by its low half, in the bucket whose head comes first.
#[inline]
fn search(ranges: &[impl Packed], low: u16) -> (u16, u8) {
    let Some((head, ranges)) = ranges.split_first() else { return (0, 0) };
    let inside = &ranges[..head.start().into()];
    let after = inside.partition_point(|range| range.start() <= low);
    // How an address differs from the nearest one outside, on each side; where none is in the bucket, as much as can be.
    let (mut value, mut below) = (head.value(), u16::MAX);
    if let Some(range) = after.checked_sub(1).and_then(|before| inside.get(before)) {
        (value, below) = (range.value(), low ^ (range.start() - 1));
    }
    let above = inside.get(after).map_or(u16::MAX, |range| low ^ range.start());
    (value, 16 + below.min(above).leading_zeros() as u8 + 1)
}

/// The words of the buckets, and the heads and ranges of those of several values.
fn pack(ranges: &[(u32, u16)]) -> (Box<[u32; BUCKETS]>, Vec<u32>) {
    let (mut buckets, mut packed) = (Vec::with_capacity(BUCKETS), Vec::with_capacity(ranges.len()));
    // The number of the range that holds the bucket's first address.
    let mut holder = 0;
    for first in (0..BUCKETS as u32).map(|bucket| bucket << 16) {
        holder += usize::from(ranges.get(holder + 1).is_some_and(|&(start, _)| start == first));
        let (start, value) = ranges[holder];
        let after = &ranges[holder + 1..];
        let inside = &after[..after.partition_point(|&(start, _)| start >> 16 == first >> 16)];
        if inside.is_empty() {
            let scope = shortest_prefix(first, start, after.first().map(|&(start, _)| start));
            buckets.push(u32::from(scope) << SCOPE_SHIFT | u32::from(value));
        } else {
            buckets.push(SEVERAL | packed.len() as u32);
            packed.push((inside.len() as u32) << 16 | u32::from(value));
            packed.extend(inside.iter().map(|&(start, value)| start << 16 | u32::from(value)));
            holder += inside.len();
        }
    }
    (buckets.into_boxed_slice().try_into().expect("there is a word for each bucket"), packed)
}

/// The same with numbers of values; `None` where an octet does not number them.
fn narrow(packed: &[u32]) -> Option<Several> {
    let mut numbers = vec![None; 1 << 16];
    let (mut values, mut count) = (Box::new([0; NUMBERED]), 0);
    let mut ranges = Vec::with_capacity(packed.len());
    for range in packed {
        let number = match numbers[usize::from(range.value())] {
            Some(number) => number,
            None => {
                *values.get_mut(count)? = range.value();
                let number = count as u8;
                count += 1;
                *numbers[usize::from(range.value())].insert(number)
            }
        };
        let [low, high] = range.start().to_le_bytes();
        ranges.push([low, high, number]);
    }
    Some(Several::Narrow { ranges: ranges.into(), values })
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
        check_ranges(&ranges, extra);
    }

    fn check_ranges(ranges: &[(u32, u16)], extra: &[u32]) {
        let table = Ipv4Table::new(ranges);
        let edges =
            ranges.iter().flat_map(|&(start, _)| [start.wrapping_sub(1), start, start.wrapping_add(1)]);
        for address in edges.chain(extra.iter().copied()) {
            assert_eq!(table.find(address), expected(ranges, address), "{address:#x} in {ranges:#x?}");
        }
        assert!(table.ranges().eq(ranges.iter().copied()), "{ranges:#x?}");
    }

    #[test]
    fn up_to_256_values_are_numbered() {
        for (values, narrow) in [(1_u32, true), (256, true), (257, false), (1000, false)] {
            let ranges: Vec<(u32, u16)> =
                (0..2000).map(|number| (number * 0x3000, (number % values) as u16 * 7)).collect();
            let ranges = if values == 1 { vec![ranges[0]] } else { ranges };
            check_ranges(&ranges, &[]);
            let is_narrow = matches!(Ipv4Table::new(&ranges).several, Several::Narrow { .. });
            assert_eq!(is_narrow, narrow, "{values}");
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
