//! What a flip takes, and costs: from the verdict that a member is down or up until the answers show it, while queries go
//! on at full speed.
//!
//! A [`Member`] answers probes by 200 or 503 and knows when it did. A [`Watch`] hears every answer of the loader and knows
//! since when they show what. [`verdicts`] are what the server's log says of when it decided. [`Flip`] puts the three
//! together.

mod log;
mod member;
mod watch;

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};

pub use log::{Verdict, verdicts};
pub use member::{Member, Said};
pub use watch::{Change, Watch};

/// One moment on both clocks: the log has the time of day.
#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    /// Of the clock that never jumps.
    pub instant: Instant,
    /// Of the other one.
    pub time_of_day: SystemTime,
}

impl Anchor {
    /// This moment.
    pub fn now() -> Anchor {
        Anchor { instant: Instant::now(), time_of_day: SystemTime::now() }
    }

    /// A moment of the log on the clock that never jumps.
    pub fn instant_of(self, time_of_day: SystemTime) -> Instant {
        match time_of_day.duration_since(self.time_of_day) {
            Ok(later) => self.instant + later,
            Err(earlier) => self.instant - earlier.duration(),
        }
    }
}

/// A flip of one address of the member.
#[derive(Debug, Clone, Copy)]
pub struct Flip {
    /// When the server decided, by its log.
    pub verdict_at: Instant,
    /// From what the member answered to the probe (a moment before it did) to the first answer that shows it; `None` where
    /// the server decided by something else, such as a probe that took too long.
    pub from_probe: Option<Duration>,
    /// From the verdict to the first answer that shows it.
    pub from_verdict: Duration,
    /// From that answer to the last one that does not show it, all of them to queries that were under way by then.
    pub stragglers: Duration,
}

/// Brings the verdicts on one address, the changes of the answers and the answers to probes together, which are in order.
/// Fails unless the answers changed once for each verdict, and after it: an old answer to a later query would be a change
/// back.
pub fn flips(verdicts: &[(Instant, bool)], changes: &[Change], said: &[Said]) -> Result<Vec<Flip>> {
    let of_verdicts: Vec<bool> = verdicts.iter().map(|(_, is_up)| *is_up).collect();
    let of_answers: Vec<bool> = changes.iter().map(|change| change.is_up).collect();
    ensure!(
        of_verdicts == of_answers,
        "the verdicts (up or not) are {of_verdicts:?}, but the answers became {of_answers:?}"
    );
    let pairs = verdicts.iter().zip(changes);
    pairs.map(|(&(verdict_at, is_up), change)| flip(verdict_at, is_up, change, said)).collect()
}

fn flip(verdict_at: Instant, is_up: bool, change: &Change, said: &[Said]) -> Result<Flip> {
    let from_verdict = change.first.checked_duration_since(verdict_at);
    ensure!(from_verdict.is_some(), "answers changed before the verdict: the clocks do not fit");
    let last_word = said.iter().rfind(|said| said.at <= verdict_at);
    Ok(Flip {
        verdict_at,
        from_probe: last_word.filter(|said| said.is_up == is_up).map(|said| change.first - said.at),
        from_verdict: from_verdict.unwrap_or_default(),
        stragglers: change.last_unchanged.saturating_duration_since(change.first),
    })
}

/// The value that this share (0 to 1) of the values did not exceed; `None` without values.
pub fn share(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_flip_counts_from_the_probe_and_from_the_verdict() {
        let start = Instant::now();
        let said =
            [(0, true), (98, false), (198, false)].map(|(at, is_up)| Said { at: start + ms(at), is_up });
        let change = Change { is_up: false, first: start + ms(103), last_unchanged: start + ms(104) };
        let found = flips(&[(start + ms(100), false)], &[change], &said).unwrap();
        assert_eq!(found[0].from_probe, Some(ms(5)));
        assert_eq!((found[0].from_verdict, found[0].stragglers), (ms(3), ms(1)));
        // By what was said last the member is up: the server has decided by something else.
        let found = flips(&[(start + ms(100), false)], &[change], &said[..1]).unwrap();
        assert_eq!(found[0].from_probe, None);
    }

    #[test]
    fn an_old_answer_to_a_later_query_is_found() {
        let start = Instant::now();
        let change = |is_up, at| Change { is_up, first: start + ms(at), last_unchanged: start + ms(at) };
        let verdicts = [(start, false)];
        assert!(flips(&verdicts, &[change(false, 1)], &[]).is_ok());
        assert!(flips(&verdicts, &[change(false, 1), change(true, 2), change(false, 3)], &[]).is_err());
        assert!(flips(&verdicts, &[], &[]).is_err());
        assert!(flips(&[(start + ms(2), false)], &[change(false, 1)], &[]).is_err());
    }

    #[test]
    fn a_share_of_the_values_does_not_exceed_its_value() {
        let values: Vec<f64> = (0..=20).rev().map(f64::from).collect();
        assert_eq!([0.0, 0.5, 0.95, 1.0].map(|part| share(&values, part)), [0.0, 10.0, 19.0, 20.0].map(Some));
        assert_eq!(share(&[], 0.5), None);
    }

    #[test]
    fn a_moment_of_the_log_is_found_on_the_other_clock() {
        let anchor = Anchor::now();
        assert_eq!(anchor.instant_of(anchor.time_of_day + ms(7)), anchor.instant + ms(7));
        assert_eq!(anchor.instant_of(anchor.time_of_day - ms(7)), anchor.instant - ms(7));
    }
}
