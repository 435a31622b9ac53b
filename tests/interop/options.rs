//! What Meridian says in the options of its OPT, exactly. The three say less, each in its own way; here every answer is
//! held to the table of src/answer/edns.rs, told anew from the query, the rcode and the zones.
//!
//! Room is never short here: an error has 60 octets more than its query, and all options together take less.

use crate::compare::{Aspect, Seen};
use crate::message::Answer;
use crate::peers::{IDENTITY, Who};
use crate::query::{
    CLASS_ANY, CLASS_CHAOS, CLASS_IN, COOKIE, ERROR, KEEPALIVE, NSID, Query, SUBNET, Transport, ZONE_VERSION,
};
use crate::zones::zone_of;

const FORMERR: u16 = 1;
const REFUSED: u16 = 5;
const YXDOMAIN: u16 = 6;
const BADVERS: u16 = 16;
/// INFO-CODEs (RFC 8914 §4).
const OTHER: u16 = 0;
const NOT_AUTHORITATIVE: u16 = 20;
const NOT_SUPPORTED: u16 = 21;
/// The idle timeout of TCP that Meridian has unless told otherwise, in units of 100 ms.
const IDLE: u16 = 100;
/// Of a cookie: the client's part, then the version and three octets of nothing (RFC 9018 §4.1, §4.2), then moment and
/// hash, which are the server's secret.
const COOKIE_LENGTH: usize = 24;
const CLIENT_COOKIE: usize = 8;
const COOKIE_VERSION: [u8; 4] = [1, 0, 0, 0];

/// Whether Meridian's options are what they must be in an aspect; so they are where it is not about options.
pub fn are_exact(seen: &Seen<'_>, aspect: Aspect) -> bool {
    let Some(answer) = seen.answer(Who::Meridian) else { return true };
    let has = |code: u16| answer.opt.as_ref().and_then(|opt| opt.option(code));
    match aspect {
        Aspect::Identity => has(NSID).map(<[u8]>::to_vec) == identity(seen.query, answer),
        Aspect::Subnet => has(SUBNET).map(<[u8]>::to_vec) == subnet(seen.query, answer),
        Aspect::Errors => has(ERROR).map(<[u8]>::to_vec) == error(seen.query, answer),
        Aspect::Options => {
            is_cookie_right(seen.query, answer, has(COOKIE))
                && has(KEEPALIVE).map(<[u8]>::to_vec) == keepalive(seen.query, answer)
                && has(ZONE_VERSION).map(<[u8]>::to_vec) == zone_version(seen, answer)
                && has_no_others(answer)
        }
        _ => true,
    }
}

/// Whether the query's options count: not when they are wrong, nor when they are of a version that nobody speaks.
fn are_heard(answer: &Answer) -> bool {
    ![FORMERR, BADVERS].contains(&answer.rcode)
}

fn identity(query: &Query, answer: &Answer) -> Option<Vec<u8>> {
    (query.option(NSID).is_some() && are_heard(answer)).then(|| IDENTITY.as_bytes().to_vec())
}

/// The same, since nothing here is steered: with scope 0.
fn subnet(query: &Query, answer: &Answer) -> Option<Vec<u8>> {
    query.option(SUBNET).filter(|_| are_heard(answer)).map(<[u8]>::to_vec)
}

fn keepalive(query: &Query, answer: &Answer) -> Option<Vec<u8>> {
    let asked = query.option(KEEPALIVE).is_some() && query.transport == Transport::Tcp;
    (asked && are_heard(answer)).then(|| IDLE.to_be_bytes().to_vec())
}

fn is_cookie_right(query: &Query, answer: &Answer, given: Option<&[u8]>) -> bool {
    let sent = query.option(COOKIE).filter(|_| are_heard(answer));
    match (sent, given) {
        (None, None) => true,
        (Some(sent), Some(given)) => {
            given.len() == COOKIE_LENGTH
                && given[..CLIENT_COOKIE] == sent[..CLIENT_COOKIE]
                && given[CLIENT_COOKIE..].starts_with(&COOKIE_VERSION)
        }
        _ => false,
    }
}

/// Labels and serial of the zone that the question belongs to (RFC 9660 §2).
fn zone_version(seen: &Seen<'_>, answer: &Answer) -> Option<Vec<u8>> {
    /// The only type of a version.
    const SOA_SERIAL: u8 = 0;
    let query = seen.query;
    let is_of_zones = [CLASS_IN, CLASS_ANY].contains(&query.class);
    if query.option(ZONE_VERSION).is_none() || !are_heard(answer) || !is_of_zones {
        return None;
    }
    let zone = zone_of(seen.zones, &query.name, query.rtype)?;
    let head = [zone.apex.labels().len() as u8, SOA_SERIAL];
    Some([&head[..], &zone.serial.to_be_bytes()].concat())
}

/// What is said of an error; nothing is said of other answers.
fn error(query: &Query, answer: &Answer) -> Option<Vec<u8>> {
    answer.opt.as_ref()?;
    let (code, text) = match (answer.rcode, query.class) {
        (FORMERR, _) => (OTHER, fault(query)),
        (BADVERS, _) => (NOT_SUPPORTED, "EDNS versions above 0"),
        (YXDOMAIN, _) => (OTHER, "the name behind the DNAME is too long"),
        (REFUSED, CLASS_IN | CLASS_ANY) => (NOT_AUTHORITATIVE, "not in a zone served here"),
        (REFUSED, CLASS_CHAOS) => (NOT_SUPPORTED, "no such name in class CH"),
        (REFUSED, _) => (NOT_SUPPORTED, "only class IN is served"),
        _ => return None,
    };
    Some([&code.to_be_bytes(), text.as_bytes()].concat())
}

/// What is wrong with the first option that is; with the one that depends on the transport only if nothing else is.
fn fault(query: &Query) -> &'static str {
    let options = query.edns.iter().flat_map(|edns| &edns.options);
    let faulty = options
        .filter_map(|(code, data)| Some((*code == KEEPALIVE, option_fault(*code, data, query.transport)?)));
    faulty.min_by_key(|(is_late, _)| *is_late).map_or("nothing that this test knows", |(_, text)| text)
}

/// What is wrong with an option, if there is anything (RFC 7871 §6, §7.1.2; RFC 7873 §4; RFC 9660 §2.2; RFC 7828 §3.2.1).
pub fn option_fault(code: u16, data: &[u8], transport: Transport) -> Option<&'static str> {
    match code {
        SUBNET if is_malformed_subnet(data) => Some("malformed client subnet"),
        COOKIE if !matches!(data.len(), 8 | 16..=40) => Some("malformed cookie"),
        ZONE_VERSION if !data.is_empty() => Some("ZONEVERSION with data"),
        KEEPALIVE if !data.is_empty() && transport == Transport::Tcp => Some("tcp-keepalive with data"),
        _ => None,
    }
}

fn is_malformed_subnet(data: &[u8]) -> bool {
    match *data {
        [0, family @ 1..=2, prefix, 0, ref address @ ..] => {
            let longest = if family == 1 { 32 } else { 128 };
            let beyond = u32::from(prefix) % 8;
            prefix > longest
                || address.len() != usize::from(prefix).div_ceil(8)
                || (beyond > 0 && address.last().is_some_and(|last| last << beyond != 0))
        }
        _ => data != [0, 0, 0, 0],
    }
}

/// None but those above.
fn has_no_others(answer: &Answer) -> bool {
    const KNOWN: [u16; 6] = [NSID, SUBNET, ERROR, COOKIE, KEEPALIVE, ZONE_VERSION];
    let mut codes = answer.opt.iter().flat_map(|opt| &opt.options).map(|(code, _)| code);
    codes.all(|code| KNOWN.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_options_are_recognised() {
        let fault = |code, data: &[u8]| option_fault(code, data, Transport::Udp);
        for good in [&[0, 1, 24, 0, 1, 2, 3][..], &[0, 1, 0, 0], &[0, 0, 0, 0], &[0, 2, 9, 0, 0x20, 0x80]] {
            assert_eq!(fault(SUBNET, good), None, "{good:?}");
        }
        for bad in [&[0, 1, 24, 0, 1, 2][..], &[0, 1, 9, 0, 1, 0x40], &[0, 1, 8, 8, 1], &[0, 3, 0, 0], &[0]] {
            assert!(fault(SUBNET, bad).is_some(), "{bad:?}");
        }
        assert!(fault(COOKIE, &[0; 9]).is_some() && fault(COOKIE, &[0; 16]).is_none());
        assert!(fault(ZONE_VERSION, &[0]).is_some() && fault(ZONE_VERSION, &[]).is_none());
        assert!(fault(KEEPALIVE, &[0, 1]).is_none());
        assert!(option_fault(KEEPALIVE, &[0, 1], Transport::Tcp).is_some());
    }
}
