//! Addresses of the Internet Protocol, whole and in part (A6).

use std::net::Ipv6Addr;
use std::str::FromStr;

use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError};

/// Reads an address.
pub(super) fn parse_address<A: FromStr>(
    cursor: &mut Cursor<'_>,
    what: &'static str,
) -> Result<A, RdataError> {
    let text = std::str::from_utf8(cursor.word(what)?).map_err(|_| RdataError::Expected(what))?;
    text.parse().map_err(|_| RdataError::Expected(what))
}

/// Reads the length of a prefix, the rest of the address unless the prefix is all of it, and the prefix's name unless
/// it is empty (RFC 2874 §3.1.1).
pub(super) fn parse_suffix(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let prefix = cursor.number("a prefix length up to 128", 128)? as u8;
    into.push(prefix);
    if prefix < 128 {
        let what = "an IPv6 address whose prefix is zero";
        let suffix = parse_address::<Ipv6Addr>(cursor, what)?;
        if u128::from(suffix).leading_zeros() < u32::from(prefix) {
            return Err(RdataError::Expected(what));
        }
        into.extend_from_slice(&suffix.octets()[usize::from(prefix / 8)..]);
    }
    if prefix > 0 { cursor.name(into) } else { Ok(()) }
}

/// Prints the same.
pub(super) fn print_suffix(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    let prefix = octets.u8().filter(|prefix| *prefix <= 128)?;
    words.push(prefix);
    if prefix < 128 {
        let mut suffix = [0; 16];
        let at = usize::from(prefix / 8);
        suffix[at..].copy_from_slice(octets.take(16 - at)?);
        words.push(Ipv6Addr::from(suffix));
    }
    if prefix > 0 {
        words.push(octets.name()?);
    }
    Some(())
}
