//! OPT and its options.

use super::{BADVERS, Choice, FORMERR, Kind, rcode};
use crate::compare::{Aspect, Seen};
use crate::peers::Who;
use crate::query::{COOKIE, DO, Query, SUBNET};

/// The option of RFC 7314.
const EXPIRE: u16 = 9;
/// The option of RFC 7828.
const KEEPALIVE: u16 = 11;
/// Every aspect of a refusal that says what it is about.
const REFUSAL: &[Aspect] = &[
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
        choice: Choice::As(Who::Nsd),
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
        recognise: |seen| has_malformed_option(seen.query),
        choice: Choice::Own(|seen| is_bare(seen, FORMERR)),
    },
    Kind {
        name: "client-subnet-echoed",
        aspects: &[Aspect::Subnet],
        recognise: |seen| seen.query.option(SUBNET).is_some(),
        choice: Choice::Own(|seen| {
            let echoed = seen.answer(Who::Meridian).and_then(|answer| answer.opt.as_ref()?.option(SUBNET));
            echoed == seen.query.option(SUBNET)
        }),
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
    Kind {
        name: "keepalive",
        aspects: &[Aspect::Options],
        recognise: |seen| seen.query.option(KEEPALIVE).is_some() && has_option(seen, Who::Bind, KEEPALIVE),
        choice: Choice::As(Who::Knot),
    },
];

fn is_later_version(query: &Query) -> bool {
    query.edns.as_ref().is_some_and(|edns| edns.version > 0)
}

/// Whether a client subnet or a cookie breaks its own rules (RFC 7871 §6, §7.1.2; RFC 7873 §4).
fn has_malformed_option(query: &Query) -> bool {
    let subnet = query.option(SUBNET).is_some_and(|data| match *data {
        [0, family @ 1..=2, prefix, 0, ref address @ ..] => {
            let longest = if family == 1 { 32 } else { 128 };
            let beyond = u32::from(prefix) % 8;
            prefix > longest
                || address.len() != usize::from(prefix).div_ceil(8)
                || (beyond > 0 && address.last().is_some_and(|last| last << beyond != 0))
        }
        _ => true,
    });
    let cookie = query.option(COOKIE).is_some_and(|data| !matches!(data.len(), 8 | 16..=40));
    subnet || cookie
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

fn has_option(seen: &Seen<'_>, who: Who, code: u16) -> bool {
    let opt = seen.answer(who).and_then(|answer| answer.opt.as_ref());
    opt.is_some_and(|opt| opt.option(code).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;
    use crate::query::Edns;

    #[test]
    fn malformed_options_are_recognised() {
        let malformed = |code, data: &[u8]| {
            let edns = Edns { options: vec![(code, data.to_vec())], ..Edns::plain() };
            has_malformed_option(&Query { edns: Some(edns), ..Query::plain(Name::default(), 1) })
        };
        for good in [&[0, 1, 24, 0, 1, 2, 3][..], &[0, 1, 0, 0], &[0, 2, 9, 0, 0x20, 0x80]] {
            assert!(!malformed(SUBNET, good), "{good:?}");
        }
        for bad in [&[0, 1, 24, 0, 1, 2][..], &[0, 1, 9, 0, 1, 0x40], &[0, 1, 8, 8, 1], &[0, 3, 0, 0], &[0]] {
            assert!(malformed(SUBNET, bad), "{bad:?}");
        }
        assert!(malformed(COOKIE, &[0; 9]) && !malformed(COOKIE, &[0; 16]));
    }
}
