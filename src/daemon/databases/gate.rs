//! What is held back, and what may do that.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::admin::HeldDatabase;
use crate::config::{Assertions, HeldBack};

/// What is held back, and what may do that.
pub(in crate::daemon) struct Gate {
    held: Mutex<BTreeMap<String, HeldDatabase>>,
    /// Those of the files that were taken last.
    pub(super) assertions: Mutex<Assertions>,
    /// Held by whoever loads something: one at a time.
    pub(in crate::daemon) turn: tokio::sync::Mutex<()>,
}

impl Gate {
    /// A gate that holds back nothing yet.
    pub(in crate::daemon) fn new(assertions: Assertions) -> Gate {
        Gate {
            held: Mutex::default(),
            assertions: Mutex::new(assertions),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Other files were taken, with these assertions. Called with the turn.
    pub(in crate::daemon) fn assert(&self, assertions: Assertions) {
        *self.assertions.lock().unwrap_or_else(PoisonError::into_inner) = assertions;
    }

    /// The databases that are held back, by path.
    pub(in crate::daemon) fn held(&self) -> Vec<HeldDatabase> {
        self.lock().values().cloned().collect()
    }

    /// The digests of their octets.
    pub(in crate::daemon) fn digests(&self) -> HeldBack {
        self.lock().values().map(|held| held.digest).collect()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, HeldDatabase>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
