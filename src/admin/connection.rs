//! Bounds on those who talk to the admin listeners: how many at once, how long, how much they may send.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// What one listener grants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at once; further ones wait in the kernel's queue.
    pub(super) connections: usize,
    /// From accept to the last octet of the answer.
    pub(super) lifetime: Duration,
    /// Octets that are read from a client before it is cut off.
    pub(super) request_octets: usize,
}

impl Limits {
    /// Generous for a person and for a scraper, harmless in the hands of anybody else.
    pub(super) const DEFAULT: Limits =
        Limits { connections: 16, lifetime: Duration::from_secs(10), request_octets: 8192 };
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
        let connection = Connection {
            stream,
            deadline: Box::pin(tokio::time::sleep(self.limits.lifetime)),
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
    deadline: Pin<Box<Sleep>>,
    octets_left: usize,
    _permit: OwnedSemaphorePermit,
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
