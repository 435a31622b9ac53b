//! What main does not do yet while others work on it; each goes when it never occurs any more.

use super::{Choice, Kind};
use crate::compare::Aspect;
use crate::name::Name;
use crate::peers::Who;
use crate::query::CLASS_ANY;

const CLASS_CHAOS: u16 = 3;
const AUTHORITATIVE: u16 = 0x0400;
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
        recognise: |seen| seen.query.class == CLASS_CHAOS,
        choice: Choice::Own(|_| true),
    },
    Kind {
        name: "not-yet-class-any-without-aa",
        aspects: EVERYWHERE,
        recognise: |seen| {
            seen.query.class == CLASS_ANY
                && seen.answer(Who::Meridian).is_some_and(|answer| answer.flags & AUTHORITATIVE != 0)
        },
        choice: Choice::Own(|_| true),
    },
    Kind {
        name: "not-yet-loop-through-a-wildcard",
        aspects: EVERYWHERE,
        recognise: |seen| seen.query.name.is_within(&Name::plain("loop.wild.test")),
        choice: Choice::Own(|_| true),
    },
];
