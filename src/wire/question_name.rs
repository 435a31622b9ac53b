//! The name of a question, made ready for table look-ups in one scratch that a worker reuses.

use super::name::{LABEL_MAX, LABELS_MAX, NAME_MAX, Name};

/// Octets of a word: names are folded and hashed a word at a time.
const WORD: usize = 8;
/// Octets after a name that may be read and written (never looked at) when its last word is.
const SLACK: usize = WORD;
/// The hash of the root name; every other hash grows from it, label by label.
const ROOT_HASH: u64 = 0x9e37_79b9_7f4a_7c15;
const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd;

/// A name in lower case with the start of every label and a hash of every suffix.
///
/// The suffix number `i` is the name without its first `i` labels; suffix number [`QuestionName::label_count`] is
/// the root. The octets stand in a fixed buffer, so a look-up allocates nothing.
#[derive(Clone)]
pub struct QuestionName {
    octets: [u8; NAME_MAX + SLACK],
    length: usize,
    label_count: usize,
    starts: [u8; LABELS_MAX + 1],
    hashes: [u64; LABELS_MAX + 1],
}

impl Default for QuestionName {
    fn default() -> QuestionName {
        let mut name = QuestionName {
            octets: [0; NAME_MAX + SLACK],
            length: 1,
            label_count: 0,
            starts: [0; LABELS_MAX + 1],
            hashes: [0; LABELS_MAX + 1],
        };
        name.hashes[0] = ROOT_HASH;
        name
    }
}

impl QuestionName {
    /// Reads an uncompressed name from the front of `octets`. Returns its length, or `None` when no valid
    /// uncompressed name stands there; then the scratch must be read again before it is used.
    ///
    /// One pass from the left finds, folds and hashes each label a word at a time, in place; a second one from the root
    /// makes hashes of suffixes of those of labels.
    pub fn read(&mut self, octets: &[u8]) -> Option<usize> {
        let available = octets.len().min(NAME_MAX);
        self.octets[..available].copy_from_slice(&octets[..available]);
        let (mut at, mut labels) = (0, 0);
        while at < available {
            self.starts[labels] = at as u8;
            let length = usize::from(self.octets[at]);
            if length == 0 {
                self.label_count = labels;
                self.length = at + 1;
                self.hash_suffixes();
                return Some(at + 1);
            }
            let end = at + 1 + length;
            if length > LABEL_MAX || end >= NAME_MAX {
                return None;
            }
            self.hashes[labels] = self.fold_label(at, end);
            labels += 1;
            at = end;
        }
        None
    }

    /// Takes the name over from a [`Name`].
    pub fn set(&mut self, name: &Name) {
        let read = self.read(name.as_octets());
        debug_assert_eq!(read, Some(name.as_octets().len()));
    }

    /// Keeps the first `labels` labels and puts `target`, a whole name, in the place of the rest (RFC 6672 §2.2). `None`
    /// when that is longer than a name can be; then the name stays as it was.
    pub fn redirect(&mut self, labels: usize, target: &[u8]) -> Option<()> {
        let mut octets = [0; NAME_MAX];
        let kept = self.suffix_offset(labels);
        let end = kept + target.len();
        octets[..kept].copy_from_slice(&self.octets[..kept]);
        octets.get_mut(kept..end)?.copy_from_slice(target);
        self.read(&octets[..end]).map(|_| ())
    }

    /// The whole name in lower case, uncompressed.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets[..self.length]
    }

    /// The number of labels, the root label not counted.
    pub fn label_count(&self) -> usize {
        self.label_count
    }

    /// Suffix number `index` in lower case, uncompressed. `index` is at most [`QuestionName::label_count`].
    pub fn suffix(&self, index: usize) -> &[u8] {
        &self.octets[self.suffix_offset(index)..self.length]
    }

    /// Where suffix number `index` starts within the name.
    pub fn suffix_offset(&self, index: usize) -> usize {
        usize::from(self.starts[index])
    }

    /// The hash of suffix number `index`; equal to [`hash`] of the same octets.
    pub fn suffix_hash(&self, index: usize) -> u64 {
        self.hashes[index]
    }

    /// Folds the case of the label between two places, its length octet included, which is below `A`; returns the hash of
    /// the label. What follows it within the last word is folded too: that is another label of the name, or nothing.
    #[inline]
    fn fold_label(&mut self, start: usize, end: usize) -> u64 {
        let mut hash = 0u64;
        let mut at = start;
        loop {
            let word = fold(self.word(at));
            self.octets[at..at + WORD].copy_from_slice(&word.to_le_bytes());
            let left = end - at;
            if left <= WORD {
                return hash ^ (word & u64::MAX >> (8 * (WORD - left)));
            }
            hash = mix(hash ^ word);
            at += WORD;
        }
    }

    #[inline]
    fn word(&self, at: usize) -> u64 {
        let mut word = [0; WORD];
        word.copy_from_slice(&self.octets[at..at + WORD]);
        u64::from_le_bytes(word)
    }

    /// From hashes of labels to hashes of suffixes.
    #[inline]
    fn hash_suffixes(&mut self) {
        let mut hash = ROOT_HASH;
        let (labels, rest) = self.hashes.split_at_mut(self.label_count);
        rest[0] = hash;
        for label in labels.iter_mut().rev() {
            hash = mix(hash ^ *label);
            *label = hash;
        }
    }
}

/// The hash of an uncompressed name in lower case, the one that [`QuestionName::suffix_hash`] gives.
///
/// `octets` must be a valid name, as [`Name`] holds it, in lower case.
pub fn hash(octets: &[u8]) -> u64 {
    let mut name = QuestionName::default();
    name.read(octets);
    name.suffix_hash(0)
}

#[inline]
fn mix(word: u64) -> u64 {
    let product = word.wrapping_mul(MULTIPLIER);
    product ^ product >> 32
}

/// Folds the case of eight octets at once: an octet of `A` to `Z` has its upper bit set after one addition and not after the
/// other, which is moved to where lower case differs from upper case.
#[inline]
fn fold(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const UPPER_BITS: u64 = 0x80 * ONES;
    let low = word & !UPPER_BITS;
    let from_a = low + (0x80 - b'A' as u64) * ONES;
    let beyond_z = low + (0x80 - b'Z' as u64 - 1) * ONES;
    let capitals = (from_a & !beyond_z) & !word & UPPER_BITS;
    word | capitals >> 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, octet by octet: the labels in lower case with their starts.
    fn read_slowly(octets: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
        let (mut at, mut starts) = (0, Vec::new());
        loop {
            let length = usize::from(*octets.get(at)?);
            starts.push(at);
            if length > 63 || at + 1 > NAME_MAX {
                return None;
            }
            at += 1 + length;
            if length == 0 {
                return (at <= NAME_MAX).then(|| (octets[..at].to_ascii_lowercase(), starts));
            }
        }
    }

    fn some_name() -> impl Strategy<Value = Vec<u8>> {
        let octet = prop_oneof![any::<u8>(), b'A'..=b'z', Just(b'@'), Just(b'[')];
        let label = prop_oneof![
            8 => proptest::collection::vec(octet.clone(), 1..12),
            1 => proptest::collection::vec(octet, 60..64),
        ];
        let rest = proptest::collection::vec(any::<u8>(), 0..20);
        (proptest::collection::vec(label, 0..30), any::<bool>(), rest).prop_map(|(labels, ends, rest)| {
            let mut name: Vec<u8> =
                labels.iter().flat_map(|label| [&[label.len() as u8], label.as_slice()].concat()).collect();
            name.extend(ends.then_some(0));
            name.extend(rest);
            name
        })
    }

    proptest! {
        #[test]
        fn words_give_what_octets_give(octets in some_name(), before in some_name()) {
            let mut name = QuestionName::default();
            // What a longer name has left in the scratch makes no difference.
            name.read(&before);
            let read = name.read(&octets);
            let Some((lower, starts)) = read_slowly(&octets) else {
                prop_assert_eq!(read, None);
                return Ok(());
            };
            prop_assert_eq!(read, Some(lower.len()));
            prop_assert_eq!(name.as_octets(), &lower);
            prop_assert_eq!(name.label_count(), starts.len() - 1);
            for (index, &start) in starts.iter().enumerate() {
                prop_assert_eq!(name.suffix(index), &lower[start..]);
                prop_assert_eq!(name.suffix_hash(index), hash(&lower[start..]));
            }
        }
    }

    #[test]
    fn names_that_differ_in_one_place_have_different_hashes() {
        let mut hashes = std::collections::HashSet::new();
        for length in 1..=63u8 {
            for place in 1..=usize::from(length) {
                let mut octets = [vec![length], vec![b'a'; usize::from(length)], vec![0]].concat();
                octets[place] = b'b';
                assert!(hashes.insert(hash(&octets)), "{length} {place}");
            }
        }
    }

    #[test]
    fn suffixes_and_their_hashes_are_those_of_the_shorter_names() {
        let mut name = QuestionName::default();
        let wire = b"\x03WwW\x0bexample-foo\x03COM\0trailing";
        assert_eq!(name.read(wire), Some(21));
        assert_eq!(name.label_count(), 3);
        assert_eq!(name.suffix(1), b"\x0bexample-foo\x03com\0");
        for index in 0..=3 {
            assert_eq!(name.suffix_hash(index), hash(name.suffix(index)));
        }
        assert_ne!(name.suffix_hash(0), name.suffix_hash(1));
    }

    #[test]
    fn rfc6672_a_redirected_name_has_at_most_255_octets() {
        let mut name = QuestionName::default();
        name.read(b"\x01A\x02bc\x03com\0");
        assert_eq!(name.redirect(1, b"\x03NET\0"), Some(()));
        assert_eq!(name.as_octets(), b"\x01a\x03net\0");
        assert_eq!(name.suffix_hash(0), hash(b"\x01a\x03net\0"));
        assert_eq!(name.redirect(1, b"\0"), Some(()));
        assert_eq!(name.as_octets(), b"\x01a\0");
        let mut target = b"\x01x".repeat(126);
        target.push(0);
        assert_eq!(name.redirect(1, &target), Some(()));
        assert_eq!((name.as_octets().len(), name.label_count()), (255, 127));
        assert_eq!(name.redirect(2, &target), None);
        assert_eq!((name.as_octets().len(), name.label_count()), (255, 127));
    }

    #[test]
    fn only_whole_uncompressed_names_of_255_octets_are_read() {
        let mut name = QuestionName::default();
        assert_eq!(name.read(b"\x03ww"), None);
        assert_eq!(name.read(b"\xc0\x0c"), None);
        assert_eq!(name.read(b""), None);
        assert_eq!(name.read(b"\0"), Some(1));
        let mut long = b"\x01a".repeat(127);
        long.push(0);
        assert_eq!(name.read(&long), Some(255));
        assert_eq!(name.label_count(), 127);
        let mut longer = b"\x01a".repeat(128);
        longer.push(0);
        assert_eq!(name.read(&longer), None);
        let mut wide = [b"\x3f".as_slice(), &[b'x'; 63]].concat().repeat(3);
        wide.extend_from_slice(b"\x3d");
        wide.extend_from_slice(&[b'x'; 61]);
        wide.push(0);
        assert_eq!(wide.len(), 255);
        assert_eq!(name.read(&wide), Some(255));
    }
}
