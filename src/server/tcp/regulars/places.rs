//! The connections of a loop, each at its place, and what one does when it has a turn.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Instant;

use tokio::sync::oneshot;

use super::{Reason, Regular, Returned};
use crate::server::socket::{Poller, receive};
use crate::server::tcp::buffers::{Inbox, Outbox};
use crate::server::tcp::service::{Pause, Session};

/// Where connections sit, by number.
#[derive(Default)]
pub(super) struct Places {
    rows: Vec<Option<Place>>,
    /// The numbers of empty rows.
    free: Vec<usize>,
    /// When to look at a connection's deadline, which may have moved on since.
    alarms: BTreeSet<(Instant, usize)>,
}

/// A connection and what is known of it.
pub(super) struct Place {
    regular: Regular,
    give_back: oneshot::Sender<Box<Returned>>,
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
    pub(super) fn sit_down(&mut self, place: Place) {
        self.alarms.insert((place.alarm, self.next_number()));
        match self.free.pop().and_then(|number| self.rows.get_mut(number)) {
            Some(row) => *row = Some(place),
            None => self.rows.push(Some(place)),
        }
    }

    /// The connection of that number, where there is one.
    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut Place> {
        self.rows.get_mut(number)?.as_mut()
    }

    /// Takes a connection out.
    pub(super) fn leave(&mut self, number: usize) -> Option<Place> {
        let place = self.rows.get_mut(number)?.take()?;
        self.free.push(number);
        self.alarms.remove(&(place.alarm, number));
        Some(place)
    }

    /// Gives a connection back to its task, if it is still here.
    pub(super) fn give_back(&mut self, number: usize, poller: &Poller, reason: Reason, room: Room) {
        let Some(Place { regular, give_back, .. }) = self.leave(number) else { return };
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
            let Some(place) = self.get_mut(number) else { continue };
            if place.deadline <= now {
                return Some(number);
            }
            place.alarm = place.deadline;
            let alarm = place.alarm;
            self.alarms.insert((alarm, number));
        }
        None
    }
}

impl Place {
    /// For a connection that must say something until `deadline`.
    pub(super) fn new(
        regular: Regular,
        give_back: oneshot::Sender<Box<Returned>>,
        deadline: Instant,
    ) -> Place {
        Place { regular, give_back, deadline, alarm: deadline }
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
        match (&self.regular.stream).write(octets) {
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
