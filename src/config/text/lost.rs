//! What stands in the parts of files that could not be understood: keys that seem to be missing and names that seem to be
//! unknown may stand there.

use std::collections::{BTreeMap, HashSet};

use crate::config::limits;
use crate::fault::Source;

use super::written::Place;

/// The lost parts of all files, as the words that stand in them: whoever asks for one among many words and many parts
/// searches none of them again.
#[derive(Default)]
pub(super) struct Lost {
    files: BTreeMap<String, Vec<Parts>>,
}

/// The lost parts of a file that may define the same kinds of names.
struct Parts {
    defines: &'static [&'static str],
    words: Words,
}

/// The words of some text.
#[derive(Default)]
struct Words {
    known: HashSet<Box<[u8]>>,
    /// Whether there is text whose words are not known.
    any_may_stand: bool,
}

impl Lost {
    /// Takes a part in, in which such names may be defined.
    pub(super) fn add(&mut self, place: &Place, defines: &'static [&'static str]) {
        let parts = self.files.entry(place.source.path.clone()).or_default();
        let text = &place.source.octets[place.span.clone()];
        if let Some(alike) = parts.iter_mut().find(|parts| parts.defines == defines) {
            return alike.words.add(text);
        }
        let mut words = Words::default();
        words.add(text);
        parts.push(Parts { defines, words });
    }

    /// Whether a key may stand in a lost part of a file.
    pub(super) fn holds_key(&self, source: &Source, key: &str) -> bool {
        self.files.get(&source.path).is_some_and(|parts| parts.iter().any(|parts| parts.words.hold(key)))
    }

    /// Whether a lost part of any file may define a name.
    pub(super) fn holds_name(&self, kind: &str, name: &str) -> bool {
        let mut parts = self.files.values().flatten();
        parts.any(|parts| parts.defines.contains(&kind) && parts.words.hold(name))
    }

    /// Whether any part of a file is lost.
    pub(super) fn is_of(&self, source: &Source) -> bool {
        self.files.contains_key(&source.path)
    }
}

impl Words {
    /// Nobody writes letters as escapes; where there are any, nothing can be said.
    fn add(&mut self, text: &[u8]) {
        if text.len() > limits::LOST_OCTETS || text.contains(&b'\\') {
            self.any_may_stand = true;
            return;
        }
        let is_of_a_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.".contains(octet);
        text.split(|octet| !is_of_a_name(octet)).for_each(|path| self.add_path(path));
    }

    /// A path of keys, or a name that has dots: each part may be what is meant, and each with all that is behind it.
    fn add_path(&mut self, path: &[u8]) {
        let mut start = 0;
        for part in path.split(|&octet| octet == b'.') {
            let rest = &path[start..];
            start += part.len() + 1;
            self.insert(part);
            if rest.len() <= limits::NAME_CHARACTERS {
                self.insert(rest);
            }
        }
    }

    fn insert(&mut self, word: &[u8]) {
        if !self.known.contains(word) {
            self.known.insert(word.into());
        }
    }

    fn hold(&self, word: &str) -> bool {
        self.any_may_stand || self.known.contains(word.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A file that is lost as a whole.
    fn lost(text: &str) -> (Arc<Source>, Lost) {
        let source = Source::new("a", text);
        let mut lost = Lost::default();
        lost.add(&Place { source: Arc::clone(&source), span: 0..source.octets.len() }, &["pool"]);
        (source, lost)
    }

    #[test]
    fn a_word_is_held_by_text_in_which_it_stands_whole() {
        let long = "x".repeat(limits::LOST_OCTETS + 1);
        for (text, word, expected) in [
            ("[pool.web-fra\n", "web-fra", true),
            ("[pool.web-fra\n", "pool", true),
            ("[pool.web-fra\n", "web", false),
            ("[pool.web-fra\n", "fra", false),
            ("[pool.\"web.fra]\n", "web.fra", true),
            ("[pool.web.fra\"]\n", "web.fra", true),
            ("[pool.\"web.fra\"]\n", "fra", true),
            ("a = { site = \"iad\"", "iad", true),
            ("a = { site = \"iad\"", "i", false),
            ("a = 'f\\u0072a'", "fra", true),
            (&long, "fra", true),
            ("", "fra", false),
        ] {
            assert_eq!(lost(text).1.holds_name("pool", word), expected, "{word} in {text:.40}");
        }
    }

    #[test]
    fn keys_are_those_of_their_file_and_names_those_of_their_kind() {
        let (source, mut lost) = lost("[pool.web\n");
        assert!(lost.holds_key(&source, "web") && !lost.holds_key(&Source::new("b", ""), "web"));
        assert!(lost.holds_name("pool", "web") && !lost.holds_name("site", "web"));
        assert!(lost.is_of(&source) && !lost.is_of(&Source::new("b", "")));
        let more = Source::new("a", "site = [");
        lost.add(&Place { source: Arc::clone(&more), span: 0..8 }, &[]);
        assert!(lost.holds_key(&source, "site") && !lost.holds_name("pool", "site"));
    }
}
