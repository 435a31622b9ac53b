//! OPT and its options.

use super::{BADVERS, CONTENT, Choice, FORMERR, Kind, rcode};
use crate::compare::{Aspect, Seen};
use crate::peers::Who;
use crate::query::{COOKIE, DO, SUBNET};

/// The option of RFC 7314.
const EXPIRE: u16 = 9;
/// The lengths of a cookie (RFC 7873 §4): the client's alone, or with a server's of 8 to 32.
const COOKIE_LENGTHS: [std::ops::RangeInclusive<usize>; 2] = [8..=8, 16..=40];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "version-refused-with-do",
        aspects: &[Aspect::Opt],
        recognise: |seen| {
            rcode(seen, Who::Bind) == Some(BADVERS) && seen.query.edns.as_ref().is_some_and(|edns| edns.flags & DO != 0)
        },
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "identity-in-a-refused-version",
        aspects: &[Aspect::Identity],
        recognise: |seen| rcode(seen, Who::Bind) == Some(BADVERS),
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "client-subnet-malformed",
        aspects: &[
            Aspect::Rcode,
            Aspect::Authoritative,
            Aspect::Answer,
            Aspect::Authority,
            Aspect::Additional,
            Aspect::Opt,
            Aspect::Identity,
            Aspect::Subnet,
            Aspect::Options,
            Aspect::Truncated,
        ],
        recognise: |seen| seen.query.option(SUBNET).is_some() && rcode(seen, Who::Bind) == Some(FORMERR),
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "cookie-malformed",
        aspects: CONTENT,
        recognise: |seen| {
            let cookie = seen.query.option(COOKIE);
            cookie.is_some_and(|cookie| !COOKIE_LENGTHS.iter().any(|lengths| lengths.contains(&cookie.len())))
        },
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "client-subnet-echoed",
        aspects: &[Aspect::Subnet],
        recognise: |seen| seen.query.option(SUBNET).is_some(),
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "extended-errors",
        aspects: &[Aspect::Errors],
        recognise: |_| true,
        choice: Choice::Own(|_| true),
    },
    Kind {
        name: "expire",
        aspects: &[Aspect::Options],
        recognise: |seen| {
            seen.query.option(EXPIRE).is_some() && Who::PEERS.iter().any(|&who| has_option(seen, who, EXPIRE))
        },
        choice: Choice::Own(|seen| !has_option(seen, Who::Meridian, EXPIRE)),
    },
];

fn has_option(seen: &Seen<'_>, who: Who, code: u16) -> bool {
    let opt = seen.answer(who).and_then(|answer| answer.opt.as_ref());
    opt.is_some_and(|opt| opt.options.iter().any(|(found, _)| *found == code))
}
