//! Two hosts on one machine: network namespaces with a pair of virtual Ethernet interfaces between them.
//!
//! Receiving is work of the host that receives: each interface's is done by kernel threads (threaded NAPI) that are pinned
//! to that host's core, as the interrupts of a network card would be. Without that, the sender's core would do it, and no
//! server would be charged for what it receives.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::kernel;

/// The interface of the servers' host, of at most 8 characters: the kernel threads carry its name.
pub const SERVING: &str = "bench-s";
/// The interface of the loader's host.
pub const ASKING: &str = "bench-a";
const NAMESPACES: [&str; 2] = ["meridian-bench-s", "meridian-bench-a"];
/// Where `ip netns` keeps namespaces.
const NAMESPACE_FOLDER: &str = "/var/run/netns";

/// An IP version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        }
    }

    /// The address of the servers.
    pub fn serving(self) -> IpAddr {
        self.address(1)
    }

    /// The address of the loader.
    pub fn asking(self) -> IpAddr {
        self.address(2)
    }

    fn address(self, host: u8) -> IpAddr {
        match self {
            Family::Ipv4 => Ipv4Addr::new(192, 0, 2, host).into(),
            Family::Ipv6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host.into()).into(),
        }
    }
}

/// Both hosts. Dropping it removes them.
pub struct Wire {
    cores: [usize; 2],
}

impl Wire {
    /// Makes both hosts, and takes the calling thread to the one that asks. Root alone may.
    pub fn new(serving_core: usize, asking_core: usize) -> Result<Wire> {
        let wire = Wire { cores: [serving_core, asking_core] };
        let [serving, asking] = NAMESPACES;
        wire.remove();
        ip(&format!("netns add {serving}"))?;
        ip(&format!("netns add {asking}"))?;
        ip(&format!("link add {SERVING} netns {serving} type veth peer name {ASKING} netns {asking}"))?;
        for (namespace, interface, address) in
            [(serving, SERVING, Family::serving as fn(Family) -> IpAddr), (asking, ASKING, Family::asking)]
        {
            ip(&format!("-n {namespace} address add {}/24 dev {interface}", address(Family::Ipv4)))?;
            ip(&format!("-n {namespace} address add {}/64 dev {interface} nodad", address(Family::Ipv6)))?;
            ip(&format!("-n {namespace} link set lo up"))?;
            // GRO has the driver receive by NAPI also without a program.
            ip(&format!("netns exec {namespace} ethtool -K {interface} gro on"))?;
            ip(&format!("-n {namespace} link set {interface} up"))?;
            ip(&format!("netns exec {namespace} sh -c echo${{IFS}}1>/sys/class/net/{interface}/threaded"))?;
        }
        // The loader's own datagrams shall have their checksums: the floor mends what it gets.
        ip(&format!("netns exec {asking} ethtool -K {ASKING} tx off"))?;
        kernel::enter_network_namespace(&format!("{NAMESPACE_FOLDER}/{asking}"))
            .context("cannot enter the loader's namespace")?;
        Ok(wire)
    }

    /// The words that start a command on the servers' host.
    pub fn serving(&self) -> Vec<String> {
        ["ip", "netns", "exec", NAMESPACES[0]].map(str::to_owned).into()
    }

    /// Pins the kernel threads of both interfaces to their cores: again for each server, because a program that comes or
    /// goes may replace them.
    pub fn pin(&self) -> Result<()> {
        for (interface, core) in [SERVING, ASKING].into_iter().zip(self.cores) {
            let threads = receivers(interface)?;
            ensure!(!threads.is_empty(), "{interface} is not received from by kernel threads");
            for id in threads {
                kernel::pin_process_to(id, core)?;
                kernel::put_first(id)?;
            }
        }
        Ok(())
    }

    /// Takes away the program that a server has left at the interface, as Knot DNS does.
    pub fn clear(&self) -> Result<()> {
        ip(&format!("-n {} link set dev {SERVING} xdp off", NAMESPACES[0]))
    }

    /// CPU time of receiving at the servers' host.
    pub fn receiving_time(&self) -> Result<Duration> {
        receivers(SERVING)?.into_iter().map(|id| kernel::cpu_time(id).context("no CPU clock")).sum()
    }

    fn remove(&self) {
        for namespace in NAMESPACES {
            // What is not there cannot be removed.
            let _ = Command::new("ip").args(["netns", "delete", namespace]).output();
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The kernel threads that receive from an interface.
fn receivers(interface: &str) -> Result<Vec<u32>> {
    let prefix = format!("napi/{interface}-");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        if name.starts_with(&prefix) {
            found.push(id);
        }
    }
    Ok(found)
}

fn ip(words: &str) -> Result<()> {
    let output = Command::new("ip").args(words.split_whitespace()).output().context("cannot run `ip`")?;
    ensure!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
