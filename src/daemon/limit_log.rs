//! One log line when rate limiting begins and one when it is over, off the packet path: what the workers have counted is
//! looked at now and then.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::answer::{Counter, Tally};

/// How often the counters are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// After so many looks without a limited answer it is over: a flood that comes and goes is one.
const QUIET_LOOKS: u32 = 60;

/// Logs until it is dropped.
pub(super) async fn log_changes(tallies: Vec<Arc<Tally>>) {
    let mut tick = interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = Watch::default();
    loop {
        tick.tick().await;
        match watch.look(Counts::of(&tallies)) {
            Some(Change::Begun { limited }) => {
                tracing::warn!(limited, "rate limiting has begun: answers are too many for a network");
            }
            Some(Change::Over(Counts { limited, slipped, dropped })) => {
                tracing::info!(limited, slipped, dropped, "rate limiting is over");
            }
            None => {}
        }
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    limited: u64,
    slipped: u64,
    dropped: u64,
}

impl Counts {
    fn of(tallies: &[Arc<Tally>]) -> Counts {
        let sum = |counter| tallies.iter().map(|tally| tally.get(counter)).fold(0, u64::wrapping_add);
        Counts {
            limited: sum(Counter::RateLimited),
            slipped: sum(Counter::RateSlipped),
            dropped: sum(Counter::RateDropped),
        }
    }

    fn since(self, before: Counts) -> Counts {
        Counts {
            limited: self.limited.wrapping_sub(before.limited),
            slipped: self.slipped.wrapping_sub(before.slipped),
            dropped: self.dropped.wrapping_sub(before.dropped),
        }
    }
}

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// So many answers were too many since the look before.
    Begun { limited: u64 },
    /// What was too many from the begin to the end.
    Over(Counts),
}

/// What was seen at the last look.
#[derive(Default)]
struct Watch {
    last: Counts,
    /// The counts before it began, and the looks since the last limited answer.
    begun: Option<(Counts, u32)>,
}

impl Watch {
    fn look(&mut self, now: Counts) -> Option<Change> {
        let before = std::mem::replace(&mut self.last, now);
        let limited = now.since(before).limited;
        match &mut self.begun {
            None if limited > 0 => {
                self.begun = Some((before, 0));
                Some(Change::Begun { limited })
            }
            None => None,
            Some((_, quiet)) if limited > 0 => {
                *quiet = 0;
                None
            }
            Some((start, quiet)) => {
                *quiet += 1;
                let over = (*quiet == QUIET_LOOKS).then(|| Change::Over(now.since(*start)));
                if over.is_some() {
                    self.begun = None;
                }
                over
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(limited: u64) -> Counts {
        Counts { limited, slipped: limited / 2, dropped: limited - limited / 2 }
    }

    #[test]
    fn a_flood_with_pauses_is_one_with_a_line_at_each_end() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(counts(0)), None);
        assert_eq!(watch.look(counts(10)), Some(Change::Begun { limited: 10 }));
        assert_eq!(watch.look(counts(30)), None);
        for _ in 1..QUIET_LOOKS {
            assert_eq!(watch.look(counts(30)), None);
        }
        assert_eq!(watch.look(counts(31)), None);
        for _ in 1..QUIET_LOOKS {
            assert_eq!(watch.look(counts(31)), None);
        }
        assert_eq!(watch.look(counts(31)), Some(Change::Over(counts(31))));
        assert_eq!(watch.look(counts(31)), None);
        assert_eq!(watch.look(counts(36)), Some(Change::Begun { limited: 5 }));
    }
}
