//! Compares four reactions aspect by aspect.
//!
//! | the three | Meridian | |
//! |---|---|---|
//! | agree | the same | well |
//! | agree | otherwise | a kind of `disagreements.md` says why, or it is a difference |
//! | disagree | – | a kind recognises it and says how Meridian answers, or it is unlisted |
//!
//! The options of OPT are held exactly besides, by [`options`].

use std::fmt;

use crate::kinds::Kind;
use crate::message::{Answer, Reaction, Record};
use crate::options;
use crate::peers::Who;
use crate::query::{COOKIE, ERROR, NSID, Query, SUBNET};
use crate::zones::Contents;

/// What can differ. An aspect is compared only where all four have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Whether there is an answer at all, and one that can be read.
    Reaction,
    Rcode,
    Opcode,
    Authoritative,
    Truncated,
    RecursionDesired,
    RecursionAvailable,
    Reserved,
    AuthenticData,
    CheckingDisabled,
    /// The question, octet for octet.
    Question,
    Answer,
    Authority,
    /// Without OPT.
    Additional,
    /// Whether there is one; its version, flags and payload size.
    Opt,
    /// The server's identity (RFC 5001).
    Identity,
    /// The client subnet (RFC 7871).
    Subnet,
    /// Extended errors (RFC 8914).
    Errors,
    /// Every other option; of cookies, which are never equal, only the length.
    Options,
    /// Types in whose data names are compressed that must not be (RFC 3597 §4).
    Compression,
}

use Aspect::{
    Additional, AuthenticData, Authoritative, Authority, CheckingDisabled, Compression, Errors, Identity,
    Opcode, Opt, Options, Question, Rcode, RecursionAvailable, RecursionDesired, Reserved, Subnet, Truncated,
};

const OF_ANSWERS: [Aspect; 19] = [
    Rcode,
    Opcode,
    Authoritative,
    Truncated,
    RecursionDesired,
    RecursionAvailable,
    Reserved,
    AuthenticData,
    CheckingDisabled,
    Question,
    Aspect::Answer,
    Authority,
    Additional,
    Opt,
    Identity,
    Subnet,
    Errors,
    Options,
    Compression,
];

/// An aspect of a reaction, comparable.
#[derive(Debug, PartialEq, Eq)]
enum View<'r> {
    Kind(&'static str),
    Number(u16),
    Question(Option<&'r [u8]>),
    Records(&'r [Record]),
    Opt(Option<(u8, u16, u16)>),
    Options(Vec<(u16, &'r [u8])>),
    Types(&'r [u16]),
}

/// A query and what the four made of it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'t> {
    pub query: &'t Query,
    /// In the order of [`Who::ALL`].
    pub reactions: [&'t Reaction; 4],
    /// What all four serve.
    pub zones: &'t [Contents],
}

impl<'t> Seen<'t> {
    pub fn reaction(&self, who: Who) -> &'t Reaction {
        self.reactions[who as usize]
    }

    /// The answer, if it is one.
    pub fn answer(&self, who: Who) -> Option<&'t Answer> {
        match self.reaction(who) {
            Reaction::Answer(answer) => Some(answer),
            Reaction::Silence | Reaction::Broken(_) => None,
        }
    }

    /// Whether two answer alike in an aspect.
    pub fn same(&self, aspect: Aspect, one: Who, other: Who) -> bool {
        match (view(self.reaction(one), aspect), view(self.reaction(other), aspect)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }

    fn peers_agree(&self, aspect: Aspect) -> bool {
        self.same(aspect, Who::Knot, Who::Nsd)
            && self.same(aspect, Who::Nsd, Who::Bind)
            && self.same(aspect, Who::Knot, Who::Bind)
    }

    /// Whether Meridian answers as each of the peers.
    fn all_agree(&self, aspect: Aspect) -> bool {
        Who::PEERS.iter().all(|&peer| self.same(aspect, Who::Meridian, peer))
    }
}

fn view(reaction: &Reaction, aspect: Aspect) -> Option<View<'_>> {
    let answer = match (aspect, reaction) {
        (Aspect::Reaction, Reaction::Silence) => return Some(View::Kind("silence")),
        (Aspect::Reaction, Reaction::Broken(_)) => return Some(View::Kind("no message")),
        (Aspect::Reaction, Reaction::Answer(_)) => return Some(View::Kind("an answer")),
        (_, Reaction::Answer(answer)) => answer,
        _ => return None,
    };
    Some(match aspect {
        Aspect::Reaction => unreachable!("it is taken above"),
        Rcode => View::Number(answer.rcode),
        Opcode => View::Number(answer.flags & 0xf800),
        Authoritative => View::Number(answer.flags & 0x0400),
        Truncated => View::Number(answer.flags & 0x0200),
        RecursionDesired => View::Number(answer.flags & 0x0100),
        RecursionAvailable => View::Number(answer.flags & 0x0080),
        Reserved => View::Number(answer.flags & 0x0040),
        AuthenticData => View::Number(answer.flags & 0x0020),
        CheckingDisabled => View::Number(answer.flags & 0x0010),
        Question => View::Question(answer.question.as_deref()),
        Aspect::Answer => View::Records(&answer.answers),
        Authority => View::Records(&answer.authorities),
        Additional => View::Records(&answer.additionals),
        Opt => View::Opt(answer.opt.as_ref().map(|opt| (opt.version, opt.flags, opt.payload))),
        Identity => View::Options(options(answer, |code| code == NSID)),
        Subnet => View::Options(options(answer, |code| code == SUBNET)),
        Errors => View::Options(options(answer, |code| code == ERROR)),
        Options => View::Options(options(answer, |code| ![NSID, SUBNET, ERROR].contains(&code))),
        Compression => View::Types(&answer.compressed),
    })
}

/// The options whose code is wanted.
fn options(answer: &Answer, wanted: fn(u16) -> bool) -> Vec<(u16, &[u8])> {
    /// As long as any cookie.
    const COOKIE_OF_ZEROS: &[u8] = &[0; 40];
    let options = answer.opt.iter().flat_map(|opt| &opt.options).filter(|(code, _)| wanted(*code));
    let shown = options.map(|(code, data)| match *code {
        COOKIE => (*code, &COOKIE_OF_ZEROS[..data.len().min(COOKIE_OF_ZEROS.len())]),
        _ => (*code, data.as_slice()),
    });
    shown.collect()
}

/// What a query showed in one aspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// All four alike.
    Alike,
    /// A kind tells of it, and Meridian answers as the kind says.
    Listed(usize),
    /// A kind tells of it, but Meridian does not answer as the kind says.
    AgainstKind(usize),
    /// Meridian's options are not those that [`options`] expects, whatever the three say.
    Inexact,
    /// The three agree, Meridian differs.
    Difference,
    /// The three disagree in a way that no kind tells of.
    Unlisted,
}

/// Looks at one aspect.
pub fn judge(seen: &Seen<'_>, aspect: Aspect, kinds: &[Kind]) -> Finding {
    if !options::are_exact(seen, aspect) {
        return Finding::Inexact;
    }
    if seen.all_agree(aspect) && seen.peers_agree(aspect) {
        return Finding::Alike;
    }
    match kinds.iter().position(|kind| kind.tells_of(seen, aspect)) {
        Some(number) if kinds[number].is_kept(seen, aspect) => Finding::Listed(number),
        Some(number) => Finding::AgainstKind(number),
        None if seen.peers_agree(aspect) => Finding::Difference,
        None => Finding::Unlisted,
    }
}

/// All aspects, in the order of the message.
pub fn aspects() -> impl Iterator<Item = Aspect> {
    std::iter::once(Aspect::Reaction).chain(OF_ANSWERS)
}

impl fmt::Display for Aspect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}
