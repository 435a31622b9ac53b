//! Character strings and texts (RFC 1035 §3.3, §5.1).

use std::fmt;

use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError, append_unescaped};

/// Octets as a quoted text: `"` and `\` behind a backslash, what is not printable ASCII as three digits.
pub(in crate::zone) struct Quoted<'d>(pub(in crate::zone) &'d [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("\"")?;
        for &octet in self.0 {
            match octet {
                b'"' | b'\\' => write!(formatter, "\\{}", char::from(octet))?,
                b' '..=b'~' => write!(formatter, "{}", char::from(octet))?,
                _ => write!(formatter, "\\{octet:03}")?,
            }
        }
        formatter.write_str("\"")
    }
}

/// Reads one character string or more, to the end.
pub(super) fn parse_strings(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    cursor.string(into)?;
    while cursor.peek().is_some() {
        cursor.string(into)?;
    }
    Ok(())
}

/// Prints one character string or more.
pub(super) fn print_strings(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    words.push(Quoted(octets.string()?));
    while !octets.is_empty() {
        words.push(Quoted(octets.string()?));
    }
    Some(())
}

/// Reads a character string, if there is one.
pub(super) fn parse_optional(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    if cursor.peek().is_some() { cursor.string(into) } else { Ok(()) }
}

/// Reads a text of any length; it has no length in front.
pub(super) fn parse_long(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let token = cursor.token("a text")?;
    append_unescaped(cursor.text(token), into)
}

/// Reads letters and digits (RFC 8659 §4.1).
pub(super) fn parse_tag(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let what = "a tag of 1 to 255 letters and digits";
    parse_checked(cursor, into, what, |text| !text.is_empty() && text.iter().all(u8::is_ascii_alphanumeric))
}

/// Reads four digits or more (RFC 1183 §3.1).
pub(super) fn parse_digits(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let what = "an X.121 address of 4 to 255 digits";
    parse_checked(cursor, into, what, |text| text.len() >= 4 && text.iter().all(u8::is_ascii_digit))
}

/// Reads a character string that must be of a certain form.
pub(super) fn parse_checked(
    cursor: &mut Cursor<'_>,
    into: &mut Vec<u8>,
    what: &'static str,
    is_right: impl Fn(&[u8]) -> bool,
) -> Result<(), RdataError> {
    let start = into.len();
    if cursor.peek().is_none() {
        return Err(RdataError::Missing(what));
    }
    cursor.string(into)?;
    if is_right(&into[start + 1..]) { Ok(()) } else { Err(RdataError::Expected(what)) }
}
