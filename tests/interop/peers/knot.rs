//! Knot DNS. Nothing is told to it that changes answers but the size of datagrams and the identity.

use std::process::Command;

use super::{IDENTITY, Plan, with_configuration};
use crate::zones::TRANSFER_CLIENT;

pub(super) fn command(plan: &Plan<'_>) -> Command {
    let zones = plan
        .zone_lines(|apex, file| format!("  - domain: \"{apex}\"\n    file: \"{file}\"\n    acl: reader\n"));
    let folder = plan.folder.path().display();
    let text = format!(
        "server:\n  rundir: \"{folder}\"\n  listen: {}@{}\n  nsid: \"{IDENTITY}\"\n  identity: \"\"\n  version: \"\"\n  udp-workers: 1\n  \
         tcp-workers: 1\n  background-workers: 1\n  udp-max-payload: 1232\n\
         log:\n  - target: stderr\n    any: warning\n\
         control:\n  listen: \"{folder}/control\"\n\
         database:\n  storage: \"{folder}\"\n\
         acl:\n  - id: reader\n    address: {TRANSFER_CLIENT}\n    action: transfer\n\
         template:\n  - id: default\n    storage: \"{folder}\"\n    zonefile-sync: -1\n    journal-content: none\n    \
         semantic-checks: off\n\
         zone:\n{zones}",
        plan.address.ip(),
        plan.address.port(),
    );
    with_configuration("knotd", &["-c"], plan, text)
}
