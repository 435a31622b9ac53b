//! What is proven holds in every state that there is, and what is refuted does not: against the enumeration of all states
//! by the snapshot that would be served.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::config::{self, Files, Mode};
use crate::geo::ClassId;
use crate::health::{State, TargetId};
use crate::snapshot::Snapshot;
use crate::steer::{self, Given, TargetHealth};

const SITES: [&str; 3] = ["fra", "iad", "sin"];

/// A member: whether it is watched, and the last octet of its address (several may share one).
type MemberSpec = (bool, u8);

/// What is loaded of pools, one at each site, of these members, under a rule with these further lines.
fn configuration(pools: &[Vec<MemberSpec>], rule: &str) -> Configuration {
    let maps = "[site.fra]\n[site.iad]\n[site.sin]\n[map.world]\ndefault = [\"fra\", \"iad\"]\n[map.world.network]\n\
                \"44.0.0.0/8\" = [\"sin\", \"iad\"]\n\"45.0.0.0/8\" = [\"iad\"]\n\"46.0.0.0/8\" = []\n";
    let zone =
        "$ORIGIN example.com.\n$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.10\n";
    let mut steering = String::from("[monitor.web]\nprobe = { tcp = {} }\nport = 80\n");
    for (site, members) in SITES.iter().zip(pools) {
        for (watched, suffix, chosen) in [(true, "", true), (false, "-unwatched", false)] {
            let own = members.iter().enumerate().filter(|(_, (is_watched, _))| *is_watched == chosen);
            let one = |(index, (_, last)): (usize, &MemberSpec)| {
                format!("{{ name = \"m{index}\", address = \"192.0.2.{last}\" }}")
            };
            let list: Vec<String> = own.map(one).collect();
            if list.is_empty() {
                continue;
            }
            let monitor = if watched { "monitor = \"web\"\n" } else { "" };
            let members = list.join(", ");
            let _ = writeln!(
                steering,
                "[pool.{site}{suffix}]\nsite = \"{site}\"\n{monitor}members = [{members}]"
            );
        }
    }
    let names: Vec<String> = steering
        .lines()
        .filter_map(|line| line.strip_prefix("[pool.")?.strip_suffix(']'))
        .map(|name| format!("\"{name}\""))
        .collect();
    let _ = writeln!(
        steering,
        "[[steer]]\nname = \"www\"\nmap = \"world\"\npools = [{}]\n{rule}",
        names.join(", ")
    );
    let main =
        "[server]\nlisten = \"127.0.0.1:53\"\n[zones]\nfolder = \"zones\"\n[geo]\nmaps = \"maps.toml\"\n";
    let files = [
        ("meridian.toml", main),
        ("maps.toml", maps),
        ("zones/example.com.zone", zone),
        ("zones/example.com.toml", &steering),
    ];
    let files: BTreeMap<PathBuf, Vec<u8>> =
        files.map(|(path, text)| (path.into(), text.as_bytes().to_vec())).into();
    match config::load(&Files::Memory(files), Path::new("meridian.toml"), Mode::Check, None) {
        Ok(loaded) => loaded.configuration,
        Err(faults) => panic!("{faults:?}\n{steering}"),
    }
}

/// Every set of up to `most` of the items.
fn subsets<T: Copy + Ord>(items: &[T], most: usize) -> BTreeSet<BTreeSet<T>> {
    let mut all = BTreeSet::from([BTreeSet::new()]);
    for _ in 0..most {
        let more: Vec<BTreeSet<T>> = all
            .iter()
            .flat_map(|set: &BTreeSet<T>| {
                items.iter().map(|&item| set.iter().copied().chain([item]).collect())
            })
            .collect();
        all.extend(more);
    }
    all
}

/// Whether a claim holds in every state, found by going through all of them with a snapshot for each.
fn holds_everywhere(configuration: &Arc<Configuration>, claim: &Claim, failures: u8) -> bool {
    let addresses: BTreeSet<_> = configuration.targets.iter().map(|target| target.key.address).collect();
    let addresses: Vec<_> = addresses.into_iter().collect();
    let sites: Vec<SiteId> = (0..configuration.sites.len() as u16).map(SiteId).collect();
    let rule = &configuration.rules[0];
    subsets(&sites, claim.sites_lost().into()).iter().all(|lost| {
        subsets(&addresses, failures.into()).iter().all(|failed| {
            let at_lost_site = |target: TargetId| {
                let members = configuration
                    .pools
                    .iter()
                    .filter(|pool| pool.site.is_some_and(|site| lost.contains(&site)));
                members
                    .flat_map(|pool| &pool.members)
                    .any(|member| member.targets.iter().flatten().any(|own| *own == target))
            };
            let health = |target: TargetId| {
                let down = failed.contains(&configuration.targets[target.0 as usize].key.address)
                    || at_lost_site(target);
                TargetHealth { state: if down { State::Down } else { State::Up }, soonest_flip: 0 }
            };
            let snapshot = Snapshot::new(1, Arc::clone(configuration), &health);
            rule.candidates.classes().all(|class| {
                holds(&snapshot, claim, class, lost, &|pool| {
                    steer::eligibility(&configuration.pools[pool as usize], rule.content, &health)
                        .iter()
                        .any(|one| one.is_given())
                })
            })
        })
    })
}

/// The claims once more, written down as plainly as can be for pools that give one address each.
fn holds(
    snapshot: &Snapshot,
    claim: &Claim,
    class: ClassId,
    lost: &BTreeSet<SiteId>,
    lives: &dyn Fn(u32) -> bool,
) -> bool {
    let configuration = &*snapshot.configuration;
    let rule = &configuration.rules[0];
    let choice = steer::choose(rule, class, |_| false, |pool| snapshot.pool(pool, rule.content));
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
            !lost.contains(&configuration.pools[pool.0 as usize].site.unwrap()) && lives(pool.0)
        }
        (Claim::Survives(..), Given::DefaultRrset) => default.iter().any(|site| !lost.contains(site)),
        (Claim::Survives(..), Given::NoData) => false,
        (_, Given::NoData) => true,
        (_, Given::Apart(_)) => panic!("no pool here looks at the client"),
        (Claim::ScopeWithinClass | Claim::Load { .. }, _) => true,
    }
}

fn check(pools: &[Vec<MemberSpec>], rule: &str, claim: &Claim, failures: u8) -> Result<(), TestCaseError> {
    let configuration = Arc::new(configuration(pools, rule));
    let assertion = Assertion { claim: claim.clone(), rules: vec![0], failures };
    let verdict = prove(&configuration, &[assertion], None).remove(0);
    let expected = holds_everywhere(&configuration, claim, failures);
    prop_assert_eq!(matches!(verdict, Verdict::Proven(_)), expected, "{:?}: {:?}", claim, verdict);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_claim_is_proven_exactly_when_it_holds_in_every_state(
        pools in prop::collection::vec(
            prop::collection::vec((prop::bool::weighted(0.8), 10_u8..16), 1..3), 3..=3),
        rule in prop::sample::select(vec![
            "", "fence = true", "all_down = \"none\"", "all_down = \"default\"", "empty = \"nodata\"",
            "fence = true\nall_down = \"none\"", "all_down = { pool = \"fra\" }",
        ]),
        claim in prop::sample::select(vec![
            Claim::Answered(Clients::All),
            Claim::OnlySites(Clients::All, vec![SiteId(0), SiteId(1)]),
            Claim::NeverSites(Clients::All, vec![SiteId(2)]),
            Claim::Survives(Clients::All, 1),
            Claim::Survives(Clients::All, 2),
        ]),
        failures in 0_u8..3,
    ) {
        let mut pools = pools;
        // The pool that a rule may name exists.
        pools[0][0].0 = true;
        for members in &mut pools {
            // Within a pool an address stands once.
            members.sort_unstable_by_key(|&(_, last)| last);
            members.dedup_by_key(|&mut (_, last)| last);
        }
        check(&pools, rule, &claim, failures)?;
    }
}

#[test]
fn a_counter_example_has_no_more_down_than_it_takes() {
    let pools = [vec![(true, 10), (true, 11)], vec![(true, 12)], vec![(true, 13)]];
    let configuration = configuration(&pools, "");
    let claim = Claim::OnlySites(Clients::All, vec![SiteId(0), SiteId(2)]);
    let assertion = Assertion { claim, rules: vec![0], failures: 4 };
    let Verdict::Refuted(found) = prove(&configuration, &[assertion], None).remove(0) else {
        panic!("refuted")
    };
    // Most clients get iad when both members of fra are down, which is two of the four failures.
    let down: BTreeSet<Failure> =
        [10, 11].into_iter().map(|last| Failure::Address([192, 0, 2, last].into())).collect();
    assert_eq!(found.down, HealthVector { failures: down, ..HealthVector::default() });
}
