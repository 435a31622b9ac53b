//! What the process is made of: its runtimes, and what signals tell it.

use std::io;
use std::ops::Deref;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::server;

/// The runtime that carries probes, status, metrics and whatever takes its time. Its threads are not waited for at the end:
/// the load of a large configuration cannot be stopped, and nobody needs it any more.
pub(super) struct Back(Option<Runtime>);

impl Back {
    /// With so many threads.
    pub(super) fn new(threads: usize) -> io::Result<Back> {
        Ok(Back(Some(runtime("back", threads).build()?)))
    }
}

impl Deref for Back {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().expect("it is taken out when this is dropped")
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the process is told by signals. Taken in hand before the files are loaded: a SIGHUP that comes early is kept for
/// later instead of ending the process.
pub(super) struct Signals {
    /// SIGHUP.
    pub(super) reload: Signal,
    /// SIGTERM and SIGINT.
    pub(super) stop: Stop,
}

/// The signals that end the process.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals in hand.
    pub(super) fn new(runtime: &Runtime) -> io::Result<Signals> {
        let _inside = runtime.enter();
        let stop =
            Stop { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
        Ok(Signals { reload: signal(SignalKind::hangup())?, stop })
    }
}

impl Stop {
    /// Waits until the process is told to stop.
    pub(super) async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("told to stop (SIGTERM)"),
            _ = self.interrupt.recv() => tracing::info!("told to stop (SIGINT)"),
        }
    }
}

/// The runtime that carries TCP and control requests. More threads than cores would only wake each other.
pub(super) fn front_runtime(threads: usize) -> io::Result<Runtime> {
    let start = || {
        // Without it they do the same, a little slower.
        let _ = server::forgo_cancellation_windows();
    };
    runtime("front", threads).on_thread_start(start).build()
}

/// A runtime to be, with so many threads of this name.
pub(super) fn runtime(name: &str, threads: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(threads).thread_name(name).enable_all();
    builder
}
