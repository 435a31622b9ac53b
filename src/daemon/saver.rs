//! Keeps the health table in the state folder: soon after a transition or an operator's act, every so often, and at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::health;

use super::keeper::Kept;
use super::{Running, unix_now};

/// At most so often after transitions and acts.
const AFTER_CHANGE: Duration = Duration::from_secs(1);
/// At least so often, changes or not.
const AT_LEAST: Duration = Duration::from_secs(10);

/// Saves on time until it is dropped.
pub(super) async fn save_on_time(running: Arc<Running>) {
    let mut tick = interval(AFTER_CHANGE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut saved_at = Instant::now();
    let mut saved_changes = 0;
    loop {
        tick.tick().await;
        let changes = running.log.changes();
        if changes != saved_changes || saved_at.elapsed() >= AT_LEAST {
            let running = Arc::clone(&running);
            // A panic in there has been logged; the next tick tries again.
            let _ = tokio::task::spawn_blocking(move || save(&running)).await;
            (saved_changes, saved_at) = (changes, Instant::now());
        }
    }
}

/// Saves what the keeper knows now. A folder that cannot be written is logged, and costs nothing but the memory.
pub(super) fn save(running: &Running) {
    let Some(file) = &running.state else { return };
    let Ok(Kept { records, held }) = running.keeper.handle().kept() else { return };
    let mut records: Vec<_> = records.iter().collect();
    records.sort_by_key(|(key, _)| **key);
    let text = health::saved::encode(records, &held, unix_now());
    if let Err(error) = file.write(&text) {
        running.log.once_unsaved(&format!("cannot save the health table {}: {error}", file.path().display()));
    } else {
        running.log.saved();
    }
}
