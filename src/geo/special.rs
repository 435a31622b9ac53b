//! Blocks of addresses with rules of their own (semantics §7, RFC 6890): special-purpose blocks, which say nothing
//! about where a client is when they stand in an ECS option, and tunnels, whose clients have an IPv4 address inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::prefix::Prefix;
use super::space::Space;

/// A block as first address and length.
pub(super) type Block<A> = (A, u8);

/// Special-purpose blocks of IPv4.
pub(super) const IPV4_SPECIAL: [Block<u32>; 14] = [
    ipv4([0, 0, 0, 0], 8),
    ipv4([10, 0, 0, 0], 8),
    ipv4([100, 64, 0, 0], 10),
    ipv4([127, 0, 0, 0], 8),
    ipv4([169, 254, 0, 0], 16),
    ipv4([172, 16, 0, 0], 12),
    ipv4([192, 0, 0, 0], 24),
    ipv4([192, 0, 2, 0], 24),
    ipv4([192, 168, 0, 0], 16),
    ipv4([198, 18, 0, 0], 15),
    ipv4([198, 51, 100, 0], 24),
    ipv4([203, 0, 113, 0], 24),
    ipv4([224, 0, 0, 0], 4),
    ipv4([240, 0, 0, 0], 4),
];

/// Special-purpose blocks of IPv6.
pub(super) const IPV6_SPECIAL: [Block<u128>; 7] = [
    ipv6([0, 0, 0, 0, 0, 0, 0, 0], 128),
    ipv6([0, 0, 0, 0, 0, 0, 0, 1], 128),
    ipv6([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    ipv6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ipv6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    ipv6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    ipv6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// IPv4-mapped addresses (RFC 4291 §2.5.5.2).
pub(super) const MAPPED: Block<u128> = ipv6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96);

/// 6to4 (RFC 3056): the IPv4 address follows the first 16 bits.
pub(super) const SIX_TO_FOUR: Block<u128> = ipv6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16);

/// Blocks of IPv6, in ascending order, that no database places: ::/96, where mmdb files keep IPv4, and the tunnels.
pub(super) const UNPLACED: [Block<u128>; 3] = [(0, 96), MAPPED, SIX_TO_FOUR];

const fn ipv4(octets: [u8; 4], length: u8) -> Block<u32> {
    (Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).to_bits(), length)
}

const fn ipv6(groups: [u16; 8], length: u8) -> Block<u128> {
    let [a, b, c, d, e, f, g, h] = groups;
    (Ipv6Addr::new(a, b, c, d, e, f, g, h).to_bits(), length)
}

/// The IPv4 address inside of a client's own (v4-mapped, 6to4), and how many bits stand before it.
pub fn ipv4_inside(client: IpAddr) -> Option<(Ipv4Addr, u8)> {
    let IpAddr::V6(client) = client else { return None };
    embedded_ipv4(client.to_bits()).map(|(address, before)| (Ipv4Addr::from_bits(address), before))
}

/// The length of the special-purpose block that holds an address, counted in that address; `None` outside of all. What a
/// client subnet there is answered with holds for the whole block, where no map says more (semantics §7).
pub fn special_block_length(address: IpAddr) -> Option<u8> {
    let of_ipv4 = |address: u32| block_of(&IPV4_SPECIAL, address).map(|(_, length)| length);
    match address {
        IpAddr::V4(address) => of_ipv4(address.to_bits()),
        IpAddr::V6(address) => match embedded_ipv4(address.to_bits()) {
            Some((inside, before)) => of_ipv4(inside).map(|length| before + length),
            None => block_of(&IPV6_SPECIAL, address.to_bits()).map(|(_, length)| length),
        },
    }
}

/// The shortest length of a prefix around an address that reaches into no special-purpose block and no tunnel besides the
/// ones that hold the address: no scope may (semantics §7).
pub fn clear_length(address: IpAddr) -> u8 {
    let of_ipv4 = |address: u32| clear_of(IPV4_SPECIAL, address);
    match address {
        IpAddr::V4(address) => of_ipv4(address.to_bits()),
        IpAddr::V6(address) => match embedded_ipv4(address.to_bits()) {
            Some((inside, before)) => before + of_ipv4(inside),
            None => clear_of(IPV6_SPECIAL.into_iter().chain([MAPPED, SIX_TO_FOUR]), address.to_bits()),
        },
    }
}

/// One bit more than an address has in common with the nearest block that does not hold it.
fn clear_of<A: Space>(blocks: impl IntoIterator<Item = Block<A>>, address: A) -> u8 {
    let others = blocks.into_iter().filter(|&(first, length)| address.first_of(length) != first);
    others.map(|(first, _)| address.shared_bits(first) + 1).max().unwrap_or(0)
}

/// The special-purpose blocks of both families (RFC 6890), multicast and 240/4 among them.
pub fn special_purpose() -> impl Iterator<Item = Prefix> {
    let ipv4 = IPV4_SPECIAL.into_iter().map(|(first, length)| Prefix::around_ipv4(first, length));
    ipv4.chain(IPV6_SPECIAL.into_iter().map(|(first, length)| Prefix::around_ipv6(first, length)))
}

/// The blocks of IPv6 whose clients are looked up by the IPv4 address inside.
pub fn tunnels() -> [Prefix; 2] {
    [MAPPED, SIX_TO_FOUR].map(|(first, length)| Prefix::around_ipv6(first, length))
}

/// The IPv4 address inside a v4-mapped or 6to4 address, and how many bits stand before it.
#[inline]
pub(super) fn embedded_ipv4(address: u128) -> Option<(u32, u8)> {
    if address.first_of(MAPPED.1) == MAPPED.0 {
        Some((address as u32, MAPPED.1))
    } else if address.first_of(SIX_TO_FOUR.1) == SIX_TO_FOUR.0 {
        Some(((address >> 80) as u32, SIX_TO_FOUR.1))
    } else {
        None
    }
}

/// The special-purpose block that holds an address.
pub(super) fn block_of<A: Space>(blocks: &[Block<A>], address: A) -> Option<Block<A>> {
    blocks.iter().copied().find(|&(first, length)| address.first_of(length) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_no_bits_beyond_their_length_and_do_not_overlap() {
        fn check<A: Space>(blocks: &[Block<A>]) {
            for &(first, length) in blocks {
                assert_eq!(first.first_of(length), first);
            }
            for pair in blocks.windows(2) {
                assert!(pair[0].0.last_of(pair[0].1) < pair[1].0, "{pair:?}");
            }
        }
        check(&IPV4_SPECIAL);
        check(&IPV6_SPECIAL);
        check(&UNPLACED);
    }

    #[test]
    fn clear_prefixes_reach_into_no_block() {
        let check =
            |address: &str, length| assert_eq!(clear_length(address.parse().unwrap()), length, "{address}");
        check("11.0.0.1", 8);
        check("9.0.0.1", 7);
        check("10.0.0.1", 5);
        check("64.0.0.1", 3);
        check("192.0.1.1", 24);
        check("2001:db9::", 32);
        check("2003::1", 16);
        check("2a00::1", 5);
        check("::ffff:11.0.0.1", 104);
        check("2002:b00:1::", 24);
    }

    #[test]
    fn tunnelled_clients_show_their_ipv4_address() {
        let check = |text: &str, expected: Option<(&str, u8)>| {
            let found = embedded_ipv4(text.parse::<Ipv6Addr>().unwrap().to_bits());
            let expected =
                expected.map(|(ipv4, before)| (ipv4.parse::<Ipv4Addr>().unwrap().to_bits(), before));
            assert_eq!(found, expected, "{text}");
        };
        check("::ffff:192.0.2.1", Some(("192.0.2.1", 96)));
        check("2002:c000:201:ffff::1", Some(("192.0.2.1", 16)));
        check("::192.0.2.1", None);
        check("2003::", None);
    }
}
