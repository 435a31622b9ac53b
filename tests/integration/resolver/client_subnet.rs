//! Unbound with a cache by scope (`subnetcache`): what the server answers for some clients is kept for those, and what
//! it answers for all is kept for all (RFC 7871 §7.3).

use std::net::IpAddr;

use super::process::Resolver;
use crate::harness::dig::{Dug, dig};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

/// A client network of each continent with a site, in both families, and that site's IPv4 address.
const CLIENTS: [(&str, &str); 6] = [
    ("217.0.0.0/24", "192.0.2.10"),
    ("8.8.8.0/24", "192.0.2.20"),
    ("133.11.0.0/24", "192.0.2.30"),
    ("2003::/48", "192.0.2.10"),
    ("2600::/48", "192.0.2.20"),
    ("2001:200::/48", "192.0.2.30"),
];

/// A server, and unbound in front of it.
pub(super) struct Both {
    server: Server,
    unbound: Resolver,
}

impl Both {
    fn start(name: &str) -> Both {
        let folder = Folder::new(name);
        folder.copy("world");
        Both::with(name, folder)
    }

    /// With the files of a folder.
    pub(super) fn with(name: &str, folder: Folder) -> Both {
        let server = Server::start(folder, Setup::default());
        let (host, port) = (server.address.ip(), server.address.port());
        let lines = format!(
            "  module-config: \"subnetcache iterator\"\n  qname-minimisation: no\n  send-client-subnet: {host}\n  \
             client-subnet-always-forward: yes\n  max-client-subnet-ipv4: 24\n  max-client-subnet-ipv6: 48\n"
        );
        let stub = format!("stub-zone:\n  name: \"example.com\"\n  stub-addr: {host}@{port}\n");
        let unbound = Resolver::unbound(&format!("{name}-unbound"), &lines, &stub);
        Both { server, unbound }
    }

    /// What a client gets from unbound, and how many queries reached the server for that.
    pub(super) fn ask(&self, name: &str, rtype: &str, client: &str) -> (Dug, u64) {
        let queries = || {
            let of = |transport| self.server.metric(&format!("queries_total{{transport=\"{transport}\"}}"));
            of("udp") + of("tcp")
        };
        let before = queries();
        let dug = dig(self.unbound.address, name, rtype, &[&format!("+subnet={client}")]);
        (dug, queries() - before)
    }
}

/// The network with bit `number` (from the left) of its address turned over.
fn with_bit_turned(network: &str, number: u8) -> String {
    let (address, length) = network.split_once('/').unwrap();
    let turned: IpAddr = match address.parse().unwrap() {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) ^ 1 << (31 - number)).into()),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) ^ 1 << (127 - number)).into()),
    };
    format!("{turned}/{length}")
}

#[test]
fn each_continent_gets_its_site_from_the_server_and_then_from_the_cache() {
    let _turn = turns::shared();
    let both = Both::start("resolver");
    for name in ["www.example.com", "alias.example.com"] {
        for round in 0..2 {
            for (client, site) in CLIENTS {
                let (dug, queries) = both.ask(name, "A", client);
                assert_eq!(dug.addresses(), [site.parse::<IpAddr>().unwrap()], "{client}: {}", dug.text);
                assert_eq!(queries == 0, round == 1, "{client}, round {round}: {queries} queries");
            }
        }
    }
}

#[test]
fn a_client_inside_the_scope_is_a_hit_and_one_outside_is_a_miss() {
    let _turn = turns::shared();
    let both = Both::start("resolver-scope");
    for (client, _) in CLIENTS {
        for rtype in ["A", "AAAA"] {
            let (first, queries) = both.ask("www.example.com", rtype, client);
            let (_, source, scope) = first.subnet.expect("unbound tells the scope");
            assert!(
                queries == 1 && (1..source).contains(&scope),
                "{client} {rtype}: {queries}, {}",
                first.text
            );

            let inside = with_bit_turned(client, scope);
            let (second, queries) = both.ask("www.example.com", rtype, &inside);
            assert_eq!(second.addresses(), first.addresses(), "{inside}: {}", second.text);
            assert_eq!(queries, 0, "{inside} is inside the scope of {client}: {}", first.text);

            let outside = with_bit_turned(client, scope - 1);
            let (_, queries) = both.ask("www.example.com", rtype, &outside);
            assert_eq!(queries, 1, "{outside} is outside the scope of {client}: {}", first.text);
        }
    }
}

#[test]
fn what_is_not_steered_is_kept_for_everyone() {
    let _turn = turns::shared();
    let both = Both::start("resolver-static");
    let cases = [
        ("static.example.com", "A", "NOERROR"),
        ("text.example.com", "TXT", "NOERROR"),
        ("x.wild.example.com", "A", "NOERROR"),
        ("static.example.com", "AAAA", "NOERROR"),
        ("b.c.example.com", "A", "NOERROR"),
        ("www.example.com", "TXT", "NOERROR"),
        ("nothing.example.com", "A", "NXDOMAIN"),
    ];
    for (name, rtype, status) in cases {
        // The cache has a tree for each family.
        for family in CLIENTS.chunks(3) {
            for (number, (client, _)) in family.iter().enumerate() {
                let (dug, queries) = both.ask(name, rtype, client);
                assert_eq!(dug.status, status, "{}", dug.text);
                assert_eq!(queries, u64::from(number == 0), "{name} {rtype} for {client}: {}", dug.text);
                assert_eq!(dug.subnet.map(|(_, _, scope)| scope), Some(0), "{}", dug.text);
            }
        }
    }
}
