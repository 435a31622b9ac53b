//! `meridian geo`: what an operator decides about geo databases of a running server.

use clap::Subcommand;

use super::control::{self, Socket};
use crate::admin::control::Request;

/// Decide about geo databases of the running server
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take a geo database that is held back, however many clients it moves
    ///
    /// A file of `databases` that is replaced while the server runs is taken by itself, unless it moves more of the
    /// clients of a name than `max_change` of `[geo]`. `meridian status` says which are held back, `meridian plan
    /// --running` whom they move.
    Accept {
        /// The path of the database as configured [default: all that are held back]
        database: Option<String>,
        #[command(flatten)]
        socket: Socket,
    },
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    match &arguments.command {
        Command::Accept { database, socket } => {
            control::send_and_print(socket, &Request::AcceptGeo { database: database.clone() })
        }
    }
}
