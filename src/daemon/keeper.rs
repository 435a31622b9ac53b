//! The one writer: everything that changes answers reaches this thread, which compiles once and publishes once.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::health::{Held, Record, TargetKey};
use crate::server;
use crate::snapshot::{Recorded, Snapshot, Store};

use super::act::{Act, Outcome};
use super::model::{Change, Event, Model};

/// Changes that may wait for the keeper. A prober that fills it waits with its report. Its places take memory from the start,
/// 80 octets each.
const QUEUE: usize = 8192;
/// At most a hundred generations a second: what comes sooner waits for the next one.
const BETWEEN_GENERATIONS: Duration = Duration::from_millis(10);
/// How often replaced generations are looked at, with or without traffic.
const SWEEP: Duration = Duration::from_secs(1);

/// What outlives the process.
#[derive(Default)]
pub(super) struct Kept {
    /// What is known of every target.
    pub(super) records: HashMap<TargetKey, Record>,
    /// What is held against members.
    pub(super) held: Vec<Held>,
}

/// What the keeper is asked.
enum Message {
    Change(Change),
    /// Answered once everything before it has been published.
    Published(SyncSender<u64>),
    /// As that.
    Recorded(SyncSender<Recorded>),
    Kept(SyncSender<Kept>),
    Act(Act, SyncSender<Outcome>),
    Stop,
}

/// Sends changes to the keeper.
#[derive(Clone)]
pub(super) struct Handle {
    queue: SyncSender<Message>,
}

/// The keeper is gone: the process is about to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keeper has stopped")]
pub(super) struct Stopped;

impl Handle {
    /// Gives a change to the keeper; waits while its queue is full.
    pub(super) fn send(&self, change: Change) -> Result<(), Stopped> {
        self.queue.send(Message::Change(change)).map_err(|_| Stopped)
    }

    /// Waits until every change that was sent before is in the answers; the generation that holds them.
    pub(super) fn published(&self) -> Result<u64, Stopped> {
        self.ask(Message::Published)
    }

    /// The generation that holds every change that was sent before, with the records that it was compiled from.
    pub(super) fn recorded(&self) -> Result<Recorded, Stopped> {
        self.ask(Message::Recorded)
    }

    /// What is to be saved.
    pub(super) fn kept(&self) -> Result<Kept, Stopped> {
        self.ask(Message::Kept)
    }

    /// Has an operator's act carried out; what became of it. The answers show it once [`Handle::published`] returns.
    pub(super) fn act(&self, act: Act) -> Result<Outcome, Stopped> {
        self.ask(|answer| Message::Act(act, answer))
    }

    fn ask<T>(&self, message: impl FnOnce(SyncSender<T>) -> Message) -> Result<T, Stopped> {
        let (answer, answered) = sync_channel(1);
        self.queue.send(message(answer)).map_err(|_| Stopped)?;
        answered.recv().map_err(|_| Stopped)
    }
}

/// The keeper's thread; it ends when this is dropped.
pub(super) struct Keeper {
    handle: Handle,
    store: Arc<Store>,
    thread: Option<JoinHandle<()>>,
    /// Its sender lives in the thread and is dropped with it, also by a panic.
    end: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Keeper {
    /// Starts with a model whose generation is published at once. `clock` gives the time since 1970; `observe` is told of
    /// every event, in order, once answers show it.
    pub(super) fn start(
        model: Model,
        clock: impl Fn() -> Duration + Send + 'static,
        observe: impl FnMut(&Event, u64) + Send + 'static,
    ) -> std::io::Result<Keeper> {
        let store = Arc::new(Store::new(Arc::clone(model.published())));
        let (queue, messages) = sync_channel(QUEUE);
        let work = Work {
            model,
            store: Arc::clone(&store),
            retired: Vec::new(),
            waiting: Vec::new(),
            onlookers: Vec::new(),
            events: Vec::new(),
            clock,
            observe,
        };
        let (alive, end) = oneshot::channel();
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(move || {
            let _alive = alive;
            work.run(&messages);
        })?;
        Ok(Keeper { handle: Handle { queue }, store, thread: Some(thread), end: Mutex::new(Some(end)) })
    }

    /// A handle to send changes with.
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits until the keeper's thread has ended, which it does only by a panic while this stands. The first call waits,
    /// later ones wait for ever.
    pub(super) async fn ended(&self) {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner).take();
        match end {
            Some(end) => drop(end.await),
            None => std::future::pending().await,
        }
    }

    /// Where generations are published.
    pub(super) fn store(&self) -> &Arc<Store> {
        &self.store
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.handle.queue.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The keeper at work.
struct Work<C, F> {
    model: Model,
    store: Arc<Store>,
    /// Replaced generations that a packet thread may still hold. They are freed here, never there.
    retired: Vec<Arc<Snapshot>>,
    waiting: Vec<SyncSender<u64>>,
    onlookers: Vec<SyncSender<Recorded>>,
    /// What happened since the last publication, each with the number of the generation before it. Told once answers show
    /// it: a log that is slow to write holds up nobody who waits for them.
    events: Vec<(Event, u64)>,
    clock: C,
    observe: F,
}

impl<C: Fn() -> Duration, F: FnMut(&Event, u64)> Work<C, F> {
    fn run(mut self, messages: &Receiver<Message>) {
        let mut last = None;
        loop {
            let received = messages.recv_timeout(self.patience());
            self.model.advance((self.clock)().as_secs());
            match received {
                Ok(message) => {
                    if self.take(message).is_none() || self.collect(messages, last).is_none() {
                        return self.tell();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.publish() {
                last = Some(Instant::now());
            }
            self.sweep();
        }
    }

    /// Until something is to be done without a message.
    fn patience(&self) -> Duration {
        let until = |look: u64| Duration::from_secs(look).saturating_sub((self.clock)());
        self.model.next_look().map_or(SWEEP, |look| until(look).min(SWEEP))
    }

    /// Takes all that waits, and what comes until the next generation may be made. `None`: stop.
    fn collect(&mut self, messages: &Receiver<Message>, last: Option<Instant>) -> Option<()> {
        let due = last.map_or_else(Instant::now, |last| last + BETWEEN_GENERATIONS);
        for _ in 0..QUEUE {
            let patience = due.saturating_duration_since(Instant::now());
            match messages.recv_timeout(patience) {
                Ok(message) => self.take(message)?,
                Err(RecvTimeoutError::Timeout) => return Some(()),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        Some(())
    }

    fn take(&mut self, message: Message) -> Option<()> {
        match message {
            Message::Change(change) => {
                let generation = self.model.published().generation;
                self.events.extend(self.model.take(change).into_iter().map(|event| (event, generation)));
            }
            Message::Published(answer) => self.waiting.push(answer),
            Message::Recorded(answer) => self.onlookers.push(answer),
            Message::Kept(answer) => {
                let _ = answer.try_send(Kept { records: self.model.known(), held: self.model.held() });
            }
            Message::Act(act, answer) => {
                let _ = answer.try_send(self.model.act(&act));
            }
            Message::Stop => return None,
        }
        Some(())
    }

    fn publish(&mut self) -> bool {
        let next = self.model.next();
        let published = next.is_some();
        if let Some(next) = next {
            self.retired.push(self.store.publish(next));
        }
        self.tell();
        for answer in self.waiting.drain(..) {
            let _ = answer.try_send(self.model.published().generation);
        }
        for answer in self.onlookers.drain(..) {
            let snapshot = Arc::clone(self.model.published());
            let _ = answer.try_send(Recorded { snapshot, records: self.model.known() });
        }
        published
    }

    /// Before those are answered who wait for the generation: what they wait for stands in the log, too.
    fn tell(&mut self) {
        for (event, generation) in self.events.drain(..) {
            (self.observe)(&event, generation);
        }
    }

    /// Frees the replaced generations that nobody holds any more. What a configuration took goes back to the system.
    fn sweep(&mut self) {
        let mut frees_configuration = false;
        self.retired.retain(|snapshot| {
            let is_held = Arc::strong_count(snapshot) > 1;
            frees_configuration |= !is_held && Arc::strong_count(&snapshot.configuration) == 1;
            is_held
        });
        if frees_configuration {
            server::release_free_memory();
        }
    }
}
