//! The four servers with the same zones.

mod bind;
mod knot;
mod nsd;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use crate::harness::client::{ask_over_udp, eventually};
use crate::harness::daemon::Daemon;
use crate::harness::place::{Folder, free_port, loopback};
use crate::harness::server::{Server, Setup};
use crate::message;
use crate::name::Name;
use crate::query::Query;
use crate::zones::ZoneFile;

/// How long a start may take on a busy machine.
const START_PATIENCE: Duration = Duration::from_secs(60);
const SOA: u16 = 6;
const NOERROR: u16 = 0;
/// What every server says to a question for its NSID.
pub use crate::harness::server::IDENTITY;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Knot,
    Nsd,
    Bind,
    Meridian,
}

impl Who {
    pub const ALL: [Who; 4] = [Who::Knot, Who::Nsd, Who::Bind, Who::Meridian];
    pub const PEERS: [Who; 3] = [Who::Knot, Who::Nsd, Who::Bind];
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Who::Knot => "Knot",
            Who::Nsd => "NSD",
            Who::Bind => "BIND",
            Who::Meridian => "Meridian",
        })
    }
}

/// One of the other servers.
pub struct Peer {
    pub address: SocketAddr,
    process: Daemon,
    _folder: Folder,
}

/// Where and with what a peer is to be started.
struct Plan<'t> {
    folder: &'t Folder,
    address: SocketAddr,
    zones: &'t [ZoneFile],
}

impl Peer {
    fn start(who: Who, world: &str, zones: &[ZoneFile]) -> Peer {
        // BIND listens only at addresses that an interface has.
        let host = if who == Who::Bind { Ipv4Addr::LOCALHOST } else { loopback(140 + who as u8) };
        let host = IpAddr::V4(host);
        let address = SocketAddr::new(host, free_port(&[host]));
        let folder = Folder::new(&format!("{world}-{who}"));
        let plan = Plan { folder: &folder, address, zones };
        let command = match who {
            Who::Knot => knot::command(&plan),
            Who::Nsd => nsd::command(&plan),
            Who::Bind => bind::command(&plan),
            Who::Meridian => unreachable!("it is started by the harness"),
        };
        let process = Daemon::start(command, &folder);
        let mut peer = Peer { address, process, _folder: folder };
        zones.iter().for_each(|zone| peer.wait_for(who, &zone.apex));
        peer
    }

    /// Waits until it answers for a zone.
    fn wait_for(&mut self, who: Who, apex: &Name) {
        let query = Query::plain(apex.clone(), SOA).octets(1);
        eventually(&format!("{who} to answer for {apex}"), START_PATIENCE, || {
            self.process.assert_running();
            let octets = ask_over_udp(self.address, &query, Duration::from_millis(500))?;
            let answer = message::read(&octets).ok()?;
            (answer.rcode == NOERROR && !answer.answers.is_empty()).then_some(())
        });
    }
}

/// All four.
pub struct House {
    peers: [Peer; 3],
    meridian: Server,
}

impl House {
    /// Starts them with the same zones and waits until each answers for each of them.
    pub fn start(world: &str, zones: &[ZoneFile]) -> House {
        let peers = Who::PEERS.map(|who| Peer::start(who, world, zones));
        let folder = Folder::new(&format!("{world}-meridian"));
        for zone in zones {
            folder.write(&format!("zones/{}", zone.file_name), &zone.text);
        }
        House { peers, meridian: Server::start(folder, Setup::default()) }
    }

    pub fn address(&self, who: Who) -> SocketAddr {
        match who {
            Who::Meridian => self.meridian.address,
            peer => self.peers[peer as usize].address,
        }
    }
}

/// A command that reads its configuration from a file of the plan's folder.
fn with_configuration(program: &str, arguments: &[&str], plan: &Plan<'_>, text: String) -> Command {
    let file = plan.folder.write(&format!("{program}.conf"), text);
    let mut command = Command::new(program);
    command.args(arguments).arg(file);
    command
}

impl Plan<'_> {
    /// Writes the master files; gives a line of configuration for each.
    fn zone_lines(&self, line: impl Fn(&str, &str) -> String) -> String {
        let lines = self.zones.iter().map(|zone| {
            let path = self.folder.write(&format!("zones/{}", zone.file_name), &zone.text);
            line(&zone.apex.to_string(), &path.display().to_string())
        });
        lines.collect()
    }
}
