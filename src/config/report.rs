//! Faults for people and for programs (the door to annotate-snippets).

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet, normalize_untrusted_str};
use serde::Serialize;

use crate::explain::words::counted;
use crate::fault::{Fault, Severity};

/// Lines longer than this are not shown: nobody reads them, and laying them out takes long.
const LINE_OCTETS: usize = 4_096;
/// Lines of one span that are shown.
const LINES: usize = 5;

/// All faults as a terminal shows them: each with the offending text underlined and what to do, and a line that
/// counts them at the end. Ends with a newline unless there is no fault at all.
pub fn for_people(faults: &[Fault], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for fault in faults {
        text.push_str(&render(fault, &renderer));
        text.push_str("\n\n");
    }
    if !faults.is_empty() {
        text.push_str(&summary(faults));
        text.push('\n');
    }
    text
}

/// "2 errors, 1 warning".
pub fn summary(faults: &[Fault]) -> String {
    let count = |severity| faults.iter().filter(|fault| fault.severity == severity).count();
    match (count(Severity::Error), count(Severity::Warning)) {
        (errors, 0) => counted(errors, "error"),
        (0, warnings) => counted(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    }
}

/// All faults as a JSON array of objects with file, line, column, severity, message, label and help; line, column
/// and help are null where there is none.
pub fn as_json(faults: &[Fault]) -> serde_json::Value {
    let items = faults.iter().map(|fault| {
        let place = fault.line_and_column();
        let item = JsonFault {
            file: &fault.source.path,
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            severity: match fault.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            message: &fault.message,
            label: &fault.label,
            help: fault.help.as_deref(),
        };
        serde_json::to_value(item).expect("texts and numbers always have a JSON form")
    });
    items.collect()
}

#[derive(Serialize)]
struct JsonFault<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    severity: &'a str,
    message: &'a str,
    label: &'a str,
    help: Option<&'a str>,
}

fn render(fault: &Fault, renderer: &Renderer) -> String {
    let level = match fault.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let excerpt = Excerpt::of(fault);
    let title = level.primary_title(fault.message.as_str());
    let mut group = match &excerpt {
        Some(excerpt) => title.element(excerpt.snippet(fault)),
        None => title.element(origin(fault)),
    };
    if let Some(help) = &fault.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    renderer.render(&[group])
}

/// Where a fault is that has no text to show.
fn origin(fault: &Fault) -> Origin<'_> {
    let origin = Origin::path(fault.source.path.as_str());
    match fault.line_and_column() {
        Some((line, column)) => origin.line(line).char_column(column),
        None => origin,
    }
}

/// The lines that a fault is about, so that a file of a million lines is not laid out for each of its faults.
struct Excerpt {
    text: String,
    first_line: usize,
    span: Range<usize>,
}

impl Excerpt {
    /// `None` when the fault has no place or its lines are too long to show.
    fn of(fault: &Fault) -> Option<Excerpt> {
        let octets = &fault.source.octets;
        let span = fault.span.clone()?;
        let start = span.start.min(octets.len());
        let end = span.end.clamp(start, octets.len());
        let from = octets[..start].iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
        let to = end_of_lines(octets, start, end);
        let end = end.min(to);
        if to - from > LINE_OCTETS {
            return None;
        }
        // Broken UTF-8 becomes longer when it is made printable: the span moves with it.
        let lossy = |range: Range<usize>| String::from_utf8_lossy(&octets[range]).into_owned();
        let (before, inside, after) = (lossy(from..start), lossy(start..end), lossy(end..to));
        let span = before.len()..before.len() + inside.len();
        let (first_line, _) = fault.source.line_and_column(start);
        Some(Excerpt { text: before + &inside + &after, first_line, span })
    }

    fn snippet<'a>(&'a self, fault: &'a Fault) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let label = (!fault.label.is_empty()).then(|| normalize_untrusted_str(&fault.label));
        Snippet::source(self.text.as_str())
            .path(fault.source.path.as_str())
            .line_start(self.first_line)
            .annotation(AnnotationKind::Primary.span(self.span.clone()).label(label))
    }
}

/// The end of the line that holds `end`, or of the last line shown of a longer span.
fn end_of_lines(octets: &[u8], start: usize, end: usize) -> usize {
    let mut lines = 0;
    for (at, _) in octets.iter().enumerate().skip(start).filter(|&(_, &octet)| octet == b'\n') {
        lines += 1;
        if at >= end || lines == LINES {
            return at;
        }
    }
    octets.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Source;

    #[test]
    fn the_offending_text_is_underlined_with_place_and_help() {
        let source = Source::new("zones/a.toml", "[pool.web]\nstie = \"fra\"\n");
        let fault = Fault::error(&source, 11..15, "pool `web` does not know the key `stie`")
            .label("unknown key")
            .help("did you mean `site`?");
        assert_eq!(
            for_people(&[fault], false),
            "error: pool `web` does not know the key `stie`\n --> zones/a.toml:2:1\n  |\n2 | stie = \"fra\"\n  \
             | ^^^^ unknown key\n  |\n  = help: did you mean `site`?\n\n1 error\n"
        );
    }

    #[test]
    fn a_fault_of_a_whole_file_and_one_in_an_endless_line_have_a_place_without_a_text() {
        let long = Source::new("l", "x".repeat(LINE_OCTETS + 1));
        let faults =
            [Fault::file(&Source::new("f", ""), "cannot be read"), Fault::warning(&long, 9..10, "too long")];
        assert_eq!(
            for_people(&faults, false),
            "error: cannot be read\n--> f\n\nwarning: too long\n--> l:1:10\n\n1 error, 1 warning\n"
        );
    }

    #[test]
    fn broken_utf_8_and_terminal_sequences_do_no_harm() {
        let source = Source::new("f", b"\xff\xff\x1b[31m bad\n".to_vec());
        let fault = Fault::error(&source, 8..11, "x\x1b[31m").label("\x1b[0m").help("\x1b[0m");
        let text = for_people(&[fault], false);
        assert!(!text.contains('\x1b'), "{text:?}");
        assert!(text.contains("^^^"), "{text}");
    }

    #[test]
    fn json_has_every_field() {
        let source = Source::new("f", "ab");
        let faults =
            [Fault::error(&source, 1..2, "m").label("l").help("h"), Fault::file_warning(&source, "w")];
        assert_eq!(
            as_json(&faults).to_string(),
            "[{\"column\":2,\"file\":\"f\",\"help\":\"h\",\"label\":\"l\",\"line\":1,\"message\":\"m\",\
             \"severity\":\"error\"},{\"column\":null,\"file\":\"f\",\"help\":null,\"label\":\"\",\"line\":null,\
             \"message\":\"w\",\"severity\":\"warning\"}]"
        );
    }
}
