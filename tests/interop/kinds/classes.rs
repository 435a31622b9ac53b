//! Classes other than IN, types that are none.

use super::{CONTENT, Choice, FORMERR, Kind, NOERROR, NOTIMP, REFUSED, answers, rcode};
use crate::compare::{Aspect, Seen};
use crate::name::Name;
use crate::peers::Who;
use crate::query::{CLASS_ANY, CLASS_CHAOS, CLASS_IN};

const AUTHORITATIVE: u16 = 0x0400;
const OPT: u16 = 41;
const ANY: u16 = 255;
const TKEY: u16 = 249;
const TSIG: u16 = 250;
const MAILB: u16 = 253;
const MAILA: u16 = 254;
/// RFC 9824.
const NXNAME: u16 = 128;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "chaos-names",
        aspects: CONTENT,
        recognise: |seen| {
            seen.query.class == CLASS_CHAOS && seen.query.name.is_within(&Name::plain("version.bind"))
        },
        choice: Choice::Own(|seen| {
            let answer = seen.answer(Who::Meridian);
            answer.is_some_and(|answer| answer.rcode == NOERROR && answer.authorities.is_empty())
        }),
    },
    Kind {
        name: "class-that-is-not-served",
        aspects: &[Aspect::Rcode],
        recognise: |seen| {
            is_strange(seen)
                && rcode(seen, Who::Knot) == Some(REFUSED)
                && matches!(rcode(seen, Who::Bind), Some(FORMERR | NOTIMP))
        },
        choice: Choice::As(Who::Knot),
    },
    Kind {
        name: "refusal-without-question",
        aspects: &[Aspect::Question],
        recognise: |seen| {
            is_strange(seen) && seen.answer(Who::Nsd).is_some_and(|answer| answer.question.is_none())
        },
        choice: Choice::As(Who::Knot),
    },
    Kind {
        name: "class-any",
        aspects: CONTENT,
        recognise: |seen| seen.query.class == CLASS_ANY && rcode(seen, Who::Bind) == Some(FORMERR),
        choice: Choice::Own(|seen| {
            // TTLs aside: a kind tells of them.
            let said =
                |who| answers(seen, who).iter().map(|record| (&record.owner, record.rtype, &record.data));
            let is_as =
                |who| rcode(seen, Who::Meridian) == rcode(seen, who) && said(Who::Meridian).eq(said(who));
            seen.answer(Who::Meridian).is_some_and(|answer| answer.flags & AUTHORITATIVE == 0)
                && (seen.query.rtype == ANY || is_as(Who::Nsd) || is_as(Who::Knot))
        }),
    },
    Kind {
        name: "type-0",
        aspects: CONTENT,
        recognise: |seen| seen.query.rtype == 0 && rcode(seen, Who::Knot) == Some(NOTIMP),
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "meta-types",
        aspects: CONTENT,
        recognise: |seen| {
            [OPT, TKEY, TSIG, MAILB, MAILA].contains(&seen.query.rtype)
                && matches!(rcode(seen, Who::Bind), Some(FORMERR | NOTIMP))
        },
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "type-nxname",
        aspects: CONTENT,
        recognise: |seen| seen.query.rtype == NXNAME && rcode(seen, Who::Bind) == Some(FORMERR),
        choice: Choice::As(Who::Nsd),
    },
];

/// Neither IN nor any.
fn is_strange(seen: &Seen<'_>) -> bool {
    ![CLASS_IN, CLASS_ANY].contains(&seen.query.class)
}
