//! `meridian panic`: what an operator says about members that are suspect because more have failed than may leave at once.

use super::control::{Socket, send_and_print};
use crate::admin::control::Request;

/// Decide about members that failed beyond the panic limit of their pool
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    decision: Decision,
}

#[derive(Debug, clap::Subcommand)]
enum Decision {
    /// Accept that the suspect members are down
    ///
    /// Members beyond the panic limit are suspect: they are still given out where no candidate has anything better. From now
    /// on they count as down like any other. Members that recover are no longer suspect without this.
    Accept(Accept),
}

#[derive(Debug, clap::Args)]
struct Accept {
    /// Only those of this pool
    #[arg(value_name = "POOL")]
    pool: Option<String>,
    #[command(flatten)]
    socket: Socket,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let Decision::Accept(Accept { pool, socket }) = &arguments.decision;
    send_and_print(socket, &Request::PanicAccept { pool: pool.clone() })
}
