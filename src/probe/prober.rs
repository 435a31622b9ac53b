//! The handle that the daemon holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::counters::Counters;
use super::engine::{Engine, Label};
use super::grid::{Grid, Slots};
use super::{Assignment, FIRST_ROUND_DEADLINE, Report, Settings};
use crate::health::{Monitor, TargetKey};

/// The part of a round that a probe of it may take.
const IN_TIME: f64 = 0.95;

/// Probes targets on time. Dropping it stops every probe.
pub struct Prober {
    engine: Arc<Engine>,
    runtime: Handle,
    probed: Mutex<Probed>,
}

/// What is being probed.
#[derive(Default)]
struct Probed {
    targets: HashMap<TargetKey, Running>,
    slots: Slots,
}

/// One target on its grid; its task ends when this is dropped.
struct Running {
    label: Label,
    interval: Duration,
    slot: u64,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Prober {
    /// A prober without targets, whose tasks run on `runtime`. `reports` gets each verdict of the targets given to
    /// [`Prober::assign`], in order for each target; it may block for a moment, which delays probes but loses none.
    pub fn start(
        runtime: &Handle,
        settings: Settings,
        reports: impl Fn(Report) + Send + Sync + 'static,
    ) -> Prober {
        // The engine's clock is the runtime's.
        let _runtime = runtime.enter();
        let engine = Arc::new(Engine::new(settings, Box::new(reports)));
        Prober { engine, runtime: runtime.clone(), probed: Mutex::default() }
    }

    /// Probes each of `assignments` once, all at once within the bound of concurrency, and gives each report to
    /// `learn` as it comes, until all have a verdict or [`FIRST_ROUND_DEADLINE`] is over: for the start, and for the
    /// targets that a reload adds. What comes later goes where the reports go. Must be awaited inside a tokio runtime with a timer.
    pub async fn first_round(&self, assignments: &[Assignment], learn: impl FnMut(Report)) {
        self.round(assignments, FIRST_ROUND_DEADLINE, learn).await;
    }

    /// The same with another deadline.
    pub(super) async fn round(
        &self,
        assignments: &[Assignment],
        limit: Duration,
        mut learn: impl FnMut(Report),
    ) {
        let deadline = Instant::now() + limit;
        // Bounded by the number of assignments: each sends once.
        let (learned, mut reports) = mpsc::unbounded_channel();
        for assignment in assignments {
            let (engine, learned) = (Arc::clone(&self.engine), learned.clone());
            let assignment = in_time(assignment, limit);
            self.runtime.spawn(async move {
                let report = Arc::clone(&engine).probe_once(assignment).await;
                if let Err(late) = learned.send(report) {
                    engine.report(late.0);
                }
            });
        }
        drop(learned);
        while let Ok(Some(report)) = timeout_at(deadline, reports.recv()).await {
            learn(report);
        }
        reports.close();
        while let Ok(report) = reports.try_recv() {
            learn(report);
        }
    }

    /// From now on probes exactly `assignments`. Targets that stay keep their grid and a probe under way; those that
    /// went are stopped (a report that was being handed on at this moment may still come: its key is not known any
    /// more). Only spawns tasks: clients are made and certificates read by them.
    pub fn assign(&self, mut assignments: Vec<Assignment>) {
        // New targets take slots in the order of their keys: the same files give the same grid.
        assignments.sort_by_key(|assignment| assignment.key);
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        probed.keep_only(&assignments);
        for assignment in assignments {
            match probed.targets.get(&assignment.key) {
                Some(running) => running.rename(assignment.label),
                None => self.begin(&mut probed, assignment),
            }
        }
    }

    /// What has been done so far.
    pub fn counters(&self) -> Counters {
        self.engine.tally.read()
    }

    fn begin(&self, probed: &mut Probed, assignment: Assignment) {
        let (key, interval) = (assignment.key, assignment.monitor.interval);
        let slot = probed.slots.take(interval);
        let label: Label = Arc::new(Mutex::new(assignment.label.clone()));
        let grid = Grid::new(key, slot, interval);
        let probing = Arc::clone(&self.engine).probe_on_grid(assignment, Arc::clone(&label), grid);
        let task = self.runtime.spawn(probing).abort_handle();
        probed.targets.insert(key, Running { label, interval, slot, task });
    }
}

/// An assignment whose probe ends before a round of `limit` does, where its own timeout is no longer than the round: a
/// member that is silent then has its verdict in the round, and is not given out as unknown after it.
fn in_time(assignment: &Assignment, limit: Duration) -> Assignment {
    let mut assignment = assignment.clone();
    let in_time = limit.mul_f64(IN_TIME);
    if (in_time..=limit).contains(&assignment.monitor.timeout) {
        assignment.monitor = Arc::new(Monitor { timeout: in_time, ..(*assignment.monitor).clone() });
    }
    assignment
}

impl Probed {
    fn keep_only(&mut self, assignments: &[Assignment]) {
        let slots = &mut self.slots;
        self.targets.retain(|key, running| {
            let stays = assignments.binary_search_by_key(key, |assignment| assignment.key).is_ok();
            if !stays {
                slots.give_back(running.interval, running.slot);
            }
            stays
        });
    }
}

impl Running {
    fn rename(&self, label: String) {
        *self.label.lock().unwrap_or_else(PoisonError::into_inner) = label;
    }
}
