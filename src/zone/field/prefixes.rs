//! Lists of address prefixes (APL, RFC 3123): `[!]family:address/prefix`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError, decimal};

/// Address families (IANA "Address Family Numbers").
const IPV4: u16 = 1;
const IPV6: u16 = 2;
/// The bit of the negation beside the length.
const NEGATION: u8 = 0x80;

/// Reads items to the end; there may be none.
pub(super) fn parse(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let what = "a prefix as 1:192.0.2.0/24, !1:192.0.2.64/28 or 2:2001:db8::/32";
    while cursor.peek().is_some() {
        append_item(cursor.word(what)?, into).ok_or(RdataError::Expected(what))?;
    }
    Ok(())
}

fn append_item(text: &[u8], into: &mut Vec<u8>) -> Option<()> {
    let (negation, text) = text.strip_prefix(b"!").map_or((0, text), |rest| (NEGATION, rest));
    let (family, rest) = std::str::from_utf8(text).ok()?.split_once(':')?;
    let (address, prefix) = rest.split_once('/')?;
    let prefix = u8::try_from(decimal(prefix.as_bytes())?).ok()?;
    let (family, octets) = match (family, address.parse().ok()?) {
        ("1", IpAddr::V4(address)) => (IPV4, address.octets().to_vec()),
        ("2", IpAddr::V6(address)) => (IPV6, address.octets().to_vec()),
        _ => return None,
    };
    if usize::from(prefix) > octets.len() * 8 {
        return None;
    }
    // Octets of zero at the end are not sent (§4).
    let length = octets.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
    into.extend_from_slice(&family.to_be_bytes());
    into.extend([prefix, negation | length as u8]);
    into.extend_from_slice(&octets[..length]);
    Some(())
}

/// Prints items; those of other families have no form.
pub(super) fn print(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    while !octets.is_empty() {
        let (family, prefix, length) = (octets.u16()?, octets.u8()?, octets.u8()?);
        let negation = if length & NEGATION == 0 { "" } else { "!" };
        let part = octets.take(usize::from(length & !NEGATION))?;
        let address = match family {
            IPV4 => IpAddr::V4(Ipv4Addr::from(filled::<4>(part)?)),
            IPV6 => IpAddr::V6(Ipv6Addr::from(filled::<16>(part)?)),
            _ => return None,
        };
        words.push(format_args!("{negation}{family}:{address}/{prefix}"));
    }
    Some(())
}

/// Octets with zeros behind them.
fn filled<const N: usize>(part: &[u8]) -> Option<[u8; N]> {
    let mut octets = [0; N];
    octets.get_mut(..part.len())?.copy_from_slice(part);
    Some(octets)
}
