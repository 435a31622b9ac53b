//! Which slot a client's network falls on: what decides where the client itself, and no random word, decides (semantics §3,
//! §4.3).
//!
//! The client's address is cut to a prefix, and the network is mixed to one of 4096 slots: the same network falls on the
//! same slot on every server, whatever its databases say. An IPv4 network is mixed once, as a number of 32 bits; an IPv6
//! network twice, first its upper half, then what came of that with its lower half. The slot is the upper twelve bits.
//! A client that has an IPv4 address inside its own (v4-mapped, 6to4) falls where that address does, as in maps.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::word::splitmix64;
use crate::geo::{self, Prefix};

/// How many slots there are.
pub const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 12;

/// The number of a slot, below [`SLOTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(u16);

/// The lengths of the prefixes that make clients one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashPrefix {
    /// 1–32.
    pub ipv4: u8,
    /// 1–128.
    pub ipv6: u8,
}

/// What resolvers tell of their clients (RFC 7871 §11.1 and what is usual for IPv6).
impl Default for HashPrefix {
    fn default() -> HashPrefix {
        HashPrefix { ipv4: 24, ipv6: 48 }
    }
}

impl HashPrefix {
    /// The lengths for which what depends on either of two holds: the longer ones.
    #[must_use]
    pub fn longer(self, other: HashPrefix) -> HashPrefix {
        HashPrefix { ipv4: self.ipv4.max(other.ipv4), ipv6: self.ipv6.max(other.ipv6) }
    }

    /// The network of a client. Its length is counted in the client's own address: the network of `::ffff:192.0.2.1`
    /// is `::ffff:192.0.2.0/120`.
    pub fn network_of(self, client: IpAddr) -> Prefix {
        Prefix::around(client, self.length_for(client))
    }

    /// The length of that network.
    pub fn length_for(self, client: IpAddr) -> u8 {
        match (client, geo::ipv4_inside(client)) {
            (IpAddr::V4(_), _) => self.ipv4,
            (IpAddr::V6(_), Some((_, before))) => before + self.ipv4,
            (IpAddr::V6(_), None) => self.ipv6,
        }
    }
}

impl Slot {
    /// The slot of this number, where it is one.
    pub fn new(number: usize) -> Option<Slot> {
        (number < SLOTS).then_some(Slot(number as u16))
    }

    /// The slot of a client's network.
    pub fn of(client: IpAddr, prefix: HashPrefix) -> Slot {
        match (client, geo::ipv4_inside(client)) {
            (IpAddr::V4(client), _) | (IpAddr::V6(_), Some((client, _))) => {
                Slot::of_ipv4(client, prefix.ipv4)
            }
            (IpAddr::V6(client), None) => Slot::of_ipv6(client, prefix.ipv6),
        }
    }

    /// All slots, ascending.
    pub fn all() -> impl Iterator<Item = Slot> {
        (0..SLOTS as u16).map(Slot)
    }

    /// Its number, below [`SLOTS`].
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    fn of_ipv4(client: Ipv4Addr, length: u8) -> Slot {
        let network = client.to_bits() & u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        Slot::of_word(splitmix64(network.into()))
    }

    fn of_ipv6(client: Ipv6Addr, length: u8) -> Slot {
        let network = client.to_bits() & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
        Slot::of_word(splitmix64(splitmix64((network >> 64) as u64) ^ network as u64))
    }

    fn of_word(word: u64) -> Slot {
        Slot((word >> (u64::BITS - SLOT_BITS)) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(client: &str, ipv4: u8, ipv6: u8) -> usize {
        Slot::of(client.parse().unwrap(), HashPrefix { ipv4, ipv6 }).index()
    }

    #[test]
    fn a_network_has_one_slot() {
        for client in ["198.51.100.0", "198.51.100.7", "198.51.100.255"] {
            assert_eq!(slot(client, 24, 48), slot("198.51.100.77", 24, 48), "{client}");
        }
        for client in ["2001:db8:7::", "2001:db8:7:ffff:ffff::1"] {
            assert_eq!(slot(client, 24, 48), slot("2001:db8:7::77", 24, 48), "{client}");
        }
        assert_ne!(slot("198.51.100.7", 32, 48), slot("198.51.100.8", 32, 48));
        assert_ne!(slot("2001:db8:7::1", 24, 128), slot("2001:db8:7::2", 24, 128));
    }

    #[test]
    fn an_ipv4_address_inside_counts_as_that_address() {
        let expected = slot("198.51.100.7", 24, 48);
        for client in ["::ffff:198.51.100.7", "2002:c633:6407::1", "2002:c633:64ff:1::1"] {
            assert_eq!(slot(client, 24, 48), expected, "{client}");
        }
        let network = |client: &str| HashPrefix::default().network_of(client.parse().unwrap()).to_string();
        assert_eq!(network("198.51.100.7"), "198.51.100.0/24");
        assert_eq!(network("2001:db8:7:1::1"), "2001:db8:7::/48");
        assert_eq!(network("2002:c633:6407::1"), "2002:c633:6400::/40");
        assert_eq!(network("::ffff:198.51.100.7"), "::ffff:198.51.100.0/120");
    }

    #[test]
    fn slots_have_numbers_below_4096() {
        assert_eq!(Slot::new(4095).map(Slot::index), Some(4095));
        assert_eq!(Slot::new(4096), None);
        assert_eq!(Slot::all().count(), SLOTS);
    }
}
