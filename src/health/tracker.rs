//! The state machine of one target (semantics §1).
//!
//! | state | pass | fail |
//! |---|---|---|
//! | unknown | up | down |
//! | up | passes + 1; at `forgive` (1 without it): failures = 0 | passes = 0, failures + 1; at `fall`: down |
//! | down | passes + 1; at `rise`: up | passes = 0 |
//!
//! An abstention changes nothing. Both counts start from 0 in a new state.

use std::fmt;

use super::{Hysteresis, Monitor};

/// The result of one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As wanted; the round trip in microseconds.
    Pass {
        /// From start to verdict.
        microseconds: u32,
    },
    /// Not as wanted, and why.
    Fail(String),
    /// The prober could not tell (no descriptors, no route), and why: changes and counts nothing.
    Abstain(String),
}

/// The state after hysteresis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// No verdict yet.
    Unknown,
    /// Passing.
    Up,
    /// Failing.
    Down,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
}

/// The state machine of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracker {
    /// The present state.
    pub state: State,
    /// Passes in a row that count: towards `rise` while down, towards `forgive` while up with failures.
    pub passes: u32,
    /// Failures that count towards `fall` while up.
    pub failures: u32,
}

impl Tracker {
    /// Without a verdict yet.
    pub fn new() -> Tracker {
        Tracker::fresh(State::Unknown)
    }

    /// Takes a verdict in; the transition it makes, if it makes one.
    pub fn observe(&mut self, hysteresis: &Hysteresis, verdict: &Verdict) -> Option<Transition> {
        match verdict {
            Verdict::Pass { .. } => self.pass(hysteresis),
            Verdict::Fail(_) => self.fail(hysteresis),
            Verdict::Abstain(_) => None,
        }
    }

    /// Probes until the state can flip at the soonest × interval, in whole seconds (rounded down); 0 when unknown.
    /// Never `u32::MAX`, which stands for "cannot flip" in steering.
    pub fn soonest_flip_seconds(&self, monitor: &Monitor) -> u32 {
        let hysteresis = &monitor.hysteresis;
        let probes = match self.state {
            State::Unknown => 0,
            State::Up => hysteresis.fall.saturating_sub(self.failures),
            State::Down => hysteresis.rise.saturating_sub(self.passes),
        };
        let seconds = monitor.interval.saturating_mul(probes).as_secs();
        u32::try_from(seconds).unwrap_or(u32::MAX).min(u32::MAX - 1)
    }

    fn fresh(state: State) -> Tracker {
        Tracker { state, passes: 0, failures: 0 }
    }

    fn pass(&mut self, hysteresis: &Hysteresis) -> Option<Transition> {
        match self.state {
            State::Unknown => return self.turn(State::Up),
            State::Up if self.failures == 0 => {}
            State::Up => {
                self.passes = self.passes.saturating_add(1);
                if self.passes >= hysteresis.forgive.unwrap_or(1) {
                    *self = Tracker::fresh(State::Up);
                }
            }
            State::Down => {
                self.passes = self.passes.saturating_add(1);
                if self.passes >= hysteresis.rise {
                    return self.turn(State::Up);
                }
            }
        }
        None
    }

    fn fail(&mut self, hysteresis: &Hysteresis) -> Option<Transition> {
        self.passes = 0;
        match self.state {
            State::Unknown => return self.turn(State::Down),
            State::Up => {
                self.failures = self.failures.saturating_add(1);
                if self.failures >= hysteresis.fall {
                    return self.turn(State::Down);
                }
            }
            State::Down => {}
        }
        None
    }

    fn turn(&mut self, to: State) -> Option<Transition> {
        let from = self.state;
        *self = Tracker::fresh(to);
        Some(Transition { from, to })
    }
}

impl Default for Tracker {
    fn default() -> Tracker {
        Tracker::new()
    }
}

/// `unknown`, `up`, `down`.
impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            State::Unknown => "unknown",
            State::Up => "up",
            State::Down => "down",
        })
    }
}

/// `pass in 1.234 ms`, `fail: reason`, `abstain: reason`.
impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Pass { microseconds } => {
                write!(formatter, "pass in {}.{:03} ms", microseconds / 1000, microseconds % 1000)
            }
            Verdict::Fail(reason) => write!(formatter, "fail: {reason}"),
            Verdict::Abstain(reason) => write!(formatter, "abstain: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::health::Probe;

    fn monitor(rise: u32, fall: u32, forgive: Option<u32>, interval: Duration) -> Monitor {
        let hysteresis = Hysteresis { rise, fall, forgive };
        Monitor { probe: Probe::Tcp, port: 80, interval, timeout: Duration::from_secs(1), hysteresis }
    }

    fn verdict(letter: char) -> Verdict {
        match letter {
            'P' => Verdict::Pass { microseconds: 1 },
            'F' => Verdict::Fail("refused".to_owned()),
            'A' => Verdict::Abstain("no descriptors".to_owned()),
            _ => panic!("no verdict is written {letter}"),
        }
    }

    /// Feeds `verdicts` (P, F, A) and compares what stands after each: the state and the seconds to the soonest flip.
    fn check(monitor: &Monitor, start: State, verdicts: &str, expected: &str) {
        let mut tracker = Tracker::fresh(start);
        let mut seen = Vec::new();
        for letter in verdicts.chars().filter(|letter| !letter.is_whitespace()) {
            let before = tracker.state;
            let transition = tracker.observe(&monitor.hysteresis, &verdict(letter));
            let turned = (before != tracker.state).then_some(Transition { from: before, to: tracker.state });
            assert_eq!(transition, turned);
            seen.push(format!("{}{}", tracker.state, tracker.soonest_flip_seconds(monitor)));
        }
        assert_eq!(seen.join(" "), expected, "{verdicts} from {start} under {monitor:?}");
    }

    #[test]
    fn vector_of_semantics_1() {
        check(
            &monitor(3, 3, Some(2), Duration::from_secs(8)),
            State::Up,
            "P F P F P P F F F P P F P P P",
            "up24 up16 up16 up8 up8 up24 up16 up8 down24 down16 down8 down24 down16 down8 up24",
        );
    }

    #[test]
    fn the_first_verdict_is_the_state() {
        let monitor = monitor(2, 3, None, Duration::from_secs(10));
        check(&monitor, State::Unknown, "P", "up30");
        check(&monitor, State::Unknown, "F", "down20");
        check(&monitor, State::Unknown, "A A P", "unknown0 unknown0 up30");
    }

    #[test]
    fn without_forgive_failures_must_be_consecutive() {
        let monitor = monitor(2, 3, None, Duration::from_secs(10));
        check(&monitor, State::Up, "F F P F F F", "up20 up10 up30 up20 up10 down20");
    }

    #[test]
    fn passes_must_be_consecutive_to_rise() {
        let monitor = monitor(3, 1, None, Duration::from_secs(10));
        check(&monitor, State::Down, "P P F P P P F", "down20 down10 down30 down20 down10 up10 down30");
    }

    #[test]
    fn an_abstention_neither_counts_nor_interrupts() {
        let monitor = monitor(2, 2, Some(2), Duration::from_secs(5));
        check(&monitor, State::Up, "F A P A P F A F A", "up5 up5 up5 up5 up10 up5 up5 down10 down10");
        check(&monitor, State::Down, "P A P", "down5 down5 up10");
    }

    #[test]
    fn seconds_are_rounded_down_and_never_say_never() {
        check(&monitor(3, 3, None, Duration::from_millis(1900)), State::Up, "P F F", "up5 up3 up1");
        let endless = monitor(u32::MAX, u32::MAX, None, Duration::MAX);
        assert_eq!(Tracker::fresh(State::Up).soonest_flip_seconds(&endless), u32::MAX - 1);
    }

    #[test]
    fn a_verdict_reads_as_a_sentence() {
        assert_eq!(Verdict::Pass { microseconds: 1034 }.to_string(), "pass in 1.034 ms");
        assert_eq!(verdict('F').to_string(), "fail: refused");
        assert_eq!(verdict('A').to_string(), "abstain: no descriptors");
    }

    proptest! {
        /// The promise that TTLs stand on: no flip comes before `soonest_flip / interval` further verdicts.
        #[test]
        fn no_state_flips_sooner_than_announced(
            rise in 1u32..5,
            fall in 1u32..5,
            forgive in prop::option::of(1u32..5),
            verdicts in "[PFA]{1,60}",
        ) {
            let monitor = monitor(rise, fall, forgive, Duration::from_secs(1));
            let mut tracker = Tracker::new();
            let mut earliest = 0;
            for (moment, letter) in (1u32..).zip(verdicts.chars()) {
                if tracker.observe(&monitor.hysteresis, &verdict(letter)).is_some() {
                    prop_assert!(moment >= earliest);
                    earliest = 0;
                }
                earliest = earliest.max(moment + tracker.soonest_flip_seconds(&monitor));
            }
        }

        #[test]
        fn forgive_1_is_the_same_as_none(rise in 1u32..4, fall in 1u32..4, verdicts in "[PFA]{1,60}") {
            let [none, one] = [None, Some(1)].map(|forgive| Hysteresis { rise, fall, forgive });
            let [mut left, mut right] = [Tracker::new(); 2];
            for letter in verdicts.chars() {
                left.observe(&none, &verdict(letter));
                right.observe(&one, &verdict(letter));
                prop_assert_eq!(left, right);
            }
        }
    }
}
