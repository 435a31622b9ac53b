//! Well-known services (WKS, RFC 1035 §3.4.2): a protocol and a row of bits, one for each port.

use std::collections::BTreeSet;

use super::bitmap::{bits_of, numbers_of};
use super::number::parse_u8;
use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError, decimal};

/// Protocols by name (IANA "Protocol Numbers").
const PROTOCOLS: [(&[u8], u8); 3] = [(b"icmp", 1), (b"tcp", 6), (b"udp", 17)];

/// Services by name (RFC 1010, and what is met in zones). What a system's own list adds depends on the system, so it
/// is not asked.
const SERVICES: [(&[u8], u16); 22] = [
    (b"echo", 7),
    (b"discard", 9),
    (b"systat", 11),
    (b"daytime", 13),
    (b"ftp-data", 20),
    (b"ftp", 21),
    (b"ssh", 22),
    (b"telnet", 23),
    (b"smtp", 25),
    (b"time", 37),
    (b"domain", 53),
    (b"tftp", 69),
    (b"gopher", 70),
    (b"finger", 79),
    (b"http", 80),
    (b"pop3", 110),
    (b"sunrpc", 111),
    (b"nntp", 119),
    (b"ntp", 123),
    (b"imap", 143),
    (b"snmp", 161),
    (b"https", 443),
];

/// Reads a protocol and ports, by number or name.
pub(super) fn parse(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let next = cursor.peek().map(|token| cursor.text(token)).unwrap_or_default();
    match PROTOCOLS.iter().find(|(name, _)| name.eq_ignore_ascii_case(next)) {
        Some((_, protocol)) => {
            cursor.word("a protocol")?;
            into.push(*protocol);
        }
        None => into.push(parse_u8(cursor)?),
    }
    let mut ports = BTreeSet::new();
    while cursor.peek().is_some() {
        ports.insert(parse_port(cursor)?);
    }
    into.extend(bits_of(ports.into_iter()));
    Ok(())
}

fn parse_port(cursor: &mut Cursor<'_>) -> Result<u16, RdataError> {
    let what = "a port up to 65535, or a service such as smtp";
    let text = cursor.word(what)?;
    let named = SERVICES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, port)| *port);
    named
        .or_else(|| decimal(text).and_then(|port| u16::try_from(port).ok()))
        .ok_or(RdataError::Expected(what))
}

/// Prints protocol and ports as numbers.
pub(super) fn print(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    words.push(octets.u8()?);
    numbers_of(octets.all()).for_each(|port| words.push(port));
    Some(())
}
