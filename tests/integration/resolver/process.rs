//! Resolvers as processes, on addresses of their own.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::harness::client::{PATIENCE, eventually};
use crate::harness::place::{Folder, free_port, loopback};

/// A running resolver; it is killed when this is dropped.
pub struct Resolver {
    pub address: SocketAddr,
    process: Child,
    folder: Folder,
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

    fn start(folder: Folder, address: SocketAddr, mut command: Command) -> Resolver {
        let log =
            || std::fs::File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
        command.env("PATH", path_of_daemons());
        command.stdin(Stdio::null()).stdout(log()).stderr(log());
        let process = command.spawn().unwrap_or_else(|fault| {
            panic!("{command:?} cannot be started: {fault}; run `tests/run prepare` first")
        });
        let mut resolver = Resolver { address, process, folder };
        // A question would be passed on, and counted.
        eventually("the resolver to listen", PATIENCE * 4, || {
            if let Some(status) = resolver.process.try_wait().unwrap() {
                panic!("the resolver ended with {status}; its log:\n{}", resolver.folder.read("log"));
            }
            TcpStream::connect(address).ok()
        });
        resolver
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the resolver's log:\n{}", self.folder.read("log"));
        }
        // Already gone is as good as killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn place(name: &str) -> (Folder, SocketAddr) {
    let host = IpAddr::V4(loopback(120));
    (Folder::new(name), SocketAddr::new(host, free_port(&[host])))
}

/// Debian keeps daemons where ordinary users do not look.
fn path_of_daemons() -> String {
    format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}
