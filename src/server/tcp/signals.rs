//! What an open connection and the books of seats tell each other without a lock that other connections want.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// What a connection is asked from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Request {
    /// To make room: its seat is somebody else's. It is told once.
    Leave = 1,
    /// To end when it is idle, because the server stops. It stays told.
    Stop = 2,
}

/// The signals of one connection.
pub(super) struct Signals {
    admitted: Instant,
    /// When the connection last got somewhere that the books were not told of, in nanoseconds since it was admitted.
    moved: AtomicU64,
    /// The requests that were made.
    requests: AtomicU8,
    /// Wakes the connection.
    waker: Mutex<Option<Waker>>,
}

impl Signals {
    /// Of a connection that is admitted now.
    pub(super) fn new(now: Instant) -> Signals {
        Signals {
            admitted: now,
            moved: AtomicU64::new(0),
            requests: AtomicU8::new(0),
            waker: Mutex::default(),
        }
    }

    /// By the connection: it has got somewhere.
    pub(super) fn move_on(&self, now: Instant) {
        let passed = now.saturating_duration_since(self.admitted).as_nanos();
        self.moved.store(u64::try_from(passed).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// When the connection last said so; when it was admitted, if it never did.
    pub(super) fn moved(&self) -> Instant {
        self.admitted + Duration::from_nanos(self.moved.load(Ordering::Relaxed))
    }

    /// By the books: asks something of the connection.
    pub(super) fn ask(&self, request: Request) {
        self.requests.fetch_or(request as u8, Ordering::Release);
        if let Some(waker) = &*self.waker.lock().unwrap_or_else(PoisonError::into_inner) {
            waker.wake_by_ref();
        }
    }

    /// Waits until the connection is asked that.
    pub(super) async fn asked(&self, request: Request) {
        poll_fn(|context| self.poll_asked(request, context)).await;
    }

    /// As [`Signals::asked`].
    pub(super) fn poll_asked(&self, request: Request, context: &mut Context<'_>) -> Poll<()> {
        // First this: a request made meanwhile either wakes or is seen.
        self.remember(context.waker());
        self.take(request)
    }

    /// Whether the connection is asked that, which it is told with this; whoever was to be woken before still is.
    pub(super) fn take(&self, request: Request) -> Poll<()> {
        if !self.is_asked(request) {
            return Poll::Pending;
        }
        if request == Request::Leave {
            self.requests.fetch_and(!(Request::Leave as u8), Ordering::Acquire);
        }
        Poll::Ready(())
    }

    /// Whether the connection is asked that; nobody is woken when it will be, but by a [`Signals::poll_asked`] before.
    pub(super) fn is_asked(&self, request: Request) -> bool {
        self.requests.load(Ordering::Acquire) & request as u8 != 0
    }

    fn remember(&self, waker: &Waker) {
        let mut known = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_request_wakes_and_leaving_is_told_once() {
        let signals = Arc::new(Signals::new(Instant::now()));
        for request in [Request::Leave, Request::Stop] {
            let waiting = Arc::clone(&signals);
            let told = tokio::spawn(async move { waiting.asked(request).await });
            tokio::task::yield_now().await;
            assert!(!told.is_finished());
            signals.ask(request);
            told.await.unwrap();
        }
        let at_once =
            async |request| tokio::time::timeout(Duration::ZERO, signals.asked(request)).await.is_ok();
        assert!(!at_once(Request::Leave).await);
        assert!(at_once(Request::Stop).await && at_once(Request::Stop).await);
        signals.ask(Request::Leave);
        assert!(at_once(Request::Leave).await && !at_once(Request::Leave).await);
    }

    #[test]
    fn a_connection_says_when_it_moved() {
        let start = Instant::now();
        let signals = Signals::new(start);
        assert_eq!(signals.moved(), start);
        signals.move_on(start + Duration::from_millis(7));
        assert_eq!(signals.moved(), start + Duration::from_millis(7));
    }
}
