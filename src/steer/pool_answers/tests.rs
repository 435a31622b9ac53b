//! States by `min_healthy`, and which members each set is over.

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::PoolState::{Absent, Dead, Degraded, Healthy};
use super::*;
use crate::steer::testing::{FLIP, pool};
use crate::steer::ttl::NEVER;

const ONE: MinHealthy = MinHealthy::Count(1);

fn compiled(written: &str, pick: Pick, min_healthy: MinHealthy) -> PoolAnswers {
    let (pool, health) = pool(written, pick, min_healthy);
    PoolAnswers::compile(&pool, Content::V4, &health)
}

fn fraction(numerator: u32, denominator: u32) -> MinHealthy {
    MinHealthy::Fraction { numerator, denominator }
}

fn check_state(written: &str, pick: Pick, min_healthy: MinHealthy, expected: PoolState) {
    let state = compiled(written, pick, min_healthy).state;
    assert_eq!(state, expected, "{written} {pick:?} {min_healthy:?}");
}

#[test]
fn a_count_counts_members() {
    for pick in [Pick::Weighted, Pick::All] {
        check_state("u1 d9", pick, ONE, Healthy);
        check_state("u9 u9 d1", pick, MinHealthy::Count(2), Healthy);
        check_state("u9 d1 d1", pick, MinHealthy::Count(2), Degraded);
        check_state("u1 u1", pick, MinHealthy::Count(3), Degraded);
        check_state("d1 D1 F1", pick, ONE, Dead);
        check_state("U1 d1", pick, ONE, Healthy);
        check_state("?1 d1", pick, ONE, Healthy);
        check_state("?1 ?1 u1", pick, MinHealthy::Count(2), Degraded);
        check_state("-1 -1", pick, ONE, Absent);
        check_state("-1 d1", pick, ONE, Dead);
    }
}

#[test]
fn a_fraction_measures_weight_in_weighted_pools_and_members_otherwise() {
    check_state("u9 d1 d1", Pick::Weighted, fraction(2, 3), Healthy);
    check_state("u9 d1 d1", Pick::All, fraction(2, 3), Degraded);
    check_state("u1 u1 d9", Pick::Weighted, fraction(2, 3), Degraded);
    check_state("u1 u1 d9", Pick::All, fraction(2, 3), Healthy);
    check_state("u2 D1 F1 -9", Pick::Weighted, fraction(1, 2), Healthy);
    check_state("u2 D2 F1 -9", Pick::Weighted, fraction(1, 2), Degraded);
}

/// gdnsd's `ceil(0.55 * 100)` is 56.
#[test]
fn fifty_five_percent_of_a_hundred_is_fifty_five() {
    for (up, expected) in [(54, Degraded), (55, Healthy), (56, Healthy)] {
        let written = format!("{} {}", "u1 ".repeat(up), "d1 ".repeat(100 - up));
        for pick in [Pick::Weighted, Pick::All] {
            check_state(&written, pick, fraction(55, 100), expected);
        }
        check_state(&format!("u{up} d{}", 100 - up), Pick::Weighted, fraction(55, 100), expected);
    }
}

#[test]
fn members_of_weight_0_count_on_neither_side_and_make_a_degraded_pool() {
    for pick in [Pick::Weighted, Pick::All] {
        check_state("u1 d0 d0", pick, fraction(1, 1), Healthy);
        check_state("u1 u0", pick, MinHealthy::Count(2), Degraded);
        check_state("d1 u0 u0", pick, ONE, Degraded);
        check_state("u0 u0", pick, ONE, Degraded);
        check_state("u0", pick, fraction(1, 2), Degraded);
        check_state("d1 d0", pick, ONE, Dead);
    }
}

/// Members of a set by index, ascending; empty for no set.
fn members(set: &Option<Arc<AnswerSet>>) -> Vec<usize> {
    set.iter().flat_map(|set| set.shares()).map(|share| share.member).collect()
}

fn check_sets(written: &str, eligible: &[usize], undrained: &[usize], drained: &[usize]) {
    let answers = compiled(written, Pick::Weighted, ONE);
    let [sets] = &answers.sets[..] else { panic!("one number of answers, one set of sets") };
    let seen = [&sets.eligible, &sets.undrained, &sets.drained].map(members);
    assert_eq!(seen, [eligible, undrained, drained], "{written}");
}

#[test]
fn sets_are_over_the_members_of_semantics_4() {
    check_sets("u1 d1 D1 F1 U1 -1", &[0, 4], &[0, 1, 4], &[2]);
    check_sets("d1 d0 D1 D0", &[], &[0], &[2]);
    check_sets("d1 u0 u0", &[1, 2], &[0], &[]);
    check_sets("D0 D0 F1", &[], &[], &[0, 1]);
    check_sets("F1 -1", &[], &[], &[]);
    check_sets("-1", &[], &[], &[]);
    check_sets("?1 ?1", &[0, 1], &[0, 1], &[]);
    check_sets("?1 u1", &[1], &[0, 1], &[]);
}

#[test]
fn reserve_members_share_equally() {
    let answers = compiled("d5 u0 u0", Pick::Weighted, ONE);
    let shares = answers.sets[0].eligible.as_ref().unwrap().shares();
    assert_eq!(shares.iter().map(|share| share.first).collect::<Vec<_>>(), [(1, 2), (1, 2)]);
}

#[test]
fn there_are_sets_for_each_number_of_answers_and_equal_ones_are_shared() {
    let (mut pool, health) = pool("u1 u1 u1 D1", Pick::Weighted, ONE);
    pool.answers = vec![1, 2, 8];
    let answers = PoolAnswers::compile(&pool, Content::V4, &health);
    let widths = answers.sets.iter().map(|sets| sets.eligible.as_ref().unwrap().draw(0).member_count());
    assert_eq!(widths.collect::<Vec<_>>(), [1, 2, 3]);
    for sets in &answers.sets {
        assert!(Arc::ptr_eq(sets.eligible.as_ref().unwrap(), sets.undrained.as_ref().unwrap()));
    }
    pool.members.iter_mut().for_each(|member| member.ipv6 = None);
    let absent = PoolAnswers::compile(&pool, Content::V6, &health);
    assert_eq!((absent.state, absent.sets.len()), (Absent, 3));
}

#[test]
fn the_cell_starts_with_the_soonest_flip_of_the_family() {
    let cell = |written| compiled(written, Pick::Weighted, ONE).soonest_flip.into_inner();
    assert_eq!(cell("u1 d1"), FLIP);
    assert_eq!(cell("u1 ?1"), 0);
    assert_eq!(cell("m1 U1 D1 F1"), NEVER);
    assert_eq!(cell("-1"), NEVER);
}

proptest! {
    #[test]
    fn compile_is_a_function_of_pool_and_health(written in "([udDFUm?-][0-3] ){1,8}", answers in 1u16..5) {
        let (mut pool, health) = pool(&written, Pick::Weighted, ONE);
        pool.answers = vec![answers];
        for content in [Content::V4, Content::V6] {
            let [one, other] = [(); 2].map(|()| PoolAnswers::compile(&pool, content, &health));
            prop_assert_eq!((one.state, &one.sets), (other.state, &other.sets));
            let [one, other] = [one, other].map(|answers| answers.soonest_flip.load(Ordering::Relaxed));
            prop_assert_eq!(one, other);
            prop_assert_eq!(one, PoolAnswers::soonest_flip_of(&pool, content, &health));
        }
    }
}
