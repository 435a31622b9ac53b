//! What is answered: a total function of the snapshot, the question, the client and one random word.

use std::net::IpAddr;
use std::sync::Arc;

use super::Random;
use crate::geo::{ClassId, Placement};
use crate::snapshot::Snapshot;
use crate::steer::{self, AnswerSet, Drawn, Given, PoolId, Reason};
use crate::wire::{QuestionName, Rcode, class, rtype};
use crate::zone::{CnameTarget, Lookup, Node, Referral, Rrset, Zone};

/// The most CNAMEs that one answer follows; what is left of a longer chain the resolver asks for itself.
pub const CHAIN_MAX: usize = 8;

/// What was asked.
pub struct Question<'q> {
    /// QNAME.
    pub name: &'q QuestionName,
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS.
    pub qclass: u16,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address that the query came from.
    pub transport: IpAddr,
    /// The client subnet's address, where the query carries one with a source prefix above 0.
    pub subnet: Option<IpAddr>,
}

/// The answer as a value: what, for how long, for whom, and why. Render makes octets of it.
pub struct Answer<'s> {
    /// The response code.
    pub rcode: Rcode,
    /// AA.
    pub authoritative: bool,
    /// Offset of the first zone's apex within the question's name.
    pub apex_offset: usize,
    /// The CNAMEs that were followed.
    pub chain: Chain<'s>,
    /// What stands at the end of the chain, or at the question's name.
    pub body: Body<'s>,
    /// SCOPE PREFIX-LENGTH (RFC 7871 §7.2.1); 0 for everything that is not steered.
    pub scope: u8,
    /// The node that lacks the type, for NODATA.
    pub lacking: Option<Node<'s>>,
    /// Why it is what it is.
    pub why: Why,
}

/// What an answer ends in.
pub enum Body<'s> {
    /// Nothing: refused, or a chain that leaves our zones.
    Nothing,
    /// An RRset of the zone, and the TTL that steering lowers it to where it stands in for a steered answer.
    Rrset(Rrset<'s>, Option<u32>),
    /// Addresses that steering chose.
    Steered(Steered<'s>),
    /// The way to the servers of a delegated zone, and where the cut's name stands within the name looked up.
    Referral(Referral<'s>, usize),
    /// The SOA for a negative answer, and the TTL that a steered NODATA lowers it to.
    Negative(Rrset<'s>, Option<u32>),
}

/// A steered answer.
pub struct Steered<'s> {
    /// Index of the rule in the configuration.
    pub rule: u32,
    /// Where the client is.
    pub placement: Placement,
    /// The pool that answers.
    pub pool: PoolId,
    /// What it can give.
    pub set: &'s AnswerSet,
    /// What was drawn.
    pub drawn: Drawn<'s>,
    /// Seconds.
    pub ttl: u32,
}

/// One followed CNAME.
#[derive(Clone, Copy)]
pub struct Link<'s> {
    /// The CNAME RRset.
    pub rrset: Rrset<'s>,
    /// Where the apex of the next zone stands, when the chain goes on in another zone.
    pub next_apex: Option<NextApex>,
}

/// Where the apex of another zone stands once a chain has gone on there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextApex {
    /// So many octets into the RDATA of the CNAME.
    InTarget(usize),
    /// So many octets into the apex before, to which the RDATA points: from a zone to its own parent.
    InApex(usize),
}

/// The followed CNAMEs, in order.
#[derive(Default)]
pub struct Chain<'s> {
    links: [Option<Link<'s>>; CHAIN_MAX],
    length: usize,
}

impl<'s> Chain<'s> {
    /// The links in order.
    pub fn links(&self) -> impl Iterator<Item = &Link<'s>> {
        self.links[..self.length].iter().flatten()
    }

    /// How many links there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether no CNAME was followed.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Takes another CNAME in, unless the chain is full or has come round to where it was.
    fn push(&mut self, rrset: Rrset<'s>) -> bool {
        if self.links().any(|link| std::ptr::eq(link.rrset.octets(), rrset.octets())) {
            return false;
        }
        let Some(place) = self.links.get_mut(self.length) else { return false };
        *place = Some(Link { rrset, next_apex: None });
        self.length += 1;
        true
    }

    /// `apex_offset` is where the next zone's apex stands within the whole name of the target.
    fn goes_on_in_another_zone(&mut self, target: CnameTarget, apex_offset: usize) {
        let next_apex = match target {
            CnameTarget::BelowApex { literal } if apex_offset >= literal => {
                NextApex::InApex(apex_offset - literal)
            }
            CnameTarget::BelowApex { .. } | CnameTarget::Whole => NextApex::InTarget(apex_offset),
        };
        if let Some(Some(link)) = self.length.checked_sub(1).map(|last| &mut self.links[last]) {
            link.next_apex = Some(next_apex);
        }
    }
}

/// Why an answer is what it is; `explain`, logs and metrics print the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The RRset asked for exists.
    Exists,
    /// A rule steers it.
    Steered(Reason),
    /// The name exists, the type does not.
    NoData,
    /// The name does not exist.
    NoName,
    /// The name is delegated.
    Delegated,
    /// ANY is answered with one RRset (RFC 8482).
    OneOfAny,
    /// The chain of CNAMEs leaves our zones, is longer than [`CHAIN_MAX`], or is a loop.
    ChainEnds,
    /// No zone of ours holds the name.
    NotOurZone,
    /// The zone, or one that the chain of CNAMEs leads to, does not answer this client.
    NotAllowed,
    /// A class other than IN and ANY.
    OtherClass,
}

/// Decides. `target` is scratch for the names that CNAMEs lead to.
pub fn decide<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
    client: Client,
    random: &mut Random,
    target: &mut QuestionName,
) -> Answer<'s> {
    if !matches!(question.qclass, class::IN | class::ANY) {
        return Answer::refused(Why::OtherClass);
    }
    let Some((zone, apex)) = snapshot.zones.find(question.name, question.qtype) else {
        return Answer::refused(Why::NotOurZone);
    };
    if !zone.answers(client.transport) {
        return Answer::refused(Why::NotAllowed);
    }
    let mut answer = Answer {
        rcode: Rcode::NoError,
        authoritative: true,
        apex_offset: question.name.suffix_offset(apex),
        chain: Chain::default(),
        body: Body::Nothing,
        scope: 0,
        lacking: None,
        why: Why::ChainEnds,
    };
    let decision = Decision { snapshot, qtype: question.qtype, client, random };
    decision.follow(zone, question.name, target, &mut answer);
    answer
}

/// What stays the same while a chain is followed.
struct Decision<'s, 'r> {
    snapshot: &'s Snapshot,
    qtype: u16,
    client: Client,
    random: &'r mut Random,
}

impl<'s> Decision<'s, '_> {
    fn follow(
        mut self,
        first: &'s Arc<Zone>,
        name: &QuestionName,
        target: &mut QuestionName,
        answer: &mut Answer<'s>,
    ) {
        let mut zone = first;
        let mut next = self.step(zone, name, answer);
        while let Some(cname) = next {
            if !answer.chain.push(cname) {
                return;
            }
            let Some(written) = cname.cname_target(target) else { return };
            let Some((next_zone, apex)) = self.snapshot.zones.find(target, self.qtype) else { return };
            if !Arc::ptr_eq(zone, next_zone) {
                if !next_zone.answers(self.client.transport) {
                    answer.why = Why::NotAllowed;
                    return;
                }
                answer.chain.goes_on_in_another_zone(written, target.suffix_offset(apex));
                zone = next_zone;
            }
            next = self.step(zone, target, answer);
        }
    }

    /// Looks one name up. Returns the CNAME that leads on, or `None` when the answer is complete.
    fn step(&mut self, zone: &'s Zone, name: &QuestionName, answer: &mut Answer<'s>) -> Option<Rrset<'s>> {
        match zone.find(name, self.qtype) {
            Lookup::Found { node, .. } => return self.at_node(zone, node, answer),
            Lookup::NoName => {
                answer.rcode = Rcode::NxDomain;
                answer.end(Why::NoName, Body::Negative(zone.negative_soa(), None));
            }
            Lookup::Referral(referral) => {
                // A referral is not authoritative; behind a CNAME, AA speaks of the CNAME (RFC 1034 §6.2.7).
                answer.authoritative = !answer.chain.is_empty();
                let cut = name.suffix_offset(referral.cut);
                answer.end(Why::Delegated, Body::Referral(referral, cut));
            }
        }
        None
    }

    fn at_node(&mut self, zone: &'s Zone, node: Node<'s>, answer: &mut Answer<'s>) -> Option<Rrset<'s>> {
        if let Some(rrset) = node.rrset(self.qtype) {
            match rrset.rule() {
                Some(rule) => self.steer(zone, node, rrset, rule, answer),
                None => answer.end(Why::Exists, Body::Rrset(rrset, None)),
            }
            return None;
        }
        if self.qtype == rtype::ANY
            && let Some(first) = node.rrsets().next()
        {
            answer.end(Why::OneOfAny, Body::Rrset(first, None));
            return None;
        }
        let cname = node.rrset(rtype::CNAME);
        if cname.is_none() {
            answer.lacking = Some(node);
            answer.end(Why::NoData, Body::Negative(zone.negative_soa(), None));
        }
        cname
    }

    fn steer(
        &mut self,
        zone: &'s Zone,
        node: Node<'s>,
        default: Rrset<'s>,
        index: u32,
        answer: &mut Answer<'s>,
    ) {
        let rule = &self.snapshot.configuration.rules[index as usize];
        let placement = place(self.snapshot, rule.map, self.client);
        let choice = steer::choose(rule, placement.class, |pool| self.snapshot.pool(pool, rule.family));
        answer.scope = placement.scope;
        let body = match choice.given {
            Given::Set(pool, set) => {
                let drawn = set.draw(self.random.word());
                Body::Steered(Steered { rule: index, placement, pool, set, drawn, ttl: choice.ttl })
            }
            Given::DefaultRrset => Body::Rrset(default, Some(choice.ttl)),
            Given::NoData => {
                let soa = zone.negative_soa();
                answer.lacking = Some(node);
                Body::Negative(soa, Some(choice.ttl.min(soa.ttl())))
            }
        };
        answer.end(Why::Steered(choice.reason), body);
    }
}

/// Class and scope of a client under a rule's map (semantics §7). Without a map there is one class, for everyone.
pub fn place(snapshot: &Snapshot, map: Option<u32>, client: Client) -> Placement {
    let everyone = Placement { class: ClassId(0), scope: 0, special: false };
    let Some(map) = map.map(|index| &snapshot.configuration.maps[index as usize]) else { return everyone };
    let transport = || Placement { scope: 0, ..map.table.place(client.transport) };
    match client.subnet.filter(|_| map.ecs).map(|subnet| map.table.place(subnet)) {
        None => transport(),
        // A special-purpose block says nothing of where the client is, only for whom the answer holds.
        Some(placement) if placement.special => Placement { scope: placement.scope, ..transport() },
        Some(placement) => placement,
    }
}

impl<'s> Answer<'s> {
    /// Whether any section holds a record.
    pub fn has_records(&self) -> bool {
        !self.chain.is_empty() || !matches!(self.body, Body::Nothing)
    }

    fn refused(why: Why) -> Answer<'s> {
        Answer {
            rcode: Rcode::Refused,
            authoritative: false,
            apex_offset: 0,
            chain: Chain::default(),
            body: Body::Nothing,
            scope: 0,
            lacking: None,
            why,
        }
    }

    fn end(&mut self, why: Why, body: Body<'s>) {
        self.why = why;
        self.body = body;
    }
}
