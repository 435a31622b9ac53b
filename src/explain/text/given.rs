//! What is given out, as text.

use super::Text;
use crate::explain::words::counted;
use crate::explain::{Draws, Fraction, Given, Network, Share, Variant, Way};
use crate::steer::SLOTS;

/// Different drawn answers that are listed.
const DRAWN_SHOWN: usize = 20;

pub(super) fn what_is_given_out(text: &mut Text, given: &Given, draws: Option<&Draws>) {
    match given {
        Given::Pool { variants, shares, ways, network, .. } => {
            if let Some(network) = network {
                text.line(1, &falls(*network));
            }
            ways.iter().for_each(|each| text.line(1, &way(each)));
            let of_others = !ways.is_empty();
            variants.iter().for_each(|each| text.line(1, &variant(each, draws, of_others)));
            if variants.iter().any(|variant| variant.members.len() > 1) {
                text.line(1, "Each member's share: in the answer, and standing first in it");
                shares.iter().for_each(|each| text.line(1, &share(each, of_others)));
            }
            share_of_networks(text, shares, of_others);
        }
        Given::DefaultRrset(records) => text.line(1, &format!("the default RRset{}", listed(records))),
        Given::NoData => text.line(1, "NODATA: no record"),
    }
    if let Some(draws) = draws {
        drawn(text, draws);
    }
}

fn listed(records: &[String]) -> String {
    if records.is_empty() { String::new() } else { format!(": {}", records.join(", ")) }
}

/// `the client's network 203.0.113.0/24 falls on slot 168 of 4096`.
fn falls(network: Network) -> String {
    format!("the client's network {} falls on slot {} of {SLOTS}", network.network, network.slot)
}

/// `3/4  75.00 %  by way of both → one`.
fn way(way: &Way) -> String {
    format!("{}  by way of {}", exactly(way.probability, &way.factors), way.pools.join(" → "))
}

fn variant(variant: &Variant, draws: Option<&Draws>, of_others: bool) -> String {
    let members = variant.members.iter();
    let members: Vec<String> = members
        .map(|(member, answer)| format!("{answer} ({})", member_of(&variant.pool, member, of_others)))
        .collect();
    let drawn = draws.map_or(String::new(), |draws| {
        let count = draws.of_variant(variant);
        format!("drawn {count} ({})  ", Fraction(count.into(), draws.count.into()))
    });
    format!("{}  {drawn}{}", exactly(variant.probability, &variant.factors), members.join(", "))
}

fn share(share: &Share, of_others: bool) -> String {
    let member = member_of(&share.pool, &share.member, of_others);
    format!("{}  {}  {member}", probability(share.answer), probability(share.first))
}

/// `members` with the name of their pool, where several pools give theirs.
fn member_of(pool: &str, member: &str, of_others: bool) -> String {
    if of_others { format!("{pool}/{member}") } else { member.to_owned() }
}

/// What members get of all networks, where these decide.
fn share_of_networks(text: &mut Text, shares: &[Share], of_others: bool) {
    let of_networks = || shares.iter().filter_map(|share| Some((share, share.slots?)));
    if of_networks().next().is_some() {
        text.line(1, &format!("Each member's share of all networks, in slots of {SLOTS}"));
    }
    for (share, slots) in of_networks() {
        let exact = format!("{slots}/{SLOTS}");
        let percent = Fraction(slots.into(), SLOTS as u128);
        let member = member_of(&share.pool, &share.member, of_others);
        text.line(1, &format!("{exact:<9} {percent:>8}  {member}"));
    }
}

/// How often was drawn, and what, where answers differ by more than their variant.
fn drawn(text: &mut Text, draws: &Draws) {
    let times = counted(draws.count as usize, "time");
    if draws.answers.iter().all(|answer| answer.members.len() <= 1) {
        text.line(1, &format!("Drawn {times} with seed {}", draws.seed));
        return;
    }
    text.line(1, &format!("Drawn {times} with seed {}, members in the order of their records", draws.seed));
    for answer in draws.answers.iter().take(DRAWN_SHOWN) {
        text.line(2, &format!("{:>7}  {}", answer.count, answer.members.join(", ")));
    }
    if let more @ 1.. = draws.answers.len().saturating_sub(DRAWN_SHOWN) {
        text.line(2, &format!("and {more} more (--format json lists all)"));
    }
}

/// A probability that may be too long for one fraction: then its factors.
fn exactly(fraction: Fraction, factors: &[(u64, u64)]) -> String {
    if factors.is_empty() {
        return probability(fraction);
    }
    let factors: Vec<String> = factors.iter().map(|(by, out_of)| format!("{by}/{out_of}")).collect();
    format!("{} {fraction:>8}", factors.join(" × "))
}

/// The exact fraction, and the percentage that people read.
fn probability(fraction: Fraction) -> String {
    let exact = format!("{}/{}", fraction.0, fraction.1);
    format!("{exact:<9} {fraction:>8}")
}
