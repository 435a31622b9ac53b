//! The file that a command was given: where it is, and what the loader makes of it.

use std::path::{Path, PathBuf};

use crate::config::{self, Files, Loaded, Mode};
use crate::fault::Fault;

/// A main file by its folder and its name in it, as the loader wants it.
pub(super) struct MainFile {
    /// The folder that all paths in the files are relative to.
    pub(super) folder: PathBuf,
    /// The file within it.
    pub(super) name: PathBuf,
}

impl MainFile {
    /// Splits a path as typed.
    pub(super) fn new(path: &Path) -> MainFile {
        let folder = match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let name = path.file_name().map_or_else(|| path.to_owned(), PathBuf::from);
        MainFile { folder, name }
    }

    /// Loads everything the file names.
    pub(super) fn load(&self) -> Result<Loaded, Vec<Fault>> {
        config::load(&Files::Disk(self.folder.clone()), &self.name, Mode::Check, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_in_this_folder() {
        for (typed, folder, name) in [
            ("meridian.toml", ".", "meridian.toml"),
            ("./meridian.toml", ".", "meridian.toml"),
            ("/etc/meridian/main.toml", "/etc/meridian", "main.toml"),
        ] {
            let file = MainFile::new(Path::new(typed));
            assert_eq!((file.folder.as_path(), file.name.as_path()), (Path::new(folder), Path::new(name)));
        }
    }
}
