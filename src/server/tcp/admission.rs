//! Who may have a connection: everybody. Two caps bound how many there are, on all together and on each client; at a cap
//! somebody leaves for the one who comes (`seats` says who), so nobody who holds seats can shut others out.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::seats::{Activity, Seats};
use super::signals::{Request, Signals};
use crate::answer::{Counter, Tally};
use crate::config::TcpSettings;

/// An IPv6 client is the network that a site is given: its addresses are not scarce.
const IPV6_CLIENT_PREFIX: u32 = 56;

/// The connections that are open, and the caps on them.
pub(super) struct Admission {
    connections: usize,
    connections_per_client: usize,
    books: Arc<Books>,
}

/// The place of an open connection; it is free again when this is dropped.
pub(super) struct Seat {
    number: u64,
    signals: Arc<Signals>,
    books: Arc<Books>,
    /// What the connection is at, as the books have it.
    activity: Activity,
    /// When it last said that it got somewhere.
    moved: Instant,
    /// Who is woken when the connection is asked something, by [`Seat::poll_asked`].
    woken: Option<Waker>,
}

struct Books {
    seats: Mutex<Seats>,
    tally: Arc<Tally>,
}

impl Admission {
    /// Caps (at least 1) as configured; what becomes of connections is counted in `tally`.
    pub(super) fn new(limits: &TcpSettings, tally: Arc<Tally>) -> Admission {
        Admission {
            connections: limits.connections,
            connections_per_client: limits.connections_per_client,
            books: Arc::new(Books { seats: Mutex::default(), tally }),
        }
    }

    /// A seat for a new connection.
    pub(super) fn admit(&self, address: IpAddr) -> Seat {
        let (client, now) = (client_of(address), Instant::now());
        let mut seats = self.books.seats();
        if seats.count_of(client) >= self.connections_per_client {
            self.books.count_left(seats.dismiss_of(client));
        } else if seats.count() >= self.connections {
            self.books.count_left(seats.dismiss_any(now));
        }
        self.books.tally.count_shared(Counter::TcpAccepted);
        let (number, signals) = seats.take(client, now);
        Seat {
            number,
            signals,
            books: Arc::clone(&self.books),
            activity: Activity::Idle,
            moved: now,
            woken: None,
        }
    }

    /// Asks all connections, also those to come, to end when they are idle.
    pub(super) fn stop(&self) {
        self.books.seats().stop();
    }

    /// Asks one connection to leave.
    pub(super) fn make_room(&self) {
        self.books.count_left(self.books.seats().dismiss_any(Instant::now()));
    }
}

impl Books {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_left(&self, left: Option<Activity>) {
        match left {
            Some(Activity::Idle) => self.tally.count_shared(Counter::TcpShed),
            Some(Activity::Busy) => self.tally.count_shared(Counter::TcpDisplaced),
            None => {}
        }
    }
}

impl Seat {
    /// The connection is between messages; `served` says whether it has got there by answering some. The books hear of it
    /// only if they think that it is busy.
    pub(super) fn rest(&mut self, served: bool, now: Instant) {
        match self.activity {
            Activity::Busy => {
                self.activity = Activity::Idle;
                self.books.seats().turn(self.number, Activity::Idle, now);
            }
            Activity::Idle if served && now != self.moved => {
                self.moved = now;
                self.signals.move_on(now);
            }
            Activity::Idle => {}
        }
    }

    /// A message has begun that has not all come, or answers wait to be taken. Saying it again changes nothing: it is no
    /// progress.
    pub(super) fn work(&mut self) {
        if self.activity == Activity::Idle {
            self.activity = Activity::Busy;
            self.books.seats().turn(self.number, Activity::Busy, Instant::now());
        }
    }

    /// A message is whole, or answers were taken, and there is more to do.
    pub(super) fn advance(&mut self) {
        self.activity = Activity::Busy;
        self.books.seats().advance(self.number, Activity::Busy, Instant::now());
    }

    /// As [`Signals::poll_asked`], for who asks after each message: the signals are told whom to wake when that is somebody
    /// else than before.
    pub(super) fn poll_asked(&mut self, request: Request, context: &mut Context<'_>) -> Poll<()> {
        if self.woken.as_ref().is_some_and(|woken| woken.will_wake(context.waker())) {
            return self.signals.take(request);
        }
        self.woken = Some(context.waker().clone());
        self.signals.poll_asked(request, context)
    }

    /// What the connection is asked.
    pub(super) fn signals(&self) -> &Signals {
        &self.signals
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.books.seats().free(self.number);
        self.books.tally.count_shared(Counter::TcpClosed);
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 network.
fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << (128 - IPV6_CLIENT_PREFIX);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
        ipv4 => ipv4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn admission(connections: usize, connections_per_client: usize) -> Admission {
        let timeout = Duration::from_secs(1);
        let limits = TcpSettings {
            connections,
            connections_per_client,
            message_timeout: timeout,
            idle_timeout: timeout,
            connection_timeout: timeout,
        };
        Admission::new(&limits, Arc::default())
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// Whether it was asked to leave.
    async fn left(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::ZERO, seat.signals.asked(Request::Leave)).await.is_ok()
    }

    #[tokio::test]
    async fn a_client_at_its_cap_gives_up_its_own() {
        let admission = admission(10, 2);
        let [others, mut first, second] = [1, 2, 2].map(|last| admission.admit(address(last)));
        first.work();
        let mut third = admission.admit(address(2));
        assert_eq!((left(&others).await, left(&first).await, left(&second).await), (false, false, true));
        third.work();
        let _fourth = admission.admit(address(2));
        assert_eq!((left(&first).await, left(&third).await), (true, false));
        let count = |counter| admission.books.tally.get(counter);
        assert_eq!((count(Counter::TcpShed), count(Counter::TcpDisplaced)), (1, 1));
    }

    #[tokio::test]
    async fn an_ipv6_client_is_its_56_bit_network() {
        let admission = admission(10, 1);
        let seat = |text: &str| admission.admit(text.parse().unwrap());
        let held = seat("2001:db8:1:ff00::1");
        let _neighbour = seat("2001:db8:1:fe00::1");
        assert!(!left(&held).await);
        let _again = seat("2001:db8:1:ffff::2");
        assert!(left(&held).await);
    }

    #[tokio::test]
    async fn when_all_seats_are_taken_somebody_leaves() {
        let admission = admission(3, 3);
        let mut seats: Vec<_> = (1..=3).map(|last| admission.admit(address(last))).collect();
        seats.iter_mut().for_each(Seat::work);
        seats[1].rest(true, Instant::now());
        let _fourth = admission.admit(address(4));
        let mut gone = Vec::new();
        for seat in &seats {
            gone.push(left(seat).await);
        }
        assert_eq!(gone, [false, true, false]);
        drop(seats);
        assert_eq!(admission.books.tally.get(Counter::TcpClosed), 3);
        assert_eq!(admission.books.seats().count(), 1);
    }
}
