//! How many responses a network gets in a second: what is configured, in the units of the table that counts.
//!
//! What may be saved up is in two halves. The one is in the meter of a network, out of which all of its responses are
//! taken; the other in a bucket of each class, out of which they are taken while the meter is empty. Thus a network that
//! gets no more than the rate in all is looked at once a response, and a class gets no more than its rate and what may be
//! saved up: while the meter has something, there was in the long run no more than the rate.

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use crate::wire::Networks;

/// Ticks of the limiter's clock in a millisecond. Moments are modulo 2^64: they wrap after three days.
pub const TICKS_PER_MS: u64 = 1 << 36;
/// All moments and times of the limiter are whole multiples of so many ticks: 4096 a millisecond, fine enough that 100,000
/// responses a second come out within a hundredth of that.
pub const GRAIN: u64 = TICKS_PER_MS / 4096;
/// How far the clock of one worker may lag behind that of another, in ticks: 4 s.
pub const LAG: u64 = 4096 * TICKS_PER_MS;

/// Response rate limiting, as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// What each network gets of each class of answers.
    pub rate: Rate,
    /// The prefix that makes IPv4 clients one, 1–32.
    pub ipv4_prefix: u8,
    /// The prefix that makes IPv6 clients one, 1–64.
    pub ipv6_prefix: u8,
    /// Of so many answers that are too many one goes out: truncated, or as it is where nothing can be cut off. At most 15.
    pub slip: NonZeroU8,
    /// Takes the addresses that are never limited.
    pub exempt: Networks,
    /// Count, but hold nothing back.
    pub log_only: bool,
}

/// A rate of responses and how many may be saved up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    responses_per_second: NonZeroU32,
    window: Duration,
    interval: u64,
    meter: u64,
    bucket: u64,
    burst: u64,
    farthest: u64,
}

impl Rate {
    /// So many responses a second, and after a rest those of `window` (at least one) at once.
    pub fn new(responses_per_second: NonZeroU32, window: Duration) -> Rate {
        let rate = u64::from(responses_per_second.get());
        // Rounded up: what goes out is never more than was asked for.
        let interval = (TICKS_PER_MS / GRAIN * 1000).div_ceil(rate) * GRAIN;
        let saved_up = (rate.saturating_mul(window.as_millis() as u64) / 1000).max(1);
        let [meter, bucket] = [saved_up / 2, saved_up.div_ceil(2)].map(|half| half.saturating_mul(interval));
        let burst = meter + bucket;
        Rate { responses_per_second, window, interval, meter, bucket, burst, farthest: burst + LAG }
    }

    /// The responses a second, as configured.
    pub fn responses_per_second(self) -> NonZeroU32 {
        self.responses_per_second
    }

    /// The time whose responses may go out at once, as configured.
    pub fn window(self) -> Duration {
        self.window
    }

    /// What a response costs, in ticks.
    pub fn interval(self) -> u64 {
        self.interval
    }

    /// What can be saved up in the meter of a network, in ticks: a whole number of responses, or none.
    pub fn meter(self) -> u64 {
        self.meter
    }

    /// What can be saved up in the bucket of a class, in ticks: a whole number of responses.
    pub fn bucket(self) -> u64 {
        self.bucket
    }

    /// What can be saved up in both, in ticks.
    pub fn burst(self) -> u64 {
        self.burst
    }

    /// A moment that seems to lie further ahead, in ticks, is past.
    pub fn farthest(self) -> u64 {
        self.farthest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(responses_per_second: u32, window_ms: u64, interval: u64, saved_up: u64) {
        let rate = NonZeroU32::new(responses_per_second).unwrap();
        let rate = Rate::new(rate, Duration::from_millis(window_ms));
        assert_eq!(
            (rate.interval(), rate.burst()),
            (interval * GRAIN, saved_up * interval * GRAIN),
            "{rate:?}"
        );
        assert!(
            rate.bucket() - rate.meter() <= rate.interval() && rate.meter().is_multiple_of(rate.interval())
        );
    }

    #[test]
    fn a_rate_is_never_rounded_up_and_one_response_can_always_be_saved_up() {
        check(200, 1000, 20_480, 200);
        check(200, 100, 20_480, 20);
        check(3, 1000, 1_365_334, 3);
        check(1, 100, 4_096_000, 1);
        check(100_000, 60_000, 41, 6_000_000);
    }
}
