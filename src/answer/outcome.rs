//! The answer as a value: what, for how long, for whom, and why.

use super::chain::Chain;
use crate::steer::{Drawn, PoolId, Reason};
use crate::wire::Rcode;
use crate::zone::{Node, Referral, Rrset};

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
    /// The pool whose members answer; of a pool of pools, the one that was picked in the end.
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

impl Why {
    /// Whether nothing beside the RCODE is counted or said of it: as of nearly every answer that is not steered. One look at the
    /// tag says so.
    #[inline(always)]
    pub(super) fn is_ordinary(self) -> bool {
        matches!(self, Why::Exists | Why::NoData | Why::NoName | Why::Delegated)
    }
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
    pub(super) fn goes_on_below(&mut self, apex_offset: usize) {
        if let Some(link) = self.chain.last_mut() {
            link.next_apex = Some(apex_offset as u8);
        }
    }

    /// Ends the answer, and says why so.
    pub(super) fn end(&mut self, why: Why, body: Body<'s>) {
        self.why = why;
        self.body = body;
    }
}
