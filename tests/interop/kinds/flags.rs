//! Flags of the header.

use super::{BADVERS, Choice, Kind, rcode};
use crate::compare::Aspect;
use crate::peers::Who;
use crate::query::CD;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "checking-disabled-is-copied",
        aspects: &[Aspect::CheckingDisabled],
        recognise: |seen| seen.query.flags & CD != 0,
        choice: Choice::Own(|seen| seen.answer(Who::Meridian).is_some_and(|answer| answer.flags & CD != 0)),
    },
    Kind {
        name: "refused-version-copies-flags",
        aspects: &[Aspect::Authoritative, Aspect::Truncated, Aspect::RecursionAvailable, Aspect::Reserved],
        recognise: |seen| rcode(seen, Who::Nsd) == Some(BADVERS),
        choice: Choice::As(Who::Bind),
    },
];
