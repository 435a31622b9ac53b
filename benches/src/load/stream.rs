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
    let mut all =
        (0..connections).map(|_| Connection::open(target, in_flight)).collect::<Result<Vec<_>>>()?;
    let mut report = Report::default();
    let start = Instant::now();
    for connection in &mut all {
        (0..in_flight).for_each(|id| connection.ask(id, target, &mut report, until, start));
        connection.flush()?;
    }
    let mut last_answer = start;
    while all.iter().any(Connection::waits) {
        let mut ready = Vec::new();
        wait_readable(all.iter().map(|connection| &connection.stream), WAIT, |index| {
            ready.push(index);
            Ok(())
        })?;
        for &index in &ready {
            all[index].take_answers(target, &mut report, until, start)?;
            last_answer = Instant::now();
        }
        // Nothing on any connection: what is in flight is lost.
        if last_answer.elapsed() > until.patience() {
            break;
        }
    }
    report.lost = report.sent - report.answered;
    report.elapsed = last_answer - start;
    Ok(report)
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
    fn ask(&mut self, id: usize, target: &Target<'_>, report: &mut Report, until: Until, start: Instant) {
        let now = Instant::now();
        if until.room(report.sent, now - start) == 0 {
            return;
        }
        let packet = target.packets.get(report.sent);
        self.to_send.extend((packet.len() as u16).to_be_bytes());
        self.to_send.extend((id as u16).to_be_bytes());
        self.to_send.extend(&packet[2..]);
        self.sent_at[id] = Some(now);
        report.sent += 1;
    }

    /// Few octets are ever in flight, so that the kernel takes all at once.
    fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.to_send).context("cannot send queries")?;
        self.to_send.clear();
        Ok(())
    }

    fn take_answers(
        &mut self,
        target: &Target<'_>,
        report: &mut Report,
        until: Until,
        start: Instant,
    ) -> Result<()> {
        self.read()?;
        let mut at = 0;
        while let Some(answer) = message_at(&self.received, at) {
            let answer = answer.to_vec();
            at += LENGTH + answer.len();
            let id = answer.first_chunk::<2>().map_or(usize::MAX, |id| usize::from(u16::from_be_bytes(*id)));
            if let Some(sent_at) = self.sent_at.get_mut(id).and_then(Option::take) {
                report.count(&answer, target.expected, sent_at.elapsed());
                self.ask(id, target, report, until, start);
            }
        }
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
