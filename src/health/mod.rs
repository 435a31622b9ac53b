//! Monitors as data; verdicts → health with hysteresis (pure); the table of current states.
//!
//! INTERFACE STUB.

use std::net::IpAddr;
use std::time::Duration;

/// Number of a target, dense from 0 within one configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(pub u32);

/// What names a target over reloads and restarts: the monitor's content and the address (design law 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetKey {
    /// SipHash-2-4 (zero key) over the canonical text of the monitor ([`Monitor::digest`]).
    pub monitor: u64,
    /// The address that is probed.
    pub address: IpAddr,
}

/// What to check, how, how often.
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

impl Monitor {
    /// A digest of the content (not of the name): equal monitors share targets.
    pub fn digest(&self) -> u64 {
        todo!()
    }
}

/// How verdicts become health (semantics §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hysteresis {
    /// Passes in a row that bring a target up; at least 1.
    pub rise: u32,
    /// Failures that take it down; at least 1.
    pub fall: u32,
    /// With `Some(n)` failures add up and only n passes in a row clear them.
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

/// The result of one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As wanted; the round trip in microseconds.
    Pass {
        /// From start to verdict.
        microseconds: u32,
    },
    /// Not as wanted, and why.
    Fail(String),
    /// The prober could not tell (no descriptors, no route), and why: changes and counts nothing.
    Abstain(String),
}

/// The state after hysteresis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// No verdict yet.
    Unknown,
    /// Passing.
    Up,
    /// Failing.
    Down,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
}

/// The state machine of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracker {
    /// The present state.
    pub state: State,
    /// Passes in a row.
    pub passes: u32,
    /// Failures that count.
    pub failures: u32,
}

impl Tracker {
    /// Without a verdict yet.
    pub fn new() -> Tracker {
        todo!()
    }
    /// Takes a verdict in.
    pub fn observe(&mut self, _hysteresis: &Hysteresis, _verdict: &Verdict) -> Option<Transition> {
        todo!()
    }
    /// Probes until the state can flip at the soonest × interval, in whole seconds (rounded down); 0 when unknown.
    pub fn soonest_flip_seconds(&self, _monitor: &Monitor) -> u32 {
        todo!()
    }
}

/// The operator's will (semantics §2), in ascending strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AdminState {
    /// Health decides.
    Auto,
    /// Eligible whatever the health.
    ForcedUp,
    /// Not given out, unless nothing else is left.
    Drained,
    /// Never given out.
    ForcedDown,
}
