//! How members leave a pool and come back (semantics §2, §4.6): panic limit, manual resume, slow start. For each family
//! by itself, over the members' states as their monitors together make them.
//!
//! | member | and | becomes |
//! |---|---|---|
//! | up → down | within the panic limit, or there is none | down; with `manual_resume` it awaits to be resumed from now on |
//! | up → down | beyond it, or another member is suspect | suspect: the first to fail leave first |
//! | suspect | an operator accepts | down, as within the limit |
//! | down → up | suspect or not | up; its slow start begins |
//! | down → up | awaits to be resumed | up, and still awaits it |
//! | awaits it, up | an operator resumes it | up; its slow start begins |
//!
//! A first verdict is no transition: a member that is found down neither leaves nor awaits anything.

use std::num::NonZeroU32;

use crate::health::{Hold, State};

/// Members that a panic limit needs: a part of fewer is no number worth having.
pub const PANIC_MEMBERS_MIN: usize = 10;
/// Steps in which the weight of a member grows.
pub const SLOW_START_STEPS: u32 = 16;

/// How members leave a pool and come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turnover {
    /// How many may leave at once.
    pub panic: Option<PanicLimit>,
    /// Whether a member that went down stays out until an operator resumes it.
    pub manual_resume: bool,
    /// Over how many seconds the weight of a member that came back grows.
    pub slow_start: Option<NonZeroU32>,
}

/// At most this part of the members may leave within this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PanicLimit {
    /// Numerator of the part.
    pub numerator: u32,
    /// Denominator, not 0.
    pub denominator: u32,
    /// Seconds.
    pub within: u32,
}

/// The comings and goings of the members of a pool in one family; same index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seats(Vec<Seat>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seat {
    /// Whether it counts: it has an address of the family, and a monitor.
    is_taken: bool,
    state: State,
    hold: Hold,
    /// When it left, in seconds since 1970; until it comes back or an operator accepts that it is gone.
    left: Option<u64>,
    /// When its slow start began.
    back: Option<u64>,
}

impl Turnover {
    /// Whether members come and go without any of it.
    pub fn is_plain(&self) -> bool {
        *self == Turnover::default()
    }
}

impl PanicLimit {
    /// Whether this many of so many may leave.
    pub fn allows(&self, leaving: usize, members: usize) -> bool {
        leaving as u64 * u64::from(self.denominator) <= u64::from(self.numerator) * members as u64
    }

    fn applies(&self, members: usize) -> bool {
        members >= PANIC_MEMBERS_MIN
    }
}

impl Seats {
    /// Members in these states; `None` for one that no monitor watches in this family.
    pub fn new(states: impl IntoIterator<Item = Option<State>>) -> Seats {
        let seat = |state: Option<State>| Seat {
            is_taken: state.is_some(),
            state: state.unwrap_or(State::Unknown),
            hold: Hold::Free,
            left: None,
            back: None,
        };
        Seats(states.into_iter().map(seat).collect())
    }

    /// Takes what was held against a member up, such as from a saved table, as far as `turnover` still knows it: a suspect
    /// member is down.
    pub fn restore(&mut self, turnover: &Turnover, member: usize, hold: Hold) {
        let seat = &mut self.0[member];
        let is_possible = match hold {
            Hold::Free => false,
            Hold::AwaitsResume => turnover.manual_resume,
            Hold::Suspect => turnover.panic.is_some() && seat.state == State::Down,
        };
        if seat.is_taken && is_possible {
            seat.hold = hold;
        }
    }

    /// Takes a member up as it was in `old`, where it had the number `number`, as far as `turnover` still knows it.
    pub fn carry_over(&mut self, turnover: &Turnover, member: usize, old: &Seats, number: usize) {
        let old = old.0[number];
        self.restore(turnover, member, old.hold);
        let seat = &mut self.0[member];
        if seat.is_taken && seat.state == old.state {
            (seat.left, seat.back) = (old.left, old.back);
        }
    }

    /// Takes the state of a member in, which came at `at` (seconds since 1970).
    pub fn observe(&mut self, turnover: &Turnover, member: usize, state: State, at: u64) {
        let before = std::mem::replace(&mut self.0[member].state, state);
        match (before, state) {
            (State::Up, State::Down) if self.is_beyond(turnover, at) => self.0[member].hold = Hold::Suspect,
            (State::Up, State::Down) => self.0[member].leave(turnover, Some(at)),
            (State::Down, State::Up) => self.0[member].come_back(turnover, at),
            _ => {}
        }
    }

    /// Lets the suspect members go; how many there were.
    pub fn accept(&mut self, turnover: &Turnover) -> usize {
        let suspects = self.0.iter_mut().filter(|seat| seat.hold == Hold::Suspect);
        suspects.map(|seat| seat.leave(turnover, None)).count()
    }

    /// Resumes a member that is up and awaits it; whether it does.
    pub fn resume(&mut self, turnover: &Turnover, member: usize, at: u64) -> bool {
        let seat = &mut self.0[member];
        let awaits = seat.hold == Hold::AwaitsResume && seat.state != State::Down;
        if awaits {
            seat.hold = Hold::Free;
            seat.come_back(turnover, at);
        }
        awaits
    }

    /// What is held against a member.
    pub fn hold(&self, member: usize) -> Hold {
        self.0[member].hold
    }

    /// The members that something is held against.
    pub fn held(&self) -> impl Iterator<Item = (usize, Hold)> {
        let holds = self.0.iter().map(|seat| seat.hold).enumerate();
        holds.filter(|&(_, hold)| hold != Hold::Free)
    }

    /// How many are suspect.
    pub fn suspects(&self) -> usize {
        self.0.iter().filter(|seat| seat.hold == Hold::Suspect).count()
    }

    /// How far the slow start of a member has come at a moment, in [`SLOW_START_STEPS`]; `None`: it is over, or there is none.
    pub fn slow_start(&self, turnover: &Turnover, member: usize, moment: u64) -> Option<u32> {
        let seconds = u64::from(turnover.slow_start?.get());
        let elapsed = moment.saturating_sub(self.0[member].back?);
        let steps = u64::from(SLOW_START_STEPS);
        (elapsed < seconds).then(|| ((elapsed * steps / seconds) as u32).max(1))
    }

    /// The first moment after `after` at which the slow start of a member takes a step.
    pub fn next_step(&self, turnover: &Turnover, after: u64) -> Option<u64> {
        let seconds = u64::from(turnover.slow_start?.get());
        let steps = u64::from(SLOW_START_STEPS);
        let next = |member: usize| {
            let step = u64::from(self.slow_start(turnover, member, after)?);
            Some(self.0[member].back? + ((step + 1) * seconds).div_ceil(steps))
        };
        (0..self.0.len()).filter_map(next).min()
    }

    /// Whether one more may not leave at `at`.
    fn is_beyond(&self, turnover: &Turnover, at: u64) -> bool {
        let Some(limit) = turnover.panic else { return false };
        let members = self.0.iter().filter(|seat| seat.is_taken).count();
        let is_recent = |left: u64| left.saturating_add(limit.within.into()) > at;
        let gone = self.0.iter().filter(|seat| seat.left.is_some_and(is_recent)).count();
        limit.applies(members) && (self.suspects() > 0 || !limit.allows(gone + 1, members))
    }
}

impl Seat {
    fn leave(&mut self, turnover: &Turnover, at: Option<u64>) {
        self.hold = if turnover.manual_resume { Hold::AwaitsResume } else { Hold::Free };
        (self.left, self.back) = (at, None);
    }

    fn come_back(&mut self, turnover: &Turnover, at: u64) {
        self.left = None;
        if self.hold != Hold::AwaitsResume {
            self.hold = Hold::Free;
            self.back = turnover.slow_start.map(|_| at);
        }
    }
}

#[cfg(test)]
mod tests;
