//! One log line when rate limiting begins and one when it is over, off the packet path: what the workers have counted is
//! looked at now and then. The status shows in between what goes on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::unix_now;
use crate::admin::Limiting;
use crate::answer::{Counter, Limited, Limiter, Tally};
use crate::server::Server;
use crate::snapshot::Store;

/// How often the counters are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// After so many looks without a limited answer it is over: a flood that comes and goes is one.
const QUIET_LOOKS: u32 = 60;

/// What is known of rate limiting.
pub(super) struct LimitLog {
    tallies: Vec<Arc<Tally>>,
    limiter: Arc<Limiter>,
    store: Arc<Store>,
    current: Mutex<Option<Limiting>>,
}

impl LimitLog {
    /// Of a server that answers from `store`.
    pub(super) fn new(server: &Server, store: Arc<Store>) -> LimitLog {
        let (tallies, limiter) = (server.tallies().to_vec(), Arc::clone(server.limiter()));
        LimitLog { tallies, limiter, store, current: Mutex::default() }
    }

    /// What goes on at this moment; `None`: no answer was too many for a minute.
    pub(super) fn current(&self) -> Option<Limiting> {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs until it is dropped.
    pub(super) async fn log_changes(&self) {
        let mut tick = interval(PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Watch::default();
        loop {
            tick.tick().await;
            // A reload may have brought a limit.
            if self.store.load_full().configuration.rate_limit.is_some() {
                self.limiter.prepare();
            }
            let change = watch.look(Counts::of(&self.tallies));
            self.take(change, self.limiter.take_sample());
        }
    }

    fn take(&self, change: Option<Change>, sample: Option<Limited>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = &self.store.load_full().configuration.rate_limit;
        let log_only = settings.as_ref().is_some_and(|settings| settings.log_only);
        match change {
            Some(Change::Begun { limited }) => {
                log_begun(limited, sample, log_only);
                *current = Some(Limiting { since: unix_now(), sample, log_only });
            }
            Some(Change::Over(counts)) => {
                log_over(counts, current.is_some_and(|limiting| limiting.log_only));
                *current = None;
            }
            None => {
                if let (Some(limiting), Some(_)) = (current.as_mut(), sample) {
                    // A reload may have changed the setting meanwhile.
                    *limiting = Limiting { sample, log_only, ..*limiting };
                }
            }
        }
    }
}

fn log_begun(limited: u64, sample: Option<Limited>, log_only: bool) {
    let network = sample.map(|sample| tracing::field::display(sample.network));
    let class = sample.map(|sample| sample.class);
    match log_only {
        false => tracing::warn!(
            limited,
            network,
            class,
            "rate limiting has begun: answers are too many for a network, this one or others"
        ),
        true => tracing::warn!(
            limited,
            network,
            class,
            "answers would be limited (log_only): nothing is held back from this network or others"
        ),
    }
}

fn log_over(counts: Counts, log_only: bool) {
    let Counts { limited, slipped, dropped } = counts;
    match log_only {
        false => tracing::info!(limited, slipped, dropped, "rate limiting is over"),
        true => tracing::info!(limited, "no answer would be limited any more (log_only)"),
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
