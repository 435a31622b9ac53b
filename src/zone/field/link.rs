//! Addresses below and beside the Internet Protocol: EUI (RFC 7043), locators (RFC 6742), NSAP (RFC 1706), ATM.

use super::blob::append_hex;
use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError};
use crate::zone::rdata::encoding::{hex, hex_octets};

/// Reads an EUI of `octets` octets: pairs of digits with hyphens between them.
pub(super) fn parse_eui(
    octets: usize,
    cursor: &mut Cursor<'_>,
    into: &mut Vec<u8>,
) -> Result<(), RdataError> {
    let what = match octets {
        6 => "an EUI-48 address as 00-00-5e-00-53-2a",
        _ => "an EUI-64 address as 00-00-5e-ef-10-00-00-2a",
    };
    let text = cursor.word(what)?;
    let is_whole =
        text.len() == octets * 3 - 1 && text.chunks(3).all(|part| *part.get(2).unwrap_or(&b'-') == b'-');
    let parts = text.split(|&octet| octet == b'-').map(hex_octets).collect::<Option<Vec<_>>>();
    into.extend(parts.filter(|_| is_whole).ok_or(RdataError::Expected(what))?.concat());
    Ok(())
}

/// Prints an EUI.
pub(super) fn print_eui(octets: &[u8], words: &mut Words) {
    let parts: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    words.push(parts.join("-"));
}

/// Reads four groups of up to four hexadecimal digits (RFC 6742 §2.1.3); there is no `::`.
pub(super) fn parse_locator(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let what = "64 bits as 2001:db8:1140:1000";
    let text = cursor.word(what)?;
    let groups: Option<Vec<u16>> = text.split(|&octet| octet == b':').map(parse_group).collect();
    let groups = groups.filter(|groups| groups.len() == 4).ok_or(RdataError::Expected(what))?;
    into.extend(groups.iter().flat_map(|group| group.to_be_bytes()));
    Ok(())
}

fn parse_group(text: &[u8]) -> Option<u16> {
    let is_group = (1..=4).contains(&text.len()) && text.iter().all(u8::is_ascii_hexdigit);
    u16::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok().filter(|_| is_group)
}

/// Prints four groups.
pub(super) fn print_locator(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    let [a, b, c, d] = [octets.u16()?, octets.u16()?, octets.u16()?, octets.u16()?];
    words.push(format_args!("{a:x}:{b:x}:{c:x}:{d:x}"));
    Some(())
}

/// Reads `0x` and hexadecimal digits, full stops between them allowed (RFC 1706 §5).
pub(super) fn parse_nsap(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let what = "an NSAP address as 0x47.0005.80005a0000000001e133ffffff00016100";
    let text = cursor.word(what)?;
    let digits = text.strip_prefix(b"0x").or(text.strip_prefix(b"0X")).ok_or(RdataError::Expected(what))?;
    let digits: Vec<u8> = digits.iter().copied().filter(|&octet| octet != b'.').collect();
    append_hex(&digits, into).map_err(|_| RdataError::Expected(what))
}

/// Prints an NSAP address.
pub(super) fn print_nsap(octets: &[u8], words: &mut Words) {
    words.push(format_args!("0x{}", hex(octets)));
}

/// The formats of ATM addresses (ATM Forum AF-DANS-0152 §3).
const ATM_AESA: u8 = 0;
const ATM_E164: u8 = 1;

/// Reads `+` and digits of E.164, or hexadecimal digits of an end system address; full stops between are allowed.
pub(super) fn parse_atm(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let what = "an ATM address: + and digits, or hexadecimal digits";
    let text: Vec<u8> = cursor.word(what)?.iter().copied().filter(|&octet| octet != b'.').collect();
    match text.strip_prefix(b"+") {
        Some(digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            into.push(ATM_E164);
            into.extend_from_slice(digits);
            Ok(())
        }
        Some(_) => Err(RdataError::Expected(what)),
        None => {
            into.push(ATM_AESA);
            append_hex(&text, into).map_err(|_| RdataError::Expected(what))
        }
    }
}

/// Prints an ATM address; of another format there is none.
pub(super) fn print_atm(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    match (octets.u8()?, octets.all()) {
        (ATM_AESA, address) => words.push(hex(address)),
        (ATM_E164, digits) => words.push(format_args!("+{}", digits.escape_ascii())),
        _ => return None,
    }
    Some(())
}
