//! UDP workers: each a thread on a core of its own, with one socket for each listening address.

use std::io;
use std::net::SocketAddr;
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
use super::socket::{Batch, Origin, Readiness, Sent, UdpSocket, allowed_cpus, pin_to};
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
    let worker = Worker {
        sockets,
        desk,
        shared,
        receive_errors: LogLimit::default(),
        send_errors: LogLimit::default(),
    };
    thread::Builder::new().name(format!("udp-{number}")).spawn(move || {
        pin(number);
        worker.run();
    })
}

struct Worker {
    sockets: Vec<Arc<UdpSocket>>,
    desk: Desk,
    shared: Shared,
    receive_errors: LogLimit,
    send_errors: LogLimit,
}

impl Worker {
    /// With one socket the worker waits in `recvmmsg` itself; with several it waits for any of them to be ready.
    fn run(mut self) {
        // Held for the worker's life: a clone for each batch would pass one counter's cache line from core to core.
        let shared = self.shared.clone();
        let mut batch = Batch::new();
        let mut readiness = (self.sockets.len() > 1).then(|| Readiness::new(&self.sockets));
        while !self.shared.stopping.load(Ordering::Relaxed) {
            match &mut readiness {
                None => self.serve(&shared, 0, &mut batch, true),
                Some(readiness) => self.serve_ready(&shared, readiness, &mut batch),
            }
        }
    }

    /// One batch from each socket that has something: a flood at one address does not starve the others.
    fn serve_ready(&mut self, shared: &Shared, readiness: &mut Readiness, batch: &mut Batch) {
        if let Err(error) = readiness.wait(RECEIVE_TIMEOUT) {
            return self.complain_of_receiving(&error, None);
        }
        for index in 0..self.sockets.len() {
            if readiness.ready(index) {
                self.serve(shared, index, batch, false);
            }
        }
    }

    /// Receives a batch, answers it on one generation, which is let go before the answers are sent, and sends them.
    fn serve(&mut self, shared: &Shared, index: usize, batch: &mut Batch, wait: bool) {
        let socket = Arc::clone(&self.sockets[index]);
        match batch.receive(&socket, wait) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return self.complain_of_receiving(&error, Some(socket.address())),
        }
        let snapshot = shared.store.load();
        let now = shared.clock.now();
        let context = Context { snapshot: &snapshot, now, limiter: Some(&shared.limiter), keepalive: 0 };
        batch.answer_each(|origin, packet, out| self.answer(&context, &socket, origin, packet, out));
        drop(snapshot);
        let sent = batch.send(&socket);
        if sent.failed > 0 {
            self.complain_of_sending(&sent, socket.address());
        }
    }

    /// Answers one packet; returns the length of the answer, 0 for none.
    fn answer(
        &mut self,
        context: &Context<'_>,
        socket: &Arc<UdpSocket>,
        origin: &Origin,
        packet: &[u8],
        out: &mut [u8],
    ) -> usize {
        if let Some(reason) = reason_to_drop(&self.shared.own, origin.source) {
            self.desk.count(reason);
            return 0;
        }
        match self.desk.respond(context, packet, origin.source.ip(), Transport::Udp, out) {
            Reaction::Answer(length) => length,
            Reaction::Drop => 0,
            Reaction::Control => {
                let request = ControlRequest::new(socket, origin, packet);
                if !self.shared.control.offer(request) {
                    self.desk.count(Counter::DropControlFull);
                }
                0
            }
        }
    }

    fn complain_of_receiving(&self, error: &io::Error, address: Option<SocketAddr>) {
        if let Some(held_back) = self.receive_errors.due(Instant::now()) {
            tracing::error!(?address, %error, held_back, "cannot receive queries");
        }
        thread::sleep(ERROR_PAUSE);
    }

    fn complain_of_sending(&self, sent: &Sent, address: SocketAddr) {
        (0..sent.failed).for_each(|_| self.desk.count(Counter::DropSend));
        if let (Some(error), Some(held_back)) = (&sent.error, self.send_errors.due(Instant::now())) {
            tracing::warn!(%address, failed = sent.failed, %error, held_back, "the system did not take answers");
        }
    }
}

/// Sources that no honest query has, and to which an answer would do harm (security.md, "Odd packets").
pub(super) fn reason_to_drop(own: &OwnAddresses, source: SocketAddr) -> Option<Counter> {
    if source.port() == 0 {
        Some(Counter::DropSourcePort)
    } else if own.contain(source) {
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
    use super::*;

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
            assert_eq!(reason_to_drop(&own, source.parse().unwrap()), expected, "{source}");
        }
    }
}
