//! Fields that are right each by itself, but do not fit each other; as BIND has it.

use super::cursor::RdataError;
use crate::wire::rtype;

const CDS: u16 = 59;
const ZONEMD: u16 = 63;
const CAA: u16 = 257;
const URI: u16 = 256;
const TA: u16 = 32768;
const DLV: u16 = 32769;

/// Refuses data whose parts do not fit each other: a digest that does not have the length of its algorithm
/// (RFC 4034 §5.1, RFC 8976 §2.2, RFC 5155 §3), a CAA tag without a letter (RFC 8659 §4.1), a URI record without a URI
/// (RFC 7553 §4.4).
pub(super) fn check(number: u16, rdata: &[u8]) -> Result<(), RdataError> {
    let fits = match (number, rdata) {
        (rtype::DS | CDS | TA | DLV, [_, _, _, kind, digest @ ..]) => match kind {
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
        (URI, [_, _, _, _, target @ ..]) => !target.is_empty(),
        _ => true,
    };
    match (fits, number) {
        (true, _) => Ok(()),
        (false, URI) => Err(RdataError::Refused("the target is empty")),
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
