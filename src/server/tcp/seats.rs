//! Which connections are open, whose they are, and who goes when room is needed.
//!
//! A connection *stands still* from the moment at which it became idle, or a little after the moment at which it was last
//! seen to get anywhere: a message that is whole, answers that were taken. No single octet moves it. A connection that is
//! idle before and after a message says so in its [`Signals`] alone, where it is looked for before anybody has to go: what
//! stands in the books is the earliest that can be true.
//!
//! | room for a client at its cap | room for anybody when all seats are taken |
//! |---|---|
//! | of its own the one that has stood still for longest | the one that has stood still for longest, if that is long enough that nobody misses it |
//! | | otherwise somebody takes seats faster than they can be used: of the client that holds most, the one that has stood still for longest |
//!
//! So somebody always goes; half messages and unread answers hold no seat that another one needs, and who comes with many
//! connections displaces his own before those of others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::signals::{Request, Signals};

/// What a connection that is at something is given more than an idle one: most messages are whole within a round trip.
const BUSY_GRACE: Duration = Duration::from_secs(1);
/// Who has stood still for so long is not waiting for octets on their way.
const STILL: Duration = Duration::from_secs(1);

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// Between messages.
    Idle,
    /// A message has begun, or answers wait to be taken.
    Busy,
}

/// Since when a connection stands still; the number makes it unique.
type Standing = (Instant, u64);

/// The seats that are taken. Every change takes logarithmic time.
#[derive(Default)]
pub(super) struct Seats {
    taken: HashMap<u64, Taken>,
    /// All seats by standing.
    all: BTreeMap<Standing, u64>,
    /// The same for each client.
    clients: HashMap<IpAddr, BTreeMap<Standing, u64>>,
    /// Who holds most stands last; among equals the one whose first seat has stood still for longest.
    by_size: BTreeMap<(usize, Reverse<Standing>), IpAddr>,
    /// Counts admissions.
    admitted: u64,
    /// The server stops.
    stopping: bool,
}

struct Taken {
    client: IpAddr,
    activity: Activity,
    since: Instant,
    signals: Arc<Signals>,
}

impl Seats {
    /// Seats that are taken.
    pub(super) fn count(&self) -> usize {
        self.taken.len()
    }

    /// Seats that a client has taken.
    pub(super) fn count_of(&self, client: IpAddr) -> usize {
        self.clients.get(&client).map_or(0, BTreeMap::len)
    }

    /// Takes a seat, idle at first: its number, and how it is spoken with.
    pub(super) fn take(&mut self, client: IpAddr, now: Instant) -> (u64, Arc<Signals>) {
        self.admitted += 1;
        let signals = Arc::new(Signals::new(now));
        if self.stopping {
            signals.ask(Request::Stop);
        }
        let taken = Taken { client, activity: Activity::Idle, since: now, signals: Arc::clone(&signals) };
        self.sit_down(self.admitted, taken);
        (self.admitted, signals)
    }

    /// Asks all connections, also those to come, to end when they are idle.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.taken.values().for_each(|taken| taken.signals.ask(Request::Stop));
    }

    /// Frees a seat; a second time does nothing (a connection that was asked to leave has lost its seat before it ends).
    pub(super) fn free(&mut self, number: u64) {
        self.stand_up(number);
    }

    /// The connection has become idle or busy. What it is already changes nothing, however often it is said.
    pub(super) fn turn(&mut self, number: u64, activity: Activity, now: Instant) {
        if self.taken.get(&number).is_some_and(|taken| taken.activity != activity) {
            self.advance(number, activity, now);
        }
    }

    /// The connection has got somewhere.
    pub(super) fn advance(&mut self, number: u64, activity: Activity, now: Instant) {
        if let Some(taken) = self.stand_up(number) {
            let grace = if activity == Activity::Busy { BUSY_GRACE } else { Duration::ZERO };
            self.sit_down(number, Taken { activity, since: now + grace, ..taken });
        }
    }

    /// Asks one of the client's connections to leave and frees its seat; what it was at.
    pub(super) fn dismiss_of(&mut self, client: IpAddr) -> Option<Activity> {
        let (_, number) = self.stillest(Some(client))?;
        self.dismiss(number)
    }

    /// Asks one of all connections to leave and frees its seat; what it was at.
    pub(super) fn dismiss_any(&mut self, now: Instant) -> Option<Activity> {
        let (since, number) = self.stillest(None)?;
        if since + STILL <= now {
            return self.dismiss(number);
        }
        let client = self.largest()?;
        self.dismiss_of(client)
    }

    /// Who holds most seats; among equals the one whose first has stood still for longest.
    fn largest(&mut self) -> Option<IpAddr> {
        loop {
            let (&size, &client) = self.by_size.last_key_value()?;
            self.stillest(Some(client))?;
            // The others have moved on at most, and then stand further behind.
            if self.by_size.last_key_value() == Some((&size, &client)) {
                return Some(client);
            }
        }
    }

    /// The connection of a client, or of all, that has stood still for longest. Those in front of it that have moved on are
    /// given their place in the books, which is work that they have saved them.
    fn stillest(&mut self, client: Option<IpAddr>) -> Option<Standing> {
        loop {
            let row = match client {
                Some(client) => self.clients.get(&client)?,
                None => &self.all,
            };
            let (&(since, number), _) = row.first_key_value()?;
            let taken = self.taken.get(&number)?;
            let moved = taken.signals.moved();
            if taken.activity == Activity::Busy || moved <= since {
                return Some((since, number));
            }
            let taken = self.stand_up(number)?;
            self.sit_down(number, Taken { since: moved, ..taken });
        }
    }

    fn dismiss(&mut self, number: u64) -> Option<Activity> {
        let taken = self.stand_up(number)?;
        taken.signals.ask(Request::Leave);
        Some(taken.activity)
    }

    fn sit_down(&mut self, number: u64, taken: Taken) {
        let standing = (taken.since, number);
        self.all.insert(standing, number);
        self.change_client(taken.client, |seats| seats.insert(standing, number));
        self.taken.insert(number, taken);
    }

    fn stand_up(&mut self, number: u64) -> Option<Taken> {
        let taken = self.taken.remove(&number)?;
        let standing = (taken.since, number);
        self.all.remove(&standing);
        self.change_client(taken.client, |seats| seats.remove(&standing));
        Some(taken)
    }

    /// Changes a client's seats and keeps its place among the clients true.
    fn change_client<T>(&mut self, client: IpAddr, change: impl FnOnce(&mut BTreeMap<Standing, u64>) -> T) {
        let seats = self.clients.entry(client).or_default();
        let before = size(seats);
        change(seats);
        let after = size(seats);
        if before != after {
            before.map(|size| self.by_size.remove(&size));
            after.map(|size| self.by_size.insert(size, client));
        }
        if after.is_none() {
            self.clients.remove(&client);
        }
    }
}

/// The key of a client among the others; standings are unique, so keys are.
fn size(seats: &BTreeMap<Standing, u64>) -> Option<(usize, Reverse<Standing>)> {
    let (&first, _) = seats.first_key_value()?;
    Some((seats.len(), Reverse(first)))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    fn at(milliseconds: u64) -> Instant {
        *START + Duration::from_millis(milliseconds)
    }

    fn client(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// One seat for each of `clients`, one taken each millisecond; then those of `busy` become busy, one each millisecond.
    fn seats(clients: &[u8], busy: &[u64]) -> Seats {
        let mut seats = Seats::default();
        let mut times = (0..).map(at);
        clients.iter().zip(&mut times).for_each(|(&last, now)| drop(seats.take(client(last), now)));
        busy.iter().zip(times).for_each(|(&number, now)| seats.turn(number, Activity::Busy, now));
        seats
    }

    /// Who goes, one after the other, at that time.
    #[track_caller]
    fn check(mut seats: Seats, milliseconds: u64, expected: &[u64]) {
        let mut left: Vec<u64> = Vec::new();
        let mut before: Vec<u64> = seats.taken.keys().copied().collect();
        while seats.dismiss_any(at(milliseconds)).is_some() {
            left.extend(before.iter().filter(|number| !seats.taken.contains_key(number)));
            before.retain(|number| seats.taken.contains_key(number));
        }
        assert_eq!(left, expected);
        assert!(seats.clients.is_empty() && seats.by_size.is_empty() && seats.all.is_empty());
    }

    #[test]
    fn the_longest_idle_goes_first_whoever_it_is() {
        check(seats(&[1, 2, 2, 3], &[]), 2000, &[1, 2, 3, 4]);
        check(seats(&[1, 2, 3, 4], &[1]), 2000, &[2, 3, 4, 1]);
    }

    #[test]
    fn half_a_message_is_worth_a_second_and_no_more() {
        let mut seats = seats(&[1, 2], &[1]);
        drop(seats.take(client(3), at(2000)));
        check(seats, 4000, &[2, 1, 3]);
    }

    #[test]
    fn when_seats_go_faster_than_they_can_be_used_the_one_who_takes_most_gives_up_his_own() {
        check(seats(&[1, 2, 2, 2, 3], &[]), 100, &[2, 3, 1, 4, 5]);
        check(seats(&[1, 2, 2, 2, 3], &[2, 3, 4]), 100, &[2, 3, 1, 5, 4]);
    }

    #[test]
    fn who_gets_somewhere_goes_later_and_who_only_keeps_busy_does_not() {
        let mut seats = seats(&[1, 2, 3], &[1, 2, 3]);
        seats.advance(1, Activity::Busy, at(1000));
        seats.turn(2, Activity::Busy, at(1000));
        check(seats, 9000, &[2, 3, 1]);
    }

    #[test]
    fn who_has_moved_on_without_a_word_to_the_books_goes_later() {
        let moved = |seats: &Seats, number: u64, time| seats.taken[&number].signals.move_on(at(time));
        let mut all = seats(&[1, 2, 3, 4], &[]);
        for (number, time) in [(1, 500), (3, 300), (4, 700)] {
            moved(&all, number, time);
        }
        // Told to the books, as it is not idle any more.
        all.turn(4, Activity::Busy, at(800));
        check(all, 9000, &[2, 3, 1, 4]);

        let of_clients = seats(&[1, 1, 2, 2, 3], &[]);
        moved(&of_clients, 1, 50);
        moved(&of_clients, 2, 60);
        moved(&of_clients, 3, 90);
        // Both 1 and 2 hold most; 2 has one that has stood still for longer. Then each holds one.
        check(of_clients, 100, &[4, 1, 5, 2, 3]);
    }

    #[test]
    fn a_client_makes_room_for_itself_among_its_own() {
        let mut seats = seats(&[1, 2, 2, 2], &[2]);
        assert_eq!(seats.dismiss_of(client(2)), Some(Activity::Idle));
        assert_eq!(seats.dismiss_of(client(2)), Some(Activity::Idle));
        assert_eq!(seats.dismiss_of(client(2)), Some(Activity::Busy));
        assert_eq!(seats.dismiss_of(client(2)), None);
        assert_eq!((seats.count(), seats.count_of(client(1))), (1, 1));
    }

    proptest! {
        /// Whatever happens, all orders tell of the same seats.
        #[test]
        fn the_books_agree(steps in prop::collection::vec((0_u8..8, 1_u64..30, 1_u8..5), 0..200)) {
            let mut seats = Seats::default();
            for (time, (step, number, last)) in (0..).step_by(100).zip(steps) {
                match step {
                    0 | 1 => drop(seats.take(client(last), at(time))),
                    2 => seats.turn(number, Activity::Busy, at(time)),
                    3 => seats.turn(number, Activity::Idle, at(time)),
                    4 => seats.free(number),
                    5 => drop(seats.dismiss_any(at(time))),
                    6 => {
                        let taken = seats.taken.get(&number).filter(|taken| taken.activity == Activity::Idle);
                        taken.inspect(|taken| taken.signals.move_on(at(time)));
                    }
                    _ => drop(seats.dismiss_of(client(last))),
                }
                prop_assert_eq!(seats.all.len(), seats.count());
                prop_assert_eq!(seats.clients.values().map(BTreeMap::len).sum::<usize>(), seats.count());
                prop_assert_eq!(seats.by_size.len(), seats.clients.len());
                for (size, client) in &seats.by_size {
                    prop_assert_eq!(Some(*size), super::size(&seats.clients[client]));
                }
            }
        }
    }
}
