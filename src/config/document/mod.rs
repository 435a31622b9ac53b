//! A TOML file as a tree of values with their places (the door to the crate `toml`).
//!
//! Rejected: serde's derive. It stops at the first error, and every fault of every file is to be told in one run.

mod extent;
mod mend;
mod statements;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::fault::{Fault, Source};

use super::text::{Faults, Place, Written};
use mend::{Mended, SyntaxError};
use statements::Statement;

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
            self.lose_left_out(text, &errors);
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
        self.lose_left_out(text, &errors);
        Some(Conversion { source: self.source, mended: &mended }.document(table))
    }

    /// Loses the statements that the crate left out, of a header also the keys below it.
    fn lose_left_out(&self, text: &str, errors: &[SyntaxError]) {
        let left_out: Vec<&SyntaxError> = errors.iter().filter(|error| error.leaves_out()).collect();
        if left_out.is_empty() {
            return;
        }
        let statements = statements::of(text);
        let at = |error: &SyntaxError| {
            statements.partition_point(|statement| statement.span.end <= error.span.start)
        };
        let places: BTreeSet<usize> = left_out.into_iter().map(at).collect();
        for first in places {
            let Some(statement) = statements.get(first) else { continue };
            let goes_on = |below: &&Statement| statement.is_header && !below.is_header;
            let last = statements[first + 1..].iter().take_while(goes_on).last().unwrap_or(statement);
            self.lose(statement.span.start..last.span.end, true);
        }
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
