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
