//! At most one log line a minute about the same trouble.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far apart two log lines about the same trouble are.
const INTERVAL: Duration = Duration::from_secs(60);

/// Lets a complaint through now and then, and counts those that it holds back.
#[derive(Default)]
pub(super) struct LogLimit {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: Option<Instant>,
    held_back: u64,
}

impl LogLimit {
    /// Whether to log now; if so, the number of times that it was not logged since the last time.
    pub(super) fn due(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < INTERVAL) {
            state.held_back += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_logged_once_an_interval_with_what_was_held_back() {
        let limit = LogLimit::default();
        let start = Instant::now();
        assert_eq!(limit.due(start), Some(0));
        assert_eq!(limit.due(start), None);
        assert_eq!(limit.due(start + INTERVAL / 2), None);
        assert_eq!(limit.due(start + INTERVAL), Some(2));
        assert_eq!(limit.due(start + INTERVAL * 3), Some(0));
    }
}
