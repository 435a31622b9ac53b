//! PowerDNS: one receiver and one distributor; the bind backend, and the geoip backend where it steers.

use anyhow::Result;

use super::{Peer, Setup, words};
use crate::world::{SITES, STEERED_NAMES, Site, TTL, World, nearest_sites, steered_name};

pub(super) fn prepare(setup: &Setup<'_>) -> Result<Vec<String>> {
    let folder = setup.folder_text()?;
    let backend = if setup.world == World::Geo {
        let zones = setup.write("zones.yaml", &zones())?;
        let database = setup.database_text()?;
        format!(
            "launch=geoip\ngeoip-zones-file={zones}\ngeoip-database-files=mmdb:{database}\n\
             edns-subnet-processing=yes\n"
        )
    } else {
        let zone = setup.write_zone(Peer::Powerdns)?;
        let apex = setup.world.apex();
        let list = format!("zone \"{apex}\" {{ type master; file \"{zone}\"; }};\n");
        format!("launch=bind\nbind-config={}\n", setup.write("named.conf", &list)?)
    };
    let config = format!(
        "{backend}local-address={}\nlocal-port={}\nsocket-dir={folder}\nreceiver-threads=1\n\
         distributor-threads=1\nmax-tcp-connections=256\nversion-string=anonymous\nsecurity-poll-suffix=\n\
         loglevel=3\n",
        setup.address.ip(),
        setup.address.port()
    );
    setup.write("pdns.conf", &config)?;
    let config_folder = format!("--config-dir={folder}");
    Ok(words(["/usr/sbin/pdns_server", &config_folder, "--daemon=no", "--guardian=no"]))
}

/// Names that expand to the client's continent (`%cn`), below which the addresses stand with their weights.
fn zones() -> String {
    let apex = World::Geo.apex();
    let mut text = format!(
        "domains:\n- domain: {apex}\n  ttl: {TTL}\n  records:\n    {apex}:\n      \
         - soa: ns1.{apex} hostmaster.{apex} 1 7200 900 1209600 300\n      - ns: ns1.{apex}\n      \
         - ns: ns2.{apex}\n    ns1.{apex}:\n      - a: 192.0.2.1\n    ns2.{apex}:\n      - a: 192.0.2.2\n"
    );
    for (continent, site) in nearest_sites() {
        text += &addresses(&continent.to_lowercase(), site);
    }
    text += &addresses("unknown", &SITES[0]);
    text += "  services:\n";
    for number in 0..STEERED_NAMES {
        text += &format!("    {}: '%cn.{apex}'\n", steered_name(number));
    }
    text
}

fn addresses(label: &str, site: &Site) -> String {
    let mut text = format!("    {label}.{}:\n", World::Geo.apex());
    for member in &site.members {
        text += &format!(
            "      - a:\n          content: {}\n          weight: {}\n",
            member.address, member.weight
        );
    }
    text
}
