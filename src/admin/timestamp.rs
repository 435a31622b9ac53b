//! The clock of what is shown; how moments are written is [`crate::explain::moment`]'s.

use std::time::{SystemTime, UNIX_EPOCH};

pub use crate::explain::moment::{rfc3339, span};

/// Seconds since 1970; a clock set before that counts as 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
