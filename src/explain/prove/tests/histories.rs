//! What a running server may come to: panic limits depend on the order in which members fail, and on how fast.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::world::{FROM, Now, Outage, PoolText, configuration, pool};
use super::{claims, clients_of, holds_now, is_proven, refuting, rules};
use crate::explain::prove::Claim;
use crate::explain::prove::scene::Scene;
use crate::explain::prove::scenery::Scenery;
use crate::explain::prove::steps::may_exceed_its_panic_limit;
use crate::explain::prove::vector::Budget;
use crate::geo::SiteId;
use crate::health::{Hold, TargetId};
use crate::steer::PoolId;

const PANIC: &str = "panic = { remove_at_most = \"20 %\", within = \"1m\" }";

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    /// This outage takes the place of the one before (by its number among all), a member after the other after so many
    /// seconds, in an order that the number says.
    Outage(prop::sample::Index, u64, u64),
    /// An operator accepts that the members of the pool are gone.
    Accept(u32),
    /// An operator resumes all members of a pool.
    Resume(u32),
}

fn event() -> impl Strategy<Value = Event> {
    let outage = (any::<prop::sample::Index>(), prop::sample::select(vec![0, 1, 61]), any::<u64>());
    prop_oneof![
        5 => outage.prop_map(|(index, each, order)| Event::Outage(index, each, order)),
        1 => (0..3_u32).prop_map(Event::Accept),
        1 => (0..3_u32).prop_map(Event::Resume),
    ]
}

impl Event {
    fn happen(&self, now: &mut Now<'_>, outages: &[Outage]) {
        let configuration = now.configuration;
        let turnover = |pool: PoolId| configuration.pools[pool.0 as usize].turnover;
        match *self {
            Event::Outage(index, each, order) => {
                let mixed = |pool: PoolId, member: usize| {
                    (u64::from(pool.0) * 31 + member as u64 + 1).wrapping_mul(order | 1).rotate_left(17)
                };
                now.bring(index.get(outages).clone(), each, mixed);
            }
            Event::Accept(pool) => {
                let seats = now.seats.get_mut(&PoolId(pool)).unwrap();
                seats.accept(&turnover(PoolId(pool)));
            }
            Event::Resume(pool) => {
                let members = configuration.pools[pool as usize].members.len();
                let seats = now.seats.get_mut(&PoolId(pool)).unwrap();
                for member in 0..members {
                    seats.resume(&turnover(PoolId(pool)), member, now.moment);
                }
            }
        }
    }
}

/// Whether one outage could be behind all that is down and all that awaits to be resumed.
fn is_within_budget(now: &Now<'_>, outages: &[Outage]) -> bool {
    let configuration = now.configuration;
    let awaiting = now.seats.iter().flat_map(|(&id, seats)| seats.held().map(move |held| (id, held)));
    let awaiting = awaiting.filter(|(_, (_, hold))| *hold == Hold::AwaitsResume);
    let targets: Vec<TargetId> = awaiting
        .flat_map(|(id, (member, _))| &configuration.pools[id.0 as usize].members[member].targets[0])
        .copied()
        .collect();
    let is_behind = |outage: &&Outage| {
        now.outage.is_within(outage) && targets.iter().all(|&target| outage.has(configuration, target))
    };
    outages.iter().any(|outage| is_behind(&outage))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_is_proven_holds_whatever_happens(
        drained in 0..10_usize,
        lines in prop::collection::vec(prop::sample::select(vec!["", "manual_resume = true", PANIC]), 3..=3),
        shared in any::<bool>(),
        rule in rules(),
        claim in claims(),
        failures in 0_u8..3,
        events in prop::collection::vec(event(), 1..24),
    ) {
        let mut fra = pool(10..20, &format!("{PANIC}\n{}", lines[0].replace(PANIC, "")));
        fra.members.iter_mut().take(drained).for_each(|member| member.keys = ", admin = \"drained\"".to_owned());
        let iad = pool(if shared { 18..20 } else { 20..22 }, &lines[1].replace(PANIC, ""));
        let sin: PoolText = pool([30], &lines[2].replace(PANIC, ""));
        let configuration = Arc::new(configuration(&[fra, iad, sin], rule));
        if is_proven(&configuration, &claim, failures, false) {
            let outages = Outage::all(&configuration, claim.sites_lost(), failures);
            let mut now = Now::new(&configuration, FROM);
            for event in &events {
                event.happen(&mut now, &outages);
                if !is_within_budget(&now, &outages) {
                    continue;
                }
                prop_assert!(holds_now(&now, &claim), "{:?}: {:?} {:?}", claim, now.outage, now.seats);
            }
        }
    }
}

/// Clients of 45.0.0.0/8 have iad alone, and the pool of another site when it is lost.
#[test]
fn suspect_members_go_before_another_pool() {
    let world = |lines: &str| {
        let pools = [pool([30], ""), pool(10..20, lines), pool([31], "")];
        let rule = "fence = true\nall_down = { pool = \"sin\" }";
        Arc::new(configuration(&pools, rule))
    };
    let claim = Claim::Survives(clients_of(45), 1);
    assert!(is_proven(&world(""), &claim, 0, true));
    assert!(is_proven(&world("panic = { remove_at_most = \"100 %\", within = \"1m\" }"), &claim, 0, true));
    let configuration = world(PANIC);
    let found = refuting(&configuration, &claim, 0);
    assert_eq!(found.suspect, BTreeSet::from([PoolId(1)]));
    assert_eq!(found.sites, BTreeSet::from([SiteId(1)]));
    // Slowly they all go, at once they become suspect.
    for (each, holds) in [(31, true), (1, false)] {
        let mut now = Now::new(&configuration, FROM);
        now.bring(Outage { sites: found.sites.clone(), ..Outage::default() }, each, |_, _| 0);
        assert_eq!(holds_now(&now, &claim), holds, "one every {each} s");
    }
}

#[test]
fn members_are_suspect_where_more_may_fail_at_once_than_may_leave() {
    let check = |members: u8, lines: &str, expected: [bool; 4]| {
        let configuration = configuration(&[pool(10..10 + members, lines), pool([30], "")], "");
        let scenery = Scenery::new(&configuration);
        let scene = Scene::new(&scenery, 0, FROM).ok().unwrap();
        let budgets = [(0, 2), (0, 3), (0, 8), (1, 0)];
        let found = budgets.map(|(sites, failures)| {
            may_exceed_its_panic_limit(&scene, PoolId(0), Budget { sites, failures, starts: false })
        });
        assert_eq!(found, expected, "{members} members, {lines}");
    };
    check(10, PANIC, [false, true, true, true]);
    check(15, PANIC, [false, false, true, true]);
    check(10, "", [false; 4]);
    check(10, "panic = { remove_at_most = \"100 %\", within = \"1m\" }", [false; 4]);
}
