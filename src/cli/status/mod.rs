//! `meridian status`: what a running server knows, asked over its control socket.

mod text;

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::control::{self, Socket};
use super::{Format, OK, complain, print};
use crate::admin::status::Status;

/// Moves to the top left and clears what follows (ECMA-48), so that a watched table stays in its place.
const CLEAR_SCREEN: &str = "\u{1b}[H\u{1b}[J";

/// Show what a running server knows
///
/// Asks a running server over its control socket: members with their health, the last verdict and its reason, pools and
/// rules that are degraded or all down, the last load of the files, geo data and its age.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    socket: Socket,
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
    let socket = arguments.socket.path()?;
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
    shown(&control::get(socket, "/status")?, format)
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
