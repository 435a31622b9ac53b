//! Shares and first places are exactly those of semantics §3, counted over whole domains.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::steer::asked::record_length;
use crate::steer::order::fixed_order;
use crate::steer::pool::MinHealthy;
use crate::steer::testing::{member, pool};
use crate::wire::{Family, rtype};

fn pool_of(weights: &[u16], pick: Pick) -> Pool {
    let (mut pool, _) = pool("u1", pick, MinHealthy::Count(1));
    pool.members = (0..).zip(weights).map(|(index, &weight)| member(&format!("m{index}"), weight)).collect();
    pool
}

fn addresses(pool: &Pool, family: Family, members: &[u16], answers: u16) -> AnswerSet {
    let asked = Asked { answers, records: AskedRecords::Address(family) };
    AnswerSet::compile(pool, asked, members, &|_| [true; 2])
}

fn compiled(weights: &[u16], pick: Pick, answers: u16) -> AnswerSet {
    let pool = pool_of(weights, pick);
    addresses(&pool, Family::V4, &fixed_order(&pool), answers)
}

/// The shares as semantics §3 says it, member after member, not in lowest terms: answers, first places.
fn shares_of_semantics(weights: &[u16], pick: Pick, answers: u16) -> Vec<[(u64, u64); 2]> {
    let members = weights.len() as u64;
    let places = members.min(answers.into());
    if pick == Pick::All || weights.iter().all(|&weight| weight == 0) {
        return vec![[(places, members), (1, members)]; weights.len()];
    }
    let sum: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    let mut capped = vec![false; weights.len()];
    loop {
        let left = places - capped.iter().filter(|&&is_capped| is_capped).count() as u64;
        let others = || weights.iter().zip(&capped).filter(|(_, is_capped)| !**is_capped);
        let rest: u64 = others().map(|(&weight, _)| u64::from(weight)).sum();
        let over =
            (0..weights.len()).find(|&index| !capped[index] && left * u64::from(weights[index]) > rest);
        let Some(over) = over else {
            let share = |(&weight, &is_capped): (&u16, &bool)| {
                let answer = if is_capped { (1, 1) } else { (left * u64::from(weight), rest) };
                [answer, (u64::from(weight), sum)]
            };
            return weights.iter().zip(&capped).map(share).collect();
        };
        capped[over] = true;
    }
}

/// What a walk over the whole domain finds: for each member the number of answers, and of first places.
fn count(set: &AnswerSet, members: usize) -> Vec<[u64; 2]> {
    let mut counts = vec![[0, 0]; members];
    for value in 0..set.domain() {
        for (place, member) in set.draw_at(value).members().enumerate() {
            counts[member][0] += 1;
            counts[member][1] += u64::from(place == 0);
        }
    }
    counts
}

fn same(one: (u64, u64), other: (u64, u64)) -> bool {
    u128::from(one.0) * u128::from(other.1) == u128::from(other.0) * u128::from(one.1)
}

/// Compares what the set says of itself with semantics §3.
fn check_shares(set: &AnswerSet, weights: &[u16], pick: Pick, answers: u16) {
    let shares = set.shares();
    assert_eq!(shares.len(), weights.len());
    let expected = shares_of_semantics(weights, pick, answers);
    for (index, (share, [answer, first])) in shares.iter().zip(expected).enumerate() {
        assert_eq!(share.member, index);
        assert!(same(share.answer, answer), "{answers} of {weights:?}: {share:?}, not {answer:?}");
        assert!(same(share.first, first), "{answers} of {weights:?}: {share:?}, not first {first:?}");
    }
}

/// A variant has as many different members as it should, in the fixed order; there are at most n, all different; their
/// probabilities add up to 1.
fn check_variants(set: &AnswerSet, pool: &Pool, answers: u16) {
    let order: Vec<usize> = fixed_order(pool).into_iter().map(usize::from).collect();
    let place = |member: &usize| order.iter().position(|other| other == member).unwrap();
    let variants = set.variants();
    assert!(variants.len() <= pool.members.len());
    assert_eq!(variants.iter().map(|(members, _)| members).collect::<BTreeSet<_>>().len(), variants.len());
    for (members, _) in &variants {
        assert_eq!(members.len(), pool.members.len().min(answers.into()));
        assert!(
            members.is_sorted_by_key(place) && members.iter().collect::<BTreeSet<_>>().len() == members.len()
        );
    }
    let points = variants.iter().map(|(_, (numerator, denominator))| {
        u128::from(*numerator) * u128::from(set.variant.domain()) / u128::from(*denominator)
    });
    assert_eq!(points.sum::<u128>(), u128::from(set.variant.domain()));
}

/// Each answer of the domain is a variant, rotated (of the fixed order; in cut rotations of `all`, of the circle).
fn check_answers(set: &AnswerSet) {
    let variants: BTreeSet<_> = set.variants().into_iter().map(|(members, _)| members).collect();
    for value in 0..set.domain() {
        let drawn = set.draw_at(value);
        let members: Vec<_> = drawn.members().collect();
        assert_eq!(drawn.member_count(), members.len());
        let rotations = (0..members.len()).map(|by| [&members[by..], &members[..by]].concat());
        assert!(
            rotations.into_iter().any(|rotated| variants.contains(&rotated)),
            "{members:?} of {variants:?}"
        );
    }
}

fn any_pick() -> impl Strategy<Value = Pick> {
    prop::sample::select(vec![Pick::Weighted, Pick::All])
}

/// Weights that may stand in a set together: none is 0, or all are.
fn weights(max: u16, members: usize) -> impl Strategy<Value = Vec<u16>> {
    let lengths = 1..=members;
    prop_oneof![
        9 => prop::collection::vec(1..=max, lengths.clone()),
        1 => prop::collection::vec(Just(0), lengths),
    ]
}

proptest! {
    #[test]
    fn shares_and_first_places_are_exactly_those_of_semantics_3(
        weights in weights(9, 6), pick in any_pick(), answers in 1u16..8,
    ) {
        let set = compiled(&weights, pick, answers);
        check_shares(&set, &weights, pick, answers);
        check_variants(&set, &pool_of(&weights, pick), answers);
        check_answers(&set);
        let counts = count(&set, weights.len());
        for (share, [answer, first]) in set.shares().into_iter().zip(counts) {
            prop_assert!(same(share.answer, (answer, set.domain())));
            prop_assert!(same(share.first, (first, set.domain())));
        }
    }

    #[test]
    fn shares_of_large_pools_are_exact_too(
        weights in weights(u16::MAX, 64), pick in any_pick(), answers in 1u16..70,
    ) {
        let set = compiled(&weights, pick, answers);
        check_shares(&set, &weights, pick, answers);
        check_variants(&set, &pool_of(&weights, pick), answers);
    }

    #[test]
    fn a_word_gives_the_outcome_at_its_place_in_the_domain(
        weights in weights(u16::MAX, 12), pick in any_pick(), answers in 1u16..8, word: u64,
    ) {
        let set = compiled(&weights, pick, answers);
        let (value, left) = word::digit(word, set.domain());
        if left >= set.unfair_below {
            let [one, other] = [set.draw(word), set.draw_at(value)].map(|drawn| drawn.members().collect::<Vec<_>>());
            prop_assert_eq!(one, other);
        }
    }
}

#[test]
fn three_to_one_is_exactly_three_to_one() {
    let set = compiled(&[3, 1], Pick::Weighted, 1);
    assert_eq!(set.domain(), 4);
    assert_eq!(count(&set, 2), [[3, 3], [1, 1]]);
    let words = (0..100_000u64).map(|index| index * (u64::MAX / 100_000));
    let first = words.filter(|&word| set.draw(word).members().next() == Some(0)).count();
    assert!(first.abs_diff(75_000) <= 2, "{first}");
}

/// The bound of `MEMBERS_MAX`: the largest domains fit, and are still exact.
#[test]
fn the_largest_pools_fit_64_bits() {
    for light in [1, 2, 255, 65_521, 65_535] {
        for heavy in [0, 1, 100, 127, 128, 255] {
            let mut weights = vec![65_535; heavy];
            weights.extend((0..MEMBERS_MAX - heavy).map(|index| light - (index as u16 % 2).min(light - 1)));
            for answers in [1, 2, heavy as u16 + 1, 128, 200, 255, 256] {
                let set = compiled(&weights, Pick::Weighted, answers);
                check_shares(&set, &weights, Pick::Weighted, answers);
            }
        }
    }
}

/// Every version must keep it: the fixed order is fra-1, fra-4, fra-3, fra-2, so the lengths are 6 4 2 4 out of 8.
#[test]
fn vector_of_systematic_sampling() {
    let mut pool = pool_of(&[3, 2, 1, 2], Pick::Weighted);
    pool.name = "web-fra".to_owned();
    for (number, member) in (1..).zip(&mut pool.members) {
        member.name = format!("fra-{number}");
    }
    pool.members[1].weight = 2;
    let set = addresses(&pool, Family::V4, &fixed_order(&pool), 2);
    let quarter = |members: [usize; 2]| (members.to_vec(), (1, 4));
    assert_eq!(set.variants(), [quarter([0, 3]), quarter([0, 2]), quarter([0, 1]), quarter([3, 1])]);
}

#[test]
fn records_are_whole_and_in_the_order_of_the_members() {
    let (mut pool, _) = pool("u1 u1", Pick::All, MinHealthy::Count(1));
    pool.members[1].ipv6 = Some("2001:db8::7".parse().unwrap());
    let set = addresses(&pool, Family::V4, &[1, 0], 2);
    let head = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2];
    for value in 0..set.domain() {
        let drawn = set.draw_at(value);
        let expected: Vec<_> = drawn.members().map(|member| [&head[..], &[member as u8]].concat()).collect();
        assert_eq!(drawn.records().collect::<Vec<_>>(), expected);
        assert!(drawn.records().all(|record| record.len() == record_length(Family::V4)));
    }
    let set = addresses(&pool, Family::V6, &[1], 1);
    let head = [0xC0, 12, 0, 28, 0, 1, 0, 0, 0, 0, 0, 16, 0x20, 0x01, 0x0D, 0xB8];
    let expected = [&head[..], &[0; 11], &[7]].concat();
    assert_eq!(set.draw(0).records().collect::<Vec<_>>(), [&expected]);
    assert_eq!(expected.len(), record_length(Family::V6));
}

#[test]
fn data_has_any_length_and_any_number_of_records_a_member() {
    let (mut pool, _) = pool("u1 u1", Pick::All, MinHealthy::Count(1));
    pool.members[0].data = vec![Box::from(*b"\x01a"), Box::from(*b"\x02bc")];
    pool.members[1].data = vec![Box::from(*b"\x00")];
    let asked = Asked { answers: 2, records: AskedRecords::Data(rtype::TXT) };
    let set = AnswerSet::compile(&pool, asked, &[1, 0], &|_| [true; 2]);
    let head = |length: u8| vec![0xC0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, length];
    let of_member = [
        ([head(2), b"\x01a".to_vec(), head(3), b"\x02bc".to_vec()].concat(), 2),
        ([head(1), vec![0]].concat(), 1),
    ];
    for value in 0..set.domain() {
        let drawn = set.draw_at(value);
        let expected: Vec<_> = drawn.members().map(|member| of_member[member].clone()).collect();
        let found: Vec<_> = drawn.data().unwrap().map(|(octets, count)| (octets.to_vec(), count)).collect();
        assert_eq!(found, expected);
        assert_eq!(drawn.first_data().map(|(octets, _)| octets.to_vec()), Some(expected[0].0.clone()));
    }
    let alone = AnswerSet::compile(&pool, asked, &[1], &|_| [true; 2]).draw(0).only_record().is_some();
    assert!(!alone, "the short way is for addresses");
}
