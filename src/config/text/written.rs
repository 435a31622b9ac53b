//! Values that know where they were written.

use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::fault::{Fault, Line, Source};

/// Where something stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The file.
    pub(crate) source: Arc<Source>,
    /// The octets of it.
    pub(crate) span: Range<usize>,
}

impl Place {
    /// The start of a file: for what the file as a whole lacks.
    pub(crate) fn start_of(source: &Arc<Source>) -> Place {
        Place { source: Arc::clone(source), span: 0..0 }
    }

    /// An error here.
    pub(crate) fn error(&self, message: impl Into<String>) -> Fault {
        Fault::error(&self.source, self.span.clone(), message)
    }

    /// A warning here.
    pub(crate) fn warning(&self, message: impl Into<String>) -> Fault {
        Fault::warning(&self.source, self.span.clone(), message)
    }

    /// The line, without what else the file holds.
    pub(crate) fn file_line(&self) -> Line {
        self.source.file_line(self.span.start)
    }

    /// `file:line`, for texts that point at another place.
    pub(crate) fn file_and_line(&self) -> String {
        self.file_line().to_string()
    }
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Written<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it stands.
    pub(crate) place: Place,
}

impl<T> Deref for Written<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The value alone.
pub(crate) fn unplaced<T>(written: Option<Written<T>>) -> Option<T> {
    written.map(|written| written.value)
}
