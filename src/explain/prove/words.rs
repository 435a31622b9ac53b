//! Counter-examples and proofs in words, and the commands that show a counter-example.

use std::collections::BTreeSet;

use super::{Cause, Client, Counterexample, Extent, Failure, HealthVector, Knowledge};
use crate::explain::Outage;
use crate::explain::moment::rfc3339;
use crate::explain::words::counted;
use crate::geo::SiteId;
use crate::health::TargetId;
use crate::snapshot::Configuration;
use crate::steer::{self, Pool, PoolId};
use crate::zone::record_type;

/// Outages that a command names.
const OUTAGES_NAMED: usize = 12;
/// A client where any will do.
const ANYBODY: &str = "192.0.2.1";

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
    let standings = match extent.standings {
        0 | 1 => String::new(),
        standings => format!("{standings} standings of their schedules, "),
    };
    format!("{names}, {clients}, {standings}{}", counted(extent.answers as usize, "different answer"))
}

/// What all proofs take for granted.
pub const ASSUMED: [&str; 4] = [
    "what fails is noticed by its monitors",
    "members that no monitor watches stay up",
    "nobody changes the files or gives a command but to resume members and to accept suspect ones",
    "schedules go on as they do within a year",
];

/// What a proof left out beside that, which [`ASSUMED`] does not say.
pub fn left_out(extent: &Extent) -> Option<&'static str> {
    extent
        .without_starts
        .then_some("the seconds in which a start without saved health has not heard of all members")
}

/// A counter-example as the end of a sentence: `www.example.com. A: a client in 5.62.0.0/16 (country DE, continent EU)
/// gets pool web-iad at site iad (healthy) when site fra is lost`.
pub fn counterexample(configuration: &Configuration, found: &Counterexample) -> String {
    let label = &configuration.rule_labels[found.rule as usize];
    let (finding, when) = (&found.finding, health(configuration, &found.down));
    let sentence = match (&found.client, found.concerns_a_client()) {
        (Some(client), true) => format!("a client in {} {finding}{when}", place(client)),
        (None, true) => format!("every client {finding}{when}"),
        (Some(client), false) => format!("{finding}{when}, most of it for {}", place(client)),
        (None, false) => format!("{finding}{when}"),
    };
    format!("{} {}: {sentence}", label.owner, record_type::name(label.rtype))
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

/// ` at 2026-11-23T07:00:00Z when site fra is lost and 192.0.2.10 is down`; nothing where all is up at any time.
fn health(configuration: &Configuration, vector: &HealthVector) -> String {
    let at = vector.at.map_or(String::new(), |at| format!(" at {}", rfc3339(at)));
    let parts = [lost(configuration, vector), failed(configuration, vector)].into_iter().flatten();
    let parts: Vec<String> = parts.chain(held(configuration, vector)).collect();
    if parts.is_empty() { at } else { format!("{at} when {}", parts.join(" and ")) }
}

/// `site fra is lost`.
fn lost(configuration: &Configuration, vector: &HealthVector) -> Option<String> {
    let sites: Vec<&str> = vector.sites.iter().map(|&site| site_name(configuration, site)).collect();
    match sites[..] {
        [] => None,
        [site] => Some(format!("site {site} is lost")),
        _ => Some(format!("sites {} are lost", sites.join(" and "))),
    }
}

/// `192.0.2.10 is down`.
fn failed(configuration: &Configuration, vector: &HealthVector) -> Option<String> {
    let failures: Vec<String> = vector.failures.iter().map(|failure| name(configuration, *failure)).collect();
    match &failures[..] {
        [] => None,
        [failure] => Some(format!("{failure} is down")),
        _ => Some(format!("{} are down", failures.join(" and "))),
    }
}

/// What is held against members, and what a start has not heard yet.
fn held(configuration: &Configuration, vector: &HealthVector) -> Vec<String> {
    let pool = |id: &PoolId| configuration.pools[id.0 as usize].name.as_str();
    let awaited = vector.awaited.iter().map(|(cause, pools)| {
        let pools: Vec<&str> = pools.iter().map(pool).collect();
        let back = match *cause {
            Cause::Site(site) => format!("site {}", site_name(configuration, site)),
            Cause::Failure(failure) => name(configuration, failure),
        };
        format!("{back} is back but not resumed in {}", pools.join(" and "))
    });
    let suspect = vector
        .suspect
        .iter()
        .map(|id| format!("more members of {} are down at once than its panic limit lets go", pool(id)));
    let starting = vector.starting.iter().map(|(id, knowledge)| match *knowledge {
        Knowledge::Nothing => format!("a start has heard of no member of {} yet", pool(id)),
        Knowledge::Only(index) => {
            let member = &configuration.pools[id.0 as usize].members[usize::from(index)].name;
            format!("a start has heard of {}/{member} only", pool(id))
        }
    });
    awaited.chain(suspect).chain(starting).collect()
}

fn site_name(configuration: &Configuration, site: SiteId) -> &str {
    &configuration.sites[usize::from(site.0)].name
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
    let lost = |pool: &Pool| pool.site.is_some_and(|site| found.down.sites.contains(&site));
    members(configuration, found, |pool, target| lost(pool) || fails(configuration, &found.down, target))
}

/// What to tell `meridian explain --down`: lost sites as a whole, and the members that fail beside them.
fn outages(configuration: &Configuration, found: &Counterexample) -> Vec<String> {
    let watched = |site: &SiteId| {
        let pools = configuration.pools.iter().filter(|pool| pool.site == Some(*site));
        pools.flat_map(|pool| &pool.members).any(|member| member.targets.iter().any(|of| !of.is_empty()))
    };
    let name = |site: &SiteId| &configuration.sites[usize::from(site.0)].name;
    // No monitor can take the members of the others down.
    let sites = found.down.sites.iter().filter(|site| watched(site));
    let sites = sites.map(|site| Outage::Site(name(site).clone()).to_string());
    sites
        .chain(members(configuration, found, |_, target| fails(configuration, &found.down, target)))
        .collect()
}

/// The members of a rule's pools, by any of whose targets `is_down` says so.
fn members(
    configuration: &Configuration,
    found: &Counterexample,
    is_down: impl Fn(&Pool, TargetId) -> bool,
) -> Vec<String> {
    let rule = &configuration.rules[found.rule as usize];
    let pools: BTreeSet<PoolId> =
        rule.pools.iter().flat_map(|used| leaves(configuration, used.pool)).collect();
    let pools = pools.into_iter().map(|id| &configuration.pools[id.0 as usize]);
    let members = pools.flat_map(|pool| pool.members.iter().map(move |member| (pool, member)));
    let down = members.filter(|(pool, member)| {
        steer::targets_of(member, rule.content).into_iter().any(|target| is_down(pool, target))
    });
    down.map(|(pool, member)| format!("{}/{}", pool.name, member.name)).collect()
}

/// The pools of members that a pool gives from.
fn leaves(configuration: &Configuration, id: PoolId) -> Vec<PoolId> {
    match &configuration.pools[id.0 as usize].inner[..] {
        [] => vec![id],
        inner => inner.iter().flat_map(|inner| leaves(configuration, inner.pool)).collect(),
    }
}

/// The members that nobody has resumed, as `POOL/MEMBER`.
pub fn members_awaiting(configuration: &Configuration, found: &Counterexample) -> Vec<String> {
    let awaited = found.down.awaited.iter();
    let by_pool = awaited.flat_map(|(&cause, pools)| pools.iter().map(move |&pool| (pool, cause)));
    let members = by_pool.flat_map(|(id, cause)| {
        let pool = &configuration.pools[id.0 as usize];
        let vector = match cause {
            Cause::Site(_) => None,
            Cause::Failure(failure) => {
                Some(HealthVector { failures: [failure].into(), ..HealthVector::default() })
            }
        };
        let is_struck =
            move |target| vector.as_ref().is_none_or(|vector| fails(configuration, vector, target));
        let struck = pool
            .members
            .iter()
            .filter(move |member| member.targets.iter().flatten().any(|&target| is_struck(target)));
        struck.map(|member| format!("{}/{}", pool.name, member.name))
    });
    let members: BTreeSet<String> = members.collect();
    members.into_iter().collect()
}

fn fails(configuration: &Configuration, down: &HealthVector, target: TargetId) -> bool {
    let address = configuration.targets[target.0 as usize].key.address;
    down.failures.iter().any(|failure| match failure {
        Failure::Address(failed) => *failed == address,
        Failure::Target(failed) => *failed == target,
    })
}

/// The commands that show a counter-example: `meridian explain` on the files, and `dig` at a server whose members are
/// down like that; no `dig` where only a client with an address in a special-purpose block sees it, or where the map
/// looks at no subnet. None where only a server that runs can be in such a state.
pub fn commands(configuration: &Configuration, found: &Counterexample) -> Vec<String> {
    if !found.down.is_of_files() {
        return Vec::new();
    }
    let label = &configuration.rule_labels[found.rule as usize];
    let question = format!("{} {}", label.owner, record_type::name(label.rtype));
    let outages = outages(configuration, found);
    let mut down: String =
        outages.iter().take(OUTAGES_NAMED).map(|outage| format!(" --down {outage}")).collect();
    if outages.len() > OUTAGES_NAMED {
        down.push_str(" …");
    }
    if let Some(at) = found.down.at {
        down.push_str(&format!(" --at {}", rfc3339(at)));
    }
    let explain = |from: &str| format!("meridian explain {question} --from {from}{down}");
    let Some(client) = &found.client else {
        return vec![explain(ANYBODY), format!("dig {question}")];
    };
    let network = client.network;
    let map = configuration.rules[found.rule as usize].map;
    let by_subnet = map.is_some_and(|map| configuration.maps[map as usize].ecs);
    // A subnet of length 0 says nothing, and an address in a special-purpose block only counts by itself.
    if client.special || !by_subnet || network.length == 0 {
        return vec![explain(&network.address.to_string())];
    }
    vec![explain(&network.to_string()), format!("dig +subnet={network} {question}")]
}
