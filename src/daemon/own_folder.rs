//! Folders that the server makes for itself while it may: perhaps as root, for the user that it is about to become.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::{fs, io};

use crate::config::Account;

/// Makes a folder where it is missing, and gives it to `owner`; whether it was missing. One that is there is left alone.
pub(super) fn make(folder: &Path, owner: Option<&Account>) -> io::Result<bool> {
    if folder.exists() {
        return Ok(false);
    }
    fs::create_dir_all(folder)?;
    if let Some(owner) = owner
        && fs::metadata(folder)?.uid() != owner.uid
    {
        chown(folder, Some(owner.uid), Some(owner.gid))?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_made() {
        let base = std::env::temp_dir().join(format!("meridian-own-folder-{}", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        let folder = base.join("run/meridian");
        let (uid, gid) = (fs::metadata(&base).unwrap().uid(), fs::metadata(&base).unwrap().gid());
        let owner = Account { user: "ourselves".into(), uid, gid };
        assert!(make(&folder, Some(&owner)).unwrap());
        assert_eq!(fs::metadata(&folder).unwrap().uid(), uid);
        // Nobody but root could give it away, and it is not tried.
        let stranger = Account { uid: uid + 1, ..owner };
        assert!(!make(&folder, Some(&stranger)).unwrap());
        assert_eq!(fs::metadata(&folder).unwrap().uid(), uid);
        fs::remove_dir_all(&base).unwrap();
    }
}
