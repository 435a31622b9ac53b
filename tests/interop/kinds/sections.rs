//! What stands in the sections.

use super::{Choice, Kind, NOERROR, NXDOMAIN, rcode};
use crate::compare::{Aspect, Seen};
use crate::message::Record;
use crate::name::Name;
use crate::peers::Who;

const NS: u16 = 2;
const CNAME: u16 = 5;
const ANY: u16 = 255;
/// Knot gives up a chain of aliases after so many.
const KNOT_CHAIN: usize = 5;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "any",
        aspects: &[Aspect::Answer, Aspect::Additional, Aspect::Authority, Aspect::Truncated],
        recognise: |seen| seen.query.rtype == ANY && rcode(seen, Who::Bind) == Some(NOERROR),
        choice: Choice::Own(is_one_rrset),
    },
    Kind {
        name: "chain-of-more-than-five",
        aspects: &[Aspect::Answer, Aspect::Authority, Aspect::Additional, Aspect::Rcode],
        recognise: |seen| aliases(seen, Who::Knot) == KNOT_CHAIN && aliases(seen, Who::Nsd) > KNOT_CHAIN,
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "chain-into-another-zone",
        aspects: &[Aspect::Rcode, Aspect::Answer, Aspect::Authority, Aspect::Additional],
        recognise: |seen| {
            aliases(seen, Who::Bind) > 0
                && !ends(seen, Who::Bind)
                && (ends(seen, Who::Nsd) || aliases(seen, Who::Nsd) > aliases(seen, Who::Bind))
        },
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "chain-to-a-cut",
        aspects: &[Aspect::Authority, Aspect::Additional],
        recognise: |seen| {
            aliases(seen, Who::Bind) > 0 && only_ns(seen, Who::Knot) && only_ns(seen, Who::Nsd)
        },
        choice: Choice::As(Who::Knot),
    },
    Kind {
        name: "additional-data",
        aspects: &[Aspect::Additional],
        recognise: |seen| {
            let count = |who| seen.answer(who).map_or(0, |answer| answer.additionals.len());
            seen.answer(Who::Nsd).is_some_and(|answer| !answer.answers.is_empty())
                && count(Who::Nsd) == 0
                && seen.same(Aspect::Additional, Who::Knot, Who::Bind)
        },
        choice: Choice::As(Who::Bind),
    },
];

fn answers<'t>(seen: &Seen<'t>, who: Who) -> &'t [Record] {
    seen.answer(who).map_or(&[], |answer| &answer.answers)
}

/// How many aliases an answer has.
fn aliases(seen: &Seen<'_>, who: Who) -> usize {
    answers(seen, who).iter().filter(|record| record.rtype == CNAME).count()
}

/// Whether an answer says how the chain ends: with data, or with a SOA.
fn ends(seen: &Seen<'_>, who: Who) -> bool {
    const SOA: u16 = 6;
    let has_soa = |answer: &crate::message::Answer| answer.authorities.iter().any(|record| record.rtype == SOA);
    answers(seen, who).iter().any(|record| record.rtype != CNAME)
        || rcode(seen, who) == Some(NXDOMAIN)
        || seen.answer(who).is_some_and(has_soa)
}

fn only_ns(seen: &Seen<'_>, who: Who) -> bool {
    seen.answer(who).is_some_and(|answer| {
        !answer.authorities.is_empty() && answer.authorities.iter().all(|record| record.rtype == NS)
    })
}

/// One RRset of the name that was asked for, and nothing else (RFC 8482 §4.1).
fn is_one_rrset(seen: &Seen<'_>) -> bool {
    let Some(answer) = seen.answer(Who::Meridian) else { return false };
    let sets: Vec<(&Name, u16)> = answer.answers.iter().map(|record| (&record.owner, record.rtype)).collect();
    sets.windows(2).all(|pair| pair[0] == pair[1]) && answer.authorities.is_empty() && answer.additionals.is_empty()
}
