//! The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words.

/// A sum that is not yet folded to 16 bits. Words are added in the machine's order: the sum is the same up to the order
/// of its two octets (RFC 1071 §2 (B)), which is mended once, at the end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// Adds octets that begin at an even offset of what is summed; an odd last one counts as if a zero followed.
    pub(super) fn add(self, octets: &[u8]) -> Sum {
        let mut words = octets.chunks_exact(4);
        // A packet has at most 2¹⁴ such words: nothing overflows, and saying so lets the compiler add several at once.
        let sum = words.by_ref().fold(self.0, |sum, word| {
            sum.wrapping_add(u64::from(u32::from_ne_bytes([word[0], word[1], word[2], word[3]])))
        });
        let mut last = [0; 4];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        Sum(sum.wrapping_add(u64::from(u32::from_ne_bytes(last))))
    }

    /// Adds a number as the header has it.
    pub(super) fn add_number(self, number: u16) -> Sum {
        Sum(self.0.wrapping_add(u64::from(u16::from_ne_bytes(number.to_be_bytes()))))
    }

    /// The sum in 16 bits; 0xFFFF where the checksum is right that was added with the rest.
    pub(super) fn folded(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xFFFF {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        u16::from_be_bytes((sum as u16).to_ne_bytes())
    }

    /// What stands in a header's field.
    pub(super) fn checksum(self) -> u16 {
        !self.folded()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 1071 §1 to the letter.
    fn naive(octets: &[u8]) -> u16 {
        let mut sum = 0_u32;
        for pair in octets.chunks(2) {
            sum += u32::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u32::from);
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        !(sum as u16)
    }

    #[test]
    fn the_example_of_rfc_1071() {
        let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::default().add(&octets).folded(), 0xddf2);
    }

    proptest! {
        #[test]
        fn a_sum_is_that_of_the_definition(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(Sum::default().add(&octets).checksum(), naive(&octets));
        }

        #[test]
        fn a_sum_of_parts_is_that_of_the_whole(
            octets in prop::collection::vec(any::<u8>(), 0..200),
            at in 0_usize..100,
            number in any::<u16>(),
        ) {
            let (first, second) = octets.split_at((at * 2).min(octets.len() & !1));
            let parts = Sum::default().add(first).add_number(number).add(second);
            let whole = [first, &number.to_be_bytes(), second].concat();
            prop_assert_eq!(parts.checksum(), naive(&whole));
        }

        #[test]
        fn a_right_checksum_makes_the_sum_all_ones(octets in prop::collection::vec(any::<u8>(), 1..200)) {
            let checksum = Sum::default().add(&octets).checksum();
            prop_assert_eq!(Sum::default().add(&octets).add_number(checksum).folded(), 0xFFFF);
        }
    }
}
