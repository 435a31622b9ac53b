//! For how long and for whom an answer holds, as JSON.

use serde::Serialize;

use crate::explain::{Scope, Ttl};

/// For how long an answer holds.
#[derive(Debug, Serialize)]
pub(super) struct TtlView {
    seconds: u32,
    reason: &'static str,
    sentence: String,
    soonest_flip_seconds: Option<u32>,
    min_ttl: Option<u32>,
    default_ttl: Option<u32>,
}

impl TtlView {
    /// Of a TTL with its reason.
    pub(super) fn of(ttl: Ttl) -> TtlView {
        TtlView {
            seconds: ttl.seconds,
            reason: ttl.reason.label(),
            sentence: ttl.reason.sentence(),
            soonest_flip_seconds: ttl.steered.and_then(|steered| steered.soonest_flip),
            min_ttl: ttl.steered.map(|steered| steered.min),
            default_ttl: ttl.steered.map(|steered| steered.max),
        }
    }
}

/// For whom it holds.
#[derive(Debug, Serialize)]
pub(super) struct ScopeView {
    length: u8,
    reason: &'static str,
    sentence: String,
}

impl ScopeView {
    /// Of a scope with its reason.
    pub(super) fn of(scope: Scope) -> ScopeView {
        ScopeView { length: scope.length, reason: scope.reason.label(), sentence: scope.sentence() }
    }
}
