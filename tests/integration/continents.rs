//! Clients on three continents get the addresses of three sites.

use std::net::IpAddr;

use crate::harness::client::ask;
use crate::harness::dig::dig;
use crate::harness::message::{A, Query};
use crate::harness::place::{Folder, test_data};
use crate::harness::server::{IDENTITY, Server, Setup};
use crate::harness::turns;

/// A client network, its continent's site by its IPv4 and IPv6 address.
const CLIENTS: [(&str, &str, &str); 6] = [
    ("217.0.0.0/24", "192.0.2.10", "2001:db8:f::10"),
    ("8.8.8.0/24", "192.0.2.20", "2001:db8:1::20"),
    ("133.11.0.0/24", "192.0.2.30", "2001:db8:5::30"),
    ("2003::/48", "192.0.2.10", "2001:db8:f::10"),
    ("2600::/48", "192.0.2.20", "2001:db8:1::20"),
    ("2001:200::/48", "192.0.2.30", "2001:db8:5::30"),
];

#[test]
fn three_continents_three_sites_with_built_in_data() {
    let _turn = turns::shared();
    check("continents-builtin", Setup::default());
}

#[test]
fn three_continents_three_sites_with_a_database() {
    let _turn = turns::shared();
    let databases = vec![test_data("dbip-country.mmdb")];
    check("continents-mmdb", Setup { databases, ..Setup::default() });
}

/// Every client by dig: A and AAAA, over UDP and TCP, over IPv4 and IPv6.
fn check(name: &str, setup: Setup) {
    let folder = Folder::new(name);
    folder.copy("world");
    let server = Server::start(folder, setup);
    for (client, v4, v6) in CLIENTS {
        for (rtype, expected) in [("A", v4), ("AAAA", v6)] {
            for address in [server.address, server.address_v6] {
                for transport in ["+notcp", "+tcp"] {
                    let subnet = format!("+subnet={client}");
                    let dug = dig(address, "www.example.com", rtype, &[&subnet, transport]);
                    let expected: IpAddr = expected.parse().unwrap();
                    assert_eq!(dug.addresses(), [expected], "{client} {transport} {}", dug.text);
                    assert!(dug.flags.contains(&"aa".to_string()), "{}", dug.text);
                    let (echoed, source, scope) = dug.subnet.expect("the option is echoed");
                    assert_eq!(format!("{echoed}/{source}"), client, "{}", dug.text);
                    assert!(scope > 0, "a steered answer holds for a part of the world: {}", dug.text);
                }
            }
        }
    }
}

#[test]
fn static_data_has_scope_zero_and_the_option_only_if_asked() {
    let _turn = turns::shared();
    let folder = Folder::new("scope-zero");
    folder.copy("world");
    let server = Server::start(folder, Setup::default());
    let client: IpAddr = "8.8.8.0".parse().unwrap();
    for name in ["static.example.com", "nothing.example.com", "x.sub.example.com"] {
        let answer = ask(server.address, &Query::new(name, A).with_subnet(client, 24));
        assert_eq!(answer.scope(), Some(0), "{name}");
    }
    let bare = ask(server.address, &Query::new("www.example.com", A));
    assert_eq!((bare.scope(), bare.opt), (None, None));
    let mut query = Query::new("www.example.com", A);
    query.nsid = true;
    let identified = ask(server.address, &query);
    assert_eq!((identified.nsid(), identified.scope()), (Some(IDENTITY.as_bytes()), None));
}
