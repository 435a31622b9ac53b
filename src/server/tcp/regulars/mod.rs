//! Regulars: connections on which one message after the other is asked. A few threads serve them in rounds, each in a loop
//! of its own over `epoll`.
//!
//! A round reads once from each connection that has something, answers the whole messages in it and writes the answers, all
//! on one generation and one look at the clock. That is all that is done here. Whatever else a connection may need is the
//! business of its task, which waits meanwhile and is given the connection back:
//!
//! | what happens | what the task does with it |
//! |---|---|
//! | a message in pieces, answers that are too many or not taken at once, a request from outside | goes on where it is; it is a regular again after more messages than before |
//! | a message for the control handler | has that answered first |
//! | no message until the deadline | says good-bye |
//! | the client has closed its side, or the connection is broken | nothing: both are over |
//!
//! A task that is woken for each message costs as much as the answer twice over, in the scheduler and in the books of who
//! waits for what; a loop costs a look into a row.

mod places;
mod rounds;

pub(in crate::server) use rounds::Rounds;

use std::io;
use std::net::{IpAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::admission::Seat;
use super::buffers::{Inbox, Outbox};
use super::signals::Request;
use crate::server::socket::{Bell, Poller};

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

/// A few for each connection that has a seat.
#[derive(Default)]
struct Letters {
    newcomers: Vec<Newcomer>,
    /// Those that are asked something.
    asked: Vec<Asked>,
    is_closed: bool,
}

/// A connection that is handed over.
struct Newcomer {
    regular: Regular,
    give_back: oneshot::Sender<Box<Returned>>,
}

impl Regulars {
    /// So many loops, which do not run yet.
    pub(in crate::server) fn open(loops: usize) -> io::Result<(Regulars, Vec<Rounds>)> {
        let (mut posts, mut rounds) = (Vec::new(), Vec::new());
        for _ in 0..loops {
            let (poller, bell) = Poller::new()?;
            let post = Arc::new(Post { letters: Mutex::default(), bell });
            posts.push(Arc::clone(&post));
            rounds.push(Rounds::new(poller, post));
        }
        Ok((Regulars { posts, next: AtomicUsize::new(0) }, rounds))
    }

    /// Whether there is nobody to serve them: no loop, or none that still runs.
    pub(super) fn is_empty(&self) -> bool {
        self.posts.iter().all(|post| post.letters().is_closed)
    }

    /// Has a connection served until it needs its task. An error is a connection that is over.
    pub(super) fn serve(&self, regular: Regular) -> oneshot::Receiver<Box<Returned>> {
        let (give_back, returned) = oneshot::channel();
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.posts.len().max(1);
        // A loop that has ended is passed over.
        let mut posts = self.posts.iter().cycle().skip(number).take(self.posts.len());
        if let Some(post) = posts.find(|post| !post.letters().is_closed) {
            post.tell(|letters| letters.newcomers.push(Newcomer { regular, give_back }));
        }
        returned
    }

    /// What is to be kept as long as the loops are to run.
    pub(in crate::server) fn closing(&self) -> Closing {
        Closing { posts: self.posts.clone() }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.posts.iter().for_each(|post| post.close());
    }
}

impl Post {
    /// Rings for the first letter only: the loop takes all that are there. One that has ended wants no connection.
    fn tell(&self, write: impl FnOnce(&mut Letters)) {
        let mut letters = self.letters();
        let is_first = letters.newcomers.is_empty() && letters.asked.is_empty();
        write(&mut letters);
        let unwanted = if letters.is_closed { std::mem::take(&mut letters.newcomers) } else { Vec::new() };
        drop(letters);
        if is_first {
            self.bell.ring();
        }
        // Not under the lock: each gives up its seat, whose books may be waiting to tell something here.
        drop(unwanted);
    }

    /// All letters.
    fn take(&self) -> Letters {
        let mut letters = self.letters();
        let is_closed = letters.is_closed;
        std::mem::replace(&mut *letters, Letters { is_closed, ..Letters::default() })
    }

    fn close(&self) {
        self.tell(|letters| letters.is_closed = true);
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is asked something by the books, by its number and which one it was of those that came: by the time
/// the loop hears of it the number may be another one's.
#[derive(Clone, Copy)]
struct Asked {
    number: usize,
    arrival: u64,
}

/// Tells a loop that one of its connections is asked something.
struct Ring {
    post: Arc<Post>,
    asked: Asked,
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        self.post.tell(|letters| letters.asked.push(self.asked));
    }
}

impl Regular {
    /// Whether the books ask something of it already; otherwise `waker` is woken when it will be.
    fn is_asked(&mut self, waker: &Waker) -> bool {
        let must_stop = self.seat.poll_asked(Request::Stop, &mut Context::from_waker(waker)).is_ready();
        must_stop || self.seat.signals().is_asked(Request::Leave)
    }

    /// Until when a message must come that does not come now.
    fn deadline(&self, now: Instant, idle_timeout: Duration) -> Instant {
        self.end.min(now + idle_timeout)
    }
}
