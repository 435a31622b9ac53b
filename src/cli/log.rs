//! The log of a server: one line an event, on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The environment variable with the level, or with levels for modules (`info,meridian::probe=debug`).
const LEVEL_VARIABLE: &str = "MERIDIAN_LOG";
/// Set by systemd when standard error goes to the journal, which has the time of every line already.
const JOURNAL_VARIABLE: &str = "JOURNAL_STREAM";

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Starts the log of this process. Does nothing when there is one already.
pub(super) fn start(format: LogFormat) {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_env_var(LEVEL_VARIABLE)
        .from_env_lossy();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    // An error means that a log has been started before.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text if std::env::var_os(JOURNAL_VARIABLE).is_some() => builder.without_time().try_init(),
        LogFormat::Text => builder.try_init(),
    };
}
