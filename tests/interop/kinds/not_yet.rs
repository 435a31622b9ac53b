//! What main does not do yet while others work on it; each goes when it never occurs any more.

use super::{Choice, Kind};
use crate::compare::Aspect;
use crate::message::Answer;
use crate::peers::Who;

const TRUNCATED: u16 = 0x0200;
const EVERYWHERE: &[Aspect] = &[
    Aspect::Rcode,
    Aspect::Authoritative,
    Aspect::Truncated,
    Aspect::Answer,
    Aspect::Authority,
    Aspect::Additional,
];

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "not-yet-room",
    aspects: EVERYWHERE,
    recognise: |seen| {
        let is_empty = seen.answer(Who::Meridian).is_some_and(|answer| {
            answer.flags & TRUNCATED != 0 && answer.answers.is_empty() && answer.additionals.is_empty()
        });
        let fills = |answer: &Answer| !answer.answers.is_empty() || !answer.authorities.is_empty();
        is_empty && seen.answer(Who::Nsd).is_some_and(fills)
    },
    choice: Choice::Own(|_| true),
}];
