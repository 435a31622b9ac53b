//! Addresses of the Internet Protocol, whole and in part (A6).

use std::net::Ipv6Addr;
use std::str::FromStr;

use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError};

/// Reads an IPv4 address. Zones hold millions of them, and the library's way, which is right for any kind of address, takes
/// five times as long.
pub(super) fn parse_ipv4(cursor: &mut Cursor<'_>) -> Result<[u8; 4], RdataError> {
    const WHAT: &str = "an IPv4 address";
    ipv4(cursor.word(WHAT)?).ok_or(RdataError::Expected(WHAT))
}

/// Four decimal numbers up to 255, without leading zeros: some programs would take those for octal.
fn ipv4(text: &[u8]) -> Option<[u8; 4]> {
    let mut octets = [0; 4];
    let mut parts = text.split(|&octet| octet == b'.');
    for octet in &mut octets {
        *octet = match *parts.next()? {
            [one] => digit(one)?,
            [ten @ b'1'..=b'9', one] => digit(ten)? * 10 + digit(one)?,
            [hundred @ b'1'..=b'2', ten, one] => {
                (digit(hundred)? * 100).checked_add(digit(ten)? * 10 + digit(one)?)?
            }
            _ => return None,
        };
    }
    parts.next().is_none().then_some(octets)
}

fn digit(octet: u8) -> Option<u8> {
    octet.is_ascii_digit().then(|| octet - b'0')
}

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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::ipv4;

    proptest! {
        #[test]
        fn an_ipv4_address_is_what_the_library_takes(text in "[0-9.]{0,16}|([0-9]{1,3}[.]){3}[0-9]{1,3}|.{0,9}") {
            prop_assert_eq!(ipv4(text.as_bytes()), text.parse::<Ipv4Addr>().ok().map(|address| address.octets()));
        }
    }
}
