//! What is answered: a total function of the snapshot, the question, the client and one random word.

use std::net::IpAddr;
use std::sync::Arc;

use super::Random;
use super::chain::{Chain, LinkKind};
use super::steered_alias::{choose_alias, give_no_alias};
use crate::geo::{ClassId, Placement};
use crate::snapshot::{Map, Snapshot};
use crate::steer::{self, Drawn, Given, PoolId, Reason};
use crate::wire::{QuestionName, Rcode, class, rtype};
use crate::zone::{Lookup, Node, Redirection, Referral, Rrset, Zone};

/// What was asked.
#[derive(Clone, Copy)]
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
pub struct Client<'c> {
    /// The address that the query came from.
    pub transport: &'c IpAddr,
    /// The client subnet's address, where the query carries one with a source prefix above 0.
    pub subnet: Option<&'c IpAddr>,
}

/// The answer as a value: what, for how long, for whom, and why. Render makes octets of it.
pub struct Answer<'s> {
    /// The response code.
    pub rcode: Rcode,
    /// AA.
    pub authoritative: bool,
    /// Offset of the first zone's apex within the question's name.
    pub apex_offset: usize,
    /// The CNAMEs and DNAMEs that were followed.
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
    /// Nothing: refused, or the chain says it all.
    Nothing,
    /// An RRset of the zone, and the TTL that steering lowers it to where it stands in for a steered answer.
    Rrset(Rrset<'s>, Option<u32>),
    /// Records that steering chose.
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
    /// The pool that answers.
    pub pool: PoolId,
    /// What was drawn, and from what it can give.
    pub drawn: Drawn<'s>,
    /// Seconds.
    pub ttl: u32,
}

/// Why an answer is what it is; `explain`, logs and metrics print the same. Its tag stands by itself, where it is looked at
/// with each answer, and those that nothing is to be said of come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Why {
    /// The RRset asked for exists.
    Exists,
    /// The name exists, the type does not.
    NoData,
    /// The name does not exist.
    NoName,
    /// The name is delegated.
    Delegated,
    /// A rule steers it, or an alias on the way to it. Where several do, the first that could not give what it should, from
    /// the end.
    Steered(Reason),
    /// ANY is answered with one RRset (RFC 8482).
    OneOfAny,
    /// The chain leaves our zones, is longer than [`super::CHAIN_MAX`], or is a loop.
    ChainEnds,
    /// CNAME or ANY was asked for, and a CNAME was synthesised from a DNAME.
    Synthesised,
    /// The name that a DNAME leads to is too long (RFC 6672 §2.2).
    NameTooLong,
    /// No zone of ours holds the name.
    NotOurZone,
    /// The zone, or one that the chain of CNAMEs leads to, does not answer this client.
    NotAllowed,
    /// A class other than IN and ANY.
    OtherClass,
}

/// Decides. `target` is scratch for the names that a chain leads to.
pub fn decide<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
    client: Client<'_>,
    random: &mut Random,
    target: &mut QuestionName,
) -> Answer<'s> {
    let mut answer = Answer::refused();
    decide_into(snapshot, question, client, random, target, &mut answer);
    answer
}

/// The same into an answer that stands already, as [`Answer::refused`] makes it: nothing is moved.
#[inline(always)]
pub(super) fn decide_into<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
    client: Client<'_>,
    random: &mut Random,
    target: &mut QuestionName,
    answer: &mut Answer<'s>,
) {
    if matches!(question.qclass, class::IN | class::ANY) {
        Decision { snapshot, question: *question, client, random }.begin(target, answer);
    }
}

/// What leads from a name to another one.
enum Alias<'s> {
    Cname(Rrset<'s>),
    Dname(Redirection<'s>),
}

/// What stays the same while a chain is followed. The ways that few queries take get a copy: so what nearly all need of it is
/// not bound to memory.
struct Decision<'s, 'r> {
    snapshot: &'s Snapshot,
    question: Question<'r>,
    client: Client<'r>,
    random: &'r mut Random,
}

impl<'s> Decision<'s, '_> {
    /// Decides on the question's name, and follows the chain where one begins there.
    #[inline(always)]
    fn begin(mut self, target: &mut QuestionName, answer: &mut Answer<'s>) {
        let question = self.question;
        let Some((zone, apex)) = self.snapshot.zones.find(question.name, question.qtype) else {
            answer.why = Why::NotOurZone;
            return;
        };
        if !zone.answers(self.client.transport) {
            answer.why = Why::NotAllowed;
            return;
        }
        answer.rcode = Rcode::NoError;
        // RFC 1035 §6.2: an answer for all classes is authoritative only if it covers them all.
        answer.authoritative = question.qclass == class::IN;
        answer.apex_offset = question.name.suffix_offset(apex);
        if let Some(alias) = self.step(zone, question.name, answer) {
            answer.why = Why::ChainEnds;
            self.follow(zone, alias, target, answer);
        }
    }

    #[inline(never)]
    fn follow(
        mut self,
        zone: &'s Arc<Zone>,
        first: Alias<'s>,
        target: &mut QuestionName,
        answer: &mut Answer<'s>,
    ) {
        let has_left = self.follow_to_end(zone, first, target, answer);
        let is_outdone = matches!(answer.why, Why::Exists | Why::Steered(Reason::Healthy)) || has_left;
        if let Some(reason) = answer.chain.reason().filter(|_| is_outdone) {
            answer.why = Why::Steered(reason);
        }
    }

    /// Follows a chain to its end; whether that is outside of our zones.
    fn follow_to_end(
        &mut self,
        mut zone: &'s Arc<Zone>,
        first: Alias<'s>,
        target: &mut QuestionName,
        answer: &mut Answer<'s>,
    ) -> bool {
        let mut next = Some(first);
        while let Some(alias) = next {
            if !self.lead_on(zone, alias, target, answer) {
                return false;
            }
            let Some((next_zone, apex)) = self.snapshot.zones.find(target, self.question.qtype) else {
                return true;
            };
            if !Arc::ptr_eq(zone, next_zone) {
                if !next_zone.answers(self.client.transport) {
                    answer.why = Why::NotAllowed;
                    return false;
                }
                answer.goes_on_below(target.suffix_offset(apex));
                zone = next_zone;
            }
            next = self.step_on(zone, target, answer);
        }
        false
    }

    /// Makes of `target`, or of the question's name where the chain begins, the name that an alias leads to. Returns
    /// whether the chain goes on there.
    fn lead_on(
        &mut self,
        zone: &'s Zone,
        alias: Alias<'s>,
        target: &mut QuestionName,
        answer: &mut Answer<'s>,
    ) -> bool {
        match alias {
            Alias::Cname(cname) => {
                let name = if answer.chain.is_empty() { self.question.name } else { &*target };
                let steered = match cname.rule() {
                    Some(rule) => match choose_alias(self.snapshot, self.client, self.random, rule, answer) {
                        Ok(steered) => Some(steered),
                        Err(ttl) => {
                            give_no_alias(zone, name, ttl, answer);
                            return false;
                        }
                    },
                    None => None,
                };
                answer.chain.push(name.suffix_hash(0), cname, LinkKind::Cname, steered)
                    && answer.chain.last().is_some_and(|link| link.target(target).is_some())
            }
            Alias::Dname(redirection) => {
                if answer.chain.is_empty() {
                    target.clone_from(self.question.name);
                }
                self.redirect(&redirection, target, answer)
            }
        }
    }

    /// [`Decision::step`] behind the first one: so that the one that every query takes stands in its way by itself.
    #[inline(never)]
    fn step_on(&mut self, zone: &'s Zone, name: &QuestionName, answer: &mut Answer<'s>) -> Option<Alias<'s>> {
        self.step(zone, name, answer)
    }

    /// Looks one name up. Returns the alias that leads on, or `None` when the answer is complete.
    #[inline(always)]
    fn step(&mut self, zone: &'s Zone, name: &QuestionName, answer: &mut Answer<'s>) -> Option<Alias<'s>> {
        match zone.find(name, self.question.qtype) {
            Lookup::Found { node, wildcard } => {
                return self.at_node(zone, node, wildcard, answer).map(Alias::Cname);
            }
            Lookup::NoName => {
                answer.rcode = Rcode::NxDomain;
                answer.end(Why::NoName, Body::Negative(zone.negative_soa(), None));
            }
            Lookup::Referral(referral) => {
                // A referral is not authoritative; behind an alias, AA speaks of the alias (RFC 1034 §6.2.7).
                answer.authoritative &= !answer.chain.is_empty();
                let cut = name.suffix_offset(referral.cut);
                answer.end(Why::Delegated, Body::Referral(referral, cut));
            }
            Lookup::Redirected(redirection) => return Some(Alias::Dname(redirection)),
        }
        None
    }

    /// Makes of `name` the one that a DNAME redirects it to. Returns whether the chain goes on there: not when that
    /// is too long a name, nor when the synthesised CNAME is what was asked for (RFC 6672 §3.2), nor when the DNAME would
    /// lengthen again the name that it has just made: it would do so for ever.
    #[cold]
    fn redirect(
        &self,
        redirection: &Redirection<'s>,
        name: &mut QuestionName,
        answer: &mut Answer<'s>,
    ) -> bool {
        let kept = name.suffix_offset(redirection.labels) as u8;
        let name_hash = name.suffix_hash(0);
        let lengthens = redirection.target().len() > name.as_octets().len() - usize::from(kept);
        if lengthens && answer.chain.last().is_some_and(|link| link.is_of(redirection.dname)) {
            return false;
        }
        if name.redirect(redirection.labels, redirection.target()).is_none() {
            if answer.chain.push(name_hash, redirection.dname, LinkKind::DnameTooLong { kept }, None) {
                answer.rcode = Rcode::YxDomain;
                answer.why = Why::NameTooLong;
            }
            return false;
        }
        if !answer.chain.push(name_hash, redirection.dname, LinkKind::Dname { kept }, None) {
            return false;
        }
        let is_asked_for = matches!(self.question.qtype, rtype::CNAME | rtype::ANY);
        if is_asked_for {
            answer.why = Why::Synthesised;
        }
        !is_asked_for
    }

    #[inline(always)]
    fn at_node(
        &mut self,
        zone: &'s Zone,
        node: Node<'s>,
        wildcard: bool,
        answer: &mut Answer<'s>,
    ) -> Option<Rrset<'s>> {
        if let Some(rrset) = node.rrset(self.question.qtype) {
            match rrset.rule() {
                Some(rule) => {
                    if let Some(instead) = steer(self.snapshot, self.client, self.random, rule, answer) {
                        stand_in(zone, node, rrset, instead, answer);
                    }
                }
                // An answer has an RRset once (RFC 2181 §5), and a DNAME may have led to its own owner. No other type
                // comes twice: a chain ends where CNAME is asked for. By a wildcard the owner is another one.
                None if self.question.qtype == rtype::DNAME && !wildcard && answer.chain.has(rrset) => {
                    answer.end(Why::Exists, Body::Nothing);
                }
                None => answer.end(Why::Exists, Body::Rrset(rrset, None)),
            }
            return None;
        }
        if self.question.qtype == rtype::ANY
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
}

/// What stands in for a steered answer: the default RRset, or NODATA.
struct Instead {
    is_default: bool,
    reason: Reason,
    ttl: u32,
}

/// Answers with what a rule chooses for a client; where that is no set of a pool, says what stands in for it.
#[inline(never)]
fn steer<'s>(
    snapshot: &'s Snapshot,
    client: Client<'_>,
    random: &mut Random,
    index: u32,
    answer: &mut Answer<'s>,
) -> Option<Instead> {
    let rule = &snapshot.configuration.rules[index as usize];
    let placement = place(snapshot, rule.map, client);
    let choice = steer::choose(rule, placement.class, |pool| snapshot.pool(pool, rule.content));
    answer.scope = answer.scope.max(placement.scope);
    let Given::Set(pool, set) = choice.given else {
        let is_default = matches!(choice.given, Given::DefaultRrset);
        return Some(Instead { is_default, reason: choice.reason, ttl: choice.ttl });
    };
    let drawn = set.draw(random.word());
    let steered = Steered { rule: index, pool, drawn, ttl: choice.ttl };
    answer.end(Why::Steered(choice.reason), Body::Steered(steered));
    None
}

/// Answers with what stands in for a steered answer at a node with this default RRset.
#[inline(never)]
fn stand_in<'s>(
    zone: &'s Zone,
    node: Node<'s>,
    default: Rrset<'s>,
    instead: Instead,
    answer: &mut Answer<'s>,
) {
    let body = if instead.is_default {
        Body::Rrset(default, Some(instead.ttl))
    } else {
        let soa = zone.negative_soa();
        answer.lacking = Some(node);
        Body::Negative(soa, Some(instead.ttl.min(soa.ttl())))
    };
    answer.end(Why::Steered(instead.reason), body);
}

/// Class and scope of a client under a rule's map (semantics §7). Without a map there is one class, for everyone.
#[inline(always)]
pub fn place(snapshot: &Snapshot, map: Option<u32>, client: Client<'_>) -> Placement {
    let Some(index) = map else { return Placement { class: ClassId(0), scope: 0, special: false } };
    let map = &snapshot.configuration.maps[index as usize];
    let (decisive, is_subnet) = match client.subnet {
        Some(subnet) if map.ecs => (subnet, true),
        _ => (client.transport, false),
    };
    let placement = map.table.place(decisive);
    match is_subnet {
        true if placement.special => in_special_block(map, placement.scope, client),
        true => placement,
        false => Placement { scope: 0, ..placement },
    }
}

/// A special-purpose block says nothing of where the client is, only for whom the answer holds.
#[cold]
fn in_special_block(map: &Map, scope: u8, client: Client<'_>) -> Placement {
    Placement { scope, ..map.table.place(client.transport) }
}

impl<'s> Answer<'s> {
    /// Whether any section holds a record.
    pub fn has_records(&self) -> bool {
        !self.chain.is_empty() || !matches!(self.body, Body::Nothing)
    }

    /// The answer to a question of a class that is not served, and what all others are made of.
    #[inline]
    pub(super) fn refused() -> Answer<'s> {
        Answer {
            rcode: Rcode::Refused,
            authoritative: false,
            apex_offset: 0,
            chain: Chain::default(),
            body: Body::Nothing,
            scope: 0,
            lacking: None,
            why: Why::OtherClass,
        }
    }

    /// Says that the chain goes on in another zone, whose apex stands at `apex_offset` within the whole target.
    fn goes_on_below(&mut self, apex_offset: usize) {
        if let Some(link) = self.chain.last_mut() {
            link.next_apex = Some(apex_offset as u8);
        }
    }

    pub(super) fn end(&mut self, why: Why, body: Body<'s>) {
        self.why = why;
        self.body = body;
    }
}
