//! Two hosts and a wire: network namespaces joined by a pair of virtual Ethernet interfaces. Only root can make them.

use std::ffi::OsString;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use super::server::run;

/// What a wire carries by default.
pub const MTU: u16 = 1500;
/// The interface of the host that serves.
pub const INTERFACE: &str = "served";
/// Its addresses.
pub const SERVER_V4: &str = "192.0.2.1";
pub const SERVER_V6: &str = "2001:db8::1";
/// An address of its loopback interface, as anycast addresses are.
pub const SERVER_ANYCAST: &str = "203.0.113.53";
/// The interface of the host that asks, and its addresses.
const ASKING: &str = "asking";
const CLIENT_V4: &str = "192.0.2.2";
const CLIENT_V6: &str = "2001:db8::2";

/// Both hosts; they vanish when this is dropped, with their processes' network.
pub struct Wire {
    serving: String,
    asking: String,
}

impl Wire {
    /// Hosts and wire, whose interfaces have this MTU.
    pub fn new(mtu: u16) -> Wire {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let name = format!("meridian-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let wire = Wire { serving: format!("{name}-s"), asking: format!("{name}-a") };
        ip(&format!("netns add {}", wire.serving));
        ip(&format!("netns add {}", wire.asking));
        ip(&format!("-n {} address add {SERVER_ANYCAST}/32 dev lo", wire.serving));
        wire.lay(mtu);
        wire
    }

    fn lay(&self, mtu: u16) {
        let (serving, asking) = (&self.serving, &self.asking);
        ip(&format!(
            "link add {INTERFACE} mtu {mtu} netns {serving} type veth peer name {ASKING} mtu {mtu} netns {asking}"
        ));
        for (host, interface, v4, v6) in
            [(serving, INTERFACE, SERVER_V4, SERVER_V6), (asking, ASKING, CLIENT_V4, CLIENT_V6)]
        {
            ip(&format!("-n {host} address add {v4}/24 brd + dev {interface}"));
            ip(&format!("-n {host} address add {v6}/64 dev {interface} nodad"));
            ip(&format!("-n {host} link set lo up"));
            ip(&format!("-n {host} link set {interface} up"));
        }
        ip(&format!("-n {asking} route add {SERVER_ANYCAST} via {SERVER_V4}"));
    }

    /// The words that start a command on the host that serves.
    pub fn serving(&self) -> Vec<OsString> {
        ["ip", "netns", "exec", &self.serving].map(OsString::from).into()
    }

    /// A command on the host that asks.
    pub fn asking(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.asking, program]);
        command
    }

    /// Removes the wire and lays another one.
    pub fn replace(&self) {
        ip(&format!("-n {} link delete {INTERFACE}", self.serving));
        self.lay(MTU);
    }

    /// What `ip` says of the serving interface.
    pub fn interface(&self) -> String {
        ip(&format!("-n {} -d link show dev {INTERFACE}", self.serving))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for name in [&self.serving, &self.asking] {
            // One that was not made cannot be removed; nobody is harmed.
            let _ = run(Command::new("ip").args(["netns", "delete", name]));
        }
    }
}

/// Runs `ip` with these words; panics with what it says where it fails.
fn ip(words: &str) -> String {
    let output = run(Command::new("ip").args(words.split_whitespace()));
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
