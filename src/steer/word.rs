//! One random word, spent digit by digit.
//!
//! A draw from a domain of d = n₁·n₂·… outcomes takes its digits from the most significant on, each by one widening
//! multiplication (Lemire 2019, "Fast random integer generation in an interval"): the high half is the digit, the low
//! half is the word that is left. With ⌊word·d / 2⁶⁴⌋ for the outcome as a whole this is the same number, without a
//! division, since ⌊(word·n₁ mod 2⁶⁴)·n₂ / 2⁶⁴⌋ = ⌊word·n₁·n₂ / 2⁶⁴⌋ − n₂·⌊word·n₁ / 2⁶⁴⌋; and what is left at the end
//! is word·d mod 2⁶⁴.

/// Words tried before one is taken in spite of its tiny bias. Each is refused with less than 1/2.
const WORDS_MAX: u32 = 64;

/// Takes a digit below `size` off a word: the digit, and the word that is left.
#[inline]
pub(super) fn digit(word: u64, size: u64) -> (u64, u64) {
    let product = u128::from(word) * u128::from(size);
    ((product >> 64) as u64, product as u64)
}

/// The least word whose digits are those of the outcome `value` of a domain.
pub(super) fn word_of(value: u64, domain: u64) -> u64 {
    debug_assert!(value < domain);
    (u128::from(value) << 64).div_ceil(u128::from(domain)) as u64
}

/// How many remainders of a domain make a word unfair: 2⁶⁴ mod domain.
pub(super) fn unfair_below(domain: u64) -> u64 {
    domain.wrapping_neg() % domain
}

/// Spends words until one is fair: `spend` gives an outcome and what is left of the word. All outcomes of the domain
/// are equally likely then. The words after the first follow from it (splitmix64).
#[inline]
pub(super) fn fair<T>(word: u64, unfair_below: u64, spend: impl Fn(u64) -> (T, u64)) -> T {
    let (outcome, left) = spend(word);
    if left >= unfair_below {
        return outcome;
    }
    // A word comes back from where few go, not an outcome: so the outcome of all others need not stand in memory.
    spend(fair_word_after(word, unfair_below, |word| spend(word).1)).0
}

/// The first fair word behind one that is not; `left` says what is left of each.
#[cold]
#[inline(never)]
fn fair_word_after(mut word: u64, unfair_below: u64, left: impl Fn(u64) -> u64) -> u64 {
    for _ in 2..WORDS_MAX {
        word = splitmix64(word);
        if left(word) >= unfair_below {
            return word;
        }
    }
    splitmix64(word)
}

/// Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".
pub(super) fn splitmix64(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// A fraction in lowest terms; the denominator is not 0.
pub(super) fn lowest_terms(numerator: u64, denominator: u64) -> (u64, u64) {
    let common = gcd(numerator, denominator);
    (numerator / common, denominator / common)
}

/// Greatest common divisor; gcd(0, n) = n.
pub(super) fn gcd(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_whole_outcome(
            word: u64, sizes in prop::array::uniform3(1u64..1 << 21),
        ) {
            let domain = sizes.iter().product();
            let (whole, left_of_whole) = digit(word, domain);
            let (mut value, mut left) = (0, word);
            for size in sizes {
                let (next, rest) = digit(left, size);
                (value, left) = (value * size + next, rest);
            }
            prop_assert_eq!((value, left), (whole, left_of_whole));
        }

        #[test]
        fn word_of_is_the_inverse(domain in 1u64.., fraction: u64) {
            let value = digit(fraction, domain).0;
            let word = word_of(value, domain);
            prop_assert_eq!(digit(word, domain).0, value);
            prop_assert!(word == 0 || digit(word - 1, domain).0 + 1 == value);
        }

        /// The words from the first fair one of an outcome to its last are ⌊2⁶⁴ / domain⌋, for each outcome.
        #[test]
        fn fair_words_are_equally_many_for_each_outcome(domain in 2u64.., fraction: u64) {
            let fair_words = |value: u64| {
                let end = if value + 1 < domain { word_of(value + 1, domain).into() } else { 1u128 << 64 };
                let first = word_of(value, domain);
                let unfair = u128::from(digit(first, domain).1 < unfair_below(domain));
                end - u128::from(first) - unfair
            };
            prop_assert_eq!(fair_words(digit(fraction, domain).0), (1u128 << 64) / u128::from(domain));
        }
    }

    #[test]
    fn an_unfair_word_is_replaced_and_the_search_ends() {
        let third = |word| digit(word, 3);
        assert_eq!(unfair_below(3), 1);
        assert_eq!(fair(0, 1, third), digit(splitmix64(0), 3).0);
        assert_eq!(fair(1, 1, third), 0);
        assert_eq!(fair(9, 4, |word| (word, 4)), 9);
        assert_eq!(fair(7, u64::MAX, |word| (word, 0)), (1..WORDS_MAX).fold(7, |word, _| splitmix64(word)));
    }
}
