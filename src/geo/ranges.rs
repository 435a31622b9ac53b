//! An address space cut into ranges, each with a number; 0 means that nothing is known.

use super::space::Space;

/// The value of ranges that nothing was said about.
pub(super) const NOTHING: u32 = 0;

/// Ranges that cover a whole address space; neighbours have different values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranges<A> {
    starts: Vec<A>,
    values: Vec<u32>,
}

impl<A: Space> Ranges<A> {
    /// First address, first address after it (`None`: the range reaches the end of the space) and value of the range
    /// that holds an address.
    pub(super) fn find(&self, address: A) -> (A, Option<A>, u32) {
        let after = self.starts.partition_point(|&start| start <= address);
        (self.starts[after - 1], self.starts.get(after).copied(), self.values[after - 1])
    }

    /// Starts and values, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (A, u32)> {
        self.starts.iter().copied().zip(self.values.iter().copied())
    }

    /// The same, owned.
    pub(super) fn into_pairs(self) -> impl Iterator<Item = (A, u32)> {
        self.starts.into_iter().zip(self.values)
    }

    /// The ranges of nested prefixes (address, length, value): each address gets the value of the longest one that
    /// holds it.
    pub(super) fn from_prefixes(mut prefixes: Vec<(A, u8, u32)>) -> Ranges<A> {
        prefixes.sort_unstable_by_key(|&(address, length, _)| (address, length));
        let mut ranges = RangesBuilder::default();
        let mut open: Vec<(A, u32)> = Vec::new();
        for (address, length, value) in prefixes {
            close_before(&mut ranges, &mut open, address);
            open.push((address.last_of(length), value));
        }
        while let Some((last, value)) = open.pop() {
            ranges.fill_through(last, value);
        }
        ranges.finish()
    }
}

/// Ends the prefixes that end before `address` and fills what lies between with the one around it.
fn close_before<A: Space>(ranges: &mut RangesBuilder<A>, open: &mut Vec<(A, u32)>, address: A) {
    while let Some(&(last, value)) = open.last()
        && last < address
    {
        ranges.fill_through(last, value);
        open.pop();
    }
    if let Some(before) = address.previous() {
        ranges.fill_through(before, open.last().map_or(NOTHING, |&(_, value)| value));
    }
}

/// Ranges in the making, filled from the lowest address upwards.
#[derive(Debug)]
pub(super) struct RangesBuilder<A> {
    ranges: Ranges<A>,
    /// The first address that has no value yet; `None` when all have.
    next: Option<A>,
}

impl<A: Space> Default for RangesBuilder<A> {
    fn default() -> Self {
        RangesBuilder { ranges: Ranges { starts: Vec::new(), values: Vec::new() }, next: Some(A::FIRST) }
    }
}

impl<A: Space> RangesBuilder<A> {
    /// Gives `first` to `last` a value; what was passed over has none. Addresses that already have a value keep it.
    pub(super) fn push(&mut self, first: A, last: A, value: u32) {
        if self.next.is_some_and(|next| next < first)
            && let Some(before) = first.previous()
        {
            self.fill_through(before, NOTHING);
        }
        self.fill_through(last, value);
    }

    /// Gives every address up to `last` that has no value yet this one.
    pub(super) fn fill_through(&mut self, last: A, value: u32) {
        let Some(start) = self.next.filter(|&start| start <= last) else { return };
        if self.ranges.values.last() != Some(&value) {
            self.ranges.starts.push(start);
            self.ranges.values.push(value);
        }
        self.next = last.next();
    }

    /// The ranges; what is left has no value.
    pub(super) fn finish(mut self) -> Ranges<A> {
        self.fill_through(A::LAST, NOTHING);
        self.ranges.starts.shrink_to_fit();
        self.ranges.values.shrink_to_fit();
        self.ranges
    }
}

/// Walks several cuts of one space at once: `visit` gets the start of each piece in which no value changes, and the
/// values there, one for each of `layers`.
pub(super) fn sweep<A: Space, E>(
    layers: &[&Ranges<A>],
    mut visit: impl FnMut(A, &[u32]) -> Result<(), E>,
) -> Result<(), E> {
    let mut at = vec![0_usize; layers.len()];
    let mut values: Vec<u32> = layers.iter().map(|layer| layer.values[0]).collect();
    let mut start = A::FIRST;
    loop {
        visit(start, &values)?;
        let upcoming = layers.iter().zip(&at).filter_map(|(layer, &at)| layer.starts.get(at + 1));
        let Some(&next) = upcoming.min() else { return Ok(()) };
        for ((layer, at), value) in layers.iter().zip(&mut at).zip(&mut values) {
            if layer.starts.get(*at + 1) == Some(&next) {
                *at += 1;
                *value = layer.values[*at];
            }
        }
        start = next;
    }
}

/// Ranges by start and value, in order, with neighbours of equal value made one.
pub(super) fn joined<A>(ranges: impl Iterator<Item = (A, u16)>) -> impl Iterator<Item = (A, u16)> {
    let mut last = None;
    ranges.filter(move |&(_, value)| last.replace(value) != Some(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gaps_have_nothing_and_equal_neighbours_are_one() {
        let mut builder = RangesBuilder::<u32>::default();
        builder.push(10, 19, 1);
        builder.push(20, 29, 1);
        builder.push(40, u32::MAX, 2);
        let ranges = builder.finish();
        assert_eq!(ranges.starts, [0, 10, 30, 40]);
        assert_eq!(ranges.values, [0, 1, 0, 2]);
        assert_eq!(ranges.find(25), (10, Some(30), 1));
        assert_eq!(ranges.find(u32::MAX), (40, None, 2));
    }

    #[test]
    fn nothing_pushed_is_one_range_of_nothing() {
        assert_eq!(RangesBuilder::<u128>::default().finish().find(5), (0, None, NOTHING));
    }

    proptest! {
        #[test]
        fn of_nested_prefixes_the_longest_wins(
            prefixes in prop::collection::vec((any::<u32>(), 0_u8..=32), 0..30), extra in any::<u32>(),
        ) {
            let mut seen = std::collections::HashSet::new();
            let prefixes: Vec<(u32, u8, u32)> = prefixes.iter().map(|&(bits, length)| (bits.first_of(length), length))
                .filter(|prefix| seen.insert(*prefix)).zip(1..).map(|((bits, length), value)| (bits, length, value))
                .collect();
            let ranges = Ranges::from_prefixes(prefixes.clone());
            let edges = prefixes.iter().flat_map(|&(first, length, _)| [
                first, first.last_of(length), first.wrapping_sub(1), first.last_of(length).wrapping_add(1),
            ]);
            for address in edges.chain([extra]) {
                let longest = prefixes.iter().filter(|&&(first, length, _)| address.first_of(length) == first)
                    .max_by_key(|&&(_, length, _)| length).map_or(NOTHING, |&(_, _, value)| value);
                prop_assert_eq!(ranges.find(address).2, longest);
            }
        }

        #[test]
        fn a_sweep_sees_every_change_of_every_layer(
            cuts in prop::collection::vec(prop::collection::vec((0_u32..200, 0_u32..3), 0..8), 1..4),
        ) {
            let layers: Vec<Ranges<u32>> = cuts.iter().map(|cuts| {
                let mut builder = RangesBuilder::default();
                let mut sorted = cuts.clone();
                sorted.sort_unstable();
                for &(last, value) in &sorted { builder.fill_through(last, value); }
                builder.finish()
            }).collect();
            let mut pieces: Vec<(u32, Vec<u32>)> = Vec::new();
            sweep(&layers.iter().collect::<Vec<_>>(), |start, values| -> Result<(), ()> {
                pieces.push((start, values.to_vec()));
                Ok(())
            }).unwrap();
            for address in 0..210_u32 {
                let piece = &pieces[pieces.partition_point(|piece| piece.0 <= address) - 1];
                let expected: Vec<u32> = layers.iter().map(|layer| layer.find(address).2).collect();
                prop_assert_eq!(&piece.1, &expected);
            }
        }
    }
}
