//! BIND. `minimal-responses no-auth`: additional data as asked for, no NS records where nobody needs them;
//! `minimal-any` as RFC 8482 has it; `zero-no-soa-ttl no`, because RFC 2308 §3 knows no exception for SOA queries; the
//! checks of zones off and no bounds of records and types, because oddities are what they are loaded for. Its own view
//! of class CHAOS answers three queries a second and no more; an empty one in its place answers all of them.

use std::process::Command;

use super::{IDENTITY, Plan, with_configuration};

pub(super) fn command(plan: &Plan<'_>) -> Command {
    let zones = plan.zone_lines(|apex, file| {
        format!("zone \"{apex}\" {{ type primary; file \"{file}\"; check-names ignore; }};\n")
    });
    let folder = plan.folder.path().display();
    let text = format!(
        "options {{\n  directory \"{folder}\";\n  listen-on port {} {{ {}; }};\n  listen-on-v6 {{ none; }};\n  \
         pid-file none;\n  session-keyfile none;\n  recursion no;\n  dnssec-validation no;\n  notify no;\n  \
         allow-query {{ any; }};\n  allow-transfer {{ none; }};\n  server-id \"{IDENTITY}\";\n  version none;\n  \
         edns-udp-size 1232;\n  max-udp-size 1232;\n  nocookie-udp-size 1232;\n  answer-cookie yes;\n  \
         minimal-responses no-auth;\n  minimal-any yes;\n  empty-zones-enable no;\n  zero-no-soa-ttl no;\n  rrset-order {{ order none; }};\n  \
         check-integrity no;\n  check-mx ignore;\n  check-mx-cname ignore;\n  check-srv-cname ignore;\n  \
         check-sibling no;\n  check-wildcard no;\n  \
         max-records-per-type 0;\n  max-types-per-name 0;\n}};\n\
         logging {{ category default {{ default_stderr; }}; }};\ncontrols {{ }};\n\
         view \"internet\" IN {{\n{zones}}};\n\
         view \"chaos\" CH {{ match-clients {{ any; }}; }};\n",
        plan.address.port(),
        plan.address.ip(),
    );
    with_configuration("named", &["-f", "-n", "1", "-c"], plan, text)
}
