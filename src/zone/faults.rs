//! The faults of one load, bounded: a file of a million bad lines gives a list that a person can read.

use std::ops::Range;
use std::sync::Arc;

use crate::fault::{Fault, Severity, Source};

/// The most faults that are reported one by one.
const FAULTS_MAX: usize = 1000;

/// The most characters of a token that a message quotes.
const EXCERPT_MAX: usize = 64;

/// A token as a message quotes it: its beginning, if it is long.
pub(super) fn excerpt(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(&octets[..octets.len().min(EXCERPT_MAX)]);
    if octets.len() > EXCERPT_MAX { format!("{text}…") } else { text.into_owned() }
}

/// Where something was written: a file by its number and the offset of a token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The number of the file in the order of reading.
    pub(super) file: u16,
    /// The offset of the record's type.
    pub(super) offset: u32,
}

/// Faults and the files they are in.
#[derive(Default)]
pub(super) struct Faults {
    sources: Vec<Arc<Source>>,
    kept: Vec<Fault>,
    errors_left_out: usize,
    warnings_left_out: usize,
    /// Places of `$GENERATE` directives whose records have one token for all their data.
    generated: Vec<Place>,
    /// Whether an SOA record was written and has a fault.
    soa_at_fault: bool,
}

impl Faults {
    /// Takes a file in; its number. There are at most `u16::MAX` of them.
    pub(super) fn add_source(&mut self, source: &Arc<Source>) -> u16 {
        self.sources.push(Arc::clone(source));
        (self.sources.len() - 1) as u16
    }

    /// The file of a number that [`Faults::add_source`] gave.
    pub(super) fn source(&self, file: u16) -> &Arc<Source> {
        &self.sources[usize::from(file)]
    }

    /// The span of the token that stands `count` tokens after the one at `place`.
    pub(super) fn span_after(&self, place: Place, count: usize) -> Range<usize> {
        let octets = &self.source(place.file).octets;
        let count = if self.generated.contains(&place) { count.min(1) } else { count };
        let offset = place.offset as usize;
        super::lexer::token_after(octets, offset, count).map_or(offset..offset, |token| token.span())
    }

    /// An error about the token that stands `count` tokens after the one at `place`.
    pub(super) fn error_at(&self, place: Place, count: usize, message: impl Into<String>) -> Fault {
        Fault::error(self.source(place.file), self.span_after(place, count), message)
    }

    /// A warning about the token that stands `count` tokens after the one at `place`.
    pub(super) fn warning_at(&self, place: Place, count: usize, message: impl Into<String>) -> Fault {
        Fault::warning(self.source(place.file), self.span_after(place, count), message)
    }

    /// Says that records with this place were made by a `$GENERATE` directive: its type stands there, and the one token
    /// after it stands for all their data.
    pub(super) fn mark_generated(&mut self, place: Place) {
        self.generated.push(place);
    }

    /// The number of faults that are kept so far.
    pub(super) fn kept_count(&self) -> usize {
        self.kept.len()
    }

    /// Takes the faults that were kept after the first `count` back.
    pub(super) fn take_from(&mut self, count: usize) -> Vec<Fault> {
        self.kept.split_off(count)
    }

    /// The number of faults so far.
    pub(super) fn count(&self) -> usize {
        self.kept.len() + self.errors_left_out + self.warnings_left_out
    }

    /// Says that a fault was about an SOA record: then its absence is no fault of its own.
    pub(super) fn mark_soa(&mut self) {
        self.soa_at_fault = true;
    }

    /// Whether the absence of the SOA record is explained by an error already.
    pub(super) fn explains_missing_soa(&self) -> bool {
        self.soa_at_fault && (self.errors_left_out > 0 || crate::fault::any_error(&self.kept))
    }

    /// Keeps a fault, or counts it where there are too many.
    pub(super) fn push(&mut self, fault: Fault) {
        if self.kept.len() < FAULTS_MAX {
            self.kept.push(fault);
        } else if fault.severity == Severity::Error {
            self.errors_left_out += 1;
        } else {
            self.warnings_left_out += 1;
        }
    }

    /// The faults in the order of the files and their lines, and at the end one that counts those left out, an error
    /// if there was an error among them.
    pub(super) fn into_list(mut self) -> Vec<Fault> {
        let sources = std::mem::take(&mut self.sources);
        let file = |fault: &Fault| sources.iter().position(|source| Arc::ptr_eq(source, &fault.source));
        self.kept.sort_by_cached_key(|fault| (file(fault), fault.span.as_ref().map_or(0, |span| span.start)));
        if let (Some(first), true) = (sources.first(), self.errors_left_out + self.warnings_left_out > 0) {
            let count = format!(
                "{} more errors and {} more warnings are not shown",
                self.errors_left_out, self.warnings_left_out
            );
            self.kept.push(match self.errors_left_out {
                0 => Fault::file_warning(first, count),
                _ => Fault::file(first, count),
            });
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_beyond_the_bound_are_counted_and_an_error_among_them_stays_an_error() {
        let source = Source::new("f", "a b\nc d\n");
        let mut faults = Faults::default();
        faults.add_source(&source);
        for at in (0..FAULTS_MAX + 2).rev() {
            faults.push(Fault::warning(&source, at..at + 1, "w"));
        }
        faults.push(Fault::error(&source, 0..1, "e"));
        let list = faults.into_list();
        assert_eq!(list.len(), FAULTS_MAX + 1);
        assert!(list[..FAULTS_MAX].iter().is_sorted_by_key(|fault| fault.span.as_ref().unwrap().start));
        assert_eq!(list[FAULTS_MAX].message, "1 more errors and 2 more warnings are not shown");
        assert_eq!(list[FAULTS_MAX].severity, Severity::Error);
    }

    #[test]
    fn places_are_found_again() {
        let source = Source::new("f", "a b\nc d\n");
        let mut faults = Faults::default();
        let file = faults.add_source(&source);
        assert_eq!(faults.span_after(Place { file, offset: 4 }, 1), 6..7);
        assert_eq!(faults.span_after(Place { file, offset: 4 }, 2), 4..4);
    }
}
