//! The list in which all faults of one run come together.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::limits;
use crate::fault::{Fault, Severity, Source};

use super::lost::Lost;
use super::written::Place;

/// Characters of a quoted text that a message shows.
const QUOTED_CHARACTERS: usize = 80;

/// Collects faults. Shared by reference, so that readers may stand inside one another.
#[derive(Default)]
pub(crate) struct Faults {
    list: RefCell<Vec<Fault>>,
    /// Warnings among them.
    warnings: Cell<usize>,
    /// Errors taken in, also those that are not shown.
    errors: Cell<usize>,
    /// Errors beyond [`limits::FAULTS`].
    dropped: Cell<usize>,
    /// Errors that leave the configuration itself whole ([`Faults::aside`]).
    aside: Cell<usize>,
    /// Words that suggestions were compared with.
    compared: Cell<usize>,
    /// Lines with a syntax error, by path: what the recovered rest of such a line says means nothing.
    syntax: RefCell<BTreeMap<String, BTreeSet<usize>>>,
    /// What could not be understood.
    lost: RefCell<Lost>,
    /// Kinds of names that files define which could not be read at all.
    unread: RefCell<BTreeSet<&'static str>>,
}

impl Faults {
    /// Takes a fault in, unless it is about a line that has a syntax error already.
    pub(crate) fn add(&self, fault: Fault) {
        if !self.repeats_a_syntax_error(&fault) {
            self.push(fault);
        }
    }

    /// Errors and warnings are bounded each by themselves: many warnings hide no error.
    fn push(&self, fault: Fault) {
        let counter = match fault.severity {
            Severity::Warning => &self.warnings,
            Severity::Error => &self.errors,
        };
        counter.set(counter.get() + 1);
        if counter.get() <= limits::FAULTS {
            self.list.borrow_mut().push(fault);
        } else if fault.severity == Severity::Error {
            self.dropped.set(self.dropped.get() + 1);
        }
    }

    /// A suggestion for an error, which is made only while it can still be shown and not too many words were compared: among
    /// many names each takes its time, and a file that lacks one may lack all of them.
    pub(crate) fn suggestion(&self, make: impl FnOnce() -> Option<String>) -> Option<String> {
        let has_room = self.compared.get() < limits::SUGGESTION_COMPARISONS;
        (has_room && self.errors.get() < limits::FAULTS).then(make).flatten()
    }

    /// The words that a suggestion compares with, counted.
    pub(crate) fn compared<'c, I>(&'c self, candidates: I) -> impl Iterator<Item = I::Item> + Clone + 'c
    where
        I: Iterator + Clone + 'c,
    {
        let count = |_: &I::Item| self.compared.set(self.compared.get() + 1);
        candidates.take(limits::SUGGESTION_CANDIDATES).inspect(count)
    }

    /// Takes many faults in.
    pub(crate) fn extend(&self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.add(fault));
    }

    /// Whether a line of a file, that of the octet at `at`, says nothing.
    pub(crate) fn is_spoilt(&self, source: &Source, at: usize) -> bool {
        self.syntax.borrow().get(&source.path).is_some_and(|lines| lines.contains(&source.line(at)))
    }

    /// Takes a syntax error in, which spoils its line.
    pub(crate) fn add_syntax_error(&self, fault: Fault) {
        let line = fault.line_and_column().map_or(1, |(line, _)| line);
        let path = fault.source.path.clone();
        self.push(fault);
        self.syntax.borrow_mut().entry(path).or_default().insert(line);
    }

    /// Says that a part of a file could not be understood: its lines say nothing, keys may be missing that stand there, and
    /// names of these kinds be defined.
    pub(crate) fn lose(&self, place: Place, defines: &'static [&'static str]) {
        let Place { source, span } = &place;
        let lines = source.line(span.start)..=source.line(span.end.saturating_sub(1).max(span.start));
        self.syntax.borrow_mut().entry(source.path.clone()).or_default().extend(lines);
        self.lost.borrow_mut().add(&place, defines);
    }

    /// Says that a file which defines such names could not be read at all.
    pub(crate) fn doubt_names(&self, kinds: &[&'static str]) {
        self.unread.borrow_mut().extend(kinds);
    }

    /// Whether an unknown name may be one that a broken file defines.
    pub(crate) fn is_name_in_doubt(&self, kind: &str, name: &str) -> bool {
        // What is not shown anyway is not looked for.
        self.unread.borrow().contains(kind)
            || (self.errors.get() < limits::FAULTS && self.lost.borrow().holds_name(kind, name))
    }

    /// Whether a key that is missing may stand where a file could not be understood.
    pub(crate) fn is_key_in_doubt(&self, source: &Source, key: &str) -> bool {
        self.lost.borrow().holds_key(source, key)
    }

    /// Whether a part of a file could not be understood.
    pub(crate) fn has_lost(&self, source: &Source) -> bool {
        self.lost.borrow().is_of(source)
    }

    /// Does what is about assertions and expectations alone: its errors leave the configuration itself whole, so that
    /// those of the others can still be told. Not to be used within itself.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = self.errors.get();
        let result = work();
        self.aside.set(self.aside.get() + self.errors.get() - before);
        result
    }

    /// How many errors were taken in. What was read without a further one is sound.
    pub(crate) fn errors(&self) -> usize {
        self.errors.get()
    }

    /// Whether any error was taken in.
    pub(crate) fn any_error(&self) -> bool {
        self.errors.get() > 0
    }

    /// Whether any was that does not leave the configuration itself whole.
    pub(crate) fn spoil_configuration(&self) -> bool {
        self.errors.get() > self.aside.get()
    }

    /// All faults: those of the main file first, then file by file, each from top to bottom.
    pub(crate) fn into_sorted(self, main: &Arc<Source>) -> Vec<Fault> {
        let mut list = self.list.into_inner();
        list.sort_by_cached_key(|fault| {
            let start = fault.span.as_ref().map(|span| span.start);
            (fault.source.path != main.path, fault.source.path.clone(), start)
        });
        list.dedup();
        if self.dropped.get() > 0 {
            let message = format!("{} more faults are not shown", self.dropped.get());
            list.push(Fault::file(main, message));
        }
        list
    }

    fn repeats_a_syntax_error(&self, fault: &Fault) -> bool {
        let syntax = self.syntax.borrow();
        let Some(lines) = syntax.get(&fault.source.path) else { return false };
        fault.line_and_column().is_none_or(|(line, _)| lines.contains(&line))
    }
}

/// A text from a file as messages show it: in backticks, cut to a length, control characters escaped.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    for (count, character) in text.chars().enumerate() {
        if count == QUOTED_CHARACTERS {
            quoted.push('…');
            break;
        }
        if character.is_control() {
            quoted.extend(character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    quoted.push('`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_are_short_and_harmless() {
        assert_eq!(quote("a\u{1b}[31mb"), "`a\\u{1b}[31mb`");
        assert_eq!(quote(&"x".repeat(200)).chars().count(), QUOTED_CHARACTERS + 3);
    }

    #[test]
    fn faults_beyond_the_bound_are_counted() {
        let main = Source::new("m", "x");
        let faults = Faults::default();
        for _ in 0..limits::FAULTS + 5 {
            faults.add(Fault::file(&main, format!("fault {}", faults.list.borrow().len())));
        }
        let sorted = faults.into_sorted(&main);
        assert_eq!(sorted.len(), limits::FAULTS + 1);
        assert_eq!(sorted[limits::FAULTS].message, "5 more faults are not shown");
    }

    #[test]
    fn many_warnings_hide_no_error() {
        let main = Source::new("m", "x");
        let faults = Faults::default();
        for number in 0..limits::FAULTS + 5 {
            faults.add(Fault::file_warning(&main, format!("warning {number}")));
        }
        faults.add(Fault::file(&main, "the error"));
        assert!(faults.into_sorted(&main).iter().any(|fault| fault.message == "the error"));
    }

    #[test]
    fn a_word_is_in_doubt_where_lost_text_holds_it_whole() {
        let source = Source::new("a", "[pool.web-fra\nsite = \"iad\"\n");
        let faults = Faults::default();
        let place = Place { source: Arc::clone(&source), span: 0..source.octets.len() };
        faults.lose(place, &["pool"]);
        for (kind, name, expected) in [
            ("pool", "web-fra", true),
            ("pool", "iad", true),
            ("pool", "web", false),
            ("pool", "fra", false),
            ("site", "iad", false),
        ] {
            assert_eq!(faults.is_name_in_doubt(kind, name), expected, "{kind} {name}");
        }
        assert!(faults.is_key_in_doubt(&source, "site") && !faults.is_key_in_doubt(&source, "members"));
    }

    #[test]
    fn errors_aside_leave_the_configuration_whole() {
        let main = Source::new("m", "x");
        let faults = Faults::default();
        faults.aside(|| faults.add(Fault::file(&main, "of an assertion")));
        assert!(faults.any_error() && !faults.spoil_configuration());
        faults.add(Fault::file(&main, "of a pool"));
        assert!(faults.spoil_configuration());
    }

    #[test]
    fn no_suggestion_is_made_that_nobody_sees() {
        let (main, faults) = (Source::new("m", "x"), Faults::default());
        let made = Cell::new(0);
        for _ in 0..limits::FAULTS + 5 {
            let help = faults.suggestion(|| {
                made.set(made.get() + 1);
                Some("did you mean this?".to_owned())
            });
            faults.add(Fault { help, ..Fault::file(&main, "unknown") });
        }
        assert_eq!(made.get(), limits::FAULTS);
    }

    #[test]
    fn suggestions_end_when_many_words_were_compared() {
        let faults = Faults::default();
        let many =
            || faults.suggestion(|| faults.compared(0..usize::MAX).last().map(|last| last.to_string()));
        let made = std::iter::repeat_with(many).take_while(Option::is_some).count();
        assert_eq!(made, limits::SUGGESTION_COMPARISONS.div_ceil(limits::SUGGESTION_CANDIDATES));
    }

    #[test]
    fn the_main_file_comes_first_and_files_read_from_top_to_bottom() {
        let (main, other) = (Source::new("m", "ab"), Source::new("a", "ab"));
        let faults = Faults::default();
        faults.add(Fault::error(&other, 0..1, "2"));
        faults.add(Fault::error(&main, 1..2, "1"));
        faults.add(Fault::error(&main, 0..1, "0"));
        let messages: Vec<_> = faults.into_sorted(&main).into_iter().map(|fault| fault.message).collect();
        assert_eq!(messages, ["0", "1", "2"]);
    }
}
