//! The loader past the kernel: each answer is answered with the next query, so that the window stays full.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use meridian_bench::query::{Expected, Packets};

use super::Tap;
use super::frame::read;
use crate::server::socket::xdp::{Received, Watch};

/// Without an answer for so long, nothing is on its way any more.
const QUIET: Duration = Duration::from_millis(200);
/// The most frames in a row without a look at the clock.
const ROUND: u64 = 256;

/// Whom to ask what.
pub(crate) struct Target<'t> {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// What it is asked, over and over.
    pub(crate) packets: &'t Packets,
    /// Which answers are right; `None` takes any.
    pub(crate) expected: Option<Expected>,
    /// Queries in flight.
    pub(crate) window: u64,
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Answers in time.
    pub(crate) answered: u64,
    /// Answers with a wrong header, or in frames with a wrong length or checksum.
    pub(crate) wrong: u64,
    /// Queries of the window that no answer came to.
    pub(crate) lost: u64,
}

/// A client at one end of the wire.
pub(crate) struct Client {
    tap: Tap,
    /// Gives the first queries of a window their way: it finds the neighbour.
    socket: UdpSocket,
}

impl Client {
    /// A client at `interface` that asks from `address`, whose family is that of the servers to be asked.
    pub(crate) fn new(interface: &str, address: SocketAddr) -> Result<Client> {
        let socket = UdpSocket::bind(address).with_context(|| format!("cannot bind {address}"))?;
        Ok(Client { tap: Tap::open(interface, address)?, socket })
    }

    /// Keeps a window full for `duration`; then takes in what is still on its way.
    pub(crate) fn saturate(&mut self, target: &Target<'_>, duration: Duration) -> Result<Report> {
        let mut report = Report::default();
        for number in 0..target.window {
            self.socket.send_to(target.packets.get(number), target.address)?;
        }
        let mut watch = Watch::new(std::iter::once(&self.tap.queue));
        let start = Instant::now();
        let mut sent = target.window;
        let mut next_look = ROUND;
        let mut is_over = false;
        let mut last = start;
        loop {
            if self.tap.queue.receive() == 0 {
                watch.wait(QUIET)?;
                is_over |= start.elapsed() >= duration;
                if is_over && last.elapsed() >= QUIET {
                    break;
                }
                if self.tap.queue.receive() == 0 {
                    continue;
                }
            }
            while let Some(Received { frame, out }) = self.tap.queue.take() {
                let Ok(answer) = read(frame) else {
                    report.wrong += 1;
                    continue;
                };
                report.answered += 1;
                report.wrong +=
                    u64::from(target.expected.is_some_and(|right| !right.is_met_by(answer.message)));
                if is_over {
                    continue;
                }
                let (headers, packet) = (answer.headers(), target.packets.get(sent));
                out[headers..headers + packet.len()].copy_from_slice(packet);
                out[headers..headers + 2].copy_from_slice(&(sent as u16).to_be_bytes());
                sent += 1;
                let length = answer.write_answer(out, packet.len(), sent as u16);
                self.tap.queue.answer(length);
            }
            self.tap.queue.send().error.map_or(Ok(()), Err)?;
            last = Instant::now();
            if report.answered >= next_look {
                next_look = report.answered + ROUND;
                is_over |= last - start >= duration;
            }
        }
        report.lost = sent - report.answered;
        Ok(report)
    }
}
