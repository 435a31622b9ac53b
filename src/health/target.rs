//! What is probed and has a health: one address under one monitor.

use std::net::IpAddr;

/// Number of a target, dense from 0 within one configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(pub u32);

/// What names a target over reloads and restarts: the monitor's content and the address (design law 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetKey {
    /// SipHash-2-4 (zero key) over the canonical text of the monitor ([`super::Monitor::digest`]).
    pub monitor: u64,
    /// The address that is probed.
    pub address: IpAddr,
}
