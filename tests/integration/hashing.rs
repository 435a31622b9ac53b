//! `pick = "hash"` over a fleet: servers that know nothing of each other, and not even the same of where clients are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::harness::client::ask;
use crate::harness::message::{A, AAAA, Query};
use crate::harness::place::{Folder, test_data};
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

const CLIENTS: u64 = 300;
const MEMBERS: u8 = 5;

/// A server with a pool of some of the members, written in some order.
fn server(name: &str, members: impl Iterator<Item = u8>, databases: Vec<std::path::PathBuf>) -> Server {
    let folder = Folder::new(name);
    folder.copy("world");
    let member = |number| {
        format!(
            "{{ name = \"m{number}\", address = [\"192.0.2.{number}\", \"2001:db8::{number}\"], weight = {number} }},\n"
        )
    };
    let members: String = members.map(member).collect();
    folder.write(
        "zones/example.com.toml",
        format!(
            "[pool.web]\nsite = \"fra\"\npick = \"hash\"\nmembers = [\n{members}]\n\
             [[steer]]\nname = \"www\"\nmap = \"world\"\npools = \"web\"\n"
        ),
    );
    Server::start(folder, Setup { databases, ..Setup::default() })
}

/// Clients all over the world, of both families.
fn clients() -> Vec<(IpAddr, u8)> {
    let network = |index: u64| {
        let word = index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let first = 1 + (word >> 32) as u32 % 0xDF00_0000;
        match index % 3 {
            0 => (IpAddr::V6(Ipv6Addr::from_bits(0x2400 << 112 | u128::from(word >> 8) << 64)), 56),
            _ => (IpAddr::V4(Ipv4Addr::from_bits(first & 0xFFFF_FF00)), 24),
        }
    };
    (0..CLIENTS).map(network).collect()
}

/// The number of the member that a client gets, in both families.
fn member(server: &Server, (client, length): (IpAddr, u8)) -> u8 {
    let [a, aaaa] = [A, AAAA].map(|rtype| {
        let query = Query::new("www.example.com", rtype).with_subnet(client, length);
        let answer = ask(server.address, &query);
        let addresses = answer.addresses();
        assert_eq!(addresses.len(), 1, "{client}");
        let hashed = if client.is_ipv4() { 24 } else { 48 };
        let is_special = client.is_ipv4() && answer.scope().is_some_and(|scope| scope < hashed);
        assert!(answer.scope() >= Some(hashed) || is_special, "{client}: scope {:?}", answer.scope());
        match addresses[0] {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(address) => address.octets()[15],
        }
    });
    assert_eq!(a, aaaa, "{client}: A and AAAA agree");
    a
}

#[test]
fn servers_with_different_databases_give_a_client_the_same_member() {
    let _turn = turns::shared();
    let one = server("hashing-one", 1..=MEMBERS, vec![]);
    let other = server("hashing-other", (1..=MEMBERS).rev(), vec![test_data("dbip-country.mmdb")]);
    let without = server("hashing-without", (1..=MEMBERS).filter(|&number| number != 3), vec![]);
    let mut met = [0; MEMBERS as usize + 1];
    for client in clients() {
        let member_of_one = member(&one, client);
        assert_eq!(member(&other, client), member_of_one, "{client:?}");
        let left = member(&without, client);
        assert!(member_of_one == 3 || left == member_of_one, "{client:?} moved without need");
        met[usize::from(member_of_one)] += 1;
    }
    assert!(met[1..].iter().all(|&count| count > 0), "{met:?}");
}
