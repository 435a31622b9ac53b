//! Exact probabilities.

use std::fmt;

/// An exact probability: numerator and denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction(pub u128, pub u128);

/// In percent, rounded to two digits after the point.
impl fmt::Display for Fraction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of large numbers the first 100 bits are enough for two digits.
        let excess = 28u32.saturating_sub(self.1.leading_zeros());
        let (numerator, denominator) = (self.0 >> excess, (self.1 >> excess).max(1));
        let hundredths = (numerator * 20_000 + denominator) / (2 * denominator);
        formatter.pad(&format!("{}.{:02} %", hundredths / 100, hundredths % 100))
    }
}
