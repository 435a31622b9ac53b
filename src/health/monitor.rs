//! Monitors as data: what to check, how, how often.

use std::time::Duration;

/// What to check, how, how often. Without a name: monitors of equal content share their targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// The probe.
    pub probe: Probe,
    /// The port that is connected to.
    pub port: u16,
    /// Start to start.
    pub interval: Duration,
    /// For the whole probe.
    pub timeout: Duration,
    /// How verdicts become health.
    pub hysteresis: Hysteresis,
}

/// How verdicts become health (semantics §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hysteresis {
    /// Passes in a row that bring a target up; at least 1.
    pub rise: u32,
    /// Failures that take it down; at least 1.
    pub fall: u32,
    /// With `Some(n)`, n at least 1, failures add up and only n passes in a row clear them. `None` is the same as
    /// `Some(1)`: every pass clears them.
    pub forgive: Option<u32>,
}

/// The kinds of probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A TCP connection that opens.
    Tcp,
    /// An HTTP or HTTPS request.
    Http(HttpProbe),
}

/// An HTTP(S) request and what its answer must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProbe {
    /// TLS, and how its certificate is verified; `None` is plain HTTP.
    pub tls: Option<TlsProbe>,
    /// GET, HEAD, POST, OPTIONS.
    pub method: String,
    /// Path with query, starting with `/`.
    pub path: String,
    /// Host header and SNI; without it the member's address.
    pub host: Option<String>,
    /// Further headers in written order.
    pub headers: Vec<(String, String)>,
    /// Accepted status codes as inclusive ranges.
    pub status: Vec<(u16, u16)>,
    /// A text that must stand in the first `body_limit` octets of the body.
    pub body_contains: Option<String>,
    /// How much of the body is read, in octets.
    pub body_limit: usize,
}

/// How the certificate of a member is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsProbe {
    /// Against the machine's trusted certificates.
    SystemRoots,
    /// Against the certificates of this PEM text (kept as read, so that a changed file is a changed monitor).
    Roots(String),
    /// Not at all: said so explicitly by the operator.
    Unverified,
}
