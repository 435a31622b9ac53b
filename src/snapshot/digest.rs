//! What a file held, in two words: enough to tell whether it has changed, without keeping it.

use std::hash::{DefaultHasher, Hasher};

/// The length of a file's octets and a hash of them. A change that leaves both alike has a chance of one in 2⁶⁴.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    length: usize,
    hash: u64,
}

impl Digest {
    /// The digest of a file that holds these octets. Good for comparisons within one process: another one, built otherwise, may
    /// hash otherwise.
    pub fn of(octets: &[u8]) -> Digest {
        let mut hasher = DefaultHasher::new();
        hasher.write(octets);
        Digest { length: octets.len(), hash: hasher.finish() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_octet_or_one_more_gives_another_digest() {
        let digests = ["", "\0", "\0\0", "a", "b", "ab", "ba"].map(|text| Digest::of(text.as_bytes()));
        for (at, digest) in digests.iter().enumerate() {
            assert_eq!(digests.iter().position(|other| other == digest), Some(at));
        }
    }
}
