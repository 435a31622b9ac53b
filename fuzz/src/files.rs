//! One input → several files: a line `### path` starts a file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use meridian::config::Files;

/// The main file.
pub(crate) const MAIN: &str = "meridian.toml";

const MARK: &[u8] = b"### ";

/// Octets before the first mark are the main file's.
pub(crate) fn split(octets: &[u8]) -> Files {
    let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let mut path = PathBuf::from(MAIN);
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        match line.strip_prefix(MARK) {
            Some(name) => path = PathBuf::from(String::from_utf8_lossy(name).trim().to_string()),
            None => files.entry(path.clone()).or_default().extend_from_slice(line),
        }
    }
    Files::Memory(files)
}
