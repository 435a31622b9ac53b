//! Draws one of n things with given integer weights in constant time (Walker 1977; built as by Vose 1991).

use super::word::digit;

/// Columns of equal height, each shared by at most two things: a uniform point in them falls on a thing with exactly
/// its weight's share. All numbers are integers, in lowest terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AliasTable {
    columns: Box<[Column]>,
    height: u32,
}

/// Below `own` the column is the thing of its number, from there on it is `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    own: u32,
    other: u16,
}

impl AliasTable {
    /// A table over `weights`: at least one, at most 65536, none 0, whose sum is below 2³².
    pub(super) fn new(weights: &[u32]) -> AliasTable {
        if weights.iter().all(|weight| *weight == weights[0]) {
            // Each fills its own column.
            let columns = (0..=u16::MAX).take(weights.len()).map(|other| Column { own: 1, other });
            return AliasTable { columns: columns.collect(), height: 1 };
        }
        let height = weights.iter().sum();
        let mut columns = share_columns(weights, height);
        let unit =
            columns.iter().fold(height, |unit, column| if unit == 1 { 1 } else { gcd(unit, column.own) });
        columns.iter_mut().for_each(|column| column.own /= unit);
        AliasTable { columns: columns.into(), height: height / unit }
    }

    /// The thing that a word falls on, and the word that is left.
    #[inline]
    pub(super) fn pick(&self, word: u64) -> (usize, u64) {
        let (number, word) = digit(word, self.columns.len() as u64);
        let (point, word) = digit(word, self.height.into());
        let column = self.columns[number as usize];
        (if point < column.own.into() { number as usize } else { column.other.into() }, word)
    }

    /// Number of equally likely points.
    pub(super) fn domain(&self) -> u64 {
        self.columns.len() as u64 * u64::from(self.height)
    }

    /// How many points of the domain fall on each thing.
    pub(super) fn points(&self) -> Vec<u64> {
        let mut points = vec![0; self.columns.len()];
        for (number, column) in self.columns.iter().enumerate() {
            points[number] += u64::from(column.own);
            points[usize::from(column.other)] += u64::from(self.height - column.own);
        }
        points
    }
}

/// Greatest common divisor; gcd(0, n) = n.
pub(super) fn gcd(mut one: u32, mut other: u32) -> u32 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

// Each thing is scaled to n times its weight, a column to the sum of the weights. A thing that does not fill its own
// column gets it filled up by one that more than fills its own, until all are even.
fn share_columns(weights: &[u32], height: u32) -> Vec<Column> {
    let count = weights.len() as u64;
    let mut left: Vec<u64> = weights.iter().map(|&weight| u64::from(weight) * count).collect();
    let mut columns: Vec<_> =
        (0..=u16::MAX).take(weights.len()).map(|other| Column { own: height, other }).collect();
    let height = u64::from(height);
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..weights.len()).partition(|&thing| left[thing] < height);
    while let (Some(poor), Some(&rich)) = (small.pop(), large.last()) {
        columns[poor] = Column { own: left[poor] as u32, other: rich as u16 };
        left[rich] -= height - left[poor];
        if left[rich] < height {
            large.pop();
            small.push(rich);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::steer::word::word_of;

    #[test]
    fn tables_are_in_lowest_terms() {
        let domains = [
            (vec![1], 1),
            (vec![7], 1),
            (vec![5, 5, 5], 3),
            (vec![3, 1], 4),
            (vec![6, 2], 4),
            (vec![2, 1], 6),
        ];
        for (weights, domain) in domains {
            assert_eq!(AliasTable::new(&weights).domain(), domain, "{weights:?}");
        }
    }

    proptest! {
        #[test]
        fn shares_are_exactly_those_of_the_weights(weights in prop::collection::vec(1u32..=1 << 24, 1..60)) {
            let table = AliasTable::new(&weights);
            let sum: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
            for (points, weight) in table.points().into_iter().zip(weights) {
                prop_assert_eq!(
                    u128::from(points) * u128::from(sum),
                    u128::from(weight) * u128::from(table.domain())
                );
            }
        }

        #[test]
        fn picking_over_the_domain_meets_each_thing_as_often_as_it_has_points(
            weights in prop::collection::vec(1u32..20, 1..12),
        ) {
            let table = AliasTable::new(&weights);
            let mut met = vec![0; weights.len()];
            for value in 0..table.domain() {
                met[table.pick(word_of(value, table.domain())).0] += 1;
            }
            prop_assert_eq!(met, table.points());
        }
    }
}
