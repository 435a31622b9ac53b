//! A network prefix of either family.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::space::Space;
use super::special::{Block, MAPPED, SIX_TO_FOUR};
use crate::wire::Family;

/// A network prefix; the address has no bit set beyond `length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// The tunnel that a network of IPv6 lies in: nobody is looked up by it, because clients there are looked up by the
    /// IPv4 address inside.
    pub fn tunnel(&self) -> Option<Prefix> {
        let IpAddr::V6(address) = self.address else { return None };
        let holds = |&(first, length): &Block<u128>| {
            self.length >= length && address.to_bits().first_of(length) == first
        };
        let (first, length) = [MAPPED, SIX_TO_FOUR].into_iter().find(holds)?;
        Some(Prefix::around_ipv6(first, length))
    }

    /// The first address as a number; one of IPv4 stands in the lower 32 bits.
    pub fn bits(&self) -> u128 {
        match self.address {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        }
    }

    /// The last address, as a prefix of its own.
    pub fn last(&self) -> Prefix {
        match self.address {
            IpAddr::V4(address) => {
                Prefix::around_ipv4(address.to_bits().last_of(self.length), u32::BITS as u8)
            }
            IpAddr::V6(address) => {
                Prefix::around_ipv6(address.to_bits().last_of(self.length), u128::BITS as u8)
            }
        }
    }

    /// Its length among the 128 bits of [`Prefix::bits`]: 96 more than written for IPv4.
    pub fn length_of_128(&self) -> u8 {
        self.length + (u128::BITS as u8 - Family::of(self.address).bits())
    }

    /// The fewest prefixes that make up the addresses from `first` to `last` of a family, both as numbers (see
    /// [`Prefix::bits`]), in order.
    pub fn making_up(family: Family, first: u128, last: u128) -> impl Iterator<Item = Prefix> {
        let mut next = Some(first);
        std::iter::from_fn(move || {
            let first = next.filter(|&first| first <= last)?;
            // As long as the place where it begins and what is left allow.
            let aligned = first.trailing_zeros().min(family.bits().into());
            let left = (last - first).checked_add(1).map_or(u128::BITS, |left| left.ilog2());
            let host_bits = aligned.min(left);
            next = 1_u128.checked_shl(host_bits).and_then(|size| first.checked_add(size));
            let length = family.bits() - host_bits as u8;
            Some(match family {
                Family::V4 => Prefix::around_ipv4(first as u32, length),
                Family::V6 => Prefix::around_ipv6(first, length),
            })
        })
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
    fn the_last_address_has_every_host_bit() {
        for (first, length, last) in [
            ("192.0.2.0", 24, "192.0.2.255/32"),
            ("0.0.0.0", 0, "255.255.255.255/32"),
            ("192.0.2.7", 32, "192.0.2.7/32"),
            ("2001:db8::", 32, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128"),
            ("2001:db8::1", 128, "2001:db8::1/128"),
        ] {
            assert_eq!(Prefix::around(first.parse().unwrap(), length).last().to_string(), last);
        }
    }

    #[test]
    fn a_range_is_made_up_of_the_fewest_prefixes() {
        let check = |family, first: u128, last: u128, expected: &[&str]| {
            let found: Vec<String> =
                Prefix::making_up(family, first, last).map(|prefix| prefix.to_string()).collect();
            assert_eq!(found, expected, "{first:#x} to {last:#x}");
        };
        check(Family::V4, 0, u32::MAX.into(), &["0.0.0.0/0"]);
        check(Family::V4, 0xC000_0201, 0xC000_0203, &["192.0.2.1/32", "192.0.2.2/31"]);
        check(Family::V4, 0x0A00_0000, 0x0A02_FFFF, &["10.0.0.0/15", "10.2.0.0/16"]);
        check(Family::V4, u32::MAX.into(), u32::MAX.into(), &["255.255.255.255/32"]);
        check(Family::V6, 0, u128::MAX, &["::/0"]);
        check(Family::V6, u128::MAX - 1, u128::MAX, &["ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"]);
        check(Family::V6, 1, 2, &["::1/128", "::2/128"]);
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
