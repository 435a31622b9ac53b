//! What a server does where there is no room.

use super::sections::{WITH_TRUNCATION, is_referral, is_truncated};
use super::{Choice, Kind, additional, answers};
use crate::compare::Aspect;
use crate::peers::Who;

const DNAME: u16 = 39;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "redirection-without-room",
        aspects: WITH_TRUNCATION,
        recognise: |seen| {
            let redirects = |&who: &Who| answers(seen, who).iter().any(|record| record.rtype == DNAME);
            Who::PEERS.iter().any(redirects) && Who::PEERS.iter().any(|&who| is_truncated(seen, who))
        },
        choice: Choice::Own(|seen| {
            is_truncated(seen, Who::Meridian) == answers(seen, Who::Meridian).is_empty()
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
            let is_truncated = is_truncated(seen, Who::Meridian);
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
];
