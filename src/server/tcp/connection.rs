//! One connection: its messages are answered in order, as they come; nothing that its client does or leaves undone
//! keeps it longer than its deadlines say.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::admission::Seat;
use super::alarm::Alarm;
use super::buffers::{Inbox, Outbox};
use super::regulars::{Reason, Regular, Returned};
use super::service::{Pause, Service};
use super::signals::Request;
use crate::answer::{Counter, Transport};
use crate::server::socket::{receive, send};

/// What is still read, and thrown away, of a client that is told good-bye. It may have sent that much ahead; octets
/// left unread would make the kernel reset the connection, and the answers on their way would be lost.
const FAREWELL_MAX: usize = 1 << 20;

/// After so many messages, one at a time, a connection is one of the regulars: one that was opened for a single query, as most
/// are, is not worth the move. In the tests nearly all of them are.
const REGULAR_RESTS: u32 = if cfg!(test) { 1 } else { 16 };

/// An open connection.
pub(super) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    service: Arc<Service>,
    inbox: Inbox,
    outbox: Outbox,
    /// When reading ends, whatever happens. What is answered by then may still be taken.
    end: Instant,
    /// When the message that has begun must be whole; no octet of it moves this.
    message_deadline: Option<Instant>,
    alarm: Alarm,
    /// Times at which it was idle after a message, since it was last among the regulars.
    rests: u32,
    /// How many make it one of them.
    rests_of_a_regular: u32,
    /// The connection has lost its seat: what has come is answered, no more.
    last_round: bool,
}

/// What may happen while a connection waits for octets.
enum Event {
    /// It is asked to make room.
    AskedToLeave,
    /// Octets came (none: the client has closed its side), or the connection is broken.
    Read(io::Result<usize>),
    /// The server stops.
    Stopping,
    /// It is too late for octets.
    Late,
}

/// Why a connection ends, or leaves its task for a while.
enum End {
    /// It is served among the regulars.
    Regular,
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
    pub(super) fn new(stream: TcpStream, peer: SocketAddr, seat: Seat, service: Arc<Service>) -> Connection {
        let now = Instant::now();
        let end = now + service.limits.connection_timeout;
        let alarm = Alarm::new(now + service.limits.idle_timeout);
        let (inbox, outbox) = Default::default();
        Connection {
            stream,
            peer,
            seat,
            service,
            inbox,
            outbox,
            end,
            message_deadline: None,
            alarm,
            rests: 0,
            rests_of_a_regular: REGULAR_RESTS,
            last_round: false,
        }
    }

    /// Serves the connection to its end, among the regulars once it is one of them, as long as nothing odd comes.
    pub(super) async fn serve(mut self) {
        let end = loop {
            let end = self.converse().await;
            let End::Regular = end else { break end };
            // With this runtime out of the way: it would be told of each message, too.
            let Ok(stream) = self.stream.into_std() else { return };
            let (source, end) = (self.peer.ip(), self.end.into_std());
            let regular = Regular { stream, seat: self.seat, source, end };
            let Ok(returned) = self.service.regulars.serve(regular).await else { return };
            let Returned { stream, seat, inbox, outbox, reason } = *returned;
            let Ok(stream) = TcpStream::from_std(stream) else { return };
            (self.stream, self.seat, self.inbox, self.outbox) = (stream, seat, inbox, outbox);
            self.rests = 0;
            // Who comes back again and again is better off here.
            self.rests_of_a_regular = self.rests_of_a_regular.saturating_mul(2);
            match reason {
                Reason::Needy => {}
                Reason::Control(packet) => self.answer_control(packet).await,
                Reason::Late => break End::Silent,
            }
        };
        self.part(end).await;
    }

    /// Ends the connection as its end deserves.
    async fn part(&mut self, end: End) {
        let is_over = match end {
            End::Closed | End::Left | End::Regular => return,
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
        self.seat.rest(true, Instant::now().into_std());
        let deadline = self.writing_deadline();
        let is_over = timeout_at(deadline, read_away(&self.stream, &mut self.inbox));
        let signals = self.seat.signals();
        tokio::select! {
            is_over = is_over => is_over.unwrap_or(false),
            () = signals.asked(Request::Leave) => true,
            () = signals.asked(Request::Stop) => true,
        }
    }

    async fn converse(&mut self) -> End {
        loop {
            let (pause, now) = self.answer_waiting();
            let round = match pause {
                Pause::Control(packet) => {
                    self.answer_control(packet).await;
                    continue;
                }
                Pause::Full => self.write_and_give_way().await,
                Pause::Done => self.write_and_read(now).await,
            };
            if let Err(end) = round {
                return end;
            }
        }
    }

    async fn answer_control(&mut self, packet: Vec<u8>) {
        self.seat.work();
        // Boxed: the handler's future is large, and every idle connection would hold room for it.
        let answer = self.service.control.answer(packet, self.peer, Transport::Tcp);
        let answer = Box::pin(answer).await;
        self.outbox.push(&answer);
    }

    fn answer_waiting(&mut self) -> (Pause, Instant) {
        let (pause, now) = self.service.answer(self.peer.ip(), &mut self.inbox, &mut self.outbox);
        (pause, now.into())
    }

    /// Others come first when there is more to answer: a newcomer waits for one outbox of each connection at most.
    async fn write_and_give_way(&mut self) -> Result<(), End> {
        if !self.write_at_once()? {
            self.write_patiently().await?;
        }
        yield_now().await;
        Ok(())
    }

    async fn write_and_read(&mut self, mut now: Instant) -> Result<(), End> {
        if !self.write_at_once()? {
            self.write_patiently().await?;
            now = Instant::now();
        }
        self.read(now).await
    }

    /// Writes what the client takes at once; whether that is all that waits.
    fn write_at_once(&mut self) -> Result<bool, End> {
        if self.outbox.as_octets().is_empty() {
            return Ok(true);
        }
        let is_all = write_now(&self.stream, &mut self.outbox)?;
        if is_all {
            self.advance();
        }
        Ok(is_all)
    }

    /// Answers were taken.
    fn advance(&mut self) {
        if !self.inbox.is_empty() {
            self.seat.advance();
        }
    }

    /// Writes what the client has not taken at once. It has as long for that as it has to send a message.
    async fn write_patiently(&mut self) -> Result<(), End> {
        self.seat.work();
        let deadline = self.writing_deadline();
        // Boxed for the same reason: few connections come here.
        let write = Box::pin(timeout_at(deadline, write_out(&self.stream, &mut self.outbox)));
        tokio::select! {
            biased;
            written = write => written.map_err(|_| End::Deaf)??,
            () = self.seat.signals().asked(Request::Leave) => return Err(End::Displaced),
        }
        self.advance();
        Ok(())
    }

    /// Reads some octets; none are held, nor room for them, while none are there. Between messages the connection is idle.
    async fn read(&mut self, now: Instant) -> Result<(), End> {
        let deadline = self.read_deadline(now);
        if deadline <= now {
            return Err(End::Silent);
        }
        let idle = self.inbox.is_empty();
        let end = if idle { End::Left } else { End::Displaced };
        if self.last_round {
            return Err(end);
        }
        if idle {
            let has_given_message = self.inbox.has_given_message();
            self.seat.rest(has_given_message, now.into_std());
            self.rests += u32::from(has_given_message);
            if self.rests >= self.rests_of_a_regular && !self.service.regulars.is_empty() {
                self.inbox.forget();
                return Err(End::Regular);
            }
        } else {
            self.seat.work();
        }
        let length = match poll_fn(|context| self.poll_event(deadline, idle, context)).await {
            Event::Read(length) => length?,
            Event::Stopping => return Err(End::Left),
            Event::Late => return Err(End::Silent),
            Event::AskedToLeave => {
                self.last_round = true;
                match receive(&self.stream, self.inbox.room()) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(end),
                    length => length?,
                }
            }
        };
        if length == 0 {
            return Err(End::Closed);
        }
        if self.inbox.is_crammed() {
            // The same for who asks much: of each one read is answered in turn.
            yield_now().await;
        }
        Ok(())
    }

    /// One future for all that a connection waits for: nothing of it is made anew or registered anew for each message.
    fn poll_event(&mut self, deadline: Instant, idle: bool, context: &mut Context<'_>) -> Poll<Event> {
        // Before octets: there may always be some more.
        if !self.seat.signals().is_asked(Request::Leave)
            && let Poll::Ready(length) = self.poll_read(context)
        {
            return Poll::Ready(Event::Read(length));
        }
        if self.seat.poll_asked(Request::Leave, context).is_ready() {
            return Poll::Ready(Event::AskedToLeave);
        }
        // The waker is known from above.
        if idle && self.seat.signals().is_asked(Request::Stop) {
            return Poll::Ready(Event::Stopping);
        }
        self.alarm.poll(deadline, context).map(|()| Event::Late)
    }

    /// Reads once. Not with `try_read`: this notices by a read that left room that nothing more is there, and saves the
    /// read that would be told so. The room is there before it is known whether it is wanted, which costs less than asking.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let read = pin!(self.stream.read_buf(self.inbox.room())).poll(context);
        if read.is_pending() {
            self.inbox.give_back();
        }
        read
    }

    /// Until when what waits may be taken: as long as a message may take, and no longer than that after reading ends.
    /// Who has lost his seat takes it at once.
    fn writing_deadline(&self) -> Instant {
        let now = Instant::now();
        if self.last_round { now } else { now.min(self.end) + self.service.limits.message_timeout }
    }

    /// Until when octets may come: of a message that has begun, all of them; otherwise the first of one.
    fn read_deadline(&mut self, now: Instant) -> Instant {
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

/// Writes what the client takes at once; whether that is all. Asked is the kernel, not the runtime: it knows nothing yet of a
/// connection that it was just given back.
fn write_now(stream: &TcpStream, outbox: &mut Outbox) -> io::Result<bool> {
    match send(stream, outbox.as_octets()) {
        Ok(written) => outbox.advance(written),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        Err(error) => return Err(error),
    }
    Ok(outbox.as_octets().is_empty())
}

/// The same for one that waits until the client takes more.
fn try_write_out(stream: &TcpStream, outbox: &mut Outbox) -> io::Result<bool> {
    while !outbox.as_octets().is_empty() {
        match stream.try_write(outbox.as_octets()) {
            Ok(written) => outbox.advance(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Writes all that waits. While the client does not take it, the memory of what it has taken is given back.
async fn write_out(stream: &TcpStream, outbox: &mut Outbox) -> io::Result<()> {
    while !try_write_out(stream, outbox)? {
        outbox.shrink();
        stream.writable().await?;
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
