//! What is probed and has a health: one address under one monitor.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// Where cloud machines ask for their own credentials, over IPv4 and IPv6: never a target, so that nobody who can
/// write a configuration is handed them (security.md, "probes as SSRF").
pub const METADATA_ADDRESSES: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether `address` is one of [`METADATA_ADDRESSES`], also when it is written as an IPv4-mapped IPv6 address.
pub fn is_metadata_address(address: IpAddr) -> bool {
    METADATA_ADDRESSES.contains(&address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_addresses_are_known_in_every_spelling() {
        for text in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"] {
            assert!(is_metadata_address(text.parse().unwrap()), "{text}");
        }
        for text in ["169.254.169.253", "fd00:ec2::255", "127.0.0.1", "::1"] {
            assert!(!is_metadata_address(text.parse().unwrap()), "{text}");
        }
    }
}
