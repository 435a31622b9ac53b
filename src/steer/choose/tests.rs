//! The tables of semantics §4, and a model of them written from the letters that members are made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::geo::SiteId;
use crate::steer::Content;
use crate::steer::candidates::Candidates;
use crate::steer::eligibility::TargetHealth;
use crate::steer::pool::{MinHealthy, Pick};
use crate::steer::slot::Slot;
use crate::steer::standing::Stand;
use crate::steer::testing::pool;

const MIN_TTL: u32 = 5;
const MAX_TTL: u32 = 3600;

/// Seconds in which members of the pool number `index` flip; the first pool's flip last.
fn flip_of(index: usize) -> u32 {
    100 - 10 * index as u32
}

/// Pools written as for [`pool`], each flipping after its [`flip_of`].
fn pools(written: &[&str], min_healthy: u32) -> Vec<PoolAnswers> {
    let compile = |(index, written): (usize, &&str)| {
        let (pool, health) = pool(written, Pick::Weighted, MinHealthy::Count(min_healthy));
        PoolAnswers::compile(&pool, Content::V4, &|target| {
            let TargetHealth { state, soonest_flip } = health(target);
            TargetHealth { state, soonest_flip: if soonest_flip == 0 { 0 } else { flip_of(index) } }
        })
    };
    written.iter().enumerate().map(compile).collect()
}

/// A rule without a map over the first `count` pools.
fn rule(count: usize, all_down: AllDown) -> Rule {
    let pool_use = |index| PoolUse { pool: PoolId(index), set: 0 };
    Rule {
        content: Content::V4,
        pools: (0..count as u32).map(pool_use).collect(),
        map: None,
        candidates: Arc::new(Candidates::written_order(count)),
        all_down,
        trickle: None,
        empty: Empty::Default,
        min_ttl: MIN_TTL,
        max_ttl: MAX_TTL,
    }
}

fn pool_named(index: u32) -> AllDown {
    AllDown::Pool(PoolUse { pool: PoolId(index), set: 0 })
}

/// What was given: the pool's letter with the members' indices, `default` or `nodata`.
fn spoken(given: &Given<'_>) -> String {
    match given {
        Given::Apart(_) => panic!("nothing here looks at the client"),
        Given::Set(pool, set) => {
            let members: String = set.shares().iter().map(|share| share.member.to_string()).collect();
            format!("{}{members}", ["A", "B", "C", "D"][pool.0 as usize])
        }
        Given::DefaultRrset => "default".to_owned(),
        Given::NoData => "nodata".to_owned(),
    }
}

fn check(rule: &Rule, class: u16, pools: &[PoolAnswers], expected: (&str, Reason, u32)) {
    let choice =
        choose(rule, ClassId(class), |_| panic!("no rule has a trickle"), |pool| &pools[pool.0 as usize]);
    assert_eq!((spoken(&choice.given).as_str(), choice.reason, choice.ttl), expected);
    let at_a_glance = choose_at_a_glance(rule, ClassId(class), |pool| &pools[pool.0 as usize]);
    match at_a_glance {
        Some((pool, set, ttl)) => {
            assert_eq!((spoken(&Given::Set(pool, set)).as_str(), Reason::Healthy, ttl), expected);
        }
        None => {
            let first = rule.pools.get(rule.candidates.first_of(ClassId(class)));
            let is_healthy = |first: &PoolUse| pools[first.pool.0 as usize].glance == Glance::Healthy;
            assert!(!first.is_some_and(is_healthy), "a glance is enough");
        }
    }
}

#[test]
fn truth_table_of_semantics_4_4() {
    let table = [
        ("u", "u", "A0", Reason::Healthy),
        ("d", "u", "B0", Reason::Healthy),
        ("D", "u", "B0", Reason::Healthy),
        ("F", "u", "B0", Reason::Healthy),
        ("d", "d", "A0", Reason::AllDown),
        ("D", "d", "B0", Reason::AllDown),
        ("F", "d", "B0", Reason::AllDown),
        ("D", "D", "A0", Reason::AllDownDrained),
        ("F", "D", "B0", Reason::AllDownDrained),
        ("F", "F", "default", Reason::NothingLeft),
    ];
    for (a, b, given, reason) in table {
        let pools = pools(&[&format!("{a}1"), &format!("{b}1")], 1);
        let choice = choose(
            &rule(2, AllDown::All),
            ClassId(0),
            |_| panic!("no rule has a trickle"),
            |pool| &pools[pool.0 as usize],
        );
        assert_eq!((spoken(&choice.given).as_str(), choice.reason), (given, reason), "{a}{b}");
    }
}

#[test]
fn all_down_in_its_four_forms() {
    let dead = pools(&["d1 D1", "d1", "F1 u1 d1", "D1"], 1);
    check(&rule(2, AllDown::All), 0, &dead, ("A0", Reason::AllDown, 90));
    check(&rule(2, AllDown::Default), 0, &dead, ("default", Reason::AllDownDefault, 90));
    check(&rule(2, AllDown::None), 0, &dead, ("nodata", Reason::AllDownNone, 90));
    check(&rule(2, pool_named(2)), 0, &dead, ("C12", Reason::AllDownPool, 90));
    check(&rule(2, pool_named(3)), 0, &dead, ("default", Reason::NothingLeft, 90));
}

#[test]
fn a_degraded_pool_comes_before_all_down_and_after_every_healthy_one() {
    let pools = pools(&["d1 d1", "u1 d1", "u1 u1"], 2);
    check(&rule(3, AllDown::None), 0, &pools, ("C01", Reason::Healthy, 80));
    check(&rule(2, AllDown::None), 0, &pools, ("B0", Reason::Degraded, 90));
    check(&rule(2, pool_named(2)), 0, &pools, ("B0", Reason::Degraded, 90));
}

#[test]
fn suspects_come_after_every_eligible_member_and_before_all_down() {
    let suspects = pools(&["s1 s1 d1", "d1 u1", "u1 s1", "d1 s0 s1"], 2);
    check(&rule(1, AllDown::None), 0, &suspects, ("A01", Reason::Suspect, 100));
    check(&rule(2, AllDown::None), 0, &suspects, ("B1", Reason::Degraded, 90));
    check(&rule(3, AllDown::All), 0, &suspects, ("B1", Reason::Degraded, 80));
    let dead = pools(&["d1 D1", "d1 s0 s1", "s1"], 1);
    check(&rule(3, AllDown::All), 0, &dead, ("B2", Reason::Suspect, 80));
    check(
        &rule(1, AllDown::Pool(PoolUse { pool: PoolId(2), set: 0 })),
        0,
        &dead,
        ("C0", Reason::AllDownPool, 100),
    );
}

#[test]
fn a_planned_change_shrinks_the_ttl_below_its_minimum() {
    let planned = |written: &[&str], at: usize, seconds: u32| {
        let stand = |index| if index == at { seconds } else { NEVER };
        let pools = pools(written, 1).into_iter().enumerate();
        let stand = |index| Stand { pool: None, planned_change: stand(index) };
        pools.map(|(index, answers)| answers.standing(stand(index))).collect::<Vec<_>>()
    };
    let two = rule(2, AllDown::All);
    // Of the candidate that answers, of one before it, of one behind it.
    check(&two, 0, &planned(&["u1", "u1"], 0, 40), ("A0", Reason::Healthy, 40));
    check(&two, 0, &planned(&["u1", "u1"], 0, MIN_TTL - 1), ("A0", Reason::Healthy, MIN_TTL - 1));
    check(&two, 0, &planned(&["u1", "u1"], 0, 0), ("A0", Reason::Healthy, 1));
    check(&two, 0, &planned(&["u1", "u1"], 0, 1000), ("A0", Reason::Healthy, 100));
    check(&two, 0, &planned(&["D1", "u1"], 0, 7), ("B0", Reason::Healthy, 7));
    check(&two, 0, &planned(&["u1", "u1"], 1, 7), ("A0", Reason::Healthy, 100));
    check(&two, 0, &planned(&["d1", "u1"], 1, 7), ("B0", Reason::Healthy, 7));
    check(&two, 0, &planned(&["d1", "d1"], 1, 7), ("A0", Reason::AllDown, 7));
    check(&rule(1, AllDown::None), 0, &planned(&["-1"], 0, 7), ("nodata", Reason::AllDownNone, 7));
}

#[test]
fn a_pool_without_the_family_is_no_candidate() {
    let mixed = pools(&["-1", "u1"], 1);
    check(&rule(2, AllDown::All), 0, &mixed, ("B0", Reason::Healthy, 90));
    check(&rule(1, AllDown::All), 0, &mixed, ("default", Reason::NothingLeft, MAX_TTL));
    check(&rule(1, AllDown::None), 0, &mixed, ("nodata", Reason::AllDownNone, MAX_TTL));
    check(&rule(1, AllDown::Default), 0, &mixed, ("default", Reason::AllDownDefault, MAX_TTL));
    check(&rule(1, pool_named(1)), 0, &mixed, ("B0", Reason::AllDownPool, MAX_TTL));
    check(&rule(1, pool_named(0)), 0, &mixed, ("default", Reason::NothingLeft, MAX_TTL));
}

#[test]
fn an_empty_list_wins_over_fence_and_all_down() {
    let classes = [Box::from([]), Box::from([SiteId(7)]), Box::from([SiteId(1)])];
    let pools = pools(&["u1", "u1"], 1);
    for all_down in [AllDown::All, AllDown::None, AllDown::Default, pool_named(0)] {
        let mut rule = rule(2, all_down);
        rule.map = Some(0);
        rule.candidates = Arc::new(Candidates::compile(&classes, &[SiteId(0), SiteId(1)], true));
        check(&rule, 0, &pools, ("default", Reason::EmptyDefault, MAX_TTL));
        check(&rule, 2, &pools, ("B0", Reason::Healthy, 90));
        rule.empty = Empty::NoData;
        check(&rule, 0, &pools, ("nodata", Reason::EmptyNoData, MAX_TTL));
        let fenced_out = match all_down {
            AllDown::All => ("default", Reason::NothingLeft, MAX_TTL),
            AllDown::None => ("nodata", Reason::AllDownNone, MAX_TTL),
            AllDown::Default => ("default", Reason::AllDownDefault, MAX_TTL),
            AllDown::Pool(_) => ("A0", Reason::AllDownPool, MAX_TTL),
        };
        check(&rule, 1, &pools, fenced_out);
    }
}

#[test]
fn the_ttl_looks_at_every_candidate_up_to_the_one_that_answers() {
    let cases = [
        // pools, TTL, seconds to the soonest flip
        (["u1", "u1"], 100, 100),
        (["d1", "u1"], 90, 90),
        (["d1", "m1"], 100, 100),
        (["m1", "u1"], MAX_TTL, NEVER),
        (["?1", "u1"], MIN_TTL, 0),
        (["D1", "U1"], MAX_TTL, NEVER),
        (["d1", "d1"], 90, 90),
        (["F1", "F1"], MAX_TTL, NEVER),
    ];
    for (written, ttl, soonest_flip) in cases {
        let pools = pools(&written, 1);
        let choice = choose(
            &rule(2, AllDown::All),
            ClassId(0),
            |_| panic!("no rule has a trickle"),
            |pool| &pools[pool.0 as usize],
        );
        assert_eq!((choice.ttl, choice.soonest_flip), (ttl, soonest_flip), "{written:?}");
    }
}

#[test]
fn the_ttl_follows_the_cell_without_a_new_set() {
    let pools = pools(&["u1"], 1);
    for seconds in [24, 16, 8, 0, NEVER] {
        pools[0].soonest_flip.store(seconds, Ordering::Relaxed);
        check(&rule(1, AllDown::All), 0, &pools, ("A0", Reason::Healthy, seconds.clamp(MIN_TTL, MAX_TTL)));
    }
}

/// Which of the healthy candidates answers a network on either side of a trickle, with its TTL, and whether the answer
/// depends on the network.
#[test]
fn a_trickle_goes_to_the_next_healthy_candidate() {
    let cases = [
        // pools; inside of the trickle, TTL; outside, TTL; depends on the network
        (["u1", "u1", "u1"], ("B", 90), ("A", 100), true),
        (["d1", "u1", "u1"], ("C", 80), ("B", 90), true),
        (["u1", "d1", "u1"], ("C", 80), ("A", 100), true),
        // Nowhere to go yet: all are looked at.
        (["u1", "d1", "d1"], ("A", 80), ("A", 80), false),
        (["d1", "d1", "u1"], ("C", 80), ("C", 80), false),
        (["d1", "d1", "d1"], ("A", 80), ("A", 80), false),
    ];
    for (written, inside, outside, depends) in cases {
        let pools = pools(&written, 1);
        let mut rule = rule(3, AllDown::All);
        rule.trickle = Trickle::part(2, 100);
        rule.pools.iter_mut().for_each(|each| each.set |= PoolUse::TRICKLE);
        for (trickled, (pool, ttl)) in [(true, inside), (false, outside)] {
            let choice = choose(&rule, ClassId(0), |_| trickled, |pool| &pools[pool.0 as usize]);
            let letter = ["A", "B", "C"][choice.given.pool().unwrap().0 as usize];
            let prefix = match choice.given {
                Given::Apart(apart) => apart.prefix,
                _ => None,
            };
            assert_eq!(
                (letter, choice.ttl, prefix.is_some()),
                (pool, ttl, depends),
                "{written:?} {trickled}"
            );
        }
    }
}

#[test]
fn a_trickle_is_rounded_to_slots() {
    let slots = |numerator, denominator| Trickle::part(numerator, denominator).map(Trickle::slots);
    assert_eq!(slots(2, 100), Some(82));
    assert_eq!(slots(1, 4096), Some(1));
    assert_eq!(slots(1, 8192), Some(1), "a half goes up");
    assert_eq!(slots(1, 8193), None);
    assert_eq!(slots(4095, 4096), Some(4095));
    assert_eq!(slots(1, 1), None);
    let trickle = Trickle::part(2, 100).unwrap();
    assert_eq!(Slot::all().filter(|&slot| trickle.takes(slot)).count(), 82);
}

#[test]
fn every_reason_has_a_label_of_its_own() {
    let labels: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.label()).collect();
    assert_eq!(labels.len(), Reason::ALL.len());
}

/// One pool as the model sees it: letter and weight of each member.
struct Model {
    members: Vec<(char, u32)>,
    min_healthy: usize,
    flip: u32,
}

impl Model {
    fn new(index: usize, written: &str, min_healthy: u32) -> Model {
        let member = |word: &str| (word.chars().next().unwrap(), word[1..].parse().unwrap());
        let members = written.split_whitespace().map(member).collect();
        Model { members, min_healthy: min_healthy as usize, flip: flip_of(index) }
    }

    /// The members whose letter is one of `letters`, those of weight 0 only when there is no other.
    fn with(&self, letters: &str) -> Vec<usize> {
        let some = |reserve: bool| -> Vec<usize> {
            let fits = |&index: &usize| {
                let (letter, weight) = self.members[index];
                letters.contains(letter) && (weight == 0) == reserve
            };
            (0..self.members.len()).filter(fits).collect()
        };
        if some(false).is_empty() { some(true) } else { some(false) }
    }

    fn eligible(&self) -> Vec<usize> {
        let known = self.with("umU");
        if known.is_empty() { self.with("?") } else { known }
    }

    fn is_healthy(&self) -> bool {
        let eligible = self.eligible();
        eligible.iter().filter(|&&index| self.members[index].1 > 0).count() >= self.min_healthy
    }

    fn soonest_flip(&self) -> u32 {
        let flip = |&(letter, _): &(char, u32)| match letter {
            '?' => 0,
            'u' | 'd' | 's' => self.flip,
            _ => NEVER,
        };
        self.members.iter().map(flip).min().unwrap()
    }
}

/// What semantics §4 says, over the candidates in written order.
fn choose_by_model(pools: &[Model], candidates: usize, all_down: AllDown) -> (String, Reason, u32) {
    let tried = &pools[..candidates];
    let healthy = tried.iter().position(Model::is_healthy);
    let looked_at = healthy.map_or(tried, |index| &tried[..=index]);
    let flip = looked_at.iter().map(Model::soonest_flip).min().unwrap_or(NEVER);
    let named = |index: usize, members: Vec<usize>| {
        let members: String = members.iter().map(ToString::to_string).collect();
        format!("{}{members}", ["A", "B", "C", "D"][index])
    };
    let first = |which: &dyn Fn(&Model) -> Vec<usize>| {
        let found = tried.iter().map(which).enumerate().find(|(_, members)| !members.is_empty());
        found.map(|(index, members)| named(index, members))
    };
    let undrained = |model: &Model| model.with("ud?mUsaA");
    let drained = |model: &Model| model.with("D");
    if let Some(index) = healthy {
        return (named(index, pools[index].eligible()), Reason::Healthy, flip);
    }
    if let Some(given) = first(&Model::eligible) {
        return (given, Reason::Degraded, flip);
    }
    if let Some(given) = first(&|model: &Model| model.with("s")) {
        return (given, Reason::Suspect, flip);
    }
    let (given, reason) = match all_down {
        AllDown::Default => (Some("default".to_owned()), Reason::AllDownDefault),
        AllDown::None => (Some("nodata".to_owned()), Reason::AllDownNone),
        AllDown::Pool(PoolUse { pool: PoolId(index), .. }) => {
            let members = undrained(&pools[index as usize]);
            ((!members.is_empty()).then(|| named(index as usize, members)), Reason::AllDownPool)
        }
        AllDown::All => match first(&undrained) {
            Some(given) => (Some(given), Reason::AllDown),
            None => (first(&drained), Reason::AllDownDrained),
        },
    };
    given.map_or(("default".to_owned(), Reason::NothingLeft, flip), |given| (given, reason, flip))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn choosing_follows_the_model(
        written in prop::collection::vec("([udDF?mUsaA-][0-2] |[dDFsa-][0-1] ){1,3}", 1..=4),
        candidates in 0usize..=4,
        min_healthy in 1u32..3,
        all_down in 0u32..7,
    ) {
        let candidates = candidates.min(written.len());
        let all_down = match all_down {
            0 => AllDown::All,
            1 => AllDown::Default,
            2 => AllDown::None,
            named => pool_named((named - 3).min(written.len() as u32 - 1)),
        };
        let written: Vec<&str> = written.iter().map(String::as_str).collect();
        let models: Vec<_> =
            written.iter().enumerate().map(|(index, pool)| Model::new(index, pool, min_healthy)).collect();
        let expected = choose_by_model(&models, candidates, all_down);
        let pools = pools(&written, min_healthy);
        let choice = choose(&rule(candidates, all_down), ClassId(0), |_| panic!("no rule has a trickle"), |pool| &pools[pool.0 as usize]);
        prop_assert_eq!((spoken(&choice.given), choice.reason, choice.soonest_flip), expected);
    }
}
