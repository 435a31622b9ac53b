//! One configuration under replay: answers, times, codes, and the caches behind it.

use std::sync::Arc;
use std::time::Instant;

use crate::answer::{Context, Counter, Moment, Reaction, Responder, TCP_MAX, Tally};
use crate::explain::replay::{Cache, Profile, Profiler, Reuse};
use crate::snapshot::Snapshot;
use crate::wire::Rcode;
use crate::wire::cookie::Secret;

use super::capture::Captured;

/// Nanoseconds that are told apart; what took longer counts as this.
const SLOWEST_NS: usize = 100_000;
/// The cookies of a replay are nobody's.
const SECRET: [u8; 16] = [0; 16];

/// A configuration that answers captured queries.
pub(super) struct Engine<'s> {
    snapshot: &'s Snapshot,
    responder: Responder,
    profiler: Profiler<'s>,
    cache: Cache,
    out: Vec<u8>,
    tally: Arc<Tally>,
    /// Control messages, which somebody else answers, and packets that get no answer.
    unanswered: u64,
    times: Times,
}

impl<'s> Engine<'s> {
    /// On a snapshot.
    pub(super) fn new(snapshot: &'s Snapshot) -> Engine<'s> {
        let tally = Arc::new(Tally::default());
        Engine {
            snapshot,
            responder: Responder::new(0, Secret::new(SECRET), Arc::clone(&tally)),
            profiler: Profiler::new(snapshot),
            cache: Cache::default(),
            out: vec![0; TCP_MAX],
            tally,
            unanswered: 0,
            times: Times::default(),
        }
    }

    /// Answers a query as the server would have, and says what it is; `None` for what is no well-formed question.
    pub(super) fn answer(&mut self, captured: &Captured<'_>) -> Option<Profile> {
        // Rate limits are a matter of the moment; without a limiter none is in force.
        let now = Moment { unix: (captured.time_ms / 1000) as u32, uptime_ms: captured.time_ms };
        let context = Context { snapshot: self.snapshot, now, limits: None, keepalive: 0 };
        let started = Instant::now();
        let reaction = self.responder.respond(
            &context,
            captured.message,
            captured.source,
            captured.transport,
            &mut self.out,
        );
        self.times.add(started.elapsed().as_nanos());
        self.unanswered += u64::from(!matches!(reaction, Reaction::Answer(_)));
        let profile = self.profiler.profile(captured.message, captured.source)?;
        self.cache.ask(captured.source, &profile, captured.time_ms);
        Some(profile)
    }

    /// How many responses there were of each code; those that there were none of are left out.
    pub(super) fn rcodes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted =
            Rcode::ALL.iter().map(|&rcode| (rcode.name(), self.tally.get(Counter::of_rcode(rcode))));
        counted.filter(|&(_, count)| count > 0)
    }

    /// How many packets got no response.
    pub(super) fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// What resolvers' caches could have answered.
    pub(super) fn reuse(&self) -> Reuse {
        self.cache.reuse()
    }

    /// How long answers took.
    pub(super) fn times(&self) -> &Times {
        &self.times
    }
}

/// How long answers took, each measured by itself in this process.
pub(super) struct Times {
    /// How many took so many nanoseconds.
    counts: Vec<u64>,
    total_ns: u128,
}

impl Default for Times {
    fn default() -> Times {
        Times { counts: vec![0; SLOWEST_NS + 1], total_ns: 0 }
    }
}

impl Times {
    fn add(&mut self, ns: u128) {
        self.counts[usize::try_from(ns).unwrap_or(SLOWEST_NS).min(SLOWEST_NS)] += 1;
        self.total_ns += ns;
    }

    /// The median in nanoseconds.
    pub(super) fn median_ns(&self) -> u64 {
        let count: u64 = self.counts.iter().sum();
        let mut below = 0;
        let middle = self.counts.iter().position(|&here| {
            below += here;
            below * 2 >= count
        });
        middle.unwrap_or(0) as u64
    }

    /// The mean in nanoseconds.
    pub(super) fn mean_ns(&self) -> u64 {
        let count = u128::from(self.counts.iter().sum::<u64>()).max(1);
        (self.total_ns / count) as u64
    }

    /// All together, in microseconds.
    pub(super) fn total_us(&self) -> u64 {
        (self.total_ns / 1000) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_the_times() {
        let mut times = Times::default();
        assert_eq!((times.median_ns(), times.mean_ns()), (0, 0));
        for ns in [900, 100, 200, 300, 10_000_000] {
            times.add(ns);
        }
        assert_eq!((times.median_ns(), times.mean_ns(), times.total_us()), (300, 2_000_300, 10_001));
    }
}
