//! gdnsd: one UDP and one TCP thread; the geoip plugin over the weighted one.

use anyhow::Result;

use super::{Peer, Setup, words};
use crate::world::{CONTINENTS, SITES, STEERED_NAMES, TTL, World};

pub(super) fn prepare(setup: &Setup<'_>) -> Result<Vec<String>> {
    let folder = setup.folder_text()?;
    let apex = setup.world.apex();
    if setup.world == World::Geo {
        setup.write(&format!("zones/{apex}"), &zone())?;
    } else {
        setup.write_zones(Peer::Gdnsd)?;
    }
    let plugins = if setup.world == World::Geo { plugins(&setup.database_text()?) } else { String::new() };
    let config = format!(
        "options => {{\n  listen => {}\n  dns_port => {}\n  udp_threads => 1\n  tcp_threads => 1\n  \
         run_dir => {folder}/run\n  state_dir => {folder}/state\n}}\n{plugins}",
        setup.address.ip(),
        setup.address.port()
    );
    setup.write("config", &config)?;
    for needed in ["run", "state"] {
        std::fs::create_dir_all(setup.folder.join(needed))?;
    }
    Ok(words(["/usr/sbin/gdnsd", "-c", &folder, "start"]))
}

fn zone() -> String {
    let apex = World::Geo.apex();
    let mut text = format!("@ SOA ns1.{apex}. hostmaster.{apex}. 1 7200 900 1209600 300\n");
    text += &format!("@ NS ns1.{apex}.\n@ NS ns2.{apex}.\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n");
    for number in 0..STEERED_NAMES {
        text += &format!("www{number:02} {TTL} DYNA geoip!www\n");
    }
    text
}

fn plugins(database: &str) -> String {
    let sites: Vec<&str> = SITES.iter().map(|site| site.name).collect();
    let mut text = format!(
        "plugins => {{\n  geoip => {{\n    maps => {{ world => {{\n      geoip2_db => {database}\n      \
         datacenters => [{}]\n      map => {{\n",
        sites.join(", ")
    );
    for (continent, sites) in &CONTINENTS {
        text += &format!("        {continent} => [{}]\n", sites.join(", "));
    }
    text += "      }\n    } }\n    resources => { www => { map => world, service_types => up, dcmap => {\n";
    for site in &sites {
        text += &format!("      {site} => %weighted!{site}\n");
    }
    text += "    } } }\n  }\n  weighted => {\n    service_types => up\n";
    for site in &SITES {
        let [first, second] = &site.members;
        text += &format!(
            "    {} => {{ a = [{}, {}], b = [{}, {}] }}\n",
            site.name, first.address, first.weight, second.address, second.weight
        );
    }
    text + "  }\n}\n"
}
