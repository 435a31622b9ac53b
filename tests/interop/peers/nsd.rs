//! NSD. `minimal-responses: yes`: no NS records and no additional data where nobody needs them, so that what a positive
//! answer is, is compared with all three; rate limits, which Debian builds in, off.

use std::process::Command;

use super::{IDENTITY, Plan, with_configuration};

pub(super) fn command(plan: &Plan<'_>) -> Command {
    let zones = plan.zone_lines(|apex, file| format!("zone:\n  name: \"{apex}\"\n  zonefile: \"{file}\"\n"));
    let folder = plan.folder.path().display();
    let text = format!(
        "server:\n  ip-address: {}@{}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{folder}\"\n  database: \"\"\n  \
         pidfile: \"{folder}/nsd.pid\"\n  xfrdfile: \"{folder}/xfrd.state\"\n  xfrdir: \"{folder}\"\n  \
         zonelistfile: \"{folder}/zone.list\"\n  server-count: 1\n  tcp-count: 50\n  nsid: \"ascii_{IDENTITY}\"\n  \
         hide-version: yes\n  hide-identity: yes\n  ipv4-edns-size: 1232\n  minimal-responses: yes\n  refuse-any: no\n  answer-cookie: yes\n  rrl-ratelimit: 0\n  \
         rrl-whitelist-ratelimit: 0\n  round-robin: no\nremote-control:\n  control-enable: no\n{zones}",
        plan.address.ip(),
        plan.address.port(),
    );
    with_configuration("nsd", &["-d", "-c"], plan, text)
}
