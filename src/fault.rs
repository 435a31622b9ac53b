//! Faults in what an operator wrote: where, what, and the way out.
//!
//! Every loader (zone, geo, steer, config) collects faults instead of stopping at the first one.
//! This module only holds them; `config::report` prints them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A file that was read, kept so that a fault can show the line it talks about.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as the operator would type it (relative to the folder of `meridian.toml` where possible).
    pub path: String,
    /// What the file holds. Empty for binary files and for files that could not be read.
    pub octets: Vec<u8>,
    /// Where its lines start, once somebody has asked: of a large file many places are told.
    line_starts: OnceLock<Box<[usize]>>,
    /// The path once more, for all that is to know where it stands after the octets are gone.
    shared_path: OnceLock<Arc<str>>,
}

impl PartialEq for Source {
    fn eq(&self, other: &Source) -> bool {
        self.path == other.path && self.octets == other.octets
    }
}

impl Eq for Source {}

impl Source {
    /// A source from its path and octets.
    pub fn new(path: impl Into<String>, octets: impl Into<Vec<u8>>) -> Arc<Source> {
        Arc::new(Source {
            path: path.into(),
            octets: octets.into(),
            line_starts: OnceLock::new(),
            shared_path: OnceLock::new(),
        })
    }

    /// The line of the octet at `offset`, to be kept without what the file holds.
    pub fn file_line(&self, offset: usize) -> Line {
        let file = Arc::clone(self.shared_path.get_or_init(|| Arc::from(self.path.as_str())));
        Line { file, line: u32::try_from(self.line(offset)).unwrap_or(u32::MAX) }
    }

    /// Line and column, both counted from 1, of the octet at `offset`; columns count characters, a broken
    /// UTF-8 octet as one.
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.octets.len());
        let line = self.line(offset);
        let before = &self.octets[self.line_starts()[line - 1]..offset];
        (line, String::from_utf8_lossy(before).chars().count() + 1)
    }

    /// The line of the octet at `offset`, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts().partition_point(|&start| start <= offset)
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let ends = (1..).zip(&self.octets).filter(|(_, octet)| **octet == b'\n');
            std::iter::once(0).chain(ends.map(|(start, _)| start)).collect()
        })
    }
}

/// Where something is written, to the line: `zones/example.com.toml:2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The file, as faults call it.
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: u32,
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the configuration is taken.
    Warning,
    /// The configuration is refused as a whole.
    Error,
}

/// One fault. The message says what is wrong, the label what the underlined text is, the help what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Warning or error.
    pub severity: Severity,
    /// The file it is in.
    pub source: Arc<Source>,
    /// The offending octets; `None` when the fault concerns the file as a whole.
    pub span: Option<Range<usize>>,
    /// One sentence, without a full stop at its end.
    pub message: String,
    /// A few words under the underlined text; may be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    /// An error at `span` of `source`.
    pub fn error(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Fault {
        Fault::new(Severity::Error, source, Some(span), message.into())
    }

    /// A warning at `span` of `source`.
    pub fn warning(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Fault {
        Fault::new(Severity::Warning, source, Some(span), message.into())
    }

    /// An error about a whole file (it could not be read, it lacks something).
    pub fn file(source: &Arc<Source>, message: impl Into<String>) -> Fault {
        Fault::new(Severity::Error, source, None, message.into())
    }

    /// A warning about a whole file.
    pub fn file_warning(source: &Arc<Source>, message: impl Into<String>) -> Fault {
        Fault::new(Severity::Warning, source, None, message.into())
    }

    fn new(severity: Severity, source: &Arc<Source>, span: Option<Range<usize>>, message: String) -> Fault {
        Fault { severity, source: Arc::clone(source), span, message, label: String::new(), help: None }
    }

    /// The same fault with words under the underlined text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Fault {
        self.label = label.into();
        self
    }

    /// The same fault with a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    /// Line and column of the first offending octet, if the fault has a place in its file.
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        self.span.as_ref().map(|span| self.source.line_and_column(span.start))
    }
}

/// `file:line:column: error: message`, the form that editors jump to. The alternate form leaves the severity out, for lines
/// that say it themselves.
impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.source.path)?;
        if let Some((line, column)) = self.line_and_column() {
            write!(formatter, ":{line}:{column}")?;
        }
        if !formatter.alternate() {
            formatter.write_str(match self.severity {
                Severity::Warning => ": warning",
                Severity::Error => ": error",
            })?;
        }
        write!(formatter, ": {}", self.message)?;
        if let Some(help) = &self.help {
            write!(formatter, " (help: {help})")?;
        }
        Ok(())
    }
}

/// Whether any of the faults refuses the configuration.
pub fn any_error(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| fault.severity == Severity::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_column_count_from_one_and_in_characters() {
        let source = Source::new("f", "ab\ncäd\n");
        assert_eq!(source.line_and_column(0), (1, 1));
        assert_eq!(source.line_and_column(3), (2, 1));
        assert_eq!(source.line_and_column(6), (2, 3));
        assert_eq!(source.line_and_column(99), (3, 1));
        assert_eq!(source.file_line(6).to_string(), "f:2");
    }

    #[test]
    fn display_is_one_line_with_place_and_help() {
        let source = Source::new("zones/a.zone", "x\nyz\n");
        let fault = Fault::error(&source, 3..4, "no such thing").help("write another");
        assert_eq!(fault.to_string(), "zones/a.zone:2:2: error: no such thing (help: write another)");
        assert_eq!(format!("{fault:#}"), "zones/a.zone:2:2: no such thing (help: write another)");
    }
}
