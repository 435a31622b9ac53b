//! What an operator on call looks at and acts through: the control socket and the metrics.
//!
//! The control socket is a Unix socket of mode 0600 with `GET /status` (JSON, [`status::Status`]), `GET /metrics` and
//! `POST /control` ([`control::Request`]). The metrics listener is on a loopback address, has `GET /metrics` only and can
//! change nothing. Both are bounded in connections, time and size, and what they show is made outside the threads that
//! answer queries.

mod answering;
mod connection;
pub mod control;
pub mod explain;
mod gather;
mod http;
pub mod metrics;
pub mod plan;
mod socket;
pub mod status;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod timestamp;

pub use answering::answering;
pub use gather::troubled_rules;
pub use metrics::Counters;
pub use socket::SocketError;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use tokio::task::JoinHandle;

use self::connection::Limits;
use self::control::{Reply, Request};
use self::http::Page;
use crate::answer::{Limited, Tally};
use crate::fault::Fault;
use crate::snapshot::Recorded;

/// Where the shown state comes from. The daemon fills this in; edges never ask each other.
pub struct Sources {
    /// What is published, with the health of every target.
    pub recorded: Box<dyn Fn() -> Recorded + Send + Sync>,
    /// The last load of the files.
    pub last_load: Box<dyn Fn() -> LastLoad + Send + Sync>,
    /// What the packet threads count; shown as their sums.
    pub tallies: Vec<Arc<Tally>>,
    /// What is counted elsewhere.
    pub counters: Box<dyn Fn() -> Counters + Send + Sync>,
    /// Whether answers are limited at this moment.
    pub limiting: Box<dyn Fn() -> Option<Limiting> + Send + Sync>,
    /// Whether the first round of probes has ended.
    pub ready: Box<dyn Fn() -> bool + Send + Sync>,
    /// The geo databases whose files do not hold what is served.
    pub untaken: Box<dyn Fn() -> Vec<UntakenDatabase> + Send + Sync>,
    /// Carries out a request of an operator, on a thread that may take its time; an error is told to whoever asked.
    pub control: Box<dyn Fn(Request) -> Result<Reply, String> + Send + Sync>,
    /// When the process started, in seconds since 1970.
    pub started: u64,
}

/// The last load of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastLoad {
    /// Whether it was taken; if not, what was served before goes on.
    pub taken: bool,
    /// When it ended, in seconds since 1970.
    pub at: u64,
    /// Errors (then nothing changed) and warnings.
    pub faults: Vec<Fault>,
}

/// Rate limiting that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limiting {
    /// When it began, in seconds since 1970.
    pub since: u64,
    /// One of the networks whose answers are too many.
    pub sample: Option<Limited>,
    /// Whether nothing is held back.
    pub log_only: bool,
}

/// A geo database whose file has changed under the server and is not taken as it is; what was read before goes on serving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntakenDatabase {
    /// The path as configured.
    pub path: String,
    /// Why.
    pub why: Untaken,
    /// When this was found first, in seconds since 1970.
    pub since: u64,
}

impl UntakenDatabase {
    /// The digest of what the file holds, if that is held back.
    pub fn held_digest(&self) -> Option<u64> {
        match self.why {
            Untaken::HeldBack { digest, .. } => Some(digest),
            Untaken::Refused(_) => None,
        }
    }
}

/// Why the file of a geo database is not taken as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untaken {
    /// It is missing, it is bad or it has shrunk, in words.
    Refused(String),
    /// It could be taken, but for its gate. An operator may accept it.
    HeldBack {
        /// The digest of what the file holds.
        digest: u64,
        /// What speaks against it.
        why: Objection,
    },
}

/// What speaks against a geo database, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// It moves too many clients.
    Change {
        /// The largest share of the clients of a name that would get something else.
        share: String,
        /// The limit that this is above.
        max_change: String,
    },
    /// An assertion that holds would not hold any more: which, and why.
    Assertion(String),
}

/// Why the admin listeners could not be made.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The control socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// Metrics are for the machine itself; a proxy carries them further where wanted.
    #[error("metrics are served on loopback addresses only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The metrics listener.
    #[error("cannot listen for metrics on {address}: {error}")]
    Metrics {
        /// The address as configured.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
}

/// The running listeners; they stop, and the socket's file goes, when this is dropped.
pub struct Admin {
    tasks: Vec<JoinHandle<()>>,
    metrics_address: Option<SocketAddr>,
    _socket_file: Option<socket::SocketFile>,
}

impl Admin {
    /// Binds what is asked for and serves it on the present tokio runtime.
    pub fn start(
        sources: Sources,
        socket: Option<&Path>,
        metrics: Option<SocketAddr>,
    ) -> Result<Admin, AdminError> {
        Admin::start_with(sources, socket, metrics, Limits::METRICS)
    }

    /// The address that metrics are served on, with the port that the system chose where 0 was asked for.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    fn start_with(
        sources: Sources,
        socket: Option<&Path>,
        metrics: Option<SocketAddr>,
        metrics_limits: Limits,
    ) -> Result<Admin, AdminError> {
        let page = Page::new(sources);
        let bound_socket = socket.map(socket::bind).transpose()?;
        let bound_metrics = metrics.map(bind_metrics).transpose()?;
        let mut admin = Admin { tasks: Vec::new(), metrics_address: None, _socket_file: None };
        if let Some((listener, file)) = bound_socket {
            tracing::info!(path = %file.path().display(), "control socket ready");
            let listener = tokio::net::UnixListener::from_std(listener)
                .map_err(|error| SocketError::System { path: file.path().to_owned(), error })?;
            admin.tasks.push(tokio::spawn(http::serve(
                listener,
                Limits::CONTROL,
                http::socket_routes(&page),
            )));
            admin._socket_file = Some(file);
        }
        if let Some((listener, address)) = bound_metrics {
            tracing::info!(%address, "metrics ready");
            let listener = tokio::net::TcpListener::from_std(listener)
                .map_err(|error| AdminError::Metrics { address, error })?;
            admin.tasks.push(tokio::spawn(http::serve(
                listener,
                metrics_limits,
                http::metrics_routes(&page),
            )));
            admin.metrics_address = Some(address);
        }
        Ok(admin)
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn bind_metrics(address: SocketAddr) -> Result<(TcpListener, SocketAddr), AdminError> {
    if !address.ip().is_loopback() {
        return Err(AdminError::NotLoopback(address));
    }
    let bind = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bind().map_err(|error| AdminError::Metrics { address, error })
}
