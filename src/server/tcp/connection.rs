//! One connection: its messages are answered in order, as they come; nothing that its client does or leaves undone
//! keeps it longer than its deadlines say.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::admission::Seat;
use super::buffers::{Inbox, Outbox};
use super::service::{Pause, Service};
use super::told_to_stop;
use crate::answer::{Counter, Transport};

/// An open connection.
pub(super) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    service: Arc<Service>,
    stopping: watch::Receiver<bool>,
    inbox: Inbox,
    outbox: Outbox,
    /// When the connection ends, whatever happens.
    end: Instant,
    /// When the message that has begun must be whole; no octet of it moves this.
    message_deadline: Option<Instant>,
}

/// Why a connection ends.
enum End {
    /// The client has closed its side, or the connection is broken.
    Closed,
    /// It made room for another one, or the server stops.
    Left,
    /// A deadline passed.
    Deadline,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> End {
        End::Closed
    }
}

impl Connection {
    /// A connection that was just accepted.
    pub(super) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        seat: Seat,
        service: Arc<Service>,
        stopping: watch::Receiver<bool>,
    ) -> Connection {
        let end = Instant::now() + service.limits.connection_timeout;
        let (inbox, outbox) = Default::default();
        Connection { stream, peer, seat, service, stopping, inbox, outbox, end, message_deadline: None }
    }

    /// Serves the connection to its end.
    pub(super) async fn serve(mut self) {
        // Without it pipelined answers wait 40 ms for the client's acknowledgement (findings.md).
        if self.stream.set_nodelay(true).is_err() {
            return;
        }
        if let End::Deadline = self.converse().await {
            self.service.count(Counter::TcpTimedOut);
            // A reset: the kernel must not keep what a client does not read.
            let _ = self.stream.set_zero_linger();
        }
    }

    async fn converse(&mut self) -> End {
        loop {
            let round = match self.answer_waiting() {
                Pause::Control(packet) => {
                    let answer = self.service.control.answer(packet, self.peer, Transport::Tcp).await;
                    self.outbox.push(&answer);
                    continue;
                }
                Pause::Full => self.write().await,
                Pause::Done => self.write_and_read().await,
            };
            if let Err(end) = round {
                return end;
            }
        }
    }

    fn answer_waiting(&mut self) -> Pause {
        let (number, source) = (self.seat.number(), self.peer.ip());
        self.service.answer(number, source, &mut self.inbox, &mut self.outbox)
    }

    async fn write_and_read(&mut self) -> Result<(), End> {
        self.write().await?;
        self.read().await
    }

    /// Writes what waits. The client has as long to take it as it has to send a message.
    async fn write(&mut self) -> Result<(), End> {
        if self.outbox.as_octets().is_empty() {
            return Ok(());
        }
        let deadline = self.end.min(Instant::now() + self.service.limits.message_timeout);
        let write = self.stream.write_all(self.outbox.as_octets());
        timeout_at(deadline, write).await.map_err(|_| End::Deadline)??;
        self.outbox.clear();
        Ok(())
    }

    /// Reads some octets. Between messages the connection is idle and may be asked to leave.
    async fn read(&mut self) -> Result<(), End> {
        let deadline = self.read_deadline();
        if deadline <= Instant::now() {
            return Err(End::Deadline);
        }
        let idle = self.inbox.is_empty();
        if idle {
            self.seat.rest();
        }
        let read = timeout_at(deadline, self.stream.read_buf(self.inbox.room()));
        let length = tokio::select! {
            // What has come is read before leaving.
            biased;
            length = read => length.map_err(|_| End::Deadline)??,
            () = self.seat.asked_to_leave(), if idle => return Err(End::Left),
            () = told_to_stop(&mut self.stopping), if idle => return Err(End::Left),
        };
        self.seat.work();
        if length == 0 { Err(End::Closed) } else { Ok(()) }
    }

    /// Until when octets may come: of a message that has begun, all of them; otherwise the first of one.
    fn read_deadline(&mut self) -> Instant {
        let now = Instant::now();
        if self.inbox.has_given_message() {
            self.message_deadline = None;
        }
        let limits = &self.service.limits;
        let deadline = if self.inbox.is_empty() {
            now + limits.idle_timeout
        } else {
            *self.message_deadline.get_or_insert(now + limits.message_timeout)
        };
        deadline.min(self.end)
    }
}
