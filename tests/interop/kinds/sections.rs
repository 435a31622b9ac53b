//! What stands in the sections.

use std::collections::BTreeSet;

use super::{CONTENT, Choice, Kind, NOERROR, NXDOMAIN, SERVFAIL, additional, answers, rcode};
use crate::compare::{Aspect, Seen};
use crate::message::{Answer, Record};
use crate::name::Name;
use crate::peers::Who;
use crate::query::SUBNET;

const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const YXDOMAIN: u16 = 6;
const DNAME: u16 = 39;
const DS: u16 = 43;
const RRSIG: u16 = 46;
const NSEC: u16 = 47;
const NSEC3: u16 = 50;
const ANY: u16 = 255;
const TRUNCATED: u16 = 0x0200;
pub(super) const WITH_TRUNCATION: &[Aspect] = &[
    Aspect::Rcode,
    Aspect::Authoritative,
    Aspect::Truncated,
    Aspect::Answer,
    Aspect::Authority,
    Aspect::Additional,
];
/// The longest TTL (RFC 2181 §8).
const TTL_MAX: u32 = 0x7fff_ffff;
/// Knot gives up a chain of aliases after so many.
const KNOT_CHAIN: usize = 5;

/// Those that go before all others but faults of the query: what goes round, goes round in every class and for every type.
pub(super) const LOOPS: &[Kind] = &[Kind {
    name: "loop",
    aspects: &[
        Aspect::Rcode,
        Aspect::Authoritative,
        Aspect::Truncated,
        Aspect::AuthenticData,
        Aspect::Answer,
        Aspect::Authority,
        Aspect::Additional,
    ],
    recognise: |seen| {
        let is_repeated = |who| answers(seen, who).windows(2).any(|pair| pair[0] == pair[1]);
        // What ANY meets is not followed; a kind tells of it.
        seen.query.rtype != ANY
            && (is_repeated(Who::Knot) || is_repeated(Who::Nsd) || rcode(seen, Who::Bind) == Some(SERVFAIL))
    },
    choice: Choice::Own(|seen| {
        let of = |who| -> BTreeSet<&Record> { answers(seen, who).iter().collect() };
        let own = of(Who::Meridian);
        rcode(seen, Who::Meridian) == rcode(seen, Who::Nsd)
            && own.len() == answers(seen, Who::Meridian).len()
            && (own == of(Who::Nsd) || own == of(Who::Knot))
    }),
}];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "ttl-too-long",
        aspects: &[Aspect::Answer],
        recognise: |seen| answers(seen, Who::Knot).iter().any(|record| record.ttl > TTL_MAX),
        choice: Choice::As(Who::Bind),
    },
    Kind {
        name: "ds-of-a-zone-in-a-zone",
        aspects: CONTENT,
        recognise: |seen| {
            seen.query.rtype == DS
                && is_referral(seen, Who::Nsd)
                && !is_referral(seen, Who::Bind)
                && aliases(seen, Who::Nsd) == 0
        },
        choice: Choice::As(Who::Knot),
    },
    Kind {
        name: "redirection-below-an-asterisk",
        aspects: &[Aspect::Answer],
        recognise: |seen| {
            let of = |rtype| answers(seen, Who::Knot).iter().filter(move |record| record.rtype == rtype);
            of(DNAME).any(|dname| of(CNAME).any(|cname| cname.owner == dname.owner))
        },
        choice: Choice::As(Who::Nsd),
    },
    Kind {
        name: "any",
        aspects: &[Aspect::Answer, Aspect::Additional, Aspect::Authority, Aspect::Truncated],
        recognise: |seen| {
            seen.query.rtype == ANY
                && rcode(seen, Who::Bind) == Some(NOERROR)
                && Who::PEERS.iter().any(|&who| !answers(seen, who).is_empty())
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
        name: "subnet-without-room",
        aspects: WITH_TRUNCATION,
        recognise: |seen| {
            seen.query.option(SUBNET).is_some()
                && is_truncated(seen, Who::Bind)
                && is_truncated(seen, Who::Meridian)
                && !is_truncated(seen, Who::Knot)
                && !is_truncated(seen, Who::Nsd)
        },
        choice: Choice::As(Who::Bind),
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
                && Who::PEERS.iter().any(|&who| aliases(seen, who) != aliases(seen, Who::Bind))
        },
        choice: Choice::Own(|seen| {
            Who::PEERS.iter().all(|&who| aliases(seen, Who::Meridian) >= aliases(seen, who))
        }),
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

pub(super) fn is_truncated(seen: &Seen<'_>, who: Who) -> bool {
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
pub(super) fn is_referral(seen: &Seen<'_>, who: Who) -> bool {
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
