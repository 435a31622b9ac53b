//! A record's data from text to octets. The only door to the crate `domain`.
//!
//! Four ways, the first that fits: the generic form of RFC 3597 §5 (`\# 4 C0000201`, for any type), service
//! parameters (`service`), a plain row of fields (`field`), and `domain`'s scanning over our tokens for the rest
//! (DNSSEC, TLSA, CAA and so on).

pub(super) mod base64;

use domain::base::iana::Rtype;
use domain::base::name::Name;
use domain::base::rdata::{ComposeRecordData, ParseAnyRecordData};
use domain::base::scan::{ConvertSymbols, EntrySymbol, Scanner, ScannerError, Symbol};
use domain::base::{CharStr, name::ParsedName};
use domain::dep::octseq::{Parser, str::Str};
use domain::rdata::{AllRecordData, ZoneRecordData};
use thiserror::Error;

use super::cursor::{Cursor, RdataError, append_unescaped};
use super::lexer::Token;
use super::{field, record_type, service, strict};
use crate::wire::rtype;

/// The most octets that the data of one record holds (RFC 1035 §4.1.3).
const RDATA_MAX: usize = u16::MAX as usize;

/// Appends the data of a record of type `number` to `into`: names in full, every token used up. After an error `into`
/// may hold a part of it, and the cursor stands behind the token that is at fault.
pub(super) fn parse(number: u16, cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let start = into.len();
    let is_generic = cursor.peek().is_some_and(|token| !token.quoted && cursor.text(token) == b"\\#");
    if is_generic {
        parse_generic(number, cursor, into)?;
    } else if let Some(fields) = field::row(number) {
        field::parse(fields, cursor, into)?;
    } else if matches!(number, rtype::SVCB | rtype::HTTPS) {
        service::parse(cursor, into)?;
    } else {
        scan(number, cursor, into)?;
    }
    cursor.finish()?;
    match into.len() - start {
        0..=RDATA_MAX => Ok(()),
        length => Err(RdataError::TooLong(length)),
    }
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
    into.extend(digits.chunks_exact(2).map(|pair| hexadecimal(pair[0]) << 4 | hexadecimal(pair[1])));
    if !is_data_of(number, &into[start..]) {
        return Err(RdataError::NotOfType(record_type::name(number)));
    }
    strict::check(number, &into[start..])
}

/// The value of a hexadecimal digit.
fn hexadecimal(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        digit => (digit | 0x20) - b'a' + 10,
    }
}

/// Whether octets are data of a type: read and written again by `domain` they are the same, so that nothing is left
/// over and no name is compressed. Any octets are data of a type that is not known.
fn is_data_of(number: u16, octets: &[u8]) -> bool {
    if octets.is_empty() && field::row(number).is_some() {
        return false;
    }
    let mut parser = Parser::from_ref(octets);
    let parsed: Result<AllRecordData<&[u8], ParsedName<&[u8]>>, _> =
        AllRecordData::parse_any_rdata(Rtype::from_int(number), &mut parser);
    let Ok(data) = parsed else { return false };
    let mut again = Vec::with_capacity(octets.len());
    data.compose_rdata(&mut again).is_ok() && again == octets
}

/// Lets `domain` read the data.
fn scan(number: u16, cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    if record_type::entry(number).is_none_or(|known| known.example.is_empty()) {
        return Err(RdataError::NoForm(record_type::name(number)));
    }
    let data = ZoneRecordData::scan(Rtype::from_int(number), &mut TokenScanner { cursor })
        .map_err(|ScanError(error)| error)?;
    let start = into.len();
    data.compose_rdata(into).map_err(|_| RdataError::Refused("the data is too long"))?;
    strict::check(number, &into[start..])
}

/// Our tokens as `domain` wants to read them.
struct TokenScanner<'c, 't> {
    cursor: &'c mut Cursor<'t>,
}

/// Our error where `domain` wants one of its own.
#[derive(Debug, Error)]
#[error(transparent)]
struct ScanError(#[from] RdataError);

impl ScannerError for ScanError {
    fn custom(message: &'static str) -> ScanError {
        ScanError(RdataError::Refused(message))
    }

    fn end_of_entry() -> ScanError {
        ScanError(RdataError::Missing("a field"))
    }

    fn short_buf() -> ScanError {
        ScanError(RdataError::Refused("the data is too long"))
    }

    fn trailing_tokens() -> ScanError {
        ScanError(RdataError::Trailing)
    }
}

impl<'t> TokenScanner<'_, 't> {
    fn token(&mut self) -> Result<&'t Token, ScanError> {
        Ok(self.cursor.token("a field")?)
    }

    fn symbols(&self, token: &Token) -> Result<Vec<Symbol>, ScanError> {
        symbols(self.cursor.text(token))
    }
}

/// A token as symbols: an octet of 0x80 or above counts as escaped.
fn symbols(text: &[u8]) -> Result<Vec<Symbol>, ScanError> {
    let mut all = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'\\' {
            let (octet, after) = crate::wire::name::unescape(tail).map_err(|_| RdataError::BadEscape)?;
            let is_decimal = tail[0].is_ascii_digit();
            all.push(if is_decimal { Symbol::DecimalEscape(octet) } else { Symbol::SimpleEscape(octet) });
            rest = after;
        } else {
            all.push(match first {
                0x80.. => Symbol::DecimalEscape(first),
                _ => Symbol::Char(char::from(first)),
            });
            rest = tail;
        }
    }
    Ok(all)
}

impl Scanner for TokenScanner<'_, '_> {
    type Octets = Vec<u8>;
    type OctetsBuilder = Vec<u8>;
    type Name = Name<Vec<u8>>;
    type Error = ScanError;

    fn has_space(&self) -> bool {
        false
    }

    fn continues(&mut self) -> bool {
        self.cursor.peek().is_some()
    }

    fn scan_symbols<F>(&mut self, op: F) -> Result<(), ScanError>
    where
        F: FnMut(Symbol) -> Result<(), ScanError>,
    {
        let token = self.token()?;
        self.symbols(token)?.into_iter().try_for_each(op)
    }

    fn scan_entry_symbols<F>(&mut self, mut op: F) -> Result<(), ScanError>
    where
        F: FnMut(EntrySymbol) -> Result<(), ScanError>,
    {
        loop {
            self.scan_symbols(|symbol| op(EntrySymbol::Symbol(symbol)))?;
            op(EntrySymbol::EndOfToken)?;
            if !self.continues() {
                return Ok(());
            }
        }
    }

    fn convert_token<C: ConvertSymbols<Symbol, ScanError>>(
        &mut self,
        mut convert: C,
    ) -> Result<Vec<u8>, ScanError> {
        let mut octets = Vec::new();
        self.scan_symbols(|symbol| {
            octets.extend_from_slice(convert.process_symbol(symbol)?.unwrap_or_default());
            Ok(())
        })?;
        octets.extend_from_slice(convert.process_tail()?.unwrap_or_default());
        Ok(octets)
    }

    fn convert_entry<C: ConvertSymbols<EntrySymbol, ScanError>>(
        &mut self,
        mut convert: C,
    ) -> Result<Vec<u8>, ScanError> {
        let mut octets = Vec::new();
        self.scan_entry_symbols(|symbol| {
            octets.extend_from_slice(convert.process_symbol(symbol)?.unwrap_or_default());
            Ok(())
        })?;
        octets.extend_from_slice(convert.process_tail()?.unwrap_or_default());
        Ok(octets)
    }

    fn scan_octets(&mut self) -> Result<Vec<u8>, ScanError> {
        let token = self.token()?;
        let mut octets = Vec::new();
        append_unescaped(self.cursor.text(token), &mut octets)?;
        Ok(octets)
    }

    fn scan_ascii_str<F, T>(&mut self, op: F) -> Result<T, ScanError>
    where
        F: FnOnce(&str) -> Result<T, ScanError>,
    {
        let octets = self.scan_octets()?;
        match std::str::from_utf8(&octets) {
            Ok(text) if text.is_ascii() => op(strict::algorithm_number(text)),
            _ => Err(ScanError::custom("here should stand plain letters and digits")),
        }
    }

    fn scan_name(&mut self) -> Result<Name<Vec<u8>>, ScanError> {
        let mut octets = Vec::new();
        self.cursor.name(&mut octets)?;
        Name::from_octets(octets).map_err(|_| ScanError::custom("here should stand a domain name"))
    }

    fn scan_charstr(&mut self) -> Result<CharStr<Vec<u8>>, ScanError> {
        let octets = self.scan_octets()?;
        let length = octets.len();
        CharStr::from_octets(octets).map_err(|_| RdataError::StringTooLong(length).into())
    }

    fn scan_string(&mut self) -> Result<Str<Vec<u8>>, ScanError> {
        Str::from_utf8(self.scan_octets()?).map_err(|_| ScanError::custom("here should stand UTF-8 text"))
    }

    fn scan_charstr_entry(&mut self) -> Result<Vec<u8>, ScanError> {
        let mut octets = Vec::new();
        loop {
            self.cursor.string(&mut octets)?;
            if !self.continues() {
                return Ok(octets);
            }
        }
    }

    fn scan_opt_unknown_marker(&mut self) -> Result<bool, ScanError> {
        // The generic form never comes here: `parse` has taken it.
        Ok(false)
    }

    fn octets_builder(&mut self) -> Result<Vec<u8>, ScanError> {
        Ok(Vec::new())
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
        check("LOC \\# 2 ffff", "ffff");
        check_refused("A \\# 3 C00002", "5:10: error: A: these octets are not the data of A");
        check_refused("A \\# 5 C000020100", "5:10: error: A: these octets are not the data of A");
        check_refused("NS \\# 2 c000", "5:11: error: NS: these octets are not the data of NS");
        check_refused("TXT \\# 0", "5:10: error: TXT: these octets are not the data of TXT");
        check_refused("A \\# 4 C00002", "5:10: error: A: \\# says 4 octets, but 3 follow");
        check_refused("A \\# 4 xx", "5:10: error: A: here should stand hexadecimal digits");
        check_refused("A \\# 65536", "5:8: error: A: here should stand the number of octets");
    }

    #[test]
    fn types_that_domain_reads() {
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
        check_refused("TLSA 3 1 1 zz", "5:14: error: TLSA: expected hex digits");
        check_refused("CAA 0 issue", "5:9: error: CAA: the data ends here, but a field is still missing");
        check_refused(
            "NSEC a A \\999",
            "5:12: error: NSEC: a backslash must be followed by three digits up to 255 or by a character",
        );
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
