//! What a batch of packets is answered with: the generation, and the moment at which the batch came.

use super::Limits;
use crate::snapshot::Snapshot;

/// What the answers of one batch have in common. The worker makes it after the batch was received.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The generation.
    pub snapshot: &'c Snapshot,
    /// When the batch came.
    pub now: Moment,
    /// What each network gets. `None` where nothing is limited, or sources cannot be forged: over TCP.
    pub limits: Option<Limits<'c>>,
    /// How long a connection may be idle, in units of 100 ms: what TCP clients are told that ask (RFC 7828). 0 wishes
    /// that they leave.
    pub keepalive: u16,
}

/// A moment, as code that has no clock is told it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970 in UTC, modulo 2³² as server cookies count them (RFC 9018 §4.3).
    pub unix: u32,
    /// Milliseconds since the server started; never goes back.
    pub uptime_ms: u64,
}
