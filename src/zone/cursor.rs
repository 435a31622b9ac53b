//! The tokens of one record's data, taken one after the other and turned into octets.

use std::ops::Range;

use thiserror::Error;

use super::lexer::Token;
use crate::wire::name::{append_parsed, unescape};
use crate::wire::{Name, NameError};

/// The longest character string (RFC 1035 §3.3).
const STRING_MAX: usize = 255;

/// Why a record's data is refused. What it is about is the token last taken: [`Cursor::span`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum RdataError {
    #[error("the data ends here, but {0} is still missing")]
    Missing(&'static str),
    #[error("here should stand {0}")]
    Expected(&'static str),
    #[error("the data is complete before this")]
    Trailing,
    #[error("{0} cannot stand in quotes")]
    Quoted(&'static str),
    #[error("this is not a domain name: {0}")]
    Name(#[from] NameError),
    #[error("a backslash must be followed by three digits up to 255 or by a character")]
    BadEscape,
    #[error("a character string holds at most 255 octets, this one has {0}")]
    StringTooLong(usize),
    #[error("the data of one record holds at most 65535 octets, these are {0}")]
    TooLong(usize),
    #[error("{0} has no form of its own")]
    NoForm(String),
    #[error("\\# says {said} octets, but {found} follow")]
    GenericLength { said: usize, found: usize },
    #[error("these octets are not the data of {0}")]
    NotOfType(String),
    #[error("{0}")]
    Parameter(String),
    #[error("{0}")]
    Refused(&'static str),
}

/// Stands before the next token of a record's data.
pub(super) struct Cursor<'t> {
    octets: &'t [u8],
    tokens: &'t [Token],
    /// The number of tokens taken.
    taken: usize,
    /// Where the data starts in the file, for a fault about data without a token.
    start: Range<usize>,
    /// What completes relative names, in wire form; empty where nothing does.
    origin: &'t [u8],
    /// A relative name that ends with the origin's own text, probably a forgotten final dot: its place and meaning.
    doubled_origin: Option<(Range<usize>, Name)>,
}

impl<'t> Cursor<'t> {
    /// A cursor before `tokens`, which stand in `octets` after the span `start` (the record's type).
    pub(super) fn new(
        octets: &'t [u8],
        tokens: &'t [Token],
        start: Range<usize>,
        origin: &'t [u8],
    ) -> Cursor<'t> {
        Cursor { octets, tokens, taken: 0, start, origin, doubled_origin: None }
    }

    /// The span of the token last taken.
    pub(super) fn span(&self) -> Range<usize> {
        match self.taken.checked_sub(1) {
            Some(last) => self.tokens[last].span(),
            None => self.start.clone(),
        }
    }

    /// A relative name that ends with the origin's own text, if one was met: its place and what it means.
    pub(super) fn doubled_origin(&mut self) -> Option<(Range<usize>, Name)> {
        self.doubled_origin.take()
    }

    /// The next token, if any, without taking it.
    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.taken)
    }

    /// The octets of a token, its escapes untouched.
    pub(super) fn text(&self, token: &Token) -> &'t [u8] {
        token.text(self.octets)
    }

    /// Takes the next token; `what` names it in the fault when there is none.
    pub(super) fn token(&mut self, what: &'static str) -> Result<&'t Token, RdataError> {
        let token = self.tokens.get(self.taken).ok_or(RdataError::Missing(what))?;
        self.taken += 1;
        Ok(token)
    }

    /// Takes the next token, which must stand without quotes.
    pub(super) fn word(&mut self, what: &'static str) -> Result<&'t [u8], RdataError> {
        let token = self.token(what)?;
        if token.quoted {
            return Err(RdataError::Quoted(what));
        }
        Ok(self.text(token))
    }

    /// Takes a decimal number of at most `max`.
    pub(super) fn number(&mut self, what: &'static str, max: u32) -> Result<u32, RdataError> {
        decimal(self.word(what)?).filter(|&number| number <= max).ok_or(RdataError::Expected(what))
    }

    /// Takes a domain name and appends its wire form.
    pub(super) fn name(&mut self, into: &mut Vec<u8>) -> Result<(), RdataError> {
        let text = self.word("a domain name")?;
        let start = into.len();
        append_parsed(text, (!self.origin.is_empty()).then_some(self.origin), into)?;
        if ends_with_origin_twice(text, &into[start..], self.origin) {
            self.doubled_origin = Name::from_wire(&into[start..]).ok().map(|name| (self.span(), name));
        }
        Ok(())
    }

    /// Takes a character string and appends its wire form, the length in front.
    pub(super) fn string(&mut self, into: &mut Vec<u8>) -> Result<(), RdataError> {
        let token = self.token("a character string")?;
        let length_at = into.len();
        into.push(0);
        append_unescaped(self.text(token), into)?;
        let length = into.len() - length_at - 1;
        if length > STRING_MAX {
            return Err(RdataError::StringTooLong(length));
        }
        into[length_at] = length as u8;
        Ok(())
    }

    /// Requires that no token is left.
    pub(super) fn finish(&mut self) -> Result<(), RdataError> {
        match self.token("") {
            Ok(_) => Err(RdataError::Trailing),
            Err(_) => Ok(()),
        }
    }
}

/// Appends the octets that a text stands for.
pub(super) fn append_unescaped(text: &[u8], into: &mut Vec<u8>) -> Result<(), RdataError> {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&octet| octet == b'\\') {
        into.extend_from_slice(&rest[..at]);
        let (octet, tail) = unescape(&rest[at + 1..]).map_err(|_| RdataError::BadEscape)?;
        into.push(octet);
        rest = tail;
    }
    into.extend_from_slice(rest);
    Ok(())
}

/// Digits as a number; `None` for anything else, and beyond `u32::MAX`.
pub(super) fn decimal(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u32, |number, octet| {
        let digit = octet.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}

/// Seconds, plainly or with units as in `1h30m`; the same unit twice adds up, a number without a unit stands alone.
pub(super) fn seconds(text: &[u8]) -> Option<u32> {
    if let Some(plain) = decimal(text) {
        return Some(plain);
    }
    let mut total = 0_u32;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let unit = match rest.get(digits)?.to_ascii_lowercase() {
            b'w' => 604_800,
            b'd' => 86_400,
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        total = total.checked_add(decimal(&rest[..digits])?.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (!text.is_empty()).then_some(total)
}

/// Whether a relative name was completed by an origin that its text ended with already: `www.example.com` without the
/// final dot in example.com. `name` is its wire form.
pub(super) fn ends_with_origin_twice(text: &[u8], name: &[u8], origin: &[u8]) -> bool {
    if origin.len() < 2 || text.len() < origin.len() - 2 || text.last() == Some(&b'.') {
        return false;
    }
    let Some(written) = name.len().checked_sub(origin.len()) else { return false };
    let labels = &origin[..origin.len() - 1];
    let Some(before) = written.checked_sub(labels.len()) else { return false };
    name[before..written].eq_ignore_ascii_case(labels) && starts_label(name, before)
}

fn starts_label(name: &[u8], offset: usize) -> bool {
    let mut at = 0;
    while at < offset {
        at += 1 + usize::from(name[at]);
    }
    at == offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_units() {
        let cases: [(&str, Option<u32>); 15] = [
            ("0", Some(0)),
            ("3600", Some(3600)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("1h30m", Some(5400)),
            ("1W2D3h4M5s", Some(604_800 + 2 * 86_400 + 3 * 3600 + 245)),
            ("90S", Some(90)),
            ("1h30", None),
            ("h", None),
            ("1x", None),
            ("", None),
            ("-1", None),
            ("99999999w", None),
            ("1.5h", None),
            ("A", None),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_forgotten_final_dot_is_noticed() {
        let origin = b"\x07example\x03com\0";
        for (text, expected) in [
            ("www.example.com", true),
            ("example.COM", true),
            ("www.example.com.", false),
            ("www", false),
            ("myexample.com", false),
            ("@", false),
        ] {
            let mut name = Vec::new();
            append_parsed(text.as_bytes(), Some(origin), &mut name).unwrap();
            assert_eq!(ends_with_origin_twice(text.as_bytes(), &name, origin), expected, "{text}");
        }
    }
}
