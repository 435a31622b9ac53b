//! Unbound, a resolver that people run, in front of the server: with EDNS Client Subnet it keeps one answer for each
//! scope.

use std::net::{IpAddr, SocketAddr};
use std::process::{Child, Command, Stdio};

use crate::harness::client::{PATIENCE, eventually, try_ask};
use crate::harness::dig::dig;
use crate::harness::message::{A, Query};
use crate::harness::place::{Folder, free_port, loopback};
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

/// A running unbound; it is killed when this is dropped.
struct Unbound {
    address: SocketAddr,
    process: Child,
    _folder: Folder,
}

impl Unbound {
    /// Resolves example.com at `authority` and sends it client subnets.
    fn start(authority: SocketAddr) -> Unbound {
        let host = IpAddr::V4(loopback(120));
        let address = SocketAddr::new(host, free_port(&[host]));
        let folder = Folder::new("unbound");
        let file = folder.write("unbound.conf", configuration(address, authority, &folder));
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("unbound");
        command.env("PATH", path).args(["-d", "-p", "-c"]).arg(file);
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().expect("unbound can be started: run `tests/run prepare` first");
        let unbound = Unbound { address, process, _folder: folder };
        eventually("unbound to answer", PATIENCE * 2, || {
            // Without RD this is refused: an answer for all that.
            try_ask(address, &Query::new("static.example.com", A), PATIENCE / 5).map(drop)
        });
        unbound
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configuration(address: SocketAddr, authority: SocketAddr, folder: &Folder) -> String {
    format!(
        "server:\n  interface: {0}@{1}\n  port: {1}\n  outgoing-interface: {0}\n  do-ip6: no\n  \
         access-control: 127.0.0.0/8 allow\n  do-not-query-localhost: no\n  chroot: \"\"\n  username: \"\"\n  \
         directory: \"{4}\"\n  use-syslog: no\n  pidfile: \"\"\n  num-threads: 1\n  \
         module-config: \"subnetcache iterator\"\n  send-client-subnet: {2}\n  client-subnet-always-forward: yes\n  \
         max-client-subnet-ipv4: 24\nremote-control:\n  control-enable: no\n\
         stub-zone:\n  name: \"example.com\"\n  stub-addr: {2}@{3}\n",
        address.ip(),
        address.port(),
        authority.ip(),
        authority.port(),
        folder.path().display()
    )
}

#[test]
fn a_resolver_gets_each_continent_its_site() {
    let _turn = turns::shared();
    let folder = Folder::new("resolver");
    folder.copy("world");
    let server = Server::start(folder, Setup::default());
    let unbound = Unbound::start(server.address);
    // Twice: from the server, then from the resolver's cache by scope.
    for round in 0..2 {
        for (client, site) in
            [("217.0.0.0/24", "192.0.2.10"), ("8.8.8.0/24", "192.0.2.20"), ("133.11.0.0/24", "192.0.2.30")]
        {
            let dug = dig(unbound.address, "www.example.com", "A", &[&format!("+subnet={client}")]);
            assert_eq!(dug.addresses(), [site.parse::<IpAddr>().unwrap()], "round {round}: {}", dug.text);
        }
    }
    let alias = dig(unbound.address, "alias.example.com", "A", &[]);
    assert_eq!((alias.status.as_str(), alias.answers.len()), ("NOERROR", 2), "{}", alias.text);
    let nothing = dig(unbound.address, "nothing.example.com", "A", &[]);
    assert_eq!(nothing.status, "NXDOMAIN", "{}", nothing.text);
}
