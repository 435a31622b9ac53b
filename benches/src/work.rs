//! The works: what is asked, of which world, over which transport.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::query::{EdnsOption, Expected, Packets, query, query_of};
use crate::random::Random;
use crate::world::{self, World};

/// Different packets of a work. More than any cache of packets should hold, so that it is names that are looked up.
const PACKETS: u64 = 65_536;
/// The client cookie that is sent (RFC 7873 §4.1); any octets are right.
pub const CLIENT_COOKIE: [u8; 8] = *b"meridian";
const NOERROR: u8 = 0;
const NXDOMAIN: u8 = 3;

/// Something that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Work {
    /// The address of one of 10,000 names.
    Static,
    /// A steered, weighted address for a client subnet: random unicast IPv4 /24.
    Geo,
    /// The same for random IPv6 /56 of the blocks that registries give out.
    GeoIpv6,
    /// A name that does not exist, two labels below the closest encloser, in a zone with wildcards.
    Nxdomain,
    /// A name that a wildcard gives.
    Wildcard,
    /// A name below a zone cut.
    Referral,
    /// Static, with a client cookie.
    ClientCookie,
    /// Static, with a cookie that the server gave before.
    ServerCookie,
    /// Static, over 64 TCP connections with one query at a time each.
    Tcp,
    /// Static, over 8 TCP connections with 32 queries in flight each.
    TcpPipelined,
    /// The address of one of a million names.
    Million,
    /// The address of a name in one of 10,000 zones.
    Zones,
    /// A steered address, of one of 10,000 names over 16 sites, for a client subnet.
    Steered,
}

/// How queries travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Streams.
    Tcp {
        /// Connections at once.
        connections: usize,
        /// Queries in flight on each.
        in_flight: usize,
    },
}

impl Work {
    /// For people, and for the file of figures.
    pub fn label(self) -> String {
        clap::ValueEnum::to_possible_value(&self)
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Who must serve what.
    pub fn world(self) -> World {
        match self {
            Work::Geo | Work::GeoIpv6 => World::Geo,
            Work::Million => World::Million,
            Work::Zones => World::Zones,
            Work::Steered => World::Steered,
            _ => World::Names,
        }
    }

    /// How it is asked.
    pub fn transport(self) -> Transport {
        match self {
            Work::Tcp => Transport::Tcp { connections: 64, in_flight: 1 },
            Work::TcpPipelined => Transport::Tcp { connections: 8, in_flight: 32 },
            _ => Transport::Udp,
        }
    }

    /// What a right answer looks like.
    pub fn expected(self) -> Expected {
        match self {
            Work::Nxdomain => Expected { rcode: NXDOMAIN, has_answer: false },
            Work::Referral => Expected { rcode: NOERROR, has_answer: false },
            _ => Expected { rcode: NOERROR, has_answer: true },
        }
    }

    /// The queries, the same from the same seed. `server_cookie` is what [`Work::ServerCookie`] sends behind the client
    /// cookie.
    pub fn packets(self, seed: u64, server_cookie: &[u8]) -> Packets {
        let mut random = Random::new(seed);
        Packets::new((0..PACKETS).map(|_| self.packet(&mut random, server_cookie)))
    }

    fn packet(self, random: &mut Random, server_cookie: &[u8]) -> Vec<u8> {
        let any_name = |random: &mut Random| world::name(random.below(world::NAMES));
        let steered = |random: &mut Random| world::steered_name(random.below(world::STEERED_NAMES));
        match self {
            Work::Static | Work::Tcp | Work::TcpPipelined => query(&any_name(random), None),
            Work::ClientCookie => query(&any_name(random), Some(EdnsOption::Cookie(&CLIENT_COOKIE))),
            Work::ServerCookie => {
                let cookie = [&CLIENT_COOKIE, server_cookie].concat();
                query(&any_name(random), Some(EdnsOption::Cookie(&cookie)))
            }
            Work::Geo => {
                let name = steered(random);
                query(&name, Some(EdnsOption::ClientSubnet(IpAddr::V4(unicast_ipv4(random)))))
            }
            Work::GeoIpv6 => {
                let name = steered(random);
                query(&name, Some(EdnsOption::ClientSubnet(IpAddr::V6(unicast_ipv6(random)))))
            }
            Work::Nxdomain => {
                let (first, second) = (random.word() as u32, random.word() as u32);
                query(&format!("{first:08x}.{second:08x}.{}", World::Names.apex()), None)
            }
            Work::Wildcard => {
                let below = world::wildcard(random.below(world::WILDCARDS));
                query(&format!("{:08x}.{below}", random.word() as u32), None)
            }
            Work::Referral => {
                query(&format!("www.{}", world::delegation(random.below(world::DELEGATIONS))), None)
            }
            Work::Million => query(&world::million_name(random.below(world::MILLION)), None),
            Work::Zones => query(&world::zone_name(random.below(world::ZONES)), None),
            Work::Steered => {
                let name = world::steered_host(random.below(world::STEERED_HOSTS));
                query(&name, Some(EdnsOption::ClientSubnet(IpAddr::V4(unicast_ipv4(random)))))
            }
        }
    }
}

/// The queries of [`Work::Steered`], by turns for A and AAAA records.
pub fn steered_packets(seed: u64) -> Packets {
    let mut random = Random::new(seed);
    Packets::new((0..PACKETS).map(|number| {
        let name = world::steered_host(random.below(world::STEERED_HOSTS));
        let client = EdnsOption::ClientSubnet(IpAddr::V4(unicast_ipv4(&mut random)));
        query_of(&name, number % 2 == 1, Some(client))
    }))
}

/// Any address that can be a client's: special-purpose blocks left out.
fn unicast_ipv4(random: &mut Random) -> Ipv4Addr {
    loop {
        let address = Ipv4Addr::from(random.word() as u32);
        let [first, second, ..] = address.octets();
        let special = matches!((first, second), (0 | 10 | 127 | 224.., _) | (100, 64..128) | (198, 18 | 19));
        let of_std = address.is_private() || address.is_link_local() || address.is_documentation();
        if !special && !of_std && (first, second) != (192, 0) {
            return address;
        }
    }
}

/// An address of the blocks that IANA gave to the five registries (AFRINIC, APNIC, ARIN, LACNIC, RIPE NCC), in the
/// part of each where networks are dense.
fn unicast_ipv6(random: &mut Random) -> Ipv6Addr {
    const BLOCKS: [u128; 5] = [0x2c0f, 0x2400, 0x2600, 0x2804, 0x2a00];
    let block = BLOCKS[random.below(BLOCKS.len() as u64) as usize] << 112;
    let host = u128::from(random.word()) << 64 | u128::from(random.word());
    Ipv6Addr::from(block | host >> 16)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_work_has_the_same_queries_from_the_same_seed_and_different_ones_from_another() {
        for work in Work::value_variants() {
            let [one, same, other] = [1, 1, 2].map(|seed| work.packets(seed, &[9; 16]));
            let all = |packets: &Packets| {
                (0..PACKETS).map(|number| packets.get(number).to_vec()).collect::<Vec<_>>()
            };
            assert_eq!(one.count() as u64, PACKETS);
            assert!(all(&one) == all(&same), "{work:?}");
            assert!(all(&one) != all(&other), "{work:?}");
        }
    }

    #[test]
    fn clients_are_unicast() {
        let mut random = Random::new(7);
        for _ in 0..100_000 {
            let address = unicast_ipv4(&mut random);
            assert!(!address.is_multicast() && !address.is_private() && !address.is_loopback(), "{address}");
            assert!(matches!(unicast_ipv6(&mut random).segments()[0], 0x2400..=0x2c0f));
        }
    }
}
