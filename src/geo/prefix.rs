//! A network prefix of either family.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::space::Space;
use crate::wire::Family;

/// A network prefix; the address has no bit set beyond `length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// First address.
    pub address: IpAddr,
    /// 0–32 or 0–128.
    pub length: u8,
}

impl Prefix {
    /// Whether the prefix holds the address; never for an address of the other family.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => other.to_bits().first_of(self.length) == own.to_bits(),
            (IpAddr::V6(own), IpAddr::V6(other)) => other.to_bits().first_of(self.length) == own.to_bits(),
            _ => false,
        }
    }

    /// The first address as a number; one of IPv4 stands in the lower 32 bits.
    pub fn bits(&self) -> u128 {
        match self.address {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        }
    }

    /// The prefix of that length around an address; a length beyond the family's is cut to it.
    pub fn around(address: IpAddr, length: u8) -> Prefix {
        let length = length.min(Family::of(address).bits());
        match address {
            IpAddr::V4(address) => Prefix::around_ipv4(address.to_bits(), length),
            IpAddr::V6(address) => Prefix::around_ipv6(address.to_bits(), length),
        }
    }

    /// The IPv4 prefix of that length around an address given as bits.
    pub(super) fn around_ipv4(address: u32, length: u8) -> Prefix {
        Prefix { address: Ipv4Addr::from_bits(address.first_of(length)).into(), length }
    }

    /// The IPv6 prefix of that length around an address given as bits.
    pub(super) fn around_ipv6(address: u128, length: u8) -> Prefix {
        Prefix { address: Ipv6Addr::from_bits(address.first_of(length)).into(), length }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prefix: (&str, u8), address: &str, expected: bool) {
        let prefix = Prefix { address: prefix.0.parse().unwrap(), length: prefix.1 };
        assert_eq!(prefix.contains(address.parse().unwrap()), expected, "{prefix} {address}");
    }

    #[test]
    fn a_prefix_around_an_address_has_no_host_bits() {
        for (address, length, expected) in [
            ("192.0.2.255", 24, "192.0.2.0/24"),
            ("192.0.2.255", 0, "0.0.0.0/0"),
            ("192.0.2.255", 255, "192.0.2.255/32"),
            ("2001:db8::1", 32, "2001:db8::/32"),
            ("2001:db8::1", 0, "::/0"),
            ("2001:db8::1", 129, "2001:db8::1/128"),
        ] {
            assert_eq!(Prefix::around(address.parse().unwrap(), length).to_string(), expected);
        }
    }

    #[test]
    fn a_prefix_holds_exactly_its_addresses() {
        check(("192.0.2.0", 24), "192.0.2.255", true);
        check(("192.0.2.0", 24), "192.0.3.0", false);
        check(("0.0.0.0", 0), "255.255.255.255", true);
        check(("::", 0), "ffff::", true);
        check(("2001:db8::", 32), "2001:db9::", false);
        check(("2001:db8::1", 128), "2001:db8::1", true);
        check(("::", 0), "192.0.2.1", false);
    }
}
