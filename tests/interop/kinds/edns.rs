//! OPT and its options.

use super::{BADVERS, Choice, FORMERR, Kind, rcode};
use crate::compare::{Aspect, Seen};
use crate::message::Reaction;
use crate::options::option_fault;
use crate::peers::Who;
use crate::query::{COOKIE, DO, ERROR, EXPIRE, KEEPALIVE, Query, SUBNET, ZONE_VERSION};

/// Every aspect of a refusal that says what it is about.
const REFUSAL: &[Aspect] = &[
    Aspect::Reaction,
    Aspect::Rcode,
    Aspect::Authoritative,
    Aspect::Truncated,
    Aspect::Answer,
    Aspect::Authority,
    Aspect::Additional,
    Aspect::Opt,
    Aspect::Identity,
    Aspect::Subnet,
    Aspect::Options,
    Aspect::Question,
];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "version-before-options",
        aspects: REFUSAL,
        recognise: |seen| is_later_version(seen.query) && rcode(seen, Who::Bind) == Some(FORMERR),
        choice: Choice::Own(|seen| is_bare(seen, BADVERS)),
    },
    Kind {
        name: "version-refused-with-do",
        aspects: &[Aspect::Opt],
        recognise: |seen| {
            rcode(seen, Who::Bind) == Some(BADVERS)
                && seen.query.edns.as_ref().is_some_and(|edns| edns.flags & DO != 0)
        },
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "version-refused-with-options",
        aspects: &[Aspect::Identity, Aspect::Options, Aspect::Subnet],
        recognise: |seen| rcode(seen, Who::Bind) == Some(BADVERS),
        choice: Choice::Own(|seen| is_bare(seen, BADVERS)),
    },
    Kind {
        name: "option-malformed",
        aspects: REFUSAL,
        recognise: |seen| has_malformed_option(seen.query) && !is_later_version(seen.query),
        choice: Choice::Own(|seen| is_bare(seen, FORMERR)),
    },
    Kind {
        name: "client-subnet-echoed",
        aspects: &[Aspect::Subnet],
        recognise: |seen| seen.query.option(SUBNET).is_some(),
        choice: Choice::Exact,
    },
    Kind {
        name: "extended-errors",
        aspects: &[Aspect::Errors],
        recognise: |seen| seen.reactions.iter().any(|reaction| has_option(reaction, ERROR)),
        choice: Choice::Exact,
    },
    Kind {
        name: "cookies",
        aspects: &[Aspect::Options],
        recognise: |seen| seen.query.option(COOKIE).is_some() && has_option(seen.reaction(Who::Bind), COOKIE),
        choice: Choice::Exact,
    },
    Kind {
        name: "expire",
        aspects: &[Aspect::Options],
        recognise: |seen| {
            seen.query.option(EXPIRE).is_some()
                && Who::PEERS.iter().any(|&who| has_option(seen.reaction(who), EXPIRE))
        },
        choice: Choice::Exact,
    },
    Kind {
        name: "keepalive",
        aspects: &[Aspect::Options],
        recognise: |seen| {
            seen.query.option(KEEPALIVE).is_some() && has_option(seen.reaction(Who::Bind), KEEPALIVE)
        },
        choice: Choice::Exact,
    },
    Kind {
        name: "zone-version",
        aspects: &[Aspect::Options],
        recognise: |seen| {
            let is_said_by = |who| has_option(seen.reaction(who), ZONE_VERSION);
            is_said_by(Who::Meridian) && !Who::PEERS.iter().any(|&who| is_said_by(who))
        },
        choice: Choice::Exact,
    },
];

fn is_later_version(query: &Query) -> bool {
    query.edns.as_ref().is_some_and(|edns| edns.version > 0)
}

/// Whether an option breaks its own rules.
fn has_malformed_option(query: &Query) -> bool {
    let mut options = query.edns.iter().flat_map(|edns| &edns.options);
    options.any(|(code, data)| option_fault(*code, data, query.transport).is_some())
}

/// Nothing but an rcode and an OPT.
fn is_bare(seen: &Seen<'_>, rcode: u16) -> bool {
    seen.answer(Who::Meridian).is_some_and(|answer| {
        answer.rcode == rcode
            && answer.flags & 0x0600 == 0
            && answer.answers.is_empty()
            && answer.authorities.is_empty()
            && answer.additionals.is_empty()
            && answer.opt.is_some()
            && answer.question.is_some()
    })
}

fn has_option(reaction: &Reaction, code: u16) -> bool {
    match reaction {
        Reaction::Answer(answer) => answer.opt.as_ref().is_some_and(|opt| opt.option(code).is_some()),
        Reaction::Silence | Reaction::Broken(_) => false,
    }
}
