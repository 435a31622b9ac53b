//! A record's data as a row of fields: from text to octets and back, and where names stand in the octets.
//!
//! Every type with a presentation form is a row of [`row`]; each kind of field knows both ways. The same row reads a
//! master file, prints what is served, and tells whether octets of the generic form (RFC 3597 §5) are data of their
//! type: they are when they can be printed and read again to the same octets ([`super::rdata`]).
//!
//! Why not `domain` for the types it has: half of them it lacks, it prints some so that nobody can read them again
//! (IPSECKEY without a gateway), refuses octets of 0x80 and above, and allocates for each name. It is the oracle of
//! the tests instead.

mod bitmap;
mod blob;
mod flags;
mod gateway;
mod host_identity;
mod link;
mod location;
mod network;
mod number;
mod octets;
mod prefixes;
mod row;
mod services;
mod text;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use self::network::{parse_address, parse_ipv4};
use self::octets::name_width;
pub(super) use self::octets::{Octets, Words};
pub(super) use self::row::{NAPTR, may_compress, row};
pub(super) use self::text::Quoted;
use super::cursor::{Cursor, RdataError, seconds};
use super::service;

/// A field of a record's data. Those whose line says so go on to the end of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Ipv4,
    Ipv6,
    U8,
    U16,
    U32,
    U64,
    /// Seconds as 32 bits; units are allowed.
    Seconds,
    /// A moment of a signature: `YYYYMMDDHHmmSS` or seconds since 1970 (RFC 4034 §3.2).
    Moment,
    /// A record type, by mnemonic or `TYPEnnn`.
    Type,
    /// A number that has mnemonics.
    Named(&'static number::Mnemonics),
    /// The flags of a key, as a number or by mnemonics (KEY).
    KeyFlags,
    Name,
    /// A character string (RFC 1035 §3.3).
    Text,
    /// One character string or more, to the end.
    Texts,
    /// A character string, or nothing, at the end (ISDN).
    OptionalText,
    /// Octets without a length, as one text at the end (CAA, URI).
    LongText,
    /// A character string of letters and digits without quotes (CAA).
    Tag,
    /// A character string of at least four digits (X25).
    Digits,
    /// A character string that is a decimal number from −limit to limit (GPOS).
    Degrees(u32),
    /// Hexadecimal digits, to the end.
    Hex,
    /// Base 64, to the end.
    Base64,
    /// Base 64 or nothing, to the end.
    OptionalBase64,
    /// Base 64, or `-` for nothing, to the end (DOA).
    Base64OrDash,
    /// A length and that many octets in hexadecimal, `-` for none (NSEC3).
    Salt,
    /// A length and that many octets in base 32 with the extended hexadecimal alphabet (NSEC3).
    Base32,
    /// Record types by windows, to the end (RFC 4034 §4.1.2).
    Types,
    /// Record types below 128 in one row of bits, to the end (RFC 2535 §5.2).
    OldTypes,
    /// Protocol and ports, to the end (WKS).
    Services,
    Eui48,
    Eui64,
    /// 64 bits in four groups (RFC 6742).
    Locator,
    /// Hexadecimal digits after `0x`, to the end (NSAP).
    Nsap,
    /// To the end (ATMA).
    AtmAddress,
    /// Prefix length, suffix and prefix name, to the end (A6).
    Ipv6Suffix,
    /// To the end (LOC).
    Location,
    /// To the end (APL).
    Prefixes,
    /// To the end (HIP).
    HostIdentity,
    /// Gateway type, algorithm, gateway (IPSECKEY).
    Gateway,
    /// Discovery bit, relay type, relay, to the end (AMTRELAY).
    Relay,
    /// To the end (SVCB, HTTPS).
    Parameters,
}

/// Reads the fields of a row and appends their octets.
pub(super) fn parse(fields: &[Field], cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    fields.iter().try_for_each(|field| field.parse(cursor, into))
}

/// Prints octets as the fields of a row; `None` when they do not fit it.
pub(super) fn print(fields: &[Field], rdata: &[u8]) -> Option<String> {
    let mut octets = Octets::new(rdata);
    let mut words = Words::default();
    fields.iter().try_for_each(|field| field.print(&mut octets, &mut words))?;
    octets.is_empty().then(|| words.into_line())
}

impl Field {
    fn parse(self, cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
        match self {
            Field::Ipv4 => into.extend(parse_ipv4(cursor)?),
            Field::Ipv6 => into.extend(parse_address::<Ipv6Addr>(cursor, "an IPv6 address")?.octets()),
            Field::U8 => into.push(number::parse_u8(cursor)?),
            Field::U16 => into.extend(number::parse_u16(cursor)?.to_be_bytes()),
            Field::U32 => into.extend(number::parse_u32(cursor)?.to_be_bytes()),
            Field::U64 => into.extend(number::parse_u64(cursor)?.to_be_bytes()),
            Field::Seconds => {
                let what = "a time in seconds, or with units as in 1h30m";
                let number = seconds(cursor.word(what)?).ok_or(RdataError::Expected(what))?;
                into.extend(number.to_be_bytes());
            }
            Field::Moment => into.extend(number::parse_moment(cursor)?.to_be_bytes()),
            Field::Type => into.extend(number::parse_type(cursor)?.to_be_bytes()),
            Field::Named(mnemonics) => return mnemonics.parse(cursor, into),
            Field::KeyFlags => into.extend(flags::parse(cursor)?.to_be_bytes()),
            Field::Name => return cursor.name(into),
            Field::Text => return cursor.string(into),
            Field::Texts => return text::parse_strings(cursor, into),
            Field::OptionalText => return text::parse_optional(cursor, into),
            Field::LongText => return text::parse_long(cursor, into),
            Field::Tag => return text::parse_tag(cursor, into),
            Field::Digits => return text::parse_digits(cursor, into),
            Field::Degrees(limit) => return location::parse_degrees(limit, cursor, into),
            Field::Hex => return blob::parse_hex(cursor, into),
            Field::Base64 => return blob::parse_base64(cursor, into),
            Field::OptionalBase64 => return blob::parse_optional_base64(cursor, into),
            Field::Base64OrDash => return blob::parse_base64_or_dash(cursor, into),
            Field::Salt => return blob::parse_salt(cursor, into),
            Field::Base32 => return blob::parse_base32(cursor, into),
            Field::Types => return bitmap::parse(cursor, into),
            Field::OldTypes => return bitmap::parse_old(cursor, into),
            Field::Services => return services::parse(cursor, into),
            Field::Eui48 => return link::parse_eui(6, cursor, into),
            Field::Eui64 => return link::parse_eui(8, cursor, into),
            Field::Locator => return link::parse_locator(cursor, into),
            Field::Nsap => return link::parse_nsap(cursor, into),
            Field::AtmAddress => return link::parse_atm(cursor, into),
            Field::Ipv6Suffix => return network::parse_suffix(cursor, into),
            Field::Location => return location::parse(cursor, into),
            Field::Prefixes => return prefixes::parse(cursor, into),
            Field::HostIdentity => return host_identity::parse(cursor, into),
            Field::Gateway => return gateway::parse(cursor, into),
            Field::Relay => return gateway::parse_relay(cursor, into),
            Field::Parameters => return service::parse(cursor, into),
        }
        Ok(())
    }

    fn print(self, octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
        match self {
            Field::Ipv4 => words.push(Ipv4Addr::from(octets.array::<4>()?)),
            Field::Ipv6 => words.push(Ipv6Addr::from(octets.array::<16>()?)),
            Field::U8 => words.push(octets.u8()?),
            Field::U16 | Field::KeyFlags => words.push(octets.u16()?),
            Field::U32 | Field::Seconds => words.push(octets.u32()?),
            Field::U64 => words.push(u64::from_be_bytes(octets.array()?)),
            Field::Moment => number::print_moment(octets.u32()?, words),
            Field::Type => words.push(super::record_type::name(octets.u16()?)),
            Field::Named(mnemonics) => mnemonics.print(octets, words)?,
            Field::Name => words.push(octets.name()?),
            Field::Text | Field::Digits | Field::Degrees(_) => words.push(Quoted(octets.string()?)),
            Field::Texts => text::print_strings(octets, words)?,
            Field::OptionalText if octets.is_empty() => {}
            Field::OptionalText => words.push(Quoted(octets.string()?)),
            Field::LongText => words.push(Quoted(octets.all())),
            Field::Tag => words.push(octets.string()?.escape_ascii()),
            Field::Hex => blob::print_hex(octets.all(), words),
            Field::Base64 | Field::OptionalBase64 => blob::print_base64(octets.all(), words),
            Field::Base64OrDash if octets.is_empty() => words.push('-'),
            Field::Base64OrDash => blob::print_base64(octets.all(), words),
            Field::Salt => blob::print_salt(octets.string()?, words),
            Field::Base32 => blob::print_base32(octets.string()?, words),
            Field::Types => bitmap::print(octets, words)?,
            Field::OldTypes => bitmap::print_old(octets.all(), words),
            Field::Services => services::print(octets, words)?,
            Field::Eui48 => link::print_eui(octets.take(6)?, words),
            Field::Eui64 => link::print_eui(octets.take(8)?, words),
            Field::Locator => link::print_locator(octets, words)?,
            Field::Nsap => link::print_nsap(octets.all(), words),
            Field::AtmAddress => link::print_atm(octets, words)?,
            Field::Ipv6Suffix => network::print_suffix(octets, words)?,
            Field::Location => location::print(octets, words)?,
            Field::Prefixes => prefixes::print(octets, words)?,
            Field::HostIdentity => host_identity::print(octets, words)?,
            Field::Gateway => gateway::print(octets, words)?,
            Field::Relay => gateway::print_relay(octets, words)?,
            Field::Parameters => service::print(octets, words)?,
        }
        Some(())
    }

    /// The octets that the field takes at the front of `rest`. Where a name follows it is exact.
    fn width(self, rest: &[u8]) -> usize {
        match self {
            Field::U8 => 1,
            Field::U16 | Field::Type | Field::KeyFlags => 2,
            Field::Ipv4 | Field::U32 | Field::Seconds | Field::Moment => 4,
            Field::U64 | Field::Eui64 | Field::Locator => 8,
            Field::Eui48 => 6,
            Field::Ipv6 => 16,
            Field::Named(mnemonics) => mnemonics.width(),
            Field::Name => name_width(rest),
            Field::Text | Field::Tag | Field::Digits | Field::Degrees(_) | Field::Salt | Field::Base32 => {
                1 + rest.first().map_or(0, |&length| usize::from(length))
            }
            _ => rest.len(),
        }
    }
}

/// Where the names stand in the data of a type; `rdata` is what [`parse`] made, or the same in the generic form. Names
/// in HIP, IPSECKEY, AMTRELAY and A6, of which nothing is ever derived, are left out.
pub(super) fn names(number: u16, rdata: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    row(number).unwrap_or_default().iter().filter_map(move |field| {
        let start = at;
        at += field.width(rdata.get(start..).unwrap_or_default());
        (*field == Field::Name).then_some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rtype;

    #[test]
    fn names_are_found_in_the_octets() {
        let soa = b"\x02ns\0\x01a\x01b\0\0\0\0\x01aaaabbbbccccdddd";
        assert_eq!(names(rtype::SOA, soa).collect::<Vec<_>>(), [0..4, 4..9]);
        let naptr = b"\0\x01\0\x02\x01s\0\x02xx\x01a\0";
        assert!(names(NAPTR, naptr).eq(std::iter::once(10..13)));
        let signature = b"\0\x01\x0d\x02aaaabbbbccccdd\x01a\0ssss";
        assert!(names(rtype::RRSIG, signature).eq(std::iter::once(18..21)));
        assert_eq!(names(rtype::A, b"abcd").count(), 0);
        assert_eq!(names(65534, b"abcd").count(), 0);
    }
}
