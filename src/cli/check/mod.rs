//! `meridian check`: everything the loader does, but nothing is published.

mod summary;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::styling::AnsiColor;
use serde::Serialize;

use super::{FAILED, Format, OK, files, json, painted, print};
use crate::admin::timestamp::now;
use crate::config::{Loaded, Mode, report};
use crate::fault::{Fault, any_error};

use self::summary::Summary;

/// Read the files and report every fault in them
///
/// Reads the main file and everything it names: zones, maps, pools, databases. Prints all faults of all files, each with
/// its place, the offending text and what to do; then what was loaded. Holds every `[[expect]]` of the files against all
/// answers that its client can get. Nothing is published and no member is probed.
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
    /// Whether a server would take these files, and all that they expect holds.
    ok: bool,
    /// Errors and warnings.
    faults: serde_json::Value,
    /// What was loaded; null when it was refused.
    summary: Option<Summary>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let main = files::main_file(arguments.file.as_deref());
    let (loaded, faults) = files::look_at(main, Mode::Check);
    let (faults, summary) = match loaded {
        Some(loaded) => examined(loaded, faults, main),
        None => (faults, None),
    };
    let ok = !any_error(&faults);
    match arguments.format {
        Format::Text => print(&text(main, &faults, summary.as_ref()))?,
        Format::Json => {
            let report = Report { ok, faults: report::as_json(&faults), summary };
            print(&json(&report)?)?;
        }
    }
    Ok(if ok { OK } else { FAILED })
}

/// Holds the expectations against what was loaded: their faults behind those of the load, and, where a server would take
/// it, the summary.
fn examined(mut loaded: Loaded, mut faults: Vec<Fault>, main: &Path) -> (Vec<Fault>, Option<Summary>) {
    let mut summary = (!any_error(&faults)).then(|| Summary::of(&loaded));
    let configuration = Arc::new(std::mem::take(&mut loaded.configuration));
    let examination = loaded.expectations.examine(&configuration, main, now());
    if let Some(summary) = &mut summary {
        summary.set_expectations(&examination);
    }
    faults.extend(examination.faults);
    (faults, summary)
}

fn text(main: &Path, faults: &[Fault], summary: Option<&Summary>) -> String {
    let faults = report::for_people(faults, true);
    let file = main.display();
    match summary {
        Some(summary) => {
            let verdict = match summary.failed_expectations() {
                0 => painted("is in order", AnsiColor::Green.on_default().bold()),
                _ => painted("is not what is expected", AnsiColor::Red.on_default().bold()),
            };
            format!("{faults}{file} {verdict}\n\n{summary}")
        }
        None => {
            let bad = painted("is refused", AnsiColor::Red.on_default().bold());
            format!("{faults}{file} {bad}\n")
        }
    }
}
