//! The name of a question, made ready for table look-ups in one scratch that a worker reuses.

use super::name::{LABEL_MAX, NAME_MAX, Name};

/// Octets of a word: names are hashed a word at a time.
const WORD: usize = 8;
/// Octets that must stand behind names which a [`QuestionName`] is compared with: two words are taken at once, and most names
/// have no more.
pub const SLACK: usize = 2 * WORD;
/// Octets whose case is folded at a time.
const CHUNK: usize = 16;
/// Octets that are folded before any is looked at: most names are shorter.
const FRONT: usize = 2 * CHUNK;
/// The octets of the scratch: what an octet can count, so that no place within a name lies outside, and what may be read and
/// written behind (never looked at) when the last word or chunk is.
const SCRATCH: usize = EACH_PLACE + FRONT;
/// As many as an octet can count: more than a name has octets, or labels.
const EACH_PLACE: usize = 256;
const _: () = assert!(NAME_MAX < EACH_PLACE);

/// What keeps of a word the length octet of a label and so many octets behind it.
const MASKS: [u64; WORD] = {
    let mut masks = [0xFF; WORD];
    let mut length = 1;
    while length < WORD {
        masks[length] = masks[length - 1] << 8 | 0xFF;
        length += 1;
    }
    masks
};
/// What keeps of two words so many octets.
const SLACK_MASKS: [[u64; 2]; SLACK + 1] = {
    let mut masks = [[0; 2]; SLACK + 1];
    let mut length = 1;
    while length <= SLACK {
        masks[length] = masks[length - 1];
        let word = (length - 1) / WORD;
        masks[length][word] = masks[length][word] << 8 | 0xFF;
        length += 1;
    }
    masks
};
/// What the hash of a row of labels is multiplied by for a further label: odd, and of 32 bits with a sign.
const BASE: u64 = -0x61C8_8647_i64 as u64;
/// The powers of [`BASE`].
const POWERS: [u64; EACH_PLACE] = {
    let mut powers = [1; EACH_PLACE];
    let mut exponent = 1;
    while exponent < EACH_PLACE {
        powers[exponent] = BASE.wrapping_mul(powers[exponent - 1]);
        exponent += 1;
    }
    powers
};
const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd;

/// A name in lower case with the start of every label and a hash of every suffix.
///
/// The suffix number `i` is the name without its first `i` labels; suffix number [`QuestionName::label_count`] is
/// the root. The octets stand in a fixed buffer, so a look-up allocates nothing.
///
/// Hashes are those of a rolling hash over labels: the one of the row of labels from number `i` on is that of all, less that
/// of those in front, moved up. So one pass from the left is enough for all suffixes.
#[derive(Clone)]
pub struct QuestionName {
    octets: [u8; SCRATCH],
    /// Where the root label stands.
    end: u8,
    label_count: u8,
    starts: [u8; EACH_PLACE],
    /// For each label, and the root label, the hash of the row of labels in front of it.
    rows: [u64; EACH_PLACE],
}

impl Default for QuestionName {
    fn default() -> QuestionName {
        QuestionName {
            octets: [0; SCRATCH],
            end: 0,
            label_count: 0,
            starts: [0; EACH_PLACE],
            rows: [0; EACH_PLACE],
        }
    }
}

impl QuestionName {
    /// Reads an uncompressed name from the front of `octets`. Returns its length, or `None` when no valid
    /// uncompressed name stands there; then the scratch must be read again before it is used.
    ///
    /// One pass from the left, which looks at each label a word at a time.
    #[inline(always)]
    pub fn read(&mut self, octets: &[u8]) -> Option<usize> {
        let mut ready = self.fold_front(octets);
        // A name has less than 256 labels, so they are counted right.
        let (mut at, mut labels, mut row) = (0usize, 0u8, 0u64);
        loop {
            if at >= usize::from(ready) {
                ready = self.fold_more(octets, ready, at)?;
                if at >= usize::from(ready) {
                    return None;
                }
            }
            let word = self.word(at);
            let length = usize::from(word as u8);
            self.starts[usize::from(labels)] = at as u8;
            self.rows[usize::from(labels)] = row;
            let label = match length {
                1..WORD => word & MASKS[length],
                0 => {
                    self.label_count = labels;
                    self.end = at as u8;
                    return Some(at + 1);
                }
                WORD..=LABEL_MAX => {
                    if at + length >= usize::from(ready) {
                        ready = self.fold_more(octets, ready, at + length)?;
                    }
                    self.hash_long_label(at, length)
                }
                _ => return None,
            };
            row = row.wrapping_mul(BASE).wrapping_add(label);
            labels = labels.wrapping_add(1);
            // Both are below 256.
            at = at.wrapping_add(1 + length);
        }
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
        self.suffix(0)
    }

    /// The octets of the whole name, its root label included.
    #[inline(always)]
    pub fn length(&self) -> usize {
        usize::from(self.end) + 1
    }

    /// The number of labels, the root label not counted.
    #[inline(always)]
    pub fn label_count(&self) -> usize {
        usize::from(self.label_count)
    }

    /// Suffix number `index` in lower case, uncompressed. `index` is at most [`QuestionName::label_count`].
    pub fn suffix(&self, index: usize) -> &[u8] {
        &self.octets[self.suffix_offset(index)..=usize::from(self.end)]
    }

    /// Where suffix number `index`, which is at most [`QuestionName::label_count`], starts within the name.
    #[inline(always)]
    pub fn suffix_offset(&self, index: usize) -> usize {
        debug_assert!(index <= self.label_count());
        usize::from(self.starts[usize::from(index as u8)])
    }

    /// The hash of suffix number `index`, which is at most [`QuestionName::label_count`]; equal to [`hash`] of the same octets.
    #[inline(always)]
    pub fn suffix_hash(&self, index: usize) -> u64 {
        debug_assert!(index <= self.label_count());
        let (index, count) = (index as u8, self.label_count);
        if index == 0 {
            // No label stands in front. Where the number is known, so is this, and saves the rest.
            return mix(self.rows[usize::from(count)]);
        }
        let in_front =
            self.rows[usize::from(index)].wrapping_mul(POWERS[usize::from(count.wrapping_sub(index))]);
        mix(self.rows[usize::from(count)].wrapping_sub(in_front))
    }

    /// Whether `length` octets of the name from place `own` on, at least one, are those from place `start` on in `others`,
    /// behind which [`SLACK`] octets more stand.
    #[inline(always)]
    pub fn has(&self, own: usize, length: usize, others: &[u8], start: usize) -> bool {
        if length > SLACK {
            return self.has_many(own, length, others, start);
        }
        let Some(other) = others.get(start..start + SLACK) else { return false };
        let [first, second] = SLACK_MASKS[length];
        let differ = (self.word(own) ^ word_at(other, 0)) & first;
        differ | (self.word(own + WORD) ^ word_at(other, WORD)) & second == 0
    }

    /// The same for so many octets that it takes a loop.
    #[inline(never)]
    fn has_many(&self, own: usize, length: usize, others: &[u8], start: usize) -> bool {
        self.octets.get(own..own + length) == others.get(start..start + length)
    }

    /// Whether these octets stand from place `at` on.
    #[inline(never)]
    pub(super) fn goes_on_with(&self, at: usize, octets: &[u8]) -> bool {
        self.octets.get(at..at + octets.len()) == Some(octets)
    }

    /// Folds the case of the first octets. Returns the place up to which words can be looked at, it not included.
    #[inline(always)]
    fn fold_front(&mut self, octets: &[u8]) -> u8 {
        const READY: u8 = (FRONT - WORD + 1) as u8;
        match (octets.first_chunk::<FRONT>(), self.octets.first_chunk_mut::<FRONT>()) {
            (Some(from), Some(to)) => {
                fold(from, to);
                READY
            }
            _ => 0,
        }
    }

    /// Folds the case of more octets, so that the word at `wanted` can be looked at; `ready` is the place up to which words
    /// can. Returns what it is then; `None` when `octets` end in front of the one at `wanted`, or it is beyond the length of a
    /// name.
    #[inline(never)]
    fn fold_more(&mut self, octets: &[u8], ready: u8, wanted: usize) -> Option<u8> {
        let limit = octets.len().min(NAME_MAX);
        if wanted >= limit {
            return None;
        }
        let mut folded = if ready == 0 { 0 } else { usize::from(ready) + WORD - 1 };
        while folded < wanted + WORD {
            let Some(from) = octets[folded..].first_chunk::<CHUNK>() else {
                self.fold_last(octets);
                return Some(limit as u8);
            };
            fold(from, self.octets[folded..].first_chunk_mut::<CHUNK>()?);
            folded += CHUNK;
        }
        Some((folded - WORD + 1).min(limit) as u8)
    }

    /// Folds the case of the last octets, as many as a chunk has; or of all, where they are fewer.
    #[inline]
    fn fold_last(&mut self, octets: &[u8]) {
        if let Some((before, from)) = octets.split_last_chunk::<CHUNK>() {
            if let Some(to) = self.octets[before.len()..].first_chunk_mut::<CHUNK>() {
                fold(from, to);
            }
        } else {
            for (to, from) in self.octets.iter_mut().zip(octets) {
                *to = from.to_ascii_lowercase();
            }
        }
    }

    /// The hash of the label at a place, of [`WORD`] octets or more behind its length octet. Its last word overlaps the one
    /// before.
    #[inline(always)]
    fn hash_long_label(&self, start: usize, length: usize) -> u64 {
        let last = start + length + 1 - WORD;
        let (mut hash, mut at) = (mix(self.word(start)), start + WORD);
        while at < last {
            hash = mix(hash ^ self.word(at));
            at += WORD;
        }
        hash ^ self.word(last)
    }

    /// The eight octets from a place on, the first one lowest.
    #[inline(always)]
    pub(super) fn word(&self, at: usize) -> u64 {
        word_at(&self.octets, at)
    }
}

#[inline(always)]
fn word_at(octets: &[u8], at: usize) -> u64 {
    let mut word = [0; WORD];
    word.copy_from_slice(&octets[at..at + WORD]);
    u64::from_le_bytes(word)
}

/// The hash of an uncompressed name in lower case, the one that [`QuestionName::suffix_hash`] gives.
///
/// `octets` must be a valid name, as [`Name`] holds it, in lower case.
pub fn hash(octets: &[u8]) -> u64 {
    let mut name = QuestionName::default();
    name.read(octets);
    name.suffix_hash(0)
}

/// Mixes each bit of a word into both halves of another.
#[inline(always)]
fn mix(word: u64) -> u64 {
    let product = u128::from(word) * u128::from(MULTIPLIER);
    product as u64 ^ (product >> 64) as u64
}

/// Folds the case of octets; of so few that it is done without a loop.
#[inline(always)]
fn fold<const COUNT: usize>(from: &[u8; COUNT], to: &mut [u8; COUNT]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.to_ascii_lowercase();
    }
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
