//! The list in which all faults of one run come together.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::limits;
use crate::fault::{Fault, Severity, Source};

/// Characters of a quoted text that a message shows.
const QUOTED_CHARACTERS: usize = 80;

/// Collects faults. Shared by reference, so that readers may stand inside one another.
#[derive(Default)]
pub(crate) struct Faults {
    list: RefCell<Vec<Fault>>,
    /// Errors beyond [`limits::FAULTS`].
    dropped: Cell<usize>,
    /// Lines with a syntax error, by path: what the recovered rest of such a line says means nothing.
    syntax: RefCell<BTreeMap<String, BTreeSet<usize>>>,
    /// The paths of files whose structure is in doubt: keys may be lost or stand in the wrong table.
    doubtful: RefCell<BTreeSet<String>>,
    /// Set when a file that may define names could not be read in full.
    names_incomplete: Cell<bool>,
}

impl Faults {
    /// Takes a fault in, unless it is about a line that has a syntax error already.
    pub(crate) fn add(&self, fault: Fault) {
        if !self.repeats_a_syntax_error(&fault) {
            self.push(fault);
        }
    }

    fn push(&self, fault: Fault) {
        let mut list = self.list.borrow_mut();
        if list.len() < limits::FAULTS {
            list.push(fault);
        } else if fault.severity == Severity::Error {
            self.dropped.set(self.dropped.get() + 1);
        }
    }

    /// A suggestion, which is made only while it can still be shown: among many names each takes its time, and a file that
    /// lacks one may lack all of them.
    pub(crate) fn suggestion(&self, make: impl FnOnce() -> Option<String>) -> Option<String> {
        (self.list.borrow().len() < limits::FAULTS).then(make).flatten()
    }

    /// Takes many faults in.
    pub(crate) fn extend(&self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.add(fault));
    }

    /// Takes a syntax error in that spoils no more than its line.
    pub(crate) fn add_syntax_error(&self, fault: Fault) {
        let line = fault.line_and_column().map_or(1, |(line, _)| line);
        let path = fault.source.path.clone();
        self.push(fault);
        self.syntax.borrow_mut().entry(path).or_default().insert(line);
    }

    /// Takes a syntax error in after which keys may be lost or stand in the wrong table, and names be missing.
    pub(crate) fn add_structural_error(&self, fault: Fault) {
        self.doubtful.borrow_mut().insert(fault.source.path.clone());
        self.names_incomplete.set(true);
        self.add_syntax_error(fault);
    }

    /// Says that a file which may define names could not be read at all.
    pub(crate) fn doubt_names(&self) {
        self.names_incomplete.set(true);
    }

    /// Whether an unknown name may be one that a broken file defines.
    pub(crate) fn names_in_doubt(&self) -> bool {
        self.names_incomplete.get()
    }

    /// Whether nothing can be said of what tables of the file lack or have too much.
    pub(crate) fn structure_in_doubt(&self, source: &Source) -> bool {
        self.doubtful.borrow().contains(&source.path)
    }

    /// Whether any error was taken in.
    pub(crate) fn any_error(&self) -> bool {
        self.dropped.get() > 0 || crate::fault::any_error(&self.list.borrow())
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
            faults.list.borrow_mut().len();
            faults.add(Fault::file(&main, format!("fault {}", faults.list.borrow().len())));
        }
        let sorted = faults.into_sorted(&main);
        assert_eq!(sorted.len(), limits::FAULTS + 1);
        assert_eq!(sorted[limits::FAULTS].message, "5 more faults are not shown");
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
