//! BIND 9: one worker thread; answers without additions, as the others give them.

use anyhow::Result;

use super::{Peer, Setup, words};

pub(super) fn prepare(setup: &Setup<'_>) -> Result<Vec<String>> {
    let folder = setup.folder_text()?;
    let zone = setup.write_zone(Peer::Bind)?;
    let config = format!(
        "options {{\n  directory \"{folder}\";\n  listen-on port {} {{ {}; }};\n  listen-on-v6 {{ none; }};\n  \
         pid-file none;\n  session-keyfile \"{folder}/session.key\";\n  recursion no;\n  \
         minimal-responses yes;\n  dnssec-validation no;\n  notify no;\n  tcp-clients 256;\n}};\ncontrols {{ }};\n\
         zone \"{}\" {{ type primary; file \"{zone}\"; }};\n",
        setup.address.port(),
        setup.address.ip(),
        setup.world.apex()
    );
    let config = setup.write("named.conf", &config)?;
    Ok(words(["/usr/sbin/named", "-f", "-n", "1", "-c", &config]))
}
