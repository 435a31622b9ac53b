//! Classes other than IN, types that are none.

use super::{CONTENT, Choice, FORMERR, Kind, NOERROR, NOTIMP, REFUSED, rcode};
use crate::compare::{Aspect, Seen};
use crate::name::Name;
use crate::peers::Who;
use crate::query::{CLASS_ANY, CLASS_IN};

const CLASS_CHAOS: u16 = 3;
const OPT: u16 = 41;
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
