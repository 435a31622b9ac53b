//! Where files come from: the disk or memory, with the bounds of [`limits`](super::limits).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

use super::limits;

/// The bit of a file's mode that lets everybody read it.
const READABLE_BY_ALL: u32 = 0o004;

/// Where files come from. Paths in faults are those given here, without the folder of [`Files::Disk`].
#[derive(Clone)]
pub enum Files {
    /// The disk; relative paths start at this folder (`.` for the current one).
    Disk(PathBuf),
    /// Memory (the demonstration, tests, fuzzing): path → octets, the paths without `.` and `..`.
    Memory(BTreeMap<PathBuf, Vec<u8>>),
    /// Another source, in which one file has other octets.
    Replaced {
        /// The other source.
        files: Box<Files>,
        /// The file, its path without `.` and `..`.
        path: PathBuf,
        /// What it holds instead.
        octets: Vec<u8>,
    },
}

/// Why a file or folder cannot be read; a sentence for the operator.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// Nothing is there.
    #[error("no such file or folder")]
    Missing,
    /// The rights are lacking.
    #[error("permission denied")]
    Denied,
    /// A folder, device or pipe where a file was asked for.
    #[error("it is not a regular file")]
    NotAFile,
    /// A file where a folder was asked for.
    #[error("it is not a folder")]
    NotAFolder,
    /// More octets than the bound.
    #[error("it is larger than {0} octets")]
    TooLarge(u64),
    /// More entries than the bound.
    #[error("it has more than {0} entries")]
    TooMany(usize),
    /// It lies outside the folder that it must stay in.
    #[error("it lies outside the folder of the zones")]
    Outside,
    /// Anything else that the system says.
    #[error("{0}")]
    Other(std::io::Error),
}

impl ReadError {
    /// What to do about it, where that can be said of every file: `shown` is how faults call it.
    pub(crate) fn help(&self, shown: &str) -> Option<String> {
        matches!(self, ReadError::Denied).then(|| super::bind::help_to_read(shown))
    }
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> ReadError {
        match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::Missing,
            std::io::ErrorKind::PermissionDenied => ReadError::Denied,
            std::io::ErrorKind::NotADirectory => ReadError::NotAFolder,
            _ => ReadError::Other(error),
        }
    }
}

impl Files {
    /// The same files, but that one which the main file at `main` names by a path holds other octets.
    #[must_use]
    pub fn with_replaced(self, main: &Path, named: &str, octets: Vec<u8>) -> Files {
        let path = without_dots(&main.parent().unwrap_or(Path::new("")).join(named));
        Files::Replaced { files: Box::new(self), path, octets }
    }

    /// The octets of a file, at most `most`.
    pub(crate) fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, ReadError> {
        match self {
            Files::Disk(folder) => read_regular_file(&folder.join(path), most),
            Files::Memory(files) => match files.get(&without_dots(path)) {
                Some(octets) if octets.len() as u64 > most => Err(ReadError::TooLarge(most)),
                Some(octets) => Ok(octets.clone()),
                None => Err(ReadError::Missing),
            },
            Files::Replaced { path: replaced, octets, .. } if *replaced == without_dots(path) => {
                if octets.len() as u64 > most { Err(ReadError::TooLarge(most)) } else { Ok(octets.clone()) }
            }
            Files::Replaced { files, .. } => files.read(path, most),
        }
    }

    /// The octets of a file that must lie below `folder`: no absolute path, no `..`, no symbolic link that leads out.
    pub(crate) fn read_below(&self, folder: &Path, path: &Path, most: u64) -> Result<Vec<u8>, ReadError> {
        let stays = |component| matches!(component, Component::Normal(_) | Component::CurDir);
        if !path.components().all(stays) {
            return Err(ReadError::Outside);
        }
        let base = match self {
            Files::Disk(base) => base,
            Files::Memory(_) => return self.read(&folder.join(path), most),
            Files::Replaced { files, .. } => return files.read_below(folder, path, most),
        };
        let fence = base.join(folder).canonicalize()?;
        let real = fence.join(path).canonicalize()?;
        if !real.starts_with(&fence) {
            return Err(ReadError::Outside);
        }
        read_regular_file(&real, most)
    }

    /// The names of the entries of a folder, sorted; names that are not UTF-8 with their octets replaced.
    pub(crate) fn list(&self, path: &Path) -> Result<Vec<String>, ReadError> {
        let names: BTreeSet<String> = match self {
            Files::Disk(folder) => std::fs::read_dir(folder.join(path))?
                .take(limits::FOLDER_ENTRIES + 1)
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect::<Result<_, std::io::Error>>()?,
            Files::Memory(files) => names_in(files, &without_dots(path)).ok_or(ReadError::Missing)?,
            Files::Replaced { files, .. } => return files.list(path),
        };
        if names.len() > limits::FOLDER_ENTRIES {
            return Err(ReadError::TooMany(limits::FOLDER_ENTRIES));
        }
        Ok(names.into_iter().collect())
    }

    /// Whether every user of the machine may read a file, as far as its own mode says.
    pub(crate) fn is_readable_by_all(&self, path: &Path) -> bool {
        match self {
            Files::Disk(folder) => std::fs::metadata(folder.join(path))
                .is_ok_and(|metadata| metadata.permissions().mode() & READABLE_BY_ALL != 0),
            Files::Memory(_) => false,
            Files::Replaced { files, .. } => files.is_readable_by_all(path),
        }
    }

    /// The path as the system knows it: for settings that other parts open themselves.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        match self {
            Files::Disk(folder) => folder.join(path),
            Files::Memory(_) => path.to_owned(),
            Files::Replaced { files, .. } => files.resolve(path),
        }
    }
}

/// Opening a pipe would wait for a writer, a device might never end: only regular files are read.
fn read_regular_file(path: &Path, most: u64) -> Result<Vec<u8>, ReadError> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile);
    }
    if metadata.len() > most {
        return Err(ReadError::TooLarge(most));
    }
    let mut octets = Vec::with_capacity(metadata.len() as usize);
    // It may have grown since.
    std::fs::File::open(path)?.take(most + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > most {
        return Err(ReadError::TooLarge(most));
    }
    Ok(octets)
}

fn names_in(files: &BTreeMap<PathBuf, Vec<u8>>, folder: &Path) -> Option<BTreeSet<String>> {
    let names: BTreeSet<String> = files
        .keys()
        .filter_map(|path| path.strip_prefix(folder).ok()?.components().next())
        .map(|first| first.as_os_str().to_string_lossy().into_owned())
        .collect();
    (!names.is_empty()).then_some(names)
}

/// The path without `.` and, as far as that is possible on paper, without `..`: what faults show, and the keys of
/// [`Files::Memory`].
pub(crate) fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(clean.components().next_back(), Some(Component::Normal(_))) => {
                clean.pop();
            }
            component => clean.push(component),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for one test, removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path = std::env::temp_dir().join(format!("meridian-files-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Scratch(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn dots_vanish_where_they_can() {
        for (path, clean) in
            [("a/./b", "a/b"), ("a/b/../../c", "c"), ("../a", "../a"), ("/a/../b", "/b"), ("./", "")]
        {
            assert_eq!(without_dots(Path::new(path)), Path::new(clean), "{path}");
        }
    }

    #[test]
    fn nothing_outside_the_fence_is_read() {
        let scratch = Scratch::new("fence");
        let zones = scratch.0.join("zones");
        std::fs::create_dir_all(zones.join("sub")).unwrap();
        std::fs::write(scratch.0.join("secret"), "s").unwrap();
        std::fs::write(zones.join("sub/part"), "p").unwrap();
        std::os::unix::fs::symlink("../secret", zones.join("out")).unwrap();
        std::os::unix::fs::symlink("sub/part", zones.join("in")).unwrap();
        let files = Files::Disk(scratch.0.clone());
        let read =
            |path: &str| files.read_below(Path::new("zones"), Path::new(path), 10).map_err(|e| e.to_string());
        assert_eq!(read("sub/part"), Ok(b"p".to_vec()));
        assert_eq!(read("in"), Ok(b"p".to_vec()));
        let outside = Err("it lies outside the folder of the zones".to_owned());
        for path in ["out", "../secret", "sub/../../secret", "/etc/passwd"] {
            assert_eq!(read(path), outside, "{path}");
        }
        assert_eq!(read("missing"), Err("no such file or folder".into()));
    }

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let scratch = Scratch::new("bounds");
        std::fs::write(scratch.0.join("file"), "0123456789").unwrap();
        let files = Files::Disk(scratch.0.clone());
        let read = |path: &str, most| files.read(Path::new(path), most).map_err(|e| e.to_string());
        assert_eq!(read("file", 10), Ok(b"0123456789".to_vec()));
        assert_eq!(read("file", 9), Err("it is larger than 9 octets".into()));
        assert_eq!(read(".", 9), Err("it is not a regular file".into()));
        assert_eq!(read("/dev/zero", 9), Err("it is not a regular file".into()));
        assert_eq!(files.list(Path::new("")).unwrap(), ["file"]);
        assert_eq!(files.list(Path::new("file")).unwrap_err().to_string(), "it is not a folder");
    }

    #[test]
    fn a_file_that_everybody_may_read_is_told_apart() {
        let scratch = Scratch::new("mode");
        let path = scratch.0.join("secret");
        std::fs::write(&path, "s").unwrap();
        let files = Files::Disk(scratch.0.clone());
        for (mode, expected) in [(0o600, false), (0o640, false), (0o644, true), (0o604, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(files.is_readable_by_all(Path::new("secret")), expected, "{mode:o}");
        }
        assert!(!files.is_readable_by_all(Path::new("missing")));
    }

    #[test]
    fn memory_has_folders_too() {
        let paths = ["zones/a.zone", "zones/sub/x", "m.toml"].map(PathBuf::from);
        let files = Files::Memory(paths.into_iter().map(|path| (path, b"x".to_vec())).collect());
        assert_eq!(files.list(Path::new("zones")).unwrap(), ["a.zone", "sub"]);
        assert_eq!(files.list(Path::new("x/..")).unwrap(), ["m.toml", "zones"]);
        assert!(files.list(Path::new("nothing")).is_err());
        assert_eq!(files.read(Path::new("sub/../m.toml"), 1).unwrap(), b"x");
        assert!(files.read(Path::new("m.toml"), 0).is_err());
    }
}
