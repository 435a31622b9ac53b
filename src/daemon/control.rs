//! Control requests: what each of them asks of the parts that live here.

use crate::admin::control::{Reply, Request};

use super::Running;
use super::act::Act;

/// Carries out a request. Called on a thread that may take its time.
pub(super) fn carry_out(running: &Running, request: Request) -> Result<Reply, String> {
    match request {
        Request::Resume { pool, member } => act(running, Act::Resume { pool, member }),
        Request::PanicAccept { pool } => act(running, Act::AcceptPanic { pool }),
    }
}

/// Has the keeper act, and waits until the answers show it.
fn act(running: &Running, act: Act) -> Result<Reply, String> {
    let keeper = running.keeper.handle();
    let done = keeper.act(act).map_err(|stopped| stopped.to_string())??;
    keeper.published().map_err(|stopped| stopped.to_string())?;
    running.log.acted(&done);
    Ok(Reply::text(done + "\n"))
}
