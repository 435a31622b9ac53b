//! What an assertion may take: work is counted before it is done.

use std::fmt::Write as _;

use super::world::{FROM, loaded};
use crate::explain::prove::{Assertion, Claim, Demand, Verdict, prove};

#[test]
fn sets_of_lost_sites_are_counted_before_they_are_made() {
    const SITES: u16 = 256;
    let (mut maps, mut steering, mut names) = (String::new(), String::new(), Vec::new());
    for site in 0..SITES {
        let _ = writeln!(maps, "[site.s{site}]");
        let address = format!("192.0.{}.{}", 3 + site / 200, 1 + site % 200);
        let _ = writeln!(
            steering,
            "[pool.p{site}]\nsite = \"s{site}\"\nmonitor = \"web\"\nmembers = [{{ name = \"m\", address = \"{address}\" }}]"
        );
        names.push(format!("\"p{site}\""));
    }
    let _ = writeln!(steering, "[[steer]]\nname = \"www\"\npools = [{}]", names.join(", "));
    let configuration = loaded(&maps, &steering);
    let verdict = |at_most: u32| {
        let claim = Claim::Load { lost: 4, at_most };
        let demand = Demand { capacity: vec![Some(80); SITES.into()], elsewhere: 80, ..Demand::default() };
        let assertion = Assertion { claim, rules: vec![0], failures: 0, starts: false };
        prove(&configuration, &[assertion], Some(&demand), FROM).remove(0)
    };
    assert_eq!(verdict(100), Verdict::TooLarge);
    // What a few lost sites refute is not too large.
    assert!(matches!(verdict(99), Verdict::Refuted(found) if found.down.sites.is_empty()));
}
