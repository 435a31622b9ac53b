//! Who the clients of a map are: the whole address space, cut wherever the class changes or what the databases say of
//! the place does.
//!
//! What is walked are the databases, the map's networks and the special-purpose blocks: the cuts that a map is compiled
//! from. The class of each piece is asked of the compiled table itself, so that what is found out about pieces is true
//! of what queries read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::database::Database;
use super::map::{ClassId, Map};
use super::merged::Merged;
use super::prefix::Prefix;
use super::ranges::{NOTHING, Ranges, sweep};
use super::space::{Space, shortest_prefix};
use super::special::{Block, IPV4_SPECIAL, IPV6_SPECIAL, MAPPED, SIX_TO_FOUR};

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

/// Walks the pieces of a map over both families, IPv4 first, in order. `networks` are further cuts, without doubled
/// ones. Addresses of tunnels (v4-mapped and 6to4) are left out: those clients are looked up by their IPv4 address, and
/// so have been seen.
pub fn pieces(map: &Map, databases: &[&Database], networks: &[Prefix], mut visit: impl FnMut(Piece)) {
    let own = |address: IpAddr| match address {
        IpAddr::V4(address) => Some(address.to_bits()),
        IpAddr::V6(_) => None,
    };
    let walk =
        Walk { map, databases, records: Database::ipv4, address: |bits| Ipv4Addr::from_bits(bits).into() };
    walk.run(&IPV4_SPECIAL, &[], networks, own, &mut visit);
    let own = |address: IpAddr| match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(address.to_bits()),
    };
    let walk =
        Walk { map, databases, records: Database::ipv6, address: |bits| Ipv6Addr::from_bits(bits).into() };
    walk.run(&IPV6_SPECIAL, &[MAPPED, SIX_TO_FOUR], networks, own, &mut visit);
}

/// The walk through one family.
struct Walk<'a, A> {
    map: &'a Map,
    databases: &'a [&'a Database],
    records: fn(&Database) -> &Ranges<A>,
    address: fn(A) -> IpAddr,
}

impl<A: Space> Walk<'_, A> {
    fn run(
        &self,
        special: &[Block<A>],
        tunnels: &[Block<A>],
        networks: &[Prefix],
        own: impl Fn(IpAddr) -> Option<A>,
        visit: &mut impl FnMut(Piece),
    ) {
        let blocks = |blocks: &[Block<A>]| {
            Ranges::from_prefixes(
                blocks.iter().zip(1..).map(|(&(first, length), id)| (first, length, id)).collect(),
            )
        };
        let prefixes = |networks: &mut dyn Iterator<Item = &Prefix>| {
            let numbered = networks.zip(1..);
            let own = numbered.filter_map(|(network, id)| Some((own(network.address)?, network.length, id)));
            Ranges::from_prefixes(own.collect())
        };
        let of_map = prefixes(&mut self.map.rules().network.iter().map(|(network, _)| network));
        let given = prefixes(&mut networks.iter());
        let (special, tunnels) = (blocks(special), blocks(tunnels));
        let mut layers = vec![&tunnels, &given, &special, &of_map];
        layers.extend(self.databases.iter().map(|database| (self.records)(database)));
        // A piece is known to end only where the next one begins.
        let mut open: Option<(A, Option<Piece>)> = None;
        let walked: Result<(), std::convert::Infallible> = sweep(&layers, |start, values| {
            if let (Some((_, Some(piece))), Some(last)) = (open, start.previous()) {
                visit(Piece { last: (self.address)(last), ..piece });
            }
            open = Some((start, self.piece(start, values)));
            Ok(())
        });
        let Ok(()) = walked;
        if let Some((_, Some(piece))) = open {
            visit(Piece { last: (self.address)(A::LAST), ..piece });
        }
    }

    /// The piece that begins at an address; `None` in a tunnel.
    fn piece(&self, start: A, values: &[u32]) -> Option<Piece> {
        let [tunnel, network, _, _, places @ ..] = values else {
            unreachable!("four layers stand before the databases")
        };
        if *tunnel != NOTHING {
            return None;
        }
        let first = (self.address)(start);
        let placement = self.map.place(&first);
        let said = self.databases.iter().zip(places);
        let place = Merged::of_all(said.map(|(database, &number)| &database.places()[number as usize]));
        Some(Piece {
            first,
            last: first,
            class: placement.class,
            special: placement.special,
            country: place.country.map(|said| said.value),
            continent: place.continent.map(|said| said.value),
            network: (*network as usize).checked_sub(1),
        })
    }
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
