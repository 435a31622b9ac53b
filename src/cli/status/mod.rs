//! `meridian status`: what a running server knows, asked over its status socket.

mod client;
mod text;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use super::{DEFAULT_FILE, Format, OK, files, print};
use crate::admin::status::Status;
use crate::config::report;

/// Moves to the top left and clears what follows (ECMA-48), so that a watched table stays in its place.
const CLEAR_SCREEN: &str = "\u{1b}[H\u{1b}[J";

/// Show what a running server knows
///
/// Asks a running server over its status socket: members with their health, the last verdict and its reason, pools and
/// rules that are degraded or all down, the last load of the files, geo data and its age.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The status socket [default: the one that the main file names]
    #[arg(long, value_name = "PATH", conflicts_with = "config")]
    socket: Option<PathBuf>,
    /// The main file, to find the socket
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Ask again every so many seconds, until interrupted
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    watch: Option<u64>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let socket = socket(arguments)?;
    let Some(seconds) = arguments.watch else {
        print(&shown(&client::get_status(&socket)?, arguments.format)?)?;
        return Ok(OK);
    };
    let clear = if std::io::stdout().is_terminal() { CLEAR_SCREEN } else { "" };
    loop {
        print(&format!("{clear}{}", shown(&client::get_status(&socket)?, arguments.format)?))?;
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

fn shown(body: &[u8], format: Format) -> anyhow::Result<String> {
    match format {
        Format::Json => {
            let value: serde_json::Value = serde_json::from_slice(body).context("the server's JSON")?;
            super::json(&value)
        }
        Format::Text => {
            let status: Status = serde_json::from_slice(body).context(
                "the server does not speak this program's status format; are their versions the same?",
            )?;
            Ok(text::render(&status))
        }
    }
}

/// The socket as given, or as the files name it.
fn socket(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    if let Some(socket) = &arguments.socket {
        return Ok(socket.clone());
    }
    let loaded = files::load(&arguments.config)
        .map_err(|faults| anyhow::anyhow!("{} (--socket PATH needs no files)", report::summary(&faults)))
        .with_context(|| format!("cannot find the status socket in {}", arguments.config.display()))?;
    loaded.settings.socket.context("the files name no status socket; use --socket PATH")
}
