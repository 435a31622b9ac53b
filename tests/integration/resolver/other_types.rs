//! Unbound follows an alias that a rule chooses, gets hints that follow the addresses, and mail and service records by
//! site, and keeps each for the clients that it holds for.

use super::client_subnet::Both;
use crate::harness::place::Folder;
use crate::harness::turns;

/// A client network of each continent with a site, that site, and the last octets of its addresses.
const CLIENTS: [(&str, &str, u8); 4] = [
    ("217.0.0.0/24", "fra", 10),
    ("8.8.8.0/24", "iad", 20),
    ("133.11.0.0/24", "sin", 30),
    ("2003::/48", "fra", 10),
];

const ZONE: &str = "\
$TTL 3600
@ SOA ns1 hostmaster 1 7200 1800 1209600 300
@ NS ns1
@ 300 MX 10 mail
@ 300 A 192.0.2.1
@ 300 AAAA 2001:db8::1
@ 300 HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1
ns1 A 127.0.0.1
mail A 192.0.2.25
alias 300 CNAME fra.hosts
*.w 300 CNAME fra.hosts
_sip._tcp 300 SRV 0 0 5060 mail
fra.hosts A 192.0.2.10
iad.hosts A 192.0.2.20
sin.hosts A 192.0.2.30
";

/// The pools of one site.
fn pools(site: &str, number: u8) -> String {
    format!(
        "[pool.{site}]\nsite = \"{site}\"\n\
         members = [{{ name = \"m\", address = [\"192.0.2.{number}\", \"2001:db8::{number}\"] }}]\n\
         [pool.alias-{site}]\ntype = \"CNAME\"\nsite = \"{site}\"\nmembers = [{{ name = \"m\", data = \"{site}.hosts\" }}]\n\
         [pool.mail-{site}]\ntype = \"MX\"\nsite = \"{site}\"\nmembers = [{{ name = \"m\", data = [\"10 a.{site}\", \"20 b.{site}\"] }}]\n\
         [pool.sip-{site}]\ntype = \"SRV\"\nsite = \"{site}\"\nmembers = [{{ name = \"m\", data = \"0 0 5060 {site}.hosts\" }}]\n"
    )
}

fn rule(names: &str, prefix: &str) -> String {
    let pools: Vec<String> = ["fra", "iad", "sin"].iter().map(|site| format!("\"{prefix}{site}\"")).collect();
    format!("[[steer]]\nname = {names}\nmap = \"world\"\npools = [{}]\n", pools.join(", "))
}

fn start(name: &str) -> Both {
    let folder = Folder::new(name);
    folder.copy("world");
    folder.write("zones/example.com.zone", ZONE);
    let mut steering: String =
        [("fra", 10), ("iad", 20), ("sin", 30)].iter().map(|&(site, number)| pools(site, number)).collect();
    for (names, prefix) in
        [("\"@\"", ""), ("[\"alias\", \"*.w\"]", "alias-"), ("\"@\"", "mail-"), ("\"_sip._tcp\"", "sip-")]
    {
        steering.push_str(&rule(names, prefix));
    }
    folder.write("zones/example.com.toml", steering);
    Both::with(name, folder)
}

/// What unbound gets for a client, sorted: type and data of each record.
fn check(both: &Both, (name, rtype): (&str, &str), client: &str, expected: &[String], is_kept: bool) {
    let (dug, queries) = both.ask(name, rtype, client);
    let mut found: Vec<String> =
        dug.answers.iter().map(|[_, _, _, rtype, data]| format!("{rtype} {data}")).collect();
    found.sort();
    assert_eq!(found, expected, "{name} {rtype} for {client}: {}", dug.text);
    assert_eq!(queries == 0, is_kept, "{name} {rtype} for {client}: {queries} queries, {}", dug.text);
}

#[test]
fn a_steered_alias_is_followed_for_each_client_and_kept_for_its_scope() {
    let _turn = turns::shared();
    let both = start("resolver-aliases");
    for name in ["alias.example.com", "any.w.example.com"] {
        for is_kept in [false, true] {
            for (client, site, number) in CLIENTS {
                let expected = [format!("A 192.0.2.{number}"), format!("CNAME {site}.hosts.example.com.")];
                check(&both, (name, "A"), client, &expected, is_kept);
            }
        }
    }
}

#[test]
fn hints_and_records_of_other_types_come_from_the_site_of_the_client() {
    let _turn = turns::shared();
    let both = start("resolver-other-types");
    for is_kept in [false, true] {
        for (client, site, number) in CLIENTS {
            let hints =
                format!("HTTPS 1 . alpn=\"h2\" ipv4hint=192.0.2.{number} ipv6hint=2001:db8::{number}");
            check(&both, ("example.com", "HTTPS"), client, &[hints], is_kept);
            let mail = [format!("MX 10 a.{site}.example.com."), format!("MX 20 b.{site}.example.com.")];
            check(&both, ("example.com", "MX"), client, &mail, is_kept);
            let sip = format!("SRV 0 0 5060 {site}.hosts.example.com.");
            check(&both, ("_sip._tcp.example.com", "SRV"), client, &[sip], is_kept);
        }
    }
}
