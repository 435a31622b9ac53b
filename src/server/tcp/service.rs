//! What all TCP connections share.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use super::admission::Admission;
use super::buffers::{Inbox, Outbox};
use crate::answer::{Context, Counter, Random, Reaction, TCP_MAX, Tally, Transport};
use crate::config::TcpSettings;
use crate::server::clock::Clock;
use crate::server::control::Control;
use crate::server::desk::Desk;
use crate::snapshot::Store;
use crate::wire::cookie::Secret;

/// Answers the messages of all connections, and counts what happens to them.
///
/// Responders and answer buffers (64 KiB) belong to a few desks, not to the connections: a desk is held for the microseconds
/// that a burst of queries takes, never while waiting for a client.
pub(in crate::server) struct Service {
    pub(super) admission: Admission,
    pub(super) control: Arc<Control>,
    pub(super) limits: TcpSettings,
    store: Arc<Store>,
    clock: Clock,
    desks: Box<[Mutex<TcpDesk>]>,
    tally: Arc<Tally>,
}

/// On cache lines of its own: its neighbour is at work at the same time.
#[repr(align(128))]
struct TcpDesk {
    desk: Desk,
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
    /// One desk for each core. `shared` counts what concerns connections.
    pub(in crate::server) fn new(
        store: Arc<Store>,
        clock: Clock,
        control: Arc<Control>,
        shared: Arc<Tally>,
        limits: &TcpSettings,
        seeds: &mut Random,
        process_secret: Secret,
    ) -> Service {
        let desk = |_| {
            let desk = Desk::new(seeds.word(), process_secret);
            Mutex::new(TcpDesk { desk, out: vec![0; TCP_MAX].into() })
        };
        Service {
            admission: Admission::new(limits, Arc::clone(&shared)),
            control,
            limits: limits.clone(),
            store,
            clock,
            desks: (0..available_parallelism().map_or(1, usize::from)).map(desk).collect(),
            tally: shared,
        }
    }

    /// The counters of the desks, and those of connections and control requests.
    pub(in crate::server) fn tallies(&self) -> Vec<Arc<Tally>> {
        let desks = (0..self.desks.len() as u64).map(|number| self.desk(number).desk.tally());
        desks.chain([Arc::clone(&self.tally)]).collect()
    }

    /// Counts something about a connection.
    pub(super) fn count(&self, counter: Counter) {
        self.tally.count_shared(counter);
    }

    /// Answers the whole messages in `inbox`, all on one generation, until a reason to pause.
    pub(super) fn answer(
        &self,
        connection: u64,
        source: IpAddr,
        inbox: &mut Inbox,
        outbox: &mut Outbox,
    ) -> Pause {
        let mut desk = self.desk(connection);
        let TcpDesk { desk, out } = &mut *desk;
        let snapshot = self.store.load();
        let (now, keepalive) = (self.clock.now(), self.limits.keepalive());
        let context = Context { snapshot: &snapshot, now, limiter: None, keepalive };
        while !outbox.is_full() {
            let Some(message) = inbox.next_message() else { return Pause::Done };
            desk.count(Counter::Tcp);
            let reaction = desk.guard(|desk| desk.respond(&context, message, source, Transport::Tcp, out));
            match reaction.unwrap_or_else(|| Reaction::Answer(desk.apologise(&context, message, out))) {
                Reaction::Answer(length) => outbox.push(&out[..length]),
                Reaction::Drop => {}
                Reaction::Control => return Pause::Control(message.to_vec()),
            }
        }
        Pause::Full
    }

    fn desk(&self, connection: u64) -> MutexGuard<'_, TcpDesk> {
        let index = connection as usize % self.desks.len();
        self.desks[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
