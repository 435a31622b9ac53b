//! What the demonstration prints when it is ready: what is there, and what to try.

use std::fmt::Write;
use std::path::Path;

use super::BACKENDS;

const HEAD: &str = "
Meridian serves example.com on 127.0.0.1 and ::1, port 5300, UDP and TCP.

Backends:

";

/// What to try, in another terminal.
const TRY: &str = r"
Three clients on three continents (their networks come as EDNS Client Subnet):

  dig @127.0.0.1 -p 5300 www.example.com +subnet=193.0.6.0/24     Europe         → Frankfurt
  dig @127.0.0.1 -p 5300 www.example.com +subnet=128.2.0.0/16     North America  → Washington
  dig @127.0.0.1 -p 5300 www.example.com +subnet=133.11.0.0/16    Asia           → Singapore

The same over TCP, over IPv6, and a name that is not steered:

  dig @127.0.0.1 -p 5300 www.example.com +subnet=133.11.0.0/16 +tcp
  dig @::1       -p 5300 www.example.com +subnet=193.0.6.0/24
  dig @127.0.0.1 -p 5300 example.com MX

Stop the backend of one continent, watch its clients go elsewhere within seconds, and start it again:

  curl -X POST http://127.0.3.10:8080/stop
  watch -n 1 dig @127.0.0.1 -p 5300 www.example.com +subnet=133.11.0.0/16 +short
  curl -X POST http://127.0.3.10:8080/start
";

/// The whole text, with the control socket of this demonstration.
pub(super) fn guide(socket: &Path) -> String {
    let mut text = String::from(HEAD);
    for (site, name, address) in BACKENDS {
        let _ = writeln!(text, "  {site:<12} {name:<14} http://{address}/healthz");
    }
    text.push_str(TRY);
    let program = program();
    let _ = writeln!(text, "\nWhat the server knows, and its metrics:\n");
    let _ = writeln!(text, "  {program} status --socket {}", socket.display());
    let _ = writeln!(text, "  curl --unix-socket {} http://meridian/metrics", socket.display());
    let _ = writeln!(text, "\nWho gets what, and why (in the source tree):\n");
    let _ = writeln!(
        text,
        "  {program} explain www.example.com A --from 193.0.6.0/24 --config deploy/demo/meridian.toml"
    );
    text.push_str("\nCtrl-C stops it.\n\n");
    text
}

/// This program as one would type it: from the current folder where it lies below it.
fn program() -> String {
    let Ok(program) = std::env::current_exe() else { return "meridian".to_owned() };
    let folder = std::env::current_dir().unwrap_or_default();
    program.strip_prefix(folder).unwrap_or(&program).display().to_string()
}
