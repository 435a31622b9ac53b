//! The types whose data is a plain row of fields: from text to octets, and where names stand in the octets.
//!
//! These are the types that nearly every record of every zone has. `domain` could read most of them too, but it
//! allocates for each name and string (3,600 instructions a record in a zone of A and MX instead of 3,100), knows no
//! units of time in SOA and refuses octets of 0x80 and above in strings; and where names stand must be known anyway.
//! Types that `domain` has no text form for (AFSDB, KX, URI, EUI48 …) find their place as more rows here.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::cursor::{Cursor, RdataError, seconds};
use crate::wire::rtype;

/// A field of a record's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Ipv4,
    Ipv6,
    U16,
    U32,
    /// Seconds as 32 bits; units are allowed.
    Seconds,
    Name,
    /// A character string (RFC 1035 §3.3).
    Text,
    /// One character string or more, to the end.
    Texts,
}

/// The fields of a type's data, if it is a plain row.
pub(super) fn row(number: u16) -> Option<&'static [Field]> {
    use Field::{Ipv4, Ipv6, Name, Seconds, Text, Texts, U16, U32};
    Some(match number {
        rtype::A => &[Ipv4],
        rtype::AAAA => &[Ipv6],
        rtype::NS | rtype::CNAME | rtype::PTR | rtype::DNAME | MD | MF | MB | MG | MR => &[Name],
        rtype::SOA => &[Name, Name, U32, Seconds, Seconds, Seconds, Seconds],
        rtype::MX => &[U16, Name],
        rtype::TXT | SPF => &[Texts],
        rtype::SRV => &[U16, U16, U16, Name],
        MINFO | RP => &[Name, Name],
        HINFO => &[Text, Text],
        NAPTR => &[U16, U16, Text, Text, Text, Name],
        _ => return None,
    })
}

const MD: u16 = 3;
const MF: u16 = 4;
const MB: u16 = 7;
const MG: u16 = 8;
const MR: u16 = 9;
const HINFO: u16 = 13;
const MINFO: u16 = 14;
const RP: u16 = 17;
pub(super) const NAPTR: u16 = 35;
const SPF: u16 = 99;

/// Whether names in a type's data may end in a pointer: the types of RFC 1035 only (RFC 3597 §4).
pub(super) fn may_compress(number: u16) -> bool {
    matches!(
        number,
        rtype::NS | rtype::CNAME | rtype::SOA | rtype::PTR | rtype::MX | MD | MF | MB | MG | MR | MINFO
    )
}

/// Reads the fields of a row and appends their octets.
pub(super) fn parse(fields: &[Field], cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    for field in fields {
        match field {
            Field::Ipv4 => into.extend_from_slice(&address::<Ipv4Addr>(cursor, "an IPv4 address")?.octets()),
            Field::Ipv6 => into.extend_from_slice(&address::<Ipv6Addr>(cursor, "an IPv6 address")?.octets()),
            Field::U16 => {
                let number = cursor.number("a number up to 65535", u32::from(u16::MAX))?;
                into.extend_from_slice(&(number as u16).to_be_bytes());
            }
            Field::U32 => {
                let number = cursor.number("a number up to 4294967295", u32::MAX)?;
                into.extend_from_slice(&number.to_be_bytes());
            }
            Field::Seconds => {
                let what = "a time in seconds, or with units as in 1h30m";
                let number = seconds(cursor.word(what)?).ok_or(RdataError::Expected(what))?;
                into.extend_from_slice(&number.to_be_bytes());
            }
            Field::Name => cursor.name(into)?,
            Field::Text => cursor.string(into)?,
            Field::Texts => strings(cursor, into)?,
        }
    }
    Ok(())
}

fn strings(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    cursor.string(into)?;
    while cursor.peek().is_some() {
        cursor.string(into)?;
    }
    Ok(())
}

fn address<A: std::str::FromStr>(cursor: &mut Cursor<'_>, what: &'static str) -> Result<A, RdataError> {
    let text = std::str::from_utf8(cursor.word(what)?).map_err(|_| RdataError::Expected(what))?;
    text.parse().map_err(|_| RdataError::Expected(what))
}

/// Where the names stand in the data of a type that is a plain row; `rdata` is what [`parse`] made, or the same in
/// the generic form.
pub(super) fn names(number: u16, rdata: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    row(number).unwrap_or_default().iter().filter_map(move |field| {
        let start = at;
        at += width(*field, rdata.get(start..).unwrap_or_default());
        (*field == Field::Name).then_some(start..at)
    })
}

/// The octets that a field takes at the front of `rest`.
fn width(field: Field, rest: &[u8]) -> usize {
    match field {
        Field::Ipv4 | Field::U32 | Field::Seconds => 4,
        Field::Ipv6 => 16,
        Field::U16 => 2,
        Field::Name => name_width(rest),
        Field::Text => 1 + rest.first().map_or(0, |&length| usize::from(length)),
        Field::Texts => rest.len(),
    }
}

/// The octets of the uncompressed name at the front of `rest`.
fn name_width(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&length @ 1..) = rest.get(at) {
        at += 1 + usize::from(length);
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_the_octets() {
        let soa = b"\x02ns\0\x01a\x01b\0\0\0\0\x01aaaabbbbccccdddd";
        assert_eq!(names(rtype::SOA, soa).collect::<Vec<_>>(), [0..4, 4..9]);
        let naptr = b"\0\x01\0\x02\x01s\0\x02xx\x01a\0";
        assert!(names(NAPTR, naptr).eq(std::iter::once(10..13)));
        assert_eq!(names(rtype::A, b"abcd").count(), 0);
        assert_eq!(names(65534, b"abcd").count(), 0);
    }
}
