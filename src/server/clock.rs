//! The clock of the packet path: read once for each batch, or once a millisecond.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// How long a moment that was read holds for a [`MomentReader`].
const MOMENT: Duration = Duration::from_millis(1);

/// Tells the moment to who knows the time already and asks more often than a moment changes.
#[derive(Debug)]
pub(super) struct MomentReader {
    clock: Clock,
    moment: Moment,
    /// When it is to be read again.
    stale: Instant,
}

impl MomentReader {
    /// A reader of a clock.
    pub(super) fn new(clock: Clock) -> MomentReader {
        MomentReader { clock, moment: clock.now(), stale: Instant::now() + MOMENT }
    }

    /// The moment at this time, which does not go back: at most a millisecond old.
    pub(super) fn at(&mut self, now: Instant) -> Moment {
        if now >= self.stale {
            self.moment = self.clock.now();
            self.stale = now + MOMENT;
        }
        self.moment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_again_once_it_is_a_millisecond_old() {
        let mut reader = MomentReader::new(Clock::start());
        let first = reader.stale;
        let before = reader.at(first - MOMENT);
        assert_eq!((before.uptime_ms, reader.stale), (reader.moment.uptime_ms, first));
        std::thread::sleep(2 * MOMENT);
        assert!(reader.at(first).uptime_ms > before.uptime_ms);
        assert_eq!(reader.stale, first + MOMENT);
    }
}
