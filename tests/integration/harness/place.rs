//! Places of a test's own: folders that vanish, loopback addresses and ports that nobody else has.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

/// A folder below the system's temporary one (paths of sockets must be short). It is removed at the end, unless the
/// test failed: then it stays to be looked at.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("meridian-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        Folder { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file below the folder; it replaces an old one in one step, as editors do.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path.join(name);
        let folder = path.parent().expect("a file below a folder");
        fs::create_dir_all(folder).expect("a folder can be made");
        // Not `with_extension`: it takes `..zone`, the root zone's file, for a folder.
        let mut new = path.clone().into_os_string();
        new.push(".new");
        fs::write(&new, content).expect("a file can be written");
        fs::rename(&new, &path).expect("a file can be renamed");
        path
    }

    /// Copies a folder of tests/data into this one.
    pub fn copy(&self, fixture_folder: &str) {
        self.copy_below(&fixture(&format!("data/{fixture_folder}")), "");
    }

    /// Copies what is in a folder to a place below this one, which is empty or ends in a slash.
    pub fn copy_below(&self, from: &Path, below: &str) {
        for entry in fs::read_dir(from).expect("a fixture folder can be listed") {
            let entry = entry.expect("an entry of a fixture folder can be read");
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.copy_below(&entry.path(), &format!("{name}/"));
            } else {
                self.write(&name, fs::read(entry.path()).expect("a fixture can be read"));
            }
        }
    }

    pub fn read(&self, name: &str) -> String {
        fs::read(self.path.join(name))
            .map(|octets| String::from_utf8_lossy(&octets).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the folder of this test stays: {}", self.path.display());
        } else {
            // A leftover folder in the temporary one harms nobody.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// An IPv4 loopback address that belongs to this test process: several may run on one machine.
/// `host` tells backends apart, 1–254.
pub fn loopback(host: u8) -> Ipv4Addr {
    let [.., upper, lower] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, upper.clamp(1, 254), lower.clamp(1, 254), host)
}

/// A port that is free for UDP and TCP at every one of `addresses`, below the range from which the kernel takes ports
/// for clients.
pub fn free_port(addresses: &[IpAddr]) -> u16 {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() as u16;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + start.wrapping_mul(37).wrapping_add(step) % COUNT;
        if addresses.iter().all(|&address| is_free(SocketAddr::new(address, port))) {
            return port;
        }
    }
    panic!("no port is free at {addresses:?}");
}

fn is_free(address: SocketAddr) -> bool {
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

/// The IPv6 loopback address.
pub const LOOPBACK_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Something that `tests/run prepare` put into target/test-data; panics with the way out when it is missing.
pub fn test_data(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-data").join(name);
    assert!(path.exists(), "{} is missing: run `tests/run prepare` first", path.display());
    path
}

/// A file of the repository's tests/ folder.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_given_once() {
        let addresses = [IpAddr::V4(loopback(250))];
        let first = free_port(&addresses);
        assert_ne!(first, free_port(&addresses));
    }

    #[test]
    fn taken_ports_are_not_given() {
        let taken = UdpSocket::bind((loopback(251), 0)).unwrap();
        assert!(!is_free(taken.local_addr().unwrap()));
        drop(taken);
    }

    #[test]
    fn a_folder_vanishes_with_its_files() {
        let folder = Folder::new("vanishes");
        folder.write("a/b.txt", "text");
        assert_eq!(folder.read("a/b.txt"), "text");
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }
}
