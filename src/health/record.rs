//! What is kept of each target: the state machine, since when, and the last verdict.

use super::{Hysteresis, Tracker, Transition, Verdict};

/// What is known of one target; the keeper holds one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The state machine.
    pub tracker: Tracker,
    /// When the present state began; seconds since 1970.
    pub since: u64,
    /// The last verdict; abstentions count as one here.
    pub last: Option<LastVerdict>,
}

/// A verdict and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// Seconds since 1970.
    pub at: u64,
}

impl Record {
    /// A target without a verdict, known since `now` (seconds since 1970).
    pub fn new(now: u64) -> Record {
        Record { tracker: Tracker::new(), since: now, last: None }
    }

    /// Takes a verdict in that came at `now`; the transition it makes, if it makes one.
    pub fn observe(&mut self, hysteresis: &Hysteresis, verdict: Verdict, now: u64) -> Option<Transition> {
        let transition = self.tracker.observe(hysteresis, &verdict);
        if transition.is_some() {
            self.since = now;
        }
        self.last = Some(LastVerdict { verdict, at: now });
        transition
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::State;

    #[test]
    fn since_moves_with_transitions_and_the_last_verdict_with_every_verdict() {
        let hysteresis = Hysteresis { rise: 1, fall: 2, forgive: None };
        let fail = || Verdict::Fail("refused".to_owned());
        let mut record = Record::new(100);
        assert_eq!((record.tracker.state, record.since, record.last.clone()), (State::Unknown, 100, None));
        let steps = [
            (101, Verdict::Pass { microseconds: 5 }, State::Up, 101),
            (102, fail(), State::Up, 101),
            (103, Verdict::Abstain("no route".to_owned()), State::Up, 101),
            (104, fail(), State::Down, 104),
            (105, fail(), State::Down, 104),
        ];
        for (now, verdict, state, since) in steps {
            let before = record.tracker.state;
            let transition = record.observe(&hysteresis, verdict.clone(), now);
            assert_eq!(transition.is_some(), before != state);
            assert_eq!((record.tracker.state, record.since), (state, since));
            assert_eq!(record.last, Some(LastVerdict { verdict, at: now }));
        }
    }
}
