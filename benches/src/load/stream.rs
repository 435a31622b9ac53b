//! A closed window over TCP: so many connections with so many queries in flight each.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Report, Target, Until};
use crate::kernel::wait_readable;

/// Octets in front of each message (RFC 1035 §4.2.2).
const LENGTH: usize = 2;
const WAIT: Duration = Duration::from_millis(100);
const READ: usize = 16 << 10;

/// What all connections share.
struct Run<'t> {
    target: &'t Target<'t>,
    until: Until,
    start: Instant,
    report: Report,
}

/// A connection; the id of a query is its place among those in flight.
struct Connection {
    stream: TcpStream,
    sent_at: Vec<Option<Instant>>,
    received: Vec<u8>,
    to_send: Vec<u8>,
}

/// Keeps the window full until told to stop, then waits for what is still awaited.
pub(super) fn saturate(
    target: &Target<'_>,
    connections: usize,
    in_flight: usize,
    until: Until,
) -> Result<Report> {
    let open = |_| Connection::open(target, in_flight);
    let mut all = (0..connections).map(open).collect::<Result<Vec<_>>>()?;
    let mut run = Run { target, until, start: Instant::now(), report: Report::default() };
    for connection in &mut all {
        (0..in_flight).for_each(|id| connection.ask(id, &mut run));
        connection.flush()?;
    }
    let mut last_answer = run.start;
    // Nothing on any connection for a while: what is in flight is lost.
    while all.iter().any(Connection::waits) && last_answer.elapsed() < until.patience() {
        for index in wait_readable(all.iter().map(|connection| &connection.stream), WAIT)? {
            all[index].take_answers(&mut run)?;
            last_answer = Instant::now();
        }
    }
    run.report.lost = run.report.sent - run.report.answered;
    run.report.elapsed = last_answer - run.start;
    Ok(run.report)
}

impl Connection {
    fn open(target: &Target<'_>, in_flight: usize) -> Result<Connection> {
        let stream = TcpStream::connect(target.address).context("cannot connect")?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Connection { stream, sent_at: vec![None; in_flight], received: Vec::new(), to_send: Vec::new() })
    }

    fn waits(&self) -> bool {
        self.sent_at.iter().any(Option::is_some)
    }

    /// Puts the next query under this id, unless it is time to stop.
    fn ask(&mut self, id: usize, run: &mut Run<'_>) {
        let now = Instant::now();
        if run.until.room(run.report.sent, now - run.start) == 0 {
            return;
        }
        let packet = run.target.packets.get(run.report.sent);
        self.to_send.extend((packet.len() as u16).to_be_bytes());
        self.to_send.extend((id as u16).to_be_bytes());
        self.to_send.extend(&packet[2..]);
        self.sent_at[id] = Some(now);
        run.report.sent += 1;
    }

    /// Few octets are ever in flight, so that the kernel takes all at once.
    fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.to_send).context("cannot send queries")?;
        self.to_send.clear();
        Ok(())
    }

    /// Takes in what has come, and asks once more for each answer.
    fn take_answers(&mut self, run: &mut Run<'_>) -> Result<()> {
        self.read()?;
        let received = std::mem::take(&mut self.received);
        let mut at = 0;
        while let Some(answer) = message_at(&received, at) {
            at += LENGTH + answer.len();
            let id = answer.first_chunk::<2>().map_or(usize::MAX, |id| usize::from(u16::from_be_bytes(*id)));
            if let Some(sent_at) = self.sent_at.get_mut(id).and_then(Option::take) {
                run.report.count(answer, run.target.expected, sent_at.elapsed());
                self.ask(id, run);
            }
        }
        self.received = received;
        self.received.drain(..at);
        self.flush()
    }

    fn read(&mut self) -> Result<()> {
        let mut octets = [0; READ];
        match self.stream.read(&mut octets) {
            Ok(count) => {
                ensure!(count > 0, "the server closed a connection");
                self.received.extend(&octets[..count]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error).context("cannot receive answers"),
        }
    }
}

/// The whole message whose length stands at `at`.
fn message_at(received: &[u8], at: usize) -> Option<&[u8]> {
    let length = u16::from_be_bytes(*received.get(at..)?.first_chunk()?);
    received.get(at + LENGTH..)?.get(..usize::from(length))
}
