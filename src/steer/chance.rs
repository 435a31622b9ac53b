//! Exact probabilities that are products of fractions.

/// A probability: the product of fractions (numerator, denominator), each in lowest terms and above 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chance {
    factors: Vec<(u64, u64)>,
}

impl Chance {
    /// 1.
    pub fn certain() -> Chance {
        Chance { factors: Vec::new() }
    }

    /// That this happens and, with a probability of its own, something else too.
    #[must_use]
    pub fn and(&self, (numerator, denominator): (u64, u64)) -> Chance {
        let mut factors = self.factors.clone();
        if numerator != denominator {
            factors.push((numerator, denominator));
        }
        Chance { factors }
    }

    /// Its factors; none for 1.
    pub fn factors(&self) -> &[(u64, u64)] {
        &self.factors
    }

    /// As one fraction in lowest terms; `None` where that does not fit.
    pub fn fraction(&self) -> Option<(u128, u128)> {
        self.factors.iter().try_fold((1u128, 1u128), |(numerator, denominator), &(by, out_of)| {
            // Taking out what numerators and denominators share keeps the product in lowest terms.
            let (across, back) = (gcd(numerator, out_of.into()), gcd(by.into(), denominator));
            let numerator = (numerator / across).checked_mul(u128::from(by) / back)?;
            let denominator = (denominator / back).checked_mul(u128::from(out_of) / across)?;
            Some((numerator, denominator))
        })
    }

    /// The same, rounded where it does not fit: for percentages.
    pub fn rounded(&self) -> (u128, u128) {
        self.fraction().unwrap_or_else(|| {
            self.factors.iter().fold((1u128, 1u128), |(numerator, denominator), &(by, out_of)| {
                // What both can spare for a factor of 64 bits.
                let excess = (u64::BITS).saturating_sub(denominator.leading_zeros());
                ((numerator >> excess) * u128::from(by), (denominator >> excess) * u128::from(out_of))
            })
        })
    }
}

fn gcd(mut one: u128, mut other: u128) -> u128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(factors: &[(u64, u64)]) -> Chance {
        factors.iter().fold(Chance::certain(), |chance, &factor| chance.and(factor))
    }

    #[test]
    fn products_are_in_lowest_terms() {
        assert_eq!(chance(&[]).fraction(), Some((1, 1)));
        assert_eq!(chance(&[(3, 4), (2, 3)]).fraction(), Some((1, 2)));
        assert_eq!(chance(&[(1, 2), (1, 1), (5, 7)]).fraction(), Some((5, 14)));
    }

    #[test]
    fn what_does_not_fit_stays_a_product() {
        let large = (1, u64::MAX);
        assert_eq!(chance(&[large, large]).fraction(), Some((1, u128::from(u64::MAX).pow(2))));
        let product = chance(&[large, large, large]);
        assert_eq!((product.fraction(), product.factors().len()), (None, 3));
        let half = chance(&[(u64::MAX / 2, u64::MAX), (u64::MAX - 2, u64::MAX), (u64::MAX - 4, u64::MAX)]);
        let (numerator, denominator) = half.rounded();
        assert_eq!((half.fraction(), numerator / (denominator / 1000)), (None, 499));
    }
}
