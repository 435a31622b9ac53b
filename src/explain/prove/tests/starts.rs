//! Starts without saved health: whatever has been heard of members so far.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::world::{FROM, MemberText, Now, Outage, PoolText, configuration, pool, subsets};
use super::{claims, clients_of, holds_now, is_proven, refuting, rules};
use crate::explain::prove::{Claim, Clients, Knowledge};
use crate::geo::SiteId;
use crate::health::TargetId;
use crate::snapshot::Configuration;
use crate::steer::PoolId;

/// Whether a claim holds whichever targets nothing has been heard of.
fn holds_everywhere(configuration: &Arc<Configuration>, claim: &Claim, failures: u8) -> bool {
    let targets: Vec<TargetId> = (0..configuration.targets.len() as u32).map(TargetId).collect();
    let unknown = subsets(&targets, targets.len());
    Outage::all(configuration, claim.sites_lost(), failures).iter().all(|outage| {
        unknown.iter().all(|unknown| {
            let (outage, unknown) = (outage.clone(), unknown.clone());
            holds_now(&Now { outage, unknown, ..Now::new(configuration, FROM) }, claim)
        })
    })
}

/// A pool of some members, of which some are watched, some of weight 0 and some forced up.
fn uncertain(first: u8) -> impl Strategy<Value = PoolText> {
    let keys = prop::sample::select(vec!["", "", ", weight = 0", ", weight = 3", ", admin = \"forced up\""]);
    let member = (prop::bool::weighted(0.9), keys);
    let lines = prop::sample::select(vec!["", "min_healthy = \"1/1\"", "min_healthy = \"2/3\""]);
    (prop::collection::vec(member, 1..3), lines).prop_map(move |(members, lines)| {
        let member = |(index, (watched, keys)): (usize, (bool, &str))| MemberText {
            // The first is watched, so that the pool that a rule may name exists.
            watched: watched || index == 0,
            last: first + index as u8,
            keys: keys.to_owned(),
        };
        let members = members.into_iter().enumerate().map(member).collect();
        PoolText { members, lines: lines.to_owned() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_claim_is_proven_exactly_when_it_holds_whatever_a_start_has_heard(
        pools in (uncertain(10), uncertain(12), uncertain(14)),
        rule in rules(),
        claim in claims(),
        failures in 0_u8..2,
    ) {
        let configuration = Arc::new(configuration(&[pools.0, pools.1, pools.2], rule));
        let holds = holds_everywhere(&configuration, &claim, failures);
        prop_assert_eq!(is_proven(&configuration, &claim, failures, true), holds, "{:?}", claim);
    }
}

#[test]
fn a_counter_example_says_what_a_start_has_heard() {
    let claim = Claim::NeverSites(clients_of(1), vec![SiteId(1)]);
    let found = |members: &str, lines: &str| {
        let mut fra = pool([10, 11], lines);
        fra.members[1].keys = members.to_owned();
        let configuration = Arc::new(configuration(&[fra, pool([12], ""), pool([13], "")], ""));
        assert!(is_proven(&configuration, &claim, 0, false), "without starts");
        (!is_proven(&configuration, &claim, 0, true)).then(|| refuting(&configuration, &claim, 0).starting)
    };
    let only = |member| Some(BTreeMap::from([(PoolId(0), Knowledge::Only(member))]));
    assert_eq!(found("", ""), None, "one is enough");
    assert_eq!(found("", "min_healthy = 2"), only(0));
    assert_eq!(found(", weight = 0", ""), only(1), "a reserve that is heard of first");
    let nothing = Some(BTreeMap::from([(PoolId(0), Knowledge::Nothing)]));
    assert_eq!(found(", admin = \"forced up\"", "min_healthy = 2"), nothing);
}

#[test]
fn pools_that_share_addresses_are_played_each_by_itself() {
    let pools = [pool([10, 11], "min_healthy = 2"), pool([10, 11], "min_healthy = 2"), pool([12], "")];
    let configuration = Arc::new(configuration(&pools, ""));
    let claim = Claim::NeverSites(Clients::All, vec![SiteId(2)]);
    let of_all: BTreeSet<bool> =
        [false, true].map(|starts| is_proven(&configuration, &claim, 0, starts)).into();
    assert_eq!(of_all, [false].into(), "sin is the first of some");
    let most = Claim::NeverSites(clients_of(1), vec![SiteId(2)]);
    assert!(is_proven(&configuration, &most, 0, false));
    assert!(!is_proven(&configuration, &most, 0, true) && !holds_everywhere(&configuration, &most, 0));
}
