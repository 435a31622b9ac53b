//! SIGHUP: everything that the files say, or, on any fault, nothing.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use crate::config::{self, Loaded, Mode, Settings};
use crate::fault::{Fault, Severity};
use crate::probe::{Assignment, Prober};
use crate::server;
use crate::snapshot::Configuration;

use super::model::{Change, Load, Report};
use super::{Running, assignments, databases, keep_copies, last_load, unix_now};

/// Loads the files anew. What was being served goes on until the new configuration is whole, and if it has faults.
pub(super) async fn reload(running: &Arc<Running>, prober: &Prober) {
    let _turn = running.gate.turn.lock().await;
    tracing::info!("reloading");
    gate_databases(running).await;
    let previous = Arc::clone(&running.keeper.store().load_full().configuration);
    match load(running, &previous).await {
        Ok(loaded) => {
            take(running, prober, &previous, loaded).await;
            look_again(running).await;
        }
        Err(faults) => refuse(running, faults),
    }
    // Off the threads of the runtime: to free a large configuration takes a while.
    let _ = tokio::task::spawn_blocking(move || {
        drop(previous);
        server::release_free_memory();
    })
    .await;
}

/// Where there is a gate, other files of databases go through it first: what it holds back, the load leaves out.
async fn gate_databases(running: &Arc<Running>) {
    let served = Arc::clone(&running.keeper.store().load_full().configuration);
    if served.geo_gate.max_change.is_none() {
        return;
    }
    let paths: Vec<String> = served.geo.iter().filter_map(|source| source.path.clone()).collect();
    let running = Arc::clone(running);
    // One that panics has told so in the log; what is served goes on.
    let _ = tokio::task::spawn_blocking(move || databases::examine(&running, &paths)).await;
}

/// The files of databases that were not taken may fit what was taken now.
async fn look_again(running: &Arc<Running>) {
    let running = Arc::clone(running);
    // One that panics has told so in the log; what is served goes on.
    let _ = tokio::task::spawn_blocking(move || databases::examine_untaken(&running)).await;
}

async fn load(running: &Arc<Running>, previous: &Arc<Configuration>) -> Result<Loaded, Vec<Fault>> {
    let (running, previous) = (Arc::clone(running), Arc::clone(previous));
    let loading = tokio::task::spawn_blocking(move || {
        let (files, main) = (&running.service.files, &running.service.main);
        config::load_holding(files, main, Mode::Reload, Some(&previous), &running.gate.digests())
    });
    // A loader that panics has told so in the log; what is served goes on.
    loading.await.unwrap_or_else(|_| Err(Vec::new()))
}

fn refuse(running: &Running, faults: Vec<Fault>) {
    log_faults(&faults);
    let errors = faults.iter().filter(|fault| fault.severity == Severity::Error).count();
    tracing::error!(errors, "reload refused: what was served goes on unchanged");
    running.log.refused();
    *running.load.lock().unwrap_or_else(PoisonError::into_inner) = last_load(false, faults);
}

async fn take(running: &Arc<Running>, prober: &Prober, previous: &Configuration, loaded: Loaded) {
    let Loaded { settings, configuration, database_copies, assertions, warnings, .. } = loaded;
    log_faults(&warnings);
    for key in needs_restart(&running.settings, &settings) {
        tracing::warn!("{key} has changed: this takes a restart, until then the old value holds");
    }
    let configuration = Arc::new(configuration);
    let assignments = assignments(&configuration);
    let learned = probe_added(prober, previous, &assignments).await;
    running.log.learn(&configuration);
    let zones = configuration.zones.len();
    let load = Load { configuration, learned, at: unix_now() };
    let keeper = running.keeper.handle();
    let published = tokio::task::spawn_blocking(move || {
        keep_copies(&database_copies);
        keeper.send(Change::Load(load))?;
        keeper.published()
    });
    let Ok(Ok(generation)) = published.await else {
        // The keeper is gone; the daemon ends for it.
        tracing::error!("the reload could not be published");
        return;
    };
    running.gate.assert(assertions);
    prober.assign(assignments);
    *running.load.lock().unwrap_or_else(PoisonError::into_inner) = last_load(true, warnings);
    tracing::info!(generation, zones, "reloaded");
}

/// Faults as log lines, whose level says how bad they are.
pub(super) fn log_faults(faults: &[Fault]) {
    for fault in faults {
        match fault.severity {
            Severity::Error => tracing::error!("{fault:#}"),
            Severity::Warning => tracing::warn!("{fault:#}"),
        }
    }
}

/// Members that are new are probed once before they can be given out.
async fn probe_added(prober: &Prober, previous: &Configuration, wanted: &[Assignment]) -> Vec<Report> {
    let old: HashSet<_> = previous.targets.iter().map(|target| target.key).collect();
    let added: Vec<_> = wanted.iter().filter(|wanted| !old.contains(&wanted.key)).cloned().collect();
    let mut learned = Vec::with_capacity(added.len());
    let at = unix_now();
    prober
        .first_round(&added, |report| {
            learned.push(Report { key: report.key, verdict: report.verdict, at });
        })
        .await;
    learned
}

/// The settings that only a restart changes, by their keys.
fn needs_restart(old: &Settings, new: &Settings) -> Vec<&'static str> {
    let changed = [
        ("server.listen", old.listen != new.listen),
        ("server.workers", old.workers != new.workers),
        ("server.bypass", old.bypass != new.bypass),
        ("server.user", old.account != new.account),
        ("server.tcp", old.tcp != new.tcp),
        ("server.state_dir", old.state_dir != new.state_dir),
        ("admin.socket", old.socket != new.socket),
        ("admin.metrics", old.metrics != new.metrics),
    ];
    changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::config::Files;

    #[test]
    fn settings_that_a_reload_cannot_change_are_named() {
        let files = [
            ("meridian.toml", "[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n"),
            ("zones/a.zone", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n"),
        ];
        let files = files.map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
        let files = Files::Memory(BTreeMap::from(files));
        let loaded = config::load(&files, Path::new("meridian.toml"), Mode::Start, None);
        let old = loaded.map_err(|faults| format!("{faults:?}")).unwrap().settings;
        let mut new = old.clone();
        assert!(needs_restart(&old, &new).is_empty());
        new.listen.push("127.0.0.1:53".parse().unwrap());
        new.metrics = Some("127.0.0.1:1".parse().unwrap());
        assert_eq!(needs_restart(&old, &new), ["server.listen", "admin.metrics"]);
    }
}
