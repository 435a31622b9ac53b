//! The sockets of the nameserver: UDP workers, TCP connections, control requests; and queries past the kernel.
//!
//! The daemon binds everything first ([`bind`]), then starts reading ([`start`]). What a query is answered with is
//! not decided here: every transport asks `answer`, and gives control messages to `control`.

mod bind;
#[cfg(feature = "bypass")]
mod bypass;
mod clock;
mod control;
mod descriptors;
mod desk;
mod log_limit;
mod occupant;
mod own_addresses;
mod privilege;
mod socket;
mod tcp;
mod udp;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use bind::{BindError, Sockets, bind};
pub use privilege::{PrivilegeError, become_account, forgo_new_privileges, may_become_account};
pub use socket::{forgo_cancellation_windows, keep_large_memory_apart, release_free_memory};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::answer::{Limiter, Random, Tally};
use crate::config::{Settings, TcpSettings};
use crate::snapshot::Store;
use crate::wire::cookie::{SECRET, Secret};

use clock::Clock;
use control::{Control, Surroundings};
use desk::Desk;
use own_addresses::OwnAddresses;

/// Why a bound server could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The system gave no random octets for the seed or the secret of the cookies.
    #[error("the system gave no random octets: {0}")]
    Seed(getrandom::Error),
    /// The system gave no thread for a UDP worker.
    #[error("cannot start a UDP worker: {0}")]
    Thread(io::Error),
    /// The system gave no loop for TCP connections.
    #[error("cannot start a TCP loop: {0}")]
    Loop(io::Error),
    /// The runtime did not take a listening socket.
    #[error("cannot watch a listening TCP socket: {0}")]
    Listener(io::Error),
}

/// A running server. Dropping it stops it without waiting; [`Server::stop`] waits.
pub struct Server {
    addresses: Vec<SocketAddr>,
    tallies: Vec<Arc<Tally>>,
    limiter: Arc<Limiter>,
    workers: Vec<thread::JoinHandle<()>>,
    listeners: Vec<tokio::task::JoinHandle<()>>,
    stop: Stop,
    /// After `stop`: as long as connections are open, their loops run.
    closing: tcp::Closing,
}

/// Tells every part of the server to stop.
struct Stop {
    workers: Arc<AtomicBool>,
    connections: watch::Sender<bool>,
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.workers.store(true, Ordering::Relaxed);
        self.connections.send_replace(true);
    }
}

/// Starts reading from bound sockets.
///
/// With `seed` every worker's draws can be repeated; without it the system's randomness seeds them. Of `settings` only
/// the TCP limits and the number of workers are used. TCP and control requests run on `runtime`, which should have as many
/// threads; UDP, and the connections that are asked again and again, on threads of their own.
pub fn start(
    sockets: Sockets,
    store: Arc<Store>,
    settings: &Settings,
    seed: Option<u64>,
    runtime: &Handle,
) -> Result<Server, StartError> {
    let mut seeds = Random::new(seed.map_or_else(system_seed, Ok)?);
    let process_secret = process_secret()?;
    let addresses = sockets.addresses();
    let (connections, stopping) = watch::channel(false);
    let clock = Clock::start();
    let stop = Stop { workers: Arc::default(), connections };

    let shared = Arc::new(Tally::default());
    let surroundings = Surroundings { clock, process_secret, keepalive: settings.tcp.keepalive() };
    let control = Arc::new(Control::new(Arc::clone(&store), surroundings, Arc::clone(&shared)));
    let limiter = Arc::new(Limiter::new(limiter_seeds()?));
    if store.load_full().configuration.rate_limit.is_some() {
        limiter.prepare();
    }
    let udp = udp::Shared {
        store: Arc::clone(&store),
        clock,
        limiter: Arc::clone(&limiter),
        own: Arc::new(OwnAddresses::of(&addresses)),
        control: control::queue(Arc::clone(&control), runtime),
        stopping: Arc::clone(&stop.workers),
    };
    let mut desks = Vec::new();
    let mut workers = Vec::new();
    #[cfg(feature = "bypass")]
    for (number, ports) in sockets.bypass.map(|bypass| bypass.ports).into_iter().flatten().enumerate() {
        let desk = Desk::new(seeds.word(), process_secret);
        desks.push(desk.tally());
        let equipment = bypass::Equipment {
            desk,
            random: Random::new(seeds.word()),
            sockets: sockets.udp[0].clone(),
            shared: udp.clone(),
        };
        workers.push(bypass::spawn(number, ports, equipment).map_err(StartError::Thread)?);
    }
    for (number, sockets) in sockets.udp.into_iter().enumerate() {
        let desk = Desk::new(seeds.word(), process_secret);
        desks.push(desk.tally());
        workers.push(udp::spawn(number, sockets, desk, udp.clone()).map_err(StartError::Thread)?);
    }

    let limits =
        TcpSettings { connections: descriptors::connections(settings.tcp.connections), ..settings.tcp };
    let loops = settings.workers.max(1);
    let (regulars, rounds) = tcp::Regulars::open(loops).map_err(StartError::Loop)?;
    let closing = regulars.closing();
    // As many threads of the runtime, as the loops.
    let desks_of_tcp = (0..2 * loops).map(|_| Desk::new(seeds.word(), process_secret));
    let service = tcp::Service::new(store, clock, control, shared, &limits, regulars, desks_of_tcp);
    let tallies = desks.into_iter().chain(service.tallies()).collect();
    let service = Arc::new(service);
    for (number, rounds) in rounds.into_iter().enumerate() {
        workers.push(rounds.spawn(number, Arc::clone(&service)).map_err(StartError::Loop)?);
    }
    let _inside = runtime.enter();
    let mut listeners = Vec::new();
    for listener in sockets.tcp {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(StartError::Listener)?;
        listeners.push(runtime.spawn(tcp::listen(listener, Arc::clone(&service), stopping.clone())));
    }
    Ok(Server { addresses, tallies, limiter, workers, listeners, stop, closing })
}

impl Server {
    /// The addresses that are served, in the order of `listen`, each with its actual port.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The counters: one tally a worker, one a TCP desk, and one for connections and control requests. Their sums are
    /// the server's.
    pub fn tallies(&self) -> &[Arc<Tally>] {
        &self.tallies
    }

    /// What limits the answers over UDP.
    pub fn limiter(&self) -> &Arc<Limiter> {
        &self.limiter
    }

    /// Stops reading, lets TCP connections finish the message that they are at, for at most `deadline`, and waits for
    /// all workers (at most the second that they wait for a query).
    pub async fn stop(self, deadline: Duration) {
        drop(self.stop);
        let draining = async {
            for listener in self.listeners {
                // An error is a listener that has panicked: nothing is left to wait for.
                let _ = listener.await;
            }
        };
        let drained = timeout(deadline, draining).await.is_ok();
        drop(self.closing);
        let joined = tokio::task::spawn_blocking(move || {
            self.workers.into_iter().filter_map(|worker| worker.join().err()).count()
        });
        let panicked = joined.await.unwrap_or(0);
        tracing::info!(drained, panicked, "server stopped");
    }
}

/// Never from the seed that makes draws repeatable: whoever knows these words can have others limited.
fn limiter_seeds() -> Result<[u64; 3], StartError> {
    Ok([system_seed()?, system_seed()?, system_seed()?])
}

fn system_seed() -> Result<u64, StartError> {
    getrandom::u64().map_err(StartError::Seed)
}

/// What this process's cookies are made with. Never of `seed`: who knows it could make them too.
fn process_secret() -> Result<Secret, StartError> {
    let mut octets = [0; SECRET];
    getrandom::fill(&mut octets).map_err(StartError::Seed)?;
    Ok(Secret::new(octets))
}
