//! What the demonstration prints when it is ready: what is there, and what to try.

use std::fmt::Write;

use super::BACKENDS;

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

/// The whole text.
pub fn guide() -> String {
    let mut text = String::from(
        "\nMeridian serves example.com on 127.0.0.1 and ::1, port 5300, UDP and TCP.\n\nBackends:\n\n",
    );
    for (site, name, address) in BACKENDS {
        let _ = writeln!(text, "  {site:<12} {name:<14} http://{address}/healthz");
    }
    text.push_str(TRY);
    text.push_str("\nCtrl-C stops it.\n");
    text
}
