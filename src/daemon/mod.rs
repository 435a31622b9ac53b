//! Wiring: the keeper, and the edges that meet here and nowhere else.
//!
//! [`serve`] is the life of a server: load, bind, take up the saved health, answer, probe, reload on SIGHUP, save, stop.

mod act;
#[cfg(test)]
mod anew_tests;
mod control;
#[cfg(test)]
mod cost_tests;
mod databases;
pub mod demo;
mod health_log;
mod keeper;
mod limit_log;
mod model;
mod own_folder;
mod plan;
mod process;
#[cfg(test)]
mod race_tests;
mod reload;
mod saver;
mod standings;
#[cfg(test)]
mod standings_tests;
mod state_file;
mod trouble_log;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use tokio::runtime::Runtime;

use crate::admin::{Admin, AdminError, LastLoad, Sources};
use crate::config::{self, DatabaseCopy, Files, Loaded, Mode, Settings};
use crate::fault::Fault;
use crate::health;
use crate::probe::{self, Assignment, Prober};
use crate::server::{self, BindError, PrivilegeError, Server, StartError};
use crate::snapshot::{Configuration, Recorded};

use self::health_log::HealthLog;
use self::keeper::{Handle, Keeper, Kept};
use self::limit_log::LimitLog;
use self::model::{Change, Model, Report};
use self::process::{Back, Signals, front_runtime};
use self::state_file::StateFile;

/// How long TCP connections may finish what they are at when the server stops.
const DRAIN: Duration = Duration::from_secs(5);
/// Threads of the runtime that carries probes, status and metrics.
const BACK_THREADS: usize = 2;

/// What is served.
pub struct Service {
    /// Where the files come from.
    pub files: Files,
    /// The main file.
    pub main: PathBuf,
    /// Makes the draws repeatable.
    pub seed: Option<u64>,
}

/// Why a server could not start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The files have faults.
    #[error("the configuration has {} faults", .0.len())]
    Faults(Vec<Fault>),
    /// Listening addresses that cannot be had; all of them.
    #[error("{}", lines(.0))]
    Bind(Vec<BindError>),
    /// The sockets could not be read.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The process could not become the configured user.
    #[error(transparent)]
    Privilege(#[from] PrivilegeError),
    /// The control socket or the metrics.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The state folder.
    #[error("cannot use the state folder {path}: {error}")]
    StateFolder {
        /// As configured.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder of the control socket.
    #[error("cannot make the folder of the control socket {path}: {error}")]
    SocketFolder {
        /// The path of the socket as configured.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The keeper panicked: answers would stay as they are whatever happens to the members.
    #[error("the keeper has stopped after a panic, see the log above: ending, to be started anew")]
    Keeper,
    /// Threads, signals.
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
}

/// Serves until the process is told to stop (SIGTERM, SIGINT). `ready` is called with the listening addresses once
/// questions are answered.
pub fn serve(service: Service, ready: impl FnOnce(&[SocketAddr])) -> Result<(), ServeError> {
    server::forgo_new_privileges();
    server::keep_large_memory_apart();
    let back = Back::new(BACK_THREADS)?;
    let mut signals = Signals::new(&back)?;
    let service = Arc::new(service);
    let began = unix_now();
    let Some(loaded) = back.block_on(load_unless_stopped(&service, &mut signals)) else { return Ok(()) };
    let Loaded { settings, configuration, database_copies, assertions, warnings, .. } =
        loaded.map_err(ServeError::Faults)?;
    reload::log_faults(&warnings);
    if let Some(account) = &settings.account {
        server::may_become_account(account)?;
    }
    let mut sockets = server::bind(&settings.listen, settings.workers).map_err(ServeError::Bind)?;
    if let Some(bypass) = &settings.bypass {
        sockets.bypass_kernel(bypass);
    }
    let state = state_file(&settings)?;
    make_socket_folder(&settings)?;
    if let Some(account) = &settings.account {
        server::become_account(account)?;
    }
    let Kept { records: known, held } =
        state.as_ref().map(|file| saved_health(file, settings.state_max_age)).unwrap_or_default();

    let configuration = Arc::new(configuration);
    let log = Arc::new(HealthLog::new(&configuration));
    let events = Arc::clone(&log);
    // Not kept beside: a reload frees what it replaces.
    let model = Model::new(configuration, &known, &held, unix_now());
    let keeper = Keeper::start(model, since_1970, move |event, generation| events.take(event, generation))?;

    let front = front_runtime(settings.workers)?;
    let store = Arc::clone(keeper.store());
    let server = server::start(sockets, store, &settings, service.seed, front.handle())?;
    back.spawn_blocking(move || {
        keep_copies(&database_copies);
        drop(database_copies);
        server::release_free_memory();
    });
    ready(server.addresses());
    let running = Running {
        service,
        settings,
        keeper,
        log,
        state,
        load: Mutex::new(last_load(true, warnings)),
        gate: databases::Gate::new(assertions),
        began,
    };
    let running = Arc::new(running);
    if running.settings.account.is_some() {
        let running = Arc::clone(&running);
        back.spawn_blocking(move || rehearse_reload(&running));
    }
    back.block_on(run(running, server, &back, signals))
}

/// Loads the files; `None` if the process is told to stop meanwhile.
async fn load_unless_stopped(
    service: &Arc<Service>,
    signals: &mut Signals,
) -> Option<Result<Loaded, Vec<Fault>>> {
    let service = Arc::clone(service);
    let loading =
        tokio::task::spawn_blocking(move || config::load(&service.files, &service.main, Mode::Start, None));
    tokio::select! {
        loaded = loading => Some(loaded.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))),
        () = signals.stop.told() => None,
    }
}

/// What lives as long as the server.
struct Running {
    service: Arc<Service>,
    settings: Settings,
    keeper: Keeper,
    log: Arc<HealthLog>,
    state: Option<StateFile>,
    load: Mutex<LastLoad>,
    gate: databases::Gate,
    /// When the files began to be loaded for the first time, in seconds since 1970.
    began: u64,
}

async fn run(
    running: Arc<Running>,
    server: Server,
    back: &Runtime,
    signals: Signals,
) -> Result<(), ServeError> {
    let Signals { mut reload, mut stop } = signals;
    let prober = Arc::new(start_prober(&running, back));
    let is_ready = Arc::new(AtomicBool::new(false));
    let limits = Arc::new(LimitLog::new(&server, Arc::clone(running.keeper.store())));
    let admin = start_admin(&running, (&server, &limits), &prober, &is_ready)?;
    let saving = tokio::spawn(saver::save_on_time(Arc::clone(&running)));
    let troubles = tokio::spawn(trouble_log::log_changes(Arc::clone(running.keeper.store())));
    let watching = tokio::spawn(databases::watch(Arc::clone(&running)));
    let limiting = tokio::spawn(async move { limits.log_changes().await });
    let beginning = async {
        first_round(&running, &prober).await;
        is_ready.store(true, Ordering::Relaxed);
        tell_systemd(sd_notify::NotifyState::Ready);
        loop {
            if reload.recv().await.is_none() {
                return;
            }
            reload::reload(&running, &prober).await;
        }
    };
    let mut result = Ok(());
    tokio::select! {
        () = beginning => {}
        () = running.keeper.ended() => result = Err(ServeError::Keeper),
        () = stop.told() => {}
    }
    tell_systemd(sd_notify::NotifyState::Stopping);
    saving.abort();
    troubles.abort();
    limiting.abort();
    watching.abort();
    server.stop(DRAIN).await;
    drop(admin);
    tokio::task::block_in_place(|| saver::save(&running));
    result
}

fn start_prober(running: &Arc<Running>, back: &Runtime) -> Prober {
    let keeper = running.keeper.handle();
    Prober::start(back.handle(), probe::Settings::default(), move |report| {
        send_report(&keeper, report);
    })
}

fn send_report(keeper: &Handle, report: probe::Report) {
    // A keeper that has stopped means that the process is about to end.
    let _ = keeper.send(Change::Verdict(Report { key: report.key, verdict: report.verdict, at: unix_now() }));
}

/// Probes every target once, handing verdicts on as they come, then puts all of them on their grid.
async fn first_round(running: &Running, prober: &Prober) {
    let configuration = Arc::clone(&running.keeper.store().load_full().configuration);
    let assignments = assignments(&configuration);
    let keeper = running.keeper.handle();
    prober.first_round(&assignments, |report| send_report(&keeper, report)).await;
    let targets = assignments.len();
    let published = tokio::task::spawn_blocking(move || keeper.published()).await;
    tracing::info!(
        targets,
        generation = published.ok().and_then(Result::ok),
        "ready: the first round of probes has ended"
    );
    prober.assign(assignments);
}

fn start_admin(
    running: &Arc<Running>,
    (server, limits): (&Server, &Arc<LimitLog>),
    prober: &Arc<Prober>,
    is_ready: &Arc<AtomicBool>,
) -> Result<Admin, AdminError> {
    let (shown, load, counted) = (Arc::clone(running), Arc::clone(running), Arc::clone(running));
    let (controlled, gated) = (Arc::clone(running), Arc::clone(running));
    let (prober, is_ready, limits) = (Arc::clone(prober), Arc::clone(is_ready), Arc::clone(limits));
    let sources = Sources {
        recorded: Box::new(move || recorded(&shown.keeper)),
        last_load: Box::new(move || load.load.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        counters: Box::new(move || counted.log.counters(prober.counters())),
        tallies: server.tallies().to_vec(),
        limiting: Box::new(move || limits.current()),
        ready: Box::new(move || is_ready.load(Ordering::Relaxed)),
        untaken: Box::new(move || gated.gate.untaken()),
        control: Box::new(move |request| control::carry_out(&controlled, request)),
        started: unix_now(),
    };
    Admin::start(sources, running.settings.socket.as_deref(), running.settings.metrics)
}

/// What is published, with the health of every target.
fn recorded(keeper: &Keeper) -> Recorded {
    // Without its keeper the process is about to end; what it published last is still there.
    let last = |_| Recorded { snapshot: keeper.store().load_full(), records: HashMap::new() };
    keeper.handle().recorded().unwrap_or_else(last)
}

/// What the prober is to do for a configuration.
fn assignments(configuration: &Configuration) -> Vec<Assignment> {
    let targets = configuration.targets.iter();
    targets
        .map(|target| {
            let monitored = &configuration.monitors[target.monitor];
            Assignment {
                key: target.key,
                monitor: Arc::clone(&monitored.monitor),
                label: format!("{}: {}", monitored.names.join(", "), target.key.address),
            }
        })
        .collect()
}

fn state_file(settings: &Settings) -> Result<Option<StateFile>, ServeError> {
    let Some(folder) = &settings.state_dir else { return Ok(None) };
    let error = |error| ServeError::StateFolder { path: folder.clone(), error };
    StateFile::in_folder(folder, settings.account.as_ref()).map(Some).map_err(error)
}

/// Makes the folder of the control socket where it is missing, as that of the state: the user that the process is about to
/// become can perhaps not. One that was there is whoever's it is.
fn make_socket_folder(settings: &Settings) -> Result<(), ServeError> {
    let Some(path) = &settings.socket else { return Ok(()) };
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let made = own_folder::make(folder, settings.account.as_ref());
    made.map(|_| ()).map_err(|error| ServeError::SocketFolder { path: path.clone(), error })
}

/// Loads the files as the user that the process has become: what root could read, it perhaps cannot, and the operator
/// had better hear of that before the first reload.
fn rehearse_reload(running: &Running) {
    let served = &running.keeper.store().load_full().configuration;
    let Service { files, main, .. } = &*running.service;
    if let Err(faults) = config::load(files, main, Mode::Reload, Some(served)) {
        for fault in faults {
            tracing::warn!("a reload would be refused: {fault:#}");
        }
    }
    server::release_free_memory();
}

/// What was saved of the targets' health and of what is held against members; nothing, with a warning, where it cannot be
/// used. What awaits an operator does not age with health.
fn saved_health(file: &StateFile, max_age: Duration) -> Kept {
    let path = file.path().display();
    let octets = match file.read() {
        Ok(None) => return Kept::default(),
        Ok(Some(octets)) => octets,
        Err(error) => {
            tracing::warn!(%path, "the saved health cannot be read: {error}");
            return Kept::default();
        }
    };
    match health::saved::decode(&octets, unix_now(), max_age.as_secs()) {
        Ok(saved) => {
            let (targets, held) = (saved.records.len(), saved.held.len());
            tracing::info!(%path, targets, held, "saved health taken up");
            Kept { records: saved.records.into_iter().collect(), held: saved.held }
        }
        Err(error) => {
            let held = health::saved::decode_awaiting(&octets);
            tracing::warn!(%path, held = held.len(), "the saved health is ignored: {error}");
            Kept { held, ..Kept::default() }
        }
    }
}

/// Keeps the databases that were taken, for a later start with a bad file. A copy that cannot be kept costs nothing now.
fn keep_copies(copies: &[DatabaseCopy]) {
    for copy in copies {
        if let Err(error) = copy.keep() {
            tracing::error!("cannot keep a copy of the database at {}: {error}", copy.path.display());
        }
    }
}

fn last_load(taken: bool, faults: Vec<Fault>) -> LastLoad {
    LastLoad { at: unix_now(), taken, faults }
}

/// Seconds since 1970.
fn unix_now() -> u64 {
    since_1970().as_secs()
}

/// A clock set before 1970 counts as 1970.
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn tell_systemd(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!("cannot tell systemd: {error}");
    }
}

fn lines(errors: &[BindError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
