//! Octets: names, header, question, EDNS options of a query, and writing a response into a fixed buffer.
//!
//! Nothing here allocates on the way of a query, and nothing knows what a zone is.

mod content;
pub mod cookie;
pub mod edns;
pub mod extended_error;
pub mod features;
pub mod header;
mod known_name;
pub mod name;
pub mod networks;
pub mod options;
pub mod query;
pub mod question_name;
pub mod response;
mod short_copy;
mod siphash;

pub use content::Content;
pub use edns::{ClientSubnet, Edns};
pub use extended_error::ExtendedError;
pub use features::Features;
pub use header::{Header, Rcode};
pub use known_name::KnownName;
pub use name::{Name, NameError};
pub use networks::{Network, Networks};
pub use question_name::QuestionName;

use std::fmt;

/// Record types that the code itself treats in some way (IANA DNS parameters); others are just numbers.
pub mod rtype {
    #![allow(missing_docs)]
    pub const A: u16 = 1;
    pub const NS: u16 = 2;
    pub const CNAME: u16 = 5;
    pub const SOA: u16 = 6;
    pub const PTR: u16 = 12;
    pub const MX: u16 = 15;
    pub const TXT: u16 = 16;
    pub const AAAA: u16 = 28;
    pub const SRV: u16 = 33;
    pub const DNAME: u16 = 39;
    pub const OPT: u16 = 41;
    pub const DS: u16 = 43;
    pub const RRSIG: u16 = 46;
    pub const NSEC: u16 = 47;
    pub const DNSKEY: u16 = 48;
    pub const NSEC3: u16 = 50;
    pub const SVCB: u16 = 64;
    pub const HTTPS: u16 = 65;
    pub const TSIG: u16 = 250;
    pub const IXFR: u16 = 251;
    pub const AXFR: u16 = 252;
    pub const ANY: u16 = 255;
}

/// Classes (RFC 1035 §3.2.4, RFC 2136 §2.4).
pub mod class {
    #![allow(missing_docs)]
    pub const IN: u16 = 1;
    pub const CHAOS: u16 = 3;
    pub const ANY: u16 = 255;
}

/// Address families as the rules, pools and tables see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4, asked for with A.
    V4,
    /// IPv6, asked for with AAAA.
    V6,
}

impl Family {
    /// Both, in the order in which tables hold them.
    pub const BOTH: [Family; 2] = [Family::V4, Family::V6];

    /// 0 for IPv4, 1 for IPv6.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The record type that carries addresses of this family.
    pub fn rtype(self) -> u16 {
        match self {
            Family::V4 => rtype::A,
            Family::V6 => rtype::AAAA,
        }
    }

    /// The name of that type: `A` or `AAAA`.
    pub fn type_name(self) -> &'static str {
        match self {
            Family::V4 => "A",
            Family::V6 => "AAAA",
        }
    }

    /// One word for metrics: `ipv4` or `ipv6`.
    pub fn label(self) -> &'static str {
        match self {
            Family::V4 => "ipv4",
            Family::V6 => "ipv6",
        }
    }

    /// The other one.
    pub fn other(self) -> Family {
        match self {
            Family::V4 => Family::V6,
            Family::V6 => Family::V4,
        }
    }

    /// The length of an address.
    pub fn bits(self) -> u8 {
        match self {
            Family::V4 => 32,
            Family::V6 => 128,
        }
    }

    /// The family of an address.
    pub fn of(address: std::net::IpAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

/// `IPv4` or `IPv6`.
impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}
