//! Response rate limiting: so many answers of a kind a second to one network, so that nobody can point us at a victim.
//!
//! A token bucket for each (network of the client, class of the answer), in the table of [`table`]. It has the burst of
//! the window after a rest, and a response flows back in every interval.
//!
//! | the bucket | and | the answer |
//! |---|---|---|
//! | has a response left | – | goes out |
//! | is empty | it is the n-th of its bucket, n the slip | goes out truncated; an error, which has nothing to cut off, whole |
//! | is empty | otherwise | is dropped |
//!
//! A slipped answer is at most 60 octets longer than its query, for the options that were asked for, and sends a true client on to TCP, where nobody can speak
//! in another's name. Never dropping without slipping is why a limited client is slowed down and not cut off. Who is
//! exempt, by its address or by a valid cookie, is not in the table at all. Where cookies are required under load
//! (`RequireCookies`), a client that knows them gets BADCOOKIE in place of a truncated answer, and is exempt from then on.

mod class;
mod sample;
mod table;

pub(super) use class::Class;
pub use sample::Limited;

use std::net::IpAddr;

use super::{Context, Counter, Standing, Tally};
use crate::geo::Prefix;
use crate::snapshot::{RateLimit, TICKS_PER_MS};
use sample::Sample;
use table::{Spending, Table};

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
/// made for where it is for one (RFC 7871); it is not asked where nothing is limited.
#[inline(always)]
pub(super) fn verdict(
    context: &Context<'_>,
    tally: &Tally,
    client: IpAddr,
    standing: Standing,
    class: impl FnOnce() -> (Class, Option<Prefix>),
) -> Verdict {
    let settings = context.snapshot.configuration.rate_limit.as_ref();
    let Some((limiter, settings)) = context.limiter.zip(settings) else { return Verdict::Pass };
    if standing == Standing::Valid {
        tally.count(Counter::RateExempt);
        return Verdict::Pass;
    }
    let (class, subnet) = class();
    let verdict = limiter.limit(settings, client, class, subnet, context.now.uptime_ms);
    if verdict == Verdict::Pass {
        return Verdict::Pass;
    }
    // Before it is counted: whoever sees the count finds a sample.
    limiter.sample.offer(settings, client, class);
    tally.count(Counter::RateLimited);
    if settings.log_only {
        return Verdict::Pass;
    }
    tally.count(if verdict == Verdict::Slip { Counter::RateSlipped } else { Counter::RateDropped });
    verdict
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
        self.table.prepare();
    }

    /// The first network that was limited since this was last asked. For one reader.
    pub fn take_sample(&self) -> Option<Limited> {
        self.sample.take()
    }

    /// Takes a response of this class to `client` out of its bucket, `now` in milliseconds. `subnet` is the network that
    /// the answer was made for (RFC 7871), where that is another one than the client's.
    pub(super) fn limit(
        &self,
        settings: &RateLimit,
        client: IpAddr,
        class: Class,
        subnet: Option<Prefix>,
        now: u64,
    ) -> Verdict {
        if settings.exempt.take(client) {
            return Verdict::Pass;
        }
        let key = self.mix(0, network(settings, client), class.word());
        let price = Spending {
            now: now.wrapping_mul(TICKS_PER_MS),
            interval: settings.rate.interval(),
            burst: settings.rate.burst(),
            slip: settings.slip,
        };
        let Some(subnet) = subnet else { return self.table.spend(key, &price) };
        let whole = Spending { interval: (price.interval / SUBNETS).max(1), ..price };
        match self.table.spend(self.mix(1, key, key), &whole) {
            Verdict::Pass => {
                let (upper, lower) = halves(subnet.address);
                let subnet = self.mix(2, upper ^ u64::from(subnet.length), lower);
                self.table.spend(self.mix(1, key, subnet), &price)
            }
            held_back => held_back,
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

/// The network of a client as one word. One bit that no address of the other family can have tells IPv4 from IPv6.
fn network(settings: &RateLimit, client: IpAddr) -> u64 {
    match client {
        IpAddr::V4(client) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(settings.ipv4_prefix)).unwrap_or(0);
            u64::from(client.to_bits() & mask) | 1 << 32
        }
        IpAddr::V6(client) => {
            let mask = u64::MAX.checked_shl(64 - u32::from(settings.ipv6_prefix)).unwrap_or(0);
            (client.to_bits() >> 64) as u64 & mask
        }
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
