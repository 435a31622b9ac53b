//! Prefixes, as slowly and plainly as can be, for what the tests reckon themselves.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The special-purpose blocks, as the text of semantics §7 lists them.
pub const SPECIAL: [&str; 21] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "100::/64",
    "2001:db8::/32",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// A prefix: its first address as a number of its family's bits, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    pub is_ipv4: bool,
    pub first: u128,
    pub length: u8,
}

/// An address as a number.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of a number.
pub fn address(is_ipv4: bool, number: u128) -> IpAddr {
    if is_ipv4 { Ipv4Addr::from_bits(number as u32).into() } else { Ipv6Addr::from_bits(number).into() }
}

impl Prefix {
    pub fn parse(text: &str) -> Prefix {
        let (address, length) = text.split_once('/').unwrap();
        Prefix::around(address.parse().unwrap(), length.parse().unwrap())
    }

    /// The prefix of this length that holds an address.
    pub fn around(address: IpAddr, length: u8) -> Prefix {
        let whole = Prefix { is_ipv4: address.is_ipv4(), first: 0, length };
        Prefix { first: number(address) & !whole.below(), ..whole }
    }

    pub fn bits(self) -> u8 {
        if self.is_ipv4 { 32 } else { 128 }
    }

    pub fn address(self) -> IpAddr {
        address(self.is_ipv4, self.first)
    }

    pub fn last(self) -> IpAddr {
        address(self.is_ipv4, self.end())
    }

    /// The last address as a number.
    pub fn end(self) -> u128 {
        self.first | self.below()
    }

    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.is_ipv4 && (self.first..=self.end()).contains(&number(address))
    }

    /// The addresses before and behind it.
    pub fn neighbours(self) -> Vec<IpAddr> {
        let most = Prefix { length: 0, ..self }.below();
        let before = self.first.checked_sub(1);
        let behind = self.end().checked_add(1).filter(|behind| *behind <= most);
        before.into_iter().chain(behind).map(|number| address(self.is_ipv4, number)).collect()
    }

    /// The bits below its length.
    fn below(self) -> u128 {
        match self.bits() - self.length {
            128 => u128::MAX,
            host => (1 << host) - 1,
        }
    }
}
