//! Who the clients of a map are: a few hundred kinds, each with a network of them and how many there are.

use std::collections::HashMap;

use super::{Client, Clients};
use crate::geo::{self, ClassId, Database, Piece, Prefix};
use crate::snapshot::Configuration;
use crate::wire::Family;

/// Clients that are alike in all that a claim can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// Their class under the map.
    pub(super) class: ClassId,
    /// In special-purpose blocks.
    pub(super) special: bool,
    /// Where the databases place them.
    pub(super) country: Option<[u8; 2]>,
    /// Where the databases place them.
    pub(super) continent: Option<[u8; 2]>,
    /// The innermost of the networks asked about that holds them, by its index.
    pub(super) network: Option<usize>,
    /// The largest network of them.
    pub(super) example: Prefix,
    /// How many they are, by family: addresses of IPv4, /48s of IPv6.
    pub(super) size: [u128; 2],
}

impl Cell {
    /// The one kind of clients that a rule without a map knows.
    pub(super) fn anybody() -> Cell {
        let everywhere = Prefix { address: std::net::Ipv4Addr::UNSPECIFIED.into(), length: 0 };
        Cell {
            class: ClassId(0),
            special: false,
            country: None,
            continent: None,
            network: None,
            example: everywhere,
            size: [0; 2],
        }
    }

    /// Whether a claim about `clients` is about them; `networks` are those that the crowd was cut by.
    pub(super) fn is_among(&self, clients: &Clients, networks: &[Prefix]) -> bool {
        match clients {
            Clients::All => true,
            Clients::Countries(countries) => self.country.is_some_and(|country| countries.contains(&country)),
            Clients::Continent(continent) => self.continent == Some(*continent),
            Clients::Network(network) => self.network.is_some_and(|index| {
                let inner = networks[index];
                inner.length >= network.length && network.contains(inner.address)
            }),
        }
    }

    /// One of them, to be shown.
    pub(super) fn client(&self) -> Client {
        let Cell { example, special, country, continent, .. } = *self;
        Client { network: example, special, country, continent }
    }

    /// The lower, the better an example it is: `dig` can ask for it, IPv4, large.
    pub(super) fn rank(&self) -> (bool, usize, u8) {
        (self.special, Family::of(self.example.address).index(), self.example.length)
    }
}

/// What makes two pieces the same kind.
type Kind = (ClassId, bool, Option<[u8; 2]>, Option<[u8; 2]>, Option<usize>);

/// The clients of one map.
pub(super) struct Crowd {
    cells: HashMap<Kind, Cell>,
}

impl Crowd {
    /// Walks the clients of a map, cut by `networks` too.
    pub(super) fn of(configuration: &Configuration, map: u32, networks: &[Prefix]) -> Crowd {
        let mut crowd = Crowd { cells: HashMap::new() };
        let databases: Vec<&Database> = configuration.geo.iter().map(|source| &*source.database).collect();
        let table = &configuration.maps[map as usize].table;
        geo::pieces(table, &databases, networks, |piece| crowd.add(&piece));
        crowd
    }

    /// Its cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.values()
    }

    fn add(&mut self, piece: &Piece) {
        let Piece { class, special, country, continent, network, .. } = *piece;
        let own =
            Cell { class, special, country, continent, network, example: piece.example(), size: [0; 2] };
        let cell = self.cells.entry((class, special, country, continent, network)).or_insert(own);
        cell.size[piece.family.index()] += piece.size();
        // Of equal examples the one that comes first in the space.
        if (own.rank(), own.example.address) < (cell.rank(), cell.example.address) {
            cell.example = own.example;
        }
    }
}
