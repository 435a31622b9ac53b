//! What makes pools alike, and that it is all that their answers follow from.

use std::num::NonZeroU32;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;
use crate::health::State;
use crate::schedule::{Days, Hours, Zone};
use crate::steer::eligibility::TargetHealth;
use crate::steer::pool_answers::PoolAnswers;
use crate::steer::slot::HashPrefix;
use crate::steer::testing::pool;
use crate::steer::turnover::Turnover;
use crate::steer::will::{ScheduleLine, Will};
use crate::wire::Content;

/// A pool of three members, and what is changed in a second one.
fn check(is_alike: bool, change: impl FnOnce(&mut Pool)) {
    let (one, _) = pool("u3 u2 u1", Pick::Weighted, MinHealthy::Count(1));
    let mut other = one.clone();
    change(&mut other);
    let alike = Alike::of(&[one, other.clone()]);
    assert_eq!(alike.before(PoolId(0)), None);
    assert_eq!(alike.before(PoolId(1)), is_alike.then_some(PoolId(0)), "{other:?}");
}

fn scheduled(admin: AdminState) -> Arc<Will> {
    let hours = Hours::new(Days::ALL, 0, 60, Zone::named("UTC").unwrap()).unwrap();
    let schedule = vec![ScheduleLine { hours, weight: None, admin: Some(admin) }];
    Arc::new(Will { schedule, ..Will::default() })
}

#[test]
fn what_answers_do_not_show_makes_no_difference() {
    check(true, |_| {});
    check(true, |pool| pool.site = Some(crate::geo::SiteId(7)));
    check(true, |pool| pool.outer = vec![PoolId(9)]);
    check(true, |pool| pool.hash_prefix = HashPrefix { ipv4: 8, ipv6: 8 });
    check(true, |pool| pool.members[0].watched = vec![TargetId(9)]);
    check(true, |pool| pool.wills = vec![Arc::new(Will::default())]);
}

#[test]
fn what_answers_follow_from_tells_pools_apart() {
    check(false, |pool| pool.kind = PoolKind::Records(16));
    check(false, |pool| pool.pick = Pick::All);
    check(false, |pool| pool.min_healthy = MinHealthy::Count(2));
    check(false, |pool| pool.weight_unit = 2);
    check(false, |pool| pool.answers = vec![1, 2]);
    check(false, |pool| drop(pool.members.pop()));
    check(false, |pool| pool.inner = vec![Inner { pool: PoolId(7), weight: 1 }]);
    check(false, |pool| pool.members.swap(0, 1));
    check(false, |pool| pool.members[0].group = Some("rack".to_owned()));
    check(false, |pool| pool.members[0].weight = 9);
    check(false, |pool| pool.members[0].admin = AdminState::Drained);
    check(false, |pool| pool.members[0].ipv4 = None);
    check(false, |pool| pool.members[0].ipv6 = None);
    check(false, |pool| pool.members[0].data = vec![[1].into()]);
    check(false, |pool| pool.members[0].targets[0] = vec![]);
    check(false, |pool| pool.members[0].targets[1] = vec![TargetId(0)]);
    check(false, |pool| pool.members[0].require = Require::AtLeast(1));
    check(false, |pool| pool.members[0].holds[2] = Hold::Suspect);
    check(false, |pool| pool.members[0].slow_start = Some(SlowStart { step: 1, full_weight: 3 }));
}

#[test]
fn pools_that_more_than_health_changes_go_each_its_own_way() {
    let slow = Turnover { slow_start: NonZeroU32::new(9), ..Turnover::default() };
    let changes: [fn(&mut Pool, Turnover); 4] = [
        |pool, slow| pool.turnover = slow,
        |pool, _| pool.pick = Pick::Hash,
        |pool, _| pool.wills = vec![scheduled(AdminState::Drained)],
        |pool, _| pool.members[1].will = Some(scheduled(AdminState::Drained)),
    ];
    for change in changes {
        let (mut pool, _) = pool("u3 u2 u1", Pick::Weighted, MinHealthy::Count(1));
        change(&mut pool, slow);
        assert_eq!(Alike::of(&[pool.clone(), pool]).before(PoolId(1)), None);
    }
}

/// Names make the fixed order and nothing else.
#[test]
fn pools_of_other_names_are_alike_where_the_fixed_order_is_the_same() {
    let named = |number: u32| {
        let (pool, _) = pool("u3 u2 u1", Pick::Weighted, MinHealthy::Count(1));
        Pool { name: format!("pool-{number}"), ..pool }
    };
    let pools: Vec<Pool> = (0..100).map(named).collect();
    let alike = Alike::of(&pools);
    let before = |number: u32| alike.before(PoolId(number)).map_or(number, |before| before.0);
    for number in 0..100 {
        let same = (0..100).find(|&other| fixed_order(&pools[other]) == fixed_order(&pools[number as usize]));
        assert_eq!(Some(before(number) as usize), same);
    }
    assert_eq!((0..100).filter(|&number| before(number) == number).count(), 6, "orders of three");
}

proptest! {
    #[test]
    fn alike_pools_answer_alike(
        written in "([ud?DFUm-][0-3] ){1,4}",
        pick in prop_oneof![Just(Pick::Weighted), Just(Pick::All)],
        states in prop::collection::vec(0usize..3, 4),
        names in prop::collection::vec("[a-z]{1,3}", 2..6),
    ) {
        let (first, _) = pool(&written, pick, MinHealthy::Count(1));
        let pools: Vec<Pool> = names.iter().map(|name| Pool { name: name.clone(), ..first.clone() }).collect();
        let alike = Alike::of(&pools);
        let health = |target: TargetId| TargetHealth {
            state: [State::Up, State::Down, State::Unknown][states[target.0 as usize]],
            soonest_flip: target.0,
        };
        for content in Content::ALL {
            let answers: Vec<PoolAnswers> =
                pools.iter().map(|pool| PoolAnswers::compile(pool, content, &health)).collect();
            for (number, answers_of) in (0..).zip(&answers) {
                let before = alike.before(PoolId(number)).map_or(number, |before| before.0);
                let others = &answers[before as usize];
                prop_assert_eq!(&answers_of.sets, &others.sets);
                prop_assert_eq!(answers_of.state, others.state);
                let flip = |answers: &PoolAnswers| answers.soonest_flip.load(Ordering::Relaxed);
                prop_assert_eq!(flip(answers_of), flip(others));
            }
        }
    }
}
