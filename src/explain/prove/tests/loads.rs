//! What sites carry: at every hour, and whatever follows from the loss of a site.

use crate::explain::prove::losses::each_state;
use crate::explain::prove::scene::Scene;
use crate::explain::prove::scenery::Scenery;
use crate::explain::prove::vector::Cause;
use crate::explain::prove::{Assertion, Claim, Demand, Verdict, prove};
use crate::geo::{Prefix, SiteId};
use crate::steer::PoolId;

use super::world::{FROM, configuration, pool};

#[test]
fn loads_are_looked_at_at_every_hour() {
    let saturdays =
        "schedule = [{ days = \"sat\", from = \"08:00\", zone = \"Europe/Berlin\", admin = \"drained\" }]";
    let claim = Claim::Load { lost: 0, at_most: 100 };
    let demand = Demand {
        capacity: vec![Some(100), Some(60), None],
        networks: vec![(Prefix { address: [1, 0, 0, 0].into(), length: 8 }, 80)],
        ..Demand::default()
    };
    let verdict = |lines: &str| {
        let configuration = configuration(&[pool([10], lines), pool([11], ""), pool([12], "")], "");
        let assertion = Assertion { claim: claim.clone(), rules: vec![0], failures: 0, starts: true };
        prove(&configuration, &[assertion], Some(&demand), FROM).remove(0)
    };
    let Verdict::Proven(extent) = verdict("") else { panic!("80 of 100") };
    assert!(extent.without_starts && extent.standings == 1, "{extent:?}");
    let Verdict::Refuted(found) = verdict(saturdays) else { panic!("80 of 60 on Saturdays") };
    assert_eq!(found.down.at.map(crate::explain::moment::rfc3339).as_deref(), Some("2026-11-21T07:00:00Z"));
    assert!(found.finding.starts_with("site iad carries 133.4 %"), "{}", found.finding);
}

#[test]
fn a_lost_site_may_be_back_and_awaited_and_its_members_suspect() {
    let panic = "panic = { remove_at_most = \"20 %\", within = \"1m\" }";
    let pools = [pool([10], "manual_resume = true"), pool(20..30, panic), pool([12], ""), pool([13], "")];
    let configuration = configuration(&pools, "");
    let scenery = Scenery::new(&configuration);
    let scene = Scene::new(&scenery, 0, FROM).ok().unwrap();
    let states = |most: u8| {
        let mut states = Vec::new();
        let walked = each_state(&scene, most, |state| {
            states.push(state);
            Ok(())
        });
        assert!(walked.is_ok());
        states
    };
    assert_eq!(states(0).len(), 1);
    let states = states(1);
    let [fra, iad, sin] = [0, 1, 2].map(SiteId);
    let of = |site: SiteId| {
        let is_of = move |state: &&super::HealthVector| {
            state.sites.contains(&site) || state.awaited.contains_key(&Cause::Site(site))
        };
        states
            .iter()
            .filter(is_of)
            .map(|state| (state.awaited.len(), state.suspect.len()))
            .collect::<Vec<_>>()
    };
    assert_eq!((of(fra), of(iad), of(sin)), (vec![(0, 0), (1, 0)], vec![(0, 0), (0, 1)], vec![(0, 0)]));
    assert!(states.iter().all(|state| state.suspect.iter().all(|pool| *pool == PoolId(1))));
    assert_eq!(states.len(), 6);
}
