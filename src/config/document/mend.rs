//! Syntax errors, kept to the statement that has them: an unclosed bracket takes no other table with it.
//!
//! The crate recovers within a line; a bracket or a quote that is not closed it looks for up to the end of the file, and
//! after a header that is not closed it takes the next table for the same one. So a file with such an error is parted into
//! its statements (headers, and keys with their values), each of which is parsed alone; those that cannot be understood
//! are taken out of the text, and the rest is parsed as a whole.
//!
//! Rejected: a parser of our own for broken files. Two readings of one syntax would differ.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use toml::de::DeTable;

use super::extent::Extents;
use super::statements::{self, Statement};

/// How the error begins that a key stands below one which is no table.
const EXTENDED_VALUE: &str = "cannot extend value";
/// What stands for a value that cannot be understood.
const STAND_IN: &str = "0";

/// An error of the crate: its words and its place.
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) span: Range<usize>,
}

/// A part of the text that could not be understood.
pub(super) struct Lost {
    pub(super) span: Range<usize>,
    /// Whether tables may begin there.
    pub(super) has_tables: bool,
}

/// A text without what cannot be understood.
#[derive(Default)]
pub(super) struct Mended<'t> {
    /// The text, in which line ends stand as they stood.
    pub(super) text: Cow<'t, str>,
    /// What was wrong.
    pub(super) errors: Vec<SyntaxError>,
    /// What is missing now.
    pub(super) lost: Vec<Lost>,
    /// Where in the text an octet stands that was put in.
    inserted: Vec<usize>,
    /// Where in the text a value begins that only stands for one.
    stand_ins: HashSet<usize>,
}

/// All errors of a text.
fn errors(text: &str) -> impl Iterator<Item = SyntaxError> {
    let (_, errors) = DeTable::parse_recoverable(text);
    errors
        .into_iter()
        .map(|error| SyntaxError { span: error.span().unwrap_or(0..0), message: error.message().to_owned() })
}

impl SyntaxError {
    /// Whether the crate does not recover from it by the end of the line.
    pub(super) fn is_structural(&self) -> bool {
        /// After these the tables are as they were meant.
        const OF_ONE_VALUE: [&str; 9] = [
            "duplicate key",
            EXTENDED_VALUE,
            "string values must be quoted",
            "invalid float",
            "invalid integer",
            "invalid boolean",
            "invalid date-time",
            "invalid basic string",
            "invalid literal string",
        ];
        !OF_ONE_VALUE.iter().any(|beginning| self.message.starts_with(beginning))
    }

    /// Whether the crate leaves out the statement that it is about, and goes on with the next.
    pub(super) fn leaves_out(&self) -> bool {
        self.message.starts_with(EXTENDED_VALUE)
    }

    /// Whether a comma is missing or too many, behind which the next item is read as it is meant.
    fn is_of_a_comma(&self) -> bool {
        self.message.starts_with("missing comma") || self.message.starts_with("extra comma")
    }
}

impl<'t> Mended<'t> {
    /// A text that needs no mending.
    pub(super) fn whole(text: &'t str) -> Mended<'t> {
        Mended { text: Cow::Borrowed(text), ..Mended::default() }
    }

    /// Takes out of a text what cannot be understood.
    pub(super) fn of(text: &str) -> Mended<'static> {
        let mut mended = Mended::default();
        let statements = statements::of(text);
        let mut extents = Extents::of(text);
        let mut next = 0;
        // Below a header that says nothing, no key belongs to any table.
        let mut below_nothing = false;
        while let Some(statement) = statements.get(next) {
            next += 1;
            let wrong = structural_errors(text, statement.span.clone());
            if statement.is_header {
                below_nothing = false;
            }
            if below_nothing {
                mended.lose(text, statement.span.clone(), wrong, true);
            } else if wrong.is_empty() {
                mended.keep(text, statement.span.clone());
            } else if let Some(joined) = joined(text, &statements[next - 1..], &mut extents) {
                mended.keep(text, statement.span.start..statements[next + joined - 2].span.end);
                next += joined - 1;
            } else if statement.is_header {
                below_nothing = !mended.mend_header(text, statement, wrong);
            } else {
                mended.mend_value(text, statement, wrong);
            }
        }
        mended
    }

    /// Where a span of the text stood before.
    pub(super) fn original(&self, span: Range<usize>) -> Range<usize> {
        let back = |at: usize| at - self.inserted.partition_point(|&inserted| inserted < at);
        back(span.start)..back(span.end)
    }

    /// Whether the value at a span of the text only stands for one that could not be understood.
    pub(super) fn is_stand_in(&self, span: &Range<usize>) -> bool {
        self.stand_ins.contains(&span.start)
    }

    fn keep(&mut self, text: &str, span: Range<usize>) {
        self.text.to_mut().push_str(&text[span]);
    }

    fn insert(&mut self, octets: &str) {
        self.inserted.extend(self.text.len()..self.text.len() + octets.len());
        self.text.to_mut().push_str(octets);
    }

    /// Leaves a part out, but for the ends of its lines.
    fn blank(&mut self, text: &str, span: Range<usize>) {
        let blank = text[span].bytes().map(|octet| if octet == b'\n' { '\n' } else { ' ' });
        self.text.to_mut().extend(blank);
    }

    fn lose(&mut self, text: &str, span: Range<usize>, wrong: Vec<SyntaxError>, has_tables: bool) {
        self.blank(text, span.clone());
        self.errors.extend(worth_telling(text, wrong));
        self.lost.push(Lost { span, has_tables });
    }

    /// Keeps a header whose last brackets are missing, or that is followed by something that belongs nowhere. False where
    /// it says nothing.
    fn mend_header(&mut self, text: &str, statement: &Statement, wrong: Vec<SyntaxError>) -> bool {
        let line = first_line(text, &statement.span);
        let rest = line.end..statement.span.end;
        if structural_errors(text, line.clone()).is_empty() {
            self.keep(text, line);
            self.lose(text, rest, wrong, true);
            return true;
        }
        let Some((end, missing)) = statements::unclosed_header(&text[line.clone()]) else {
            self.lose(text, statement.span.clone(), wrong, true);
            return false;
        };
        let end = line.start + end;
        self.keep(text, line.start..end);
        self.insert(missing);
        self.blank(text, end..line.end);
        self.errors.extend(worth_telling(text, wrong));
        if !text[rest.clone()].trim().is_empty() {
            self.lost.push(Lost { span: rest.clone(), has_tables: true });
        }
        self.blank(text, rest);
        true
    }

    /// Keeps a key whose value cannot be understood, or a value that is followed by something that belongs nowhere.
    fn mend_value(&mut self, text: &str, statement: &Statement, wrong: Vec<SyntaxError>) {
        let span = statement.span.clone();
        let sound = line_start(text, wrong[0].span.start).max(span.start);
        if !text[span.start..sound].trim().is_empty() && structural_errors(text, span.start..sound).is_empty()
        {
            self.keep(text, span.start..sound);
            return self.lose(text, sound..span.end, wrong, true);
        }
        let Some(key_end) = statement.key_end else { return self.lose(text, span, wrong, true) };
        self.keep(text, span.start..key_end);
        self.insert("=");
        self.stand_ins.insert(self.text.len());
        self.insert(STAND_IN);
        self.lose(text, key_end..span.end, wrong, false);
    }
}

/// The errors of a part that concern more than one value, in the order of their places.
fn structural_errors(text: &str, span: Range<usize>) -> Vec<SyntaxError> {
    let mut found: Vec<SyntaxError> = errors(&text[span.clone()]).collect();
    if !found.iter().any(SyntaxError::is_structural) {
        return Vec::new();
    }
    for error in &mut found {
        error.span = span.start + error.span.start..span.start + error.span.end;
    }
    found.sort_by_key(|error| error.span.start);
    found
}

/// How many statements, from the first on, make one sound statement together, if any do.
fn joined(text: &str, statements: &[Statement], extents: &mut Extents<'_>) -> Option<usize> {
    let count = extents.statements(statements).filter(|&count| count > 1)?;
    let whole = statements[0].span.start..statements[count - 1].span.end;
    structural_errors(text, whole).is_empty().then_some(count)
}

/// The errors of a statement without those that only follow from an earlier one: on its line, or behind one after which the
/// crate does not know where in the statement it is.
fn worth_telling(text: &str, errors: Vec<SyntaxError>) -> Vec<SyntaxError> {
    let mut told: Vec<SyntaxError> = Vec::new();
    let mut looked_at = 0;
    for error in errors {
        let between = looked_at..error.span.start;
        looked_at = error.span.start;
        // Those in between stand on the line of the one told last.
        if told.is_empty() || text.as_bytes()[between].contains(&b'\n') {
            let leads_astray = error.is_structural() && !error.is_of_a_comma();
            told.push(error);
            if leads_astray {
                break;
            }
        }
    }
    told
}

fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|&octet| octet == b'\n').map_or(0, |end| end + 1)
}

/// The first line of a part, with its end.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let length = text[span.clone()].find('\n').map_or(span.len(), |end| end + 1);
    span.start..span.start + length
}
