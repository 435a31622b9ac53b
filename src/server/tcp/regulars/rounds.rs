//! The loop of a thread: who has something has a turn.

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::places::{Place, Places, Room, Turn};
use super::{Arrival, Asked, Letters, Post, Reason};
use crate::server::log_limit::LogLimit;
use crate::server::socket::{Poller, Ready, forgo_cancellation_windows};
use crate::server::tcp::ERROR_PAUSE;
use crate::server::tcp::service::Service;

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

impl Rounds {
    /// A loop that `poller`, whose bell hangs at `post`, tells of what there is to do.
    pub(super) fn new(poller: Poller, post: Arc<Post>) -> Rounds {
        Rounds {
            poller,
            post,
            places: Places::default(),
            again: Vec::new(),
            now: Instant::now(),
            room: Room::default(),
            errors: LogLimit::default(),
        }
    }

    /// Runs in a thread of its own until the [`super::Closing`] is dropped.
    pub(in crate::server) fn spawn(
        mut self,
        number: usize,
        service: Arc<Service>,
    ) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name(format!("tcp-{number}")).spawn(move || {
            // Without it they do the same, a little slower.
            let _ = forgo_cancellation_windows();
            while self.go_round(&service) {}
        })
    }

    /// Waits, and serves whom there is something for; whether the loop is to go on.
    fn go_round(&mut self, service: &Service) -> bool {
        if let Err(error) = self.poller.wait(self.patience()) {
            self.rest_after(&error);
        }
        let Letters { arrivals, asked, is_closed } = self.read_post();
        self.serve_ready(service, &asked);
        for number in asked {
            self.places.give_back(number, &self.poller, Reason::Needy, Room::default());
        }
        self.give_back_late();
        for arrival in arrivals {
            self.seat(arrival, service.limits.idle_timeout);
        }
        !is_closed
    }

    /// How long nothing needs to be done unless something comes.
    fn patience(&self) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        self.places.first_alarm().map(|alarm| alarm.saturating_duration_since(self.now))
    }

    #[cold]
    fn rest_after(&self, error: &io::Error) {
        if let Some(held_back) = self.errors.due(Instant::now()) {
            tracing::error!(%error, held_back, "cannot wait for TCP connections");
        }
        thread::sleep(ERROR_PAUSE);
    }

    /// The letters that have come since the last round.
    fn read_post(&self) -> Letters {
        if self.poller.has_rung() { self.post.take() } else { Letters::default() }
    }

    /// One turn for each connection that has something, or is `asked` something: what has come is answered first.
    fn serve_ready(&mut self, service: &Service, asked: &[usize]) {
        let Rounds { poller, places, again, now, room, .. } = self;
        let more = std::mem::take(again);
        let others = more.iter().chain(asked).map(|&number| Ready { number, is_closing: false });
        service.session(|session| {
            *now = session.time();
            for Ready { number, is_closing } in poller.ready().chain(others) {
                // It may have left in this round.
                let Some(place) = places.get_mut(number) else { continue };
                match place.turn(session, room) {
                    Turn::Rest if !is_closing => {}
                    // Of one that is closing nothing more will be told.
                    Turn::Rest | Turn::Again => again.push(number),
                    Turn::Over => drop(places.leave(number)),
                    Turn::GiveBack(reason) => places.give_back(number, poller, reason, std::mem::take(room)),
                }
            }
        });
    }

    /// Gives those back whose deadline has passed.
    fn give_back_late(&mut self) {
        while let Some(number) = self.places.next_late(self.now) {
            self.places.give_back(number, &self.poller, Reason::Late, Room::default());
        }
    }

    /// Takes in a connection, idle when it was handed over.
    fn seat(&mut self, Arrival { mut regular, give_back }: Arrival, idle_timeout: Duration) {
        let number = self.places.next_number();
        let waker = Waker::from(Arc::new(Asked { post: Arc::clone(&self.post), number }));
        if regular.is_asked(&waker) {
            waker.wake();
        }
        let is_watched = self.poller.watch(&regular.stream, number).is_ok();
        let deadline = regular.deadline(Instant::now(), idle_timeout);
        self.places.sit_down(Place::new(regular, give_back, deadline));
        if !is_watched {
            self.places.give_back(number, &self.poller, Reason::Needy, Room::default());
        }
    }
}

impl Drop for Rounds {
    /// However it ends: nobody waits for a loop that does not run.
    fn drop(&mut self) {
        self.post.close();
    }
}
