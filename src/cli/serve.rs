//! `meridian serve`: the server itself, or the demonstration.

use std::path::PathBuf;

use super::files::MainFile;
use super::{DEFAULT_FILE, OK};
use crate::config::Files;
use crate::daemon::{self, demo};

/// Serve the zones of the files
///
/// Loads the main file and everything it names, probes the members once, and answers queries until SIGINT or SIGTERM.
/// SIGHUP loads the files again: everything in them, or on any fault nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The main file
    #[arg(default_value = DEFAULT_FILE, conflicts_with = "demo")]
    file: PathBuf,
    /// Serve the shipped zone example.com on port 5300 of this machine, with backends to stop and start
    #[arg(long)]
    demo: bool,
    /// Make the draws repeatable (for tests)
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    todo!()
}
