//! Exact fractions, for what the tests reckon themselves.

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    pub numerator: u64,
    pub denominator: u64,
}

impl Ratio {
    pub const ZERO: Ratio = Ratio { numerator: 0, denominator: 1 };
    pub const ONE: Ratio = Ratio { numerator: 1, denominator: 1 };

    /// `denominator` is not 0.
    pub fn new(numerator: u64, denominator: u64) -> Ratio {
        let divisor = divisor(numerator, denominator);
        Ratio { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    pub fn plus(self, other: Ratio) -> Ratio {
        let numerator = self.numerator * other.denominator + other.numerator * self.denominator;
        Ratio::new(numerator, self.denominator * other.denominator)
    }
}

/// The greatest common divisor.
pub fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { divisor(other, one % other) }
}
