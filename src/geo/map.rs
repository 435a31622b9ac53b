//! A compiled map: what a query reads.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::compile::{self, SPECIAL, TUNNEL};
use super::database::Database;
use super::ipv4_table::Ipv4Table;
use super::ipv6_table::Ipv6Table;
use super::rules::{MapRules, Site, SiteId};
use super::space::{Space, shortest_prefix};
use super::special::embedded_ipv4;
use crate::wire::Family;

/// Number of a class within its map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u16);

/// Class and scope of a client under one map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The outcome.
    pub class: ClassId,
    /// The prefix length for which it holds (semantics §7), counted in the address that was asked about: 0–32 for
    /// IPv4, 0–128 for IPv6, also for an IPv6 address with an IPv4 address inside.
    pub scope: u8,
    /// The client lies in a special-purpose block: for ECS the decision falls on the transport address and only
    /// `scope` counts; for a transport address `class` is what the ordinary rules give.
    pub special: bool,
}

/// A compiled map: total over IPv4 and IPv6.
pub struct Map {
    name: String,
    classes: Vec<Box<[SiteId]>>,
    ipv4: Ipv4Table,
    ipv6: Ipv6Table,
    /// What is left of the special-purpose blocks: first and last addresses.
    ipv4_special: Vec<(u32, u32)>,
    ipv6_special: Vec<(u128, u128)>,
    /// Only one class outside of special-purpose blocks: then scopes are 0.
    uniform: bool,
    source: Source,
}

/// What a map was compiled from.
#[derive(PartialEq)]
struct Source {
    rules: MapRules,
    sites: Vec<Site>,
    databases: Vec<u64>,
}

impl Source {
    fn new(rules: &MapRules, sites: &[Site], databases: &[&Database]) -> Source {
        let databases = databases.iter().map(|database| database.digest()).collect();
        Source { rules: rules.clone(), sites: sites.to_vec(), databases }
    }
}

impl Map {
    /// Compiles the rules over the databases (earlier ones first, later ones fill what is missing). The error is a
    /// sentence for the operator.
    pub fn compile(
        name: &str,
        rules: &MapRules,
        sites: &[Site],
        databases: &[&Database],
    ) -> Result<Map, String> {
        let compiled = compile::compile(name, rules, sites, databases).map_err(|error| error.to_string())?;
        Ok(Map {
            name: name.to_owned(),
            uniform: compile::ordinary_classes(&compiled) == 1,
            ipv4: Ipv4Table::new(&compiled.ipv4.ranges),
            ipv6: Ipv6Table::new(&compiled.ipv6.ranges),
            ipv4_special: compiled.ipv4.special,
            ipv6_special: compiled.ipv6.special,
            classes: compiled.classes,
            source: Source::new(rules, sites, databases),
        })
    }

    /// The map's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tables that it was compiled from.
    pub fn rules(&self) -> &MapRules {
        &self.source.rules
    }

    /// Where a client is. About 10 ns, no allocation.
    #[inline]
    pub fn place(&self, client: &IpAddr) -> Placement {
        match self.place_at_a_glance(client) {
            Some((class, scope)) => Placement { class, scope, special: false },
            None => self.place_apart(*client),
        }
    }

    /// Class and scope of a client outside of tunnels and special-purpose blocks; `None` for all others, whom [`Map::place`]
    /// knows too.
    #[inline(always)]
    pub fn place_at_a_glance(&self, client: &IpAddr) -> Option<(ClassId, u8)> {
        let (value, scope) = match client {
            IpAddr::V4(client) => self.ipv4.find(client.to_bits()),
            IpAddr::V6(client) => self.ipv6.find(client.to_bits()),
        };
        // Resolvers take 0 for everyone, of both families: only a map of one class may say so.
        let scope = if self.uniform { 0 } else { scope.max(1) };
        (value < TUNNEL).then_some((ClassId(value), scope))
    }

    /// The scope that a client outside of special-purpose blocks would have if this were no map of one class: it reaches
    /// into no special-purpose block and no tunnel.
    #[cold]
    pub fn scope_of_several_classes(&self, client: IpAddr) -> u8 {
        match client {
            IpAddr::V4(client) => self.ipv4.find(client.to_bits()).1,
            IpAddr::V6(client) => match embedded_ipv4(client.to_bits()) {
                Some((embedded, before)) => before + self.ipv4.find(embedded).1,
                None => self.ipv6.find(client.to_bits()).1,
            },
        }
    }

    /// The starts and values of the ranges of a family, in order: what the table was compiled from.
    pub(super) fn ranges(&self, family: Family) -> Box<dyn Iterator<Item = (u128, u16)> + '_> {
        match family {
            Family::V4 => Box::new(self.ipv4.ranges().map(|(start, value)| (start.into(), value))),
            Family::V6 => Box::new(self.ipv6.ranges()),
        }
    }

    /// The ordered sites of every class, indexed by [`ClassId`].
    pub fn classes(&self) -> &[Box<[SiteId]>] {
        &self.classes
    }

    /// Octets held by its tables.
    pub fn size(&self) -> usize {
        let classes: usize = self.classes.iter().map(|sites| size_of_val(&**sites)).sum();
        Family::BOTH.map(|family| self.size_of(family)).iter().sum::<usize>() + classes
    }

    /// Octets held by the table of one family.
    pub fn size_of(&self, family: Family) -> usize {
        match family {
            Family::V4 => self.ipv4.size() + size_of_val(&*self.ipv4_special),
            Family::V6 => self.ipv6.size() + size_of_val(&*self.ipv6_special),
        }
    }

    /// Whether compiling these would give this map again, so that a reload can keep it.
    pub fn is_made_from(&self, rules: &MapRules, sites: &[Site], databases: &[&Database]) -> bool {
        self.source == Source::new(rules, sites, databases)
    }

    /// Where a client is whose address lies in a tunnel or in a special-purpose block.
    #[cold]
    fn place_apart(&self, client: IpAddr) -> Placement {
        match client {
            IpAddr::V4(client) => {
                let (value, _) = self.ipv4.find(client.to_bits());
                in_special_block(value, &self.ipv4_special, client.to_bits())
            }
            IpAddr::V6(client) => match self.ipv6.find(client.to_bits()) {
                (TUNNEL, _) => self.place_tunnelled(client.to_bits()),
                (value, _) => in_special_block(value, &self.ipv6_special, client.to_bits()),
            },
        }
    }

    fn place_tunnelled(&self, client: u128) -> Placement {
        let (embedded, before) = embedded_ipv4(client).expect("only tunnels have the value of tunnels");
        let inner = self.place(&IpAddr::V4(Ipv4Addr::from_bits(embedded)));
        let scope = if self.uniform && !inner.special { 0 } else { before + inner.scope };
        Placement { scope, ..inner }
    }
}

/// A placement in a special-purpose block.
fn in_special_block<A: Space>(value: u16, blocks: &[(A, A)], client: A) -> Placement {
    Placement { class: ClassId(value & !SPECIAL), scope: special_scope(blocks, client), special: true }
}

/// The shortest prefix around an address inside what is left of its special-purpose block. The classes underneath do
/// not matter here: for ECS the block is a class of its own.
fn special_scope<A: Space>(special: &[(A, A)], address: A) -> u8 {
    let after = special.partition_point(|&(first, _)| first <= address);
    let (first, last) = special[after - 1];
    shortest_prefix(address, first, last.next())
}

impl fmt::Debug for Map {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Map({}: {} classes, {} octets)", self.name, self.classes.len(), self.size())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Prefix;
    use super::super::database_builder::DatabaseBuilder;
    use super::*;

    const FRA: SiteId = SiteId(0);
    const IAD: SiteId = SiteId(1);

    /// 1.0.0.0/8 and 2a00::/12 are German, 10.0.0.0/9 too; everything else is unknown.
    fn german(digest: u64) -> Database {
        let mut builder = DatabaseBuilder::default();
        builder.add_ipv4_country(0x0100_0000, 0x01FF_FFFF, *b"DE");
        builder.add_ipv4_country(0x0A00_0000, 0x0A7F_FFFF, *b"DE");
        builder.add_ipv6_country(0x2a00 << 112, (0x2a10 << 112) - 1, *b"DE");
        builder.finish("test", "test", 0, digest)
    }

    fn network(address: &str, length: u8, site: SiteId) -> (Prefix, Vec<SiteId>) {
        (Prefix { address: address.parse().unwrap(), length }, vec![site])
    }

    fn rules(network: Vec<(Prefix, Vec<SiteId>)>) -> MapRules {
        MapRules { network, country: vec![(*b"DE", vec![FRA])], default: vec![IAD], ..MapRules::default() }
    }

    fn check(rules: &MapRules, client: &str, site: SiteId, scope: u8, special: bool) {
        let database = german(0);
        let map = Map::compile("world", rules, &[], &[&database]).unwrap();
        let found = map.place(&client.parse().unwrap());
        assert_eq!(&*map.classes()[usize::from(found.class.0)], [site], "{client}");
        assert_eq!((found.scope, found.special), (scope, special), "{client}");
    }

    #[test]
    fn scope_is_the_shortest_prefix_of_one_class_and_respects_holes() {
        check(&rules(vec![]), "1.2.3.4", FRA, 8, false);
        check(&rules(vec![]), "2a00::1", FRA, 12, false);
        let hole = rules(vec![network("1.2.3.0", 24, IAD)]);
        check(&hole, "1.2.3.4", IAD, 24, false);
        check(&hole, "1.2.2.4", FRA, 24, false);
        check(&hole, "1.200.0.1", FRA, 9, false);
        check(&rules(vec![network("1.2.3.0", 24, FRA)]), "1.2.3.4", FRA, 8, false);
    }

    #[test]
    fn special_blocks_answer_with_their_length_whatever_lies_underneath() {
        check(&rules(vec![]), "10.1.2.3", FRA, 8, true);
        check(&rules(vec![]), "10.200.2.3", IAD, 8, true);
        check(&rules(vec![]), "192.0.2.1", IAD, 24, true);
        check(&rules(vec![]), "::1", IAD, 128, true);
        check(&rules(vec![]), "2001:db8::1", IAD, 32, true);
        check(&rules(vec![]), "2002:a01:203::1", FRA, 24, true);
        check(&rules(vec![]), "::ffff:10.1.2.3", FRA, 104, true);
    }

    #[test]
    fn no_scope_of_a_neighbour_reaches_into_a_special_block() {
        check(&rules(vec![]), "192.0.3.1", IAD, 24, false);
        check(&rules(vec![]), "11.0.0.1", IAD, 8, false);
    }

    #[test]
    fn a_network_inside_a_special_block_wins_and_is_ordinary() {
        let inside = rules(vec![network("10.1.0.0", 16, IAD)]);
        check(&inside, "10.1.2.3", IAD, 16, false);
        check(&inside, "10.0.2.3", FRA, 16, true);
        check(&inside, "10.128.0.1", IAD, 9, true);
        check(&rules(vec![network("10.0.0.0", 8, IAD)]), "10.1.2.3", IAD, 5, false);
        check(&rules(vec![network("0.0.0.0", 0, IAD)]), "10.1.2.3", IAD, 8, true);
    }

    #[test]
    fn tunnelled_clients_are_placed_by_their_ipv4_address() {
        check(&rules(vec![]), "::ffff:1.2.3.4", FRA, 104, false);
        check(&rules(vec![]), "2002:102:304::1", FRA, 24, false);
        check(&rules(vec![]), "::1.2.3.4", IAD, 104, false);
    }

    #[test]
    fn a_map_of_one_class_has_scope_0() {
        let one = MapRules { default: vec![IAD], ..MapRules::default() };
        for client in ["1.2.3.4", "2a00::1", "2002:102:304::1", "::ffff:1.2.3.4"] {
            check(&one, client, IAD, 0, false);
        }
        check(&one, "10.0.0.1", IAD, 8, true);
    }

    #[test]
    fn a_map_knows_what_it_was_made_from() {
        let (database, other) = (german(1), german(2));
        let map = Map::compile("world", &rules(vec![]), &[], &[&database]).unwrap();
        assert!(map.is_made_from(&rules(vec![]), &[], &[&german(1)]));
        assert!(!map.is_made_from(&rules(vec![]), &[], &[&other]));
        assert!(!map.is_made_from(&rules(vec![]), &[], &[]));
        assert!(!map.is_made_from(&rules(vec![network("1.0.0.0", 8, IAD)]), &[], &[&database]));
    }
}
