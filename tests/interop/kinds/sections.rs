//! What stands in the sections.

use super::{CONTENT, Choice, Kind, NOERROR, NXDOMAIN, SERVFAIL, additional, rcode};
use crate::compare::{Aspect, Seen};
use crate::message::{Answer, Record};
use crate::name::Name;
use crate::peers::Who;

const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const YXDOMAIN: u16 = 6;
const DNAME: u16 = 39;
const RRSIG: u16 = 46;
const NSEC: u16 = 47;
const NSEC3: u16 = 50;
const ANY: u16 = 255;
const TRUNCATED: u16 = 0x0200;
const WITH_TRUNCATION: &[Aspect] = &[
    Aspect::Rcode,
    Aspect::Authoritative,
    Aspect::Truncated,
    Aspect::Answer,
    Aspect::Authority,
    Aspect::Additional,
];
/// Knot gives up a chain of aliases after so many.
const KNOT_CHAIN: usize = 5;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "any",
        aspects: &[Aspect::Answer, Aspect::Additional, Aspect::Authority, Aspect::Truncated],
        recognise: |seen| {
            seen.query.rtype == ANY
                && rcode(seen, Who::Bind) == Some(NOERROR)
                && !answers(seen, Who::Bind).is_empty()
                && aliases(seen, Who::Bind) == 0
        },
        choice: Choice::Own(is_one_rrset),
    },
    Kind {
        name: "any-of-an-alias",
        aspects: WITH_TRUNCATION,
        recognise: |seen| seen.query.rtype == ANY && aliases(seen, Who::Bind) > 0,
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "truncated-answer",
        aspects: &[Aspect::Answer, Aspect::AuthenticData],
        recognise: |seen| {
            is_truncated(seen, Who::Bind) && is_truncated(seen, Who::Knot) && is_truncated(seen, Who::Nsd)
        },
        choice: Choice::Own(|seen| {
            is_truncated(seen, Who::Meridian)
                && answers(seen, Who::Meridian).is_empty()
                && seen.same(Aspect::AuthenticData, Who::Meridian, Who::Knot)
        }),
    },
    Kind {
        name: "referral-without-room",
        aspects: &[Aspect::Authority, Aspect::Additional, Aspect::Truncated, Aspect::AuthenticData],
        recognise: |seen| {
            Who::PEERS.iter().any(|&who| is_referral(seen, who))
                && Who::PEERS.iter().any(|&who| is_truncated(seen, who) || additional::is_full(seen, who))
        },
        choice: Choice::Own(|seen| {
            let Some(own) = seen.answer(Who::Meridian) else { return false };
            let is_truncated = own.flags & TRUNCATED != 0;
            if own.authorities.is_empty() {
                return is_truncated && own.additionals.is_empty();
            }
            let has_all =
                |who| seen.answer(who).is_none_or(|answer| answer.additionals.len() <= own.additionals.len());
            additional::is_named_once(own)
                && (is_truncated
                    || additional::is_full(seen, Who::Meridian)
                    || Who::PEERS.into_iter().all(has_all))
        }),
    },
    Kind {
        name: "redirection-without-room",
        aspects: WITH_TRUNCATION,
        recognise: |seen| {
            let has_room = !is_truncated(seen, Who::Bind);
            has_room
                && (is_truncated(seen, Who::Knot) || is_truncated(seen, Who::Nsd))
                && answers(seen, Who::Bind).iter().any(|record| record.rtype == DNAME)
        },
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "cookie-without-room",
        aspects: WITH_TRUNCATION,
        recognise: |seen| {
            is_truncated(seen, Who::Meridian)
                && !is_truncated(seen, Who::Bind)
                && seen.answer(Who::Meridian).is_some_and(|answer| answer.option(COOKIE).is_some())
                && additional::is_full(seen, Who::Bind)
        },
        choice: Choice::Own(|seen| answers(seen, Who::Meridian).is_empty()),
    },
    Kind {
        name: "truncated-by-case",
        aspects: &[
            Aspect::Answer,
            Aspect::Authority,
            Aspect::Additional,
            Aspect::Truncated,
            Aspect::AuthenticData,
        ],
        recognise: |seen| {
            is_truncated(seen, Who::Bind) && !is_truncated(seen, Who::Knot) && !is_truncated(seen, Who::Nsd)
        },
        choice: Choice::As(Who::Knot),
    },
    Kind {
        name: "additional-data",
        aspects: &[Aspect::Additional],
        recognise: |seen| !answers(seen, Who::Nsd).is_empty() && !is_truncated(seen, Who::Nsd),
        choice: Choice::Own(additional::is_right),
    },
    Kind {
        name: "redirected-name-too-long",
        aspects: CONTENT,
        recognise: |seen| rcode(seen, Who::Nsd) == Some(YXDOMAIN),
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "signature-at-an-alias",
        aspects: CONTENT,
        recognise: |seen| {
            [RRSIG, NSEC, NSEC3].contains(&seen.query.rtype)
                && Who::PEERS.iter().any(|&who| aliases(seen, who) == 0)
                && Who::PEERS.iter().any(|&who| aliases(seen, who) > 0)
        },
        choice: Choice::Own(|seen| aliases(seen, Who::Meridian) > 0),
    },
    Kind {
        name: "loop",
        aspects: WITH_TRUNCATION,
        recognise: |seen| {
            let is_repeated = answers(seen, Who::Knot).windows(2).any(|pair| pair[0] == pair[1]);
            is_repeated || (rcode(seen, Who::Bind) == Some(SERVFAIL) && aliases(seen, Who::Bind) > 0)
        },
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "chain-of-more-than-five",
        aspects: CONTENT,
        recognise: |seen| aliases(seen, Who::Knot) == KNOT_CHAIN && aliases(seen, Who::Nsd) > KNOT_CHAIN,
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "chain-into-another-zone",
        aspects: CONTENT,
        recognise: |seen| {
            aliases(seen, Who::Bind) > 0
                && !ends(seen, Who::Bind)
                && (ends(seen, Who::Nsd) || aliases(seen, Who::Nsd) > aliases(seen, Who::Bind))
        },
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "addresses-of-the-zone-in-a-referral",
        aspects: &[Aspect::Additional],
        recognise: |seen| is_referral(seen, Who::Bind) && seen.same(Aspect::Additional, Who::Knot, Who::Nsd),
        choice: Choice::As(Who::Knot),
    },
];

fn answers<'t>(seen: &Seen<'t>, who: Who) -> &'t [Record] {
    seen.answer(who).map_or(&[], |answer| &answer.answers)
}

fn is_truncated(seen: &Seen<'_>, who: Who) -> bool {
    seen.answer(who).is_some_and(|answer| answer.flags & TRUNCATED != 0)
}

/// How many aliases an answer has.
fn aliases(seen: &Seen<'_>, who: Who) -> usize {
    answers(seen, who).iter().filter(|record| record.rtype == CNAME).count()
}

/// Whether an answer says how the chain ends: with data, with a SOA, at a cut.
fn ends(seen: &Seen<'_>, who: Who) -> bool {
    let has_end = |answer: &Answer| answer.authorities.iter().any(|record| [SOA, NS].contains(&record.rtype));
    answers(seen, who).iter().any(|record| ![CNAME, DNAME].contains(&record.rtype))
        || rcode(seen, who) == Some(NXDOMAIN)
        || seen.answer(who).is_some_and(has_end)
}

/// NS records in the authority section alone.
fn is_referral(seen: &Seen<'_>, who: Who) -> bool {
    seen.answer(who).is_some_and(|answer| {
        !answer.authorities.is_empty() && answer.authorities.iter().all(|record| record.rtype == NS)
    })
}

/// One RRset of the name that was asked for (RFC 8482 §4.1).
fn is_one_rrset(seen: &Seen<'_>) -> bool {
    let Some(answer) = seen.answer(Who::Meridian) else { return false };
    let sets: Vec<(&Name, u16)> = answer.answers.iter().map(|record| (&record.owner, record.rtype)).collect();
    sets.windows(2).all(|pair| pair[0] == pair[1]) && answer.authorities.is_empty()
}
