//! The files that a command was pointed at.

use std::path::{Path, PathBuf};

use crate::config::{self, Files, Loaded, Mode};
use crate::fault::Fault;

/// The disk, seen from the current folder: faults name files as the operator typed them.
pub(super) fn on_disk() -> Files {
    Files::Disk(PathBuf::from("."))
}

/// Loads a main file and everything it names, as a look from outside: a bad database is an error.
pub(super) fn load(main: &Path) -> Result<Loaded, Vec<Fault>> {
    config::load(&on_disk(), main, Mode::Check, None)
}
