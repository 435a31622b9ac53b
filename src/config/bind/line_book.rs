//! The lines of a map's entries: files are numbered as they occur.

use std::cell::RefCell;
use std::sync::Arc;

use crate::config::text::Place;
use crate::geo::FileLine;

/// The files of one map so far.
#[derive(Default)]
pub(super) struct LineBook {
    files: RefCell<Vec<Arc<str>>>,
}

impl LineBook {
    /// The line of a place. Entries of one file follow one another, so the last file is looked at first.
    pub(super) fn line(&self, place: &Place) -> FileLine {
        let mut files = self.files.borrow_mut();
        let known = files.iter().rposition(|file| **file == *place.source.path);
        let file = known.unwrap_or_else(|| {
            files.push(place.source.path.as_str().into());
            files.len() - 1
        });
        FileLine { file: file as u16, line: place.source.line(place.span.start) as u32 }
    }

    /// The files by their numbers: that of the maps and the lists, which are bounded.
    pub(super) fn files(&self) -> Vec<Arc<str>> {
        self.files.borrow().clone()
    }
}
