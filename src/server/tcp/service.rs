//! What all TCP connections share.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::admission::Admission;
use super::buffers::{Inbox, Outbox};
use crate::answer::{Context, Counter, Reaction, TCP_MAX, Tally, Transport};
use crate::config::TcpSettings;
use crate::server::clock::{Clock, TickingClock};
use crate::server::control::Control;
use crate::server::desk::Desk;
use crate::snapshot::Store;

/// Answers the messages of all connections, and counts what happens to them.
///
/// Responders and answer buffers (64 KiB) belong to a few desks, not to the connections: each thread has one, and holds it for
/// the microseconds that a burst of queries takes, never while waiting for a client.
pub(in crate::server) struct Service {
    pub(super) admission: Admission,
    pub(super) control: Arc<Control>,
    pub(super) limits: TcpSettings,
    store: Arc<Store>,
    desks: Box<[Mutex<TcpDesk>]>,
    tally: Arc<Tally>,
}

/// On cache lines of its own: its neighbour is at work at the same time.
#[repr(align(128))]
struct TcpDesk {
    desk: Desk,
    clock: TickingClock,
    out: Box<[u8]>,
}

/// Why answering a burst has paused.
pub(super) enum Pause {
    /// Every whole message is answered.
    Done,
    /// Answers must be written first.
    Full,
    /// A message for the control handler comes next.
    Control(Vec<u8>),
}

impl Service {
    /// `desks` has at least one; as many as threads serve connections. `shared` counts what concerns connections.
    pub(in crate::server) fn new(
        store: Arc<Store>,
        clock: Clock,
        control: Arc<Control>,
        shared: Arc<Tally>,
        limits: &TcpSettings,
        desks: impl Iterator<Item = Desk>,
    ) -> Service {
        let with_room =
            |desk| Mutex::new(TcpDesk { desk, clock: TickingClock::of(clock), out: vec![0; TCP_MAX].into() });
        Service {
            admission: Admission::new(limits, Arc::clone(&shared)),
            control,
            limits: limits.clone(),
            store,
            desks: desks.map(with_room).collect(),
            tally: shared,
        }
    }

    /// The counters of the desks, and those of connections and control requests.
    pub(in crate::server) fn tallies(&self) -> Vec<Arc<Tally>> {
        let desks = self.desks.iter().map(|desk| lock(desk).desk.tally());
        desks.chain([Arc::clone(&self.tally)]).collect()
    }

    /// Counts something about a connection.
    pub(super) fn count(&self, counter: Counter) {
        self.tally.count_shared(counter);
    }

    /// Answers the whole messages in `inbox`, all on one generation, until a reason to pause. Also tells the time, which it
    /// has to know anyway: a clock read for each message can be seen in what a message costs.
    pub(super) fn answer(&self, source: IpAddr, inbox: &mut Inbox, outbox: &mut Outbox) -> (Pause, Instant) {
        let mut desk = self.desk();
        let TcpDesk { desk, clock, out } = &mut *desk;
        let snapshot = self.store.load();
        let (time, now) = clock.now();
        let context = Context { snapshot: &snapshot, now, limits: None, keepalive: self.limits.keepalive() };
        while !outbox.is_full() {
            let Some(message) = inbox.next_message() else { return (Pause::Done, time) };
            desk.count(Counter::Tcp);
            let reaction = desk.guard(|desk| desk.respond(&context, message, source, Transport::Tcp, out));
            match reaction.unwrap_or_else(|| Reaction::Answer(desk.apologise(&context, message, out))) {
                Reaction::Answer(length) => outbox.push(&out[..length]),
                Reaction::Drop => {}
                Reaction::Control => return (Pause::Control(message.to_vec()), time),
            }
        }
        (Pause::Full, time)
    }

    /// The desk of this thread. Another thread has it only where there are more threads than desks.
    fn desk(&self) -> MutexGuard<'_, TcpDesk> {
        lock(&self.desks[THREAD.with(|number| *number) % self.desks.len()])
    }
}

fn lock(desk: &Mutex<TcpDesk>) -> MutexGuard<'_, TcpDesk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// The number of a thread among those that have answered over TCP.
    static THREAD: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed)
    };
}
