//! The servers: ours, its peers, and the floor. Each writes a configuration for one worker and the same answers.

mod bind;
mod floor;
mod gdnsd;
mod knot;
mod meridian;
mod nsd;
mod powerdns;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::kernel::Signal;
use crate::process::Process;
use crate::query::{Expected, Packets};
use crate::work::{Transport, Work};
use crate::world::World;

/// How long a server may take from its start to its first right answer; under callgrind it is slow.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Between two asks for the first answer.
const ASK_AGAIN: Duration = Duration::from_millis(1);
/// The serial of all zones.
pub const FIRST_SERIAL: u32 = 1;
/// Ports that servers are given.
const FIRST_PORT: u16 = 20_000;

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Peer {
    /// A responder that sets the QR bit.
    Floor,
    /// Ours.
    Meridian,
    /// With its geoip and weighted plugins.
    Gdnsd,
    /// With its geoip module.
    Knot,
    /// NSD.
    Nsd,
    /// With its bind backend, and the geoip backend where it steers.
    Powerdns,
    /// BIND 9.
    Bind,
}

/// Where and what a peer shall serve.
pub struct Setup<'s> {
    /// The zone.
    pub world: World,
    /// A folder of its own, empty, with an absolute path.
    pub folder: &'s Path,
    /// Where it listens.
    pub address: SocketAddr,
    /// Binaries that are no packages, and the geo database.
    pub material: &'s Material,
    /// Whether Meridian limits rates. One client alone asks for more than any limit that can be set.
    pub limits_rates: bool,
}

/// How a server is told to read its files again.
pub enum Reload {
    /// By a signal.
    Signal(Signal),
    /// By a command that asks it.
    Command(Vec<String>),
}

/// What the benches find outside of themselves.
#[derive(Debug, Clone)]
pub struct Material {
    /// The product.
    pub meridian: PathBuf,
    /// The floor.
    pub floor: PathBuf,
    /// A country database in the shape of GeoIP2: `continent/code`, `country/iso_code`.
    pub database: PathBuf,
}

impl Peer {
    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Peer::Floor => "floor",
            Peer::Meridian => "Meridian",
            Peer::Gdnsd => "gdnsd",
            Peer::Knot => "Knot",
            Peer::Nsd => "NSD",
            Peer::Powerdns => "PowerDNS",
            Peer::Bind => "BIND",
        }
    }

    /// Whether it can do this work at all.
    pub fn can(self, work: Work) -> bool {
        let steers = !matches!(self, Peer::Nsd | Peer::Bind);
        match work {
            // The floor answers whatever comes, but over UDP only, and loads nothing.
            Work::Million => self != Peer::Floor,
            Work::Zones => matches!(self, Peer::Meridian | Peer::Gdnsd | Peer::Knot),
            Work::Steered => self == Peer::Meridian,
            Work::Geo | Work::GeoIpv6 => steers,
            // The others give none, or want a secret or a module for it: what a cookie costs is told for ours alone.
            Work::ClientCookie | Work::ServerCookie => self == Peer::Meridian,
            _ => self != Peer::Floor || work.transport() == Transport::Udp,
        }
    }

    /// Whether an answer of it is right: the floor's always is.
    pub fn expected(self, work: Work) -> Option<Expected> {
        (self != Peer::Floor).then(|| work.expected())
    }

    /// Where the master file of a zone stands in the folder of a server.
    pub fn zone_file(self, folder: &Path, apex: &str) -> PathBuf {
        folder.join("zones").join(if self == Peer::Gdnsd { apex.to_owned() } else { format!("{apex}.zone") })
    }

    /// What makes it read its files again; `None` where that is not timed.
    pub fn reload(self, folder: &Path) -> Option<Reload> {
        let folder = folder.to_str()?;
        match self {
            Peer::Meridian | Peer::Knot => Some(Reload::Signal(Signal::Hangup)),
            Peer::Gdnsd => Some(Reload::Command(words(["/usr/bin/gdnsdctl", "-c", folder, "reload-zones"]))),
            _ => None,
        }
    }

    /// Writes its configuration, and returns the command that runs it in the foreground.
    pub fn prepare(self, setup: &Setup<'_>) -> Result<Vec<String>> {
        let write = match self {
            Peer::Floor => floor::prepare,
            Peer::Meridian => meridian::prepare,
            Peer::Gdnsd => gdnsd::prepare,
            Peer::Knot => knot::prepare,
            Peer::Nsd => nsd::prepare,
            Peer::Powerdns => powerdns::prepare,
            Peer::Bind => bind::prepare,
        };
        write(setup).with_context(|| format!("cannot configure {}", self.label()))
    }
}

impl Setup<'_> {
    /// Writes a file into the folder, in one level of folders more where `name` has one, and returns its path as text.
    fn write(&self, name: &str, text: &str) -> Result<String> {
        let path = self.place(name)?;
        fs::write(&path, text)?;
        text_of(&path)
    }

    /// Writes the master files and returns the apex and the path of each.
    fn write_zones(&self, peer: Peer) -> Result<Vec<(String, String)>> {
        let apexes = self.world.apexes();
        fs::create_dir_all(self.folder.join("zones"))?;
        let write = |(zone, apex): (u64, String)| {
            let path = peer.zone_file(self.folder, &apex);
            self.world.write_zone(zone, FIRST_SERIAL, &path)?;
            Ok((apex, text_of(&path)?))
        };
        (0..).zip(apexes).map(write).collect()
    }

    /// The same for a peer that is given one zone only; its path.
    fn write_zone(&self, peer: Peer) -> Result<String> {
        let [(_, path)] =
            self.write_zones(peer)?.try_into().map_err(|_| anyhow!("this world has many zones"))?;
        Ok(path)
    }

    fn place(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().context("a file stands in a folder")?)?;
        Ok(path)
    }

    fn folder_text(&self) -> Result<String> {
        text_of(self.folder)
    }

    fn database_text(&self) -> Result<String> {
        text_of(&self.material.database)
    }
}

fn text_of(path: &Path) -> Result<String> {
    Ok(path.to_str().with_context(|| format!("{} is no UTF-8", path.display()))?.to_owned())
}

fn words<const COUNT: usize>(words: [&str; COUNT]) -> Vec<String> {
    words.map(str::to_owned).into()
}

/// A loopback address whose port is free for UDP and TCP. Another program can take it meanwhile; then the start fails
/// and says so.
pub fn free_address() -> Result<SocketAddr> {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // Not all ask for the same one first.
    let offset = std::process::id() as u16 % 1000 * 10;
    (FIRST_PORT + offset..u16::MAX)
        .map(address)
        .find(|address| UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok())
        .context("no free port")
}

/// Asks until the first right answer and returns how long that took.
pub fn wait_for_answer(
    process: &mut Process,
    address: SocketAddr,
    packets: &Packets,
    expected: Option<Expected>,
) -> Result<Duration> {
    let start = Instant::now();
    loop {
        if ask(address, packets.get(0))
            .is_some_and(|answer| expected.is_none_or(|right| right.is_met_by(&answer)))
        {
            return Ok(start.elapsed());
        }
        process.must_run()?;
        ensure!(start.elapsed() < START_TIMEOUT, "no right answer within {START_TIMEOUT:?}");
    }
}

/// Asks once; `None` where nothing came soon.
pub fn ask(address: SocketAddr, packet: &[u8]) -> Option<Vec<u8>> {
    const PATIENCE: Duration = Duration::from_millis(200);
    let any =
        if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(address).ok()?;
    socket.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut answer = vec![0; 2048];
    let received = socket.send(packet).and_then(|_| socket.recv(&mut answer));
    if received.is_err() {
        std::thread::sleep(ASK_AGAIN);
    }
    answer.truncate(received.ok()?);
    Some(answer)
}
