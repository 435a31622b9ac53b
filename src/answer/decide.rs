//! What is answered: a total function of the snapshot, the question, the client and one random word.

use std::net::IpAddr;
use std::ptr;

use super::Random;
use super::chain::LinkKind;
use super::outcome::{Answer, Body, Why};
use super::steered_alias::{choose_alias, give_no_alias};
use super::steered_rrset::{Steering, stand_in, steer};
use crate::snapshot::Snapshot;
use crate::steer::Reason;
use crate::wire::{QuestionName, Rcode, class, rtype};
use crate::zone::{Lookup, Node, Redirection, Rrset, Zone};

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

/// Decides. `target` is scratch for the names that a chain leads to.
pub fn decide<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
    client: Client<'_>,
    random: &mut Random,
    target: &mut QuestionName,
) -> Answer<'s> {
    let mut answer = Answer::refused();
    decide_into(snapshot, question, || client, random, target, &mut answer);
    answer
}

/// The same into an answer that stands already, as [`Answer::refused`] makes it: nothing is moved. `client` is asked only where
/// it makes a difference.
#[inline(always)]
pub(super) fn decide_into<'s, 'r>(
    snapshot: &'s Snapshot,
    question: &Question<'r>,
    client: impl Fn() -> Client<'r>,
    random: &'r mut Random,
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
struct Decision<'s, 'r, C> {
    snapshot: &'s Snapshot,
    question: Question<'r>,
    client: C,
    random: &'r mut Random,
}

impl<'s, 'r, C: Fn() -> Client<'r>> Decision<'s, 'r, C> {
    /// Decides on the question's name, and follows the chain where one begins there.
    #[inline(always)]
    fn begin(mut self, target: &mut QuestionName, answer: &mut Answer<'s>) {
        let question = self.question;
        let Some((zone, apex)) = self.snapshot.zones.find(question.name, question.qtype) else {
            answer.why = Why::NotOurZone;
            return;
        };
        if !zone.answers((self.client)().transport) {
            answer.why = Why::NotAllowed;
            return;
        }
        answer.rcode = Rcode::NoError;
        // RFC 1035 §6.2: an answer for all classes is authoritative only if it covers them all.
        answer.authoritative = question.qclass == class::IN;
        answer.apex_offset = question.name.suffix_offset(apex);
        let alias = match zone.find_at_a_glance(question.name, apex) {
            Ok(node) => self.at_node(zone, node, false, answer).map(Alias::Cname),
            Err(look) => {
                let found = zone.find_otherwise(question.name, question.qtype, apex, look);
                self.take(zone, question.name, found, answer)
            }
        };
        if let Some(alias) = alias {
            answer.why = Why::ChainEnds;
            self.follow(zone, alias, target, answer);
        }
    }

    #[inline(never)]
    fn follow(
        mut self,
        zone: &'s Zone,
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
        mut zone: &'s Zone,
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
            if !ptr::eq(zone, next_zone) {
                if !next_zone.answers((self.client)().transport) {
                    answer.why = Why::NotAllowed;
                    return false;
                }
                answer.goes_on_below(target.suffix_offset(apex));
                zone = next_zone;
            }
            let scope = answer.scope;
            next = self.step(zone, target, answer);
            // The whole holds for no more than each of its links.
            answer.scope = answer.scope.max(scope);
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
                    Some(rule) => {
                        match choose_alias(self.snapshot, (self.client)(), self.random, rule, answer) {
                            Ok(steered) => Some(steered),
                            Err(ttl) => {
                                give_no_alias(zone, name, ttl, answer);
                                return false;
                            }
                        }
                    }
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

    /// Looks one name of a chain up. Returns the alias that leads on, or `None` when the answer is complete.
    #[inline(never)]
    fn step(&mut self, zone: &'s Zone, name: &QuestionName, answer: &mut Answer<'s>) -> Option<Alias<'s>> {
        self.take(zone, name, zone.find(name, self.question.qtype), answer)
    }

    /// Takes what was found at a name into the answer. Returns the alias that leads on, or `None` when the answer is complete.
    #[inline(always)]
    fn take(
        &mut self,
        zone: &'s Zone,
        name: &QuestionName,
        found: Lookup<'s>,
        answer: &mut Answer<'s>,
    ) -> Option<Alias<'s>> {
        match found {
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
                Some(rule) => match steer(self.snapshot, (self.client)(), self.random, rule, answer) {
                    Steering::Answered => {}
                    instead => stand_in(zone, node, rrset, instead, answer),
                },
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
