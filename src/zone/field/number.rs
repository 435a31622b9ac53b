//! Numbers: plain ones, those that have mnemonics, record types, and moments in time.

use super::octets::{Octets, Words};
use crate::zone::cursor::{Cursor, RdataError, decimal};
use crate::zone::record_type::{self, Parsed};

/// The mnemonics of a number of `octets` octets; the number itself is always allowed too.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::zone) struct Mnemonics {
    /// What it is, for a fault.
    what: &'static str,
    octets: usize,
    /// Whether a known number is printed as its (first) mnemonic.
    printed: bool,
    known: &'static [(&'static str, u16)],
}

/// Algorithms of keys and signatures (RFC 4034 appendix A.1, IANA). Printed as numbers, as all tools do.
pub(in crate::zone) const ALGORITHM: Mnemonics = Mnemonics {
    what: "an algorithm, as a number up to 255 or a mnemonic such as ECDSAP256SHA256",
    octets: 1,
    printed: false,
    known: &[
        ("RSAMD5", 1),
        ("DH", 2),
        ("DSA", 3),
        ("ECC", 4),
        ("RSASHA1", 5),
        ("DSA-NSEC3-SHA1", 6),
        ("NSEC3DSA", 6),
        ("RSASHA1-NSEC3-SHA1", 7),
        ("NSEC3RSASHA1", 7),
        ("RSASHA256", 8),
        ("RSASHA512", 10),
        ("ECC-GOST", 12),
        ("ECCGOST", 12),
        ("ECDSAP256SHA256", 13),
        ("ECDSAP384SHA384", 14),
        ("ED25519", 15),
        ("ED448", 16),
        ("SM2SM3", 17),
        ("ECC-GOST12", 23),
        ("INDIRECT", 252),
        ("PRIVATEDNS", 253),
        ("PRIVATEOID", 254),
    ],
};

/// Digests of DS and its kin, as BIND writes them.
pub(in crate::zone) const DIGEST: Mnemonics = Mnemonics {
    what: "a digest type, as a number up to 255 or a mnemonic such as SHA-256",
    octets: 1,
    printed: false,
    known: &[
        ("SHA-1", 1),
        ("SHA1", 1),
        ("SHA-256", 2),
        ("SHA256", 2),
        ("GOST", 3),
        ("SHA-384", 4),
        ("SHA384", 4),
    ],
};

/// Protocols of KEY (RFC 2535 §7.1).
pub(in crate::zone) const PROTOCOL: Mnemonics = Mnemonics {
    what: "a protocol, as a number up to 255 or a mnemonic such as DNSSEC",
    octets: 1,
    printed: false,
    known: &[("NONE", 0), ("TLS", 1), ("EMAIL", 2), ("DNSSEC", 3), ("IPSEC", 4), ("ALL", 255)],
};

/// Types of certificates (RFC 4398 §2.1).
pub(in crate::zone) const CERTIFICATE: Mnemonics = Mnemonics {
    what: "a type of certificate, as a number up to 65535 or a mnemonic such as PKIX",
    octets: 2,
    printed: true,
    known: &[
        ("PKIX", 1),
        ("SPKI", 2),
        ("PGP", 3),
        ("IPKIX", 4),
        ("ISPKI", 5),
        ("IPGP", 6),
        ("ACPKIX", 7),
        ("IACPKIX", 8),
        ("URI", 253),
        ("OID", 254),
    ],
};

/// Schemes of DSYNC (RFC 9859 §2).
pub(in crate::zone) const SCHEME: Mnemonics = Mnemonics {
    what: "a scheme, as a number up to 255 or NOTIFY",
    octets: 1,
    printed: true,
    known: &[("NOTIFY", 1)],
};

impl Mnemonics {
    /// The number of octets on the wire.
    pub(in crate::zone) fn width(&self) -> usize {
        self.octets
    }

    /// Reads a number or a mnemonic and appends its octets.
    pub(super) fn parse(&self, cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
        let text = cursor.word(self.what)?;
        let named = self.known.iter().find(|(mnemonic, _)| mnemonic.as_bytes().eq_ignore_ascii_case(text));
        let number = named.map(|(_, number)| u32::from(*number)).or_else(|| decimal(text));
        let number = number.filter(|number| *number < 1 << (8 * self.octets));
        let number = number.ok_or(RdataError::Expected(self.what))?;
        into.extend_from_slice(&number.to_be_bytes()[4 - self.octets..]);
        Ok(())
    }

    /// Prints the mnemonic or the number.
    pub(super) fn print(&self, octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
        let octets = octets.take(self.octets)?;
        let number = octets.iter().fold(0, |number, &octet| number << 8 | u16::from(octet));
        match self.known.iter().find(|(_, known)| *known == number && self.printed) {
            Some((mnemonic, _)) => words.push(mnemonic),
            None => words.push(number),
        }
        Some(())
    }
}

/// Reads a number of 8 bits.
pub(super) fn parse_u8(cursor: &mut Cursor<'_>) -> Result<u8, RdataError> {
    Ok(cursor.number("a number up to 255", u32::from(u8::MAX))? as u8)
}

/// Reads a number of 16 bits.
pub(super) fn parse_u16(cursor: &mut Cursor<'_>) -> Result<u16, RdataError> {
    Ok(cursor.number("a number up to 65535", u32::from(u16::MAX))? as u16)
}

/// Reads a number of 32 bits.
pub(super) fn parse_u32(cursor: &mut Cursor<'_>) -> Result<u32, RdataError> {
    cursor.number("a number up to 4294967295", u32::MAX)
}

/// Reads a number of 64 bits.
pub(super) fn parse_u64(cursor: &mut Cursor<'_>) -> Result<u64, RdataError> {
    let what = "a number up to 18446744073709551615";
    let text = std::str::from_utf8(cursor.word(what)?).unwrap_or_default();
    let is_plain = text.bytes().all(|octet| octet.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain).ok_or(RdataError::Expected(what))
}

/// Reads a record type, also one that no record can have: it may be covered or listed.
pub(super) fn parse_type(cursor: &mut Cursor<'_>) -> Result<u16, RdataError> {
    let what = "a record type";
    match record_type::parse(cursor.word(what)?) {
        Some(Parsed::Data(number) | Parsed::Meta(number)) => Ok(number),
        None => Err(RdataError::Expected(what)),
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The digits of `YYYYMMDDHHmmSS`.
const MOMENT_DIGITS: usize = 14;

/// Reads a moment as seconds since 1970; those beyond 2106 have no place in 32 bits. BIND takes them modulo 2^32, so
/// that a signature meant for long is out of date: better refused.
pub(super) fn parse_moment(cursor: &mut Cursor<'_>) -> Result<u32, RdataError> {
    let what = "a moment as YYYYMMDDHHmmSS up to 21060207062815, or seconds since 1970";
    let text = cursor.word(what)?;
    let seconds = if text.len() == MOMENT_DIGITS { seconds_since_1970(text) } else { decimal(text) };
    seconds.ok_or(RdataError::Expected(what))
}

fn seconds_since_1970(text: &[u8]) -> Option<u32> {
    let part = |from: usize, to: usize| decimal(&text[from..to]).map(u64::from);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    if year < 1970 || hour > 23 || minute > 59 || second > 59 || !(1..=12).contains(&month) {
        return None;
    }
    let days = days_since_1970(year, month) + day.checked_sub(1)?;
    let is_in_month = date(days) == (year, month, day);
    u32::try_from(days * DAY + hour * HOUR + minute * MINUTE + second).ok().filter(|_| is_in_month)
}

/// Prints a moment as `YYYYMMDDHHmmSS`. Validators take it for the one nearest to now (RFC 4034 §3.1.5), and tools
/// print that: from 2094 on a moment before 1970. There is no clock here, and what was written is what is printed.
pub(super) fn print_moment(seconds: u32, words: &mut Words) {
    let ((year, month, day), second) = (date(u64::from(seconds) / DAY), u64::from(seconds) % DAY);
    let (hour, minute) = (second / HOUR, second % HOUR / MINUTE);
    words.push(format_args!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{:02}", second % MINUTE));
}

/// The days from 1970-01-01 to the first of a month.
fn days_since_1970(year: u64, month: u64) -> u64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    (year - 1970) * 365 + leap_days + (1..month).map(|month| month_days(year, month)).sum::<u64>()
}

fn month_days(year: u64, month: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The date that lies `days` after 1970-01-01: year, month, day.
fn date(days: u64) -> (u64, u64, u64) {
    let mut year = 1970 + days / 366;
    while days_since_1970(year + 1, 1) <= days {
        year += 1;
    }
    let mut rest = days - days_since_1970(year, 1);
    let mut month = 1;
    while rest >= month_days(year, month) {
        rest -= month_days(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}
