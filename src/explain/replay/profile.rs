//! An answer as what can be told from outside: code, records with their chances, TTL, scope.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use crate::answer::{self, Answer, Body, Client, Question, Random};
use crate::geo::Prefix;
use crate::snapshot::Snapshot;
use crate::steer::AnswerSet;
use crate::wire::query::{self, Packet};
use crate::wire::{Name, QuestionName, Rcode, class};

/// What one query gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name asked for, in lower case, in wire form.
    pub name: Box<[u8]>,
    /// The type asked for.
    pub rtype: u16,
    /// The response code.
    pub rcode: Rcode,
    /// A digest of the records: of all that can be drawn, with its chances. Only good within one run.
    pub records: u64,
    /// For how long the answer holds, in seconds; `None` where it may not be kept.
    pub ttl: Option<u32>,
    /// For whom.
    pub scope: u8,
    /// The client subnet of the query, as sent.
    pub subnet: Option<Prefix>,
}

/// Makes profiles of the answers of one snapshot.
pub struct Profiler<'s> {
    snapshot: &'s Snapshot,
    name: QuestionName,
    target: QuestionName,
    random: Random,
    /// Digests of answer sets, by where they stand.
    sets: HashMap<*const AnswerSet, u64>,
}

impl<'s> Profiler<'s> {
    /// For a snapshot.
    pub fn new(snapshot: &'s Snapshot) -> Profiler<'s> {
        Profiler {
            snapshot,
            name: QuestionName::default(),
            target: QuestionName::default(),
            // The draw plays no part in what is compared.
            random: Random::new(0),
            sets: HashMap::new(),
        }
    }

    /// The profile of the answer to a packet; `None` for what is no question that is decided on (errors in its form,
    /// control messages).
    pub fn profile(&mut self, packet: &[u8], source: IpAddr) -> Option<Profile> {
        let Packet::Query(query) = query::read(packet, &mut self.name) else { return None };
        if !matches!(query.qclass, class::IN | class::ANY) {
            return None;
        }
        let option = query.edns.client_subnet.as_ref();
        let subnet = option.and_then(|option| Some(Prefix::around(*option.decisive()?, option.source)));
        let question = Question { name: &self.name, qtype: query.qtype, qclass: query.qclass };
        let address = subnet.map(|subnet| subnet.address);
        let client = Client { transport: &source, subnet: address.as_ref() };
        let answer = answer::decide(self.snapshot, &question, client, &mut self.random, &mut self.target);
        Some(Profile {
            name: self.name.as_octets().into(),
            rtype: query.qtype,
            rcode: answer.rcode,
            records: digest(&answer, &mut self.sets),
            ttl: ttl(&answer),
            scope: answer.scope,
            subnet,
        })
    }
}

impl Profile {
    /// The name for people.
    pub fn name(&self) -> String {
        Name::from_wire(&self.name).map_or_else(|_| "?".to_owned(), |name| name.to_string())
    }
}

fn digest(answer: &Answer<'_>, sets: &mut HashMap<*const AnswerSet, u64>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for link in answer.chain.links() {
        match link.steered.and_then(|steered| steered.drawn) {
            Some(drawn) => digest_of_set(drawn.set()).hash(&mut hasher),
            None => hash_rdata(link.rrset.full_rdata(), &mut hasher),
        }
    }
    match &answer.body {
        Body::Nothing => 0_u8.hash(&mut hasher),
        Body::Rrset(rrset, _) => {
            (1_u8, rrset.rtype()).hash(&mut hasher);
            hash_rdata(rrset.full_rdata(), &mut hasher);
        }
        Body::Steered(steered) => {
            let own = || digest_of_set(steered.drawn.set());
            (2_u8, *sets.entry(std::ptr::from_ref(steered.drawn.set())).or_insert_with(own))
                .hash(&mut hasher);
        }
        Body::Referral(referral, _) => {
            3_u8.hash(&mut hasher);
            hash_rdata(referral.ns.full_rdata(), &mut hasher);
        }
        // A serial that has moved on changes nothing for whoever asked.
        Body::Negative(..) => 4_u8.hash(&mut hasher),
    }
    hasher.finish()
}

/// Records in any order.
fn hash_rdata(mut rdata: Vec<Vec<u8>>, hasher: &mut DefaultHasher) {
    rdata.sort_unstable();
    rdata.hash(hasher);
}

/// The records of each member of a variant, and its probability.
type Variant<'s> = (Vec<&'s [u8]>, (u64, u64));

fn digest_of_set(set: &AnswerSet) -> u64 {
    let records = |member: usize| set.records_of(member);
    let mut variants: Vec<Variant<'_>> = set
        .variants()
        .into_iter()
        .map(|(members, chance)| {
            let mut given: Vec<_> = members.into_iter().map(records).collect();
            given.sort_unstable();
            (given, chance)
        })
        .collect();
    variants.sort_unstable();
    let mut first: Vec<_> = set.shares().iter().map(|share| (records(share.member), share.first)).collect();
    first.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (variants, first).hash(&mut hasher);
    hasher.finish()
}

/// The lowest TTL of what is answered.
fn ttl(answer: &Answer<'_>) -> Option<u32> {
    if !matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain) {
        return None;
    }
    let body = match &answer.body {
        Body::Nothing => None,
        Body::Rrset(rrset, lowered) | Body::Negative(rrset, lowered) => {
            Some(lowered.unwrap_or(u32::MAX).min(rrset.ttl()))
        }
        Body::Steered(steered) => Some(steered.ttl),
        Body::Referral(referral, _) => Some(referral.ns.ttl()),
    };
    answer.chain.links().map(|link| link.rrset.ttl()).chain(body).min()
}
