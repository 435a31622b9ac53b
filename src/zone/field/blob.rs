//! Octets in hexadecimal, base 32 and base 64 (RFC 4648).

use super::octets::Words;
use crate::zone::cursor::{Cursor, RdataError};
use crate::zone::rdata::encoding::{self, hex, hex_octets};

const HEX: &str = "hexadecimal digits, two for each octet";
const BASE64: &str = "base 64";

/// Reads hexadecimal digits, blanks between them allowed; at least one octet.
pub(super) fn parse_hex(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let mut digits = cursor.word(HEX)?.to_vec();
    while digits.iter().all(u8::is_ascii_hexdigit) && cursor.peek().is_some() {
        digits.extend_from_slice(cursor.word(HEX)?);
    }
    append_hex(&digits, into)
}

/// Appends the octets of hexadecimal digits.
pub(super) fn append_hex(digits: &[u8], into: &mut Vec<u8>) -> Result<(), RdataError> {
    into.extend(hex_octets(digits).ok_or(RdataError::Expected(HEX))?);
    Ok(())
}

/// Prints octets in hexadecimal; nothing for none.
pub(super) fn print_hex(octets: &[u8], words: &mut Words) {
    if !octets.is_empty() {
        words.push(hex(octets));
    }
}

/// Reads base 64, blanks between its characters allowed.
pub(super) fn parse_base64(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let mut text = cursor.word(BASE64)?.to_vec();
    while cursor.peek().is_some() {
        text.extend_from_slice(cursor.word(BASE64)?);
    }
    append_base64(&text, into)
}

/// Appends the octets of a text in base 64.
pub(super) fn append_base64(text: &[u8], into: &mut Vec<u8>) -> Result<(), RdataError> {
    into.extend(encoding::decode_base64(text).ok_or(RdataError::Expected(BASE64))?);
    Ok(())
}

/// Reads base 64, or nothing.
pub(super) fn parse_optional_base64(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    if cursor.peek().is_some() { parse_base64(cursor, into) } else { Ok(()) }
}

/// Reads base 64, or `-` for nothing.
pub(super) fn parse_base64_or_dash(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    match cursor.peek() {
        Some(token) if cursor.text(token) == b"-" => cursor.word("-").map(drop),
        _ => parse_base64(cursor, into),
    }
}

/// Prints base 64; nothing for no octets.
pub(super) fn print_base64(octets: &[u8], words: &mut Words) {
    if !octets.is_empty() {
        words.push(encoding::encode_base64(octets));
    }
}

/// Reads a salt: hexadecimal digits in one word, or `-` (RFC 5155 §3.3).
pub(super) fn parse_salt(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let what = "a salt of up to 255 octets in hexadecimal, or - for none";
    let text = cursor.word(what)?;
    let octets = if text == b"-" { Some(Vec::new()) } else { hex_octets(text) };
    append_counted(octets, what, into)
}

/// Prints a salt.
pub(super) fn print_salt(octets: &[u8], words: &mut Words) {
    words.push(if octets.is_empty() { "-".to_owned() } else { hex(octets) });
}

/// Reads base 32 without padding (RFC 5155 §3.3).
pub(super) fn parse_base32(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let what = "a hash in base 32";
    let octets = encoding::decode_base32(cursor.word(what)?).filter(|octets| !octets.is_empty());
    append_counted(octets, what, into)
}

/// Prints base 32.
pub(super) fn print_base32(octets: &[u8], words: &mut Words) {
    words.push(encoding::encode_base32(octets));
}

/// Appends octets with their number in front.
fn append_counted(octets: Option<Vec<u8>>, what: &'static str, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let octets = octets.ok_or(RdataError::Expected(what))?;
    into.push(u8::try_from(octets.len()).map_err(|_| RdataError::Expected(what))?);
    into.extend(octets);
    Ok(())
}
