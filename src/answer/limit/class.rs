//! Which answers share a bucket: those that an attacker could get as many of as it likes by asking differently.

use crate::answer::{Answer, Body};
use crate::wire::Rcode;

/// A class of answers, as one word that tells it from all others.
///
/// | the answer | shares a bucket with |
/// |---|---|
/// | an RRset, or a chain that begins with one | the answers from the same RRset: all names that its wildcard stands in for |
/// | steered | the answers of the same rule |
/// | NODATA | every type that the same node lacks |
/// | NXDOMAIN | every missing name of the zone |
/// | a referral | every name below the same cut |
/// | an error | every error of that code |
/// | control messages | each other |
///
/// What is in the zone stands for itself by its place in memory, which is no secret and needs none: the table mixes it
/// with its seeds. A zone that is loaded anew begins with full buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::answer) struct Class(u64);

/// The upper bits of the word, above every address that a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Records = 1,
    Steered,
    NoData,
    NoName,
    Referral,
    Error,
    Control,
}

/// The kinds as an operator reads them.
const IN_WORDS: &[(Kind, &str)] = &[
    (Kind::Records, "answers of one RRset"),
    (Kind::Steered, "answers of one rule"),
    (Kind::NoData, "types that one name lacks"),
    (Kind::NoName, "missing names of one zone"),
    (Kind::Referral, "referrals to one delegation"),
    (Kind::Error, "errors of one code"),
    (Kind::Control, "control messages"),
];

/// Where the kind stands in the word.
const KIND_SHIFT: u32 = 56;

impl Class {
    /// The class of a decided answer.
    pub(in crate::answer) fn of(answer: &Answer<'_>) -> Class {
        if let Some(first) = answer.chain.links().next() {
            return Class::at(Kind::Records, first.rrset.octets());
        }
        match (&answer.body, &answer.lacking) {
            (Body::Nothing, _) => Class::error(answer.rcode),
            (Body::Rrset(rrset, _), _) => Class::at(Kind::Records, rrset.octets()),
            (Body::Steered(steered), _) => Class::new(Kind::Steered, u64::from(steered.rule)),
            (Body::Negative(..), Some(node)) => Class::new(Kind::NoData, node.identity()),
            (Body::Negative(soa, _), None) => Class::at(Kind::NoName, soa.octets()),
            (Body::Referral(referral, _), _) => Class::at(Kind::Referral, referral.ns.octets()),
        }
    }

    /// The class of all errors of one code.
    pub(in crate::answer) fn error(rcode: Rcode) -> Class {
        Class::new(Kind::Error, rcode as u64)
    }

    /// The class of everything that the control handler answers.
    pub(in crate::answer) fn control() -> Class {
        Class::new(Kind::Control, 0)
    }

    /// The class as a word.
    pub(super) fn word(self) -> u64 {
        self.0
    }

    /// The number of its kind, from 1 to 255.
    pub(super) fn kind(self) -> u64 {
        self.0 >> KIND_SHIFT
    }

    fn new(kind: Kind, thing: u64) -> Class {
        Class((kind as u64) << KIND_SHIFT ^ thing)
    }

    fn at(kind: Kind, octets: &[u8]) -> Class {
        Class::new(kind, octets.as_ptr().addr() as u64)
    }
}

/// What the answers of a kind are.
pub(super) fn in_words(kind: u64) -> &'static str {
    let known = IN_WORDS.iter().find(|(known, _)| *known as u64 == kind);
    known.map_or("answers", |(_, words)| words)
}
