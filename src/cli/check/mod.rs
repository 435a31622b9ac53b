//! `meridian check`: everything the loader does, but nothing is published.

mod summary;

use std::path::{Path, PathBuf};

use clap::builder::styling::AnsiColor;
use serde::Serialize;

use super::{FAILED, Format, OK, files, json, painted, print};
use crate::config::report;
use crate::fault::Fault;

use self::summary::Summary;

/// Read the files and report every fault in them
///
/// Reads the main file and everything it names: zones, maps, pools, databases. Prints all faults of all files, each with
/// its place, the offending text and what to do; then what was loaded. Nothing is published and no member is probed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The main file [default: meridian.toml, or else /etc/meridian/meridian.toml]
    file: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// The result as JSON.
#[derive(Serialize)]
struct Report {
    /// Whether a server would take these files.
    ok: bool,
    /// Errors and warnings.
    faults: serde_json::Value,
    /// What was loaded; null when it was refused.
    summary: Option<Summary>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let main = files::main_file(arguments.file.as_deref());
    let (faults, summary) = match files::load(main) {
        Ok(loaded) => {
            let summary = Summary::of(&loaded);
            (loaded.warnings, Some(summary))
        }
        Err(faults) => (faults, None),
    };
    let code = if summary.is_some() { OK } else { FAILED };
    match arguments.format {
        Format::Text => print(&text(main, &faults, summary.as_ref()))?,
        Format::Json => {
            let report = Report { ok: summary.is_some(), faults: report::as_json(&faults), summary };
            print(&json(&report)?)?;
        }
    }
    Ok(code)
}

fn text(main: &Path, faults: &[Fault], summary: Option<&Summary>) -> String {
    let faults = report::for_people(faults, true);
    let file = main.display();
    match summary {
        Some(summary) => {
            let good = painted("is in order", AnsiColor::Green.on_default().bold());
            format!("{faults}{file} {good}\n\n{summary}")
        }
        None => {
            let bad = painted("is refused", AnsiColor::Red.on_default().bold());
            format!("{faults}{file} {bad}\n")
        }
    }
}
