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

    pub fn times(self, other: Ratio) -> Ratio {
        Ratio::new(self.numerator * other.numerator, self.denominator * other.denominator)
    }
}

/// The greatest common divisor.
pub fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { divisor(other, one % other) }
}

/// π_i = min(1, k·w_i/W), what capped members leave over going to the others in proportion.
pub fn inclusion(weights: &[u64], answers: usize) -> Vec<Ratio> {
    let mut capped = vec![false; weights.len()];
    loop {
        let rest: u64 = (0..weights.len()).filter(|&index| !capped[index]).map(|index| weights[index]).sum();
        let places =
            answers.min(weights.len()) as u64 - capped.iter().filter(|&&capped| capped).count() as u64;
        let beyond = (0..weights.len()).find(|&index| !capped[index] && places * weights[index] > rest);
        match beyond {
            Some(index) => capped[index] = true,
            None => {
                let share = |index: usize| Ratio::new(places * weights[index], rest.max(1));
                return (0..weights.len())
                    .map(|index| if capped[index] { Ratio::ONE } else { share(index) })
                    .collect();
            }
        }
    }
}
