//! The clock of the packet path: read once for each batch.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

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
