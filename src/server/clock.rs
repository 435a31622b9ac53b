//! The clock of the packet path: read once for each batch, or once a tick.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::socket::Tick;
use crate::answer::Moment;

/// Tells the moments of one server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(super) fn start() -> Clock {
        Clock { started: Instant::now() }
    }

    /// This moment. A system clock before 1970 counts as 1970.
    pub(super) fn now(&self) -> Moment {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Moment { unix: unix as u32, uptime_ms: self.started.elapsed().as_millis() as u64 }
    }
}

/// Tells the time to who asks more often than it matters: it is read once in a tick of the kernel.
#[derive(Debug)]
pub(super) struct TickingClock {
    clock: Clock,
    tick: Option<Tick>,
    last: (Instant, Moment),
}

impl TickingClock {
    /// The same clock, by ticks.
    pub(super) fn of(clock: Clock) -> TickingClock {
        TickingClock { clock, tick: None, last: (Instant::now(), clock.now()) }
    }

    /// The time and the moment, at most a tick old (1 to 10 ms).
    pub(super) fn now(&mut self) -> (Instant, Moment) {
        let tick = Tick::now();
        if tick.is_none() || tick != self.tick {
            self.tick = tick;
            self.last = (Instant::now(), self.clock.now());
        }
        self.last
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_goes_on_by_ticks() {
        let mut clock = TickingClock::of(Clock::start());
        let (before, first) = clock.now();
        let start = Instant::now();
        while clock.now().0 == before {
            assert!(start.elapsed() < Duration::from_secs(10), "no tick comes");
        }
        let (after, second) = clock.now();
        assert!(after > before && second.uptime_ms >= first.uptime_ms);
        assert!(after.elapsed() < Duration::from_secs(10));
    }
}
