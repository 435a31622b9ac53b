//! A client for each of the 4096 slots on which networks fall, by the words of semantics §3.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

pub const SLOTS: usize = 4096;

/// For each slot the first /24 from 20.0.0.0 on that falls on it.
pub static NETWORKS: LazyLock<Vec<Ipv4Addr>> = LazyLock::new(|| {
    let mut networks = vec![None; SLOTS];
    let mut missing = SLOTS;
    for number in (20 << 16)..(90 << 16) {
        let network = Ipv4Addr::from_bits(number << 8);
        let place = &mut networks[slot_of_ipv4(network, 24)];
        if place.replace(place.unwrap_or(network)).is_none() {
            missing -= 1;
        }
        if missing == 0 {
            break;
        }
    }
    networks.into_iter().map(|network| network.expect("each slot was met")).collect()
});

/// The slot of an address cut to a prefix: the upper twelve bits of the network, mixed once.
pub fn slot_of_ipv4(address: Ipv4Addr, length: u32) -> usize {
    let network = address.to_bits() >> (32 - length) << (32 - length);
    (splitmix64(network.into()) >> 52) as usize
}

/// Steele, Lea, Flood 2014.
pub fn splitmix64(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
