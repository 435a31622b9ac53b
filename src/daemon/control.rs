//! Control requests: what each of them asks of the parts that live here.

use crate::admin::control::{Reply, Request};
use crate::admin::explain::{self, Ground};
use crate::admin::timestamp::now;
use crate::explain::{Basis, Health};
use crate::snapshot::Recorded;

use super::Running;
use super::act::Act;
use super::{databases, plan};

/// Carries out a request. Called on a thread that may take its time.
pub(super) fn carry_out(running: &Running, request: Request) -> Result<Reply, String> {
    match request {
        Request::Resume { pool, member } => act(running, Act::Resume { pool, member }),
        Request::PanicAccept { pool } => act(running, Act::AcceptPanic { pool }),
        Request::Explain(request) => explain(running, &request),
        Request::Plan(request) => plan::compare(running, &request),
        Request::AcceptGeo { database } => databases::accept(running, database.as_deref()).map(Reply::text),
    }
}

/// Explains on the generation that answers: what was reported before is in it.
fn explain(running: &Running, request: &explain::Request) -> Result<Reply, String> {
    let recorded = running.keeper.handle().recorded().map_err(|stopped| stopped.to_string())?;
    let Recorded { snapshot, records } = recorded;
    let basis = Basis::Observed { generation: snapshot.generation };
    let health = Health::recorded(basis, &records, now());
    let written = request.answer(Ground { snapshot: &snapshot, health })?;
    Ok(match request.format {
        explain::Format::Text => Reply::text(written),
        explain::Format::Json => Reply::written_json(written),
    })
}

/// Has the keeper act, and waits until the answers show it.
fn act(running: &Running, act: Act) -> Result<Reply, String> {
    let keeper = running.keeper.handle();
    let done = keeper.act(act).map_err(|stopped| stopped.to_string())??;
    keeper.published().map_err(|stopped| stopped.to_string())?;
    running.log.acted(&done);
    Ok(Reply::text(done + "\n"))
}
