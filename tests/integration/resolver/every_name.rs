//! Knot Resolver is told that the server is the resolver to ask (`policy.STUB`), and answers every name of the shipped
//! zone and of the house of zones of tests/interop as the server does.

use std::fs;

use super::agreement::{check, questions};
use super::process::Resolver;
use crate::harness::place::{Folder, fixture};
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

/// Zones that are about numbers of names, not their kinds.
const LARGE: [&str; 1] = ["bulk"];

#[test]
fn knot_resolver_says_of_every_name_what_the_server_says() {
    let _turn = turns::shared();
    let folder = Folder::new("every-name");
    folder.copy_below(&fixture("../zones"), "zones/");
    folder.copy_below(&fixture("../geoip"), "geoip/");
    folder.copy_below(&fixture("interop/zones/house"), "zones/");
    let mut all = Vec::new();
    for entry in fs::read_dir(folder.path().join("zones")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(apex) = file.strip_suffix(".zone").filter(|apex| !LARGE.contains(apex)) {
            all.extend(questions(apex, &folder.read(&format!("zones/{file}"))));
        }
    }
    let server = Server::start(folder, Setup::default());
    let stub =
        format!("policy.add(policy.all(policy.STUB('{}@{}')))", server.address.ip(), server.address.port());
    let resolver = Resolver::knot("knot-stub", &stub);
    assert!(all.len() > 2000, "the zones were read: {}", all.len());
    check(resolver.address, server.address, &all);
}
