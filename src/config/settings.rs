//! What the edges need to know.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What the server itself needs; a change of most of it needs a restart.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Addresses for UDP and TCP.
    pub listen: Vec<SocketAddr>,
    /// UDP workers, and threads for TCP; default the number of cores.
    pub workers: usize,
    /// Queries past the kernel's network stack; `None`: all of them come by the sockets.
    pub bypass: Option<BypassSettings>,
    /// Whom the process becomes once its sockets are bound; `None`: it stays who it is.
    pub account: Option<Account>,
    /// TCP limits.
    pub tcp: TcpSettings,
    /// The control socket.
    pub socket: Option<PathBuf>,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// Where health and the last good databases are kept.
    pub state_dir: Option<PathBuf>,
    /// How old a saved health table may be.
    pub state_max_age: Duration,
}

/// Where queries come past the kernel's network stack (AF_XDP).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BypassSettings {
    /// Names of interfaces.
    pub interfaces: Vec<String>,
    /// How their frames are had.
    pub mode: BypassMode,
}

/// Where in the kernel frames are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BypassMode {
    /// In the driver where it can do that, else behind it.
    #[default]
    Auto,
    /// In the driver.
    Native,
    /// Behind the driver, which works with every driver and is slower.
    Generic,
}

/// An ordinary user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name, for messages.
    pub user: String,
    /// The user's number, not 0.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
}

/// Limits of the TCP listener.
#[derive(Debug, Clone, PartialEq)]
pub struct TcpSettings {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once of one client address (IPv4) or /56 (IPv6).
    pub connections_per_client: usize,
    /// From the first octet of a message to its last, and for each answer to be taken.
    pub message_timeout: Duration,
    /// Without a message.
    pub idle_timeout: Duration,
    /// For the whole connection.
    pub connection_timeout: Duration,
}

impl TcpSettings {
    /// The idle timeout as clients are told it: in units of 100 ms (RFC 7828 §3.1).
    pub fn keepalive(&self) -> u16 {
        (self.idle_timeout.as_millis() / 100).try_into().unwrap_or(u16::MAX)
    }
}
