//! SipHash-2-4 (Aumasson and Bernstein 2012) of messages whose length is known beforehand: a packet thread hashes a
//! server cookie with it, and a general hasher spends half of its time on where a message's words begin.

/// What the state begins with: "somepseudorandomlygeneratedbytes".
const INITIAL: [u64; 4] =
    [0x736f_6d65_7073_6575, 0x646f_7261_6e64_6f6d, 0x6c79_6765_6e65_7261, 0x7465_6462_7974_6573];
/// Rounds for each word of the message.
const WORD_ROUNDS: u32 = 2;
/// Rounds at the end.
const FINAL_ROUNDS: u32 = 4;
/// Octets of a key.
pub(super) const KEY: usize = 16;

/// A hash in the making.
#[derive(Clone, Copy)]
pub(super) struct SipHash {
    state: [u64; 4],
}

impl SipHash {
    /// Starts with a key.
    #[inline]
    pub(super) fn new(key: &[u8; KEY]) -> SipHash {
        let key = u128::from_le_bytes(*key);
        let (low, high) = (key as u64, (key >> 64) as u64);
        let [v0, v1, v2, v3] = INITIAL;
        SipHash { state: [v0 ^ low, v1 ^ high, v2 ^ low, v3 ^ high] }
    }

    /// Takes eight octets of the message, the first one lowest.
    #[inline]
    pub(super) fn word(mut self, word: u64) -> SipHash {
        self.state[3] ^= word;
        self.rounds(WORD_ROUNDS);
        self.state[0] ^= word;
        self
    }

    /// The hash of a message of `length` octets, of which those that fill no word are `rest`, the first one lowest.
    #[inline]
    pub(super) fn finish(self, rest: u64, length: u8) -> u64 {
        let mut end = self.word(u64::from(length) << 56 | rest);
        end.state[2] ^= 0xFF;
        end.rounds(FINAL_ROUNDS);
        let [v0, v1, v2, v3] = end.state;
        v0 ^ v1 ^ v2 ^ v3
    }

    #[inline]
    fn rounds(&mut self, count: u32) {
        let [mut v0, mut v1, mut v2, mut v3] = self.state;
        for _ in 0..count {
            v0 = v0.wrapping_add(v1);
            v1 = v1.rotate_left(13) ^ v0;
            v0 = v0.rotate_left(32);
            v2 = v2.wrapping_add(v3);
            v3 = v3.rotate_left(16) ^ v2;
            v0 = v0.wrapping_add(v3);
            v3 = v3.rotate_left(21) ^ v0;
            v2 = v2.wrapping_add(v1);
            v1 = v1.rotate_left(17) ^ v2;
            v2 = v2.rotate_left(32);
        }
        self.state = [v0, v1, v2, v3];
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use proptest::prelude::*;
    use siphasher::sip::SipHasher24;

    use super::*;

    /// The hash of octets, word by word.
    fn hash(key: &[u8; KEY], message: &[u8]) -> u64 {
        let words = message.chunks_exact(8);
        let rest = words.remainder().iter().rev().fold(0, |rest, &octet| rest << 8 | u64::from(octet));
        let word = |chunk: &[u8]| u64::from_le_bytes(chunk.try_into().unwrap());
        let hash = words.fold(SipHash::new(key), |hash, chunk| hash.word(word(chunk)));
        hash.finish(rest, message.len() as u8)
    }

    /// Key 00 01 … 0f, messages 00 01 …: the paper's example (appendix A, 15 octets) and others of its authors' table.
    #[test]
    fn hashes_are_those_of_the_reference() {
        let octets: [u8; 64] = std::array::from_fn(|octet| octet as u8);
        let key = octets[..KEY].try_into().unwrap();
        for (length, expected) in [
            (0, 0x726f_db47_dd0e_0e31),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
            (20, 0xbed6_5cf2_1aa2_ee98),
            (32, 0x7127_512f_72f2_7cce),
            (63, 0x958a_324c_eb06_4572),
        ] {
            assert_eq!(hash(&key, &octets[..length]), expected, "{length} octets");
        }
    }

    proptest! {
        #[test]
        fn any_message_hashes_as_by_the_crate_that_hashes_names(
            key: [u8; KEY], message in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut hasher = SipHasher24::new_with_key(&key);
            hasher.write(&message);
            prop_assert_eq!(hash(&key, &message), hasher.finish());
        }
    }
}
