//! Sources for the tests of this module: a server without zones, pools and traffic.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Counters, LastLoad, Sources};
use crate::answer::Tally;
use crate::health::State;
use crate::snapshot::{Configuration, Snapshot, Store};
use crate::steer::TargetHealth;

/// 2026-11-20T05:31:46Z.
pub(super) const STARTED: u64 = 1_795_152_706;

/// An empty configuration in generation 7.
pub(super) fn sources() -> Sources {
    let health = |_| TargetHealth { state: State::Up, soonest_flip: 0 };
    let snapshot = Snapshot::new(7, Arc::new(Configuration::default()), &health);
    Sources {
        store: Arc::new(Store::new(Arc::new(snapshot))),
        targets: Box::new(HashMap::new),
        last_load: Box::new(|| LastLoad { at: STARTED, faults: Vec::new() }),
        tallies: vec![Arc::new(Tally::default()), Arc::new(Tally::default())],
        counters: Box::new(Counters::default),
        ready: Box::new(|| true),
        started: STARTED,
    }
}
