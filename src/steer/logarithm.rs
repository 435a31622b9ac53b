//! How far below 2⁶⁴ a number lies, in powers of two, without floating point: the same on every machine and in every
//! version.

/// Bits behind the point.
const POINT: u32 = 32;
/// The table has a step for each value of so many bits behind the leading one.
const STEP_BITS: u32 = 10;
const STEPS: usize = 1 << STEP_BITS;

/// log₂(1 + i / 1024) with 32 bits behind the point, rounded down, for i from 0 to 1024.
static LOGARITHMS: [u64; STEPS + 1] = logarithms();

/// 64 − log₂ `value` with 32 bits behind the point, at least 1; 64 for 0. Between two steps of the table it is a straight
/// line; so it never grows where `value` does.
pub(super) fn below_two_to_64(value: u64) -> u64 {
    let value = value.max(1);
    let leading = value.leading_zeros();
    // The bits behind the leading one: first those of the step, then those of the place within it.
    let behind = (value << leading) << 1;
    let step = (behind >> (u64::BITS - STEP_BITS)) as usize;
    let within = u128::from(behind << STEP_BITS);
    let (start, end) = (LOGARITHMS[step], LOGARITHMS[step + 1]);
    let fraction = start + ((u128::from(end - start) * within) >> u64::BITS) as u64;
    (u64::from(leading + 1) << POINT) - fraction
}

const fn logarithms() -> [u64; STEPS + 1] {
    let mut table = [0; STEPS + 1];
    let mut step = 0;
    while step <= STEPS {
        table[step] = logarithm(step as u64);
        step += 1;
    }
    table
}

/// Digit by digit: squaring a number doubles its logarithm, and where that reaches 2, the digit is 1.
const fn logarithm(step: u64) -> u64 {
    if step == STEPS as u64 {
        return 1 << POINT;
    }
    // A number from 1 to 2 with 63 bits behind the point.
    let mut number = (1 << 63) + (step << (63 - STEP_BITS));
    let (mut digits, mut place) = (0, 0);
    while place < POINT {
        let square = (number as u128 * number as u128) >> 63;
        let digit = square >> 64;
        number = (square >> digit) as u64;
        digits = digits << 1 | digit as u64;
        place += 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By another implementation, to 40 digits.
    #[test]
    fn vectors_of_the_table() {
        for (step, expected) in [
            (0, 0),
            (1, 6_048_148),
            (256, 1_382_670_639),
            (512, 2_512_394_809),
            (768, 3_467_562_986),
            (1023, 4_291_941_006),
            (1024, 1 << 32),
        ] {
            assert_eq!(LOGARITHMS[step], expected, "{step}");
        }
    }

    #[test]
    fn powers_of_two_are_exact_and_the_ends_are_bounded() {
        for exponent in 0..64 {
            assert_eq!(below_two_to_64(1 << exponent), (64 - exponent) << POINT);
        }
        assert_eq!(below_two_to_64(0), 64 << POINT);
        assert_eq!(below_two_to_64(u64::MAX), 1);
    }

    #[test]
    fn it_never_grows_with_the_number() {
        let mut last = below_two_to_64(0);
        for step in (0..1 << 16).map(|step: u64| step << 48 | 0x7777) {
            let next = below_two_to_64(step);
            assert!(next <= last, "{step:x}");
            last = next;
        }
    }
}
