//! A generation together with the health that it was compiled from.

use std::collections::HashMap;
use std::sync::Arc;

use super::Snapshot;
use crate::health::{Record, TargetKey};

/// What is published, and the records that it was compiled from. Whoever shows answers beside health takes both from here:
/// taken one after the other they may be of different moments, and a member be shown as down that is still given out.
#[derive(Clone)]
pub struct Recorded {
    /// The generation.
    pub snapshot: Arc<Snapshot>,
    /// Every target with its state and last verdict.
    pub records: HashMap<TargetKey, Record>,
}
