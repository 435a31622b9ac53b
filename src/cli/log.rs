//! The log of a server: one line an event, on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

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
    let written = std::env::var_os(LEVEL_VARIABLE).unwrap_or_default();
    let written = written.to_string_lossy();
    let filter = filter(&written);
    let is_understood = filter.is_some();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(at_level_info))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    // An error means that a log has been started before.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text if std::env::var_os(JOURNAL_VARIABLE).is_some() => builder.without_time().try_init(),
        LogFormat::Text => builder.try_init(),
    };
    if !is_understood {
        tracing::warn!(
            "{LEVEL_VARIABLE}={written} is not understood, so the level is info; \
             write error, warn, info, debug or trace, or MODULE=LEVEL, with commas between"
        );
    }
}

/// What the directives let through: levels, and levels for modules; where none is for everything, info. `None` when one
/// of them is neither: `EnvFilter` by itself takes any word for a module, and then silences all others.
fn filter(written: &str) -> Option<EnvFilter> {
    let directives = written.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    directives
        .map(directive)
        .try_fold(at_level_info(), |filter, directive| Some(filter.add_directive(directive?)))
}

fn at_level_info() -> EnvFilter {
    EnvFilter::default().add_directive(LevelFilter::INFO.into())
}

fn directive(written: &str) -> Option<Directive> {
    match written.split_once('=') {
        Some((module, word)) => format!("{}={}", module.trim(), level(word)?).parse().ok(),
        None => Some(level(written)?.into()),
    }
}

fn level(word: &str) -> Option<LevelFilter> {
    match word.trim().to_ascii_lowercase().as_str() {
        "error" => Some(LevelFilter::ERROR),
        "warn" | "warning" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" => Some(LevelFilter::TRACE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_levels_of_modules_are_understood_and_nothing_else() {
        for (written, expected) in [
            ("", Some("info")),
            ("warning", Some("warn")),
            ("WARN", Some("warn")),
            ("trace", Some("trace")),
            ("meridian::probe=debug", Some("meridian::probe=debug,info")),
            (" error , meridian::probe = warning,", Some("meridian::probe=warn,error")),
            ("warnign", None),
            ("meridian", None),
            ("debug,loud", None),
            ("meridian=loud", None),
            ("meridian=", None),
        ] {
            let shown = filter(written).map(|filter| filter.to_string());
            assert_eq!(shown.as_deref(), expected, "{written}");
        }
    }
}
