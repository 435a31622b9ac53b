//! What the zones say of a name: the chain of aliases that an answer followed, and what stands at its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::answer::{Answer, Body, Link, LinkKind, Why};
use crate::geo::Prefix;
use crate::snapshot::Snapshot;
use crate::wire::{Name, Network, QuestionName, rtype};
use crate::zone::{Lookup, Referral, Rrset, Zone};

/// A followed CNAME, or the CNAME that was synthesised from a DNAME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Where it stands.
    pub owner: Name,
    /// The owner of the DNAME that it was synthesised from, and what the DNAME leads to.
    pub dname: Option<(Name, Name)>,
    /// Where it leads; `None` when that is too long a name.
    pub target: Option<Name>,
    /// Seconds.
    pub ttl: u32,
}

/// What a zone's access list says of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The network of the list that decides; `None` where none holds the client.
    pub network: Option<Prefix>,
    /// Whether the client is answered.
    pub allowed: bool,
}

/// What the zone says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// No zone of ours holds it.
    NotOurZone,
    /// Its zone does not answer the client.
    NotAllowed,
    /// The chain of aliases is longer than we follow, or a loop.
    ChainTooLong,
    /// A DNAME at or above the name redirects it, and that is all that was asked for or can be said.
    Redirected,
    /// An RRset as it stands in the master file.
    Rrset {
        /// Its type (for ANY the one that was taken).
        rtype: u16,
        /// Seconds.
        ttl: u32,
        /// The data of each record, as a master file has it with names in full.
        records: Vec<String>,
        /// Whether a wildcard stands in.
        wildcard: bool,
    },
    /// The name exists without the type.
    NoData {
        /// The types that are there; none at an empty non-terminal.
        types: Vec<u16>,
        /// Whether a wildcard stands in.
        wildcard: bool,
        /// For how long resolvers remember, in seconds.
        ttl: u32,
    },
    /// The name does not exist.
    NoName {
        /// For how long resolvers remember, in seconds.
        ttl: u32,
    },
    /// The name is delegated.
    Referral {
        /// The zone cut.
        cut: Name,
        /// The names of the nameservers.
        nameservers: Vec<String>,
    },
}

/// Where an answer's chain ends.
pub(super) struct End {
    /// The aliases on the way.
    pub(super) chain: Vec<Alias>,
    /// The apex of the zone of the last name.
    pub(super) zone: Option<Name>,
    /// What its access list says.
    pub(super) access: Option<Access>,
    /// What is there.
    pub(super) finding: Finding,
    /// The rule that steers it.
    pub(super) rule: Option<u32>,
}

/// Follows the chain of an answer to `client` that was decided, and looks at its end.
pub(super) fn follow(
    snapshot: &Snapshot,
    name: &Name,
    qtype: u16,
    client: IpAddr,
    answer: &Answer<'_>,
) -> End {
    let mut scratch = QuestionName::default();
    let mut last = name.clone();
    let mut chain = Vec::new();
    for link in answer.chain.links() {
        let alias = alias(link, last.clone());
        last = alias.target.clone().unwrap_or(last);
        chain.push(alias);
    }
    scratch.set(&last);
    match snapshot.zones.find(&scratch, qtype) {
        Some((zone, _)) => End { access: access(zone, client), ..at_end(zone, &last, qtype, answer, chain) },
        None => End { chain, zone: None, access: None, finding: Finding::NotOurZone, rule: None },
    }
}

/// A link of the chain that stands at, or redirects, the name `owner`.
fn alias(link: &Link<'_>, owner: Name) -> Alias {
    let mut scratch = QuestionName::default();
    let whole = |name: &QuestionName| Name::from_wire(name.as_octets()).ok();
    let target = link.target(&mut scratch).and_then(|()| whole(&scratch));
    let ttl = link.ttl();
    let (LinkKind::Dname { kept } | LinkKind::DnameTooLong { kept }) = link.kind else {
        return Alias { owner, dname: None, target, ttl };
    };
    let (octets, kept) = (owner.as_octets(), usize::from(kept));
    let dname = Name::from_wire(&octets[kept..]).ok().zip(target.clone());
    let target =
        target.and_then(|target| Name::from_wire(&[&octets[..kept], target.as_octets()].concat()).ok());
    Alias { owner, dname, target, ttl }
}

fn at_end(zone: &Zone, name: &Name, qtype: u16, answer: &Answer<'_>, chain: Vec<Alias>) -> End {
    let mut scratch = QuestionName::default();
    scratch.set(name);
    let mut rule = None;
    let finding = match zone.find(&scratch, qtype) {
        _ if answer.why == Why::NotAllowed => Finding::NotAllowed,
        _ if answer.why == Why::ChainEnds => Finding::ChainTooLong,
        _ if matches!(answer.why, Why::Synthesised | Why::NameTooLong) => Finding::Redirected,
        // What leads on was followed, or the chain has ended.
        Lookup::Redirected(_) => Finding::ChainTooLong,
        Lookup::Found { node, wildcard } => match node.rrset(qtype).or(rrset_of(answer)) {
            Some(rrset) => {
                rule = rrset.rule().filter(|_| rrset.rtype() == qtype);
                rrset_finding(rrset, wildcard)
            }
            None => {
                // A steered alias that leads nowhere now.
                rule = node.rrset(rtype::CNAME).and_then(|cname| cname.rule());
                Finding::NoData {
                    types: node.rrsets().map(|rrset| rrset.rtype()).collect(),
                    wildcard,
                    ttl: zone.negative_soa().ttl(),
                }
            }
        },
        Lookup::Referral(referral) => referral_finding(name, &referral),
        Lookup::NoName => Finding::NoName { ttl: zone.negative_soa().ttl() },
    };
    End { chain, zone: Some(zone.apex().clone()), access: None, finding, rule }
}

fn access(zone: &Zone, client: IpAddr) -> Option<Access> {
    let network = zone.access()?.deciding(client);
    let network = network.map(|Network { address, length, .. }| Prefix { address, length });
    Some(Access { network, allowed: zone.answers(&client) })
}

/// The RRset that ANY was answered with.
fn rrset_of<'s>(answer: &Answer<'s>) -> Option<Rrset<'s>> {
    match answer.body {
        Body::Rrset(rrset, _) => Some(rrset),
        _ => None,
    }
}

fn rrset_finding(rrset: Rrset<'_>, wildcard: bool) -> Finding {
    Finding::Rrset { rtype: rrset.rtype(), ttl: rrset.ttl(), records: rrset.print(), wildcard }
}

fn referral_finding(name: &Name, referral: &Referral<'_>) -> Finding {
    let mut cut = name.clone();
    for _ in 0..referral.cut {
        cut = cut.parent().expect("a cut is an ancestor of the name or the name itself");
    }
    Finding::Referral { cut, nameservers: referral.ns.print() }
}

/// The addresses of an A or AAAA RRset; none for other types.
pub(super) fn addresses(rrset: Rrset<'_>) -> Vec<IpAddr> {
    if !matches!(rrset.rtype(), rtype::A | rtype::AAAA) {
        return Vec::new();
    }
    rrset.rdata().filter_map(address).collect()
}

fn address(rdata: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(rdata).map(|octets| Ipv4Addr::from(octets).into());
    let v6 = <[u8; 16]>::try_from(rdata).map(|octets| Ipv6Addr::from(octets).into());
    v4.or(v6).ok()
}
