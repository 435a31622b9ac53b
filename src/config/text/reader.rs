//! Reads the keys of one table, each with the type it must have, and reports those nobody asked for.

use crate::fault::Fault;

use super::faults::{Faults, quote};
use super::suggest::did_you_mean;
use super::written::Written;
use crate::config::document::{Table, Value};

/// What a reader returns for something that has been reported as a fault: whoever gets it keeps silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// A value, or the knowledge that its fault has been reported.
pub(crate) type Parsed<T> = Result<T, Broken>;

/// A part of a spec: whoever needs it gets it, or keeps silent.
pub(crate) fn part_of<T>(part: &Parsed<T>) -> Parsed<&T> {
    part.as_ref().map_err(|&broken| broken)
}

/// The items of a list, each by itself.
pub(crate) type Items<T> = Vec<Parsed<Written<T>>>;

/// A key that is not understood, with what to do instead: keys of later versions, and of other servers.
pub(crate) type Later = (&'static str, &'static str);

/// Reads one table. Ask for each key once, then call [`Reader::finish`].
pub(crate) struct Reader<'a> {
    table: &'a Table,
    /// How faults call the table: "pool `web`".
    subject: String,
    known: Vec<&'static str>,
    faults: &'a Faults,
}

impl<'a> Reader<'a> {
    /// A reader of `table`, which faults call `subject`.
    pub(crate) fn new(table: &'a Table, subject: impl Into<String>, faults: &'a Faults) -> Reader<'a> {
        Reader { table, subject: subject.into(), known: Vec::new(), faults }
    }

    /// The value of a key that may be missing. Where it may stand in a part of the file that could not be understood, what
    /// it says is not known.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&'a Value, &'a Faults) -> Parsed<T>,
    ) -> Parsed<Option<Written<T>>> {
        let Some(value) = self.value(key) else {
            let in_doubt = self.faults.is_key_in_doubt(&self.table.place.source, key);
            return if in_doubt { Err(Broken) } else { Ok(None) };
        };
        let parsed = parse(value, self.faults)?;
        Ok(Some(Written { value: parsed, place: value.place.clone() }))
    }

    /// The value of a key for which a default can stand in: after a fault it counts as missing. Only for keys whose
    /// default cannot cause another fault.
    pub(crate) fn lenient<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&'a Value, &'a Faults) -> Parsed<T>,
    ) -> Option<Written<T>> {
        self.optional(key, parse).unwrap_or(None)
    }

    /// The value of a key that must be there; `example` is the line to add.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        example: &str,
        parse: impl FnOnce(&'a Value, &'a Faults) -> Parsed<T>,
    ) -> Parsed<Written<T>> {
        match self.optional(key, parse)? {
            Some(written) => Ok(written),
            None => {
                let fault = self.table.place.error(format!("{} lacks the key `{key}`", self.subject));
                self.faults.add(fault.help(format!("add {}", quote(example))));
                Err(Broken)
            }
        }
    }

    /// The value of a key, as it stands in the tree.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.table.entries.iter().find(|entry| entry.key.value == key).map(|entry| &entry.value)
    }

    /// Whether a key stands in the table, whatever it says: of what is missing, also where that is in doubt, nothing follows.
    pub(crate) fn is_written(&self, key: &str) -> bool {
        self.table.entries.iter().any(|entry| entry.key.value == key)
    }

    /// Reports every key that was not asked for. `later` says what to do about some of them.
    pub(crate) fn finish(self, later: &[Later]) {
        for entry in &self.table.entries {
            if !self.known.contains(&entry.key.value.as_str()) {
                self.faults.add(self.unknown(&entry.key, later));
            }
        }
    }

    fn unknown(&self, key: &Written<String>, later: &[Later]) -> Fault {
        if let Some((_, instead)) = later.iter().find(|(word, _)| *word == key.value) {
            let fault = key.place.error(format!("{} does not know the key {}", self.subject, quote(key)));
            return fault.label("unknown key").help(*instead);
        }
        let mut fault = key
            .place
            .error(format!("{} does not know the key {}", self.subject, quote(key)))
            .label("unknown key");
        fault.help = did_you_mean(key, self.known.iter().copied());
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::super::scalar;
    use super::*;
    use crate::config::document;
    use crate::fault::Source;

    fn faults_of(text: &str, read: impl FnOnce(&mut Reader<'_>)) -> Vec<String> {
        let source = Source::new("f", text);
        let faults = Faults::default();
        let table = document::read(&source, &[], &faults);
        let mut reader = Reader::new(&table, "the table", &faults);
        read(&mut reader);
        reader.finish(&[("panic", "not in this version: remove it")]);
        faults.into_sorted(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unknown_keys_are_reported_with_the_closest_known_one() {
        let faults = faults_of("intervall = 1\npanic = 2\n", |reader| {
            let _ = reader.optional("interval", scalar::text);
            let _ = reader.required("site", "site = \"fra\"", scalar::text);
        });
        assert_eq!(
            faults,
            [
                "f:1:1: error: the table lacks the key `site` (help: add `site = \"fra\"`)",
                "f:1:1: error: the table does not know the key `intervall` (help: did you mean `interval`?)",
                "f:2:1: error: the table does not know the key `panic` (help: not in this version: remove it)",
            ]
        );
    }

    #[test]
    fn a_table_is_not_blamed_for_what_may_be_lost() {
        let faults = faults_of("site \"fra\"\n", |reader| {
            let _ = reader.required("site", "site = \"fra\"", scalar::text);
        });
        assert_eq!(faults.len(), 1);
    }
}
