//! The loader: one thread that drives a server, on the core that it is pinned to by its caller.
//!
//! Saturated, it keeps a closed window full, so that the server always has the next batch; at a rate it asks on time
//! whatever the server does. A burst of queries is one segmented send, so that the loader has work left to spare where
//! even the floor has none.

mod at_rate;
mod flow;
mod saturate;
mod stream;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::query::{Expected, Packets};
use crate::work::Transport;

pub use at_rate::at_rate;

/// Queries in flight over UDP: several times any server's batch, yet so few that they fit into the kernel's default
/// receive buffer (212,992 octets; a small datagram that came in a segmented send was seen to take more than 950).
pub const WINDOW: usize = 128;

/// So many networks, from one on.
#[derive(Clone, Copy)]
pub struct Networks {
    /// The number of the first one.
    pub first: u8,
    /// At least one.
    pub count: u8,
}

/// As many as there are sockets: one network alone would exceed the rate limit of the benches. Were it exceeded all the same,
/// truncated answers would be wrong ones, and the run would fail.
pub const NETWORKS: Networks = Networks { first: 0, count: 4 };
/// For a cookie, which is good for one address.
pub const ONE_NETWORK: Networks = Networks { count: 1, ..NETWORKS };

/// A query without an answer for so long is lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same where exactly so many are sent: their answers are counted on, and under callgrind they take their time.
const PATIENCE_WHEN_COUNTING: Duration = Duration::from_secs(20);

/// Whom to ask what.
#[derive(Clone, Copy)]
pub struct Target<'t> {
    /// Where the server listens.
    pub address: SocketAddr,
    /// What it is asked, over and over.
    pub packets: &'t Packets,
    /// Which answers are right; `None` takes any.
    pub expected: Option<Expected>,
    /// Queries in flight when saturated over UDP; [`WINDOW`] unless the server's buffers are known to be larger.
    pub window: usize,
    /// The networks of clients over which the sockets are spread, 127.0.n.0/24.
    pub networks: Networks,
}

/// When to stop asking.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After so long.
    Elapsed(Duration),
    /// After exactly so many queries.
    Sent(u64),
}

/// What came back.
#[derive(Debug, Default)]
pub struct Report {
    /// Queries sent.
    pub sent: u64,
    /// Answers to them, each once.
    pub answered: u64,
    /// Answers among them that are not what the work expects.
    pub wrong: u64,
    /// Queries that no answer came to in time.
    pub lost: u64,
    /// Answers by RCODE.
    pub rcodes: [u64; 16],
    /// From the first query to the last answer.
    pub elapsed: Duration,
    /// From query to answer in nanoseconds, in order of arrival.
    latencies: Vec<u32>,
}

/// Drives the server as fast as it answers.
pub fn saturate(target: &Target<'_>, transport: Transport, until: Until) -> Result<Report> {
    match transport {
        Transport::Udp => saturate::saturate(target, until, |_| {}),
        Transport::Tcp { connections, in_flight } => stream::saturate(target, connections, in_flight, until),
    }
}

/// An answer, as it comes in.
#[derive(Clone, Copy)]
pub struct Heard<'h> {
    /// All of it.
    pub octets: &'h [u8],
    /// When its query was sent.
    pub sent_at: Instant,
    /// When it was received.
    pub at: Instant,
}

/// Drives the server over UDP as fast as it answers, and tells `listener` of each answer.
pub fn saturate_and_tell(
    target: &Target<'_>,
    until: Until,
    listener: impl FnMut(Heard<'_>),
) -> Result<Report> {
    saturate::saturate(target, until, listener)
}

impl Until {
    fn patience(self) -> Duration {
        match self {
            Until::Sent(_) => PATIENCE_WHEN_COUNTING,
            Until::Elapsed(_) => PATIENCE,
        }
    }

    /// How many queries may still be sent.
    fn room(self, sent: u64, elapsed: Duration) -> u64 {
        match self {
            Until::Sent(count) => count.saturating_sub(sent),
            Until::Elapsed(limit) if elapsed < limit => u64::MAX,
            Until::Elapsed(_) => 0,
        }
    }
}

impl Report {
    /// Takes an answer in.
    fn count(&mut self, answer: &[u8], expected: Option<Expected>, latency: Duration) {
        self.answered += 1;
        if let Some(second) = answer.get(3) {
            self.rcodes[usize::from(second & 0xf)] += 1;
        }
        self.wrong += u64::from(expected.is_some_and(|right| !right.is_met_by(answer)));
        self.latencies.push(u32::try_from(latency.as_nanos()).unwrap_or(u32::MAX));
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share (0 to 1) of the answers did not exceed; `None` without answers.
    pub fn latency(&mut self, share: f64) -> Option<Duration> {
        self.latencies.sort_unstable();
        let last = self.latencies.len().checked_sub(1)?;
        Some(Duration::from_nanos(self.latencies[(last as f64 * share).round() as usize].into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_given_by_their_share() {
        let mut report = Report::default();
        assert_eq!(report.latency(0.5), None);
        for nanoseconds in (0..=100).rev() {
            report.count(&[0; 12], None, Duration::from_nanos(nanoseconds));
        }
        let at = |report: &mut Report, share| report.latency(share).unwrap().as_nanos();
        assert_eq!([at(&mut report, 0.0), at(&mut report, 0.5), at(&mut report, 0.99)], [0, 50, 99]);
        assert_eq!((report.answered, report.rcodes[0], report.wrong), (101, 101, 0));
    }

    /// A responder that leaves out every `leaves_out`-th query, until its socket has been quiet.
    fn respond(leaves_out: usize) -> (SocketAddr, std::thread::JoinHandle<()>) {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let answering = std::thread::spawn(move || {
            let mut octets = [0; 512];
            let mut number = 0;
            while let Ok((length, client)) = socket.recv_from(&mut octets) {
                number += 1;
                octets[2] |= 0x80;
                if number % leaves_out != 0 {
                    socket.send_to(&octets[..length], client).unwrap();
                }
            }
        });
        (address, answering)
    }

    #[test]
    fn every_query_at_a_rate_is_answered_once_or_lost() {
        // So few that the kernel's default buffer holds them all, should the responder be held up.
        for (leaves_out, answered, lost) in [(usize::MAX, 80, 0), (10, 72, 8)] {
            let (address, answering) = respond(leaves_out);
            let packets = Packets::new((0..10).map(|number| vec![number; 40]));
            let target =
                Target { address, packets: &packets, expected: None, window: WINDOW, networks: NETWORKS };
            let report = at_rate(&target, 10_000.0, Duration::from_millis(8)).unwrap();
            assert_eq!((report.sent, report.answered, report.lost), (80, answered, lost));
            answering.join().unwrap();
        }
    }

    #[test]
    fn a_closed_window_sends_exactly_so_many() {
        let (address, answering) = respond(usize::MAX);
        let packets = Packets::new((0..10).map(|number| vec![number; 40]));
        let target =
            Target { address, packets: &packets, expected: None, window: WINDOW, networks: NETWORKS };
        for count in [1, 7, 8, 9, 1000] {
            let report = saturate(&target, Transport::Udp, Until::Sent(count)).unwrap();
            assert_eq!((report.sent, report.answered, report.lost), (count, count, 0));
        }
        answering.join().unwrap();
    }
}
