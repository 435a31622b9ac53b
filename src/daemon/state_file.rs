//! The saved health table on disk: replaced by rename, so that a reader finds the old or the new one, never half.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::own_folder;
use crate::config::Account;

/// The largest table that is read back, in octets.
const SIZE_MAX: u64 = 256 * 1024 * 1024;

/// Where the health table is kept.
pub(super) struct StateFile {
    path: PathBuf,
    /// One writer at a time: a save under way and the last one at the stop share the unfinished file.
    writing: Mutex<()>,
}

impl StateFile {
    /// The table in a state folder, which is made where it is missing. It must belong to `owner`, the user that the
    /// process is about to become.
    pub(super) fn in_folder(folder: &Path, owner: Option<&Account>) -> io::Result<StateFile> {
        let is_new = own_folder::make(folder, owner)?;
        if let (false, Some(owner)) = (is_new, owner) {
            belongs_to(folder, owner)?;
        }
        Ok(StateFile { path: folder.join("health"), writing: Mutex::new(()) })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What was saved last; `None` when nothing was saved yet.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            // A pipe would wait for a writer, a device might never end.
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a regular file")),
            Ok(metadata) if metadata.len() > SIZE_MAX => {
                Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {SIZE_MAX} octets")))
            }
            Ok(_) => {
                let mut octets = Vec::new();
                File::open(&self.path)?.take(SIZE_MAX).read_to_end(&mut octets)?;
                Ok(Some(octets))
            }
        }
    }

    /// Replaces the saved text.
    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        // Without this a power cut can leave the new name on empty blocks.
        file.sync_data()?;
        fs::rename(&new, &self.path)
    }
}

/// A folder that was there is whoever's it is, and only looked at.
fn belongs_to(folder: &Path, owner: &Account) -> io::Result<()> {
    let uid = fs::metadata(folder)?.uid();
    if uid == owner.uid {
        return Ok(());
    }
    let user = &owner.user;
    Err(io::Error::other(format!("it belongs to the user number {uid}; give it to {user}: `chown {user} …`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else_is_left() {
        let folder = std::env::temp_dir().join(format!("meridian-state-file-{}", std::process::id()));
        let file = StateFile::in_folder(&folder, None).unwrap();
        assert_eq!(file.read().unwrap(), None);
        file.write("one").unwrap();
        file.write("two").unwrap();
        assert_eq!(file.read().unwrap().as_deref(), Some(b"two".as_slice()));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_folder_belongs_to_the_user_that_writes_there() {
        let folder = std::env::temp_dir().join(format!("meridian-state-owner-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let uid = fs::metadata(&folder).unwrap().uid();
        let account = |uid| Account { user: "somebody".into(), uid, gid: 1 };
        assert!(StateFile::in_folder(&folder, Some(&account(uid))).is_ok());
        let error = StateFile::in_folder(&folder, Some(&account(uid + 1))).err().unwrap().to_string();
        assert_eq!(
            error,
            format!("it belongs to the user number {uid}; give it to somebody: `chown somebody …`")
        );
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let folder = std::env::temp_dir().join(format!("meridian-state-device-{}", std::process::id()));
        let file = StateFile::in_folder(&folder, None).unwrap();
        std::os::unix::fs::symlink("/dev/zero", file.path()).unwrap();
        assert_eq!(file.read().unwrap_err().to_string(), "it is not a regular file");
        fs::remove_dir_all(&folder).unwrap();
    }
}
