//! Counter-examples and proofs in words, and the commands that show a counter-example.

use super::{Client, Counterexample, Extent, Failure, HealthVector};
use crate::explain::words::counted;
use crate::health::TargetId;
use crate::snapshot::Configuration;
use crate::steer;
use crate::zone::record_type;

/// Members named one by one in a health vector.
const MEMBERS_NAMED: usize = 12;

/// What a proof went through: `2 names and types, 61 kinds of clients, 305 answers looked at`.
pub fn extent(extent: &Extent) -> String {
    let names = match extent.rules {
        1 => "1 steered name and type".to_owned(),
        rules => format!("{rules} steered names and types"),
    };
    let clients = match extent.cells {
        1 => "1 kind of clients".to_owned(),
        cells => format!("{cells} kinds of clients"),
    };
    format!("{names}, {clients}, {}", counted(extent.answers as usize, "different answer"))
}

/// A counter-example as the end of a sentence: `www.example.com. A: a client in 5.62.0.0/16 (country DE, continent EU)
/// gets pool web-iad at site iad (healthy) when site fra is lost`.
pub fn counterexample(configuration: &Configuration, found: &Counterexample) -> String {
    let label = &configuration.rule_labels[found.rule as usize];
    let client = match &found.client {
        Some(client) => format!("a client in {} {}", place(client), found.finding),
        // What is found about load says for itself whom it is about.
        None if found.finding.starts_with("gets") => format!("every client {}", found.finding),
        None => found.finding.clone(),
    };
    let when = health(configuration, &found.down);
    format!("{} {}: {client}{when}", label.owner, record_type::name(label.rtype))
}

fn place(client: &Client) -> String {
    let code = |code: [u8; 2]| String::from_utf8_lossy(&code).into_owned();
    let known = [
        client.country.map(|country| format!("country {}", code(country))),
        client.continent.map(|continent| format!("continent {}", code(continent))),
        client.special.then(|| "special-purpose".to_owned()),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    match known.is_empty() {
        true => client.network.to_string(),
        false => format!("{} ({})", client.network, known.join(", ")),
    }
}

/// ` when site fra is lost and 192.0.2.10 is down`; nothing where all is up.
fn health(configuration: &Configuration, down: &HealthVector) -> String {
    let sites: Vec<&str> =
        down.sites.iter().map(|site| configuration.sites[usize::from(site.0)].name.as_str()).collect();
    let lost = match sites[..] {
        [] => None,
        [site] => Some(format!("site {site} is lost")),
        _ => Some(format!("sites {} are lost", sites.join(" and "))),
    };
    let failures: Vec<String> = down.failures.iter().map(|failure| name(configuration, *failure)).collect();
    let failed = match &failures[..] {
        [] => None,
        [failure] => Some(format!("{failure} is down")),
        _ => Some(format!("{} are down", failures.join(" and "))),
    };
    let parts: Vec<String> = [lost, failed].into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" when {}", parts.join(" and ")) }
}

fn name(configuration: &Configuration, failure: Failure) -> String {
    match failure {
        Failure::Address(address) => address.to_string(),
        Failure::Target(TargetId(id)) => {
            let target = &configuration.targets[id as usize];
            let monitor = &configuration.monitors[target.monitor].names;
            format!("{} under monitor {}", target.key.address, monitor.first().map_or("?", String::as_str))
        }
    }
}

/// The members of a rule's pools that a health vector takes down, as `POOL/MEMBER`; those that no monitor watches cannot
/// be known to be down and are left out.
pub fn members_down(configuration: &Configuration, found: &Counterexample) -> Vec<String> {
    let rule = &configuration.rules[found.rule as usize];
    let is_down = |target: &TargetId, site| {
        let key = &configuration.targets[target.0 as usize].key;
        let failed = |failure: &Failure| match failure {
            Failure::Address(address) => key.address == *address,
            Failure::Target(failed) => failed == target,
        };
        found.down.failures.iter().any(failed) || found.down.sites.iter().any(|lost| Some(*lost) == site)
    };
    let pools = rule.pools.iter().map(|used| &configuration.pools[used.pool.0 as usize]);
    let members = pools.flat_map(|pool| pool.members.iter().map(move |member| (pool, member)));
    let down = members.filter(|(pool, member)| {
        steer::targets_of(member, rule.content).iter().any(|target| is_down(target, pool.site))
    });
    down.map(|(pool, member)| format!("{}/{}", pool.name, member.name)).collect()
}

/// The commands that show a counter-example: `meridian explain` on the files, and `dig` at a server whose members are
/// down like that; no `dig` where only a client with an address in a special-purpose block sees it, or where the map
/// looks at no subnet. None for what is found about load.
pub fn commands(configuration: &Configuration, found: &Counterexample) -> Vec<String> {
    let label = &configuration.rule_labels[found.rule as usize];
    let rule = &configuration.rules[found.rule as usize];
    let (owner, rtype) = (&label.owner, record_type::name(label.rtype));
    let members = members_down(configuration, found);
    let mut down: String =
        members.iter().take(MEMBERS_NAMED).map(|member| format!(" --down {member}")).collect();
    if members.len() > MEMBERS_NAMED {
        down.push_str(" …");
    }
    let Some(client) = &found.client else {
        if !found.finding.starts_with("gets") {
            return Vec::new();
        }
        let anybody = "192.0.2.1";
        return vec![
            format!("meridian explain {owner} {rtype} --from {anybody}{down}"),
            format!("dig {owner} {rtype}"),
        ];
    };
    let network = client.network;
    let by_subnet = rule.map.is_some_and(|map| configuration.maps[map as usize].ecs);
    // A subnet of length 0 says nothing, and an address in a special-purpose block only counts by itself.
    if client.special || !by_subnet || network.length == 0 {
        return vec![format!("meridian explain {owner} {rtype} --from {}{down}", network.address)];
    }
    vec![
        format!("meridian explain {owner} {rtype} --from {network}{down}"),
        format!("dig +subnet={network} {owner} {rtype}"),
    ]
}
