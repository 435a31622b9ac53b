//! Where one query at a time is answered: a responder behind a net that catches its panics.

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

    /// Answers one packet. A panic becomes a SERVFAIL without data; the responder that panicked is thrown away with
    /// whatever state it was in.
    pub(super) fn respond(
        &mut self,
        context: &Context<'_>,
        packet: &[u8],
        source: IpAddr,
        transport: Transport,
        out: &mut [u8],
    ) -> Reaction {
        let attempt = AssertUnwindSafe(|| {
            #[cfg(test)]
            assert!(!packet.ends_with(PANIC), "a test asked for it");
            self.responder.respond(context, packet, source, transport, out)
        });
        catch_unwind(attempt).unwrap_or_else(|_| {
            self.tally.count(Counter::Panic);
            self.tally.count(Counter::ServFail);
            self.responder = Responder::new(self.seeds.word(), self.process_secret, Arc::clone(&self.tally));
            let configuration = &context.snapshot.configuration;
            Reaction::Answer(refuse_whole(configuration, packet, Rcode::ServFail, error::INTERNAL, out))
        })
    }
}

/// A packet that ends in these octets makes the responder panic.
#[cfg(test)]
pub(super) const PANIC: &[u8] = b"panic, please";
