//! What is never probed, and why.
//!
//! Probes send requests that an operator wrote to addresses that an operator wrote; a careless or stolen
//! configuration must not turn that into a way to the credentials that cloud machines hand out (security.md,
//! "probes as SSRF").

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where cloud machines ask for their own credentials, over IPv4 and IPv6.
pub const METADATA_ADDRESSES: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether `address` is one of [`METADATA_ADDRESSES`], also when it is written as an IPv4-mapped IPv6 address.
pub fn is_metadata_address(address: IpAddr) -> bool {
    METADATA_ADDRESSES.contains(&address.to_canonical())
}

/// Why a target cannot be probed at all. Its one verdict is an abstention with this text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// One of [`METADATA_ADDRESSES`] that was not allowed by name.
    #[error("{0} hands out the credentials of cloud machines and is not probed")]
    MetadataAddress(IpAddr),
    /// A host that is neither a name nor the probed address.
    #[error("host \"{0}\" is neither a host name nor the probed address")]
    Host(String),
    /// A path that does not start with `/`, or that makes no URL.
    #[error("\"{0}\" is not the path of a request")]
    Path(String),
    /// A method that HTTP does not allow.
    #[error("\"{0}\" is not a request method")]
    Method(String),
    /// A header whose name or value HTTP does not allow.
    #[error("header \"{0}\" cannot be sent: its name or its value is not allowed in HTTP")]
    Header(String),
    /// There is nothing to verify a certificate against.
    #[error("no certificate to trust: {0}")]
    Trust(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made: {0}")]
    Client(String),
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
