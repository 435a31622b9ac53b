//! Shares by hand, and for random groups by a model that knows nothing of lines.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::steer::alias::AliasTable;

/// What a draw gives: for each member its share of answers and of first places, and every variant with its share.
struct Counted {
    members: Vec<[f64; 2]>,
    variants: Vec<(Vec<u16>, f64)>,
}

fn counted(variants: &Variants, members: usize) -> Counted {
    let table = AliasTable::new(&variants.weights);
    let mut counted = Counted { members: vec![[0.0; 2]; members], variants: Vec::new() };
    let lists = variants.lists.chunks_exact(variants.width).enumerate();
    for ((variant, list), points) in lists.zip(table.points()) {
        let chance = points as f64 / table.domain() as f64;
        let places = variants.first.points(variant, variants.width);
        for (&member, place) in list.iter().zip(places) {
            counted.members[usize::from(member)][0] += chance;
            counted.members[usize::from(member)][1] += chance * place as f64 / variants.first.domain() as f64;
        }
        counted.variants.push((list.to_vec(), chance));
    }
    counted
}

fn check(weights: &[u32], groups: &[usize], answers: usize, expected: &[(&[u16], u32)]) {
    let variants = variants(weights, groups, answers);
    let sum: u32 = variants.weights.iter().sum();
    let unit: u32 = expected.iter().map(|(_, weight)| weight).sum();
    let seen: BTreeSet<(Vec<u16>, u32)> = variants
        .lists
        .chunks_exact(variants.width)
        .zip(&variants.weights)
        .map(|(list, weight)| (list.to_vec(), weight * unit / sum))
        .collect();
    let expected = expected.iter().map(|(list, weight)| (list.to_vec(), *weight)).collect();
    assert_eq!(seen, expected, "{answers} of {weights:?} in {groups:?}");
}

#[test]
fn answers_come_from_different_groups() {
    check(&[1, 1, 1, 1], &[0, 0, 1, 1], 2, &[(&[0, 2], 1), (&[1, 3], 1)]);
    check(&[3, 1, 2, 2], &[0, 0, 1, 1], 2, &[(&[0, 2], 2), (&[0, 3], 1), (&[1, 3], 1)]);
    check(&[1, 1, 1], &[0, 0, 1], 2, &[(&[0, 2], 1), (&[1, 2], 1)]);
    check(
        &[1, 1, 1, 1, 1, 1],
        &[0, 1, 2, 0, 1, 2],
        1,
        &[(&[0], 1), (&[1], 1), (&[2], 1), (&[3], 1), (&[4], 1), (&[5], 1)],
    );
}

#[test]
fn more_answers_than_groups_are_spread_evenly() {
    check(&[1, 1, 1], &[0, 0, 1], 3, &[(&[0, 1, 2], 1)]);
    check(&[5, 1, 1, 1], &[0, 1, 1, 1], 3, &[(&[0, 1, 2], 1), (&[0, 1, 3], 1), (&[0, 2, 3], 1)]);
    check(&[9, 9, 1, 1], &[0, 0, 1, 1], 4, &[(&[0, 1, 2, 3], 1)]);
}

/// The share of each member as the head of `grouped` says it, in floating point.
fn model(weights: &[u32], groups: &[usize], answers: usize) -> Vec<f64> {
    let names: BTreeSet<usize> = groups.iter().copied().collect();
    let of_group =
        |group: usize| -> Vec<usize> { (0..weights.len()).filter(|&index| groups[index] == group).collect() };
    let fill = |wanted: f64, weights: &[f64]| -> Vec<f64> {
        let mut shares = vec![None; weights.len()];
        loop {
            let left = wanted - shares.iter().flatten().sum::<f64>();
            let open: Vec<usize> = (0..weights.len()).filter(|&index| shares[index].is_none()).collect();
            let sum: f64 = open.iter().map(|&index| weights[index]).sum();
            match open.iter().find(|&&index| left * weights[index] > sum * (1.0 + 1e-12)) {
                Some(&over) => shares[over] = Some(1.0),
                None => {
                    return (0..weights.len())
                        .map(|index| shares[index].unwrap_or(left * weights[index] / sum))
                        .collect();
                }
            }
        }
    };
    let sizes: Vec<usize> = names.iter().map(|&group| of_group(group).len()).collect();
    let mut places: Vec<f64> = vec![0.0; sizes.len()];
    let mut left = answers.min(weights.len());
    for level in 1.. {
        let open: Vec<usize> = (0..sizes.len()).filter(|&index| sizes[index] >= level).collect();
        if left > open.len() {
            open.iter().for_each(|&index| places[index] += 1.0);
            left -= open.len();
            continue;
        }
        let sums: Vec<f64> = names
            .iter()
            .map(|&group| of_group(group).iter().map(|&index| f64::from(weights[index])).sum())
            .collect();
        let shares = fill(left as f64, &open.iter().map(|&index| sums[index]).collect::<Vec<_>>());
        open.iter().zip(shares).for_each(|(&index, share)| places[index] += share);
        break;
    }
    let mut result = vec![0.0; weights.len()];
    for (&group, places) in names.iter().zip(places) {
        let members = of_group(group);
        let shares =
            fill(places, &members.iter().map(|&index| f64::from(weights[index])).collect::<Vec<_>>());
        members.iter().zip(shares).for_each(|(&index, share)| result[index] = share);
    }
    result
}

fn check_against_model(weights: &[u32], groups: &[usize], answers: usize) -> Result<(), TestCaseError> {
    let variants = variants(weights, groups, answers);
    let counted = counted(&variants, weights.len());
    let group_count = groups.iter().collect::<BTreeSet<_>>().len();
    let sum: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    let expected = model(weights, groups, answers);
    for (index, [answer, first]) in counted.members.iter().enumerate() {
        prop_assert!((answer - expected[index]).abs() < 1e-6, "{index}: {answer}, not {}", expected[index]);
        let wanted = match answers.min(weights.len()) <= group_count {
            true => f64::from(weights[index]) / sum,
            false => expected[index] / answers.min(weights.len()) as f64,
        };
        prop_assert!((first - wanted).abs() < 1e-6, "{index} first: {first}, not {wanted}");
    }
    prop_assert!(counted.variants.len() <= weights.len());
    for (list, _) in &counted.variants {
        prop_assert!(list.is_sorted_by(|one, other| one < other), "{list:?}");
        let met =
            |group: &usize| list.iter().filter(|&&member| groups[usize::from(member)] == *group).count();
        let of_group = |group: &usize| groups.iter().filter(|&other| other == group).count();
        let names: BTreeSet<usize> = groups.iter().copied().collect();
        let most = names.iter().map(met).max().unwrap_or(0);
        let spread = names.iter().all(|group| met(group) + 1 >= most || met(group) == of_group(group));
        prop_assert!(spread, "{list:?} in {groups:?}");
    }
    let domain = AliasTable::new(&variants.weights).domain().checked_mul(variants.first.domain());
    prop_assert!(domain.is_some(), "the domain fits 64 bits");
    Ok(())
}

proptest! {
    #[test]
    fn shares_are_those_of_the_model(
        members in prop::collection::vec((1u32..=9, 0usize..4), 1..9), answers in 1usize..10,
    ) {
        let (weights, groups): (Vec<u32>, Vec<usize>) = members.into_iter().unzip();
        check_against_model(&weights, &groups, answers)?;
    }

    #[test]
    fn shares_of_large_pools_are_those_of_the_model_too(
        members in prop::collection::vec((1u32..=65_535, 0usize..20), 1..64), answers in 1usize..30,
    ) {
        let (weights, groups): (Vec<u32>, Vec<usize>) = members.into_iter().unzip();
        check_against_model(&weights, &groups, answers)?;
    }
}

/// The bound of `MEMBERS_MAX`, with sums that have no common divisor.
#[test]
fn the_largest_pools_fit_64_bits() {
    let weights: Vec<u32> = (0..256).map(|index| 65_535 - index % 7 * 11).collect();
    for size in [2, 3, 17, 100] {
        let groups: Vec<usize> = (0..256).map(|index| index / size).collect();
        for answers in [2, 3, 15, 100, 255] {
            check_against_model(&weights, &groups, answers).unwrap();
        }
    }
}
