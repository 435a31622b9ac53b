//! Vectors, what a change moves, and that the slots are dealt by weight; all 4096 slots counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::steer::slot::HashPrefix;
use crate::steer::word::splitmix64;

type Weights<'n> = &'n [(&'n str, u32)];

const FRANKFURT: Weights<'_> = &[("fra-1", 3), ("fra-2", 2), ("fra-3", 1), ("fra-4", 1)];

fn contenders<'n>(weights: &[(&'n str, u32)]) -> Vec<Contender<'n>> {
    let contender = |(group, &(name, weight))| Contender { name, weight, group };
    weights.iter().enumerate().map(contender).collect()
}

/// What each slot gives, in names.
fn dealt<'n>(pool: &str, contenders: &[Contender<'n>], answers: usize) -> Vec<Vec<&'n str>> {
    let (variants, slots) = deal(pool, contenders, answers, None);
    let list = |&variant: &u16| {
        let list = &variants.lists[usize::from(variant) * variants.width..][..variants.width];
        list.iter().map(|&number| contenders[usize::from(number)].name).collect()
    };
    slots.iter().map(list).collect()
}

fn winners<'n>(pool: &str, weights: &[(&'n str, u32)]) -> Vec<&'n str> {
    dealt(pool, &contenders(weights), 1).iter().map(|list| list[0]).collect()
}

fn count(winners: &[&str], name: &str) -> usize {
    winners.iter().filter(|winner| **winner == name).count()
}

/// Every version must keep them: which slot a network has, and whom it gets in which order. By another implementation,
/// in another language.
#[test]
fn ten_vectors_that_every_version_keeps() {
    let vectors = [
        ("0.0.0.0", 3618, "fra-1 fra-2 fra-3 fra-4"),
        ("8.8.8.8", 221, "fra-4 fra-3 fra-1 fra-2"),
        ("81.2.69.160", 2755, "fra-2 fra-1 fra-4 fra-3"),
        ("175.16.199.7", 254, "fra-2 fra-1 fra-4 fra-3"),
        ("198.51.100.77", 168, "fra-1 fra-2 fra-4 fra-3"),
        ("255.255.255.255", 2560, "fra-2 fra-3 fra-1 fra-4"),
        ("2001:4860:4860::8888", 961, "fra-1 fra-2 fra-4 fra-3"),
        ("2a02:26f0::1", 1099, "fra-2 fra-1 fra-4 fra-3"),
        ("2a02:26f0:ffff::1", 1696, "fra-3 fra-4 fra-2 fra-1"),
        ("2003:e6:1234:5678::9", 3631, "fra-1 fra-2 fra-4 fra-3"),
    ];
    let dealt = dealt("web-fra", &contenders(FRANKFURT), 4);
    for (client, slot, order) in vectors {
        let found = Slot::of(client.parse().unwrap(), HashPrefix::default()).index();
        assert_eq!((found, dealt[found].join(" ").as_str()), (slot, order), "{client}");
    }
    let winners = winners("web-fra", FRANKFURT);
    let counts = FRANKFURT.iter().map(|(name, _)| count(&winners, name)).collect::<Vec<_>>();
    assert_eq!(counts, [1766, 1212, 543, 575]);
}

#[test]
fn the_slots_of_a_variant_are_its_weight() {
    for answers in 1..=4 {
        let (variants, slots) = deal("web-fra", &contenders(FRANKFURT), answers, None);
        assert_eq!(variants.weights.iter().sum::<u32>() as usize, SLOTS);
        let counted = counts(&slots, variants.weights.len());
        assert_eq!(counted, variants.weights.iter().map(|&weight| weight.into()).collect::<Vec<u64>>());
    }
}

#[test]
fn one_that_goes_moves_only_its_slots() {
    let all = dealt("web-fra", &contenders(FRANKFURT), 2);
    for (gone, _) in FRANKFURT {
        let left: Vec<(&str, u32)> = FRANKFURT.iter().copied().filter(|(name, _)| name != gone).collect();
        for (slot, (before, after)) in all.iter().zip(dealt("web-fra", &contenders(&left), 2)).enumerate() {
            match before.iter().position(|name| name == gone) {
                None => assert_eq!(*before, after, "slot {slot}"),
                Some(0) => assert_eq!(before[1], after[0], "slot {slot}: who was next answers"),
                Some(_) => assert_eq!(before[0], after[0], "slot {slot}"),
            }
        }
    }
}

#[test]
fn the_written_order_moves_nothing() {
    let turned: Vec<(&str, u32)> = FRANKFURT.iter().rev().copied().collect();
    assert_eq!(dealt("web-fra", &contenders(FRANKFURT), 3), dealt("web-fra", &contenders(&turned), 3));
}

#[test]
fn one_of_each_group_comes_before_the_second_of_any() {
    let mut contenders = contenders(FRANKFURT);
    contenders[1].group = 0;
    for list in dealt("web-fra", &contenders, 3) {
        let of_first = |name: &&str| matches!(*name, "fra-1" | "fra-2");
        assert_eq!(list.iter().filter(|name| of_first(name)).count(), 1, "{list:?}");
    }
    let with_groups = dealt("web-fra", &contenders, 1);
    contenders[1].group = 1;
    assert_eq!(with_groups, dealt("web-fra", &contenders, 1), "one answer knows of no groups");
}

/// χ² with three degrees of freedom stays below 16.27 in 999 of 1000 seeds; this one is fixed.
#[test]
fn random_networks_fall_on_members_as_the_printed_fractions_say() {
    const NETWORKS: u64 = 100_000;
    let winners = winners("web-fra", FRANKFURT);
    let network = |index: u64| match index % 2 {
        0 => IpAddr::V4(Ipv4Addr::from_bits(splitmix64(index) as u32)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(0x2a00 << 112 | u128::from(splitmix64(index)) << 48)),
    };
    let slots: Vec<_> = (0..NETWORKS).map(|index| Slot::of(network(index), HashPrefix::default())).collect();
    let chi_squared: f64 = FRANKFURT
        .iter()
        .map(|(name, _)| {
            let expected = NETWORKS as f64 * count(&winners, name) as f64 / SLOTS as f64;
            let met = slots.iter().filter(|slot| winners[slot.index()] == *name).count() as f64;
            (met - expected).powi(2) / expected
        })
        .sum();
    assert!(chi_squared < 16.27, "{chi_squared}");
}

/// Slots are dealt like lots: the count of a share p of them is within five standard deviations, √(4096·p·(1 − p)).
#[test]
fn shares_of_the_slots_follow_the_weights() {
    for weights in [vec![1, 1], vec![3, 1], vec![1; 16], vec![65_535, 1], vec![100, 200, 300, 65_535]] {
        let names: Vec<String> = (0..weights.len()).map(|number| format!("m{number}")).collect();
        let named: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(weights.iter().copied()).collect();
        let winners = winners("pool", &named);
        let sum: u32 = weights.iter().sum();
        for (name, weight) in named {
            let share = f64::from(weight) / f64::from(sum);
            let expected = SLOTS as f64 * share;
            let bound = 5.0 * (expected * (1.0 - share)).sqrt() + 1.0;
            let counted = count(&winners, name) as f64;
            assert!((counted - expected).abs() <= bound, "{name} of {weights:?}: {counted}, not {expected}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Who gains weight only gains slots, and nothing moves between the others.
    #[test]
    fn a_changed_weight_moves_only_the_difference(
        weights in prop::collection::vec(1u32..=65_535, 2..7), changed: prop::sample::Index, weight in 1u32..=65_535,
    ) {
        let names: Vec<String> = (0..weights.len()).map(|number| format!("m{number}")).collect();
        let changed = changed.index(weights.len());
        let named = |weights: &[u32]| -> Vec<&str> {
            let named: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(weights.iter().copied()).collect();
            winners("pool", &named)
        };
        let mut other = weights.clone();
        other[changed] = weight;
        let gains = weight > weights[changed];
        for (before, after) in named(&weights).iter().zip(named(&other)) {
            let moved_as_it_may = if gains { after == names[changed] } else { *before == names[changed] };
            prop_assert!(*before == after || moved_as_it_may, "{before} → {after}");
        }
    }

    /// What was dealt among more contenders shortens the way and changes nothing.
    #[test]
    fn what_was_dealt_before_makes_no_difference(
        members in prop::collection::vec((1u32..=9, 0usize..4, any::<bool>()), 2..7), answers in 1usize..4,
    ) {
        let names: Vec<String> = (0..members.len()).map(|number| format!("m{number}")).collect();
        let all = names.iter().zip(&members);
        let all: Vec<Contender<'_>> =
            all.map(|(name, &(weight, group, _))| Contender { name, weight, group }).collect();
        let stays: Vec<usize> = (0..all.len()).filter(|&number| members[number].2).collect();
        prop_assume!(!stays.is_empty());
        let left: Vec<Contender<'_>> = stays.iter().map(|&number| all[number]).collect();

        let (variants, slots) = deal("pool", &all, answers, None);
        let number_now = |number: &u16| Some(stays.binary_search(&usize::from(*number)).ok()? as u16);
        let lists = variants.lists.chunks_exact(variants.width);
        let lists = lists.map(|list| list.iter().map(number_now).collect()).collect();
        let before = Dealt { slots: &slots, lists };
        prop_assert!(deal("pool", &left, answers, Some(before)) == deal("pool", &left, answers, None));
    }
}
