//! What is proven holds in every state that there is, and what is refuted does not: against the enumeration of all states
//! by the snapshot that would be served.
//!
//! `world` has the states as a server comes to them: by what its keeper holds of each member. `failures`, `schedules`,
//! `resumes` and `starts` go through all of them, `histories` through some that chance brings about; `loads` looks at what sites
//! carry, `sites` at those where a rule has something beside its own pools, `bounds` at the work.

mod bounds;
mod failures;
mod histories;
mod loads;
mod resumes;
mod schedules;
mod sites;
mod starts;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use self::world::{FROM, Now};
use super::*;
use crate::geo::ClassId;
use crate::steer::{self, Given};

/// The claims that are tried.
fn claims() -> impl Strategy<Value = Claim> {
    prop::sample::select(vec![
        Claim::Answered(Clients::All),
        Claim::OnlySites(Clients::All, vec![SiteId(0), SiteId(1)]),
        Claim::NeverSites(Clients::All, vec![SiteId(2)]),
        Claim::NeverSites(clients_of(44), vec![SiteId(0)]),
        Claim::Survives(Clients::All, 1),
        Claim::Survives(Clients::All, 2),
    ])
}

/// The clients of a network of 8 bits.
fn clients_of(first: u8) -> Clients {
    Clients::Network(Prefix { address: [first, 0, 0, 0].into(), length: 8 })
}

/// Further lines of a rule.
fn rules() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "fence = true",
        "all_down = \"none\"",
        "all_down = \"default\"",
        "empty = \"nodata\"",
        "fence = true\nall_down = \"none\"",
        "all_down = { pool = \"fra\" }",
    ])
}

/// What comes of a claim about the one rule of a world.
fn verdict(configuration: &Configuration, claim: &Claim, failures: u8, starts: bool) -> Verdict {
    let assertion = Assertion { claim: claim.clone(), rules: vec![0], failures, starts };
    prove(configuration, &[assertion], None, FROM).remove(0)
}

fn is_proven(configuration: &Configuration, claim: &Claim, failures: u8, starts: bool) -> bool {
    matches!(verdict(configuration, claim, failures, starts), Verdict::Proven(_))
}

/// Whether a claim holds at one moment of a running server, for all whom it is about.
fn holds_now(now: &Now<'_>, claim: &Claim) -> bool {
    let snapshot = now.snapshot();
    let rule = &now.configuration.rules[0];
    let mut classes: BTreeSet<ClassId> = rule.candidates.classes().collect();
    if let Some(Clients::Network(network)) = claim.clients() {
        classes = [now.configuration.maps[0].table.place(&network.address).class].into();
    }
    classes.into_iter().all(|class| holds(now, &snapshot, claim, class))
}

/// The claims once more, written down as plainly as can be for pools that give one address each.
fn holds(now: &Now<'_>, snapshot: &crate::snapshot::Snapshot, claim: &Claim, class: ClassId) -> bool {
    let (configuration, lost) = (now.configuration, &now.outage.sites);
    let rule = &configuration.rules[0];
    let choice = steer::choose(rule, class, |_| false, |pool| snapshot.pool(pool, rule.content));
    let lives = |pool| {
        let health = |target| now.health(target);
        let eligible = steer::eligibility(snapshot.standing(pool, rule.content), rule.content, &health);
        eligible.iter().any(|one| one.is_given())
    };
    // Of the default RRset, 192.0.2.10.
    let default: Vec<SiteId> = configuration
        .pools
        .iter()
        .filter(|pool| pool.members.iter().any(|member| member.ipv4 == Some([192, 0, 2, 10].into())))
        .filter_map(|pool| pool.site)
        .collect();
    match (claim, choice.given) {
        (Claim::Answered(_), given) => !matches!(given, Given::NoData),
        (Claim::OnlySites(_, sites), Given::Set(pool, _)) => {
            sites.contains(&configuration.pools[pool.0 as usize].site.unwrap())
        }
        (Claim::OnlySites(_, sites), Given::DefaultRrset) => {
            !default.is_empty() && default.iter().all(|site| sites.contains(site))
        }
        (Claim::NeverSites(_, sites), Given::Set(pool, _)) => {
            !sites.contains(&configuration.pools[pool.0 as usize].site.unwrap())
        }
        (Claim::NeverSites(_, sites), Given::DefaultRrset) => {
            !default.iter().any(|site| sites.contains(site))
        }
        (Claim::Survives(..), Given::Set(pool, _)) => {
            !lost.contains(&configuration.pools[pool.0 as usize].site.unwrap()) && lives(pool)
        }
        (Claim::Survives(..), Given::DefaultRrset) => default.iter().any(|site| !lost.contains(site)),
        (Claim::Survives(..), Given::NoData) => false,
        (_, Given::NoData) => true,
        (_, Given::Apart(_)) => panic!("no pool here looks at the client"),
        (Claim::ScopeWithinClass | Claim::Load { .. }, _) => true,
    }
}

/// The state that refutes a claim.
fn refuting(configuration: &Arc<Configuration>, claim: &Claim, failures: u8) -> HealthVector {
    match verdict(configuration, claim, failures, true) {
        Verdict::Refuted(found) => found.down,
        other => panic!("{claim:?}: {other:?}"),
    }
}
