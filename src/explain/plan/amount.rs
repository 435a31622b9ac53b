//! Amounts of clients that are summed and compared exactly: whole numbers below 2²⁵⁶, and shares of two of them.
//!
//! What they count is up to who weighs (`weighing`): addresses, or queries in parts of 2⁻¹²⁸. Both are multiplied by
//! [`SLOTS`], because where a client's slot decides only some slots of a network may move. The bounds of a file of
//! weights leave 40 bits to spare for the products with which shares are compared.

use std::fmt;

use crate::snapshot::Limit;

/// Parts of a network that can move by themselves: the slots of `pick = "hash"` and of `trickle` (semantics §3).
pub const SLOTS: u16 = 4096;

/// A whole number below 2²⁵⁶.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount {
    high: u128,
    low: u128,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount { high: 0, low: 0 };

    /// This number.
    pub const fn of(number: u128) -> Amount {
        Amount { high: 0, low: number }
    }

    /// 2 to the power of `bits`, below 256.
    pub(super) fn power_of_two(bits: u8) -> Amount {
        match bits {
            0..128 => Amount::of(1 << bits),
            _ => Amount { high: 1 << (bits - 128), low: 0 },
        }
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self == Amount::ZERO
    }

    /// The sum; stays at the largest number where that would not hold it.
    #[must_use]
    pub fn plus(self, other: Amount) -> Amount {
        let (low, carry) = self.low.overflowing_add(other.low);
        match self.high.checked_add(other.high).and_then(|high| high.checked_add(carry.into())) {
            Some(high) => Amount { high, low },
            None => Amount { high: u128::MAX, low: u128::MAX },
        }
    }

    /// The difference; nothing where the other is larger.
    #[must_use]
    pub fn minus(self, other: Amount) -> Amount {
        if other > self {
            return Amount::ZERO;
        }
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Amount { high: self.high - other.high - u128::from(borrow), low }
    }

    /// The product; stays at the largest number where that would not hold it.
    #[must_use]
    pub fn times(self, factor: u128) -> Amount {
        let low = product(self.low, factor);
        match self.high.checked_mul(factor).and_then(|high| high.checked_add(low.high)) {
            Some(high) => Amount { high, low: low.low },
            None => Amount { high: u128::MAX, low: u128::MAX },
        }
    }

    /// How many of the lowest bits are 0; of nothing all.
    fn trailing_zeros(self) -> u32 {
        if self.low == 0 { 128 + self.high.trailing_zeros() } else { self.low.trailing_zeros() }
    }

    /// How often `other`, which is not nothing, goes into it; at most `most`.
    pub fn divided_by(self, other: Amount, most: u128) -> u128 {
        let (mut fits, mut above) = (0, most + 1);
        while above - fits > 1 {
            let middle = fits + (above - fits) / 2;
            if other.times(middle) <= self { fits = middle } else { above = middle }
        }
        fits
    }

    /// The number without its lowest bits.
    #[must_use]
    pub fn shifted_right(self, bits: u32) -> Amount {
        match bits {
            0 => self,
            1..128 => Amount { high: self.high >> bits, low: self.low >> bits | self.high << (128 - bits) },
            _ => Amount { high: 0, low: self.high.checked_shr(bits - 128).unwrap_or(0) },
        }
    }

    /// Quotient and remainder by a small number.
    fn divided_small(self, divisor: u64) -> (Amount, u64) {
        let mut rest: u128 = 0;
        let mut digit = |word: u128, shift: u32| {
            let value = rest << 64 | word >> shift & u128::from(u64::MAX);
            rest = value % u128::from(divisor);
            value / u128::from(divisor)
        };
        let words = [(self.high, 64), (self.high, 0), (self.low, 64), (self.low, 0)];
        let [a, b, c, d] = words.map(|(word, shift)| digit(word, shift));
        (Amount { high: a << 64 | b, low: c << 64 | d }, rest as u64)
    }
}

/// In decimal digits.
impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// As many digits as one division gives.
        const DIGITS: (u64, usize) = (1_000_000_000_000_000_000, 18);
        let (mut rest, mut text) = (*self, String::new());
        while rest.high > 0 {
            let (quotient, digits) = rest.divided_small(DIGITS.0);
            text = format!("{digits:0width$}{text}", width = DIGITS.1);
            rest = quotient;
        }
        formatter.pad(&format!("{}{text}", rest.low))
    }
}

/// The whole product of two words.
fn product(one: u128, other: u128) -> Amount {
    let halves = |word: u128| (word >> 64, word & u128::from(u64::MAX));
    let ((a, b), (c, d)) = (halves(one), halves(other));
    let middle = [a * d, b * c].map(|word| Amount { high: word >> 64, low: word << 64 });
    Amount { high: a * c, low: b * d }.plus(middle[0]).plus(middle[1])
}

/// A part of a whole, exactly. Of an empty whole every part is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// The part.
    pub part: Amount,
    /// The whole.
    pub whole: Amount,
}

impl Share {
    /// Whether it is more than this fraction.
    pub fn exceeds(self, limit: Limit) -> bool {
        self.part.times(limit.denominator.into()) > self.whole.times(limit.numerator.into())
    }

    /// Both numbers without the powers of two that they have in common.
    pub fn shortened(self) -> Share {
        let common = self.part.trailing_zeros().min(self.whole.trailing_zeros());
        Share { part: self.part.shifted_right(common), whole: self.whole.shifted_right(common) }
    }

    /// Whether it is more than another share.
    pub fn is_above(self, other: Share) -> bool {
        // Both wholes are below 2²¹⁴, so a product of both would not fit; what is compared is a part in 2⁴⁰.
        self.parts_of(1 << 40) > other.parts_of(1 << 40)
    }

    /// The share in parts of `scale`, which is at most 2⁴⁰, rounded down.
    pub fn parts_of(self, scale: u128) -> u128 {
        if self.whole.is_zero() { 0 } else { self.part.times(scale).divided_by(self.whole, scale) }
    }
}

/// In percent, rounded to two digits after the point; what would be rounded to nothing or to everything is said so.
impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.parts_of(20_000) + 1) / 2;
        formatter.pad(&match hundredths {
            _ if self.part.is_zero() || self.whole.is_zero() => "0 %".to_owned(),
            _ if self.part == self.whole => "100 %".to_owned(),
            0 => "< 0.01 %".to_owned(),
            10_000.. => "> 99.99 %".to_owned(),
            _ => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(part: u128, whole: u128) -> Share {
        Share { part: Amount::of(part), whole: Amount::of(whole) }
    }

    #[test]
    fn a_share_is_shown_in_percent_and_never_rounded_to_nothing_or_to_everything() {
        for (part, whole, expected) in [
            (0, 7, "0 %"),
            (0, 0, "0 %"),
            (7, 7, "100 %"),
            (1, 3, "33.33 %"),
            (2, 3, "66.67 %"),
            (1, u128::MAX, "< 0.01 %"),
            (u128::MAX - 1, u128::MAX, "> 99.99 %"),
            (1, 20_000, "0.01 %"),
            (1, 200, "0.50 %"),
        ] {
            assert_eq!(share(part, whole).to_string(), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn a_limit_is_compared_exactly() {
        let limit = Limit { numerator: 2, denominator: 100 };
        assert!(!share(2, 100).exceeds(limit));
        assert!(share(20_000_000_001, 1_000_000_000_000).exceeds(limit));
        assert!(share(1, u128::MAX).exceeds(Limit { numerator: 0, denominator: 1 }));
        assert!(!share(0, 0).exceeds(Limit { numerator: 0, denominator: 1 }));
    }

    #[test]
    fn sums_and_products_stay_at_the_largest_number() {
        let most = Amount { high: u128::MAX, low: u128::MAX };
        assert_eq!(most.plus(Amount::of(1)), most);
        assert_eq!(most.times(2), most);
        assert_eq!(Amount::of(1).minus(Amount::of(2)), Amount::ZERO);
    }

    proptest! {
        #[test]
        fn products_and_quotients_belong_together(one: u128, other in 1..u128::MAX, rest: u64) {
            let whole = Amount::of(one).times(other);
            let rest = Amount::of(u128::from(rest) % other);
            prop_assert_eq!(whole.plus(rest).minus(rest), whole);
            prop_assert_eq!(whole.plus(rest).divided_by(Amount::of(other), u128::MAX - 1), one.min(u128::MAX - 1));
        }

        #[test]
        fn small_numbers_behave_as_numbers(one: u64, other: u64, bits in 0_u32..256) {
            let product = u128::from(one) * u128::from(other);
            prop_assert_eq!(Amount::of(one.into()).times(other.into()), Amount::of(product));
            prop_assert_eq!(Amount::of(product).to_string(), product.to_string());
            prop_assert_eq!(Amount { high: product, low: 0 }.shifted_right(128), Amount::of(product));
            let wide = Amount { high: one.into(), low: other.into() };
            let bits = bits % 127;
            let back = wide.shifted_right(bits).times(1 << bits);
            prop_assert!(back <= wide && wide.minus(back) < Amount::of(1 << bits));
        }

        #[test]
        fn large_numbers_are_written_digit_by_digit(digits in "[1-9][0-9]{0,70}") {
            let sum = digits.bytes().fold(Amount::ZERO, |sum, digit| {
                sum.times(10).plus(Amount::of(u128::from(digit - b'0')))
            });
            prop_assert_eq!(sum.to_string(), digits);
        }
    }
}
