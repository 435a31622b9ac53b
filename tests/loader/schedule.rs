//! When queries are sent: on a fixed schedule, or as answers come.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::query::Queries;
use super::score::Score;

/// How often a receiver looks whether it is over.
const LOOK: Duration = Duration::from_millis(50);
/// The sender sleeps when it is at least so far ahead of its schedule.
const AHEAD: Duration = Duration::from_micros(50);

/// Whom to ask, and from how many sockets.
pub(crate) struct Target {
    pub(crate) server: SocketAddr,
    pub(crate) sockets: u16,
    /// How long an answer may take before it is lost.
    pub(crate) patience: Duration,
}

impl Target {
    fn connect(&self, read_timeout: Duration) -> anyhow::Result<UdpSocket> {
        let any = if self.server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any)?;
        socket.connect(self.server)?;
        socket.set_read_timeout(Some(read_timeout))?;
        Ok(socket)
    }
}

/// Sends `rate` queries a second for `length`, from all sockets in turn, whatever comes back.
pub(crate) fn at_a_rate(
    target: &Target,
    mut queries: Queries,
    score: &Arc<Score>,
    rate: u32,
    length: Duration,
) -> anyhow::Result<()> {
    let over = Arc::new(AtomicBool::new(false));
    let mut lanes = Vec::new();
    for _ in 0..target.sockets {
        lanes.push(Arc::new(Lane::new(target.connect(LOOK)?)));
    }
    let receivers: Vec<_> = lanes
        .iter()
        .map(|lane| {
            let (lane, score, over) = (Arc::clone(lane), Arc::clone(score), Arc::clone(&over));
            thread::spawn(move || lane.receive(&score, &over))
        })
        .collect();
    let start = Instant::now();
    let total = (f64::from(rate) * length.as_secs_f64()) as u64;
    for number in 0..total {
        wait_until(start + Duration::from_nanos(number * 1_000_000_000 / u64::from(rate)));
        let lane = &lanes[(number % lanes.len() as u64) as usize];
        let id = (number / lanes.len() as u64) as u16;
        lane.send(id, &queries.next(id)?, score);
    }
    thread::sleep(target.patience);
    over.store(true, Ordering::Relaxed);
    receivers.into_iter().for_each(|receiver| receiver.join().expect("a receiver does not panic"));
    score.lost(lanes.iter().map(|lane| lane.waiting()).sum());
    Ok(())
}

fn wait_until(moment: Instant) {
    let ahead = moment.saturating_duration_since(Instant::now());
    if ahead > AHEAD {
        thread::sleep(ahead);
    }
}

/// A socket and the moments at which its queries were sent.
struct Lane {
    socket: UdpSocket,
    start: Instant,
    /// By id: nanoseconds after `start`, 0 when no query with this id waits.
    waiting: Box<[AtomicU64]>,
}

impl Lane {
    fn new(socket: UdpSocket) -> Lane {
        let waiting = (0..=u16::MAX).map(|_| AtomicU64::new(0)).collect();
        Lane { socket, start: Instant::now(), waiting }
    }

    /// Notes the query before it is sent: its answer may be here before `send` returns.
    fn send(&self, id: u16, query: &[u8], score: &Score) {
        let now = (self.start.elapsed().as_nanos() as u64).max(1);
        if self.waiting[usize::from(id)].swap(now, Ordering::AcqRel) != 0 {
            score.lost(1);
        }
        score.sent();
        // A refused query is counted as lost at the end.
        let _ = self.socket.send(query);
    }

    fn receive(&self, score: &Score, over: &AtomicBool) {
        let mut octets = [0; 4096];
        while !over.load(Ordering::Relaxed) {
            // An error is the timeout, or "connection refused" while the server restarts.
            let Ok(length @ 2..) = self.socket.recv(&mut octets) else { continue };
            let now = Instant::now();
            let id = usize::from(u16::from_be_bytes([octets[0], octets[1]]));
            match self.waiting[id].swap(0, Ordering::AcqRel) {
                0 => score.duplicate(),
                sent => {
                    let after = (now - self.start).saturating_sub(Duration::from_nanos(sent));
                    score.answer(&octets[..length], now, after);
                }
            }
        }
    }

    fn waiting(&self) -> u64 {
        self.waiting.iter().filter(|sent| sent.load(Ordering::Relaxed) != 0).count() as u64
    }
}

/// Sends `count` queries in all, with at most `window` waiting for their answer on each socket.
pub(crate) fn as_answers_come(
    target: &Target,
    queries: &Queries,
    score: &Arc<Score>,
    count: u32,
    window: u16,
) -> anyhow::Result<()> {
    let left = Arc::new(AtomicU64::new(count.into()));
    let mut senders = Vec::new();
    for number in 0..target.sockets {
        let socket = target.connect(target.patience)?;
        let queries = queries.reseeded(number.into());
        let (score, left) = (Arc::clone(score), Arc::clone(&left));
        senders.push(thread::spawn(move || Window::new(socket, queries).run(&score, &left, window)));
    }
    for sender in senders {
        sender.join().expect("a sender does not panic")?;
    }
    Ok(())
}

/// A socket with a bounded number of queries in flight.
struct Window {
    socket: UdpSocket,
    queries: Queries,
    waiting: std::collections::HashMap<u16, Instant>,
    next_id: u16,
}

impl Window {
    fn new(socket: UdpSocket, queries: Queries) -> Window {
        Window { socket, queries, waiting: Default::default(), next_id: 0 }
    }

    fn run(mut self, score: &Score, left: &AtomicU64, window: u16) -> anyhow::Result<()> {
        loop {
            while self.waiting.len() < usize::from(window) && take_one(left) {
                self.send(score)?;
            }
            if self.waiting.is_empty() {
                return Ok(());
            }
            self.receive(score);
        }
    }

    fn send(&mut self, score: &Score) -> anyhow::Result<()> {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let query = self.queries.next(id)?;
        score.sent();
        self.waiting.insert(id, Instant::now());
        // A refused query is lost when the window times out.
        let _ = self.socket.send(&query);
        Ok(())
    }

    fn receive(&mut self, score: &Score) {
        let mut octets = [0; 4096];
        let Ok(length @ 2..) = self.socket.recv(&mut octets) else {
            score.lost(self.waiting.len() as u64);
            return self.waiting.clear();
        };
        let now = Instant::now();
        match self.waiting.remove(&u16::from_be_bytes([octets[0], octets[1]])) {
            Some(sent) => score.answer(&octets[..length], now, now - sent),
            None => score.duplicate(),
        }
    }
}

fn take_one(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}
