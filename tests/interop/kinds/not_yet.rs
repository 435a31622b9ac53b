//! What main does not do yet while others work on it; each goes when it never occurs any more.

use super::{Choice, Kind};
use crate::compare::{Aspect, Seen};
use crate::name::Name;
use crate::peers::Who;
use crate::query::CLASS_ANY;

const DNAME: u16 = 39;
const EVERYWHERE: &[Aspect] = &[
    Aspect::Rcode,
    Aspect::Authoritative,
    Aspect::Truncated,
    Aspect::Answer,
    Aspect::Authority,
    Aspect::Additional,
];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "not-yet-options-in-chaos",
        aspects: &[Aspect::Identity, Aspect::Subnet],
        recognise: |seen| seen.query.class == 3,
        choice: Choice::Own(|_| true),
    },
    Kind {
        name: "not-yet-dname",
        aspects: EVERYWHERE,
        recognise: |seen| has(seen, Who::Nsd, DNAME) && !has(seen, Who::Meridian, DNAME),
        choice: Choice::Own(|_| true),
    },
    Kind {
        name: "not-yet-class-any-without-aa",
        aspects: EVERYWHERE,
        recognise: |seen| {
            seen.query.class == CLASS_ANY
                && seen.answer(Who::Meridian).is_some_and(|answer| answer.flags & 0x0400 != 0)
        },
        choice: Choice::Own(|_| true),
    },
    Kind {
        name: "not-yet-loop-through-a-wildcard",
        aspects: EVERYWHERE,
        recognise: |seen| seen.query.name.is_within(&Name::plain("loop.wild.test")),
        choice: Choice::Own(|_| true),
    },
    Kind {
        name: "not-yet-additional-data",
        aspects: &[Aspect::Additional, Aspect::Truncated],
        recognise: |seen| {
            let count = |who| seen.answer(who).map_or(0, |answer| answer.additionals.len());
            count(Who::Meridian) == 0 && (count(Who::Knot) > 0 || count(Who::Bind) > 0)
        },
        choice: Choice::Own(|_| true),
    },
    Kind {
        name: "not-yet-some-of-the-glue",
        aspects: EVERYWHERE,
        recognise: |seen| {
            let is_truncated = seen.answer(Who::Meridian).is_some_and(|answer| answer.flags & 0x0200 != 0);
            is_truncated && seen.answer(Who::Nsd).is_some_and(|answer| !answer.additionals.is_empty())
        },
        choice: Choice::Own(|_| true),
    },
];

fn has(seen: &Seen<'_>, who: Who, rtype: u16) -> bool {
    seen.answer(who).is_some_and(|answer| answer.answers.iter().any(|record| record.rtype == rtype))
}
