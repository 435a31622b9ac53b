//! The demonstration: the shipped zone example.com, answered from loopback with backends of its own.
//!
//! The files are those in the source tree (`zones/`, `geoip/`, `deploy/demo/`), kept in the binary, so that it needs no
//! folder, no root and no network.

mod backend;

pub use backend::Backend;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::config::Files;
use crate::snapshot::Configuration;
