//! Sites at which a rule has something though none of its own pools is there: what its pools share with others, its last
//! resort, and pools in pools.

use std::collections::BTreeSet;

use super::world::{FROM, loaded};
use crate::explain::prove::{Assertion, Claim, Clients, Demand, Verdict, prove};
use crate::geo::SiteId;

const SITES: [&str; 4] = ["fra", "iad", "sin", "ams"];
const FRA: SiteId = SiteId(0);
const IAD: SiteId = SiteId(1);
const SIN: SiteId = SiteId(2);
const AMS: SiteId = SiteId(3);

/// A pool of watched members at a site.
fn pool(name: &str, site: SiteId, addresses: &[u8]) -> String {
    unwatched(name, site, addresses) + "monitor = \"web\"\n"
}

/// A pool of members at a site that nobody watches.
fn unwatched(name: &str, site: SiteId, addresses: &[u8]) -> String {
    let member = |last: &u8| format!("{{ name = \"m{last}\", address = \"192.0.2.{last}\" }}");
    let members: Vec<String> = addresses.iter().map(member).collect();
    let (site, members) = (SITES[usize::from(site.0)], members.join(", "));
    format!("[pool.{name}]\nsite = \"{site}\"\nmembers = [{members}]\n")
}

/// A pool of pools.
fn outer(name: &str, site: SiteId, inner: &[&str]) -> String {
    let inner: Vec<String> = inner.iter().map(|name| format!("{{ pool = \"{name}\" }}")).collect();
    let site = SITES[usize::from(site.0)];
    format!("[pool.{name}]\nsite = \"{site}\"\npools = [{}]\n", inner.join(", "))
}

/// What comes of a claim where each site can carry so much, under a load of 80: `None` where it is proven, else the lost
/// sites and what is found.
fn refuted(
    pools: &[String],
    rule: &str,
    claim: Claim,
    capacity: [u64; 4],
) -> Option<(BTreeSet<SiteId>, String)> {
    let steering = format!("{}[[steer]]\nname = \"www\"\n{rule}\n", pools.concat());
    let configuration = loaded("[site.fra]\n[site.iad]\n[site.sin]\n[site.ams]\n", &steering);
    let demand = Demand { capacity: capacity.map(Some).into(), elsewhere: 80, ..Demand::default() };
    let assertion = Assertion { claim, rules: vec![0], failures: 0, starts: true };
    match prove(&configuration, &[assertion], Some(&demand), FROM).remove(0) {
        Verdict::Proven(_) => None,
        Verdict::Refuted(found) => Some((found.down.sites, found.finding)),
        Verdict::TooLarge => panic!("too large"),
    }
}

const LARGE: [u64; 4] = [100; 4];

#[test]
fn a_site_is_lost_that_shares_members_with_the_pools_of_a_rule() {
    let pools = [pool("p", FRA, &[20]), pool("q", SIN, &[30]), pool("r", IAD, &[20, 30])];
    let rule = "pools = [\"p\", \"q\"]";
    let found = refuted(&pools, rule, Claim::Survives(Clients::All, 1), LARGE).expect("both are dead");
    assert_eq!(found.0, [IAD].into());
    // Without what it shares, the loss of that site does nothing.
    let apart = [pool("p", FRA, &[20]), pool("q", SIN, &[30]), pool("r", IAD, &[40])];
    assert_eq!(refuted(&apart, rule, Claim::Survives(Clients::All, 1), LARGE), None);
}

#[test]
fn a_site_that_shares_members_is_lost_where_loads_are_looked_at() {
    let shared = [pool("p", FRA, &[20]), pool("q", SIN, &[30]), pool("r", IAD, &[20, 30])];
    let pools = [&shared[..], &[pool("last", AMS, &[40])]].concat();
    let rule = "pools = [\"p\", \"q\"]\nall_down = { pool = \"last\" }";
    let claim = Claim::Load { lost: 1, at_most: 100 };
    let (sites, finding) = refuted(&pools, rule, claim, [100, 100, 100, 10]).expect("p and q are dead");
    assert_eq!(sites, [IAD].into());
    assert_eq!(finding, "site ams carries 800.0 % of its capacity (80 of 10)");
}

#[test]
fn the_site_of_the_last_resort_is_lost_too() {
    let pools = [pool("p", FRA, &[20]), pool("dr", SIN, &[30])];
    let rule = "pools = [\"p\"]\nall_down = { pool = \"dr\" }";
    let of = |lost: u8| refuted(&pools, rule, Claim::Load { lost, at_most: 100 }, LARGE);
    assert_eq!(of(1), None);
    let (sites, finding) = of(2).expect("sin gets all");
    assert_eq!(sites, [FRA, SIN].into());
    assert_eq!(finding, "site sin is lost and is still given 80 to carry");
}

#[test]
fn the_sites_of_inner_pools_are_lost_too() {
    let pools = [pool("i", IAD, &[20]), outer("o", FRA, &["i"])];
    let claim = Claim::Load { lost: 1, at_most: 100 };
    let (sites, finding) = refuted(&pools, "pools = [\"o\"]", claim, LARGE).expect("iad gets all");
    assert_eq!(sites, [IAD].into());
    assert_eq!(finding, "site iad is lost and is still given 80 to carry");
}

#[test]
fn clients_are_where_the_inner_pool_is() {
    let pools = [pool("i1", FRA, &[20]), pool("i2", IAD, &[30]), outer("o", FRA, &["i1", "i2"])];
    let check = |claim: Claim, capacity: [u64; 4], expected: Option<&str>| {
        let found = refuted(&pools, "pools = [\"o\"]", claim, capacity);
        assert_eq!(found.map(|found| found.1).as_deref(), expected);
    };
    let both = "gets pool o: i1 at site fra, i2 at site iad (healthy)";
    check(Claim::OnlySites(Clients::All, vec![FRA]), LARGE, Some(both));
    check(Claim::OnlySites(Clients::All, vec![FRA, IAD]), LARGE, None);
    check(Claim::NeverSites(Clients::All, vec![IAD]), LARGE, Some(both));
    check(Claim::NeverSites(Clients::All, vec![SIN]), LARGE, None);
    check(Claim::Survives(Clients::All, 1), LARGE, None);
    let load = Claim::Load { lost: 0, at_most: 100 };
    check(load.clone(), [40, 40, 0, 0], None);
    let found = "site iad carries 200.0 % of its capacity (40 of 20)";
    check(load, [100, 20, 0, 0], Some(found));
}

#[test]
fn an_inner_pool_without_a_site_is_where_the_outer_one_is() {
    let inner =
        "[pool.i]\nmonitor = \"web\"\nmembers = [{ name = \"m\", address = \"192.0.2.20\" }]\n".to_owned();
    let pools = [inner, outer("o", FRA, &["i"])];
    let of = |claim| refuted(&pools, "pools = [\"o\"]", claim, [40, 0, 0, 0]).map(|found| found.1);
    assert_eq!(of(Claim::OnlySites(Clients::All, vec![FRA])), None);
    assert_eq!(
        of(Claim::Load { lost: 0, at_most: 100 }).as_deref(),
        Some("site fra carries 200.0 % of its capacity (80 of 40)")
    );
}

#[test]
fn an_inner_pool_that_nobody_watches_does_not_survive_its_site() {
    let pools = [pool("i1", FRA, &[20]), unwatched("i2", IAD, &[30]), outer("o", FRA, &["i1", "i2"])];
    let found = refuted(&pools, "pools = [\"o\"]", Claim::Survives(Clients::All, 1), LARGE);
    let (sites, finding) = found.expect("i2 is given out still");
    assert_eq!(sites, [IAD].into());
    assert!(finding.ends_with(", of which no monitor would notice,"), "{finding}");
}
