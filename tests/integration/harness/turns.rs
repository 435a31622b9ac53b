//! Who runs beside whom. Most tests share the machine; those that measure time or send thousands of queries a second
//! have it for themselves.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static MACHINE: RwLock<()> = RwLock::new(());

/// Held by a test that may run beside others.
pub fn shared() -> RwLockReadGuard<'static, ()> {
    // A failed test leaves the machine as usable as it was.
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

/// Held by a test that must run alone.
pub fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}
