//! Failures and lost sites alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::world::{FROM, MemberText, Now, Outage, PoolText, configuration, pool};
use super::{claims, holds_now, is_proven, refuting, rules};
use crate::explain::prove::{Claim, Clients, Failure, HealthVector};
use crate::geo::SiteId;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_claim_is_proven_exactly_when_it_holds_in_every_state(
        pools in prop::collection::vec(
            prop::collection::vec((prop::bool::weighted(0.8), 10_u8..16), 1..3), 3..=3),
        rule in rules(),
        claim in claims(),
        failures in 0_u8..3,
    ) {
        let mut pools = pools;
        // The pool that a rule may name exists.
        pools[0][0].0 = true;
        let pools: Vec<PoolText> = pools.into_iter().map(|mut members| {
            // Within a pool an address stands once.
            members.sort_unstable_by_key(|&(_, last)| last);
            members.dedup_by_key(|&mut (_, last)| last);
            let member = |(watched, last)| MemberText { watched, last, keys: String::new() };
            PoolText { members: members.into_iter().map(member).collect(), lines: String::new() }
        }).collect();
        let configuration = Arc::new(configuration(&pools, rule));
        let mut states = Outage::all(&configuration, claim.sites_lost(), failures).into_iter();
        let holds = states.all(|outage| holds_now(&Now { outage, ..Now::new(&configuration, FROM) }, &claim));
        prop_assert_eq!(is_proven(&configuration, &claim, failures, true), holds, "{:?}", claim);
    }
}

#[test]
fn a_counter_example_has_no_more_down_than_it_takes() {
    let configuration = Arc::new(configuration(&[pool([10, 11], ""), pool([12], ""), pool([13], "")], ""));
    let claim = Claim::OnlySites(Clients::All, vec![SiteId(0), SiteId(2)]);
    // Most clients get iad when both members of fra are down, which is two of the four failures.
    let down: BTreeSet<Failure> =
        [10, 11].into_iter().map(|last| Failure::Address([192, 0, 2, last].into())).collect();
    let expected = HealthVector { failures: down, ..HealthVector::default() };
    assert_eq!(refuting(&configuration, &claim, 4), expected);
}
