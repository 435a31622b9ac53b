//! Regulars: connections on which one message after the other is asked. A few threads serve them in rounds, each in a loop
//! of its own over `epoll`.
//!
//! A round reads once from each connection that has something, answers the whole messages in it and writes the answers, all
//! on one generation and one look at the clock. That is all that is done here. Whatever else a connection may need is the
//! business of its task, which waits meanwhile and is given the connection back:
//!
//! | what happens | what the task does with it |
//! |---|---|
//! | a message in pieces, answers that are too many or not taken at once, a request from outside | goes on as if it had never been here |
//! | a message for the control handler | has that answered first |
//! | no message until the deadline | says good-bye |
//! | the client has closed its side, or the connection is broken | nothing: both are over |
//!
//! A task that is woken for each message costs as much again as the answer, in the scheduler and in the books of who waits
//! for what; a loop costs a look into a row.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::ERROR_PAUSE;
use super::admission::Seat;
use super::buffers::{Inbox, Outbox};
use super::service::{Pause, Service, Session};
use super::signals::Request;
use crate::server::log_limit::LogLimit;
use crate::server::socket::{Bell, Poller, Ready, forgo_cancellation_windows, receive};

/// Where tasks hand their connections over: a post for each loop.
#[derive(Default)]
pub(in crate::server) struct Regulars {
    posts: Vec<Arc<Post>>,
    /// Whose turn it is.
    next: AtomicUsize,
}

/// Ends the loops when it is dropped, and closes the connections that they still have.
pub(in crate::server) struct Closing {
    posts: Vec<Arc<Post>>,
}

/// A connection between two messages.
pub(super) struct Regular {
    pub(super) stream: TcpStream,
    pub(super) seat: Seat,
    pub(super) source: IpAddr,
    /// When reading ends, whatever happens.
    pub(super) end: Instant,
}

/// A connection that its task is given back, with what has come and is not answered and what is not written.
pub(super) struct Returned {
    pub(super) stream: TcpStream,
    pub(super) seat: Seat,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    pub(super) reason: Reason,
}

/// Why a connection is given back.
pub(super) enum Reason {
    /// It needs something that a round does not do; the task sees what.
    Needy,
    /// A message for the control handler has come.
    Control(Vec<u8>),
    /// Nothing has come in time.
    Late,
}

/// What a loop is told by other threads.
struct Post {
    letters: Mutex<Letters>,
    bell: Bell,
}

/// At most one of each sort for each connection that has a seat.
#[derive(Default)]
struct Letters {
    arrivals: Vec<Arrival>,
    /// The numbers of those that are asked something.
    asked: Vec<usize>,
    is_closed: bool,
}

struct Arrival {
    regular: Regular,
    give_back: oneshot::Sender<Returned>,
}

impl Regulars {
    /// So many loops, which do not run yet.
    pub(in crate::server) fn open(loops: usize) -> io::Result<(Regulars, Vec<Rounds>)> {
        let rounds = (0..loops).map(|_| Rounds::new()).collect::<io::Result<Vec<_>>>()?;
        let posts = rounds.iter().map(|rounds| Arc::clone(&rounds.post)).collect();
        Ok((Regulars { posts, next: AtomicUsize::new(0) }, rounds))
    }

    /// Whether there is nobody to serve them.
    pub(super) fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    /// Has a connection served until it needs its task. An error is a connection that is over.
    pub(super) fn serve(&self, regular: Regular) -> oneshot::Receiver<Returned> {
        let (give_back, returned) = oneshot::channel();
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.posts.len().max(1);
        if let Some(post) = self.posts.get(number) {
            post.tell(|letters| letters.arrivals.push(Arrival { regular, give_back }));
        }
        returned
    }

    /// What is to be kept as long as the loops shall run.
    pub(in crate::server) fn closing(&self) -> Closing {
        Closing { posts: self.posts.clone() }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.posts.iter().for_each(|post| post.close());
    }
}

impl Drop for Rounds {
    /// However it ends: nobody waits for a loop that does not run.
    fn drop(&mut self) {
        self.post.close();
    }
}

impl Post {
    /// Rings for the first letter only: the loop takes all that are there. One that has ended wants no connections.
    fn tell(&self, write: impl FnOnce(&mut Letters)) {
        let mut letters = self.letters();
        let is_first = letters.arrivals.is_empty() && letters.asked.is_empty();
        write(&mut letters);
        let unwanted = if letters.is_closed { std::mem::take(&mut letters.arrivals) } else { Vec::new() };
        drop(letters);
        if is_first {
            self.bell.ring();
        }
        // Not under the lock: each gives up its seat, whose books may be waiting to tell something here.
        drop(unwanted);
    }

    fn close(&self) {
        self.tell(|letters| letters.is_closed = true);
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells a loop that one of its connections is asked something. Its number may be another one's by then, who is given back
/// for nothing.
struct Asked {
    post: Arc<Post>,
    number: usize,
}

impl Wake for Asked {
    fn wake(self: Arc<Self>) {
        self.post.tell(|letters| letters.asked.push(self.number));
    }
}

/// A loop and the connections that it serves.
pub(in crate::server) struct Rounds {
    poller: Poller,
    post: Arc<Post>,
    places: Places,
    /// Who may have more than one read takes.
    again: Vec<usize>,
    /// When the last round began.
    now: Instant,
    room: Room,
    errors: LogLimit,
}

/// Where connections sit, by number.
#[derive(Default)]
struct Places {
    rows: Vec<Option<Place>>,
    /// The numbers of empty rows.
    free: Vec<usize>,
    /// When to look at a connection's deadline, which may have moved on since.
    alarms: BTreeSet<(Instant, usize)>,
}

struct Place {
    regular: Regular,
    give_back: oneshot::Sender<Returned>,
    /// Until when a message must have come.
    deadline: Instant,
    /// Its entry among the alarms.
    alarm: Instant,
}

/// What a turn reads into and writes from; empty between turns.
#[derive(Default)]
struct Room {
    inbox: Inbox,
    outbox: Outbox,
}

/// What a connection is at after its turn.
enum Turn {
    /// Between messages.
    Rest,
    /// The same, but there may be more to read.
    Again,
    Over,
    GiveBack(Reason),
}

impl Rounds {
    fn new() -> io::Result<Rounds> {
        let (poller, bell) = Poller::new()?;
        Ok(Rounds {
            poller,
            post: Arc::new(Post { letters: Mutex::default(), bell }),
            places: Places::default(),
            again: Vec::new(),
            now: Instant::now(),
            room: Room::default(),
            errors: LogLimit::default(),
        })
    }

    /// Runs in a thread of its own until the [`Closing`] is dropped.
    pub(in crate::server) fn spawn(
        mut self,
        number: usize,
        service: Arc<Service>,
    ) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name(format!("tcp-{number}")).spawn(move || {
            // Without it they do the same, a little slower.
            let _ = forgo_cancellation_windows();
            while self.read_post(&service) {
                if let Err(error) = self.poller.wait(self.patience()) {
                    self.rest_after(&error);
                }
                self.serve_ready(&service);
                self.give_back_late();
            }
        })
    }

    /// How long nothing needs to be done unless something comes.
    fn patience(&self) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        self.places.alarms.first().map(|(alarm, _)| alarm.saturating_duration_since(self.now))
    }

    #[cold]
    fn rest_after(&self, error: &io::Error) {
        if let Some(held_back) = self.errors.due(Instant::now()) {
            tracing::error!(%error, held_back, "cannot wait for TCP connections");
        }
        thread::sleep(ERROR_PAUSE);
    }

    /// One turn for each connection that has something.
    fn serve_ready(&mut self, service: &Service) {
        let Rounds { poller, places, again, now, room, .. } = self;
        let more = std::mem::take(again).into_iter().map(|number| Ready { number, is_closing: false });
        service.session(|session| {
            *now = session.time();
            for Ready { number, is_closing } in poller.ready().chain(more) {
                // None is there any more if this is its second turn.
                let Some(Some(place)) = places.rows.get_mut(number) else { continue };
                match place.turn(session, room) {
                    Turn::Rest if !is_closing => {}
                    // Where nothing more will come, nothing more will be told of.
                    Turn::Rest | Turn::Again => again.push(number),
                    Turn::Over => drop(places.leave(number)),
                    Turn::GiveBack(reason) => places.give_back(number, poller, reason, std::mem::take(room)),
                }
            }
        });
    }

    /// Gives those back whose deadline has passed.
    fn give_back_late(&mut self) {
        while let Some(&(alarm, number)) = self.places.alarms.first()
            && alarm <= self.now
        {
            if !self.places.postpone(number, self.now) {
                self.places.give_back(number, &self.poller, Reason::Late, Room::default());
            }
        }
    }

    /// Does what other threads have asked for; whether the loop is to go on.
    fn read_post(&mut self, service: &Service) -> bool {
        if !self.poller.has_rung() {
            return true;
        }
        let mut letters = self.post.letters();
        let Letters { arrivals, asked, is_closed } = std::mem::take(&mut *letters);
        letters.is_closed = is_closed;
        drop(letters);
        for number in asked {
            self.places.give_back(number, &self.poller, Reason::Needy, Room::default());
        }
        for arrival in arrivals {
            self.seat(arrival, service.limits.idle_timeout);
        }
        !is_closed
    }

    /// Takes in a connection, idle when it was handed over.
    fn seat(&mut self, Arrival { mut regular, give_back }: Arrival, idle_timeout: Duration) {
        let number = self.places.next_number();
        let waker = Waker::from(Arc::new(Asked { post: Arc::clone(&self.post), number }));
        let is_asked = regular.is_asked(&waker);
        let is_watched = self.poller.watch(&regular.stream, number).is_ok();
        let deadline = regular.deadline(Instant::now(), idle_timeout);
        self.places.sit_down(number, Place { regular, give_back, deadline, alarm: deadline });
        if is_asked || !is_watched {
            self.places.give_back(number, &self.poller, Reason::Needy, Room::default());
        }
    }
}

impl Places {
    fn next_number(&self) -> usize {
        self.free.last().copied().unwrap_or(self.rows.len())
    }

    /// At the next number.
    fn sit_down(&mut self, number: usize, place: Place) {
        self.alarms.insert((place.alarm, number));
        match self.free.pop().and_then(|number| self.rows.get_mut(number)) {
            Some(row) => *row = Some(place),
            None => self.rows.push(Some(place)),
        }
    }

    fn leave(&mut self, number: usize) -> Option<Place> {
        let place = self.rows.get_mut(number)?.take()?;
        self.free.push(number);
        self.alarms.remove(&(place.alarm, number));
        Some(place)
    }

    /// Gives a connection back to its task, if it is still here.
    fn give_back(&mut self, number: usize, poller: &Poller, reason: Reason, room: Room) {
        let Some(Place { regular, give_back, .. }) = self.leave(number) else { return };
        // An error is one that could not be watched.
        let _ = poller.forget(&regular.stream);
        let Regular { stream, seat, .. } = regular;
        let Room { inbox, outbox } = room;
        // A task that is gone wants the connection closed, too.
        let _ = give_back.send(Returned { stream, seat, inbox, outbox, reason });
    }

    /// Moves an alarm that went off to where the deadline is by now; whether that is still to come.
    fn postpone(&mut self, number: usize, now: Instant) -> bool {
        let Some(Some(place)) = self.rows.get_mut(number) else { return false };
        let is_early = place.deadline > now;
        if is_early {
            self.alarms.remove(&(place.alarm, number));
            place.alarm = place.deadline;
            self.alarms.insert((place.alarm, number));
        }
        is_early
    }
}

impl Regular {
    /// Whether it is asked something already; otherwise `waker` is woken when it will be.
    fn is_asked(&mut self, waker: &Waker) -> bool {
        let must_stop = self.seat.poll_asked(Request::Stop, &mut Context::from_waker(waker)).is_ready();
        must_stop || self.seat.signals().is_asked(Request::Leave)
    }

    fn deadline(&self, now: Instant, idle_timeout: Duration) -> Instant {
        self.end.min(now + idle_timeout)
    }
}

impl Place {
    /// Reads once, answers what has come whole, and writes the answers.
    fn turn(&mut self, session: &mut Session<'_>, room: &mut Room) -> Turn {
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
