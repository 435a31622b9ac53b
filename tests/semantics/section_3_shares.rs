//! §3: which members an answer has, and with which probability. What the text defines is done here again, slowly.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use meridian::answer::Random;
use siphasher::sip::SipHasher24;

use crate::harness::World;
use crate::ratio::{Ratio, divisor, inclusion};

/// A set of members, by their names.
type Set = BTreeSet<String>;

/// What systematic sampling gives: every variant with its probability.
fn madow(pool: &str, weights: &[u64], answers: usize) -> BTreeMap<Set, Ratio> {
    let shares = inclusion(weights, answers);
    // All shares in units of one denominator, laid end to end in the fixed order.
    let unit = shares.iter().fold(1, |unit, share| multiple(unit, share.denominator));
    let mut ends = Vec::new();
    let mut end = 0;
    for index in fixed_order(pool, weights.len()) {
        end += shares[index].numerator * (unit / shares[index].denominator);
        ends.push((index, end));
    }
    let at = |point: u64| ends.iter().find(|(_, end)| point < *end).map(|(index, _)| format!("m{index}"));
    let mut variants: BTreeMap<Set, Ratio> = BTreeMap::new();
    for start in 0..unit {
        let picked: Set = (0..answers as u64).filter_map(|step| at(start + step * unit)).collect();
        let chance = variants.entry(picked).or_insert(Ratio::ZERO);
        *chance = chance.plus(Ratio::new(1, unit));
    }
    variants
}

/// Members `m0`, `m1`, … of a pool by SipHash-2-4 (zero key) of pool ‖ 0 ‖ member.
fn fixed_order(pool: &str, members: usize) -> Vec<usize> {
    let hash = |index: &usize| {
        let mut hasher = SipHasher24::new();
        hasher.write(format!("{pool}\0m{index}").as_bytes());
        hasher.finish()
    };
    let mut order: Vec<usize> = (0..members).collect();
    order.sort_by_key(hash);
    order
}

/// The least common multiple.
fn multiple(one: u64, other: u64) -> u64 {
    one / divisor(one, other) * other
}

fn pool(keys: &str, weights: &[u64], answers: usize) -> World {
    let members: Vec<String> = weights.iter().map(|weight| format!("u{weight}")).collect();
    let world = World::new().pool("A", keys, &members.join(" "));
    world.rule(&format!("name = \"www\"\npools = [\"A\"]\nanswers = {answers}"))
}

/// The shares, first places and variants of a weighted pool are those of the text.
fn check(weights: &[u64], answers: usize) {
    let case = format!("{answers} of {weights:?}");
    let server = pool("", weights, answers).serve();
    let shares = inclusion(weights, answers);
    let sum: u64 = weights.iter().sum();
    for (index, (name, answer, first)) in server.shares("www A").into_iter().enumerate() {
        assert_eq!(name, format!("m{index}"));
        assert_eq!(Ratio::new(answer.0, answer.1), shares[index], "share of {name}: {case}");
        assert_eq!(Ratio::new(first.0, first.1), Ratio::new(weights[index], sum), "first {name}: {case}");
    }
    let variants = server.variants("www A");
    assert!(variants.len() <= weights.len(), "at most n variants: {case}");
    let mut found: BTreeMap<Set, Ratio> = BTreeMap::new();
    for (members, (numerator, denominator)) in variants {
        let chance = found.entry(members.into_iter().collect()).or_insert(Ratio::ZERO);
        *chance = chance.plus(Ratio::new(numerator, denominator));
    }
    assert_eq!(found, madow("A", weights, answers.min(weights.len())), "{case}");
}

#[test]
fn section_3_one_answer_has_probability_w_of_all() {
    for weights in [&[1][..], &[1, 1, 1], &[300, 100], &[5, 4, 3, 2, 1], &[65535, 1], &[7, 11, 13]] {
        check(weights, 1);
    }
}

#[test]
fn section_3_several_answers_are_sampled_systematically() {
    let all: [&[u64]; 7] =
        [&[1, 1, 1], &[3, 1, 1], &[1, 8, 3, 1], &[1, 2, 4, 8], &[5, 4, 3, 2, 1], &[1, 6, 1], &[2, 1, 1]];
    for weights in all {
        for answers in 2..=weights.len() {
            check(weights, answers);
        }
    }
}

#[test]
fn section_3_several_answers_of_random_weights() {
    let mut random = Random::new(3);
    for _ in 0..60 {
        let members = 2 + random.word() % 7;
        let weights: Vec<u64> = (0..members).map(|_| 1 + random.word() % 12).collect();
        check(&weights, 1 + (random.word() % members) as usize);
    }
}

#[test]
fn section_3_more_answers_than_eligible_members_are_all_of_them() {
    check(&[3, 2, 1], 200);
    let world = World::of_pools(&["u3 d2 u1"], "answers = 3").serve();
    assert_eq!(world.shares("www A"), [("m0".into(), (1, 1), (3, 4)), ("m2".into(), (1, 1), (1, 4))]);
}

#[test]
fn section_3_the_rest_of_an_answer_follows_in_rotation() {
    let weights = [5, 4, 3, 2, 1, 1];
    for (keys, answers) in [("", 3), ("", 6), ("pick = \"all\"", 6)] {
        let server = pool(keys, &weights, answers).serve();
        let order: Vec<String> =
            fixed_order("A", weights.len()).iter().map(|index| format!("A{index}")).collect();
        let mut firsts = BTreeSet::new();
        for _ in 0..200 {
            let said = server.said("www A");
            let drawn: Vec<&str> = said.split(' ').collect();
            let mut fixed: Vec<&str> =
                order.iter().map(String::as_str).filter(|name| drawn.contains(name)).collect();
            let start = fixed.iter().position(|name| *name == drawn[0]).unwrap();
            fixed.rotate_left(start);
            assert_eq!(drawn, fixed);
            firsts.insert(drawn[0].to_owned());
        }
        assert_eq!(firsts.len(), weights.len(), "each stands first at times");
    }
}

#[test]
fn section_3_draws_follow_the_shares() {
    let server = pool("", &[1, 6, 1], 2).serve();
    let mut firsts: BTreeMap<String, u32> = BTreeMap::new();
    let draws = 8000;
    for _ in 0..draws {
        let said = server.said("www A");
        *firsts.entry(said.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    // 1000, 6000 and 1000 expected; of one seed, so always the same: within 5 standard deviations.
    for (name, expected) in [("A0", 1000), ("A1", 6000), ("A2", 1000)] {
        assert!(firsts[name].abs_diff(expected) < 5 * 39, "{firsts:?}");
    }
}

#[test]
fn section_3_pick_all_rotates_and_cuts() {
    // Members, answers (0: the default of 8), the share of each.
    for (members, answers, share) in
        [(3, 0, (1, 1)), (8, 0, (1, 1)), (12, 0, (2, 3)), (5, 3, (3, 5)), (5, 1, (1, 5)), (2, 8, (1, 1))]
    {
        let words = vec!["u1"; members].join(" ");
        let rule = if answers == 0 { String::new() } else { format!("answers = {answers}") };
        let world = World::new().pool("A", "pick = \"all\"", &words);
        let server = world.rule(&format!("name = \"www\"\npools = [\"A\"]\n{rule}")).serve();
        let first = (1, members as u64);
        let shares = server.shares("www A");
        assert_eq!(shares.len(), members);
        assert!(shares.iter().all(|(_, answer, at)| (*answer, *at) == (share, first)), "{shares:?}");
        let given = server.said("www A").split(' ').count();
        assert_eq!(given, members.min(if answers == 0 { 8 } else { answers }));
    }
}

#[test]
fn section_3_pick_all_gives_every_eligible_member_whatever_it_weighs() {
    let server = pool("pick = \"all\"", &[9, 1, 1], 8).serve();
    assert!(server.shares("www A").iter().all(|(_, answer, first)| (*answer, *first) == ((1, 1), (1, 3))));
}
