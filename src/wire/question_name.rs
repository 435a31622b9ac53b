//! The name of a question, made ready for table look-ups in one scratch that a worker reuses.

use super::name::{LABELS_MAX, NAME_MAX, Name};

/// Octets after a name that may be read (never kept) when its labels are hashed eight at a time.
const SLACK: usize = 8;
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
    pub fn read(&mut self, octets: &[u8]) -> Option<usize> {
        let mut at = 0;
        let mut labels = 0;
        loop {
            let length = usize::from(*octets.get(at)?);
            if length == 0 {
                break;
            }
            if length > 63 || at + length >= NAME_MAX - 1 {
                return None;
            }
            self.starts[labels] = at as u8;
            labels += 1;
            at += 1 + length;
        }
        self.starts[labels] = at as u8;
        self.label_count = labels;
        self.length = at + 1;
        lowercase_into(&mut self.octets[..=at], &octets[..=at]);
        self.hash_suffixes();
        Some(at + 1)
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

    fn hash_suffixes(&mut self) {
        let mut hash = ROOT_HASH;
        self.hashes[self.label_count] = hash;
        for index in (0..self.label_count).rev() {
            let start = usize::from(self.starts[index]);
            let end = usize::from(self.starts[index + 1]);
            hash = extend(hash, &self.octets, start, end);
            self.hashes[index] = hash;
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

/// The hash of `child` given that of its parent: the label with its length octet, eight octets a step.
fn extend(parent: u64, octets: &[u8; NAME_MAX + SLACK], start: usize, end: usize) -> u64 {
    let mut hash = parent;
    let mut at = start;
    while at < end {
        let mut chunk = [0; 8];
        chunk.copy_from_slice(&octets[at..at + 8]);
        let mut word = u64::from_le_bytes(chunk);
        let left = end - at;
        if left < 8 {
            word &= (1 << (left * 8)) - 1;
        }
        hash = (hash ^ word).wrapping_mul(MULTIPLIER);
        hash ^= hash >> 32;
        at += 8;
    }
    hash
}

/// Folds the case of a name. Length octets are below `A`, so the whole name is folded at once.
fn lowercase_into(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.to_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
