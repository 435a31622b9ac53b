//! The records of a file, numbered densely in the order of their offsets, so that what was read of each can stand in a
//! plain list.
//!
//! Many networks share a record. A table by hash would find what was read, but the offsets are the file's choice, and a
//! hash that no file can be written against is slow. Here a look-up costs the same whatever the file says: a bit for each
//! octet of the data tells where a record begins, and its number is how many bits are set before it.

/// Bits of a word.
const WORD: usize = u64::BITS as usize;

/// Records in the making: where they begin.
pub(super) struct RecordNumbersBuilder {
    begins: Vec<u64>,
}

impl RecordNumbersBuilder {
    /// For data of that many octets.
    pub(super) fn new(octets: usize) -> RecordNumbersBuilder {
        RecordNumbersBuilder { begins: vec![0; octets.div_ceil(WORD)] }
    }

    /// Notes that a record begins there; one behind the data gets no number.
    pub(super) fn note(&mut self, offset: usize) {
        if let Some(word) = self.begins.get_mut(offset / WORD) {
            *word |= 1 << (offset % WORD);
        }
    }

    /// Numbers them.
    pub(super) fn finish(self) -> RecordNumbers {
        let mut count = 0;
        let count_on = |word: &u64| {
            let before = count;
            count += word.count_ones();
            before
        };
        let before = self.begins.iter().map(count_on).collect();
        RecordNumbers { begins: self.begins, before, count: count as usize }
    }
}

/// The numbers of records by their offsets.
pub(super) struct RecordNumbers {
    begins: Vec<u64>,
    /// How many records begin before each word: at most as many as a file has octets.
    before: Vec<u32>,
    count: usize,
}

impl RecordNumbers {
    /// How many records there are; the numbers are below.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The number of the record that begins there; `None` where none was noted.
    pub(super) fn number(&self, offset: usize) -> Option<usize> {
        let word = *self.begins.get(offset / WORD)?;
        let bit = 1 << (offset % WORD);
        let earlier = (word & (bit - 1)).count_ones();
        (word & bit != 0).then(|| (self.before[offset / WORD] + earlier) as usize)
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
