//! A TOML file as a tree of values with their places (the door to the crate `toml`).
//!
//! Rejected: serde's derive. It stops at the first error, and every fault of every file is to be told in one run.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::fault::{Fault, Source};

use super::text::{Faults, Place, Written, quote};

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
            Kind::Array(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }
}

/// Reads a whole document. Syntax errors are faults, all of them at once; what could be recovered is returned.
pub(crate) fn read(source: &Arc<Source>, faults: &Faults) -> Table {
    let text = match std::str::from_utf8(&source.octets) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let fault = Fault::error(source, at..at + 1, "the file is not UTF-8 from here on")
                .label("no UTF-8")
                .help("save the file as UTF-8");
            faults.add_structural_error(fault);
            return Table { place: Place::start_of(source), entries: Vec::new() };
        }
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let fault = in_our_words(source, text, error.message(), span);
        if concerns_one_value(error.message()) {
            faults.add_syntax_error(fault);
        } else {
            faults.add_structural_error(fault);
        }
    }
    convert_table(table.into_inner(), Place::start_of(source))
}

/// A syntax error of the crate with our words and help for those that operators make.
fn in_our_words(source: &Arc<Source>, text: &str, message: &str, span: Range<usize>) -> Fault {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, "nothing"));
    let span = if what.starts_with("invalid") { scalar_around(text, span) } else { span };
    let offending = text.get(span.clone()).unwrap_or_default().trim();
    let (message, help) = match what {
        "duplicate key" => (format!("{} stands twice", quote(offending)), "keep one of the two".into()),
        "string values must be quoted" if offending.is_empty() => {
            ("the value is missing".into(), "write a value or remove the key".into())
        }
        "string values must be quoted" => {
            let help = format!("write {}", quote(&format!("\"{offending}\"")));
            (format!("{} lacks its quotes", quote(offending)), help)
        }
        "invalid float" | "invalid integer" | "invalid boolean" | "invalid date-time" => {
            let help = "texts such as addresses and durations stand in quotes".into();
            (format!("{} is no value", quote(offending)), help)
        }
        _ if is_open_text(what, expected) => ("this text has no closing quote".into(), String::new()),
        "unclosed table" | "unclosed array table" => ("this header is not closed".into(), String::new()),
        _ => (what.to_owned(), String::new()),
    };
    let label = if expected == "nothing" { String::new() } else { format!("expected {expected}") };
    let fault = Fault::error(source, span, message);
    // Where there is help, what the crate expected instead would only distract from it.
    if help.is_empty() { fault.label(label) } else { fault.help(help) }
}

/// Whether the crate recovers from a syntax error by the end of the line: then the tables are as they were meant.
fn concerns_one_value(message: &str) -> bool {
    let beginnings = [
        "duplicate key",
        "string values must be quoted",
        "invalid float",
        "invalid integer",
        "invalid boolean",
        "invalid date-time",
        "invalid basic string",
        "invalid literal string",
    ];
    beginnings.iter().any(|beginning| message.starts_with(beginning))
}

fn is_open_text(what: &str, expected: &str) -> bool {
    what.starts_with("invalid")
        && what.ends_with("string")
        && (expected.contains('"') || expected.contains('\''))
}

/// The whole of the unquoted scalar in which the crate found a part that it did not expect.
fn scalar_around(text: &str, span: Range<usize>) -> Range<usize> {
    let ends = |octet: &u8| octet.is_ascii_whitespace() || b"=,[]{}#\"'".contains(octet);
    let octets = text.as_bytes();
    let start = octets[..span.start].iter().rposition(ends).map_or(0, |at| at + 1);
    let end = octets[span.start..].iter().position(ends).map_or(octets.len(), |at| span.start + at);
    start..end.max(span.start)
}

fn convert_table(table: DeTable<'_>, place: Place) -> Table {
    let source = Arc::clone(&place.source);
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| {
            let key_place = Place { source: Arc::clone(&source), span: key.span() };
            let place = Place { source: Arc::clone(&source), span: value.span() };
            Entry {
                key: Written { value: key.into_inner().into_owned(), place: key_place },
                value: convert(value.into_inner(), place),
            }
        })
        .collect();
    entries.sort_by_key(|entry| entry.key.place.span.start);
    Table { place, entries }
}

fn convert(value: DeValue<'_>, place: Place) -> Value {
    let kind = match value {
        DeValue::String(text) => Kind::Text(text.into_owned()),
        DeValue::Integer(integer) => {
            Kind::Integer(i64::from_str_radix(integer.as_str(), integer.radix()).ok())
        }
        DeValue::Float(float) => Kind::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(boolean) => Kind::Boolean(boolean),
        DeValue::Datetime(moment) => Kind::Moment(moment.to_string()),
        DeValue::Array(array) => Kind::Array(
            array
                .into_iter()
                .map(|item| {
                    let place = Place { source: Arc::clone(&place.source), span: item.span() };
                    convert(item.into_inner(), place)
                })
                .collect(),
        ),
        DeValue::Table(table) => {
            return Value { kind: Kind::Table(convert_table(table, place.clone())), place };
        }
    };
    Value { place, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(text: &str) -> Vec<String> {
        let source = Source::new("f", text);
        let faults = Faults::default();
        read(&source, &faults);
        faults.into_sorted(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn entries_keep_the_written_order_and_know_their_places() {
        let source = Source::new("f", "z = 1\na = \"x\"\n[t]\nb = [true, 1.5]\n");
        let faults = Faults::default();
        let table = read(&source, &faults);
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

    #[test]
    fn a_file_that_is_not_utf_8_says_where() {
        let source = Source::new("f", b"a = 1\nb = \"\xff\"\n".to_vec());
        let faults = Faults::default();
        read(&source, &faults);
        let sorted = faults.into_sorted(&source);
        assert_eq!(
            sorted[0].to_string(),
            "f:2:6: error: the file is not UTF-8 from here on (help: save the file as UTF-8)"
        );
    }
}
