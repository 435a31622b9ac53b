//! Record types and classes as a master file writes them: mnemonics (IANA DNS parameters) and RFC 3597 §5 numbers.

use crate::wire::class;

/// The longest text that is compared with the mnemonics.
const SIMILAR_MAX: usize = 16;

/// A type that has a mnemonic.
pub(super) struct RecordType {
    /// The mnemonic in capitals.
    pub(super) mnemonic: &'static str,
    /// The number.
    pub(super) number: u16,
    /// A record's data as one writes it, for the help of a fault; empty where nobody needs it.
    pub(super) example: &'static str,
}

/// What stands in the place of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// A type that data can have.
    Data(u16),
    /// A type of questions or of signalling (RFC 6895 §3.1): no record of it can stand in a zone.
    Meta(u16),
}

/// Reads a mnemonic or `TYPEnnn`; `None` when it is neither.
pub fn parse(text: &[u8]) -> Option<Parsed> {
    let number = match TYPES.iter().find(|known| known.mnemonic.as_bytes().eq_ignore_ascii_case(text)) {
        Some(known) => known.number,
        None => numbered(text, b"TYPE")?,
    };
    Some(if is_meta(number) { Parsed::Meta(number) } else { Parsed::Data(number) })
}

/// Reads a class mnemonic or `CLASSnnn`; `None` when it is neither.
pub(super) fn parse_class(text: &[u8]) -> Option<u16> {
    let known = [("IN", class::IN), ("CH", class::CHAOS), ("CHAOS", class::CHAOS), ("HS", 4), ("HESIOD", 4)];
    match known.iter().find(|(mnemonic, _)| mnemonic.as_bytes().eq_ignore_ascii_case(text)) {
        Some((_, number)) => Some(*number),
        None => numbered(text, b"CLASS"),
    }
}

/// The mnemonic of a type, `TYPEnnn` where it has none.
pub fn name(number: u16) -> String {
    entry(number).map_or_else(|| format!("TYPE{number}"), |known| known.mnemonic.to_owned())
}

/// The table's line about a type.
pub(super) fn entry(number: u16) -> Option<&'static RecordType> {
    TYPES.iter().find(|known| known.number == number)
}

/// The mnemonic that a misspelt one was probably meant to be.
pub(super) fn similar(text: &[u8]) -> Option<&'static str> {
    if text.len() > SIMILAR_MAX {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?.to_ascii_uppercase();
    let allowed = if text.len() <= 4 { 1 } else { 2 };
    let distance = |known: &&RecordType| strsim::damerau_levenshtein(known.mnemonic, &text);
    let nearest = TYPES.iter().min_by_key(distance)?;
    (distance(&nearest) <= allowed).then_some(nearest.mnemonic)
}

/// Type 0 is reserved, 128 to 255 are question and meta types, OPT is a pseudo type (RFC 6895 §3.1).
fn is_meta(number: u16) -> bool {
    matches!(number, 0 | 41 | 128..=255)
}

fn numbered(text: &[u8], prefix: &[u8]) -> Option<u16> {
    let (head, digits) = text.split_at_checked(prefix.len())?;
    if !head.eq_ignore_ascii_case(prefix) || digits.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

const fn known(mnemonic: &'static str, number: u16, example: &'static str) -> RecordType {
    RecordType { mnemonic, number, example }
}

/// All mnemonics; the frequent ones first, since the table is searched from the front.
const TYPES: &[RecordType] = &[
    known("A", 1, "A 192.0.2.1"),
    known("AAAA", 28, "AAAA 2001:db8::1"),
    known("NS", 2, "NS ns1.example.com."),
    known("CNAME", 5, "CNAME www.example.com."),
    known("MX", 15, "MX 10 mail.example.com."),
    known("TXT", 16, "TXT \"a text\" \"and more of it\""),
    known("PTR", 12, "PTR www.example.com."),
    known("SRV", 33, "SRV 10 5 5060 sip.example.com."),
    known("SOA", 6, "SOA ns1.example.com. hostmaster.example.com. 1 1h 15m 1w 5m"),
    known("DS", 43, "DS 12345 13 2 (digest in hexadecimal)"),
    known(
        "RRSIG",
        46,
        "RRSIG A 13 2 300 20270101000000 20261201000000 12345 example.com. (signature in base 64)",
    ),
    known("NSEC", 47, "NSEC next.example.com. A AAAA RRSIG NSEC"),
    known("NSEC3", 50, "NSEC3 1 0 0 - (next hash in base 32) A RRSIG"),
    known("NSEC3PARAM", 51, "NSEC3PARAM 1 0 0 -"),
    known("DNSKEY", 48, "DNSKEY 257 3 13 (key in base 64)"),
    known("CAA", 257, "CAA 0 issue \"ca.example.net\""),
    known("HTTPS", 65, "HTTPS 1 . alpn=h2,h3"),
    known("SVCB", 64, "SVCB 1 svc.example.com. port=8443"),
    known("TLSA", 52, "TLSA 3 1 1 (hash in hexadecimal)"),
    known("SSHFP", 44, "SSHFP 4 2 (hash in hexadecimal)"),
    known("NAPTR", 35, "NAPTR 100 10 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.com."),
    known("DNAME", 39, "DNAME example.net."),
    known("HINFO", 13, "HINFO \"CPU\" \"OS\""),
    known("RP", 17, "RP hostmaster.example.com. info.example.com."),
    known("CDS", 59, "CDS 12345 13 2 (digest in hexadecimal)"),
    known("CDNSKEY", 60, "CDNSKEY 257 3 13 (key in base 64)"),
    known("OPENPGPKEY", 61, "OPENPGPKEY (key in base 64)"),
    known("IPSECKEY", 45, "IPSECKEY 10 1 2 192.0.2.1 (key in base 64)"),
    known("ZONEMD", 63, "ZONEMD 2026112001 1 1 (digest in hexadecimal)"),
    known("SPF", 99, "SPF \"v=spf1 -all\""),
    known("MINFO", 14, "MINFO owner.example.com. errors.example.com."),
    known("MD", 3, "MD mail.example.com."),
    known("MF", 4, "MF mail.example.com."),
    known("MB", 7, "MB mail.example.com."),
    known("MG", 8, "MG mail.example.com."),
    known("MR", 9, "MR mail.example.com."),
    known("NULL", 10, ""),
    known("WKS", 11, ""),
    known("AFSDB", 18, ""),
    known("X25", 19, ""),
    known("ISDN", 20, ""),
    known("RT", 21, ""),
    known("NSAP", 22, ""),
    known("NSAP-PTR", 23, ""),
    known("SIG", 24, ""),
    known("KEY", 25, ""),
    known("PX", 26, ""),
    known("GPOS", 27, ""),
    known("LOC", 29, ""),
    known("NXT", 30, ""),
    known("EID", 31, ""),
    known("NIMLOC", 32, ""),
    known("ATMA", 34, ""),
    known("KX", 36, ""),
    known("CERT", 37, ""),
    known("A6", 38, ""),
    known("SINK", 40, ""),
    known("OPT", 41, ""),
    known("APL", 42, ""),
    known("DHCID", 49, ""),
    known("SMIMEA", 53, ""),
    known("HIP", 55, ""),
    known("NINFO", 56, ""),
    known("RKEY", 57, ""),
    known("TALINK", 58, ""),
    known("CSYNC", 62, ""),
    known("DSYNC", 66, ""),
    known("HHIT", 67, ""),
    known("BRID", 68, ""),
    known("UINFO", 100, ""),
    known("UID", 101, ""),
    known("GID", 102, ""),
    known("UNSPEC", 103, ""),
    known("NID", 104, ""),
    known("L32", 105, ""),
    known("L64", 106, ""),
    known("LP", 107, ""),
    known("EUI48", 108, ""),
    known("EUI64", 109, ""),
    known("NXNAME", 128, ""),
    known("TKEY", 249, ""),
    known("TSIG", 250, ""),
    known("IXFR", 251, ""),
    known("AXFR", 252, ""),
    known("MAILB", 253, ""),
    known("MAILA", 254, ""),
    known("ANY", 255, ""),
    known("URI", 256, ""),
    known("AVC", 258, ""),
    known("DOA", 259, ""),
    known("AMTRELAY", 260, ""),
    known("RESINFO", 261, ""),
    known("WALLET", 262, ""),
    known("CLA", 263, ""),
    known("IPN", 264, ""),
    known("TA", 32768, ""),
    known("DLV", 32769, ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnemonics_and_numbers_are_read_without_case() {
        assert_eq!(parse(b"aAaA"), Some(Parsed::Data(28)));
        assert_eq!(parse(b"type65534"), Some(Parsed::Data(65534)));
        assert_eq!(parse(b"TYPE1"), Some(Parsed::Data(1)));
        assert_eq!(parse(b"ANY"), Some(Parsed::Meta(255)));
        assert_eq!(parse(b"TYPE0"), Some(Parsed::Meta(0)));
        for text in ["", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "TYPE1x", "3600", "AAA"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_class(b"in"), Some(1));
        assert_eq!(parse_class(b"CLASS42"), Some(42));
        assert_eq!(parse_class(b"INN"), None);
    }

    #[test]
    fn numbers_and_mnemonics_are_unique() {
        for (index, one) in TYPES.iter().enumerate() {
            for other in &TYPES[index + 1..] {
                assert!(one.number != other.number && one.mnemonic != other.mnemonic, "{}", one.mnemonic);
            }
        }
    }

    #[test]
    fn misspelt_types_find_the_right_one() {
        assert_eq!(similar(b"AAA"), Some("AAAA"));
        assert_eq!(similar(b"CNMAE"), Some("CNAME"));
        assert_eq!(similar(b"TEXT"), Some("TXT"));
        assert_eq!(similar(b"192.0.2.1"), None);
    }
}
