//! One timer for a connection's whole life.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, Sleep, sleep_until};

/// Tells when a deadline has passed. Deadlines nearly always move on: the timer is left where it is and asked again when it
/// goes off, so that a connection which is never late sets it once in a timeout, not once for each message.
pub(super) struct Alarm {
    timer: Pin<Box<Sleep>>,
    /// Whom the timer will wake.
    known: Option<Waker>,
}

impl Alarm {
    /// An alarm whose first deadline is about this.
    pub(super) fn new(deadline: Instant) -> Alarm {
        Alarm { timer: Box::pin(sleep_until(deadline)), known: None }
    }

    /// Ready once the deadline has passed.
    pub(super) fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        if deadline < self.timer.deadline() {
            self.set(deadline);
        }
        loop {
            if self.will_wake(context.waker()) {
                return Poll::Pending;
            }
            // A task at the end of its budget is told to come again before the timer looks at anything.
            self.known = has_budget_remaining().then(|| context.waker().clone());
            ready!(self.timer.as_mut().poll(context));
            if self.timer.deadline() >= deadline {
                return Poll::Ready(());
            }
            self.set(deadline);
        }
    }

    /// Whether the timer knows that waker already and has not gone off: then there is no need to tell it again.
    fn will_wake(&self, waker: &Waker) -> bool {
        !self.timer.is_elapsed() && self.known.as_ref().is_some_and(|known| known.will_wake(waker))
    }

    fn set(&mut self, deadline: Instant) {
        self.timer.as_mut().reset(deadline);
        self.known = None;
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::time::Duration;

    use tokio::task::coop::consume_budget;

    use super::*;

    /// Waits for the deadlines one after the other, each so many milliseconds after the start; checks that none is early.
    async fn check(first: u64, deadlines: &[u64]) {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut alarm = Alarm::new(at(first));
        for &deadline in deadlines {
            poll_fn(|context| alarm.poll(at(deadline), context)).await;
            assert!(Instant::now() >= at(deadline), "{deadline} of {deadlines:?}");
        }
    }

    #[tokio::test]
    async fn an_alarm_asked_without_budget_goes_off_too() {
        let deadline = Instant::now() + Duration::from_millis(20);
        let mut alarm = Alarm::new(deadline);
        let mut spending = true;
        poll_fn(|context| {
            while spending && has_budget_remaining() {
                ready!(pin!(consume_budget()).poll(context));
            }
            spending = false;
            alarm.poll(deadline, context)
        })
        .await;
        assert!(Instant::now() >= deadline);
    }

    #[tokio::test]
    async fn an_alarm_goes_off_at_the_deadline_wherever_its_timer_stands() {
        check(20, &[20]).await;
        check(3_600_000, &[20, 10, 40]).await;
        check(5, &[40, 50]).await;
    }
}
