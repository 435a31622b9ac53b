//! Syntax errors in our words, with help for those that operators make.

use std::ops::Range;
use std::sync::Arc;

use crate::config::text::quote;
use crate::fault::{Fault, Source};

/// A syntax error of the crate with our words and help for those that operators make.
pub(super) fn in_our_words(source: &Arc<Source>, text: &str, message: &str, span: Range<usize>) -> Fault {
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
        _ if what.starts_with("cannot extend value") => {
            let message = format!("{} has a value already and takes no keys", quote(offending));
            (message, "keep one of the two".into())
        }
        _ if is_open_text(what, expected) => ("this text has no closing quote".into(), String::new()),
        "unclosed table" | "unclosed array table" => ("this header is not closed".into(), String::new()),
        "unclosed array" => ("this list is not closed".into(), String::new()),
        "unclosed inline table" | "invalid inline table element" => {
            ("this table in braces is not closed".into(), String::new())
        }
        "missing key for inline table element" => {
            ("here should stand a key".into(), "is a brace missing that closes what stands in front?".into())
        }
        "key with no value" | "missing assignment between key-value pairs" => {
            ("this key has no value".into(), String::new())
        }
        "missing comma between array elements" | "missing comma between key-value pairs" => {
            ("a comma is missing here".into(), String::new())
        }
        _ => (what.to_owned(), String::new()),
    };
    let label = if expected == "nothing" { String::new() } else { format!("expected {expected}") };
    let fault = Fault::error(source, span, message);
    // Where there is help, what the crate expected instead would only distract from it.
    if help.is_empty() { fault.label(label) } else { fault.help(help) }
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
