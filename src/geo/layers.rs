//! What cuts one family's space: networks of a map, special-purpose blocks, the records of databases.

use std::collections::HashSet;
use std::net::IpAddr;

use super::database::Database;
use super::ranges::{NOTHING, Ranges, sweep};
use super::rules::MapRules;
use super::space::Space;
use super::special::{Block, IPV4_SPECIAL, IPV6_SPECIAL};

/// All that cuts the space of one family.
pub(super) struct Layers<'a, A> {
    /// First address, length and index in [`MapRules::network`], without doubled ones.
    networks: Vec<(A, u8, usize)>,
    blocks: &'a [Block<A>],
    records: Vec<&'a Ranges<A>>,
}

/// A piece of the space in which nothing changes.
pub(super) struct Piece<'p, A> {
    /// Its first address; it ends before that of the next piece.
    pub(super) start: A,
    /// The longest network of the map that holds it: its length, and its index in [`MapRules::network`].
    pub(super) network: Option<(u8, usize)>,
    /// The index of the special-purpose block that holds it.
    pub(super) block: Option<usize>,
    /// For each database the number of the place that it says.
    pub(super) places: &'p [u32],
}

impl<'a> Layers<'a, u32> {
    /// Those of IPv4.
    pub(super) fn ipv4(rules: &MapRules, databases: &[&'a Database]) -> Self {
        let bits = |address| if let IpAddr::V4(ip) = address { Some(ip.to_bits()) } else { None };
        let records = databases.iter().map(|database| database.ipv4()).collect();
        Layers { networks: networks(rules, bits), blocks: &IPV4_SPECIAL, records }
    }
}

impl<'a> Layers<'a, u128> {
    /// Those of IPv6; what lies in the tunnels has no record.
    pub(super) fn ipv6(rules: &MapRules, databases: &[&'a Database]) -> Self {
        let bits = |address| if let IpAddr::V6(ip) = address { Some(ip.to_bits()) } else { None };
        let records = databases.iter().map(|database| database.ipv6()).collect();
        Layers { networks: networks(rules, bits), blocks: &IPV6_SPECIAL, records }
    }
}

impl<A: Space> Layers<'_, A> {
    /// Gives every piece of the space, from the lowest address to the highest.
    pub(super) fn visit<E>(&self, mut visit: impl FnMut(Piece<'_, A>) -> Result<(), E>) -> Result<(), E> {
        let network_prefixes =
            self.networks.iter().zip(1..).map(|(&(first, length, _), id)| (first, length, id));
        let block_prefixes = self.blocks.iter().zip(1..).map(|(&(first, length), id)| (first, length, id));
        let networks = Ranges::from_prefixes(network_prefixes.collect());
        let blocks = Ranges::from_prefixes(block_prefixes.collect());
        let layers: Vec<&Ranges<A>> =
            [&networks, &blocks].into_iter().chain(self.records.iter().copied()).collect();
        sweep(&layers, |start, values| {
            let [network, block, places @ ..] = values else {
                unreachable!("two layers stand before the records")
            };
            let network = index(*network).map(|network| {
                let (_, length, entry) = self.networks[network];
                (length, entry)
            });
            visit(Piece { start, network, block: index(*block), places })
        })
    }

    /// Whether a piece is special: a network inside the block wins over it.
    pub(super) fn is_special(&self, piece: &Piece<'_, A>) -> bool {
        piece.block.is_some_and(|block| {
            let (_, block_length) = self.blocks[block];
            piece.network.is_none_or(|(length, _)| length < block_length)
        })
    }
}

/// Networks and blocks are numbered from 1 in their layers.
fn index(value: u32) -> Option<usize> {
    (value != NOTHING).then(|| value as usize - 1)
}

/// A map's networks of one family; of doubled ones the first.
fn networks<A>(rules: &MapRules, bits: impl Fn(IpAddr) -> Option<A>) -> Vec<(A, u8, usize)> {
    let mut seen = HashSet::new();
    let own = rules.network.iter().enumerate().filter_map(|(entry, (network, _))| {
        Some((bits(network.address)?, network.length, entry, seen.insert(*network)))
    });
    own.filter(|&(.., is_first)| is_first).map(|(first, length, entry, _)| (first, length, entry)).collect()
}
