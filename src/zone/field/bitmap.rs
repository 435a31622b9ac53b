//! Lists of record types as rows of bits: by windows (RFC 4034 §4.1.2), and the older one of NXT (RFC 2535 §5.2).

use std::collections::BTreeSet;

use super::number::parse_type;
use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError};
use crate::zone::record_type;

/// Types that an NXT record can list are below this.
const OLD_TYPES_END: u16 = 128;

/// Reads types to the end, in any order.
pub(super) fn parse(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let mut windows: BTreeSet<u16> = BTreeSet::new();
    while cursor.peek().is_some() {
        windows.insert(parse_type(cursor)?);
    }
    while let Some(&first) = windows.first() {
        let [window, _] = first.to_be_bytes();
        let rest = window.checked_add(1).map(|next| windows.split_off(&(u16::from(next) << 8)));
        let bits = bits_of(windows.iter().map(|number| number & 0xff));
        into.extend([window, bits.len() as u8]);
        into.extend(bits);
        windows = rest.unwrap_or_default();
    }
    Ok(())
}

/// Prints types by windows.
pub(super) fn print(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    while !octets.is_empty() {
        let window = octets.u8()?;
        for low in numbers_of(octets.string()?) {
            words.push(record_type::name(u16::from(window) << 8 | u16::try_from(low).ok()?));
        }
    }
    Some(())
}

/// Reads types below 128 to the end.
pub(super) fn parse_old(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let mut numbers = BTreeSet::new();
    while cursor.peek().is_some() {
        let number = parse_type(cursor)?;
        if number == 0 || number >= OLD_TYPES_END {
            return Err(RdataError::Expected("a record type from 1 to 127"));
        }
        numbers.insert(number);
    }
    into.extend(bits_of(numbers.into_iter()));
    Ok(())
}

/// Prints the types of one row of bits.
pub(super) fn print_old(octets: &[u8], words: &mut Words) {
    numbers_of(octets).filter_map(|number| u16::try_from(number).ok()).for_each(|number| {
        words.push(record_type::name(number));
    });
}

/// Numbers as a row of bits, the first bit of an octet being its highest, without octets of zero at the end.
pub(super) fn bits_of(numbers: impl Iterator<Item = u16>) -> Vec<u8> {
    let mut bits = Vec::new();
    for number in numbers {
        let octet = usize::from(number / 8);
        if bits.len() <= octet {
            bits.resize(octet + 1, 0);
        }
        bits[octet] |= 0x80 >> (number % 8);
    }
    bits
}

/// The numbers that a row of bits has, ascending.
pub(super) fn numbers_of(bits: &[u8]) -> impl Iterator<Item = usize> {
    (0..bits.len() * 8).filter(|number| bits[number / 8] & (0x80 >> (number % 8)) != 0)
}
