//! §7: the scope is the shortest prefix around the client whose whole space has the same class. A model of the text, which
//! looks at every place where anything begins, beside random small maps.

use std::collections::BTreeSet;
use std::net::IpAddr;

use meridian::answer::Random;

use crate::harness::{Server, World};
use crate::prefix::{self, Prefix, SPECIAL};

/// The blocks whose clients are looked up by the IPv4 address inside, and the bits before that.
const TUNNELS: [&str; 2] = ["::ffff:0:0/96", "2002::/16"];
/// Whose address a query comes from.
const TRANSPORT: &str = "100.1.1.1";

/// What a map says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// The number of the only site.
    Site(usize),
    Special(Prefix),
}

/// A map with networks alone, each with one of a few sites; site 0 is the default.
struct Model {
    networks: Vec<(Prefix, usize)>,
    special: Vec<Prefix>,
}

impl Model {
    /// Some networks near one another, near special blocks, and inside of them.
    fn random(random: &mut Random) -> Model {
        let bases = [
            "8.0.0.0",
            "9.128.0.0",
            "10.0.0.0",
            "11.0.0.0",
            "192.0.0.0",
            "192.0.2.0",
            "223.255.0.0",
            "2a00::",
            "2001:db8::",
            "fc00::",
            "2001:db7:ffff::",
        ];
        let mut networks: Vec<(Prefix, usize)> = Vec::new();
        for _ in 0..random.word() % 8 {
            let base: IpAddr = bases[(random.word() % bases.len() as u64) as usize].parse().unwrap();
            let (least, most) = if base.is_ipv4() { (3, 32) } else { (5, 64) };
            let length = (least + random.word() % (most - least + 1)) as u8;
            // Near the base: some of the bits behind the first twelve.
            let near = u128::from(random.word() & random.word()) << if base.is_ipv4() { 0 } else { 64 };
            let mask = if base.is_ipv4() { 0x000F_FFFF } else { u128::MAX >> 12 };
            let address = prefix::address(base.is_ipv4(), prefix::number(base) ^ (near & mask));
            let network = Prefix::around(address, length);
            // Networks in the tunnels are defects: nobody is looked up by them.
            let is_tunnel =
                TUNNELS.map(Prefix::parse).iter().any(|tunnel| tunnel.contains(network.address()));
            if !is_tunnel && networks.iter().all(|(other, _)| *other != network) {
                networks.push((network, (random.word() % 3) as usize));
            }
        }
        Model { networks, special: SPECIAL.map(Prefix::parse).into() }
    }

    /// The class of an address, as a client subnet or as a transport address.
    fn class(&self, address: IpAddr, is_subnet: bool) -> Class {
        let address = inside(address).map_or(address, |(inside, _)| inside);
        let holding = self.networks.iter().filter(|(network, _)| network.contains(address));
        let longest = holding.max_by_key(|(network, _)| network.length);
        let block = self.special.iter().find(|block| is_subnet && block.contains(address));
        match (longest, block) {
            (Some((network, site)), Some(block)) if network.length >= block.length => Class::Site(*site),
            (_, Some(block)) => Class::Special(*block),
            (Some((_, site)), None) => Class::Site(*site),
            (None, None) => Class::Site(0),
        }
    }

    /// Every address of a family at which another class may begin.
    fn starts(&self, is_ipv4: bool) -> BTreeSet<u128> {
        let networks = self.networks.iter().map(|(network, _)| *network);
        let all: Vec<Prefix> = networks.chain(self.special.iter().copied()).collect();
        let tunnels = TUNNELS.map(Prefix::parse);
        let tunnelled = all.iter().filter(|prefix| prefix.is_ipv4).flat_map(|prefix| {
            tunnels.map(|tunnel| {
                let first = tunnel.first | prefix.first << (96 - tunnel.length);
                Prefix { is_ipv4: false, first, length: tunnel.length + prefix.length }
            })
        });
        let prefixes = all.iter().copied().chain(tunnels).chain(tunnelled);
        let own = prefixes.filter(|prefix| prefix.is_ipv4 == is_ipv4);
        own.flat_map(|prefix| [Some(prefix.first), prefix.end().checked_add(1)]).flatten().collect()
    }

    /// Whether there is one class only, special blocks not counted.
    fn is_uniform(&self) -> bool {
        let sites = [true, false].into_iter().flat_map(|is_ipv4| {
            let most = if is_ipv4 { u32::MAX.into() } else { u128::MAX };
            let starts = self.starts(is_ipv4).into_iter().filter(move |start| *start <= most);
            starts.map(move |start| self.class(prefix::address(is_ipv4, start), true))
        });
        sites.filter(|class| matches!(class, Class::Site(_))).collect::<BTreeSet<_>>().len() == 1
    }

    fn is_one_class(&self, prefix: Prefix, starts: &BTreeSet<u128>) -> bool {
        let class = self.class(prefix.address(), true);
        let mut within = starts.range(prefix.first..=prefix.end());
        within.all(|&start| self.class(prefix::address(prefix.is_ipv4, start), true) == class)
    }

    /// What the text says.
    fn scope(&self, client: IpAddr) -> u8 {
        if self.is_uniform() && matches!(self.class(client, true), Class::Site(_)) {
            return 0;
        }
        let starts = self.starts(client.is_ipv4());
        let bits = Prefix::around(client, 0).bits();
        let fits = |length: &u8| self.is_one_class(Prefix::around(client, *length), &starts);
        (0..=bits).find(fits).expect("an address has one class")
    }

    fn serve(&self) -> Server {
        self.world("", "u1", "map = \"world\"").serve()
    }

    /// A pool of these members at each site, with these keys of pools and of the rule.
    fn world(&self, pool: &str, members: &str, rule: &str) -> World {
        let sites = ["s0", "s1", "s2"];
        let mut maps = sites.map(|site| format!("[site.{site}]\n")).concat();
        maps.push_str("[map.world]\ndefault = [\"s0\"]\n[map.world.network]\n");
        for (network, site) in &self.networks {
            maps.push_str(&format!("\"{}/{}\" = [\"s{site}\"]\n", network.address(), network.length));
        }
        let world = sites.iter().fold(World::new().maps(&maps), |world, site| {
            world.pool(site, &format!("site = \"{site}\"\n{pool}"), members)
        });
        world.rule(&format!("name = \"www\"\npools = [\"s0\", \"s1\", \"s2\"]\n{rule}"))
    }
}

/// The IPv4 address inside of one of IPv6, and the bits before it.
fn inside(address: IpAddr) -> Option<(IpAddr, u8)> {
    let tunnel = TUNNELS.map(Prefix::parse).into_iter().find(|tunnel| tunnel.contains(address))?;
    let bits = prefix::number(address) >> (96 - tunnel.length);
    Some((prefix::address(true, bits & u128::from(u32::MAX)), tunnel.length))
}

/// A client near a place where something begins, or anywhere.
fn client(model: &Model, random: &mut Random) -> IpAddr {
    let is_ipv4 = random.word().is_multiple_of(2);
    let starts: Vec<u128> = model.starts(is_ipv4).into_iter().collect();
    let start = starts[(random.word() % starts.len() as u64) as usize];
    let number = match random.word() % 4 {
        0 => start,
        1 => start.wrapping_sub(1),
        2 => start ^ u128::from(random.word() & random.word() & random.word()),
        _ => u128::from(random.word()) << 64 | u128::from(random.word()),
    };
    prefix::address(is_ipv4, if is_ipv4 { number & u128::from(u32::MAX) } else { number })
}

fn question(client: IpAddr) -> String {
    let bits = if client.is_ipv4() { 32 } else { 128 };
    format!("www A from={TRANSPORT} subnet={client}/{bits}")
}

/// A full address gets what the model says.
fn check(model: &Model, server: &Server, client: IpAddr) {
    let reply = server.ask(&question(client));
    let deciding = match model.class(client, true) {
        Class::Site(site) => site,
        Class::Special(_) => match model.class(TRANSPORT.parse().unwrap(), false) {
            Class::Site(site) => site,
            Class::Special(_) => unreachable!("transport addresses are never special"),
        },
    };
    let case = || format!("{client} under {:?}", model.networks);
    assert_eq!(reply.said, format!("s{deciding}0"), "{}", case());
    assert_eq!(reply.scope, Some(model.scope(client)), "{}", case());
}

#[test]
fn section_7_the_scope_is_the_shortest_prefix_of_one_class() {
    let mut random = Random::new(7);
    for _ in 0..60 {
        let model = Model::random(&mut random);
        let server = model.serve();
        for _ in 0..50 {
            check(&model, &server, client(&model, &mut random));
        }
    }
}

/// For any two full addresses: if a's answer says scope s and b is inside a/s, then b's class is a's class; and the prefix
/// one bit shorter holds an address of another class.
#[test]
fn section_7_scopes_are_right_and_minimal_over_the_whole_table() {
    let mut random = Random::new(70);
    for _ in 0..12 {
        let model = Model::random(&mut random);
        let server = model.serve();
        for is_ipv4 in [true, false] {
            let starts = model.starts(is_ipv4);
            let most = if is_ipv4 { u32::MAX.into() } else { u128::MAX };
            for &start in starts.iter().filter(|start| **start <= most) {
                let one = prefix::address(is_ipv4, start);
                let reply = server.ask(&question(one));
                let scope = reply.scope.unwrap();
                let class = model.class(one, true);
                let around = Prefix::around(one, scope);
                let others =
                    starts.range(around.first..=around.end()).copied().chain([around.first, around.end()]);
                for other in others.map(|other| prefix::address(is_ipv4, other)) {
                    if scope == 0 && matches!(model.class(other, true), Class::Special(_)) {
                        // Resolvers take 0 for everyone; in a map of one class special blocks are not counted.
                        continue;
                    }
                    assert_eq!(model.class(other, true), class, "{other} inside {one}/{scope}");
                    assert_eq!(server.said(&question(other)), reply.said, "{other} inside {one}/{scope}");
                }
                if scope > 0 {
                    let shorter = Prefix::around(one, scope - 1);
                    assert!(!model.is_one_class(shorter, &starts), "{one}/{scope} is not minimal");
                }
            }
        }
    }
}

/// What depends on the client's network, by `pick = "hash"` or a trickle, is told with a scope for which it holds.
#[test]
fn section_7_an_answer_holds_for_the_scope_that_it_carries() {
    let mut random = Random::new(77);
    for round in 0..24 {
        let model = Model::random(&mut random);
        let (ipv4, ipv6) = ([2, 8, 20, 24, 28][round % 5], [8, 32, 48, 56][round % 4]);
        let pool = match round % 3 {
            0 => String::new(),
            _ => format!("pick = \"hash\"\nhash_prefix = {{ ipv4 = {ipv4}, ipv6 = {ipv6} }}"),
        };
        let members = if pool.is_empty() { "u1" } else { "u1 u1 u1 u1 u1" };
        let trickle = if round % 3 == 1 { "" } else { "trickle = \"50 %\"\n" };
        let map = if round % 2 == 0 { "map = \"world\"" } else { "" };
        let server = model.world(&pool, members, &format!("{trickle}{map}")).serve();
        for _ in 0..40 {
            let one = client(&model, &mut random);
            let reply = server.ask(&question(one));
            let around = Prefix::around(one, reply.scope.unwrap());
            assert_eq!(server.explain(&question(one)).scope.length, around.length, "{one}");
            let starts = model.starts(one.is_ipv4());
            let near = (0..4).map(|_| u128::from(random.word()) << 64 | u128::from(random.word()));
            let anywhere =
                near.map(|number| around.first | number & (around.end() ^ around.first)).collect::<Vec<_>>();
            let others = starts.range(around.first..=around.end()).take(20).copied().chain(anywhere);
            for other in others.map(|other| prefix::address(one.is_ipv4(), other)) {
                let said = server.said(&question(other));
                assert_eq!(
                    said, reply.said,
                    "{other} inside {one}/{}\n{pool}\n{trickle}{map}",
                    around.length
                );
            }
        }
    }
}
