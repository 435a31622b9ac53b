//! Who the clients of a map are: the whole address space, cut wherever the class changes or what the databases say of
//! the place does. It is a [`Walk`], told in addresses: the class of each piece is read from the compiled table, so that
//! what is found out about pieces is true of what queries read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::database::Database;
use super::map::{ClassId, Map};
use super::prefix::Prefix;
use super::space::{Space, shortest_prefix};
use super::walk::{Step, Walk};
use crate::wire::Family;

/// Addresses side by side that are alike: one class, one country, one continent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The first address.
    pub first: IpAddr,
    /// The last address.
    pub last: IpAddr,
    /// Their class.
    pub class: ClassId,
    /// They lie in a special-purpose block: the class is that of clients with such a transport address, and a client
    /// subnet in there decides nothing (semantics §7).
    pub special: bool,
    /// Where the databases place them: ISO 3166-1 alpha-2.
    pub country: Option<[u8; 2]>,
    /// One of the seven continents.
    pub continent: Option<[u8; 2]>,
    /// The innermost of the given networks that holds them, by its index.
    pub network: Option<usize>,
}

impl Piece {
    fn of(family: Family, step: &Step) -> Piece {
        let address = |bits: u128| match family {
            Family::V4 => IpAddr::from(Ipv4Addr::from_bits(bits as u32)),
            Family::V6 => IpAddr::from(Ipv6Addr::from_bits(bits)),
        };
        let placed = step.placed[0];
        Piece {
            first: address(step.first),
            last: address(step.last),
            class: placed.class,
            special: placed.special,
            country: step.origin.country,
            continent: step.origin.continent,
            network: step.networks[0].map(|index| index as usize),
        }
    }

    /// The largest network of it that begins with its first address.
    pub fn example(&self) -> Prefix {
        first_prefix(self.first, self.last)
    }

    /// How many addresses it has, of IPv6 in networks of /48, begun ones counted whole.
    pub fn size(&self) -> u128 {
        /// Bits behind a /48.
        const WITHIN: u32 = 80;
        match (self.first, self.last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => u128::from(last.to_bits() - first.to_bits()) + 1,
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                (last.to_bits() >> WITHIN) - (first.to_bits() >> WITHIN) + 1
            }
            _ => unreachable!("a piece lies in one family"),
        }
    }
}

/// Walks the pieces of a map over both families, IPv4 first, in order. `networks` are further cuts, without doubled
/// ones. Addresses of tunnels (v4-mapped and 6to4) are left out: those clients are looked up by their IPv4 address, and
/// so have been seen.
pub fn pieces(map: &Map, databases: &[&Database], networks: &[Prefix], mut visit: impl FnMut(Piece)) {
    for family in Family::BOTH {
        let walk = Walk::new(family).with_map(map).with_networks(networks.iter().copied().zip(0..));
        let mut walk = databases.iter().fold(walk, |walk, &database| walk.with_database(database));
        while let Some(step) = walk.step() {
            visit(Piece::of(family, step));
        }
    }
}

/// The largest prefix that begins at `first` and does not reach beyond `last`, an address of the same family.
pub fn first_prefix(first: IpAddr, last: IpAddr) -> Prefix {
    fn length<A: Space>(first: A, last: A) -> u8 {
        shortest_prefix(first, first, last.next())
    }
    let length = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => length(first.to_bits(), last.to_bits()),
        (IpAddr::V6(first), IpAddr::V6(last)) => length(first.to_bits(), last.to_bits()),
        _ => unreachable!("both addresses are of one family"),
    };
    Prefix::around(first, length)
}

#[cfg(test)]
mod tests {
    use super::super::database_builder::DatabaseBuilder;
    use super::super::{MapRules, SiteId};
    use super::*;

    /// 1.0.0.0/8 and 2a00::/12 are German, 1.64.0.0/10 is French.
    fn database() -> Database {
        let mut builder = DatabaseBuilder::default();
        builder.add_ipv4_country(0x0100_0000, 0x013F_FFFF, *b"DE");
        builder.add_ipv4_country(0x0140_0000, 0x017F_FFFF, *b"FR");
        builder.add_ipv4_country(0x0180_0000, 0x01FF_FFFF, *b"DE");
        builder.add_ipv6_country(0x2a00 << 112, (0x2a10 << 112) - 1, *b"DE");
        builder.finish("test", "test", 0, 0)
    }

    fn rules() -> MapRules {
        let network = Prefix { address: "10.1.0.0".parse().unwrap(), length: 16 };
        MapRules {
            network: vec![(network, vec![SiteId(2)])],
            country: vec![(*b"DE", vec![SiteId(0)])],
            default: vec![SiteId(1)],
            ..MapRules::default()
        }
    }

    fn walk(networks: &[Prefix]) -> (Map, Vec<Piece>) {
        let database = database();
        let map = Map::compile("world", &rules(), &[], &[&database]).unwrap();
        let mut found = Vec::new();
        pieces(&map, &[&database], networks, |piece| found.push(piece));
        (map, found)
    }

    #[test]
    fn pieces_cover_both_families_but_the_tunnels_and_agree_with_the_table_at_both_ends() {
        let (map, found) = walk(&[]);
        for piece in &found {
            for end in [piece.first, piece.last] {
                let placement = map.place(&end);
                assert_eq!((placement.class, placement.special), (piece.class, piece.special), "{piece:?}");
            }
        }
        let ipv4: u128 = found.iter().filter(|piece| piece.first.is_ipv4()).map(Piece::size).sum();
        assert_eq!(ipv4, 1 << 32);
        let ipv6: Vec<&Piece> = found.iter().filter(|piece| piece.first.is_ipv6()).collect();
        assert!(ipv6.iter().all(|piece| piece.first.to_string() != "2002::"), "{ipv6:?}");
        // Two tunnels are the only gaps.
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        let gaps = ipv6.windows(2).filter(|pair| bits(pair[0].last) + 1 != bits(pair[1].first)).count();
        assert_eq!((gaps, ipv6.last().map(|piece| bits(piece.last))), (2, Some(u128::MAX)));
    }

    #[test]
    fn a_piece_says_where_it_is_and_in_which_of_the_given_networks() {
        let given: Vec<Prefix> = [("1.0.0.0", 8), ("1.64.0.0", 16)]
            .map(|(address, length)| Prefix { address: address.parse().unwrap(), length })
            .into();
        let (_, found) = walk(&given);
        let at = |address: &str| {
            let address: IpAddr = address.parse().unwrap();
            *found.iter().rfind(|piece| piece.first <= address).unwrap()
        };
        let france = at("1.64.7.7");
        assert_eq!((france.country, france.continent), (Some(*b"FR"), Some(*b"EU")));
        assert_eq!((france.network, france.example().to_string().as_str()), (Some(1), "1.64.0.0/16"));
        assert_eq!(
            (at("1.70.0.1").network, at("1.200.0.1").network, at("9.9.9.9").network),
            (Some(0), Some(0), None)
        );
        assert!(at("10.0.2.3").special && !at("10.1.2.3").special);
        assert_eq!((at("9.9.9.9").country, at("2a00::1").country), (None, Some(*b"DE")));
        assert_eq!(at("2a00::1").size(), 1 << 36);
    }
}
