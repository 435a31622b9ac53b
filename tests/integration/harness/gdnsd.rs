//! A real gdnsd with its geoip plugin: the server that Meridian's maps are measured against.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::client::{PATIENCE, ask_over_udp, eventually};
use super::daemon::Daemon;
use super::message::{Query, SOA};
use super::place::Folder;

/// The server; it is killed when this is dropped.
pub struct Gdnsd {
    pub address: SocketAddr,
    _folder: Folder,
    _process: Daemon,
}

/// What its map says. A site is a number, the last octet of the one address that it answers with.
pub struct Rules<'a> {
    /// The sites in the order of the default; every site that occurs.
    pub default: &'a [u8],
    /// Networks of either family.
    pub networks: &'a [(&'a str, u8)],
    /// Places as continent, country, subdivision, city, as many as are needed: `["EU", "DE", "BE", "Berlin"]`.
    pub places: &'a [(&'a [&'a str], u8)],
}

impl Gdnsd {
    /// Starts it for the zone geo.test, in which www is steered, and waits until it answers.
    pub fn start(name: &str, address: SocketAddr, database: &Path, rules: &Rules<'_>) -> Gdnsd {
        let folder = Folder::new(name);
        folder.write("zones/geo.test", ZONE);
        folder.write("run/.keep", "");
        folder.write("state/.keep", "");
        folder.write("config", configuration(address, folder.path(), database, rules));
        let mut command = Command::new("gdnsd");
        command.arg("-c").arg(folder.path()).arg("start");
        let mut process = Daemon::start(command, &folder);
        eventually("gdnsd to answer", PATIENCE * 4, || {
            process.assert_running();
            ask_over_udp(address, &Query::new("geo.test", SOA).octets(), PATIENCE / 10)
        });
        Gdnsd { address, _folder: folder, _process: process }
    }
}

const ZONE: &str = "\
@   SOA ns1.geo.test. hostmaster.geo.test. 1 7200 900 1209600 300
@   NS ns1
ns1 A 192.0.2.253
www 60 DYNA geoip!www
";

fn configuration(address: SocketAddr, folder: &Path, database: &Path, rules: &Rules<'_>) -> String {
    let (folder, database) = (folder.display(), database.display());
    let sites: Vec<String> = rules.default.iter().map(|site| format!("s{site}")).collect();
    let addresses: Vec<String> =
        rules.default.iter().map(|site| format!("s{site} => 192.0.2.{site}")).collect();
    let networks: Vec<String> =
        rules.networks.iter().map(|(network, site)| format!("{network} => [s{site}]")).collect();
    format!(
        "options => {{\n  listen => {}\n  dns_port => {}\n  udp_threads => 1\n  tcp_threads => 1\n  run_dir => {folder}/run\n  \
         state_dir => {folder}/state\n}}\nplugins => {{ geoip => {{\n  maps => {{ world => {{\n    geoip2_db => {database}\n    \
         datacenters => [{}]\n    map => {{\n{}    }}\n    nets => {{ {} }}\n  }} }}\n  resources => {{ www => {{\n    \
         map => world\n    service_types => up\n    dcmap => {{ {} }}\n  }} }}\n}} }}\n",
        address.ip(),
        address.port(),
        sites.join(", "),
        places(rules, &[]),
        networks.join(", "),
        addresses.join(", ")
    )
}

/// What stands below a place, each as `NAME => { default => [SITE], … }`.
fn places(rules: &Rules<'_>, below: &[&str]) -> String {
    let inside =
        rules.places.iter().filter(|(path, _)| path.len() == below.len() + 1 && path.starts_with(below));
    let place = |(path, site): &(&[&str], u8)| {
        format!("\"{}\" => {{ default => [s{site}] {} }}\n", path[below.len()], places(rules, path))
    };
    inside.map(place).collect()
}
