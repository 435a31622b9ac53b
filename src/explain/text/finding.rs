//! What is at the name, as text.

use super::Text;
use crate::answer::CHAIN_MAX;
use crate::explain::words::counted;
use crate::explain::{Access, Explanation, Finding};
use crate::zone::record_type;

pub(super) fn at_the_name(text: &mut Text, explanation: &Explanation) {
    for alias in &explanation.chain {
        if let Some((owner, target)) = &alias.dname {
            text.field("DNAME", &format!("{owner} → {target}, TTL {}", alias.ttl));
        }
        if let Some(target) = &alias.target {
            let made = if alias.dname.is_some() { ", synthesised" } else { "" };
            text.field("CNAME", &format!("{} → {target}, TTL {}{made}", alias.owner, alias.ttl));
        }
    }
    if let Some(zone) = &explanation.zone {
        text.field("zone", &zone.to_string());
    }
    if let Some(access) = &explanation.access {
        text.field("access", &access_list(access));
    }
    text.field("found", &finding(&explanation.finding));
    for record in records(&explanation.finding) {
        text.field("", record);
    }
    if let Some(steering) = &explanation.steering {
        let (owner, rtype, line) = (&steering.owner, record_type::name(steering.rtype), &steering.line);
        let sentence = match steering.rtype == explanation.rtype {
            true => "the RRset above is its default RRset",
            false => "it chooses where the alias leads",
        };
        text.field("rule", &format!("{owner} {rtype} at {line}: {sentence}"));
    }
}

fn access_list(access: &Access) -> String {
    match (access.network, access.allowed) {
        (Some(network), true) => format!("allowed by {network}"),
        (Some(network), false) => format!("denied by {network}"),
        (None, true) => "allowed: not in a denied network".to_owned(),
        (None, false) => "denied: not in an allowed network".to_owned(),
    }
}

fn finding(finding: &Finding) -> String {
    match finding {
        Finding::NotOurZone => "no zone of ours holds it".to_owned(),
        Finding::NotAllowed => "nothing that this client may see".to_owned(),
        Finding::ChainTooLong => {
            format!("an alias that is not followed: an answer follows {CHAIN_MAX}, each once")
        }
        Finding::Redirected => "a name below a DNAME".to_owned(),
        Finding::Rrset { rtype, ttl, records, wildcard } => {
            let rtype = record_type::name(*rtype);
            let by = if *wildcard { " (a wildcard stands in)" } else { "" };
            format!("{rtype}, {}, TTL {ttl}{by}", counted(records.len(), "record"))
        }
        Finding::NoData { types, wildcard, ttl } => {
            let by = if *wildcard { ", by a wildcard" } else { "" };
            format!("{}{by}; resolvers remember for {ttl} s that the type is not", present(types))
        }
        Finding::NoName { ttl } => format!("nothing; resolvers remember for {ttl} s that the name is not"),
        Finding::Referral { cut, nameservers } => {
            format!("a zone cut at {cut} with {}", counted(nameservers.len(), "nameserver"))
        }
    }
}

/// The records that were found.
fn records(finding: &Finding) -> &[String] {
    match finding {
        Finding::Rrset { records, .. } => records,
        Finding::Referral { nameservers, .. } => nameservers,
        _ => &[],
    }
}

fn present(types: &[u16]) -> String {
    let types: Vec<String> = types.iter().map(|&rtype| record_type::name(rtype)).collect();
    match types.is_empty() {
        true => "an empty non-terminal (only names below it exist)".to_owned(),
        false => format!("the name has {}", types.join(", ")),
    }
}
