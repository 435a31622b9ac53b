//! The two address spaces as plain numbers, so that ranges and sweeps are written once.

use std::fmt::Debug;

/// The addresses of one family: `u32` for IPv4, `u128` for IPv6.
pub(super) trait Space: Copy + Ord + Debug {
    /// The lowest address.
    const FIRST: Self;
    /// The highest address.
    const LAST: Self;
    /// Bits of an address.
    const BITS: u8;

    /// The address after this one.
    fn next(self) -> Option<Self>;
    /// The address before this one.
    fn previous(self) -> Option<Self>;
    /// The same address with one bit set; the highest one is bit 0.
    fn with_bit(self, bit: u8) -> Self;
    /// How many leading bits two addresses share.
    fn shared_bits(self, other: Self) -> u8;
    /// The first address of the prefix of that length around this address.
    fn first_of(self, length: u8) -> Self;
    /// The last address of the prefix of that length around this address.
    fn last_of(self, length: u8) -> Self;
}

macro_rules! space {
    ($number:ty) => {
        impl Space for $number {
            const FIRST: Self = <$number>::MIN;
            const LAST: Self = <$number>::MAX;
            const BITS: u8 = <$number>::BITS as u8;

            #[inline]
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            #[inline]
            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }

            #[inline]
            fn with_bit(self, bit: u8) -> Self {
                self | 1 << (<$number>::BITS - 1 - u32::from(bit))
            }

            #[inline]
            fn shared_bits(self, other: Self) -> u8 {
                (self ^ other).leading_zeros() as u8
            }

            #[inline]
            fn first_of(self, length: u8) -> Self {
                self & !<$number>::MAX.checked_shr(length.into()).unwrap_or(0)
            }

            #[inline]
            fn last_of(self, length: u8) -> Self {
                self | <$number>::MAX.checked_shr(length.into()).unwrap_or(0)
            }
        }
    };
}

space!(u32);
space!(u64);
space!(u128);

/// Length of the shortest prefix around `address` that stays inside a range, which begins at `first` and ends before
/// `end` (`None`: at the last address). A prefix leaves the range on one side exactly when it holds the nearest
/// address beyond that side.
#[inline]
pub(super) fn shortest_prefix<A: Space>(address: A, first: A, end: Option<A>) -> u8 {
    let below = first.previous().map_or(0, |outside| address.shared_bits(outside) + 1);
    let above = end.map_or(0, |outside| address.shared_bits(outside) + 1);
    below.max(above)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_shortest_prefix_stays_inside_and_one_bit_less_does_not(
            mut corners in prop::array::uniform3(any::<u32>()), shift in 0_u32..32,
        ) {
            corners = corners.map(|corner| corner >> shift);
            corners.sort_unstable();
            let [first, address, last] = corners;
            let length = shortest_prefix(address, first, last.next());
            prop_assert!(first <= address.first_of(length) && address.last_of(length) <= last);
            if length > 0 {
                prop_assert!(address.first_of(length - 1) < first || address.last_of(length - 1) > last);
            }
        }
    }

    #[test]
    fn prefixes_of_no_bits_and_of_all_bits() {
        assert_eq!((7_u32.first_of(0), 7_u32.last_of(0)), (0, u32::MAX));
        assert_eq!((7_u128.first_of(128), 7_u128.last_of(128)), (7, 7));
        assert_eq!(shortest_prefix(7_u128, u128::FIRST, None), 0);
    }
}
