//! NSD: one server process; rate limiting, which Debian's default has on, is off.

use anyhow::Result;

use super::{Peer, Setup, words};

pub(super) fn prepare(setup: &Setup<'_>) -> Result<Vec<String>> {
    let folder = setup.folder_text()?;
    let zone = setup.write_zone(Peer::Nsd)?;
    let config = format!(
        "server:\n  server-count: 1\n  ip-address: {}@{}\n  username: \"\"\n  chroot: \"\"\n  database: \"\"\n  \
         zonesdir: {folder}\n  pidfile: {folder}/pid\n  zonelistfile: {folder}/zone.list\n  \
         xfrdfile: {folder}/xfrd.state\n  xfrdir: {folder}\n  tcp-count: 256\n  rrl-ratelimit: 0\n  \
         rrl-whitelist-ratelimit: 0\n  minimal-responses: yes\nremote-control:\n  control-enable: no\n\
         zone:\n  name: {}\n  zonefile: {zone}\n",
        setup.address.ip(),
        setup.address.port(),
        setup.world.apex()
    );
    let config = setup.write("nsd.conf", &config)?;
    Ok(words(["/usr/sbin/nsd", "-d", "-c", &config]))
}
