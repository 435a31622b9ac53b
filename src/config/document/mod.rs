//! A TOML file as a tree of values with their places (the door to the crate `toml`).
//!
//! Rejected: serde's derive. It stops at the first error, and every fault of every file is to be told in one run.

mod mend;
mod statements;
mod words;

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::fault::{Fault, Source};

use super::text::{Faults, Place, Written};
use mend::{Mended, SyntaxError};

/// A table, its entries in written order.
#[derive(Debug)]
pub(crate) struct Table {
    /// The header, or the braces of an inline table; for the whole document its start.
    pub(crate) place: Place,
    /// Keys (each once) and values.
    pub(crate) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The key without quotes.
    pub(crate) key: Written<String>,
    /// The value.
    pub(crate) value: Value,
}

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Value {
    /// Where.
    pub(crate) place: Place,
    /// What.
    pub(crate) kind: Kind,
}

/// The kinds of value.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A string.
    Text(String),
    /// An integer; `None` when it does not fit.
    Integer(Option<i64>),
    /// A float.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or time, as it is written.
    Moment(String),
    /// The `null` of JSON, which no key wants.
    Null,
    /// What could not be understood, which has been told: whoever reads it keeps silent.
    Broken,
    /// An array, also one of tables.
    Array(Vec<Value>),
    /// A table.
    Table(Table),
}

impl Kind {
    /// What it is, in words.
    pub(crate) fn in_words(&self) -> &'static str {
        match self {
            Kind::Text(_) => "a text",
            Kind::Integer(_) => "an integer",
            Kind::Float(_) => "a number with a fraction",
            Kind::Boolean(_) => "true or false",
            Kind::Moment(_) => "a date or time",
            Kind::Null => "null",
            Kind::Broken => "not understood",
            Kind::Array(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }
}

/// Reads a whole document, which defines names of these kinds. Syntax errors are faults, all of them at once, and spoil no
/// more than the statement that they are in; what could be understood is returned.
pub(crate) fn read(source: &Arc<Source>, defines: &'static [&'static str], faults: &Faults) -> Table {
    let reading = Reading { source, defines, faults };
    let nothing = Table { place: Place::start_of(source), entries: Vec::new() };
    match std::str::from_utf8(&source.octets) {
        Ok(text) => reading.table(text).unwrap_or(nothing),
        Err(error) => {
            let at = error.valid_up_to();
            let fault = Fault::error(source, at..at + 1, "the file is not UTF-8 from here on");
            faults.add_syntax_error(fault.label("no UTF-8").help("save the file as UTF-8"));
            reading.lose(0..source.octets.len(), true);
            nothing
        }
    }
}

/// One file that is being read.
struct Reading<'r> {
    source: &'r Arc<Source>,
    defines: &'static [&'static str],
    faults: &'r Faults,
}

impl Reading<'_> {
    /// The tables of the text; nothing where even the mended text makes no sense.
    fn table(&self, text: &str) -> Option<Table> {
        let whole = Mended::whole(text);
        let (table, errors) = parse(&whole);
        if !errors.iter().any(SyntaxError::is_structural) {
            errors.iter().for_each(|error| self.report(text, error));
            return Some(Conversion { source: self.source, mended: &whole }.document(table));
        }
        self.mended_table(text)
    }

    /// The tables of a text that has errors which concern more than one value.
    fn mended_table(&self, text: &str) -> Option<Table> {
        let mended = Mended::of(text);
        for lost in &mended.lost {
            self.lose(lost.span.clone(), lost.has_tables);
        }
        for error in &mended.errors {
            self.report(text, error);
        }
        let (table, errors) = parse(&mended);
        for error in &errors {
            // What follows from what was told of the same line is left out.
            if !self.faults.is_spoilt(self.source, error.span.start) {
                self.report(text, error);
            }
        }
        if errors.iter().any(SyntaxError::is_structural) {
            self.lose(0..text.len(), true);
            return None;
        }
        Some(Conversion { source: self.source, mended: &mended }.document(table))
    }

    fn report(&self, text: &str, error: &SyntaxError) {
        let fault = words::in_our_words(self.source, text, &error.message, error.span.clone());
        self.faults.add_syntax_error(fault);
    }

    fn lose(&self, span: Range<usize>, has_tables: bool) {
        let place = Place { source: Arc::clone(self.source), span };
        self.faults.lose(place, if has_tables { self.defines } else { &[] });
    }
}

/// What the crate makes of a mended text, and its errors with their places in the original one.
fn parse<'m>(mended: &'m Mended<'_>) -> (DeTable<'m>, Vec<SyntaxError>) {
    let (table, errors) = DeTable::parse_recoverable(&mended.text);
    let original = |error: toml::de::Error| SyntaxError {
        span: mended.original(error.span().unwrap_or(0..0)),
        message: error.message().to_owned(),
    };
    (table.into_inner(), errors.into_iter().map(original).collect())
}

/// Makes our tree of the crate's.
struct Conversion<'c> {
    source: &'c Arc<Source>,
    mended: &'c Mended<'c>,
}

impl Conversion<'_> {
    fn document(&self, table: DeTable<'_>) -> Table {
        self.table(table, Place::start_of(self.source))
    }

    fn table(&self, table: DeTable<'_>, place: Place) -> Table {
        let entry = |(key, value): (Spanned<DeString<'_>>, Spanned<DeValue<'_>>)| {
            let place = self.place(key.span());
            Entry { key: Written { value: key.into_inner().into_owned(), place }, value: self.value(value) }
        };
        let mut entries: Vec<Entry> = table.into_iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.key.place.span.start);
        Table { place, entries }
    }

    fn value(&self, value: Spanned<DeValue<'_>>) -> Value {
        let place = self.place(value.span());
        if self.mended.is_stand_in(&value.span()) {
            return Value { place, kind: Kind::Broken };
        }
        let kind = match value.into_inner() {
            DeValue::String(text) => Kind::Text(text.into_owned()),
            DeValue::Integer(integer) => {
                Kind::Integer(i64::from_str_radix(integer.as_str(), integer.radix()).ok())
            }
            DeValue::Float(float) => Kind::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(boolean) => Kind::Boolean(boolean),
            DeValue::Datetime(moment) => Kind::Moment(moment.to_string()),
            DeValue::Array(array) => Kind::Array(array.into_iter().map(|item| self.value(item)).collect()),
            DeValue::Table(table) => Kind::Table(self.table(table, place.clone())),
        };
        Value { place, kind }
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place { source: Arc::clone(self.source), span: self.mended.original(span) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(text: &str) -> Vec<String> {
        let source = Source::new("f", text);
        let faults = Faults::default();
        read(&source, &[], &faults);
        faults.into_sorted(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn entries_keep_the_written_order_and_know_their_places() {
        let source = Source::new("f", "z = 1\na = \"x\"\n[t]\nb = [true, 1.5]\n");
        let faults = Faults::default();
        let table = read(&source, &[], &faults);
        let keys: Vec<_> = table.entries.iter().map(|entry| entry.key.value.as_str()).collect();
        assert_eq!(keys, ["z", "a", "t"]);
        assert_eq!(table.entries[1].value.place.span, 10..13);
        assert!(matches!(&table.entries[1].value.kind, Kind::Text(text) if text == "x"));
        assert!(!faults.any_error());
    }

    #[test]
    fn all_syntax_errors_are_told_at_once_in_our_words() {
        assert_eq!(
            faults_of("interval = 5s\na = 1\na = 2\nb =\nlisten = 127.0.0.1\n"),
            [
                "f:1:12: error: `5s` lacks its quotes (help: write `\"5s\"`)",
                "f:3:1: error: `a` stands twice (help: keep one of the two)",
                "f:4:4: error: the value is missing (help: write a value or remove the key)",
                "f:5:10: error: `127.0.0.1` is no value (help: texts such as addresses and durations stand in quotes)",
            ]
        );
    }

    /// The paths of all values, as far as they are known, and the faults.
    fn read_all(text: &str) -> (Vec<String>, Vec<String>) {
        fn paths(table: &Table, above: &str, list: &mut Vec<String>) {
            for entry in &table.entries {
                let path = format!("{above}{}", entry.key.value);
                match &entry.value.kind {
                    Kind::Table(inner) => paths(inner, &format!("{path}."), list),
                    Kind::Broken => list.push(format!("{path}?")),
                    _ => list.push(path),
                }
            }
        }
        let source = Source::new("f", text);
        let faults = Faults::default();
        let mut list = Vec::new();
        paths(&read(&source, &[], &faults), "", &mut list);
        (list, faults.into_sorted(&source).iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_syntax_error_spoils_no_more_than_its_statement() {
        let unclosed = "this header is not closed";
        for (text, values, expected) in [
            ("[a\nb = 1\n[c]\nd = 2\n", &["a.b", "c.d"][..], &[format!("f:1:3: error: {unclosed}")][..]),
            ("[[a]\nb = 1\n[c]\nd = 2\n", &["a", "c.d"], &[format!("f:1:5: error: {unclosed}")]),
            ("[a b]\nb = 1\n[c]\nd = 2\n", &["c.d"], &[format!("f:1:3: error: {unclosed}")]),
            (
                "[a]\nb = [1, 2\nc = 3\n[d]\ne = 4\n",
                &["a.b?", "a.c", "d.e"],
                &["f:2:10: error: this list is not closed".to_owned()],
            ),
            (
                "[a]\nb = [\n  { c = 1 }\n  { c = 2 },\n]\nd = 3\n",
                &["a.b?", "a.d"],
                &["f:4:3: error: a comma is missing here".to_owned()],
            ),
            ("[a]\nb \"x\"\nc = 3\n", &["a.b?", "a.c"], &["f:2:3: error: this key has no value".to_owned()]),
            (
                "a = {\nb = 1,\n}\nc = [\nd = \"\"\"\n[x]\n\"\"\"\n",
                &["a.b", "c?", "d"],
                &["f:4:6: error: this list is not closed".to_owned()],
            ),
            (
                "a = [\n{ b = 1\n{ b = 2 }\n]\nc = [\n\"1\" \"2\",\n\"3\" \"4\" ]\n",
                &["a?", "c?"],
                &[
                    "f:3:1: error: here should stand a key (help: is a brace missing that closes what stands in front?)"
                        .to_owned(),
                    "f:6:5: error: a comma is missing here".to_owned(),
                    "f:7:5: error: a comma is missing here".to_owned(),
                ],
            ),
            (
                "a = 5s\nb = [\nc = 1\nc = 2\n",
                &["a", "b?", "c"],
                &[
                    "f:1:5: error: `5s` lacks its quotes (help: write `\"5s\"`)".to_owned(),
                    "f:2:6: error: this list is not closed".to_owned(),
                    "f:4:1: error: `c` stands twice (help: keep one of the two)".to_owned(),
                ],
            ),
        ] {
            let (found, faults) = read_all(text);
            assert_eq!(faults, expected, "{text}");
            assert_eq!(found, values, "{text}");
        }
    }

    #[test]
    fn places_are_those_of_the_file_however_it_was_mended() {
        let source = Source::new("f", "[a\nb = 1\n[c\nd = [\ne = 12\n");
        let faults = Faults::default();
        let table = read(&source, &[], &faults);
        let Kind::Table(last) = &table.entries[1].value.kind else { panic!("{table:?}") };
        let entry = last.entries.iter().find(|entry| entry.key.value == "e").unwrap();
        assert_eq!(&source.octets[entry.key.place.span.clone()], b"e");
        assert_eq!(&source.octets[entry.value.place.span.clone()], b"12");
    }

    #[test]
    fn a_file_that_is_not_utf_8_says_where() {
        let source = Source::new("f", b"a = 1\nb = \"\xff\"\n".to_vec());
        let faults = Faults::default();
        read(&source, &[], &faults);
        let sorted = faults.into_sorted(&source);
        assert_eq!(
            sorted[0].to_string(),
            "f:2:6: error: the file is not UTF-8 from here on (help: save the file as UTF-8)"
        );
    }
}
