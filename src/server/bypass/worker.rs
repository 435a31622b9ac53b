//! A worker: a thread that answers the frames of its queues.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
use crate::server::socket::xdp::{Queue, Received, Watch};
use crate::server::socket::{Origin, UdpSocket};
use crate::server::udp::{Shared, pin, reason_to_drop};

/// How long a worker rests when its queues cannot be waited for, so that broken ones do not take the core.
const ERROR_PAUSE: Duration = Duration::from_millis(10);
/// How long a worker waits for queries while answers wait for the kernel to take them: waiting again has it try again.
const UNSENT_PAUSE: Duration = Duration::from_millis(10);
/// How often the kernel is asked what became of frames and interfaces.
const LOOK_AROUND: Duration = Duration::from_secs(1);

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
    thread::Builder::new().name(format!("bypass-{number}")).spawn(move || {
        pin(number);
        let watch = Watch::new(ports.iter().map(|port| &port.queue));
        let (errors, looked_around) = (LogLimit::default(), Instant::now());
        Worker { ports, watch, equipment, errors, looked_around }.run();
    })
}

struct Worker {
    ports: Vec<Port>,
    watch: Watch,
    equipment: Equipment,
    errors: LogLimit,
    looked_around: Instant,
}

impl Worker {
    /// The rings are looked at without a call as long as there is something; the kernel is asked to wait only when all
    /// are empty.
    fn run(mut self) {
        while !self.equipment.shared.stopping.load(Ordering::Relaxed) {
            let mut served = 0;
            for index in 0..self.ports.len() {
                served += self.serve(index);
            }
            if served == 0 {
                self.wait();
            }
            self.look_around();
        }
    }

    /// One batch of a queue, so that a flood at one does not starve the others: answered on one generation, which is let
    /// go before the answers are sent. Returns how many frames there were.
    fn serve(&mut self, index: usize) -> usize {
        let Worker { ports, equipment, errors, .. } = self;
        let Equipment { desk, random, sockets, shared } = equipment;
        let Port { queue, attached, .. } = &mut ports[index];
        let received = queue.receive();
        if received == 0 {
            return 0;
        }
        let snapshot = shared.store.load();
        let now = shared.clock.now();
        let limits = shared.limiter.limits(&snapshot, now);
        let context = Context { snapshot: &snapshot, now, limits, keepalive: 0 };
        Round { shared, sockets, attached, context, random, queries: 0, answers: 0 }.answer(desk, queue);
        drop(snapshot);
        desk.count_several(Counter::BypassReceived, received as u64);
        let sent = queue.send();
        desk.count_several(Counter::DropSend, sent.failed as u64);
        if let Some(error) = sent.error
            && let Some(held_back) = errors.due(Instant::now())
        {
            let interface = attached.interface.name();
            tracing::warn!(interface, %error, held_back, "the system did not take answers past the kernel");
        }
        received
    }

    fn wait(&mut self) {
        let has_unsent = self.ports.iter_mut().any(|port| !port.is_gone && port.queue.has_unsent());
        let timeout = if has_unsent { UNSENT_PAUSE } else { RECEIVE_TIMEOUT };
        if let Err(error) = self.watch.wait(timeout) {
            if let Some(held_back) = self.errors.due(Instant::now()) {
                tracing::error!(%error, held_back, "cannot wait for queries past the kernel");
            }
            thread::sleep(ERROR_PAUSE);
        }
    }

    fn look_around(&mut self) {
        if self.looked_around.elapsed() >= LOOK_AROUND {
            self.looked_around = Instant::now();
            let lost = self.ports.iter_mut().map(|port| port.queue.newly_lost()).sum();
            self.equipment.desk.count_several(Counter::BypassLost, lost);
            self.ports.iter_mut().for_each(Port::tell_when_gone);
        }
    }
}

impl Port {
    fn tell_when_gone(&mut self) {
        let interface = &self.attached.interface;
        if !self.is_gone && !interface.is_there() {
            self.is_gone = true;
            tracing::warn!(
                interface = interface.name(),
                "the interface is gone, the sockets answer alone: a new one takes a restart"
            );
        }
    }
}

/// The answering of one batch.
struct Round<'w> {
    shared: &'w Shared,
    sockets: &'w [Arc<UdpSocket>],
    attached: &'w Attached,
    context: Context<'w>,
    random: &'w mut Random,
    /// Frames that came to the responder.
    queries: u64,
    /// Frames that were answered here.
    answers: u64,
}

impl Round<'_> {
    /// Answers the whole batch. A query that makes a panic gets a SERVFAIL, and those behind it go on as if it were none.
    fn answer(mut self, desk: &mut Desk, queue: &mut Queue) {
        while desk.guard(|desk| self.answer_rest(desk, queue)).is_none() {
            self.apologise(desk, queue);
        }
        desk.count_several(Counter::Udp, self.queries);
        desk.count_several(Counter::BypassAnswered, self.answers);
    }

    /// Answers what was not yet taken.
    fn answer_rest(&mut self, desk: &mut Desk, queue: &mut Queue) {
        while let Some(Received { frame, out }) = queue.take() {
            let query = match self.read(frame) {
                Ok(query) => query,
                Err(reason) => {
                    desk.count(reason);
                    continue;
                }
            };
            self.queries += 1;
            let room = query.room(out, self.attached.interface.mtu());
            match desk.respond(&self.context, query.message, query.source.ip(), Transport::Udp, room) {
                Reaction::Answer(length) => {
                    self.answers += 1;
                    let length = query.write_answer(out, length, self.random.word() as u16);
                    queue.answer(length);
                }
                Reaction::Drop => {}
                Reaction::Control => self.hand_over(desk, &query),
            }
        }
    }

    /// Answers the present frame, which has made a panic.
    #[cold]
    fn apologise(&mut self, desk: &Desk, queue: &mut Queue) {
        let Some(Received { frame, out }) = queue.present() else { return };
        let Ok(query) = self.read(frame) else { return };
        let length =
            desk.apologise(&self.context, query.message, query.room(out, self.attached.interface.mtu()));
        let length = query.write_answer(out, length, self.random.word() as u16);
        self.answers += 1;
        queue.answer(length);
    }

    /// A query that may be answered, or why it is dropped.
    fn read<'f>(&self, frame: &'f [u8]) -> Result<Query<'f>, Counter> {
        let query = frame::read(frame).map_err(|_| Counter::DropFrame)?;
        let (ip, port) = (query.source.ip(), query.source.port());
        if let Some(reason) = reason_to_drop(&self.shared.own, port, || ip) {
            return Err(reason);
        }
        if !query.is_from_a_station() || self.attached.impossible.contain(ip) {
            return Err(Counter::DropSource);
        }
        Ok(query)
    }

    /// A control message is answered by the socket that listens at the address: it is rare, and takes its time.
    #[cold]
    fn hand_over(&self, desk: &Desk, query: &Query<'_>) {
        let Some(socket) = socket_of(self.sockets, query.asked) else { return };
        let origin = Origin::new(query.source, query.asked.ip());
        if !self.shared.control.offer(ControlRequest::new(socket, origin, query.message)) {
            desk.count(Counter::DropControlFull);
        }
    }
}

/// The socket that would have taken a packet to that address: its own, else the wildcard's.
fn socket_of(sockets: &[Arc<UdpSocket>], asked: SocketAddr) -> Option<&Arc<UdpSocket>> {
    let wildcard = match asked {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let at = |ip| sockets.iter().find(move |socket| socket.address() == SocketAddr::new(ip, asked.port()));
    at(asked.ip()).or_else(|| at(wildcard))
}
