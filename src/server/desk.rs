//! Where one query after the other is answered: a responder, and the net that catches its panics.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::answer::{Context, Counter, Random, Reaction, Responder, Tally, Transport, error, refuse_whole};
use crate::wire::Rcode;
use crate::wire::cookie::Secret;

/// A responder of one worker, with its counters.
pub(super) struct Desk {
    responder: Responder,
    tally: Arc<Tally>,
    seeds: Random,
    process_secret: Secret,
}

impl Desk {
    /// A desk whose draws follow from `seed`. `process_secret` is the same for all desks of a process.
    pub(super) fn new(seed: u64, process_secret: Secret) -> Desk {
        let tally = Arc::new(Tally::default());
        let mut seeds = Random::new(seed);
        let responder = Responder::new(seeds.word(), process_secret, Arc::clone(&tally));
        Desk { responder, tally, seeds, process_secret }
    }

    /// The counters; this desk alone writes to them.
    pub(super) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Counts something about a packet that does not reach the responder.
    pub(super) fn count(&self, counter: Counter) {
        self.tally.count(counter);
    }

    /// As [`Desk::count`], so many at once.
    pub(super) fn count_several(&self, counter: Counter, number: u64) {
        self.tally.count_several(counter, number);
    }

    /// Does some work at this desk; `None` when it panicked. That is counted, and the responder is thrown away with whatever
    /// state it was in. The net costs something to hang up: a batch is answered in one.
    pub(super) fn guard<T>(&mut self, work: impl FnOnce(&mut Desk) -> T) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(|| work(self))).ok();
        if done.is_none() {
            self.tally.count(Counter::Panic);
            self.responder = Responder::new(self.seeds.word(), self.process_secret, Arc::clone(&self.tally));
        }
        done
    }

    /// Answers one packet. Whoever calls it does so within [`Desk::guard`].
    #[inline]
    pub(super) fn respond(
        &mut self,
        context: &Context<'_>,
        packet: &[u8],
        source: IpAddr,
        transport: Transport,
        out: &mut [u8],
    ) -> Reaction {
        #[cfg(test)]
        assert!(!packet.ends_with(PANIC), "a test asked for it");
        self.responder.respond(context, packet, source, transport, out)
    }

    /// What the sender of a packet gets that made a panic: a SERVFAIL without data. Returns its length.
    pub(super) fn apologise(&self, context: &Context<'_>, packet: &[u8], out: &mut [u8]) -> usize {
        self.tally.count(Counter::ServFail);
        refuse_whole(&context.snapshot.configuration, packet, Rcode::ServFail, error::INTERNAL, out)
    }
}

/// A packet that ends in these octets makes the responder panic.
#[cfg(test)]
pub(super) const PANIC: &[u8] = b"panic, please";
