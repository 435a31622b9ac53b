//! `meridian status`: what a running server knows, asked over its status socket.

mod client;
mod text;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::{Format, OK, complain, files, print};
use crate::admin::status::Status;
use crate::config::{self, report};

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
    /// The main file, to find the socket [default: meridian.toml, or else /etc/meridian/meridian.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
        print(&ask(&socket, arguments.format)?)?;
        return Ok(OK);
    };
    let clear = if std::io::stdout().is_terminal() { CLEAR_SCREEN } else { "" };
    loop {
        match ask(&socket, arguments.format) {
            Ok(text) => print(&format!("{clear}{text}"))?,
            // A restart is just what somebody may be watching.
            Err(error) => {
                print(clear)?;
                complain(&format!("{error:#}"));
            }
        }
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

fn ask(socket: &Path, format: Format) -> anyhow::Result<String> {
    shown(&client::get_status(socket)?, format)
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

/// The socket as given, or as the main file names it. Whether the files are in order does not matter: a refused reload is
/// when the running server has most to tell.
fn socket(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    if let Some(socket) = &arguments.socket {
        return Ok(socket.clone());
    }
    let main = files::main_file(arguments.config.as_deref());
    let socket = config::status_socket(&files::on_disk(), main).map_err(|faults| {
        let faults = report::for_people(&faults, true);
        anyhow::anyhow!(
            "cannot find the status socket; --socket PATH needs no files\n\n{}",
            faults.trim_end()
        )
    })?;
    socket.with_context(|| format!("{} names no status socket; use --socket PATH", main.display()))
}
