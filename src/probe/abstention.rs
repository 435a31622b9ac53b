//! When the prober cannot tell, and saying so once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why a probe says nothing about the member: what went wrong is on this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abstention {
    /// EMFILE, ENFILE, ENOBUFS, ENOMEM: no socket can be opened.
    Descriptors,
    /// EADDRNOTAVAIL: no free local port, or no local address of the family.
    LocalAddress,
    /// ENETUNREACH, ENETDOWN: this machine has no route there. (EHOSTUNREACH is a failure: a router tried.)
    NoRoute,
    /// The probe panicked.
    Fault,
}

/// How many causes there are.
const CAUSES: usize = 4;

/// The reason as verdicts, logs and `status` show it.
impl fmt::Display for Abstention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Abstention::Descriptors => "out of file descriptors or memory for sockets",
            Abstention::LocalAddress => "no free local port or address",
            Abstention::NoRoute => "no route to the address",
            Abstention::Fault => "the prober itself failed",
        })
    }
}

/// How many targets abstain at present, by cause. Logged when the first one begins and when the last one ends: a
/// full descriptor table concerns every target at once, and one line a target would bury the one that matters.
#[derive(Debug, Default)]
pub(super) struct Abstaining {
    targets: [AtomicUsize; CAUSES],
}

impl Abstaining {
    /// Counts one target in; true if it is the first.
    fn enter(&self, cause: Abstention) -> bool {
        self.targets[cause as usize].fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Counts one target out; true if it was the last.
    fn leave(&self, cause: Abstention) -> bool {
        self.targets[cause as usize].fetch_sub(1, Ordering::Relaxed) == 1
    }
}

/// Whether one target abstains; it leaves the count when the target is no longer probed.
pub(super) struct Standing {
    all: Arc<Abstaining>,
    cause: Option<Abstention>,
}

impl Standing {
    /// A target that has not abstained yet.
    pub(super) fn new(all: &Arc<Abstaining>) -> Standing {
        Standing { all: Arc::clone(all), cause: None }
    }

    /// Takes in what the latest probe ended with; `label` names the target in the log.
    pub(super) fn update(&mut self, cause: Option<Abstention>, label: &str) {
        if cause == self.cause {
            return;
        }
        self.leave();
        self.cause = cause;
        if let Some(cause) = cause
            && self.all.enter(cause)
        {
            tracing::warn!("{label}: probes abstain: {cause}; health stays as it is");
        }
    }

    fn leave(&mut self) {
        if let Some(cause) = self.cause.take()
            && self.all.leave(cause)
        {
            tracing::info!("no probe abstains any more because of: {cause}");
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_to_enter_and_the_last_to_leave_are_told() {
        let all = Abstaining::default();
        assert!(all.enter(Abstention::NoRoute));
        assert!(!all.enter(Abstention::NoRoute));
        assert!(all.enter(Abstention::Descriptors), "causes are counted apart");
        assert!(!all.leave(Abstention::NoRoute));
        assert!(all.leave(Abstention::NoRoute));
    }

    #[test]
    fn a_target_counts_once_under_its_latest_cause_and_not_at_all_when_it_is_gone() {
        let all = Arc::new(Abstaining::default());
        let counts = || all.targets.each_ref().map(|count| count.load(Ordering::Relaxed));
        let mut standing = Standing::new(&all);
        standing.update(Some(Abstention::Descriptors), "web: 192.0.2.1");
        standing.update(Some(Abstention::Descriptors), "web: 192.0.2.1");
        assert_eq!(counts(), [1, 0, 0, 0]);
        standing.update(Some(Abstention::NoRoute), "web: 192.0.2.1");
        assert_eq!(counts(), [0, 0, 1, 0]);
        standing.update(None, "web: 192.0.2.1");
        assert_eq!(counts(), [0; CAUSES]);
        standing.update(Some(Abstention::Fault), "web: 192.0.2.1");
        drop(standing);
        assert_eq!(counts(), [0; CAUSES]);
    }
}
