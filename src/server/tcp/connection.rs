//! One connection: its messages are answered in order, as they come; nothing that its client does or leaves undone
//! keeps it longer than its deadlines say.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::admission::Seat;
use super::buffers::{Inbox, Outbox};
use super::service::{Pause, Service};
use super::told_to_stop;
use crate::answer::{Counter, Transport};

/// What is still read, and thrown away, of a client that is told good-bye. It may have sent that much ahead; octets
/// left unread would make the kernel reset the connection, and the answers on their way would be lost.
const FAREWELL_MAX: usize = 1 << 20;

/// An open connection.
pub(super) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    service: Arc<Service>,
    stopping: watch::Receiver<bool>,
    inbox: Inbox,
    outbox: Outbox,
    /// When reading ends, whatever happens. What is answered by then may still be taken.
    end: Instant,
    /// When the message that has begun must be whole; no octet of it moves this.
    message_deadline: Option<Instant>,
    /// The connection has lost its seat: what has come is answered, no more.
    last_round: bool,
}

/// Why a connection ends.
enum End {
    /// The client has closed its side, or the connection is broken.
    Closed,
    /// It was idle and made room for another one, or the server stops.
    Left,
    /// It made room for another one while it was at something.
    Displaced,
    /// The client did not send in time.
    Silent,
    /// The client did not take its answers in time.
    Deaf,
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
        Connection {
            stream,
            peer,
            seat,
            service,
            stopping,
            inbox,
            outbox,
            end,
            message_deadline: None,
            last_round: false,
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn serve(mut self) {
        let is_over = match self.converse().await {
            End::Closed | End::Left => return,
            End::Displaced => false,
            End::Silent => {
                self.service.count(Counter::TcpTimedOut);
                self.bid_farewell().await
            }
            End::Deaf => {
                self.service.count(Counter::TcpTimedOut);
                false
            }
        };
        if !is_over {
            // A reset: the kernel must not keep what a client does not read.
            let _ = self.stream.set_zero_linger();
        }
    }

    /// Closes our side and waits until the client, which thereby has all its answers, has closed its own (RFC 7766
    /// §6.2.3); false when it does not. As an idle connection it may be asked to leave.
    async fn bid_farewell(&mut self) -> bool {
        if self.stream.shutdown().await.is_err() {
            return true;
        }
        self.seat.rest();
        let deadline = self.writing_deadline();
        let is_over = timeout_at(deadline, read_away(&self.stream, &mut self.inbox));
        tokio::select! {
            is_over = is_over => is_over.unwrap_or(false),
            () = self.seat.asked_to_leave() => true,
            () = told_to_stop(&mut self.stopping) => true,
        }
    }

    async fn converse(&mut self) -> End {
        loop {
            let round = match self.answer_waiting() {
                Pause::Control(packet) => {
                    // Boxed: the handler's future is large, and every idle connection would hold room for it.
                    let answer = self.service.control.answer(packet, self.peer, Transport::Tcp);
                    let answer = Box::pin(answer).await;
                    self.outbox.push(&answer);
                    continue;
                }
                Pause::Full => self.write_and_give_way().await,
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

    /// Others come first when there is more to answer: a newcomer waits for one outbox of each connection at most.
    async fn write_and_give_way(&mut self) -> Result<(), End> {
        self.write().await?;
        yield_now().await;
        Ok(())
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
        let deadline = self.writing_deadline();
        let write = timeout_at(deadline, write_out(&self.stream, &mut self.outbox));
        tokio::select! {
            biased;
            written = write => written.map_err(|_| End::Deaf)??,
            () = self.seat.asked_to_leave() => return Err(End::Displaced),
        }
        if !self.inbox.is_empty() {
            self.seat.advance();
        }
        Ok(())
    }

    /// Reads some octets; none are held, nor room for them, while none are there. Between messages the connection is idle.
    async fn read(&mut self) -> Result<(), End> {
        let deadline = self.read_deadline();
        if deadline <= Instant::now() {
            return Err(End::Silent);
        }
        let idle = self.inbox.is_empty();
        if idle {
            self.inbox.give_back();
            self.seat.rest();
        }
        let end = if idle { End::Left } else { End::Displaced };
        loop {
            if self.last_round {
                return Err(end);
            }
            tokio::select! {
                biased;
                () = self.seat.asked_to_leave() => self.last_round = true,
                readable = timeout_at(deadline, self.stream.readable()) => readable.map_err(|_| End::Silent)??,
                () = told_to_stop(&mut self.stopping), if idle => return Err(End::Left),
            }
            match self.stream.try_read_buf(self.inbox.room()) {
                Ok(0) => return Err(End::Closed),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.inbox.give_back(),
                Err(error) => return Err(error.into()),
            }
        }
        self.seat.work();
        if self.inbox.is_crammed() {
            // The same for who asks much: of each one read is answered in turn.
            yield_now().await;
        }
        Ok(())
    }

    /// Until when what waits may be taken: as long as a message may take, and no longer than that after reading ends.
    /// Who has lost his seat takes it at once.
    fn writing_deadline(&self) -> Instant {
        let now = Instant::now();
        if self.last_round { now } else { now.min(self.end) + self.service.limits.message_timeout }
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

/// Writes all that waits. While the client does not take it, the memory of what it has taken is given back.
async fn write_out(stream: &TcpStream, outbox: &mut Outbox) -> io::Result<()> {
    while !outbox.as_octets().is_empty() {
        match stream.try_write(outbox.as_octets()) {
            Ok(written) => outbox.advance(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                outbox.shrink();
                stream.writable().await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Throws away what comes until the client closes its side; false when that is too much. Holds nothing while it waits.
async fn read_away(stream: &TcpStream, inbox: &mut Inbox) -> bool {
    let mut total = 0;
    inbox.forget();
    while total < FAREWELL_MAX && stream.readable().await.is_ok() {
        let read = stream.try_read_buf(inbox.room());
        inbox.forget();
        match read {
            Ok(length @ 1..) => total += length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => return true,
        }
    }
    total < FAREWELL_MAX
}
