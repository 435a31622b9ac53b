//! A record's data: from text to octets and from octets to text.
//!
//! Two forms: the generic one of RFC 3597 §5 (`\# 4 C0000201`, for any type), and for the types that have one the
//! row of fields that `field` knows. This is the only door to the crate `domain`: here it encodes and decodes base 32
//! and base 64, and in the tests it is asked whether it reads the same.

pub(super) mod encoding;
#[cfg(test)]
mod registry_tests;
#[cfg(test)]
mod round_trip_tests;

use super::cursor::{Cursor, RdataError};
use super::lexer::Lexer;
use super::{field, record_type, strict};

/// The most octets that the data of one record holds (RFC 1035 §4.1.3).
const RDATA_MAX: usize = u16::MAX as usize;
/// What begins the generic form.
const GENERIC: &[u8] = b"\\#";
/// The origin of texts that hold no relative names.
const ROOT: &[u8] = &[0];

/// Appends the data of a record of type `number` to `into`: names in full, every token used up. After an error `into`
/// may hold a part of it, and the cursor stands behind the token that is at fault.
pub(super) fn parse(number: u16, cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let start = into.len();
    if cursor.peek().is_some_and(|token| !token.quoted && cursor.text(token) == GENERIC) {
        parse_generic(number, cursor, into)?;
    } else {
        parse_native(number, cursor, into)?;
    }
    match into.len() - start {
        0..=RDATA_MAX => Ok(()),
        length => Err(RdataError::TooLong(length)),
    }
}

/// The data of a record of type `number` as a master file writes it: in the form of its type, in the generic form
/// where that has none or where the octets are not data of the type. Names in `rdata` stand in full, and are printed
/// so.
pub(super) fn print(number: u16, rdata: &[u8]) -> String {
    let native = field::row(number).and_then(|fields| field::print(fields, rdata));
    native.unwrap_or_else(|| print_generic(rdata))
}

fn parse_native(number: u16, cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let start = into.len();
    let fields = field::row(number).ok_or_else(|| RdataError::NoForm(record_type::name(number)))?;
    field::parse(fields, cursor, into)?;
    cursor.finish()?;
    strict::check(number, &into[start..])
}

/// Reads `\# length hexadecimal…`; what a known type's data cannot be is refused.
fn parse_generic(number: u16, cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let start = into.len();
    cursor.word("\\#")?;
    let said = cursor.number("the number of octets", RDATA_MAX as u32)? as usize;
    let mut digits = Vec::with_capacity(said * 2);
    while let Some(token) = cursor.peek() {
        cursor.token("hexadecimal digits")?;
        if token.quoted || !cursor.text(token).iter().all(u8::is_ascii_hexdigit) {
            return Err(RdataError::Expected("hexadecimal digits"));
        }
        digits.extend_from_slice(cursor.text(token));
    }
    if digits.len() != said * 2 {
        return Err(RdataError::GenericLength { said, found: digits.len().div_ceil(2) });
    }
    into.extend(encoding::hex_octets(&digits).unwrap_or_default());
    check_octets(number, &into[start..])
}

/// Octets are data of a type when, printed in its form and read again, they are the same: so nothing is left over, no
/// name is compressed, and every bound holds that holds for text. Any octets are data of a type without a form.
fn check_octets(number: u16, octets: &[u8]) -> Result<(), RdataError> {
    let Some(fields) = field::row(number) else { return Ok(()) };
    let refused = || RdataError::NotOfType(record_type::name(number));
    let text = field::print(fields, octets).ok_or_else(refused)?;
    match read_again(number, &text) {
        Ok(again) if again == octets => Ok(()),
        Err(error @ (RdataError::Refused(_) | RdataError::Parameter(_))) => Err(error),
        _ => Err(refused()),
    }
}

/// The octets of a text that [`print`] made.
fn read_again(number: u16, text: &str) -> Result<Vec<u8>, RdataError> {
    let mut tokens = Vec::new();
    // What is printed for no data at all has no token.
    let is_readable = Lexer::new(text.as_bytes()).next_entry(&mut tokens).is_none_or(|entry| entry.is_ok());
    if !is_readable {
        return Err(RdataError::NotOfType(record_type::name(number)));
    }
    let mut again = Vec::new();
    parse_native(number, &mut Cursor::new(text.as_bytes(), &tokens, 0..0, ROOT), &mut again)?;
    Ok(again)
}

fn print_generic(rdata: &[u8]) -> String {
    match rdata.len() {
        0 => "\\# 0".to_owned(),
        length => format!("\\# {length} {}", encoding::hex(rdata)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{HEAD, lines, load, records, whole};

    /// A record of this text has this data in hexadecimal; blanks are for the reader.
    fn check(text: &str, expected: &str) {
        let all = records(&whole(&format!("x {text}\n")));
        let data = all[3..].iter().map(|record| record.rsplit(' ').next().unwrap_or_default());
        assert_eq!(data.collect::<Vec<_>>(), [expected.replace(' ', "")], "{text}");
    }

    /// A record of this text is refused with this message.
    fn check_refused(text: &str, expected: &str) {
        let faults = lines(&load(&format!("{HEAD}x {text}\n")).1);
        let message = faults.first().map(|line| line.split(" (help").next().unwrap_or_default());
        assert_eq!(message, Some(expected), "{text}");
    }

    const APEX: &str = "076578616d706c6503636f6d00";

    #[test]
    fn rows_of_fields() {
        check("AAAA 2001:DB8::1", "20010db8000000000000000000000001");
        check("MX 010 @", &format!("000a{APEX}"));
        check("TXT a \"b c\" \"\" \"\\255\\\"\" é", "0161 03622063 00 02ff22 02c3a9");
        check("SRV 1 2 3 .", "00010002000300");
        check("HINFO a \"b c\"", "016103622063");
        check("RP @ .", &format!("{APEX}00"));
        check("NAPTR 1 2 s \"\" \"!^.*$!x!\" .", "00010002 0173 00 08215e2e2a24217821 00");
    }

    #[test]
    fn rfc3597_generic_form_of_any_type() {
        check("TYPE65534 \\# 4 01 0203 aF", "010203af");
        check("TYPE65534 \\# 0", "");
        check("A \\# 4 C0000201", "c0000201");
        check("TYPE15 10 .", "000a00");
        check("NULL \\# 2 ffff", "ffff");
        check("LOC \\# 16 00121613 80000000 80000000 00989680", "00121613 80000000 80000000 00989680");
        check_refused("LOC \\# 2 ffff", "5:12: error: LOC: these octets are not the data of LOC");
        check_refused("A \\# 3 C00002", "5:10: error: A: these octets are not the data of A");
        check_refused(
            "APL \\# 8 0001 1803 c00002 00",
            "5:29: error: APL: these octets are not the data of APL",
        );
        check_refused("A \\# 5 C000020100", "5:10: error: A: these octets are not the data of A");
        check_refused("NS \\# 2 c000", "5:11: error: NS: these octets are not the data of NS");
        check_refused("TXT \\# 0", "5:10: error: TXT: these octets are not the data of TXT");
        check_refused("A \\# 4 C00002", "5:10: error: A: \\# says 4 octets, but 3 follow");
        check_refused("A \\# 4 xx", "5:10: error: A: here should stand hexadecimal digits");
        check_refused("A \\# 65536", "5:8: error: A: here should stand the number of octets");
    }

    #[test]
    fn types_of_dnssec_and_its_kin() {
        check(
            "DS 1 ECDSAP256SHA256 SHA-1 (00112233445566778899 AABBCCDDEEFF00112233)",
            "00010d0100112233445566778899aabbccddeeff00112233",
        );
        check("CAA 128 issue \"ca.example\\;x=1\"", "80 056973737565 63612e6578616d706c653b783d31");
        check("NSEC a A TYPE1234", &format!("0161{APEX} 000140 041b{}20", "00".repeat(26)));
        check("SSHFP 4 2 aabb", "0402aabb");
        check("IPSECKEY 10 1 2 192.0.2.1 AQID", "0a0102c0000201010203");
        check_refused(
            "DS 1 13 2 aa",
            "5:13: error: DS: the digest does not have the length that its algorithm gives",
        );
        check_refused(
            "TLSA 3 1 1 zz",
            "5:14: error: TLSA: here should stand hexadecimal digits, two for each octet",
        );
        check_refused("CAA 0 issue", "5:9: error: CAA: the data ends here, but a text is still missing");
        check_refused("NSEC a A \\999", "5:12: error: NSEC: here should stand a record type");
    }

    #[test]
    fn strings_hold_255_octets() {
        check(&format!("TXT {}", "a".repeat(255)), &format!("ff{}", "61".repeat(255)));
        check_refused(
            &format!("TXT {}", "a".repeat(256)),
            "5:7: error: TXT: a character string holds at most 255 octets, this one has 256",
        );
        check_refused(
            "TXT \"\\256\"",
            "5:7: error: TXT: a backslash must be followed by three digits up to 255 or by a character",
        );
    }
}
