//! A worker: a thread that answers the frames of its queues.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::frame::{self, Query};
use super::{Attached, Port};
use crate::answer::{Context, Counter, Random, Reaction, Transport};
use crate::server::bind::RECEIVE_TIMEOUT;
use crate::server::control::ControlRequest;
use crate::server::desk::Desk;
use crate::server::log_limit::LogLimit;
use crate::server::socket::xdp::Watch;
use crate::server::socket::{Origin, UdpSocket};
use crate::server::udp::{Shared, pin, reason_to_drop};

/// How long a worker rests when its queues cannot be waited for, so that broken ones do not take the core.
const ERROR_PAUSE: Duration = Duration::from_millis(10);
/// How long a worker waits for queries while answers wait for the kernel to take them.
const UNSENT_PAUSE: Duration = Duration::from_millis(1);
/// How often the kernel is asked how many frames it has lost.
const LOOK_AT_LOSSES: Duration = Duration::from_secs(1);

/// What a worker answers with.
pub(in crate::server) struct Equipment {
    /// Where its queries are answered.
    pub(in crate::server) desk: Desk,
    /// Gives the identification of IPv4 packets.
    pub(in crate::server) random: Random,
    /// The sockets that control messages are answered by, one for each listening address.
    pub(in crate::server) sockets: Vec<Arc<UdpSocket>>,
    /// What all workers share.
    pub(in crate::server) shared: Shared,
}

/// Starts worker number `number`. It ends within [`RECEIVE_TIMEOUT`] after it is told to stop; the program of an interface
/// is taken away with the last of its workers.
pub(in crate::server) fn spawn(
    number: usize,
    ports: Vec<Port>,
    equipment: Equipment,
) -> io::Result<JoinHandle<()>> {
    let watch = Watch::new(ports.iter().map(|port| &port.queue));
    let worker =
        Worker { ports, watch, equipment, errors: LogLimit::default(), looked_at_losses: Instant::now() };
    thread::Builder::new().name(format!("bypass-{number}")).spawn(move || {
        pin(number);
        worker.run();
    })
}

struct Worker {
    ports: Vec<Port>,
    watch: Watch,
    equipment: Equipment,
    errors: LogLimit,
    looked_at_losses: Instant,
}

impl Worker {
    /// The rings are looked at without a call as long as there is something; the kernel is asked to wait only when all
    /// are empty.
    fn run(mut self) {
        // Held for the worker's life: a clone for each batch would pass one counter's cache line from core to core.
        let shared = self.equipment.shared.clone();
        while !shared.stopping.load(Ordering::Relaxed) {
            let mut served = 0;
            for index in 0..self.ports.len() {
                served += self.serve(&shared, index);
            }
            if served == 0 {
                self.wait();
            }
            self.look_at_losses();
        }
    }

    /// One batch of a queue: a flood at one does not starve the others. Returns how many frames there were.
    fn serve(&mut self, shared: &Shared, index: usize) -> usize {
        let Worker { ports, equipment, .. } = self;
        let Port { queue, interface } = &mut ports[index];
        let received = queue.receive();
        if received == 0 {
            return 0;
        }
        let snapshot = shared.store.load();
        let now = shared.clock.now();
        let context = Context { snapshot: &snapshot, now, limiter: Some(&shared.limiter), keepalive: 0 };
        let without_room = queue.answer_each(|frame, out| equipment.answer(&context, interface, frame, out));
        drop(snapshot);
        (0..without_room).for_each(|_| equipment.desk.count(Counter::DropSend));
        self.send(index);
        received
    }

    fn send(&mut self, index: usize) {
        let port = &mut self.ports[index];
        let Err(error) = port.queue.send() else { return };
        if let Some(held_back) = self.errors.due(Instant::now()) {
            let interface = &port.interface.name;
            tracing::warn!(interface, %error, held_back, "the system did not take answers past the kernel");
        }
    }

    fn wait(&mut self) {
        let has_unsent = self.ports.iter_mut().any(|port| port.queue.has_unsent());
        let timeout = if has_unsent { UNSENT_PAUSE } else { RECEIVE_TIMEOUT };
        if let Err(error) = self.watch.wait(timeout) {
            if let Some(held_back) = self.errors.due(Instant::now()) {
                tracing::error!(%error, held_back, "cannot wait for queries past the kernel");
            }
            thread::sleep(ERROR_PAUSE);
        }
    }

    fn look_at_losses(&mut self) {
        if self.looked_at_losses.elapsed() >= LOOK_AT_LOSSES {
            self.looked_at_losses = Instant::now();
            let lost: u64 = self.ports.iter_mut().map(|port| port.queue.newly_lost()).sum();
            (0..lost).for_each(|_| self.equipment.desk.count(Counter::BypassLost));
        }
    }
}

impl Equipment {
    /// Answers one frame; returns the length of the frame that answers it, 0 for none.
    fn answer(&mut self, context: &Context<'_>, interface: &Attached, frame: &[u8], out: &mut [u8]) -> usize {
        self.desk.count(Counter::BypassReceived);
        let query = match self.read(interface, frame) {
            Ok(query) => query,
            Err(reason) => {
                self.desk.count(reason);
                return 0;
            }
        };
        let headers = query.headers();
        let room = query.message_max(interface.mtu).min(out.len() - headers);
        let message = &mut out[headers..headers + room];
        let ip = query.source.ip();
        match self.desk.respond(context, query.message, ip, Transport::Udp, message) {
            Reaction::Answer(0) | Reaction::Drop => 0,
            Reaction::Answer(length) => {
                self.desk.count(Counter::BypassAnswered);
                query.write_answer(out, length, self.random.word() as u16)
            }
            Reaction::Control => {
                self.hand_over(&query, interface.index);
                0
            }
        }
    }

    /// A query that may be answered, or why it is dropped.
    fn read<'f>(&self, interface: &Attached, frame: &'f [u8]) -> Result<Query<'f>, Counter> {
        let query = frame::read(frame).map_err(|_| Counter::DropFrame)?;
        if let Some(reason) = reason_to_drop(&self.shared.own, query.source) {
            return Err(reason);
        }
        if !query.is_from_a_station() || interface.impossible.contain(query.source.ip()) {
            return Err(Counter::DropSource);
        }
        Ok(query)
    }

    /// A control message is answered by the socket that listens at the address: it is rare, and takes its time.
    fn hand_over(&self, query: &Query<'_>, interface: u32) {
        let Some(socket) = socket_of(&self.sockets, query.asked) else { return };
        let origin = Origin::new(query.source, query.asked.ip(), interface);
        if !self.shared.control.offer(ControlRequest::new(socket, &origin, query.message)) {
            self.desk.count(Counter::DropControlFull);
        }
    }
}

/// The socket that would have taken a packet to that address: its own, else the wildcard's.
fn socket_of(sockets: &[Arc<UdpSocket>], asked: SocketAddr) -> Option<&Arc<UdpSocket>> {
    let is_wildcard = |socket: &&Arc<UdpSocket>| {
        let address = socket.address();
        address.ip().is_unspecified()
            && address.is_ipv4() == asked.is_ipv4()
            && address.port() == asked.port()
    };
    sockets.iter().find(|socket| socket.address() == asked).or_else(|| sockets.iter().find(is_wildcard))
}
