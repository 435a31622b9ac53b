//! What is known without a running server: the files, and where it is given a saved health table.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::admin::timestamp::now;
use crate::explain::{Basis, Health};
use crate::health::{Record, TargetKey, saved};
use crate::snapshot::Configuration;

/// The largest saved health table that is read, in octets.
const STATE_OCTETS_MAX: u64 = 256 * 1024 * 1024;

/// A configuration that nobody serves, and what was saved of its health.
pub(super) struct Offline {
    configuration: Arc<Configuration>,
    at: u64,
    saved: Option<(u64, HashMap<TargetKey, Record>)>,
}

impl Offline {
    /// A configuration as it is `at` a moment (seconds since 1970), or now.
    pub(super) fn new(
        configuration: Configuration,
        state: Option<&Path>,
        at: Option<u64>,
    ) -> anyhow::Result<Offline> {
        let saved = state.map(read).transpose()?;
        Ok(Offline { configuration: Arc::new(configuration), at: at.unwrap_or_else(now), saved })
    }

    /// The configuration.
    pub(super) fn configuration(&self) -> Arc<Configuration> {
        Arc::clone(&self.configuration)
    }

    /// The health that answers stand on.
    pub(super) fn health(&self) -> Health<'_> {
        match &self.saved {
            None => Health::assumed(self.at),
            Some((saved_at, records)) => Health::recorded(Basis::Saved { at: *saved_at }, records, self.at),
        }
    }
}

/// A table of any age: it is looked at, not served from.
fn read(path: &Path) -> anyhow::Result<(u64, HashMap<TargetKey, Record>)> {
    let named = || format!("the saved health {}", path.display());
    let mut octets = Vec::new();
    let file = File::open(path).with_context(named)?;
    file.take(STATE_OCTETS_MAX).read_to_end(&mut octets).with_context(named)?;
    let table = saved::decode(&octets, now(), u64::MAX).with_context(named)?;
    Ok((table.saved_at, table.records.into_iter().collect()))
}
