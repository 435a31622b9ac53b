//! Bounds on those who talk to the admin listeners: how many at once, how long, how much they may send.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

use super::control;

/// What one listener grants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at once; further ones wait in the kernel's queue.
    pub(super) connections: usize,
    /// From accept to the end of the request's head: who says nothing does not keep others out for long.
    pub(super) head: Duration,
    /// From accept to the last octet of the answer.
    pub(super) lifetime: Duration,
    /// Octets that are read from a client before it is cut off.
    pub(super) request_octets: usize,
}

impl Limits {
    /// Generous for a person and for a scraper, harmless in the hands of anybody else.
    pub(super) const METRICS: Limits = Limits {
        connections: 16,
        head: Duration::from_secs(2),
        lifetime: Duration::from_secs(10),
        request_octets: 8192,
    };
    /// For the socket that only the server's user can open: its requests have a body, and some take their time.
    pub(super) const CONTROL: Limits = Limits {
        lifetime: Duration::from_secs(40),
        request_octets: 8192 + control::REQUEST_MAX,
        ..Limits::METRICS
    };
}

/// A listener whose connections keep to [`Limits`].
pub(super) struct Bounded<L> {
    listener: L,
    limits: Limits,
    free: Arc<Semaphore>,
}

impl<L> Bounded<L> {
    /// Puts limits on a listener.
    pub(super) fn new(listener: L, limits: Limits) -> Bounded<L> {
        Bounded { listener, limits, free: Arc::new(Semaphore::new(limits.connections)) }
    }
}

impl<L: Listener> Listener for Bounded<L> {
    type Io = Connection<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let permit = Arc::clone(&self.free).acquire_owned().await.expect("the semaphore is never closed");
        let (stream, address) = self.listener.accept().await;
        let accepted = Instant::now();
        let connection = Connection {
            stream,
            head: Head::default(),
            deadline: Box::pin(sleep_until(accepted + self.limits.head.min(self.limits.lifetime))),
            end: accepted + self.limits.lifetime,
            octets_left: self.limits.request_octets,
            _permit: permit,
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// One connection: fails once its time is over or its client has sent too much, and then is closed.
pub(super) struct Connection<S> {
    stream: S,
    head: Head,
    /// Of the head, then of the whole.
    deadline: Pin<Box<Sleep>>,
    end: Instant,
    octets_left: usize,
    _permit: OwnedSemaphorePermit,
}

/// How far the head of a request has come: its end is the first empty line after a line that is not (RFC 9112 §2.1,
/// §2.2).
#[derive(Default, PartialEq, Eq)]
enum Head {
    /// Nothing but line ends so far.
    #[default]
    Awaited,
    /// Within a line.
    Line,
    /// At the start of a line.
    LineStart,
    Over,
}

impl Head {
    /// Takes the next octets; whether the head ends in them.
    fn ends_in(&mut self, octets: &[u8]) -> bool {
        let was_over = *self == Head::Over;
        for octet in octets {
            *self = match (&*self, octet) {
                (Head::Over, _) | (Head::LineStart, b'\n') => Head::Over,
                (Head::Awaited, b'\r' | b'\n') => Head::Awaited,
                (Head::LineStart, b'\r') => Head::LineStart,
                (Head::Line, b'\n') => Head::LineStart,
                _ => Head::Line,
            };
        }
        !was_over && *self == Head::Over
    }
}

impl<S> Connection<S> {
    fn check_deadline(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => Err(ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_deadline(context)?;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer)?;
        let read = buffer.filled().len() - before;
        let Some(left) = self.octets_left.checked_sub(read) else {
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, "the request is too large")));
        };
        self.octets_left = left;
        if self.head.ends_in(&buffer.filled()[before..]) {
            let end = self.end;
            self.deadline.as_mut().reset(end);
        }
        polled.map(Ok)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_deadline(context)?;
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_deadline(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_deadline(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(octets: &str, ends: bool) {
        let whole = Head::default().ends_in(octets.as_bytes());
        let mut head = Head::default();
        let pieces = octets.bytes().filter(|&octet| head.ends_in(&[octet])).count();
        assert_eq!((whole, pieces), (ends, usize::from(ends)), "{octets:?}");
    }

    #[test]
    fn a_head_ends_with_the_first_empty_line_behind_one_that_is_not() {
        check("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true);
        check("\r\nGET / HTTP/1.1\n\nand more\r\n\r\n", true);
        check("", false);
        check("\r\n\r\n\r\n\r\n", false);
        check("GET / HTTP/1.1\r\nHost: x\r\n", false);
        check("GET / HTTP/1.1\r\nHost: x\r\n\r", false);
    }
}
