//! UDP workers: each a thread on a core of its own, with one socket for each listening address.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::bind::RECEIVE_TIMEOUT;
use super::clock::Clock;
use super::control::{ControlQueue, ControlRequest};
use super::desk::Desk;
use super::log_limit::LogLimit;
use super::own_addresses::OwnAddresses;
use super::socket::{Batch, Datagram, Readiness, Sent, UdpSocket, allowed_cpus, pin_to};
use crate::answer::{Context, Counter, Limiter, Reaction, Transport};
use crate::snapshot::Store;

/// How long a worker rests when a socket cannot be read, so that a broken one does not take the core.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// What all workers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) limiter: Arc<Limiter>,
    pub(super) own: Arc<OwnAddresses>,
    pub(super) control: ControlQueue,
    pub(super) stopping: Arc<AtomicBool>,
}

/// Starts worker number `number` on its sockets. It ends within [`RECEIVE_TIMEOUT`] after `stopping` is set.
pub(super) fn spawn(
    number: usize,
    sockets: Vec<Arc<UdpSocket>>,
    desk: Desk,
    shared: Shared,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(format!("udp-{number}")).spawn(move || {
        pin(number);
        Worker { sockets, desk, shared, batch: Batch::new(), troubles: Troubles::default() }.run();
    })
}

/// Everything that it writes to is its own: made by its thread, or on cache lines of its own.
struct Worker {
    sockets: Vec<Arc<UdpSocket>>,
    desk: Desk,
    shared: Shared,
    batch: Batch,
    troubles: Troubles,
}

impl Worker {
    /// With one socket the worker waits in `recvmmsg` itself; with several it waits for any of them to be ready.
    fn run(mut self) {
        let mut readiness = (self.sockets.len() > 1).then(|| Readiness::new(&self.sockets));
        while !self.shared.stopping.load(Ordering::Relaxed) {
            match &mut readiness {
                None => self.serve(0, true),
                Some(readiness) => self.serve_ready(readiness),
            }
        }
    }

    /// One batch from each socket that has something: a flood at one address does not starve the others.
    fn serve_ready(&mut self, readiness: &mut Readiness) {
        if let Err(error) = readiness.wait(RECEIVE_TIMEOUT) {
            return self.troubles.receiving(&error, None);
        }
        for index in 0..self.sockets.len() {
            if readiness.ready(index) {
                self.serve(index, false);
            }
        }
    }

    /// Receives a batch, answers it on one generation, which is let go before the answers are sent, and sends them.
    fn serve(&mut self, index: usize, wait: bool) {
        let Worker { sockets, desk, shared, batch, troubles } = self;
        // Borrowed, not cloned: its counter of owners may share a cache line with that of another worker's.
        let socket = &sockets[index];
        match batch.receive(socket, wait) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return troubles.receiving(&error, Some(socket.address())),
        }
        let snapshot = shared.store.load();
        let now = shared.clock.now();
        let limits = shared.limiter.limits(&snapshot, now);
        let context = Context { snapshot: &snapshot, now, limits, keepalive: 0 };
        Round { shared, socket, context, dropped: 0 }.answer(desk, batch);
        drop(snapshot);
        let sent = batch.send(socket);
        if sent.failed > 0 {
            desk.count_several(Counter::DropSend, sent.failed as u64);
            troubles.sending(&sent, socket.address());
        }
    }
}

/// The answering of one batch.
struct Round<'w> {
    shared: &'w Shared,
    socket: &'w Arc<UdpSocket>,
    context: Context<'w>,
    /// Datagrams that did not come to the responder.
    dropped: usize,
}

impl Round<'_> {
    /// Answers the whole batch. A packet that makes a panic gets a SERVFAIL, and those behind it go on as if it were none.
    fn answer(mut self, desk: &mut Desk, batch: &mut Batch) {
        while desk.guard(|desk| self.answer_rest(desk, batch)).is_none() {
            if let Some(Datagram { request, response, .. }) = batch.present() {
                let length = desk.apologise(&self.context, request, response);
                batch.answer(length);
            }
        }
        desk.count_several(Counter::Udp, (batch.taken() - self.dropped) as u64);
    }

    /// Answers what was not yet taken.
    fn answer_rest(&mut self, desk: &mut Desk, batch: &mut Batch) {
        while let Some(datagram) = batch.take() {
            let port = datagram.source_port();
            if let Some(reason) = reason_to_drop(&self.shared.own, port, || datagram.source()) {
                desk.count(reason);
                self.dropped += 1;
                continue;
            }
            let source = datagram.source();
            match desk.respond(&self.context, datagram.request, source, Transport::Udp, datagram.response) {
                Reaction::Answer(length) => batch.answer(length),
                Reaction::Drop => {}
                Reaction::Control => self.hand_over(desk, batch),
            }
        }
    }

    /// Has the control task answer the present datagram.
    #[cold]
    fn hand_over(&self, desk: &Desk, batch: &mut Batch) {
        let Some(origin) = batch.origin() else { return };
        let packet = batch.present().map_or(&[][..], |datagram| datagram.request);
        if !self.shared.control.offer(ControlRequest::new(self.socket, origin, packet)) {
            desk.count(Counter::DropControlFull);
        }
    }
}

/// What a worker complains of, now and then.
#[derive(Default)]
struct Troubles {
    receiving: LogLimit,
    sending: LogLimit,
}

impl Troubles {
    #[cold]
    fn receiving(&self, error: &io::Error, address: Option<SocketAddr>) {
        if let Some(held_back) = self.receiving.due(Instant::now()) {
            tracing::error!(?address, %error, held_back, "cannot receive queries");
        }
        thread::sleep(ERROR_PAUSE);
    }

    #[cold]
    fn sending(&self, sent: &Sent, address: SocketAddr) {
        if let (Some(error), Some(held_back)) = (&sent.error, self.sending.due(Instant::now())) {
            tracing::warn!(%address, failed = sent.failed, %error, held_back, "the system did not take answers");
        }
    }
}

/// Sources that no honest query has, and to which an answer would do harm (security.md, "Odd packets"). Nearly always that is
/// one comparison of ports; `source` is asked for only where it is not.
#[inline(always)]
pub(super) fn reason_to_drop(
    own: &OwnAddresses,
    port: u16,
    source: impl FnOnce() -> IpAddr,
) -> Option<Counter> {
    if own.rule_out(port) { None } else { reason_to_drop_doubtful(own, port, source()) }
}

#[cold]
fn reason_to_drop_doubtful(own: &OwnAddresses, port: u16, source: IpAddr) -> Option<Counter> {
    if port == 0 {
        Some(Counter::DropSourcePort)
    } else if own.contain(source, port) {
        Some(Counter::DropLoop)
    } else {
        None
    }
}

/// Pins the calling worker to its core; a machine that refuses still serves.
pub(super) fn pin(number: usize) {
    let pinned = allowed_cpus().and_then(|cpus| match cpus.len() {
        0 => Ok(()),
        count => pin_to(cpus[number % count]),
    });
    if let Err(error) = pinned {
        tracing::warn!(worker = number, %error, "cannot pin a worker to a core");
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Runtime;

    use super::*;
    use crate::answer::Tally;
    use crate::server::control::{Control, queue};
    use crate::server::desk::PANIC;
    use crate::server::fixture::{empty_store, query, surroundings};
    use crate::wire::cookie::Secret;

    fn shared(runtime: &Runtime, own: &[SocketAddr]) -> Shared {
        let store = empty_store();
        let control = Control::new(Arc::clone(&store), surroundings(), Arc::new(Tally::default()));
        Shared {
            store,
            clock: Clock::start(),
            limiter: Arc::new(Limiter::new([1, 2, 3])),
            own: Arc::new(OwnAddresses::of(own)),
            control: queue(Arc::new(control), runtime.handle()),
            stopping: Arc::default(),
        }
    }

    #[test]
    fn packets_that_make_a_panic_get_a_servfail_and_the_rest_of_their_batch_its_answers() {
        let bind = || UdpSocket::bind(&"127.0.0.1:0".parse().unwrap(), RECEIVE_TIMEOUT * 10).unwrap();
        let (socket, ours) = (Arc::new(bind()), bind());
        let runtime = Runtime::new().unwrap();
        let shared = shared(&runtime, &[ours.address()]);
        let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(RECEIVE_TIMEOUT * 10)).unwrap();
        let send = |octets: &[u8]| assert!(client.send_to(octets, socket.address()).is_ok());
        let bad = |id| [&query(id, "example.org.")[..], PANIC].concat();
        let packets =
            [bad(1), query(2, "example.org."), bad(3), bad(4), b"x".to_vec(), query(5, "example.org.")];
        packets.iter().for_each(|packet| send(packet));
        ours.reply(&super::super::socket::Origin::to(socket.address()), &query(6, "example.org.")).unwrap();

        let (mut desk, mut batch) = (Desk::new(1, Secret::new([7; 16])), Batch::new());
        assert_eq!(batch.receive(&socket, true).unwrap(), packets.len() + 1);
        let snapshot = shared.store.load();
        let context = Context { snapshot: &snapshot, now: shared.clock.now(), limits: None, keepalive: 0 };
        Round { shared: &shared, socket: &socket, context, dropped: 0 }.answer(&mut desk, &mut batch);
        assert_eq!(batch.send(&socket).sent, 5);

        const SERVFAIL: u8 = 2;
        const REFUSED: u8 = 5;
        for (id, rcode) in [(1, SERVFAIL), (2, REFUSED), (3, SERVFAIL), (4, SERVFAIL), (5, REFUSED)] {
            let mut octets = [0; 512];
            client.recv(&mut octets).unwrap();
            assert_eq!((octets[1], octets[3] & 0x0F), (id, rcode));
        }
        let count = |counter| desk.tally().get(counter);
        assert_eq!((count(Counter::Udp), count(Counter::DropShort), count(Counter::DropLoop)), (6, 1, 1));
        assert_eq!((count(Counter::Panic), count(Counter::ServFail), count(Counter::Refused)), (3, 3, 2));
    }

    #[test]
    fn sources_that_no_honest_query_has_get_no_answer() {
        let own = OwnAddresses::of(&["127.0.0.1:5300".parse().unwrap()]);
        for (source, expected) in [
            ("192.0.2.1:0", Some(Counter::DropSourcePort)),
            ("[2001:db8::1]:0", Some(Counter::DropSourcePort)),
            ("127.0.0.1:5300", Some(Counter::DropLoop)),
            ("127.0.0.1:5301", None),
            ("192.0.2.1:5300", None),
            ("192.0.2.1:53", None),
        ] {
            let source: SocketAddr = source.parse().unwrap();
            assert_eq!(reason_to_drop(&own, source.port(), || source.ip()), expected, "{source}");
        }
    }
}
