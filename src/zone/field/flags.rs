//! The flags of KEY, which may be written as mnemonics (RFC 2535 §7.1); those of DNSKEY may not (RFC 4034 §2.2).

use crate::zone::cursor::{Cursor, RdataError, decimal};

/// The mnemonics with the bits that they set. USER says that none of ZONE and HOST is set.
const MNEMONICS: &[(&str, u16)] = &[
    ("NOAUTH", 0x8000),
    ("NOCONF", 0x4000),
    ("NOKEY", 0xC000),
    ("FLAG2", 0x2000),
    ("EXTEND", 0x1000),
    ("FLAG4", 0x0800),
    ("FLAG5", 0x0400),
    ("USER", 0x0000),
    ("ZONE", 0x0100),
    ("HOST", 0x0200),
    ("NTYP3", 0x0300),
    ("FLAG8", 0x0080),
    ("FLAG9", 0x0040),
    ("FLAG10", 0x0020),
    ("FLAG11", 0x0010),
];

/// What stands before the number of a signatory, 0 to 15.
const SIGNATORY: &[u8] = b"SIG";
/// The largest signatory field.
const SIGNATORY_MAX: u32 = 15;

/// Reads a number, or mnemonics with `|` between them. Printed they are always a number.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<u16, RdataError> {
    let what = "flags, as a number up to 65535 or as mnemonics such as NOCONF|ZONE";
    let text = cursor.word(what)?;
    let number = match decimal(text) {
        Some(number) => u16::try_from(number).ok(),
        None => text.split(|&octet| octet == b'|').try_fold(0, |flags, word| Some(flags | bits(word)?)),
    };
    number.ok_or(RdataError::Expected(what))
}

fn bits(word: &[u8]) -> Option<u16> {
    match MNEMONICS.iter().find(|(mnemonic, _)| mnemonic.as_bytes().eq_ignore_ascii_case(word)) {
        Some((_, bits)) => Some(*bits),
        None => signatory(word),
    }
}

fn signatory(word: &[u8]) -> Option<u16> {
    let (prefix, number) = word.split_at_checked(SIGNATORY.len())?;
    let number = decimal(number).filter(|&number| number <= SIGNATORY_MAX)?;
    prefix.eq_ignore_ascii_case(SIGNATORY).then_some(number as u16)
}
