//! What an assertion may take: work is counted before it is done, and little is kept from one to the next.

use std::fmt::Write as _;
use std::sync::Arc;

use super::world::{FROM, configuration, loaded, pool};
use crate::explain::prove::scene::Scene;
use crate::explain::prove::scenery::Scenery;
use crate::explain::prove::search::search;
use crate::explain::prove::situation::Situation;
use crate::explain::prove::vector::Budget;
use crate::explain::prove::{Assertion, Claim, Demand, Failure, HealthVector, Verdict, WORK_MAX, prove};
use crate::geo::ClassId;
use crate::steer::PoolId;
use crate::wire::Content;

#[test]
fn sets_of_lost_sites_are_counted_before_they_are_made() {
    const SITES: u16 = 256;
    let (mut maps, mut steering, mut names) = (String::new(), String::new(), Vec::new());
    for site in 0..SITES {
        let _ = writeln!(maps, "[site.s{site}]");
        let address = format!("192.0.{}.{}", 3 + site / 200, 1 + site % 200);
        let _ = writeln!(
            steering,
            "[pool.p{site}]\nsite = \"s{site}\"\nmonitor = \"web\"\nmembers = [{{ name = \"m\", address = \"{address}\" }}]"
        );
        names.push(format!("\"p{site}\""));
    }
    let _ = writeln!(steering, "[[steer]]\nname = \"www\"\npools = [{}]", names.join(", "));
    let configuration = loaded(&maps, &steering);
    let verdict = |at_most: u32| {
        let claim = Claim::Load { lost: 4, at_most };
        let demand = Demand { capacity: vec![Some(80); SITES.into()], elsewhere: 80, ..Demand::default() };
        let assertion = Assertion { claim, rules: vec![0], failures: 0, starts: false };
        prove(&configuration, &[assertion], Some(&demand), FROM).remove(0)
    };
    assert_eq!(verdict(100), Verdict::TooLarge);
    // What a few lost sites refute is not too large.
    assert!(matches!(verdict(99), Verdict::Refuted(found) if found.down.sites.is_empty()));
}

#[test]
fn a_search_pays_for_the_states_that_it_puts_in() {
    let configuration = configuration(&[pool(20..28, ""), pool([12], ""), pool([13], "")], "");
    let scenery = Scenery::new(&configuration);
    let scene = Scene::new(&scenery, 0, FROM).ok().unwrap();
    let class = configuration.maps[0].table.place(&[1, 0, 0, 0].into()).class;
    let budget = Budget { sites: 0, failures: 1, starts: false };
    let finishes_with = |class: ClassId, left: u64| {
        scenery.begin();
        assert!(scenery.spend(WORK_MAX - left).is_ok());
        search::<()>(&scene, class, budget, &mut 0, |_| None).is_ok()
    };
    // Pools are compiled the first time only. Then: everything up, eight failures, and each put in once.
    assert!(finishes_with(class, WORK_MAX));
    assert!(finishes_with(class, 9 + 8));
    assert!(!finishes_with(class, 9 + 7));
}

#[test]
fn few_compiled_pools_are_kept_for_the_next_assertion() {
    const MEMBERS: u8 = 13;
    let configuration = configuration(&[pool(20..20 + MEMBERS, ""), pool([12], ""), pool([13], "")], "");
    let scenery = Scenery::new(&configuration);
    let answers = |failing: u32| {
        let failures = (0..MEMBERS).filter(|member| failing >> member & 1 == 1);
        let failures = failures.map(|member| Failure::Address([192, 0, 2, 20 + member].into())).collect();
        let vector = HealthVector { failures, ..HealthVector::default() };
        Situation::new(&scenery, &vector).answers(PoolId(0), Content::V4)
    };
    let first = answers(0);
    scenery.begin();
    assert!(Arc::ptr_eq(&first, &answers(0)), "few are kept");
    (0..1 << MEMBERS).for_each(|failing| drop(answers(failing)));
    scenery.begin();
    assert!(!Arc::ptr_eq(&first, &answers(0)), "many are not");
}
