//! A loader that sends at a steady rate whatever comes back, counts what is lost, and has every answer judged.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::client::{receive, socket_to};

/// How long after the last query answers are waited for.
const GRACE: Duration = Duration::from_secs(2);
/// At most so many faults are kept.
const FAULTS_KEPT: usize = 20;
/// One place for each message id.
const IDS: usize = 1 << 16;

/// What a run of the loader saw.
#[derive(Debug, Default)]
pub struct Report {
    pub sent: u64,
    pub answered: u64,
    /// What the judge said, the first few.
    pub faults: Vec<String>,
    /// The longest time between two answers.
    pub longest_gap: Duration,
}

impl Report {
    /// Panics unless every query was answered and every answer was right.
    pub fn assert_clean(&self) {
        assert!(self.faults.is_empty(), "{self:#?}");
        assert_eq!(self.sent, self.answered, "lost queries: {self:?}");
    }
}

/// Judges the answer to a query by the query's number, the moment it was sent, and the octets that came back.
pub type Judge<'t> = dyn Fn(u64, Instant, &[u8]) -> Result<(), String> + Sync + 't;

/// The loader, running beside what the test does.
pub struct Load<'t> {
    pub server: SocketAddr,
    pub per_second: u32,
    /// The octets of query number n, with the given id.
    pub query: &'t (dyn Fn(u64, u16) -> Vec<u8> + Sync),
    pub judge: &'t Judge<'t>,
}

/// A query on its way.
#[derive(Clone, Copy)]
struct Sent {
    number: u64,
    at: Instant,
}

/// What sender and receiver share.
struct Traffic {
    socket: UdpSocket,
    /// By message id.
    waiting: Vec<Mutex<Option<Sent>>>,
    sent: AtomicU64,
    /// No further query is wanted.
    stop: AtomicBool,
    /// No further query comes.
    finished: AtomicBool,
}

/// Stops the sender also when the test fails meanwhile.
struct StopAtEnd<'t>(&'t Traffic);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::SeqCst);
    }
}

impl Load<'_> {
    /// Runs the loader while `act` runs; returns what both gave.
    pub fn during<T>(&self, act: impl FnOnce() -> T) -> (T, Report) {
        let traffic = Traffic {
            socket: socket_to(self.server),
            waiting: (0..IDS).map(|_| Mutex::new(None)).collect(),
            sent: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            finished: AtomicBool::new(false),
        };
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| self.send(&traffic));
            let receiver = scope.spawn(|| self.receive(&traffic));
            let end = StopAtEnd(&traffic);
            let result = act();
            drop(end);
            let refused = sender.join().expect("the sender ends");
            let mut report = receiver.join().expect("the receiver ends");
            report.sent = traffic.sent.load(Ordering::SeqCst);
            report.faults.extend(refused);
            (result, report)
        })
    }

    /// Sends until it is told to stop; gives the fault that ended it before.
    fn send(&self, traffic: &Traffic) -> Option<String> {
        let start = Instant::now();
        let refused = (0..).take_while(|_| !traffic.stop.load(Ordering::SeqCst)).find_map(|number| {
            // Late ones leave at once: the rate holds on average.
            let due = start + Duration::from_secs(1) * number / self.per_second;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            self.send_one(traffic, u64::from(number)).err()
        });
        traffic.finished.store(true, Ordering::SeqCst);
        refused
    }

    fn send_one(&self, traffic: &Traffic, number: u64) -> Result<(), String> {
        let id = number as u16;
        let octets = (self.query)(number, id);
        *lock(&traffic.waiting[usize::from(id)]) = Some(Sent { number, at: Instant::now() });
        traffic.sent.fetch_add(1, Ordering::SeqCst);
        match traffic.socket.send(&octets) {
            Ok(_) => Ok(()),
            Err(fault) => Err(format!("query {number} could not be sent: {fault}")),
        }
    }

    /// Takes answers until the last query has its own or was waited for long enough.
    fn receive(&self, traffic: &Traffic) -> Report {
        let mut report = Report::default();
        let mut last = Instant::now();
        let mut finished_at = None;
        loop {
            if let Some(octets) = receive(&traffic.socket, Duration::from_millis(50)) {
                report.longest_gap = report.longest_gap.max(last.elapsed());
                last = Instant::now();
                if let Err(fault) = self.judge_one(&traffic.waiting, &octets) {
                    report.faults.truncate(FAULTS_KEPT - 1);
                    report.faults.push(fault);
                }
                report.answered += 1;
            }
            if traffic.finished.load(Ordering::SeqCst) {
                let since = *finished_at.get_or_insert_with(Instant::now);
                if report.answered >= traffic.sent.load(Ordering::SeqCst) || since.elapsed() > GRACE {
                    return report;
                }
            }
        }
    }

    fn judge_one(&self, waiting: &[Mutex<Option<Sent>>], octets: &[u8]) -> Result<(), String> {
        let [upper, lower, ..] = octets else { return Err(format!("an answer of {} octets", octets.len())) };
        let id = u16::from_be_bytes([*upper, *lower]);
        let sent = lock(&waiting[usize::from(id)]).take();
        let sent = sent.ok_or_else(|| format!("an answer with the id {id} that nobody waits for"))?;
        (self.judge)(sent.number, sent.at, octets).map_err(|fault| format!("query {}: {fault}", sent.number))
    }
}

fn lock(slot: &Mutex<Option<Sent>>) -> std::sync::MutexGuard<'_, Option<Sent>> {
    slot.lock().expect("no holder of this lock panics")
}

/// What a server can do with all it gets.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// Answers a second.
    pub rate: f64,
    /// From a query to its answer, in half of the cases less.
    pub median: Duration,
    /// Queries without an answer.
    pub lost: u64,
}

/// Asks `count` queries (the octets of number n with the given id), as many at once as a window holds, the next one with
/// each answer.
pub fn saturate(server: SocketAddr, count: u64, query: &mut dyn FnMut(u64, u16) -> Vec<u8>) -> Flow {
    /// Queries under way: enough to keep a server busy, too few to lose any.
    const WINDOW: u64 = 64;
    /// Who has not answered by then has lost all that are under way.
    const LOST_AFTER: Duration = Duration::from_millis(500);
    let socket = socket_to(server);
    socket.set_read_timeout(Some(LOST_AFTER)).expect("a timeout can be set");
    let start = Instant::now();
    let mut sent_at = vec![start; IDS];
    let (mut sent, mut answered, mut lost) = (0, 0, 0);
    let mut times = Vec::new();
    let mut buffer = [0; 4096];
    while answered + lost < count {
        while sent < count && sent - answered - lost < WINDOW {
            let octets = query(sent, sent as u16);
            sent_at[usize::from(sent as u16)] = Instant::now();
            socket.send(&octets).expect("a query can be sent");
            sent += 1;
        }
        match socket.recv(&mut buffer) {
            Ok(2..) => {
                let id = u16::from_be_bytes([buffer[0], buffer[1]]);
                times.push(sent_at[usize::from(id)].elapsed().as_micros() as u32);
                answered += 1;
            }
            // Late answers to what counts as lost are answers to nothing.
            _ => lost = sent - answered,
        }
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let rate = answered as f64 / start.elapsed().as_secs_f64();
    Flow { rate, median: Duration::from_micros(median.into()), lost }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every query but each tenth, for as long as queries come.
    fn forgetful_server(socket: &UdpSocket) {
        let mut buffer = [0; 512];
        socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            if u16::from_be_bytes([buffer[0], buffer[1]]) % 10 != 3 {
                socket.send_to(&buffer[..length], from).unwrap();
            }
        }
    }

    #[test]
    fn losses_are_counted_and_answers_judged() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let server = socket.local_addr().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| forgetful_server(&socket));
            let query = |_, id: u16| id.to_be_bytes().to_vec();
            let judge = |number, _, octets: &[u8]| match number {
                7 => Err(format!("seven: {octets:?}")),
                _ => Ok(()),
            };
            let load = Load { server, per_second: 1000, query: &query, judge: &judge };
            let ((), report) = load.during(|| std::thread::sleep(Duration::from_millis(200)));
            assert!(report.sent >= 50, "{report:?}");
            let expected_losses = (0..report.sent).filter(|number| number % 10 == 3).count() as u64;
            assert_eq!(report.sent - report.answered, expected_losses, "{report:?}");
            assert_eq!(report.faults, ["query 7: seven: [0, 7]"]);
        });
    }
}
