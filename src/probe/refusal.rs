//! What is never probed, and why.
//!
//! Probes send requests that an operator wrote to addresses that an operator wrote; a careless or stolen
//! configuration must not turn that into a way to the credentials that cloud machines hand out (security.md,
//! "probes as SSRF").

use std::net::IpAddr;

/// Why a target cannot be probed at all. Its one verdict is an abstention with this text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// One of [`METADATA_ADDRESSES`](crate::health::METADATA_ADDRESSES).
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
