//! Who the clients of a map are: the whole address space, cut wherever the class changes or what the databases say of
//! the place does. It is a [`Walk`] over both families: the class of each piece is read from the compiled table, so that
//! what is found out about pieces is true of what queries read.

use super::database::Database;
use super::map::{ClassId, Map};
use super::prefix::Prefix;
use super::walk::{Step, Walk};
use crate::wire::Family;

/// Addresses side by side that are alike: one class, one country, one continent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The family of the addresses.
    pub family: Family,
    /// The first address; one of IPv4 stands in the lower 32 bits.
    pub first: u128,
    /// The last address.
    pub last: u128,
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
    /// The largest network of it that begins with its first address.
    pub fn example(&self) -> Prefix {
        let mut networks = Prefix::making_up(self.family, self.first, self.last);
        networks.next().expect("a piece has an address")
    }

    /// How many addresses it has, of IPv6 in networks of /48, begun ones counted whole.
    pub fn size(&self) -> u128 {
        /// Bits behind a /48.
        const WITHIN: u32 = 80;
        match self.family {
            Family::V4 => self.last - self.first + 1,
            Family::V6 => (self.last >> WITHIN) - (self.first >> WITHIN) + 1,
        }
    }

    fn of(family: Family, step: &Step) -> Piece {
        let placed = step.placed[0];
        Piece {
            family,
            first: step.first,
            last: step.last,
            class: placed.class,
            special: placed.special,
            country: step.origin.country,
            continent: step.origin.continent,
            network: step.networks[0].map(|index| index as usize),
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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

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

    fn address(family: Family, bits: u128) -> IpAddr {
        Prefix::making_up(family, bits, bits).next().unwrap().address
    }

    #[test]
    fn pieces_cover_both_families_but_the_tunnels_and_agree_with_the_table_at_both_ends() {
        let (map, found) = walk(&[]);
        for piece in &found {
            for end in [piece.first, piece.last].map(|bits| address(piece.family, bits)) {
                let placement = map.place(&end);
                assert_eq!((placement.class, placement.special), (piece.class, piece.special), "{piece:?}");
            }
        }
        let of = |family: Family| found.iter().filter(move |piece| piece.family == family);
        assert_eq!(of(Family::V4).map(Piece::size).sum::<u128>(), 1 << 32);
        let ipv6: Vec<&Piece> = of(Family::V6).collect();
        assert!(ipv6.iter().all(|piece| piece.first != 0x2002 << 112), "{ipv6:?}");
        // Two tunnels are the only gaps.
        let gaps = ipv6.windows(2).filter(|pair| pair[0].last + 1 != pair[1].first).count();
        assert_eq!((gaps, ipv6.last().map(|piece| piece.last)), (2, Some(u128::MAX)));
    }

    #[test]
    fn a_piece_says_where_it_is_and_in_which_of_the_given_networks() {
        let given: Vec<Prefix> = [("1.0.0.0", 8), ("1.64.0.0", 16)]
            .map(|(address, length)| Prefix { address: address.parse().unwrap(), length })
            .into();
        let (_, found) = walk(&given);
        let at = |address: &str| {
            let address = Prefix::around(address.parse().unwrap(), u8::MAX);
            let family = Family::of(address.address);
            *found.iter().rfind(|piece| piece.family == family && piece.first <= address.bits()).unwrap()
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
