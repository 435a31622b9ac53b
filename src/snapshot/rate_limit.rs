//! How many responses a network gets in a second: what is configured, in the units of the table that counts.

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use crate::wire::Networks;

/// Ticks of the limiter's clock in a millisecond: fine enough that 100,000 responses a second come out within a
/// hundredth of that.
pub const TICKS_PER_MS: u64 = 4096;

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
    burst: u64,
}

impl Rate {
    /// So many responses a second, and after a rest those of `window` (at least one) at once.
    pub fn new(responses_per_second: NonZeroU32, window: Duration) -> Rate {
        let rate = u64::from(responses_per_second.get());
        // Rounded up: what goes out is never more than was asked for.
        let interval = (TICKS_PER_MS * 1000).div_ceil(rate);
        let saved_up = (rate.saturating_mul(window.as_millis() as u64) / 1000).max(1);
        Rate { responses_per_second, window, interval, burst: saved_up.saturating_mul(interval) }
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

    /// What can be saved up, in ticks: a whole number of responses.
    pub fn burst(self) -> u64 {
        self.burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(responses_per_second: u32, window_ms: u64, interval: u64, saved_up: u64) {
        let rate = NonZeroU32::new(responses_per_second).unwrap();
        let rate = Rate::new(rate, Duration::from_millis(window_ms));
        assert_eq!((rate.interval(), rate.burst()), (interval, saved_up * interval), "{rate:?}");
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
