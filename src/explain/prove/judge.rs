//! The claims about one answer.
//!
//! | claim | an answer from a pool | the default RRset | NODATA |
//! |---|---|---|---|
//! | only these sites | its site is one of them | every address is a member's, at these sites only | holds |
//! | never these sites | its site is none of them | no address is a member's at one of them | holds |
//! | answered | holds | holds | does not |
//! | survives the loss of sites | each variant has an eligible member, and the site is not lost | an address is a member's at a site that is not lost | does not |
//!
//! A pool without a site is at none of any sites.

use super::scene::{Outcome, Scene};
use super::{Claim, HealthVector};
use crate::geo::SiteId;
use crate::steer::{AnswerSet, Apart, Given, Leaf, PoolId, Reason};

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
    match (outcome.choice.reason, outcome.choice.given) {
        (Reason::Healthy | Reason::Degraded, Given::Set(pool, _) | Given::Apart(Apart { pool, .. }))
            if scene.scenery.pool(pool).site.is_some_and(|site| state.sites.contains(&site)) =>
        {
            ", of which no monitor would notice,"
        }
        _ => "",
    }
}

/// The sites of what is given: of the pool, or of each address of the default RRset.
fn places(scene: &Scene<'_>, given: Given<'_>) -> Vec<Vec<SiteId>> {
    match given {
        Given::Set(pool, _) | Given::Apart(Apart { pool, .. }) => {
            vec![scene.scenery.pool(pool).site.into_iter().collect()]
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
        Given::Set(pool, set) => {
            scene.scenery.pool(pool).site.as_ref().is_some_and(stands) && lives(scene, outcome, pool, set)
        }
        Given::Apart(Apart { pool, set, .. }) => {
            let leaves = set.leaves(pool, None);
            let lives = |leaf: &Leaf<'_>| {
                let pool = leaf.path[leaf.path.len() - 1];
                leaf.set.answers().is_some_and(|set| lives(scene, outcome, pool, set))
            };
            scene.scenery.pool(pool).site.as_ref().is_some_and(stands) && leaves.iter().all(lives)
        }
        given => places(scene, given).iter().flatten().any(stands),
    }
}

/// Whether each variant has a member that is eligible by its health, and is not given out for want of a better one.
fn lives(scene: &Scene<'_>, outcome: &Outcome<'_>, pool: PoolId, set: &AnswerSet) -> bool {
    let eligible = outcome.situation.eligibility(pool, scene.rule.content);
    set.variants().iter().all(|(members, _)| members.iter().any(|&member| eligible[member].is_given()))
}

/// What is given: `pool web-iad at site iad (all_down)`.
pub(super) fn in_words(scene: &Scene<'_>, outcome: &Outcome<'_>) -> String {
    let scenery = scene.scenery;
    match outcome.choice.given {
        Given::Set(id, _) | Given::Apart(Apart { pool: id, .. }) => {
            let pool = scenery.pool(id);
            let place = match pool.site {
                Some(site) => format!("at site {}", scenery.site_name(site)),
                None => "without a site".to_owned(),
            };
            format!("pool {} {place} ({})", pool.name, outcome.choice.reason.label())
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
