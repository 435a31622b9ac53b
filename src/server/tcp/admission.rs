//! Who may have a connection: a cap on all together, a cap on each client, and the oldest idle one leaves for a new one.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::answer::{Counter, Tally};
use crate::config::TcpSettings;

/// An IPv6 client is the network that a site is given: its addresses are not scarce.
const IPV6_CLIENT_PREFIX: u32 = 56;

/// The connections that are open, and the caps on them.
pub(super) struct Admission {
    connections: usize,
    connections_per_client: usize,
    tally: Arc<Tally>,
    seats: Arc<Mutex<Seats>>,
}

/// The place of an open connection; it is free again when this is dropped.
pub(super) struct Seat {
    number: u64,
    leave: Arc<Notify>,
    seats: Arc<Mutex<Seats>>,
}

#[derive(Default)]
struct Seats {
    taken: HashMap<u64, Taken>,
    by_client: HashMap<IpAddr, usize>,
    /// Idle seats, the one that has been idle longest first: moment of becoming idle → number.
    idle: BTreeMap<u64, u64>,
    /// Counts admissions.
    admitted: u64,
    /// Counts the moments at which a connection became idle.
    moments: u64,
}

struct Taken {
    client: IpAddr,
    idle_since: Option<u64>,
    leave: Arc<Notify>,
}

impl Admission {
    /// Caps as configured; refused and shed connections are counted in `tally`.
    pub(super) fn new(limits: &TcpSettings, tally: Arc<Tally>) -> Admission {
        Admission {
            connections: limits.connections,
            connections_per_client: limits.connections_per_client,
            tally,
            seats: Arc::default(),
        }
    }

    /// A seat for a new connection. `None` when the client has as many as it may, or when all are taken and none is
    /// idle.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Seat> {
        let client = client_of(address);
        let mut seats = lock(&self.seats);
        let of_client = seats.by_client.get(&client).copied().unwrap_or(0);
        let full = seats.taken.len() >= self.connections;
        if of_client >= self.connections_per_client || full && !self.shed(&mut seats) {
            self.tally.count_shared(Counter::TcpRefused);
            return None;
        }
        self.tally.count_shared(Counter::TcpAccepted);
        let (number, leave) = seats.take(client);
        Some(Seat { number, leave, seats: Arc::clone(&self.seats) })
    }

    /// Asks the connection that has been idle longest to leave.
    pub(super) fn shed_oldest(&self) {
        self.shed(&mut lock(&self.seats));
    }

    fn shed(&self, seats: &mut Seats) -> bool {
        let Some((_, &number)) = seats.idle.first_key_value() else { return false };
        if let Some(taken) = seats.free(number) {
            taken.leave.notify_one();
            self.tally.count_shared(Counter::TcpShed);
        }
        true
    }
}

impl Seat {
    /// The number of the connection, counted from the start of the server.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// From now on the connection may be asked to leave.
    pub(super) fn rest(&self) {
        lock(&self.seats).rest(self.number);
    }

    /// From now on it is at work and may not.
    pub(super) fn work(&self) {
        lock(&self.seats).work(self.number);
    }

    /// Waits until the connection is asked to leave.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.seats).free(self.number);
    }
}

impl Seats {
    fn take(&mut self, client: IpAddr) -> (u64, Arc<Notify>) {
        self.admitted += 1;
        let number = self.admitted;
        let leave = Arc::new(Notify::new());
        self.taken.insert(number, Taken { client, idle_since: None, leave: Arc::clone(&leave) });
        *self.by_client.entry(client).or_default() += 1;
        (number, leave)
    }

    /// Frees a seat; a second time does nothing (a shed connection has lost its seat before it ends).
    fn free(&mut self, number: u64) -> Option<Taken> {
        self.work(number);
        let taken = self.taken.remove(&number)?;
        if let Some(count) = self.by_client.get_mut(&taken.client) {
            *count -= 1;
            if *count == 0 {
                self.by_client.remove(&taken.client);
            }
        }
        Some(taken)
    }

    fn rest(&mut self, number: u64) {
        self.moments += 1;
        let moment = self.moments;
        let Some(taken) = self.taken.get_mut(&number) else { return };
        if taken.idle_since.is_none() {
            taken.idle_since = Some(moment);
            self.idle.insert(moment, number);
        }
    }

    fn work(&mut self, number: u64) {
        let Some(taken) = self.taken.get_mut(&number) else { return };
        if let Some(moment) = taken.idle_since.take() {
            self.idle.remove(&moment);
        }
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

fn lock(seats: &Mutex<Seats>) -> MutexGuard<'_, Seats> {
    seats.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn a_client_has_its_cap_and_gets_a_seat_again_when_one_is_free() {
        let admission = admission(10, 2);
        let first = admission.admit(address(1)).unwrap();
        let _second = admission.admit(address(1)).unwrap();
        assert!(admission.admit(address(1)).is_none());
        assert!(admission.admit(address(2)).is_some());
        drop(first);
        assert!(admission.admit(address(1)).is_some());
        assert_eq!(admission.tally.get(Counter::TcpRefused), 1);
    }

    #[test]
    fn an_ipv6_client_is_its_56_bit_network() {
        let admission = admission(10, 1);
        let seat = |text: &str| admission.admit(text.parse().unwrap());
        let _held = seat("2001:db8:1:ff00::1").unwrap();
        assert!(seat("2001:db8:1:ffff::2").is_none());
        assert!(seat("2001:db8:1:fe00::1").is_some());
    }

    #[test]
    fn the_longest_idle_leaves_for_a_new_one_and_those_at_work_stay() {
        let admission = admission(3, 3);
        let seats: Vec<_> = (1..=3).map(|last| admission.admit(address(last)).unwrap()).collect();
        assert!(admission.admit(address(4)).is_none(), "nobody is idle");
        seats[1].rest();
        seats[0].rest();
        seats[1].work();
        seats[1].rest();
        let fourth = admission.admit(address(4)).unwrap();
        let left = |seat: &Seat| lock(&seat.seats).taken.contains_key(&seat.number).then_some(()).is_none();
        assert_eq!(seats.iter().map(left).collect::<Vec<_>>(), [true, false, false]);
        seats[1].work();
        assert!(admission.admit(address(5)).is_none(), "nobody is idle");
        assert_eq!(admission.tally.get(Counter::TcpShed), 1);
        drop((fourth, seats));
        let seats = lock(&admission.seats);
        assert!(seats.taken.is_empty() && seats.by_client.is_empty() && seats.idle.is_empty());
    }
}
