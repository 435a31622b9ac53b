//! Members that went down, came back, and await to be resumed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::world::{FROM, Now, Outage, PoolText, configuration, pool, subsets};
use super::{claims, clients_of, holds_now, is_proven, refuting, rules, world};
use crate::explain::prove::{Cause, Claim, Failure};
use crate::geo::SiteId;
use crate::health::Hold;
use crate::snapshot::Configuration;
use crate::steer::PoolId;

const RESUME: &str = "manual_resume = true";

/// Whether a claim holds whatever of an outage within the budget is over, and whichever members of it are resumed then.
fn holds_everywhere(configuration: &Arc<Configuration>, claim: &Claim, failures: u8) -> bool {
    let outages = Outage::all(configuration, claim.sites_lost(), failures);
    let mut seen = HashSet::new();
    outages.iter().all(|worst| {
        let left: Vec<&Outage> = outages.iter().filter(|outage| outage.is_within(worst)).collect();
        left.into_iter().all(|left| {
            let mut now = Now::new(configuration, FROM);
            now.bring(worst.clone(), 1, |_, _| 0);
            now.bring(left.clone(), 1, |_, _| 0);
            let awaiting: Vec<(PoolId, usize)> = now
                .seats
                .iter()
                .flat_map(|(&id, seats)| seats.held().map(move |(member, _)| (id, member)))
                .filter(|&(id, member)| {
                    let pool = &configuration.pools[id.0 as usize];
                    let is_down = |target: &_| left.has(configuration, *target);
                    !pool.members[member].targets[0].iter().any(is_down)
                })
                .collect();
            if !seen.insert((left.clone(), awaiting.clone())) {
                return true;
            }
            let resumed = subsets(&awaiting, awaiting.len());
            resumed.iter().all(|resumed| holds_now(&with_resumed(&now, resumed), claim))
        })
    })
}

fn with_resumed<'n>(now: &Now<'n>, resumed: &BTreeSet<(PoolId, usize)>) -> Now<'n> {
    let mut seats: BTreeMap<_, _> = now.seats.clone();
    for &(id, member) in resumed {
        let turnover = now.configuration.pools[id.0 as usize].turnover;
        assert!(seats.get_mut(&id).unwrap().resume(&turnover, member, now.moment));
    }
    let (outage, unknown) = (now.outage.clone(), now.unknown.clone());
    Now { configuration: now.configuration, moment: now.moment, outage, unknown, seats }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_claim_is_proven_exactly_when_it_holds_whoever_awaits_to_be_resumed(
        // Two pools at fra: one may await what the other takes for up; addresses may be shared.
        pools in prop::collection::vec(
            (prop::collection::btree_set(10_u8..14, 1..3), any::<bool>(), prop::sample::select(vec!["1/2", "1/1"])), 4..=4),
        rule in rules(),
        claim in claims(),
        failures in 0_u8..2,
    ) {
        let pools: Vec<PoolText> = pools.into_iter().map(|(addresses, resume, min_healthy)| {
            let resume = if resume { RESUME } else { "" };
            pool(addresses, &format!("{resume}\nmin_healthy = \"{min_healthy}\""))
        }).collect();
        let configuration = Arc::new(configuration(&pools, rule));
        let holds = holds_everywhere(&configuration, &claim, failures);
        prop_assert_eq!(is_proven(&configuration, &claim, failures, false), holds, "{:?}", claim);
    }
}

#[test]
fn a_counter_example_says_who_awaits_to_be_resumed() {
    // fra and iad share an address; iad takes it for up again while fra awaits it.
    let pools = [pool([10], RESUME), pool([10, 11], ""), pool([12], "")];
    let configuration = Arc::new(configuration(&pools, "fence = true"));
    let from_fra = Claim::NeverSites(clients_of(1), vec![SiteId(1)]);
    assert!(is_proven(&configuration, &from_fra, 0, true));
    let found = refuting(&configuration, &from_fra, 1);
    assert!(found.has_anything_down(), "to be down is as bad, and simpler: {found:?}");

    // Only while fra awaits its member is iad healthy and fra is not.
    let pools = [pool([10], RESUME), pool([10], ""), pool([12], "")];
    let configuration = Arc::new(world::configuration(&pools, "all_down = \"none\"\nfence = true"));
    let found = refuting(&configuration, &from_fra, 1);
    let cause = Cause::Failure(Failure::Address([192, 0, 2, 10].into()));
    assert_eq!(found.awaited, BTreeMap::from([(cause, BTreeSet::from([PoolId(0)]))]), "{found:?}");
    assert!(!found.is_of_files() && !found.has_anything_down());
    let mut now = Now::new(&configuration, FROM);
    now.bring(Outage { addresses: [[192, 0, 2, 10].into()].into(), ..Outage::default() }, 1, |_, _| 0);
    now.bring(Outage::default(), 1, |_, _| 0);
    assert_eq!(now.seats[&PoolId(0)].hold(0), Hold::AwaitsResume);
    assert!(!holds_now(&now, &from_fra));
}
