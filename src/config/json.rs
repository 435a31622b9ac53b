//! A JSON file as the same tree of values with their places that a TOML file gives.
//!
//! `serde_json` says whether the file is JSON at all; as it does not tell where values stand, they are found here, in
//! octets that are known to be well-formed.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::fault::{Fault, Source};

use super::document::{Entry, Kind, Table, Value};
use super::limits;
use super::text::{Broken, Faults, Parsed, Place, Written, quote};

/// Reads a whole document.
pub(crate) fn read(source: &Arc<Source>, faults: &Faults) -> Parsed<Value> {
    let text = match std::str::from_utf8(&source.octets) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let fault = Fault::error(source, at..at + 1, "the file is not UTF-8 from here on");
            faults.add(fault.label("no UTF-8").help("save the file as UTF-8"));
            return Err(Broken);
        }
    };
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        faults.add(not_json(source, text, &error));
        return Err(Broken);
    }
    Walker { source, text, at: 0, faults }.value(0)
}

/// The crate counts lines and octets from 1, and at the end of the file beyond the last one.
fn not_json(source: &Arc<Source>, text: &str, error: &serde_json::Error) -> Fault {
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (line_start + error.column().saturating_sub(1)).min(text.len().saturating_sub(1));
    let at = text.floor_char_boundary(at);
    let length = text[at..].chars().next().map_or(0, char::len_utf8);
    let message = error.to_string();
    let (what, _) = message.split_once(" at line ").unwrap_or((&message, ""));
    Fault::error(source, at..at + length, format!("this is no JSON: {what}")).label("not understood")
}

/// Goes through well-formed JSON.
struct Walker<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    at: usize,
    faults: &'a Faults,
}

impl Walker<'_> {
    fn value(&mut self, depth: usize) -> Parsed<Value> {
        let start = self.skip_space();
        let kind = match self.octet() {
            b'{' | b'[' if depth == limits::JSON_DEPTH => {
                let message = format!("more than {} values stand inside one another", limits::JSON_DEPTH);
                self.faults.add(self.place(start..start + 1).error(message).label("too deep"));
                return Err(Broken);
            }
            b'{' => Kind::Table(self.table(start, depth)?),
            b'[' => Kind::Array(self.array(depth)?),
            b'"' => Kind::Text(self.string()?.value),
            _ => self.word(),
        };
        Ok(Value { place: self.place(start..self.at), kind })
    }

    /// An object; a key that stands twice is a fault, because readers disagree about what it means.
    fn table(&mut self, start: usize, depth: usize) -> Parsed<Table> {
        let mut entries = Vec::new();
        let mut seen = BTreeSet::new();
        self.at += 1;
        while self.goes_on(b'}') {
            let key = self.string()?;
            self.skip_space();
            self.at += 1;
            let value = self.value(depth + 1)?;
            if seen.insert(key.value.clone()) {
                entries.push(Entry { key, value });
            } else {
                let fault = key.place.error(format!("{} stands twice", quote(&key)));
                self.faults.add(fault.label("again").help("keep one of the two"));
            }
        }
        Ok(Table { place: self.place(start..self.at), entries })
    }

    fn array(&mut self, depth: usize) -> Parsed<Vec<Value>> {
        let mut values = Vec::new();
        self.at += 1;
        while self.goes_on(b']') {
            values.push(self.value(depth + 1)?);
        }
        Ok(values)
    }

    /// Goes past a comma to the next item, or past `end`.
    fn goes_on(&mut self, end: u8) -> bool {
        self.skip_space();
        if self.octet() == b',' {
            self.at += 1;
            self.skip_space();
        }
        let ends = self.octet() == end;
        self.at += usize::from(ends);
        !ends
    }

    fn string(&mut self) -> Parsed<Written<String>> {
        let start = self.at;
        self.at += 1;
        while self.octet() != b'"' {
            self.at += if self.octet() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        let place = self.place(start..self.at);
        match serde_json::from_str(&self.text[start..self.at]) {
            Ok(value) => Ok(Written { value, place }),
            Err(_) => {
                self.faults.add(place.error("this text has an escape that means nothing").label("no text"));
                Err(Broken)
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Kind {
        let rest = &self.text[self.at..];
        let ends = |octet: u8| octet.is_ascii_whitespace() || b",]}".contains(&octet);
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        self.at += length;
        match &rest[..length] {
            "true" => Kind::Boolean(true),
            "false" => Kind::Boolean(false),
            "null" => Kind::Null,
            number if number.contains(['.', 'e', 'E']) => Kind::Float(number.parse().unwrap_or(f64::NAN)),
            number => Kind::Integer(number.parse().ok()),
        }
    }

    /// The octet here; 0 at the end, which well-formed JSON does not reach inside a value.
    fn octet(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    fn skip_space(&mut self) -> usize {
        while self.octet().is_ascii_whitespace() {
            self.at += 1;
        }
        self.at
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place { source: Arc::clone(self.source), span }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_text(text: &str) -> (Parsed<Value>, Vec<String>) {
        let source = Source::new("f", text);
        let faults = Faults::default();
        let value = read(&source, &faults);
        (value, faults.into_sorted(&source).iter().map(ToString::to_string).collect())
    }

    /// A value as JSON again, each with the text at its place.
    fn shown(value: &Value, text: &str) -> String {
        let at = &text[value.place.span.clone()];
        match &value.kind {
            Kind::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| shown(item, text)).collect();
                format!("[{}]", items.join(" "))
            }
            Kind::Table(table) => {
                let entries = table.entries.iter().map(|entry| {
                    format!("{}={}", &text[entry.key.place.span.clone()], shown(&entry.value, text))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
            }
            Kind::Text(found) => format!("{at}:{found}"),
            kind => format!("{at}:{}", kind.in_words()),
        }
    }

    #[test]
    fn values_know_their_places() {
        let text = " [ {\"a\\n\" : [1, -2.5,true],\"b\":{}} , [ ] , null, \"x\\\"\\u00e4y\" ] ";
        let (value, faults) = read_text(text);
        assert_eq!(
            shown(&value.unwrap(), text),
            "[{\"a\\n\"=[1:an integer -2.5:a number with a fraction true:true or false] \"b\"={}} [] null:null \
             \"x\\\"\\u00e4y\":x\"äy]"
        );
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn faults_have_their_places() {
        let check = |text: &str, expected: &str| {
            let (value, faults) = read_text(text);
            assert_eq!(faults, [expected], "{text}");
            value.is_ok()
        };
        assert!(!check("[1,\n 2,]", "f:2:4: error: this is no JSON: expected value"));
        assert!(!check("", "f:1:1: error: this is no JSON: EOF while parsing a value"));
        assert!(!check("[\"ä\" x]", "f:1:6: error: this is no JSON: expected `,` or `]`"));
        assert!(!check("[\"\\ud800\"]", "f:1:2: error: this text has an escape that means nothing"));
        assert!(check("{\"a\":1, \"a\":2}", "f:1:9: error: `a` stands twice (help: keep one of the two)"));
        let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
        assert!(!check(&deep, "f:1:17: error: more than 16 values stand inside one another"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{},:\"\\\\ua0-9.eE ä\n-]{0,40}") {
            let (value, faults) = read_text(&text);
            let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert!(is_json || (value.is_err() && faults.len() == 1));
            prop_assert!(value.is_ok() || !faults.is_empty());
        }
    }
}
