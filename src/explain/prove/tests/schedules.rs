//! Schedules: the hours of a week, and admin states that end.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::world::{FROM, Now, Outage, PoolText, configuration, pool};
use super::{claims, clients_of, holds_now, is_proven, refuting, rules};
use crate::explain::prove::{Claim, Clients};
use crate::geo::SiteId;

const HOUR: u64 = 3600;

/// A moment for each standing of the pools in the hours of the week that begins with [`FROM`].
fn moments(configuration: &crate::snapshot::Configuration) -> Vec<u64> {
    let mut seen = BTreeSet::new();
    let standing = |moment: u64| {
        let pools = configuration.pools.iter().map(|pool| pool.at(moment).unwrap_or_else(|| pool.clone()));
        let members = pools.flat_map(|pool| pool.members).map(|member| (member.admin, member.weight));
        members.collect::<Vec<_>>()
    };
    (0..7 * 24).map(|hour| FROM + hour * HOUR).filter(|&moment| seen.insert(standing(moment))).collect()
}

/// A line of a schedule in whole hours of some days.
fn line() -> impl Strategy<Value = String> {
    let days = prop::sample::select(vec!["mon-fri", "sat-sun", "mon-sun", "fri"]);
    let what =
        prop::sample::select(vec!["admin = \"drained\"", "admin = \"forced down\"", "admin = \"forced up\""]);
    (days, 0..24_u8, 0..24_u8, what).prop_filter("some hours", |(_, from, to, _)| from != to).prop_map(
        |(days, from, to, what)| {
            let hours = format!("from = \"{from:02}:00\", to = \"{to:02}:00\"");
            format!("schedule = [{{ days = \"{days}\", {hours}, zone = \"Europe/Berlin\", {what} }}]")
        },
    )
}

/// A pool of up to two members, with a schedule of its own or not, one of a member or not, and one that ends.
fn scheduled(first: u8) -> impl Strategy<Value = PoolText> {
    let of_pool = prop::option::weighted(0.5, line());
    let of_member = prop::option::weighted(0.4, line());
    let weight = prop::option::weighted(
        0.2,
        Just(", schedule = [{ days = \"sat-sun\", zone = \"Europe/Berlin\", weight = 0 }]".to_owned()),
    );
    (1..3_u8, of_pool, of_member, weight).prop_map(move |(count, of_pool, of_member, weight)| {
        let mut text = pool((0..count).map(|member| first + member), &of_pool.unwrap_or_default());
        let keys = of_member.map(|line| format!(", {line}")).or(weight);
        text.members[0].keys = keys.unwrap_or_default();
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_claim_is_proven_exactly_when_it_holds_at_every_hour_in_every_state(
        pools in (scheduled(10), scheduled(12), scheduled(14)),
        rule in rules(),
        claim in claims(),
        failures in 0_u8..2,
    ) {
        let configuration = Arc::new(configuration(&[pools.0, pools.1, pools.2], rule));
        let states = Outage::all(&configuration, claim.sites_lost(), failures);
        let holds = moments(&configuration).into_iter().all(|moment| {
            states.iter().all(|outage| {
                let now = Now { outage: outage.clone(), ..Now::new(&configuration, moment) };
                holds_now(&now, &claim)
            })
        });
        prop_assert_eq!(is_proven(&configuration, &claim, failures, false), holds, "{:?}", claim);
    }
}

#[test]
fn a_counter_example_says_when() {
    let nights = "schedule = [{ days = \"sat\", from = \"08:00\", to = \"18:00\", zone = \"Europe/Berlin\", \
                  admin = \"drained\" }]";
    let configuration = Arc::new(configuration(&[pool([10], nights), pool([11], ""), pool([12], "")], ""));
    let claim = Claim::OnlySites(Clients::All, vec![SiteId(0), SiteId(2)]);
    let network = Claim::NeverSites(clients_of(1), vec![SiteId(1)]);
    let found = refuting(&configuration, &network, 0);
    assert_eq!(found.at.map(crate::explain::moment::rfc3339).as_deref(), Some("2026-11-21T07:00:00Z"));
    assert!(!found.has_anything_down() && found.is_of_files());
    assert!(!is_proven(&configuration, &claim, 0, true));
}

#[test]
fn an_admin_state_that_ends_is_played_until_it_does() {
    let drained = |until: &str| format!("admin = {{ state = \"drained\", until = \"{until}\" }}");
    let world =
        |until| Arc::new(configuration(&[pool([10], &drained(until)), pool([11], ""), pool([12], "")], ""));
    let network = |site| Claim::NeverSites(clients_of(1), vec![SiteId(site)]);
    for (until, reaches_iad) in [("2026-11-19T00:00:00Z", false), ("2029-11-19T00:00:00Z", true)] {
        let configuration = world(until);
        assert!(!is_proven(&configuration, &network(0), 0, true), "fra is back then: {until}");
        assert_eq!(is_proven(&configuration, &network(1), 0, true), !reaches_iad, "{until}");
    }
}
