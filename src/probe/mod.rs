//! Runs monitors on time and hands on what each probe found.
//!
//! In reading order: [`Prober`] is the handle that the daemon holds; `engine` runs one probe under the bound of
//! concurrency, on the `grid` of its target; a `check` is a monitor made ready for one address (`tcp`, `http` with
//! `tls`); what is not a pass is a `miss`, in words fit for operators.
//!
//! What is deliberately absent: health (a verdict is a fact, what it means is `health`'s business), names of pools
//! and members (a target is named by its key), redirects, proxies from the environment, connections kept open and
//! TLS sessions resumed: each probe pays the whole way that a new client pays.

mod abstention;
mod check;
mod concurrency;
mod counters;
mod engine;
mod foreign_text;
mod grid;
mod http;
mod miss;
mod prober;
mod refusal;
mod tcp;
mod tls;
mod tls_fault;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod https_tests;
#[cfg(test)]
mod prober_tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::health::{Monitor, TargetKey, Verdict};

pub use counters::Counters;
pub use prober::Prober;
pub use refusal::Refusal;

/// How long the first round of probes may take (semantics §1); what has no verdict by then gets one on its grid.
pub const FIRST_ROUND_DEADLINE: Duration = Duration::from_secs(5);

/// One target to probe.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// Names the target; two assignments with one key are one target.
    pub key: TargetKey,
    /// What to check, how, how often.
    pub monitor: Arc<Monitor>,
    /// For logs, such as `web: 192.0.2.10`.
    pub label: String,
}

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The target.
    pub key: TargetKey,
    /// Pass, failure or abstention.
    pub verdict: Verdict,
    /// When the probe ended.
    pub at: Instant,
}

/// What the prober is given at its start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Probes under way at once; the default is half of the descriptors this process may have, within bounds.
    pub concurrency: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { concurrency: concurrency::default_limit() }
    }
}
