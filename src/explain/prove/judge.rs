//! The claims about one answer.
//!
//! | claim | an answer from a pool of members, each that may be picked | the default RRset | NODATA |
//! |---|---|---|---|
//! | only these sites | its site is one of them | every address is a member's, at these sites only | holds |
//! | never these sites | its site is none of them | no address is a member's at one of them | holds |
//! | answered | holds | holds | does not |
//! | survives the loss of sites | each variant has an eligible member, and the site is not lost | an address is a member's at a site that is not lost | does not |
//!
//! A pool without a site is at none of any sites; in a pool of pools it is where that one is.

use super::origins::{Origin, origins};
use super::scene::{Outcome, Scene};
use super::{Claim, HealthVector};
use crate::geo::SiteId;
use crate::steer::{Apart, Given, Reason};

/// How an outcome breaks a claim, as the end of a sentence about the client; `None` where it does not.
pub(super) fn violation(claim: &Claim, scene: &Scene<'_>, outcome: &Outcome<'_>) -> Option<String> {
    let state = outcome.situation.vector;
    let holds = match (claim, outcome.choice.given) {
        (Claim::OnlySites(..) | Claim::NeverSites(..), Given::NoData) => true,
        (Claim::OnlySites(_, sites), given) => places(scene, given)
            .iter()
            .all(|place| !place.is_empty() && place.iter().all(|site| sites.contains(site))),
        (Claim::NeverSites(_, sites), given) => {
            !places(scene, given).iter().flatten().any(|site| sites.contains(site))
        }
        (Claim::Answered(_), given) => !matches!(given, Given::NoData),
        (Claim::Survives(..), given) => survives(scene, outcome, given, state),
        (Claim::ScopeWithinClass | Claim::Load { .. }, _) => true,
    };
    (!holds).then(|| format!("gets {}{}", in_words(scene, outcome), unnoticed(scene, outcome, state)))
}

/// Why a lost site goes on being given out.
fn unnoticed(scene: &Scene<'_>, outcome: &Outcome<'_>, state: &HealthVector) -> &'static str {
    let is_lost = |origin: &Origin<'_>| origin.site.is_some_and(|site| state.sites.contains(&site));
    match outcome.choice.reason {
        Reason::Healthy | Reason::Degraded
            if origins(scene.scenery, outcome.choice.given).iter().any(is_lost) =>
        {
            ", of which no monitor would notice,"
        }
        _ => "",
    }
}

/// The sites of what is given: of each pool of members, or of each address of the default RRset.
fn places(scene: &Scene<'_>, given: Given<'_>) -> Vec<Vec<SiteId>> {
    match given {
        Given::Set(..) | Given::Apart(_) => {
            let origins = origins(scene.scenery, given);
            origins.iter().map(|origin| origin.site.into_iter().collect()).collect()
        }
        Given::DefaultRrset => {
            scene.default.iter().map(|&address| scene.scenery.sites_of(address).collect()).collect()
        }
        Given::NoData => Vec::new(),
    }
}

fn survives(scene: &Scene<'_>, outcome: &Outcome<'_>, given: Given<'_>, state: &HealthVector) -> bool {
    let stands = |site: &SiteId| !state.sites.contains(site);
    match given {
        Given::Set(..) | Given::Apart(_) => {
            let origins = origins(scene.scenery, given);
            origins
                .iter()
                .all(|origin| origin.site.as_ref().is_some_and(stands) && lives(scene, outcome, origin))
        }
        Given::DefaultRrset | Given::NoData => places(scene, given).iter().flatten().any(stands),
    }
}

/// Whether each variant has a member that is eligible by its health, and is not given out for want of a better one.
fn lives(scene: &Scene<'_>, outcome: &Outcome<'_>, origin: &Origin<'_>) -> bool {
    let Some(set) = origin.set else { return false };
    let eligible = outcome.situation.eligibility(origin.pool, scene.rule.content);
    set.variants().iter().all(|(members, _)| members.iter().any(|&member| eligible[member].is_given()))
}

/// What is given: `pool web-iad at site iad (all_down)`, `pool web: web-fra at site fra, web-iad at site iad (healthy)`.
pub(super) fn in_words(scene: &Scene<'_>, outcome: &Outcome<'_>) -> String {
    let scenery = scene.scenery;
    match outcome.choice.given {
        Given::Set(id, _) | Given::Apart(Apart { pool: id, .. }) => {
            let pool = scenery.pool(id);
            let at = |site: Option<SiteId>| match site {
                Some(site) => format!("at site {}", scenery.site_name(site)),
                None => "without a site".to_owned(),
            };
            let place = match &pool.inner[..] {
                [] => format!(" {}", at(pool.site)),
                _ => {
                    let origins = origins(scenery, outcome.choice.given);
                    let inner = |origin: &Origin<'_>| {
                        format!("{} {}", scenery.pool(origin.pool).name, at(origin.site))
                    };
                    format!(": {}", origins.iter().map(inner).collect::<Vec<_>>().join(", "))
                }
            };
            format!("pool {}{place} ({})", pool.name, outcome.choice.reason.label())
        }
        Given::DefaultRrset => {
            let addresses = scene.default.iter().map(|&address| {
                let sites: Vec<&str> =
                    scenery.sites_of(address).map(|site| scenery.site_name(site)).collect();
                match sites.is_empty() {
                    true => format!("{address}, which is no member's"),
                    false => format!("{address} at site {}", sites.join(", ")),
                }
            });
            let addresses: Vec<String> = addresses.collect();
            format!("the default RRset: {} ({})", addresses.join("; "), outcome.choice.reason.label())
        }
        Given::NoData => format!("no records ({})", outcome.choice.reason.label()),
    }
}
