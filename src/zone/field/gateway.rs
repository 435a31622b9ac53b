//! Gateways of IPSECKEY (RFC 4025 §2.5) and relays of AMTRELAY (RFC 8777 §4.2): none, an address, or a name, as a type
//! in front says.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::network::parse_address;
use super::number::parse_u8;
use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError};

const NONE: u8 = 0;
const IPV4: u8 = 1;
const IPV6: u8 = 2;
const NAME: u8 = 3;
/// The highest type that has a form.
const KIND_MAX: u32 = NAME as u32;

/// Reads gateway type, algorithm and gateway.
pub(super) fn parse(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let kind = cursor.number("a gateway type from 0 to 3", KIND_MAX)? as u8;
    let algorithm = parse_u8(cursor)?;
    into.extend([kind, algorithm]);
    parse_place(kind, cursor, into)
}

/// Prints the same.
pub(super) fn print(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    let (kind, algorithm) = (octets.u8()?, octets.u8()?);
    words.push(kind);
    words.push(algorithm);
    print_place(kind, octets, words)
}

/// The bit of "discovery optional" beside the relay type.
const DISCOVERY_OPTIONAL: u8 = 0x80;

/// Reads the discovery bit, the relay type and the relay.
pub(super) fn parse_relay(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let optional = cursor.number("the discovery bit, 0 or 1", 1)? as u8;
    let kind = cursor.number("a relay type from 0 to 3", KIND_MAX)? as u8;
    into.push((optional * DISCOVERY_OPTIONAL) | kind);
    parse_place(kind, cursor, into)
}

/// Prints the same.
pub(super) fn print_relay(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    let octet = octets.u8()?;
    words.push(u8::from(octet & DISCOVERY_OPTIONAL != 0));
    let kind = octet & !DISCOVERY_OPTIONAL;
    words.push(kind);
    print_place(kind, octets, words)
}

fn parse_place(kind: u8, cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    match kind {
        IPV4 => into.extend(parse_address::<Ipv4Addr>(cursor, "an IPv4 address")?.octets()),
        IPV6 => into.extend(parse_address::<Ipv6Addr>(cursor, "an IPv6 address")?.octets()),
        NAME => cursor.name(into)?,
        _ => {
            let what = "a full stop, since the type says that there is none";
            if cursor.word(what)? != b"." {
                return Err(RdataError::Expected(what));
            }
        }
    }
    Ok(())
}

fn print_place(kind: u8, octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    match kind {
        NONE => words.push('.'),
        IPV4 => words.push(Ipv4Addr::from(octets.array::<4>()?)),
        IPV6 => words.push(Ipv6Addr::from(octets.array::<16>()?)),
        NAME => words.push(octets.name()?),
        _ => return None,
    }
    Some(())
}
