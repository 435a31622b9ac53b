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
    /// A record's data as one writes it, for the help of a fault; empty for types of questions and signalling.
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

/// A record's data as one writes it, of a type that has such an example.
pub fn example(number: u16) -> Option<&'static str> {
    entry(number)?.example.split_once(' ').map(|(_, data)| data)
}

/// The mnemonic that a misspelt one was probably meant to be.
pub fn similar(text: &[u8]) -> Option<&'static str> {
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

/// All mnemonics of the registry as of 2026-08-28; the frequent ones first, since the table is searched from the front.
pub(super) const TYPES: &[RecordType] = &[
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
    known("NULL", 10, "NULL \\# 2 FFFF"),
    known("WKS", 11, "WKS 192.0.2.1 TCP smtp 80"),
    known("AFSDB", 18, "AFSDB 1 afs.example.com."),
    known("X25", 19, "X25 311061700956"),
    known("ISDN", 20, "ISDN 150862028003217 004"),
    known("RT", 21, "RT 10 relay.example.com."),
    known("NSAP", 22, "NSAP 0x47.0005.80005a0000000001e133ffffff000162.00"),
    known("NSAP-PTR", 23, "NSAP-PTR host.example.com."),
    known(
        "SIG",
        24,
        "SIG A 13 2 300 20270101000000 20261201000000 12345 example.com. (signature in base 64)",
    ),
    known("KEY", 25, "KEY 512 3 13 (key in base 64)"),
    known("PX", 26, "PX 10 map822.example.com. mapx400.example.com."),
    known("GPOS", 27, "GPOS -32.6882 116.8652 10.0"),
    known("LOC", 29, "LOC 52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m"),
    known("NXT", 30, "NXT next.example.com. A MX NXT"),
    known("EID", 31, "EID (endpoint in hexadecimal)"),
    known("NIMLOC", 32, "NIMLOC (locator in hexadecimal)"),
    known("ATMA", 34, "ATMA +358.400.1234567"),
    known("KX", 36, "KX 10 kx.example.com."),
    known("CERT", 37, "CERT PKIX 12345 8 (certificate in base 64)"),
    known("A6", 38, "A6 64 ::1 prefix.example.com."),
    known("SINK", 40, "SINK 1 0 0 (data in base 64)"),
    known("OPT", 41, ""),
    known("APL", 42, "APL 1:192.0.2.0/24 !2:2001:db8::/32"),
    known("DHCID", 49, "DHCID (digest in base 64)"),
    known("SMIMEA", 53, "SMIMEA 3 1 1 (hash in hexadecimal)"),
    known("HIP", 55, "HIP 2 (tag in hexadecimal) (key in base 64) rendezvous.example.com."),
    known("NINFO", 56, "NINFO \"a text\""),
    known("RKEY", 57, "RKEY 0 3 13 (key in base 64)"),
    known("TALINK", 58, "TALINK previous.example.com. next.example.com."),
    known("CSYNC", 62, "CSYNC 2026112001 3 A NS AAAA"),
    known("DSYNC", 66, "DSYNC CDS NOTIFY 5359 scanner.example.com."),
    known("HHIT", 67, "HHIT (data in base 64)"),
    known("BRID", 68, "BRID (data in base 64)"),
    known("UNECE", 69, "UNECE \\# 2 FFFF"),
    known("ISO", 70, "ISO \\# 2 FFFF"),
    known("UINFO", 100, "UINFO \\# 2 FFFF"),
    known("UID", 101, "UID \\# 2 FFFF"),
    known("GID", 102, "GID \\# 2 FFFF"),
    known("UNSPEC", 103, "UNSPEC \\# 2 FFFF"),
    known("NID", 104, "NID 10 14:4fff:ff20:ee64"),
    known("L32", 105, "L32 10 192.0.2.1"),
    known("L64", 106, "L64 10 2001:db8:1140:1000"),
    known("LP", 107, "LP 10 l64.example.com."),
    known("EUI48", 108, "EUI48 00-00-5e-00-53-2a"),
    known("EUI64", 109, "EUI64 00-00-5e-ef-10-00-00-2a"),
    known("NXNAME", 128, ""),
    known("TKEY", 249, ""),
    known("TSIG", 250, ""),
    known("IXFR", 251, ""),
    known("AXFR", 252, ""),
    known("MAILB", 253, ""),
    known("MAILA", 254, ""),
    known("ANY", 255, ""),
    known("URI", 256, "URI 10 1 \"https://www.example.com/\""),
    known("AVC", 258, "AVC \"a text\""),
    known("DOA", 259, "DOA 0 1 2 \"text/plain\" (data in base 64)"),
    known("AMTRELAY", 260, "AMTRELAY 10 0 1 192.0.2.1"),
    known("RESINFO", 261, "RESINFO qnamemin exterr=15-17"),
    known("WALLET", 262, "WALLET \"BTC\" \"an address\""),
    known("CLA", 263, "CLA \"TCP-v4\""),
    known("IPN", 264, "IPN 974848"),
    known("TA", 32768, "TA 12345 13 2 (digest in hexadecimal)"),
    known("DLV", 32769, "DLV 12345 13 2 (digest in hexadecimal)"),
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
