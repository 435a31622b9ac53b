//! What captured queries would get: comparable answers, and what a resolver's cache could have made of them.
//!
//! An answer is compared as what can be drawn, not as what was: two configurations with the same pools give the same
//! [`Profile`], whatever the dice say.

mod cache;
mod profile;

pub use cache::{Cache, Reuse};
pub use profile::{Profile, Profiler};

/// In what two answers to one query differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Difference {
    /// The response code, or whether there is a response at all.
    pub rcode: bool,
    /// The records that can be given, or how likely they are.
    pub records: bool,
    /// The TTL.
    pub ttl: bool,
    /// The scope.
    pub scope: bool,
}

impl Difference {
    /// Between two answers.
    pub fn between(old: &Profile, new: &Profile) -> Difference {
        Difference {
            rcode: old.rcode != new.rcode,
            records: old.records != new.records,
            ttl: old.ttl != new.ttl,
            scope: old.scope != new.scope,
        }
    }

    /// Whether there is any.
    pub fn is_any(self) -> bool {
        self != Difference::default()
    }
}
