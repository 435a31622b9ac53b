//! One client: a connected UDP socket and what it waits for.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Heard, Networks, Report, Target};
use crate::kernel::{Batch, enlarge_buffers, segment_datagrams};

/// Message ids of a socket.
const IDS: usize = 1 << 16;

/// A client. Queries have ids in turn, so that each answer finds its query and the oldest one is known.
pub(super) struct Flow {
    socket: UdpSocket,
    /// By id, when it was sent; `None` where no answer is awaited.
    sent_at: Box<[Option<Instant>]>,
    next_id: u16,
    oldest_id: u16,
    in_flight: usize,
    burst: Vec<u8>,
}

impl Flow {
    /// Client number `number`.
    pub(super) fn new(target: &Target<'_>, number: u8) -> Result<Flow> {
        let Networks { first, count } = target.networks;
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, first + number % count, 1), 0))?;
        enlarge_buffers(&socket)?;
        segment_datagrams(&socket, target.packets.length())
            .context("the kernel does not segment datagrams")?;
        socket.connect(target.address)?;
        Ok(Flow {
            socket,
            sent_at: vec![None; IDS].into(),
            next_id: 0,
            oldest_id: 0,
            in_flight: 0,
            burst: Vec::new(),
        })
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Sends queries number `first` and on, as one burst; `since(n)` is from when the latency of the burst's n-th one
    /// counts.
    pub(super) fn send(
        &mut self,
        target: &Target<'_>,
        first: u64,
        count: usize,
        since: impl Fn(u64) -> Instant,
    ) -> Result<()> {
        self.burst.clear();
        for number in 0..count as u64 {
            let at = self.burst.len();
            self.burst.extend_from_slice(target.packets.get(first + number));
            self.burst[at..at + 2].copy_from_slice(&self.next_id.to_be_bytes());
            self.sent_at[usize::from(self.next_id)] = Some(since(number));
            self.next_id = self.next_id.wrapping_add(1);
        }
        self.in_flight += count;
        self.socket.send(&self.burst).context("cannot send queries")?;
        Ok(())
    }

    /// Takes in what has come, and tells `listener` of each answer; returns how many that were.
    pub(super) fn receive(
        &mut self,
        target: &Target<'_>,
        batch: &mut Batch,
        report: &mut Report,
        mut listener: impl FnMut(Heard<'_>),
    ) -> Result<usize> {
        let received = batch.receive(&self.socket, false).context("cannot receive answers")?;
        if received == 0 {
            return Ok(0);
        }
        let now = Instant::now();
        for answer in batch.datagrams() {
            let [high, low, ..] = *answer else { continue };
            let id = usize::from(u16::from_be_bytes([high, low]));
            // Of two answers to one query the second one does not count.
            let Some(sent_at) = self.sent_at[id].take() else { continue };
            self.in_flight -= 1;
            report.count(answer, target.expected, now.saturating_duration_since(sent_at));
            listener(Heard { octets: answer, sent_at, at: now });
        }
        Ok(received)
    }

    /// Gives up the queries that have waited for longer than `patience`.
    pub(super) fn give_up(&mut self, now: Instant, patience: Duration, report: &mut Report) {
        while self.in_flight > 0 {
            let oldest = &mut self.sent_at[usize::from(self.oldest_id)];
            match oldest {
                Some(sent_at) if now.saturating_duration_since(*sent_at) < patience => return,
                Some(_) => {
                    *oldest = None;
                    self.in_flight -= 1;
                    report.lost += 1;
                }
                None => {}
            }
            self.oldest_id = self.oldest_id.wrapping_add(1);
        }
        self.oldest_id = self.next_id;
    }
}
