//! The one place where generations are published (the door to `arc-swap`).

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::Snapshot;

/// Holds the generation that queries are decided on. Only the keeper publishes.
pub struct Store {
    current: ArcSwap<Snapshot>,
}

impl Store {
    /// Starts with a first generation.
    pub fn new(first: Arc<Snapshot>) -> Store {
        Store { current: ArcSwap::new(first) }
    }

    /// The present generation, for the length of one batch; taken after the batch was received.
    pub fn load(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// The present generation, to keep.
    pub fn load_full(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Publishes the next generation and returns the one it replaces. After this call the strong count of the
    /// returned generation counts every reader that still uses it.
    pub fn publish(&self, next: Arc<Snapshot>) -> Arc<Snapshot> {
        self.current.swap(next)
    }
}
