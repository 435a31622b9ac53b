//! Files → configuration, or the full list of faults.
//!
//! Three steps, each in a module: `document` gives trees of values that know where they stand, `spec` what each file
//! says by itself, `bind` what they mean together. Every step goes on after a fault, so that one run tells them all.

mod assertions;
mod bind;
pub mod comparison;
mod copy;
mod document;
mod expectations;
mod files;
mod json;
mod limits;
mod proof;
pub mod report;
mod settings;
mod spec;
mod swap;
mod text;
mod workspace;

pub use assertions::Assertions;
pub use copy::DatabaseCopy;
pub use expectations::{Examination, Expectations, Untouched};
pub use files::Files;
pub use proof::{Proof, ProofOutcome, Refutation};
pub use settings::{Account, BypassMode, BypassSettings, Settings, TcpSettings};
pub use swap::{Swap, swap_databases};
pub(crate) use text::did_you_mean;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::fault::{Fault, any_error};
use crate::snapshot::Configuration;

use text::Faults;
use workspace::Workspace;

/// Where the main file is looked for that nobody names: the folder in which an operator works, then the installed server's.
pub const MAIN_FILES: [&str; 2] = ["meridian.toml", "/etc/meridian/meridian.toml"];

/// What a load is for; it decides what a bad geo database means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `meridian check`: a bad database is an error.
    Check,
    /// `meridian plan`: the same, and what is lent serves nobody, so that no database has shrunk against it.
    Compare,
    /// `meridian prove`: as for `check`, but that an assertion does not hold is a result, not an error.
    Prove,
    /// The start of the server: for a bad database its last good copy serves, or the built-in data.
    Start,
    /// A reload: a bad or shrunken database refuses the reload.
    Reload,
}

/// Everything that one run of the loader gives.
pub struct Loaded {
    /// For the edges.
    pub settings: Settings,
    /// For the keeper.
    pub configuration: Configuration,
    /// Databases that were accepted for the first time: to be kept for a later start with a bad file.
    pub database_copies: Vec<DatabaseCopy>,
    /// What operators expect of it, to be examined by whoever checks.
    pub expectations: Expectations,
    /// What came of each assertion.
    pub proofs: Vec<Proof>,
    /// The assertions, for when databases are replaced.
    pub assertions: Assertions,
    /// Warnings; errors would have refused it all.
    pub warnings: Vec<Fault>,
}

/// Loads the configuration whose main file is `main`. `previous` lends what did not change (zones, databases, maps) and
/// is what a shrunken database is measured against. The error is the list of all faults of all files, warnings among
/// them, in the order of reading.
pub fn load(
    files: &Files,
    main: &Path,
    mode: Mode,
    previous: Option<&Configuration>,
) -> Result<Loaded, Vec<Fault>> {
    load_holding(files, main, mode, previous, &HeldBack::new())
}

/// The digests of what files of databases hold that are not to be taken.
pub type HeldBack = HashSet<u64>;

/// The same, with some files of databases held back: where one of these lies, the database of `previous` goes on serving.
pub fn load_holding(
    files: &Files,
    main: &Path,
    mode: Mode,
    previous: Option<&Configuration>,
    held: &HeldBack,
) -> Result<Loaded, Vec<Fault>> {
    match look(files, main, mode, previous, held) {
        (Some(loaded), faults) if !any_error(&faults) => Ok(Loaded { warnings: faults, ..loaded }),
        (_, faults) => Err(faults),
    }
}

/// Loads it for somebody who wants to know all that can be said: all faults of all files, and what was loaded, also where
/// assertions or expectations have faults, so that the other ones can be looked at. A server refuses such files.
pub fn look_at(files: &Files, main: &Path, mode: Mode) -> (Option<Loaded>, Vec<Fault>) {
    look(files, main, mode, None, &HeldBack::new())
}

fn look(
    files: &Files,
    main: &Path,
    mode: Mode,
    previous: Option<&Configuration>,
    held: &HeldBack,
) -> (Option<Loaded>, Vec<Fault>) {
    let workspace = Workspace::new(files, main);
    let source = match workspace.main_file(main) {
        Ok(source) => source,
        Err(fault) => return (None, vec![*fault]),
    };
    let faults = Faults::default();
    let bound = bind::Loader { workspace: &workspace, mode, previous, held, faults: &faults }.load(&source);
    (bound.ok(), faults.into_sorted(&source))
}

/// The control socket that the main file names, for somebody who only wants to ask a running server: no other file is read,
/// and faults elsewhere in this one do not matter. The error is the list of faults that hide it: the file cannot be read,
/// the path cannot be a socket's, or no socket is found in a file with syntax errors.
pub fn control_socket(files: &Files, main: &Path) -> Result<Option<PathBuf>, Vec<Fault>> {
    let workspace = Workspace::new(files, main);
    let source = workspace.main_file(main).map_err(|fault| vec![*fault])?;
    let faults = Faults::default();
    let written = spec::read_control_socket(&source, &faults);
    match written.and_then(|written| bind::socket_path(written.as_ref(), &workspace, &faults)) {
        Ok(Some(socket)) => Ok(Some(socket)),
        Ok(None) if !faults.any_error() => Ok(None),
        _ => Err(faults.into_sorted(&source)),
    }
}

#[cfg(test)]
mod tests;
