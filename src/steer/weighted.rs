//! The policy `pick = "weighted"` (semantics §3): members by weight, `answers` of them, without doubles.
//!
//! **Shares.** Of n members with weights w and sum W, k are given. Member i should stand in k·w_i/W of the answers,
//! but no member can stand in more than all of them: where k·w_i > W, the member is *capped*, stands in every answer,
//! and the others share the k − 1 places that are left in proportion to their weights, among whom more may then have
//! to be capped. At the end c members are capped, and systematic sampling (`sampling`) gives k' = k − c of the others,
//! each with probability π_i = k'·w_i/W' exactly, W' being the sum of the others' weights.
//!
//! k' is never 0: of m members that share k' ≤ m places, those with k'·w_i > W' are fewer than k', since k' of them
//! would weigh more than W'. So each round of capping leaves a place, and whoever is left is as many as the places or
//! more.
//!
//! **First places.** Independently of the variant, the first place goes to each capped member c with w_c/W; with what
//! is left, W'/W, to one of the k' others in the variant, all with the same chance. Then each member stands first with
//! probability exactly w_i/W: a capped one by construction, another one with π_i · (W'/W) / k' = w_i/W.
//!
//! `k` larger than n means n, and then π_i = 1 for all: the same rules give one variant and the same first places.

use super::alias::gcd;
use super::first_place::{CappedFirst, FirstPlace};
use super::sampling::sample;
use super::variants::Variants;

/// What `answers` (at least 1) of members with these weights (none 0, at least one, their sum below 2³²) make.
pub(super) fn variants(weights: &[u32], answers: usize) -> Variants {
    let unit = weights.iter().fold(0, |unit, &weight| if unit == 1 { 1 } else { gcd(unit, weight) });
    let weights: Vec<u32> = weights.iter().map(|weight| weight / unit).collect();
    let answers = answers.min(weights.len());
    if answers == 1 {
        // Each member by its weight: nothing to cap, nothing to sample.
        let lists = (0..=u16::MAX).take(weights.len()).collect();
        return Variants { width: 1, lists, weights, first: FirstPlace::Head };
    }
    let capping = Capping::of(&weights, answers);
    if capping.capped.is_empty() {
        let sample = sample(&weights, answers);
        let first = FirstPlace::Even(answers as u32);
        Variants { width: answers, lists: sample.picks, weights: sample.weights, first }
    } else {
        with_capped(&weights, answers, &capping)
    }
}

/// Who stands in every answer, and who has to share the rest; both ascending.
pub(super) struct Capping {
    pub(super) capped: Vec<u16>,
    others: Vec<u16>,
}

impl Capping {
    /// Who has to share the rest; at least one.
    pub(super) fn others(&self) -> &[u16] {
        &self.others
    }

    /// Caps until nobody is left whose share would be above 1. `answers` is at most the number of members.
    pub(super) fn of(weights: &[u32], answers: usize) -> Capping {
        let weight = |member: u16| u64::from(weights[usize::from(member)]);
        let mut capping = Capping { capped: Vec::new(), others: (0u16..).take(weights.len()).collect() };
        loop {
            let places = (answers - capping.capped.len()) as u64;
            let sum: u64 = capping.others.iter().map(|&member| weight(member)).sum();
            let is_capped = |member: u16| places * weight(member) > sum;
            if !capping.others.iter().any(|&member| is_capped(member)) {
                capping.capped.sort_unstable();
                return capping;
            }
            capping.capped.extend(capping.others.iter().copied().filter(|&member| is_capped(member)));
            capping.others.retain(|&member| !is_capped(member));
        }
    }
}

fn with_capped(weights: &[u32], width: usize, Capping { capped, others }: &Capping) -> Variants {
    let places_left = width - capped.len();
    let weight = |member: u16| weights[usize::from(member)];
    let sample = sample(&others.iter().map(|&member| weight(member)).collect::<Vec<_>>(), places_left);
    let mut lists = Vec::with_capacity(sample.weights.len() * width);
    let mut places = Vec::with_capacity(sample.weights.len() * width);
    for pick in sample.picks.chunks_exact(places_left) {
        let picked = pick.iter().map(|&number| others[usize::from(number)]);
        push_merged(capped, picked, &mut lists, &mut places);
    }
    let mut end = 0;
    let ends = capped.iter().map(|&member| {
        end += weight(member);
        end
    });
    let first = CappedFirst {
        ends: ends.collect(),
        total: weights.iter().sum(),
        others: places_left as u32,
        places: places.into(),
    };
    Variants { width, lists, weights: sample.weights, first: FirstPlace::Capped(first) }
}

/// Adds a list of the capped and the picked members in ascending order, and the places that they got in it: first the
/// capped ones', then the others'.
fn push_merged(
    capped: &[u16],
    picked: impl Iterator<Item = u16>,
    lists: &mut Vec<u16>,
    places: &mut Vec<u16>,
) {
    let (list, first_place) = (lists.len(), places.len());
    lists.extend(capped.iter().copied().chain(picked));
    lists[list..].sort_unstable();
    places.resize(lists.len(), 0);
    let (of_capped, of_others) = places[first_place..].split_at_mut(capped.len());
    let (mut of_capped, mut of_others) = (of_capped.iter_mut(), of_others.iter_mut());
    for (place, member) in (0u16..).zip(&lists[list..]) {
        let is_capped = capped.binary_search(member).is_ok();
        let slot = if is_capped { of_capped.next() } else { of_others.next() };
        *slot.expect("as many places as members") = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capped(weights: &[u32], answers: usize) -> Vec<u16> {
        Capping::of(weights, answers).capped
    }

    #[test]
    fn capping_goes_on_among_the_others() {
        assert!(capped(&[1, 1, 1], 2).is_empty());
        assert!(capped(&[2, 1, 1], 2).is_empty(), "a share of exactly 1 needs no capping");
        assert_eq!(capped(&[3, 1, 1], 2), [0]);
        assert_eq!(capped(&[1, 8, 3, 1], 3), [1, 2], "3 only after 8");
        assert_eq!(capped(&[1, 2, 4, 8], 4), [1, 2, 3]);
    }

    #[test]
    fn without_capped_members_every_place_is_as_likely_first() {
        let variants = variants(&[300, 100], 1);
        let expected = Variants { width: 1, lists: vec![0, 1], weights: vec![3, 1], first: FirstPlace::Head };
        assert_eq!(variants, expected);
    }

    /// Weights 1 6 1, k = 2: member 1 is capped and stands first in 6/8; the other place goes to 0 or 2, 1/2 each.
    #[test]
    fn a_capped_member_stands_in_every_variant_where_the_order_puts_it() {
        let first = CappedFirst { ends: [6].into(), total: 8, others: 1, places: [1, 0, 0, 1].into() };
        let expected = Variants {
            width: 2,
            lists: vec![0, 1, 1, 2],
            weights: vec![1, 1],
            first: FirstPlace::Capped(first),
        };
        assert_eq!(variants(&[1, 6, 1], 2), expected);
    }
}
