//! The folder of `meridian.toml`, and how paths in the files are read from it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fault::{Fault, Source};

use super::files::{Files, ReadError, without_dots};
use super::limits;
use super::text::{Faults, Parsed, Written, quote};

/// Reads files by the paths that stand in `meridian.toml`: relative ones start at its folder.
pub(crate) struct Workspace<'a> {
    files: &'a Files,
    folder: PathBuf,
}

impl<'a> Workspace<'a> {
    /// The workspace of the main file at `main`.
    pub(crate) fn new(files: &'a Files, main: &Path) -> Workspace<'a> {
        Workspace { files, folder: main.parent().unwrap_or(Path::new("")).to_owned() }
    }

    /// The main file itself.
    pub(crate) fn main_file(&self, main: &Path) -> Result<Arc<Source>, Box<Fault>> {
        let name = without_dots(main).to_string_lossy().into_owned();
        match self.files.read(main, limits::SETTINGS_FILE_OCTETS) {
            Ok(octets) => Ok(Source::new(name, octets)),
            Err(error) => {
                let help = error.help(&name).or_else(|| how_to_name(&error));
                let fault = Fault::file(&Source::new(name, ""), format!("cannot be read: {error}"));
                Err(Box::new(Fault { help, ..fault }))
            }
        }
    }

    /// How faults call the file at `path`.
    pub(crate) fn shown(&self, path: &str) -> String {
        without_dots(&self.folder.join(path)).to_string_lossy().into_owned()
    }

    /// The path as the system knows it.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.files.resolve(&self.folder.join(path))
    }

    /// The octets of a file.
    pub(crate) fn octets(&self, path: &str, most: u64) -> Result<Vec<u8>, ReadError> {
        self.files.read(&self.folder.join(path), most)
    }

    /// A text file.
    pub(crate) fn source(&self, path: &str, most: u64) -> Result<Arc<Source>, ReadError> {
        Ok(Source::new(self.shown(path), self.octets(path, most)?))
    }

    /// Whether every user of the machine may read a file.
    pub(crate) fn is_readable_by_all(&self, path: &str) -> bool {
        self.files.is_readable_by_all(&self.folder.join(path))
    }

    /// A text file below a folder (`$INCLUDE`).
    pub(crate) fn source_below(&self, folder: &str, path: &str, most: u64) -> Result<Arc<Source>, ReadError> {
        let octets = self.files.read_below(&self.folder.join(folder), Path::new(path), most)?;
        Ok(Source::new(self.shown(&format!("{folder}/{path}")), octets))
    }

    /// The names of the entries of a folder, sorted.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<String>, ReadError> {
        self.files.list(&self.folder.join(path))
    }

    /// A text file that a key names; a fault at the key when it cannot be read.
    pub(crate) fn named_by(&self, path: &Written<String>, most: u64, faults: &Faults) -> Parsed<Arc<Source>> {
        self.source(path, most).map_err(|error| cannot_read(&self.shown(path), path, &error, faults))
    }
}

/// The way out where there is no main file.
fn how_to_name(error: &ReadError) -> Option<String> {
    let [here, installed] = super::MAIN_FILES;
    matches!(error, ReadError::Missing).then(|| {
        format!(
            "name the main file (`meridian check FILE`, `meridian status --config FILE`); without a name it is \
             `{here}` of this folder or, where that does not exist, `{installed}`"
        )
    })
}

/// Reports a file that a key names and that cannot be read.
pub(crate) fn cannot_read<T>(
    shown: &str,
    key: &Written<T>,
    error: &ReadError,
    faults: &Faults,
) -> super::text::Broken {
    let fault = key.place.error(format!("{} cannot be read: {error}", quote(shown))).label("named here");
    faults.add(Fault { help: error.help(shown), ..fault });
    super::text::Broken
}
