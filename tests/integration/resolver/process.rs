//! Resolvers as processes, on addresses of their own.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Command;

use crate::harness::client::{PATIENCE, eventually};
use crate::harness::daemon::Daemon;
use crate::harness::place::{Folder, free_port, loopback};

/// A running resolver; it is killed when this is dropped.
pub struct Resolver {
    pub address: SocketAddr,
    process: Daemon,
    _folder: Folder,
}

impl Resolver {
    /// Unbound without DNSSEC, with further lines of its table `server` and further tables. It is so patient that it
    /// asks nothing twice, however busy the machine is.
    pub fn unbound(name: &str, server_lines: &str, tables: &str) -> Resolver {
        let (folder, address) = place(name);
        let text = format!(
            "server:\n  interface: {0}@{1}\n  port: {1}\n  outgoing-interface: {0}\n  do-ip6: no\n  \
             access-control: 127.0.0.0/8 allow\n  do-not-query-localhost: no\n  chroot: \"\"\n  username: \"\"\n  \
             directory: \"{2}\"\n  use-syslog: no\n  pidfile: \"\"\n  num-threads: 1\n  \
             target-fetch-policy: \"0 0 0 0 0\"\n  infra-cache-min-rtt: 5000\n  \
             unknown-server-time-limit: 5000\n{server_lines}\
             remote-control:\n  control-enable: no\n{tables}",
            address.ip(),
            address.port(),
            folder.path().display()
        );
        let mut command = Command::new("unbound");
        command.args(["-d", "-p", "-c"]).arg(folder.write("unbound.conf", text));
        Resolver::start(folder, address, command)
    }

    /// Knot Resolver without DNSSEC and without anything that it would ask for of itself, with further lines of Lua.
    pub fn knot(name: &str, lines: &str) -> Resolver {
        let (folder, address) = place(name);
        let text = format!(
            "net.listen('{}', {}, {{ kind = 'dns' }})\nnet.ipv6 = false\ntrust_anchors.remove('.')\n\
             cache.size = 10 * MB\n\
             for _, name in ipairs({{ 'priming', 'ta_signal_query', 'ta_update', 'detect_time_skew', \
             'detect_time_jump' }}) do\n  modules.unload(name)\nend\n{lines}",
            address.ip(),
            address.port()
        );
        let mut command = Command::new("kresd");
        command.args(["--noninteractive", "--quiet", "-c"]).arg(folder.write("kresd.conf", text));
        command.arg(folder.path());
        Resolver::start(folder, address, command)
    }

    fn start(folder: Folder, address: SocketAddr, command: Command) -> Resolver {
        let process = Daemon::start(command, &folder);
        let mut resolver = Resolver { address, process, _folder: folder };
        // A question would be passed on, and counted.
        eventually("the resolver to listen", PATIENCE * 4, || {
            resolver.process.assert_running();
            TcpStream::connect(address).ok()
        });
        resolver
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the resolver's log:\n{}", self.process.log());
        }
    }
}

fn place(name: &str) -> (Folder, SocketAddr) {
    let host = IpAddr::V4(loopback(120));
    (Folder::new(name), SocketAddr::new(host, free_port(&[host])))
}
