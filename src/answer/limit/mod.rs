//! Response rate limiting: so many answers of a kind a second to one network, so that nobody can point us at a victim.
//!
//! A meter for each network of clients, and a token bucket for each (network, class of the answer), in the table of
//! [`table`]. Each has half of the window's responses after a rest (of an odd number a bucket has the larger half), and one flows
//! back in every interval.
//!
//! | the network's meter | the bucket | and | the answer |
//! |---|---|---|---|
//! | has a response left | is not asked | – | goes out |
//! | is empty | has a response left | – | goes out |
//! | is empty | is empty | it is the n-th of its bucket, n the slip | goes out truncated; an error, which has nothing to cut off, whole |
//! | is empty | is empty | otherwise | is dropped |
//!
//! Everything is taken out of the meter, also what it does not have, down to a whole window: so it has something left only
//! where the network got no more than the rate in all, and then no class of it did. Nearly all networks are so, and cost one
//! look at one cell.
//!
//! What a class gets is bounded as if it had one bucket with the whole window, m + b + the rate × t in any time t, where m
//! can be saved up in the meter and b in the bucket. Of the last moment at which the meter had something left: if it was never
//! at its deepest since the time began, all that went out until then was taken out of it, and that is m + the rate × t at most.
//! If it was, it had to come back from m + b to m first, which no more than the rate × t − b could go out in, and b is what the
//! bucket may have given before. After that moment only the bucket gives: b + the rate × what is left of t.
//!
//! A slipped answer is at most 60 octets longer than its query, for the options that were asked for, and sends a true client on to TCP, where nobody can speak
//! in another's name. Never dropping without slipping is why a limited client is slowed down and not cut off. Who is
//! exempt by a valid cookie is not in the table at all; who is by its address counts in its network's meter. Where cookies are required under load
//! (`RequireCookies`), a client that knows them gets BADCOOKIE in place of a truncated answer, and is exempt from then on.

mod class;
mod sample;
mod table;

pub(super) use class::Class;
pub use sample::Limited;

use std::net::IpAddr;

use super::{Context, Counter, Moment, Standing, Tally};
use crate::geo::Prefix;
use crate::snapshot::{GRAIN, RateLimit, Snapshot, TICKS_PER_MS};
use sample::Sample;
use table::{Cells, Price, Table};

/// One network of clients gets at most so many times the rate of one class, whatever client subnets it asks for: a public
/// resolver asks the same for many, but nobody can prove that a subnet is not invented.
const SUBNETS: u64 = 32;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes out.
    Pass,
    /// It goes out without its data.
    Slip,
    /// It does not go out.
    Drop,
}

/// What becomes of an answer to `client`, whose cookie has this standing; counted in `tally`. `class` gives the answer's class, and the network that it was
/// made for where it is for one (RFC 7871); it is asked only where the client's network gets much.
#[inline(always)]
pub(super) fn verdict(
    context: &Context<'_>,
    tally: &Tally,
    client: &IpAddr,
    standing: Standing,
    class: impl FnOnce() -> (Class, Option<Prefix>),
) -> Verdict {
    let Some(limits) = &context.limits else { return Verdict::Pass };
    if standing == Standing::Valid {
        tally.count(Counter::RateExempt);
        return Verdict::Pass;
    }
    if limits.has_left(client) {
        return Verdict::Pass;
    }
    let (class, subnet) = class();
    match limits.limit(client, class, subnet) {
        Verdict::Pass => Verdict::Pass,
        verdict => limits.hold_back(tally, *client, class, verdict),
    }
}

/// A limiter at work: with what a generation sets, at the moment of a batch.
#[derive(Clone, Copy)]
pub struct Limits<'l> {
    limiter: &'l Limiter,
    cells: Cells<'l>,
    settings: &'l RateLimit,
    /// What of an IPv4 address is the host, and all bits that it leaves free.
    ipv4_host: u64,
    /// What of the upper half of an IPv6 address is the host.
    ipv6_host: u64,
    /// In ticks.
    now: u64,
}

impl Limits<'_> {
    /// Takes a response out of the meter of the client's network; whether it had one left.
    #[inline(always)]
    fn has_left(&self, client: &IpAddr) -> bool {
        let key = self.limiter.mix(0, self.network(client), 0);
        self.cells.meter(key, self.now, &self.settings.rate)
    }

    /// The network of a client as one word: its address, all bits of the host set. So are the bits that an IPv4 address leaves
    /// free, as they are in no IPv6 address that a client has.
    #[inline(always)]
    fn network(&self, client: &IpAddr) -> u64 {
        match client {
            IpAddr::V4(client) => u64::from(client.to_bits()) | self.ipv4_host,
            IpAddr::V6(client) => (client.to_bits() >> 64) as u64 | self.ipv6_host,
        }
    }

    /// Takes a response of this class out of its bucket, for a client whose network has nothing left in its meter.
    /// `subnet` is the network that the answer was made for (RFC 7871), where that is another one than the client's.
    #[inline(never)]
    fn limit(&self, client: &IpAddr, class: Class, subnet: Option<Prefix>) -> Verdict {
        let Limits { limiter, cells, settings, now, .. } = *self;
        if settings.exempt.take(*client) {
            return Verdict::Pass;
        }
        let RateLimit { rate, slip, .. } = settings;
        let key = limiter.mix(0, self.network(client), class.word());
        let (interval, burst, farthest) = (rate.interval(), rate.bucket(), rate.farthest());
        let price = Price { now, interval, burst, farthest };
        let Some(subnet) = subnet else { return cells.spend(key, &price, *slip) };
        // Rounded up: no more than so many times the rate.
        let whole = Price { interval: (interval / GRAIN).div_ceil(SUBNETS) * GRAIN, ..price };
        match cells.spend(limiter.mix(1, key, key), &whole, *slip) {
            Verdict::Pass => {
                let (upper, lower) = halves(subnet.address);
                let subnet = limiter.mix(2, upper ^ u64::from(subnet.length), lower);
                cells.spend(limiter.mix(1, key, subnet), &price, *slip)
            }
            held_back => held_back,
        }
    }

    /// Counts an answer that is too many, and keeps a sample of them; what becomes of it.
    #[cold]
    fn hold_back(&self, tally: &Tally, client: IpAddr, class: Class, verdict: Verdict) -> Verdict {
        // Before it is counted: whoever sees the count finds a sample.
        self.limiter.sample.offer(self.settings, client, class);
        tally.count(Counter::RateLimited);
        if self.settings.log_only {
            return Verdict::Pass;
        }
        tally.count(if verdict == Verdict::Slip { Counter::RateSlipped } else { Counter::RateDropped });
        verdict
    }
}

/// The buckets of all networks: made once for a server, shared by its workers, kept over reloads. The only memory that
/// they share for writing.
pub struct Limiter {
    table: Table,
    seeds: [u64; 3],
    sample: Sample,
}

impl Limiter {
    /// An empty table. `seeds` are random words that nobody outside may know: with them one could choose networks that
    /// share a bucket with a victim.
    pub fn new(seeds: [u64; 3]) -> Limiter {
        Limiter { table: Table::default(), seeds, sample: Sample::default() }
    }

    /// Takes the memory that limiting needs, so that no packet has to wait for it. For whoever knows that a limit is
    /// configured; once is enough.
    pub fn prepare(&self) {
        self.table.cells();
    }

    /// The first network that was limited since this was last asked. For one reader.
    pub fn take_sample(&self) -> Option<Limited> {
        self.sample.take()
    }

    /// With what a generation sets, at a moment; `None` where it limits nothing.
    pub fn limits<'l>(&'l self, snapshot: &'l Snapshot, now: Moment) -> Option<Limits<'l>> {
        let settings = snapshot.configuration.rate_limit.as_ref()?;
        Some(self.with(settings, now.uptime_ms))
    }

    /// `now` in milliseconds.
    fn with<'l>(&'l self, settings: &'l RateLimit, now: u64) -> Limits<'l> {
        let ipv4_host = u32::MAX.unbounded_shr(settings.ipv4_prefix.into());
        Limits {
            limiter: self,
            cells: self.table.cells(),
            settings,
            ipv4_host: u64::MAX << 32 | u64::from(ipv4_host),
            ipv6_host: u64::MAX.unbounded_shr(settings.ipv6_prefix.into()),
            now: now.wrapping_mul(TICKS_PER_MS),
        }
    }

    /// Two words to one: both halves of a product, keyed on one side by a seed that nobody knows.
    #[inline]
    fn mix(&self, seed: usize, one: u64, other: u64) -> u64 {
        let product =
            u128::from(one ^ self.seeds[seed]) * u128::from(other ^ self.seeds[seed].rotate_left(32));
        (product >> 64) as u64 ^ product as u64
    }
}

fn halves(address: IpAddr) -> (u64, u64) {
    match address {
        IpAddr::V4(address) => (u64::from(address.to_bits()) | 1 << 63, 0),
        IpAddr::V6(address) => ((address.to_bits() >> 64) as u64, address.to_bits() as u64),
    }
}

#[cfg(test)]
mod tests;
