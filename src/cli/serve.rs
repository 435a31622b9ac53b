//! `meridian serve`: the server itself, or the demonstration.

use std::path::PathBuf;

use super::log::{self, LogFormat};
use super::{FAILED, OK, files, print, print_to_stderr};
use crate::config::report;
use crate::daemon::demo::{self, DemoError};
use crate::daemon::{self, ServeError, Service};

/// Serve the zones of the files
///
/// Loads the main file and everything it names, answers queries, and probes the members, until SIGINT or SIGTERM. SIGHUP
/// loads the files again: everything in them, or, on any fault, nothing.
///
/// The log goes to standard error; MERIDIAN_LOG sets its level (error, warn, info, debug, trace).
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The main file [default: meridian.toml, or else /etc/meridian/meridian.toml]
    #[arg(conflicts_with = "demo")]
    file: Option<PathBuf>,
    /// Serve the shipped zone example.com on port 5300 of this machine, with backends to stop and start
    #[arg(long)]
    demo: bool,
    /// Make the draws repeatable (for tests)
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How log lines are written
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

/// Runs the command; returns when the server was told to stop.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    log::start(arguments.log_format);
    let result = if arguments.demo { serve_demo(arguments.seed) } else { serve_files(arguments) };
    match result {
        Ok(()) => Ok(OK),
        Err(DemoError::Serve(ServeError::Faults(faults))) => {
            print_to_stderr(&report::for_people(&faults, true));
            Ok(FAILED)
        }
        Err(error) => Err(error.into()),
    }
}

fn serve_files(arguments: &Arguments) -> Result<(), DemoError> {
    let main = files::main_file(arguments.file.as_deref()).to_owned();
    let service = Service { files: files::on_disk(), main, seed: arguments.seed };
    Ok(daemon::serve(service, |_| {})?)
}

fn serve_demo(seed: Option<u64>) -> Result<(), DemoError> {
    demo::serve(seed, |guide| {
        // A terminal that is gone does not stop a server.
        let _ = print(guide);
    })
}
