//! Health: monitors as data, verdicts → state with hysteresis, the record kept for each target, all of it pure.
//!
//! Probing is `probe`'s, deciding what to do with a state is `steer`'s, reading and writing files is `daemon`'s.
//! The kinds of probe are a closed list, [`Probe`]; a new kind is one more variant there.

mod admin;
mod digest;
mod hold;
mod monitor;
mod record;
pub mod saved;
mod target;
mod tracker;

pub use admin::AdminState;
pub use hold::{Held, Hold};
pub use monitor::{HttpProbe, Hysteresis, Monitor, Probe, TlsProbe};
pub use record::{LastVerdict, Record};
pub use saved::{SavedError, SavedHealth};
pub use target::{METADATA_ADDRESSES, TargetId, TargetKey, is_metadata_address};
pub use tracker::{State, Tracker, Transition, Verdict};
