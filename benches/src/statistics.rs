//! Medians of few rounds, and how sure they are.

/// How sure an interval shall be.
const CONFIDENCE: f64 = 0.95;

/// The median of some rounds, with an interval that holds the true one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Median {
    /// The median of the rounds.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Median {
    /// The median of these values, and the narrowest pair of order statistics, as far from one end as from the other,
    /// that holds the true median with at least 95 % whatever the values are distributed like. Fewer than six values
    /// cannot be that sure: then it is the lowest and the highest (94 % of five). `None` without values.
    pub fn of(values: &[f64]) -> Option<Median> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let last = count.checked_sub(1)?;
        let cut = cut_off(count);
        let value = (sorted[last / 2] + sorted[count / 2]) / 2.0;
        Some(Median { value, low: sorted[cut], high: sorted[last - cut] })
    }
}

/// How many of the sorted values can be left out at either end. Each value lies below the true median with probability
/// one half, so the number of those that do is binomial.
fn cut_off(count: usize) -> usize {
    let allowed = (1.0 - CONFIDENCE) / 2.0;
    let mut probability = 0.5_f64.powi(count as i32);
    let mut tail = probability;
    let mut cut = 0;
    while tail <= allowed {
        cut += 1;
        probability *= (count + 1 - cut) as f64 / cut as f64;
        tail += probability;
    }
    // The tail with `cut` values left out is the one that was too much.
    cut.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_has_the_ranks_of_the_tables() {
        // Conover, Practical Nonparametric Statistics, sign-test intervals: lowest rank (from 1) for 95 %.
        for (count, rank) in
            [(1, 1), (5, 1), (6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (15, 4), (20, 6), (25, 8)]
        {
            assert_eq!(cut_off(count) + 1, rank, "{count}");
        }
    }

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middle_ones() {
        assert_eq!(Median::of(&[]), None);
        assert_eq!(Median::of(&[3.0, 1.0, 2.0]), Some(Median { value: 2.0, low: 1.0, high: 3.0 }));
        assert_eq!(Median::of(&[4.0, 1.0, 2.0, 3.0]).unwrap().value, 2.5);
        let eleven: Vec<f64> = (1..=11).map(f64::from).collect();
        assert_eq!(Median::of(&eleven), Some(Median { value: 6.0, low: 2.0, high: 10.0 }));
    }
}
