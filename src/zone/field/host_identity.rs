//! The data of HIP records (RFC 8005 §5, §6): algorithm, tag and key of a host, and its rendezvous servers.

use super::blob::{append_base64, append_hex};
use super::number::parse_u8;
use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError};
use crate::zone::rdata::encoding::{self, hex};

/// Reads algorithm, tag in hexadecimal, key in base 64, and names to the end.
pub(super) fn parse(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let algorithm = parse_u8(cursor)?;
    let mut tag = Vec::new();
    append_hex(cursor.word("a host identity tag in hexadecimal digits")?, &mut tag)?;
    let what = "a host identity tag of up to 255 octets";
    let tag_length = u8::try_from(tag.len()).map_err(|_| RdataError::Expected(what))?;
    let mut key = Vec::new();
    append_base64(cursor.word("a public key in base 64")?, &mut key)?;
    let key_length = u16::try_from(key.len()).map_err(|_| RdataError::TooLong(key.len()))?;
    into.extend([tag_length, algorithm]);
    into.extend(key_length.to_be_bytes());
    into.extend(tag);
    into.extend(key);
    while cursor.peek().is_some() {
        cursor.name(into)?;
    }
    Ok(())
}

/// Prints the same.
pub(super) fn print(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    let (tag_length, algorithm, key_length) = (octets.u8()?, octets.u8()?, octets.u16()?);
    words.push(algorithm);
    words.push(hex(octets.take(usize::from(tag_length))?));
    words.push(encoding::encode_base64(octets.take(usize::from(key_length))?));
    while !octets.is_empty() {
        words.push(octets.name()?);
    }
    Some(())
}
