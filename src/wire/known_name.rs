//! A name that questions are compared with, made ready for that.

use super::question_name::{QuestionName, SLACK};

/// Octets of a word.
const WORD: usize = size_of::<u64>();
/// Words that are compared at once: most names have no more octets.
const WORDS: usize = SLACK / WORD;

/// A whole name in lower case whose first octets are at hand as words, with what keeps as many of any others: comparing takes
/// no look at a table, a length or a loop.
pub struct KnownName {
    words: [u64; WORDS],
    kept: [u64; WORDS],
    /// The octets behind.
    rest: Box<[u8]>,
    labels: usize,
}

impl KnownName {
    /// Makes a name ready: its octets, uncompressed and in lower case, and how many labels it has, the root label not counted.
    pub fn new(octets: &[u8], labels: usize) -> KnownName {
        let (front, rest) = octets.split_at(octets.len().min(SLACK));
        let words = |octet: fn(u8) -> u8| {
            let mut padded = [0; SLACK];
            padded.iter_mut().zip(front).for_each(|(to, &from)| *to = octet(from));
            let (words, _) = padded.as_chunks::<WORD>();
            std::array::from_fn(|number| u64::from_le_bytes(words[number]))
        };
        KnownName { words: words(|octet| octet), kept: words(|_| 0xFF), rest: rest.into(), labels }
    }

    /// The number of the suffix of a question's name that this is; `None` where it is neither the name nor an ancestor of it.
    ///
    /// Lengths are not compared: both names end in a root label, and equal octets have it at the same place.
    #[inline(always)]
    pub fn as_suffix_of(&self, name: &QuestionName) -> Option<usize> {
        let suffix = name.label_count().checked_sub(self.labels)?;
        let own = name.suffix_offset(suffix);
        let differ =
            |number: usize| (name.word(own + number * WORD) ^ self.words[number]) & self.kept[number];
        if differ(0) | differ(1) != 0
            || (!self.rest.is_empty() && !name.goes_on_with(own + SLACK, &self.rest))
        {
            return None;
        }
        Some(suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Name;

    fn question(name: &str) -> QuestionName {
        let mut question = QuestionName::default();
        // What longer names have left there makes no difference.
        question.read(&[b"\x3f".as_slice(), &[b'x'; 63], b"\0"].concat());
        question.set(&Name::parse(name.as_bytes(), None).unwrap());
        question
    }

    fn check(known: &str, asked: &str, expected: Option<usize>) {
        let name = question(known);
        let known_name = KnownName::new(name.as_octets(), name.label_count());
        assert_eq!(known_name.as_suffix_of(&question(asked)), expected, "{asked} at {known}");
    }

    #[test]
    fn a_name_is_a_suffix_of_itself_and_of_what_is_below_it() {
        for known in [
            ".",
            "example.",
            "a.of-16-octets.",
            "a.of-017-octets.",
            "a-much-longer-one.of.many.labels.example.com.",
        ] {
            let below =
                |labels: &str| if known == "." { labels.to_owned() } else { format!("{labels}{known}") };
            check(known, known, Some(0));
            check(known, &below("WWW."), Some(1));
            check(known, &below("a.b.c."), Some(3));
            let others = if known == "." { vec![] } else { vec![format!("x{known}"), format!("w.x{known}")] };
            for other in others {
                check(known, &other, None);
            }
        }
        check("example.com.", "com.", None);
        check("example.com.", "example.net.", None);
        check("example.com.", "a.example.co.", None);
        check("example.com.", ".", None);
        check(
            "a-much-longer-one.of.many.labels.example.com.",
            "a-much-longer-one.of.many.labels.example.net.",
            None,
        );
    }
}
