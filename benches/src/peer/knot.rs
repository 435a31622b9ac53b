//! Knot DNS: one worker of each kind; the geoip module, which steers by place but gives no weights with it.

use anyhow::Result;

use super::{Peer, Setup, words};
use crate::world::{STEERED_NAMES, TTL, World, nearest_sites, steered_name};

pub(super) fn prepare(setup: &Setup<'_>) -> Result<Vec<String>> {
    let folder = setup.folder_text()?;
    let zones = setup.write_zones(Peer::Knot)?;
    let (module, uses_module) = if setup.world == World::Geo {
        let addresses = setup.write("geo.conf", &addresses())?;
        let database = setup.database_text()?;
        let module = format!(
            "mod-geoip:\n  - id: world\n    config-file: {addresses}\n    ttl: {TTL}\n    mode: geodb\n    \
             geodb-file: {database}\n    geodb-key: continent/code\n"
        );
        (module, "    module: mod-geoip/world\n")
    } else {
        (String::new(), "")
    };
    let config = format!(
        "server:\n    rundir: {folder}\n    listen: {}@{}\n    udp-workers: 1\n    tcp-workers: 1\n    \
         background-workers: 1\n    edns-client-subnet: on\nlog:\n  - target: stderr\n    any: warning\n\
         database:\n    storage: {folder}/database\n{module}template:\n  - id: default\n    zonefile-sync: -1\n    \
         journal-content: none\n{uses_module}zone:\n",
        setup.address.ip(),
        setup.address.port(),
    );
    let zones = zones.iter().map(|(apex, path)| format!("  - domain: {apex}\n    file: {path}\n"));
    let config = config + &zones.collect::<String>();
    let config = setup.write("knot.conf", &config)?;
    Ok(words(["/usr/sbin/knotd", "-c", &config]))
}

fn addresses() -> String {
    let mut text = String::new();
    for number in 0..STEERED_NAMES {
        text += &format!("{}:\n", steered_name(number));
        for (continent, site) in nearest_sites() {
            text += &format!("  - geo: \"{continent}\"\n    A: {}\n", site.members[0].address);
        }
    }
    text
}
