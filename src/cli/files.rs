//! The files that a command was pointed at.

use std::path::{Path, PathBuf};

use crate::config::{self, Files, Loaded, Mode};
use crate::fault::Fault;

/// The disk, seen from the current folder: faults name files as the operator typed them.
pub(super) fn on_disk() -> Files {
    Files::Disk(PathBuf::from("."))
}

/// The main file: as given, or the one of this folder, or, where that does not exist, the installed one.
pub(super) fn main_file(given: Option<&Path>) -> &Path {
    given.unwrap_or_else(|| default_file(Path::exists))
}

fn default_file(exists: impl Fn(&Path) -> bool) -> &'static Path {
    let [here, installed] = config::MAIN_FILES.map(Path::new);
    if !exists(here) && exists(installed) { installed } else { here }
}

/// Loads a main file and everything it names, as a look from outside: a bad database is an error.
pub(super) fn load(main: &Path) -> Result<Loaded, Vec<Fault>> {
    config::load(&on_disk(), main, Mode::Check, None)
}

/// The same, also where assertions or expectations have faults or do not hold: whoever looks for the reason needs it.
pub(super) fn load_whatever_is_asserted(main: &Path) -> Result<Loaded, Vec<Fault>> {
    match look_at(main, Mode::Prove { from: None }) {
        (Some(loaded), _) => Ok(loaded),
        (None, faults) => Err(faults),
    }
}

/// Everything that can be said of the files: all faults, and what was loaded, also where only assertions or expectations
/// have faults.
pub(super) fn look_at(main: &Path, mode: Mode) -> (Option<Loaded>, Vec<Fault>) {
    config::look_at(&on_disk(), main, mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_this_folder_goes_before_the_installed_one() {
        let [here, installed] = config::MAIN_FILES;
        for (existing, expected) in
            [(&[here, installed][..], here), (&[here], here), (&[installed], installed), (&[], here)]
        {
            let chosen = default_file(|path| existing.iter().any(|each| path == Path::new(each)));
            assert_eq!(chosen, Path::new(expected), "{existing:?}");
        }
        assert_eq!(main_file(Some(Path::new("other.toml"))), Path::new("other.toml"));
    }
}
