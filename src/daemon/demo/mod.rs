//! The demonstration: the shipped zone example.com, answered on loopback with backends of its own.
//!
//! The files are those of the source tree (`zones/`, `geoip/`, `deploy/demo/`), kept in the binary, so that it needs no
//! folder, no root and no network.

mod backend;
mod guide;

pub use backend::Backend;
pub use guide::guide;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use super::{ServeError, Service};
use crate::config::Files;

/// The main file of the demonstration, within its files.
const MAIN_FILE: &str = "meridian.toml";

/// The files of the demonstration: path and text.
const FILES: [(&str, &str); 4] = [
    (MAIN_FILE, include_str!("../../../deploy/demo/meridian.toml")),
    ("zones/example.com.zone", include_str!("../../../zones/example.com.zone")),
    ("zones/example.com.toml", include_str!("../../../zones/example.com.toml")),
    ("geoip/maps.toml", include_str!("../../../geoip/maps.toml")),
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
    #[error("{}", lines(.0))]
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

/// Serves the demonstration until the process is told to stop. `ready` is called with the listening addresses once
/// questions are answered.
pub fn serve(seed: Option<u64>, ready: impl FnOnce(&[SocketAddr])) -> Result<(), DemoError> {
    let runtime = super::runtime("backends", 1).map_err(ServeError::System)?;
    let _backends = runtime.block_on(start_backends())?;
    let service = Service { files: files(), main: PathBuf::from(MAIN_FILE), seed };
    Ok(super::serve(service, ready)?)
}

fn files() -> Files {
    let files = FILES.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
    Files::Memory(BTreeMap::from_iter(files))
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
