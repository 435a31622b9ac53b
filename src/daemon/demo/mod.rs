//! The demonstration: the shipped zone example.com, answered on loopback with backends of its own.
//!
//! The files are those of the source tree (`zones/`, `geoip/`, `deploy/demo/`), kept in the binary, so that it needs no
//! folder, no root and no network.

mod backend;
mod guide;

pub use backend::Backend;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::guide::guide;
use super::{ServeError, Service};
use crate::config::Files;

/// The main file of the demonstration, within its files.
const MAIN_FILE: &str = "deploy/demo/meridian.toml";

/// The files of the demonstration: path in the source tree, and text.
const FILES: [(&str, &str); 5] = [
    (MAIN_FILE, include_str!("../../../deploy/demo/meridian.toml")),
    ("zones/example.com.zone", include_str!("../../../zones/example.com.zone")),
    ("zones/example.com.toml", include_str!("../../../zones/example.com.toml")),
    ("geoip/maps.toml", include_str!("../../../geoip/maps.toml")),
    ("geoip/lists/offices.txt", include_str!("../../../geoip/lists/offices.txt")),
];

/// The members that the files name: site, pool/member, address. A test holds them equal.
const BACKENDS: [(&str, &str, &str); 4] = [
    ("Frankfurt", "web-fra/fra-1", "127.0.1.10:8080"),
    ("Frankfurt", "web-fra/fra-2", "127.0.1.11:8080"),
    ("Washington", "web-iad/iad-1", "127.0.2.10:8080"),
    ("Singapore", "web-sin/sin-1", "127.0.3.10:8080"),
];

/// Why the demonstration could not start.
#[derive(Debug, Error)]
pub enum DemoError {
    /// Backends whose addresses cannot be had; all of them.
    #[error("{}\nis another demonstration running?", lines(.0))]
    Backends(Vec<BackendError>),
    /// The server itself.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// A backend that could not start.
#[derive(Debug, Error)]
#[error("the demonstration needs {address} for its backend {name}: {error}")]
pub struct BackendError {
    address: SocketAddr,
    name: &'static str,
    error: io::Error,
}

/// Serves the demonstration until the process is told to stop. `ready` is called with a text that says what to try, once
/// questions are answered.
pub fn serve(seed: Option<u64>, ready: impl FnOnce(&str)) -> Result<(), DemoError> {
    let runtime = super::process::runtime("backends", 1).build().map_err(ServeError::System)?;
    let _backends = runtime.block_on(start_backends())?;
    let socket = std::env::temp_dir().join(format!("meridian-demo-{}.sock", std::process::id()));
    let service = Service { files: files(&socket), main: PathBuf::from(MAIN_FILE), seed };
    Ok(super::serve(service, |_| ready(&guide(&socket)))?)
}

/// The files, with a control socket of this process's own beside what they say.
fn files(socket: &Path) -> Files {
    let mut files: BTreeMap<PathBuf, Vec<u8>> =
        FILES.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect();
    let main = files.entry(PathBuf::from(MAIN_FILE)).or_default();
    main.extend_from_slice(format!("\n[admin]\nsocket = {:?}\n", socket.display().to_string()).as_bytes());
    Files::Memory(files)
}

async fn start_backends() -> Result<Vec<Backend>, DemoError> {
    let (mut backends, mut errors) = (Vec::new(), Vec::new());
    for (_, name, address) in BACKENDS {
        let address: SocketAddr = address.parse().expect("the table holds addresses with ports");
        match Backend::start(address, name).await {
            Ok(backend) => backends.push(backend),
            Err(error) => errors.push(BackendError { address, name, error }),
        }
    }
    if errors.is_empty() { Ok(backends) } else { Err(DemoError::Backends(errors)) }
}

fn lines(errors: &[BackendError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::{self, Mode};

    #[test]
    fn the_backends_are_the_targets_of_the_files() {
        let files = files(Path::new("/tmp/s"));
        let loaded = config::load(&files, Path::new(MAIN_FILE), Mode::Check, None).unwrap_or_else(|faults| {
            panic!("{}", config::report::for_people(&faults, false));
        });
        let configuration = loaded.configuration;
        let probed: BTreeSet<SocketAddr> = configuration
            .targets
            .iter()
            .map(|target| (target.key.address, configuration.monitors[target.monitor].monitor.port).into())
            .collect();
        let backends = BACKENDS.iter().map(|(_, _, address)| address.parse().unwrap());
        assert_eq!(backends.collect::<BTreeSet<SocketAddr>>(), probed);
        for (_, name, _) in BACKENDS {
            let (pool, member) = name.split_once('/').unwrap();
            let pool = configuration.pools.iter().find(|each| each.name == pool).unwrap();
            assert!(pool.members.iter().any(|each| each.name == member), "{name}");
        }
        assert_eq!(loaded.warnings, []);
    }

    #[test]
    fn a_backend_whose_address_is_taken_is_named() {
        let address = "127.0.0.1:8080".parse().unwrap();
        let error = BackendError { address, name: "p/m", error: io::ErrorKind::AddrInUse.into() };
        let message = DemoError::Backends(vec![error]).to_string();
        assert_eq!(
            message,
            "the demonstration needs 127.0.0.1:8080 for its backend p/m: address in use\nis another demonstration running?"
        );
    }
}
