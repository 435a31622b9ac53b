//! The records of a file, numbered densely in the order of their offsets, so that what was read of each can stand in a
//! plain list.
//!
//! Many networks share a record. A table by hash would find what was read, but the offsets are the file's choice, and a
//! hash that no file can be written against is slow. Here a look-up costs the same whatever the file says: a bit for each
//! octet of the data tells where a record begins, and its number is how many bits are set before it.

/// Octets of data that are looked at together.
const STRETCH: usize = u32::BITS as usize;

/// Some octets of data: which of them begin a record, and how many records begin before. They stand side by side so that
/// a look-up fetches both at once.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    begins: u32,
    before: u32,
}

/// Records in the making: where they begin.
pub(super) struct RecordNumbersBuilder {
    stretches: Vec<Stretch>,
}

impl RecordNumbersBuilder {
    /// For data of that many octets.
    pub(super) fn new(octets: usize) -> RecordNumbersBuilder {
        RecordNumbersBuilder { stretches: vec![Stretch::default(); octets.div_ceil(STRETCH)] }
    }

    /// Notes that a record begins there; one behind the data gets no number.
    pub(super) fn note(&mut self, offset: usize) {
        if let Some(stretch) = self.stretches.get_mut(offset / STRETCH) {
            stretch.begins |= 1 << (offset % STRETCH);
        }
    }

    /// Numbers them.
    pub(super) fn finish(mut self) -> RecordNumbers {
        let mut count = 0;
        for stretch in &mut self.stretches {
            stretch.before = count;
            // No more than octets of a file.
            count += stretch.begins.count_ones();
        }
        RecordNumbers { stretches: self.stretches, count: count as usize }
    }
}

/// The numbers of records by their offsets.
pub(super) struct RecordNumbers {
    stretches: Vec<Stretch>,
    count: usize,
}

impl RecordNumbers {
    /// How many records there are; the numbers are below.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The number of the record that begins there; `None` where none was noted.
    #[inline]
    pub(super) fn number(&self, offset: usize) -> Option<usize> {
        let Stretch { begins, before } = *self.stretches.get(offset / STRETCH)?;
        let bit = 1 << (offset % STRETCH);
        (begins & bit != 0).then(|| (before + (begins & (bit - 1)).count_ones()) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_numbered_in_the_order_of_their_offsets() {
        let mut builder = RecordNumbersBuilder::new(200);
        let offsets = [0, 1, 63, 64, 130, 199];
        offsets.iter().rev().chain([&64, &1000]).for_each(|&offset| builder.note(offset));
        let numbers = builder.finish();
        assert_eq!(numbers.count(), offsets.len());
        for offset in 0..1100 {
            let expected = offsets.iter().position(|&noted| noted == offset);
            assert_eq!(numbers.number(offset), expected, "{offset}");
        }
    }

    #[test]
    fn data_of_no_octets_has_no_records() {
        let mut builder = RecordNumbersBuilder::new(0);
        builder.note(0);
        assert_eq!((builder.finish().count(), RecordNumbersBuilder::new(0).finish().number(0)), (0, None));
    }
}
