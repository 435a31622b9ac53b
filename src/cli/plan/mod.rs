//! `meridian plan`: what a change of the files or of a geo database changes for clients.

mod text;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context;

use super::control::{self, Socket};
use super::{FAILED, Format, OK, complain, files, json, print, print_to_stderr};
use crate::admin::control::Request;
use crate::admin::plan::{self, Terms, View};
use crate::admin::timestamp::now;
use crate::config::{self, Files, Loaded, Mode, comparison, report};
use crate::explain::Health;
use crate::fault::Fault;
use crate::snapshot::{Configuration, Limit, Snapshot};

/// The change is larger than `--max-change` says.
const EXCEEDED: u8 = 3;
/// The command line is wrong.
const USAGE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  meridian plan /etc/meridian/meridian.toml new/meridian.toml
      What changes for clients when the new files take the place of the old ones.
  meridian plan --running
      What a reload of the running server would change, with the health of this moment.
  meridian plan meridian.toml --replace geoip/city.mmdb=/tmp/city.mmdb --max-change 2%
      What another geo database changes; exit code 3 when a name moves more than 2 % of its clients.

Exit codes:
  0  compared
  1  the files have faults, or no server answers
  2  the command line is wrong
  3  the largest change is above --max-change";

/// Say what a change of the files changes for clients
///
/// Compares two configurations, or one with what the running server serves, or one geo database with another. Every
/// client is looked at, not samples: both maps are walked in step over the whole IPv4 and IPv6 space. For each name and
/// type this tells the share of clients whose ordered sites, answers or TTL change, split by country and autonomous
/// system, from which site to which, and the largest networks that move.
///
/// Of IPv4 the globally routable addresses are counted, of IPv6 the /48s inside networks that a database or a table of a
/// map covers; with --weights the queries of a file.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The main files to compare, or the folders that hold them: OLD NEW; only NEW with --running; one with --replace
    #[arg(value_name = "FILE", num_args = 0..=2)]
    files: Vec<PathBuf>,
    /// Compare with what the running server serves, with the health of this moment; nothing is changed
    #[arg(long)]
    running: bool,
    #[command(flatten)]
    socket: Socket,
    /// A geo database that takes the place of a configured one on the new side: the path as configured, and the file
    #[arg(long, value_name = "PATH=FILE")]
    replace: Option<Replacement>,
    /// A file of networks and how many queries come from each, to count instead of addresses: one network and number a
    /// line, as text or CSV
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// The largest change that is accepted, `2%` or `1/50`: above it the exit code is 3
    #[arg(long, value_name = "SHARE")]
    max_change: Option<Limit>,
    /// How many networks, countries and autonomous systems are told of each group of names
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    top: usize,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// `PATH=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Replacement {
    configured: String,
    file: PathBuf,
}

impl FromStr for Replacement {
    type Err = String;

    fn from_str(text: &str) -> Result<Replacement, String> {
        match text.split_once('=') {
            Some((configured, file)) if !configured.is_empty() && !file.is_empty() => {
                Ok(Replacement { configured: configured.to_owned(), file: file.into() })
            }
            _ => {
                Err("write the path of the database as it is configured and the file that takes its place: \
                      geoip/city.mmdb=/tmp/city.mmdb"
                    .to_owned())
            }
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let view = match (&arguments.files[..], arguments.running) {
        (files @ ([] | [_]), true) => arguments.ask(files.first().map(PathBuf::as_path))?,
        ([old, new], false) => match arguments.compare(old, new)? {
            Ok(view) => view,
            Err(faults) => return Ok(faulty(&faults)),
        },
        ([both], false) if arguments.replace.is_some() => match arguments.compare(both, both)? {
            Ok(view) => view,
            Err(faults) => return Ok(faulty(&faults)),
        },
        _ => {
            complain(
                "name two main files (OLD NEW), or --running and at most one (NEW), or one and --replace PATH=FILE; \
                 see `meridian plan --help`",
            );
            return Ok(USAGE);
        }
    };
    match arguments.format {
        Format::Text => print(&text::render(&view))?,
        Format::Json => print(&json(&view)?)?,
    }
    Ok(if view.gate.is_some_and(|gate| gate.exceeded) { EXCEEDED } else { OK })
}

fn faulty(faults: &[Fault]) -> u8 {
    print_to_stderr(&report::for_people(faults, true));
    FAILED
}

impl Arguments {
    fn terms(&self) -> Terms {
        let exact = |limit: Limit| format!("{}/{}", limit.numerator, limit.denominator);
        Terms { max_change: self.max_change.map(exact), top: self.top }
    }

    /// Asks the running server. It reads the files itself, so paths go there in full.
    fn ask(&self, new: Option<&Path>) -> anyhow::Result<View> {
        let new = new.map(main_file_in);
        let main = new.as_deref().unwrap_or_else(|| self.socket.main_file());
        let replace = self.replace.as_ref();
        let replace = replace.map(|each| Ok((each.configured.clone(), absolute(&each.file)?))).transpose();
        let request = plan::Request {
            main: absolute(main)?,
            replace: replace.map_err(|error: anyhow::Error| error)?,
            weights: self.weights.as_deref().map(absolute).transpose()?,
            terms: self.terms(),
        };
        let reply = control::send(&self.socket.path()?, &Request::Plan(request))?;
        serde_json::from_slice(&reply).context("the server's answer is not that of this version")
    }

    /// Compares two configurations, all members up.
    fn compare(&self, old: &Path, new: &Path) -> anyhow::Result<Result<View, Vec<Fault>>> {
        let weighing = comparison::weighing(self.weights.as_deref()).map_err(anyhow::Error::msg)?;
        let (old, new) = (main_file_in(old), main_file_in(new));
        let old = match load(&files::on_disk(), &old, None) {
            Ok(loaded) => loaded.configuration,
            Err(faults) => return Ok(Err(faults)),
        };
        let files = self.new_files(&new)?;
        let loaded = match load(&files, &new, Some(&old)) {
            Ok(loaded) => loaded.configuration,
            Err(faults) => return Ok(Err(faults)),
        };
        if let Some(replacement) = &self.replace {
            comparison::check_has_database(&loaded, &replacement.configured).map_err(anyhow::Error::msg)?;
        }
        let [old, new] = [old, loaded].map(all_up);
        self.terms().compare(&old, &new, weighing).map(Ok).map_err(anyhow::Error::msg)
    }

    fn new_files(&self, main: &Path) -> anyhow::Result<Files> {
        let Some(Replacement { configured, file }) = &self.replace else { return Ok(files::on_disk()) };
        comparison::with_database(&files::on_disk(), main, configured, file).map_err(anyhow::Error::msg)
    }
}

fn load(files: &Files, main: &Path, previous: Option<&Configuration>) -> Result<Loaded, Vec<Fault>> {
    config::load(files, main, Mode::Compare, previous)
}

fn all_up(configuration: Configuration) -> Snapshot {
    Health::assumed(now()).compile(Arc::new(configuration))
}

/// The main file that a folder holds, or the path itself.
fn main_file_in(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(config::MAIN_FILES[0]) } else { path.to_owned() }
}

fn absolute(path: &Path) -> anyhow::Result<String> {
    let absolute = std::path::absolute(path).with_context(|| path.display().to_string())?;
    absolute.into_os_string().into_string().map_err(|path| anyhow::anyhow!("{path:?} is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_has_a_configured_path_and_a_file() {
        let parsed: Replacement = "geoip/city.mmdb=/tmp/a=b.mmdb".parse().unwrap();
        assert_eq!((parsed.configured.as_str(), parsed.file), ("geoip/city.mmdb", "/tmp/a=b.mmdb".into()));
        for wrong in ["", "=", "a=", "=b", "a"] {
            assert!(wrong.parse::<Replacement>().is_err(), "{wrong}");
        }
    }
}
