//! A peer at work: configured, started, and ready to be asked.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::callgrind;
use crate::load::{NETWORKS, ONE_NETWORK, Target, WINDOW};
use crate::peer::{Material, Peer, Setup, ask, free_address, wait_for_answer};
use crate::process::Process;
use crate::query::{EdnsOption, Packets, cookie_of, query};
use crate::work::{CLIENT_COOKIE, Work};
use crate::world::{self, World};

/// Where servers are started.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Their folders lie in here.
    pub folder: PathBuf,
    /// The core that they run on.
    pub core: usize,
    /// The binaries and the database.
    pub material: Material,
    /// Of the queries.
    pub seed: u64,
}

/// A running server that has given its first right answer.
pub struct Server {
    /// Who.
    pub peer: Peer,
    /// To be watched.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start to the first right answer.
    pub start_time: Duration,
    /// CPU time until then.
    pub start_cpu: Duration,
    /// Its own folder.
    pub folder: PathBuf,
    seed: u64,
}

impl Bench {
    /// Starts a peer. `first` is a work of the world, whose first query it must answer.
    pub fn start(&self, peer: Peer, world: World, first: Work, counted: bool) -> Result<Server> {
        let folder = self.fresh_folder(&format!("{}-{}", peer.label(), world.label()))?;
        let address = free_address()?;
        let mut command = peer.prepare(&Setup {
            world,
            folder: &folder,
            address,
            material: &self.material,
            limits_rates: true,
        })?;
        if counted {
            command = callgrind::command(&command, &folder)?;
        }
        let packets = first.packets(self.seed, &[]);
        let mut process = Process::start(&command, self.core, folder.join("log"))?;
        let start_time = wait_for_answer(&mut process, address, &packets, peer.expected(first))
            .with_context(|| format!("{} does not serve {}", peer.label(), world.label()))?;
        let start_cpu = process.cpu_time()?;
        Ok(Server { peer, process, address, start_time, start_cpu, folder, seed: self.seed })
    }

    fn fresh_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = std::path::absolute(self.folder.join(name))?;
        let emptied = remove_if_there(&folder).and_then(|()| fs::create_dir_all(&folder));
        emptied.with_context(|| format!("cannot empty {}", folder.display()))?;
        Ok(folder)
    }
}

impl Server {
    /// The queries of a work, ready for this server; `None` where it is a cookie that it does not give.
    pub fn packets(&self, work: Work) -> Option<Packets> {
        match work {
            Work::ClientCookie | Work::ServerCookie => {
                let cookie = self.cookie()?;
                Some(work.packets(self.seed, &cookie[CLIENT_COOKIE.len()..]))
            }
            _ => Some(work.packets(self.seed, &[])),
        }
    }

    /// Whom to ask what.
    pub fn target<'p>(&self, work: Work, packets: &'p Packets) -> Target<'p> {
        let networks = if work == Work::ServerCookie { ONE_NETWORK } else { NETWORKS };
        Target {
            address: self.address,
            packets,
            expected: self.peer.expected(work),
            window: WINDOW,
            networks,
        }
    }

    /// The cookie that it gives to the loader's address.
    fn cookie(&self) -> Option<Vec<u8>> {
        let packet = query(&world::name(0), Some(EdnsOption::Cookie(&CLIENT_COOKIE)));
        cookie_of(&ask(self.address, &packet)?).map(<[u8]>::to_vec)
    }
}

fn remove_if_there(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
