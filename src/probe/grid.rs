//! When probes start: a fixed grid for each target (semantics §1). Pure: durations since the prober's start.
//!
//! ```text
//! grid point k   = phase + k × interval
//! start k        = grid point k + jitter k,   jitter k in [0, 8 % of the interval)
//! latest start k = grid point k + 10 % of the interval (at least 50 ms); later than that, point k is skipped
//! ```
//!
//! **Phases** are the multiples of the golden ratio, modulo the interval: the target in slot s stands at
//! frac(s × 0.618…). However many slots are taken, their points cut the interval into pieces of at most three
//! lengths (three-gap theorem), the longest below twice the mean; and so do those of any run of consecutive slots,
//! such as the targets of one monitor. Rejected: equal spacing by rank (a target that comes or goes would move all
//! others off their grid) and a hash of the key (bunches: among few targets quite likely two at one moment).
//!
//! **Jitter** keeps probes from beating in step with something periodic at the member. It is a hash of (target,
//! k), so it needs no state and cannot add up. It only delays, and leaves 2 % for a timer that fires late or for a
//! predecessor that used its whole timeout, so that `timeout = interval` does not skip every other point.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hasher;
use std::time::Duration;

use siphasher::sip::SipHasher24;

use crate::health::TargetKey;

/// 2^64 / golden ratio, to the nearest odd number: the step from one phase to the next, in 2^-64 intervals.
const GOLDEN_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Jitter is below this part of the interval.
const JITTER_PERCENT: u64 = 8;

/// A probe starts no later than this part of the interval after its grid point, or not at all.
const LATEST_PERCENT: u64 = 10;

/// The least that a start may be late: with a short interval a tenth of it is less than a busy machine needs to wake
/// a task, and a target must not go without probes for that.
const LATEST_AT_LEAST: Duration = Duration::from_millis(50);

/// The grid of one target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    interval: Duration,
    phase: Duration,
    seed: u64,
}

/// One start on a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// Number of the grid point.
    pub(super) tick: u64,
    /// When, since the prober's start.
    pub(super) at: Duration,
    /// Grid points passed over since the previous start.
    pub(super) skipped: u64,
}

impl Grid {
    /// The grid of the target `key` in `slot`; `interval` is greater than zero.
    pub(super) fn new(key: TargetKey, slot: u64, interval: Duration) -> Grid {
        let phase = part(interval, slot.wrapping_mul(GOLDEN_STEP));
        Grid { interval, phase, seed: seed(key) }
    }

    /// The next start at or after `now`, given the grid point of the latest probe; `None` for a target that is new,
    /// which begins at its next planned start, however many are new with it.
    pub(super) fn next(&self, previous: Option<u64>, now: Duration) -> Start {
        let Some(previous) = previous else { return self.first(now) };
        let tick = (self.tick_at(now.saturating_sub(self.tolerance()))..)
            .find(|&tick| tick > previous && self.latest(tick) >= now)
            .expect("ticks go on beyond any moment");
        Start { tick, at: self.planned(tick).max(now), skipped: tick - previous - 1 }
    }

    /// The last moment at which grid point `tick` may be probed.
    pub(super) fn latest(&self, tick: u64) -> Duration {
        self.point(tick) + self.tolerance()
    }

    fn first(&self, now: Duration) -> Start {
        let tick = (self.tick_at(now)..)
            .find(|&tick| self.planned(tick) >= now)
            .expect("ticks go on beyond any moment");
        Start { tick, at: self.planned(tick), skipped: 0 }
    }

    fn tolerance(&self) -> Duration {
        percent(self.interval, LATEST_PERCENT).max(LATEST_AT_LEAST)
    }

    /// The last grid point at or before `moment`, or the first of all.
    fn tick_at(&self, moment: Duration) -> u64 {
        let ticks = moment.saturating_sub(self.phase).as_nanos() / self.interval.as_nanos();
        u64::try_from(ticks).expect("nanoseconds of a process's life fit 64 bits")
    }

    fn point(&self, tick: u64) -> Duration {
        let nanoseconds = self.phase.as_nanos() + u128::from(tick) * self.interval.as_nanos();
        Duration::from_nanos_u128(nanoseconds)
    }

    fn planned(&self, tick: u64) -> Duration {
        let draw = SipHasher24::new_with_keys(self.seed, tick).finish();
        self.point(tick) + part(percent(self.interval, JITTER_PERCENT), draw)
    }
}

/// `fraction` × 2^-64 of a duration.
fn part(whole: Duration, fraction: u64) -> Duration {
    let nanoseconds = u64::try_from(whole.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos_u128((u128::from(fraction) * u128::from(nanoseconds)) >> 64)
}

fn percent(whole: Duration, percent: u64) -> Duration {
    Duration::from_nanos_u128(whole.as_nanos() * u128::from(percent) / 100)
}

fn seed(key: TargetKey) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write_u64(key.monitor);
    std::hash::Hash::hash(&key.address, &mut hasher);
    hasher.finish()
}

/// Which slots are taken. Targets with one interval share one circle, whatever their monitors, since it is the sum
/// of all probes that should be even.
#[derive(Debug, Default)]
pub(super) struct Slots {
    circles: HashMap<Duration, Circle>,
}

#[derive(Debug, Default)]
struct Circle {
    taken: u64,
    free: BTreeSet<u64>,
}

impl Slots {
    /// The lowest free slot of the circle of `interval`.
    pub(super) fn take(&mut self, interval: Duration) -> u64 {
        let circle = self.circles.entry(interval).or_default();
        circle.free.pop_first().unwrap_or_else(|| {
            circle.taken += 1;
            circle.taken - 1
        })
    }

    /// Gives a slot back; the next target of that interval takes it.
    pub(super) fn give_back(&mut self, interval: Duration, slot: u64) {
        self.circles.entry(interval).or_default().free.insert(slot);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: u64) -> TargetKey {
        TargetKey { monitor: number, address: "192.0.2.1".parse().unwrap() }
    }

    fn grid(number: u64, slot: u64, interval: Duration) -> Grid {
        Grid::new(key(number), slot, interval)
    }

    #[test]
    fn phases_leave_no_gap_of_twice_the_mean_however_many_targets() {
        let interval = Duration::from_secs(1_000_000);
        for count in (1..100).chain([1000, 4181, 10_000]) {
            let mut phases: Vec<_> = (0..count).map(|slot| grid(1, slot, interval).phase).collect();
            phases.sort_unstable();
            let wrap = phases[0] + interval;
            let ends = phases[1..].iter().copied().chain([wrap]);
            let longest = phases.iter().zip(ends).map(|(begin, end)| end - *begin).max().unwrap();
            assert!(longest * u32::try_from(count).unwrap() < interval * 2, "{count} targets: {longest:?}");
        }
    }

    #[test]
    fn the_targets_of_one_monitor_are_spread_too() {
        let interval = Duration::from_secs(10);
        let tenths: BTreeSet<_> = (5000..5030).map(|slot| grid(1, slot, interval).phase.as_secs()).collect();
        assert_eq!(tenths.len(), 10, "30 consecutive slots reach each tenth of the interval");
    }

    #[test]
    fn slots_that_became_free_are_taken_first() {
        let mut slots = Slots::default();
        let second = Duration::from_secs(1);
        assert_eq!([slots.take(second), slots.take(second), slots.take(second)], [0, 1, 2]);
        assert_eq!(slots.take(second * 2), 0, "each interval has a circle of its own");
        slots.give_back(second, 1);
        assert_eq!([slots.take(second), slots.take(second)], [1, 3]);
    }

    proptest! {
        #[test]
        fn starts_stay_within_a_tenth_of_the_grid_and_never_drift(
            number in any::<u64>(), slot in 0u64..20_000, milliseconds in 1u64..100_000,
            begin in 0u64..10_000_000, durations in prop::collection::vec(0u64..250, 1..60),
        ) {
            let interval = Duration::from_millis(milliseconds);
            let grid = grid(number, slot, interval);
            let begin = Duration::from_millis(begin);
            let mut start = grid.next(None, begin);
            prop_assert!(start.at >= begin && start.at <= begin + interval.mul_f64(1.08));
            for percent_of_interval in durations {
                let point = grid.phase + interval * u32::try_from(start.tick).unwrap();
                let late = percent(interval, 10).max(LATEST_AT_LEAST);
                prop_assert!(start.at >= point && start.at <= point + late);
                let ended = start.at + percent(interval, percent_of_interval);
                let next = grid.next(Some(start.tick), ended);
                prop_assert!(next.tick > start.tick && next.at >= ended, "one at a time");
                prop_assert_eq!(next.skipped, next.tick - start.tick - 1);
                prop_assert!(percent_of_interval > 100 || next.skipped == 0, "timeout ≤ interval skips nothing");
                prop_assert!(next.at <= ended + interval.mul_f64(1.1), "no more than needed is skipped");
                start = next;
            }
        }
    }
}
