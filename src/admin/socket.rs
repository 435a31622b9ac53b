//! The control socket: a Unix socket that only its owner can open, from the moment it exists.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The mode of the socket: the owner reads and writes, nobody else does anything.
const SOCKET_MODE: u32 = 0o600;
/// The mode of the folder in which the socket is made before it is moved to its place.
const FOLDER_MODE: u32 = 0o700;

/// Why the control socket could not be made.
#[derive(Debug, Error)]
pub enum SocketError {
    /// Another process answers there.
    #[error("{} is in use by a running server", .0.display())]
    InUse(PathBuf),
    /// Something that is not a socket has the name; it is not ours to delete.
    #[error("{} exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// The system said no.
    #[error("cannot make the control socket {}: {error}{}", .path.display(), way_out(.path, .error))]
    System {
        /// The path of the socket.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// What to do about what the system said, where that is plain.
fn way_out(path: &Path, error: &io::Error) -> String {
    let folder = path.parent().map(|folder| folder.display().to_string());
    let folder = folder.filter(|folder| !folder.is_empty()).unwrap_or_else(|| ".".to_owned());
    match error.kind() {
        ErrorKind::NotFound => format!("; make the folder {folder}, and give it to the user of the server"),
        ErrorKind::PermissionDenied => format!(
            "; the user of the server must be able to write in {folder}: give it that folder, or name a socket in \
             one of its own, such as /run/meridian/meridian.sock"
        ),
        _ => String::new(),
    }
}

/// The file of a bound socket; removed on drop unless somebody put another file in its place.
pub(super) struct SocketFile {
    path: PathBuf,
    device_and_inode: (u64, u64),
}

/// Binds a listening socket at `path`. The file of a dead process is replaced, that of a live one is an error.
///
/// The mask of the process cannot be changed safely while threads run, and a mode set after `bind` leaves a moment
/// in which others may connect. So the socket is made in a folder of mode 0700 and moved to its place when its mode is
/// right; the move also replaces a dead socket without a gap.
pub(super) fn bind(path: &Path) -> Result<(UnixListener, SocketFile), SocketError> {
    refuse_if_taken(path)?;
    let system = |error| SocketError::System { path: path.to_owned(), error };
    let folder = path.with_file_name(format!(".meridian.{}", std::process::id()));
    let bound = bind_inside(&folder, path);
    let _ = fs::remove_dir(&folder);
    let (listener, device_and_inode) = bound.map_err(system)?;
    Ok((listener, SocketFile { path: path.to_owned(), device_and_inode }))
}

fn refuse_if_taken(path: &Path) -> Result<(), SocketError> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(SocketError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(SocketError::System { path: path.to_owned(), error }),
        Ok(_) => Err(SocketError::InUse(path.to_owned())),
    }
}

fn bind_inside(folder: &Path, path: &Path) -> io::Result<(UnixListener, (u64, u64))> {
    let _ = fs::remove_file(folder.join("s"));
    let _ = fs::remove_dir(folder);
    DirBuilder::new().mode(FOLDER_MODE).create(folder)?;
    let made = folder.join("s");
    let listener = UnixListener::bind(&made)?;
    listener.set_nonblocking(true)?;
    fs::set_permissions(&made, Permissions::from_mode(SOCKET_MODE))?;
    let metadata = fs::symlink_metadata(&made)?;
    fs::rename(&made, path).inspect_err(|_| drop(fs::remove_file(&made)))?;
    Ok((listener, (metadata.dev(), metadata.ino())))
}

impl SocketFile {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let Ok(metadata) = fs::symlink_metadata(&self.path) else { return };
        if (metadata.dev(), metadata.ino()) == self.device_and_inode {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for each test, gone at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("meridian-{test}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_socket_is_the_owners_alone_and_nothing_else_stays() {
        let folder = Folder::new("mode");
        let path = folder.0.join("status");
        let (_listener, file) = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn a_dead_socket_is_replaced_and_a_live_one_is_an_error() {
        let folder = Folder::new("stale");
        let path = folder.0.join("status");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the file of the dead process is still there");
        let (_listener, _file) = bind(&path).unwrap();
        assert!(UnixStream::connect(&path).is_ok());
        assert!(matches!(bind(&path), Err(SocketError::InUse(_))));
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = Folder::new("file");
        let path = folder.0.join("status");
        fs::write(&path, "precious").unwrap();
        assert!(matches!(bind(&path), Err(SocketError::NotASocket(_))));
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn the_file_of_a_successor_is_not_removed() {
        let folder = Folder::new("successor");
        let path = folder.0.join("status");
        let (listener, file) = bind(&path).unwrap();
        drop(listener);
        let (_successor, _its_file) = bind(&path).unwrap();
        drop(file);
        assert!(UnixStream::connect(&path).is_ok());
    }
}
