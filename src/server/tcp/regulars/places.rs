//! The connections of a loop, each at its place, and what one does when it has a turn.

use std::collections::BTreeSet;
use std::io;
use std::time::Instant;

use tokio::sync::oneshot;

use super::{Reason, Regular, Returned};
use crate::server::socket::{Poller, receive, send};
use crate::server::tcp::buffers::{Inbox, Outbox};
use crate::server::tcp::service::{Pause, Session};

/// Where connections sit, by number.
#[derive(Default)]
pub(super) struct Places {
    rows: Vec<Option<Served>>,
    /// The numbers of empty rows.
    free: Vec<usize>,
    /// When to look at a connection's deadline, which may have moved on since.
    alarms: BTreeSet<(Instant, usize)>,
}

/// A connection that is served, and what is known of it.
pub(super) struct Served {
    regular: Regular,
    give_back: oneshot::Sender<Box<Returned>>,
    /// Tells it from others that had its number before.
    arrival: u64,
    /// The last round in which it had a turn.
    last_round: u64,
    /// Whether its end was told of. That is done once, perhaps long before its octets are all read.
    is_closing: bool,
    /// Until when a message must have come.
    deadline: Instant,
    /// Its entry among the alarms.
    alarm: Instant,
}

/// What a turn reads into and writes from; empty between turns.
#[derive(Default)]
pub(super) struct Room {
    inbox: Inbox,
    outbox: Outbox,
}

/// What a connection is at after its turn.
pub(super) enum Turn {
    /// Between messages.
    Rest,
    /// The same, but there may be more to read.
    Again,
    /// At its end.
    Over,
    /// At something that is its task's business.
    GiveBack(Reason),
}

impl Places {
    /// The number of the next one to come.
    pub(super) fn next_number(&self) -> usize {
        self.free.last().copied().unwrap_or(self.rows.len())
    }

    /// Takes a connection in at the next number.
    pub(super) fn sit_down(&mut self, served: Served) {
        self.alarms.insert((served.alarm, self.next_number()));
        match self.free.pop().and_then(|number| self.rows.get_mut(number)) {
            Some(row) => *row = Some(served),
            None => self.rows.push(Some(served)),
        }
    }

    /// The connection of that number, where there is one.
    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut Served> {
        self.rows.get_mut(number)?.as_mut()
    }

    /// Takes a connection out.
    pub(super) fn leave(&mut self, number: usize) -> Option<Served> {
        let served = self.rows.get_mut(number)?.take()?;
        self.free.push(number);
        self.alarms.remove(&(served.alarm, number));
        Some(served)
    }

    /// Gives a connection back to its task, if it is still here.
    pub(super) fn give_back(&mut self, number: usize, poller: &Poller, reason: Reason, room: Room) {
        let Some(Served { regular, give_back, .. }) = self.leave(number) else { return };
        // An error is one that could not be watched.
        let _ = poller.forget(&regular.stream);
        let Regular { stream, seat, .. } = regular;
        let Room { inbox, outbox } = room;
        // A task that is gone wants the connection closed, too.
        let _ = give_back.send(Box::new(Returned { stream, seat, inbox, outbox, reason }));
    }

    /// When a deadline is to be looked at next.
    pub(super) fn first_alarm(&self) -> Option<Instant> {
        self.alarms.first().map(|&(alarm, _)| alarm)
    }

    /// A connection whose deadline has passed. Deadlines nearly always move on: an alarm is moved to where the deadline is by
    /// then when it goes off, not for each message.
    pub(super) fn next_late(&mut self, now: Instant) -> Option<usize> {
        while self.first_alarm()? <= now {
            let (_, number) = self.alarms.pop_first()?;
            let Some(served) = self.get_mut(number) else { continue };
            if served.deadline <= now {
                return Some(number);
            }
            served.alarm = served.deadline;
            let alarm = served.alarm;
            self.alarms.insert((alarm, number));
        }
        None
    }
}

impl Served {
    /// For a connection that must say something until `deadline`.
    pub(super) fn new(
        regular: Regular,
        give_back: oneshot::Sender<Box<Returned>>,
        arrival: u64,
        deadline: Instant,
    ) -> Served {
        Served { regular, give_back, arrival, last_round: 0, is_closing: false, deadline, alarm: deadline }
    }

    /// Which one it is of those that have come.
    pub(super) fn arrival(&self) -> u64 {
        self.arrival
    }

    /// Whether it may have a turn in a round: one in each. From now on it is known whether its end was told of.
    pub(super) fn may_begin(&mut self, round: u64, is_closing: bool) -> bool {
        self.is_closing |= is_closing;
        std::mem::replace(&mut self.last_round, round) != round
    }

    /// Whether it has to be looked at again in the next round, after a turn that ended so: of one whose end was told of
    /// nothing more will be told.
    pub(super) fn wants_more(&self, turn: &Turn) -> bool {
        matches!(turn, Turn::Again) || self.is_closing && matches!(turn, Turn::Rest)
    }

    /// Reads once, answers what has come whole, and writes the answers.
    pub(super) fn turn(&mut self, session: &mut Session<'_>, room: &mut Room) -> Turn {
        let Room { inbox, outbox } = room;
        match receive(&self.regular.stream, inbox.room()) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Turn::Rest,
            Ok(0) | Err(_) => return Turn::Over,
        }
        let has_more = inbox.is_crammed();
        let pause = session.answer(self.regular.source, inbox, outbox);
        match self.write(outbox) {
            Err(_) => {
                *room = Room::default();
                return Turn::Over;
            }
            Ok(false) => return Turn::GiveBack(reason_of(pause)),
            Ok(true) => {}
        }
        if !matches!(pause, Pause::Done) || !inbox.is_empty() {
            return Turn::GiveBack(reason_of(pause));
        }
        self.regular.seat.rest(true, session.time());
        self.deadline = self.regular.deadline(session.time(), session.idle_timeout());
        if has_more { Turn::Again } else { Turn::Rest }
    }

    /// Writes what the client takes at once; whether that is all.
    fn write(&self, outbox: &mut Outbox) -> io::Result<bool> {
        let octets = outbox.as_octets();
        if octets.is_empty() {
            return Ok(true);
        }
        let length = octets.len();
        match send(&self.regular.stream, octets) {
            Ok(written) if written == length => outbox.clear(),
            Ok(written) => outbox.advance(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(outbox.as_octets().is_empty())
    }
}

/// Why a connection is given back on which answering has paused.
fn reason_of(pause: Pause) -> Reason {
    match pause {
        Pause::Control(packet) => Reason::Control(packet),
        Pause::Done | Pause::Full => Reason::Needy,
    }
}
