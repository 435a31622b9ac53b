//! Last good copies of geo databases.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

/// A database that was accepted, and where its copy belongs.
pub struct DatabaseCopy {
    /// Below `state_dir`.
    pub path: PathBuf,
    /// What the file held when it was accepted.
    pub octets: Vec<u8>,
}

impl DatabaseCopy {
    /// Writes the copy by rename, so that a crash leaves the old one or the new one. A copy that is there already is
    /// left alone. Slow: not for the start or the threads that answer.
    pub fn keep(&self) -> io::Result<()> {
        let is_file =
            fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() == self.octets.len() as u64);
        if is_file && fs::read(&self.path).is_ok_and(|kept| kept == self.octets) {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut unfinished = self.path.clone().into_os_string();
        unfinished.push(".new");
        let mut file = File::create(&unfinished)?;
        file.write_all(&self.octets)?;
        file.sync_all()?;
        fs::rename(&unfinished, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_written_whole_and_replaces_the_older_one() {
        let folder = std::env::temp_dir().join(format!("meridian-copy-{}", std::process::id()));
        let path = folder.join("databases/a%2Fb.mmdb");
        for octets in [b"one".to_vec(), b"one".to_vec(), b"two".to_vec()] {
            DatabaseCopy { path: path.clone(), octets: octets.clone() }.keep().unwrap();
            assert_eq!(fs::read(&path).unwrap(), octets);
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
