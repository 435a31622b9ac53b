//! The loop of a thread: who has something has a turn.

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::places::{Places, Room, Served, Turn};
use super::{Asked, Letters, Newcomer, Post, Reason, Ring};
use crate::server::log_limit::LogLimit;
use crate::server::socket::{Poller, Ready, forgo_cancellation_windows};
use crate::server::tcp::ERROR_PAUSE;
use crate::server::tcp::service::Service;

/// A loop and the connections that it serves.
pub(in crate::server) struct Rounds {
    poller: Poller,
    post: Arc<Post>,
    places: Places,
    /// Who may have more than one read takes, or has nothing left to be told of: each once.
    again: Vec<usize>,
    /// Rounds so far.
    round: u64,
    /// Connections that have come so far.
    arrivals: u64,
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
            round: 0,
            arrivals: 0,
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
        let Letters { newcomers, asked, is_closed } = self.read_post();
        self.serve_ready(service, &asked);
        for Asked { number, arrival } in asked {
            if self.places.get_mut(number).is_some_and(|served| served.arrival() == arrival) {
                self.places.give_back(number, &self.poller, Reason::Needy, Room::default());
            }
        }
        self.give_back_late();
        for newcomer in newcomers {
            self.seat(newcomer, service.limits.idle_timeout);
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
    fn serve_ready(&mut self, service: &Service, asked: &[Asked]) {
        let Rounds { poller, places, again, now, round, room, .. } = self;
        *round += 1;
        let more = std::mem::take(again);
        let others = more.into_iter().chain(asked.iter().map(|asked| asked.number));
        let others = others.map(|number| Ready { number, is_closing: false });
        service.session(|session| {
            *now = session.time();
            for Ready { number, is_closing } in poller.ready().chain(others) {
                // It may have left in this round.
                let Some(served) = places.get_mut(number) else { continue };
                if !served.may_begin(*round, is_closing) {
                    continue;
                }
                let turn = served.turn(session, room);
                again.extend(served.wants_more(&turn).then_some(number));
                match turn {
                    Turn::Rest | Turn::Again => {}
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
    fn seat(&mut self, Newcomer { mut regular, give_back }: Newcomer, idle_timeout: Duration) {
        self.arrivals += 1;
        let (number, arrival) = (self.places.next_number(), self.arrivals);
        let asked = Asked { number, arrival };
        let waker = Waker::from(Arc::new(Ring { post: Arc::clone(&self.post), asked }));
        if regular.is_asked(&waker) {
            waker.wake();
        }
        let is_watched = self.poller.watch(&regular.stream, number).is_ok();
        let deadline = regular.deadline(Instant::now(), idle_timeout);
        self.places.sit_down(Served::new(regular, give_back, arrival, deadline));
        if !is_watched {
            self.places.give_back(number, &self.poller, Reason::Needy, Room::default());
        }
    }
}

impl Drop for Rounds {
    /// However it ends: nobody waits for a loop that does not run.
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!(
                "a TCP loop has ended by a panic: its connections are closed, new ones go without it"
            );
        }
        self.post.close();
    }
}
