//! What `domain` does not know or lets pass in the data that it reads: mnemonics of algorithms, and octets that do not
//! fit each other. Both as BIND has them.

use super::cursor::RdataError;
use crate::wire::rtype;

const CDS: u16 = 59;
const ZONEMD: u16 = 63;
const CAA: u16 = 257;

/// The number that a mnemonic of a DNSSEC algorithm (RFC 4034 appendix A.1, IANA) or of a digest (as BIND writes it)
/// stands for; any other text as it is.
pub(super) fn algorithm_number(text: &str) -> &str {
    const MNEMONICS: [(&str, &str); 17] = [
        ("RSASHA1", "5"),
        ("NSEC3RSASHA1", "7"),
        ("RSASHA1-NSEC3-SHA1", "7"),
        ("RSASHA256", "8"),
        ("RSASHA512", "10"),
        ("ECDSAP256SHA256", "13"),
        ("ECDSAP384SHA384", "14"),
        ("ED25519", "15"),
        ("ED448", "16"),
        ("PRIVATEDNS", "253"),
        ("PRIVATEOID", "254"),
        ("SHA-1", "1"),
        ("SHA1", "1"),
        ("SHA-256", "2"),
        ("SHA256", "2"),
        ("SHA-384", "4"),
        ("SHA384", "4"),
    ];
    let known = MNEMONICS.iter().find(|(mnemonic, _)| mnemonic.eq_ignore_ascii_case(text));
    known.map_or(text, |(_, number)| number)
}

/// Refuses data whose parts do not fit each other: a digest that does not have the length of its algorithm
/// (RFC 4034 §5.1, RFC 8976 §2.2, RFC 5155 §3), a CAA tag without a letter (RFC 8659 §4.1).
pub(super) fn check(number: u16, rdata: &[u8]) -> Result<(), RdataError> {
    let fits = match (number, rdata) {
        (rtype::DS | CDS, [_, _, _, kind, digest @ ..]) => match kind {
            1 => digest.len() == 20,
            2 | 3 => digest.len() == 32,
            4 => digest.len() == 48,
            _ => true,
        },
        (ZONEMD, [_, _, _, _, _, kind, digest @ ..]) => match kind {
            1 => digest.len() == 48,
            2 => digest.len() == 64,
            _ => digest.len() >= 12,
        },
        (rtype::NSEC3, [1, _, _, _, salt, rest @ ..]) => rest.get(usize::from(*salt)) == Some(&20),
        (CAA, [_, tag_length, ..]) => *tag_length > 0,
        _ => true,
    };
    match (fits, number) {
        (true, _) => Ok(()),
        (false, CAA) => Err(RdataError::Refused("the tag has no letter")),
        (false, _) => {
            Err(RdataError::Refused("the digest does not have the length that its algorithm gives"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_the_length_of_their_algorithm() {
        let ds = |kind, length| check(rtype::DS, &[&[0, 1, 13, kind], vec![0; length].as_slice()].concat());
        assert_eq!(ds(2, 32), Ok(()));
        assert!(ds(2, 31).is_err());
        assert!(ds(1, 32).is_err());
        assert_eq!(ds(99, 1), Ok(()));
        assert_eq!(check(CDS, &[0, 0, 0, 0, 0]), Ok(()));
        assert!(check(CAA, &[0, 0, b'a']).is_err());
    }
}
