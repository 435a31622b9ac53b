//! What an answer says of itself in an extended error (RFC 8914): the same *why* that `explain` and the metrics print.

use super::outcome::{Answer, Why};
use crate::snapshot::ExtendedErrors;
use crate::steer::Reason;
use crate::wire::ExtendedError;
use crate::wire::extended_error::info_code;

/// What is wrong with a query that is well-formed, or with the server.
pub mod error {
    use crate::wire::ExtendedError;

    /// AXFR over UDP.
    pub const TRANSFER_OVER_UDP: ExtendedError = ExtendedError::other("AXFR is for TCP");
    /// RFC 7828 §3.2.1.
    pub const KEEPALIVE: ExtendedError = ExtendedError::other("tcp-keepalive with data");
    /// A panic that was caught.
    pub const INTERNAL: ExtendedError = ExtendedError::other("internal error");
    /// A message without a question where cookies are off.
    pub const NO_QUESTION: ExtendedError = ExtendedError::other("not exactly one question");
}

const NOT_OUR_ZONE: ExtendedError =
    ExtendedError { code: info_code::NOT_AUTHORITATIVE, text: "not in a zone served here" };
const NOT_ALLOWED: ExtendedError =
    ExtendedError { code: info_code::PROHIBITED, text: "not answered to this client" };
const OTHER_CLASS: ExtendedError = ExtendedError::not_supported("only class IN is served");
const NAME_TOO_LONG: ExtendedError = ExtendedError::other("the name behind the DNAME is too long");
const ONE_OF_ANY: ExtendedError = ExtendedError::other("ANY gets one RRset (RFC 8482)");
const CHAIN_ENDS: ExtendedError = ExtendedError::other("CNAME chain not followed further");

/// What to say of an answer, as far as `wanted`: of nearly every one, nothing.
#[inline(always)]
pub(super) fn of(answer: &Answer<'_>, wanted: ExtendedErrors) -> Option<ExtendedError> {
    if answer.why.is_ordinary() || answer.why == Why::Steered(Reason::Healthy) {
        return None;
    }
    of_odd(answer.why, wanted)
}

#[inline(never)]
fn of_odd(why: Why, wanted: ExtendedErrors) -> Option<ExtendedError> {
    match why {
        Why::NotOurZone => Some(NOT_OUR_ZONE),
        Why::OtherClass => Some(OTHER_CLASS),
        Why::NameTooLong => Some(NAME_TOO_LONG),
        Why::NotAllowed => Some(NOT_ALLOWED),
        _ if wanted != ExtendedErrors::All => None,
        Why::Steered(reason) => steered(reason),
        Why::OneOfAny => Some(ONE_OF_ANY),
        Why::ChainEnds => Some(CHAIN_ENDS),
        Why::Exists | Why::Synthesised | Why::NoData | Why::NoName | Why::Delegated => None,
    }
}

/// Every state but the one that is wanted (semantics §4). No registered code means "not the best answer there is": the
/// stale ones speak of a resolver's cache.
fn steered(reason: Reason) -> Option<ExtendedError> {
    let text = match reason {
        Reason::Healthy => return None,
        Reason::Degraded => "steered: degraded",
        Reason::Suspect => "steered: suspect members, as if up",
        Reason::AllDown => "steered: all down, members as if up",
        Reason::AllDownDrained => "steered: all down, drained members",
        Reason::AllDownPool => "steered: all down, the pool for it",
        Reason::AllDownDefault => "steered: all down, default RRset",
        Reason::AllDownNone => "steered: all down, NODATA",
        Reason::NothingLeft => "steered: nothing left, default RRset",
        Reason::EmptyDefault => "steered: no site, default RRset",
        Reason::EmptyNoData => "steered: no site, NODATA",
    };
    Some(ExtendedError::other(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_but_healthy_has_a_text_of_its_own() {
        let texts: Vec<&str> =
            Reason::ALL.iter().filter_map(|&reason| steered(reason)).map(|error| error.text).collect();
        assert_eq!(texts.len(), Reason::ALL.len() - 1);
        for (index, text) in texts.iter().enumerate() {
            assert!(text.is_ascii() && !texts[..index].contains(text), "{text}");
        }
    }
}
