//! Which member of a drawn variant stands first. The chances of the places are the same in every variant, so the
//! variant and the first place are two independent draws from one word.

use super::word::digit;

/// Who stands first in a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FirstPlace {
    /// The first of its list, always.
    Head,
    /// Each of so many members with the same chance.
    Even(u32),
    /// Some stand in every variant and have chances of their own.
    Capped(CappedFirst),
}

/// First places where some members are capped (see `weighted`): a capped one with its weight out of `total`, and when
/// none of them does, each of the `others` with the same chance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CappedFirst {
    /// Running sums of the capped members' weights; at least one.
    pub(super) ends: Box<[u32]>,
    /// The weight of all members, capped or not.
    pub(super) total: u32,
    /// How many members of a variant are not capped; at least 1.
    pub(super) others: u32,
    /// For each variant, one after the other: where in its list the capped members stand, in the order of `ends`,
    /// then where the others do.
    pub(super) places: Box<[u16]>,
}

impl FirstPlace {
    /// The place in a variant's list that a word falls on, and the word that is left.
    #[inline]
    pub(super) fn pick(&self, variant: usize, word: u64) -> (usize, u64) {
        match self {
            FirstPlace::Head => (0, word),
            FirstPlace::Even(width) => {
                let (place, word) = digit(word, (*width).into());
                (place as usize, word)
            }
            FirstPlace::Capped(capped) => capped.pick(variant, word),
        }
    }

    /// Number of equally likely points.
    pub(super) fn domain(&self) -> u64 {
        match self {
            FirstPlace::Head => 1,
            FirstPlace::Even(width) => (*width).into(),
            FirstPlace::Capped(capped) => u64::from(capped.total) * u64::from(capped.others),
        }
    }

    /// How many points of the domain fall on each place of a variant's list.
    pub(super) fn points(&self, variant: usize, width: usize) -> Vec<u64> {
        match self {
            FirstPlace::Head => (0..width).map(|place| u64::from(place == 0)).collect(),
            FirstPlace::Even(_) => vec![1; width],
            FirstPlace::Capped(capped) => capped.points(variant),
        }
    }
}

impl CappedFirst {
    fn pick(&self, variant: usize, word: u64) -> (usize, u64) {
        let (point, word) = digit(word, self.total.into());
        let (other, word) = digit(word, self.others.into());
        let capped = self.ends.partition_point(|&end| u64::from(end) <= point);
        let chosen = if capped < self.ends.len() { capped } else { capped + other as usize };
        (self.places_of(variant)[chosen].into(), word)
    }

    fn points(&self, variant: usize) -> Vec<u64> {
        let others = self.others;
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let weights =
            self.ends.iter().zip(starts).map(|(end, start)| u64::from(end - start) * u64::from(others));
        let rest = u64::from(self.total - self.ends[self.ends.len() - 1]);
        let chances = weights.chain((0..others).map(|_| rest));
        let places = self.places_of(variant);
        let mut points = vec![0; places.len()];
        for (&place, chance) in places.iter().zip(chances) {
            points[usize::from(place)] = chance;
        }
        points
    }

    fn places_of(&self, variant: usize) -> &[u16] {
        let width = self.ends.len() + self.others as usize;
        &self.places[variant * width..][..width]
    }
}
