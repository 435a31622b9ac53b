//! What other files would change for clients of this server, with the health of this moment. Nothing is published.

use std::path::Path;
use std::sync::Arc;

use crate::admin::control::Reply;
use crate::admin::plan::Request;
use crate::admin::timestamp::now;
use crate::config::{self, Files, Mode, comparison};
use crate::explain::{Basis, Health};
use crate::fault::Fault;
use crate::server;
use crate::snapshot::{Configuration, Recorded, Snapshot};

use super::Running;

/// Compares what is served with what other files say. The answer is a view as JSON.
pub(super) fn compare(running: &Running, request: &Request) -> Result<Reply, String> {
    let reply = compare_and_show(running, request);
    // The other configuration is as large as the one that is served.
    server::release_free_memory();
    reply
}

fn compare_and_show(running: &Running, request: &Request) -> Result<Reply, String> {
    let weighing = comparison::weighing(request.weights.as_deref().map(Path::new))?;
    let served = running.keeper.store().load_full();
    let configuration = load(running, request, &served.configuration)?;
    // Members may have changed their state while the files were read.
    let recorded = running.keeper.handle().recorded().map_err(|stopped| stopped.to_string())?;
    let new = with_health_of(&recorded, configuration);
    Reply::json(&request.terms.compare(&recorded.snapshot, &new, weighing)?)
}

/// A configuration compiled with the health of a moment, which is about now. Targets that are not probed yet count as up: a reload probes
/// them before it takes the files.
pub(super) fn with_health_of(recorded: &Recorded, configuration: Configuration) -> Snapshot {
    let configuration = Arc::new(configuration);
    let observed = Health::recorded(Basis::Observed { generation: 0 }, &recorded.records, now());
    let assumed = Health::assumed(now());
    let loaded = Arc::clone(&configuration);
    Snapshot::new(0, configuration, &|target| match observed.record(&loaded, target) {
        Some(_) => observed.of(&loaded, target),
        None => assumed.of(&loaded, target),
    })
}

fn load(running: &Running, request: &Request, served: &Configuration) -> Result<Configuration, String> {
    let (files, main) = (&running.service.files, Path::new(&request.main));
    let load = |files: &Files| {
        let loaded = config::load(files, main, Mode::Reload, Some(served));
        loaded.map(|loaded| loaded.configuration).map_err(|faults| in_words(&faults))
    };
    let Some((configured, file)) = &request.replace else { return load(files) };
    let configuration = load(&comparison::with_database(files, main, configured, Path::new(file))?)?;
    comparison::check_has_database(&configuration, configured)?;
    Ok(configuration)
}

/// Every fault on a line of its own.
fn in_words(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("{fault:#}")).collect();
    format!("the files have faults:\n{}", lines.join("\n"))
}
