//! `meridian replay`: captured queries against one configuration, or two.

mod capture;
mod comparison;
mod engine;
mod report;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::{FAILED, Format, OK, files, json, print};
use crate::config::{self, Loaded};
use crate::health::{State, TargetId, Tracker};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::TargetHealth;

use self::capture::Captured;
use self::comparison::Comparison;
use self::engine::Engine;
use self::report::{Report, Span};

/// Answer captured queries again, from one configuration or from two
///
/// Reads queries from a capture (pcap, pcapng or dnstap) and answers them in this process as the server would, with all
/// members up and no rate limit in force. Prints the response codes, how long an answer took, and how many of the queries
/// resolvers that keep answers by client subnet (RFC 7871) would not have had to ask. With a second configuration, also
/// which share of queries and of clients gets another answer there, and for which names.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A file of tcpdump (pcap, pcapng) or of dnstap
    capture: PathBuf,
    /// The main file [default: meridian.toml, or else /etc/meridian/meridian.toml]
    file: Option<PathBuf>,
    /// The main file of another configuration, to compare with
    new: Option<PathBuf>,
    /// The port that queries in a packet capture go to
    #[arg(long, default_value_t = 53)]
    port: u16,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let old = files::main_file(arguments.file.as_deref());
    let mains: Vec<&Path> = [Some(old), arguments.new.as_deref()].into_iter().flatten().collect();
    let mut snapshots = Vec::new();
    for main in &mains {
        match files::load(main) {
            Ok(loaded) => snapshots.push(snapshot(loaded)),
            Err(faults) => {
                super::print_to_stderr(&config::report::for_people(&faults, true));
                return Ok(FAILED);
            }
        }
    }
    let path = &arguments.capture;
    let shown = path.display();
    let capture = File::open(path).with_context(|| format!("{shown} cannot be read"))?;
    let mut engines: Vec<Engine<'_>> = snapshots.iter().map(Engine::new).collect();
    let mut comparison = Comparison::default();
    let mut span = Span::default();
    let (kind, skipped, read) = capture::read(capture, arguments.port, &mut |captured| {
        replay(&captured, &mut engines, &mut comparison, &mut span);
    });
    let report = Report::new((kind, arguments.port), (&span, &skipped), &mains, &engines, &comparison);
    // What was read before a capture breaks off counts all the same.
    if span.queries > 0 || read.is_ok() {
        match arguments.format {
            Format::Text => print(&report.to_string())?,
            Format::Json => print(&json(&report)?)?,
        }
    }
    read.with_context(|| format!("{shown} cannot be read to its end"))?;
    Ok(OK)
}

fn replay(captured: &Captured<'_>, engines: &mut [Engine<'_>], comparison: &mut Comparison, span: &mut Span) {
    span.add(captured.time_ms);
    match engines {
        [engine] => drop(engine.answer(captured)),
        [old, new] => {
            let (old, new) = (old.answer(captured), new.answer(captured));
            comparison.add(captured.source, old.as_ref(), new.as_ref());
        }
        _ => unreachable!("there are one or two configurations"),
    }
}

/// A generation with everything up.
fn snapshot(loaded: Loaded) -> Snapshot {
    let configuration: Arc<Configuration> = Arc::new(loaded.configuration);
    let up = |target: TargetId| {
        let tracker = Tracker { state: State::Up, passes: 0, failures: 0 };
        TargetHealth::of(&tracker, configuration.monitor_of(target))
    };
    Snapshot::new(1, Arc::clone(&configuration), &up)
}
