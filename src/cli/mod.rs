//! The commands (the door to `clap`): one file each.

mod answering;
mod check;
mod control;
mod cookie_secrets;
mod explain;
mod files;
mod geo;
mod log;
mod map;
mod panic;
mod plan;
mod prove;
mod replay;
mod resume;
mod serve;
mod status;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Style};
use clap::{Parser, Subcommand};

use crate::geo::DATA_NOTICE;

/// All is well.
const OK: u8 = 0;
/// The files have faults, the server could not start, no server answers, or it refuses.
const FAILED: u8 = 1;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  meridian serve --demo
      A working zone on port 5300 of this machine, with backends to stop and start.
  meridian check
      Read the main file and everything it names; print every fault with its place.
  meridian explain www.example.com A --from 193.0.6.139/24
      What a client there would get, and why, without a running server; with --online, from it.
  meridian map world
      Which sites each country gets, and how much of the Internet the map knows.
  meridian prove
      Whether what the files assert holds for all clients and failures; if not, for whom and when.
  meridian replay queries.pcap meridian.toml new/meridian.toml
      Which captured queries would get another answer from the new files.
  meridian status
      What the running server knows: members, pools, rules, loads, geo data.

The main file is the one that you name (`serve FILE`, `check FILE`, `prove FILE`, `replay … FILE`;
`--config FILE` for the other commands); else ./meridian.toml; else, where that does not exist,
/etc/meridian/meridian.toml.

Exit codes:
  0  all is well
  1  the files have faults, an assertion does not hold, the server could not start, no server
     answers, or it refuses
  2  the command line is wrong";

/// An authoritative DNS server that steers traffic by place, weight and health.
#[derive(Debug, Parser)]
#[command(
    name = "meridian",
    version,
    long_version = LONG_VERSION.as_str(),
    styles = STYLES,
    after_help = EXAMPLES,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Check(check::Arguments),
    Explain(explain::Arguments),
    Map(map::Arguments),
    Plan(plan::Arguments),
    Geo(geo::Arguments),
    Prove(prove::Arguments),
    Replay(replay::Arguments),
    Status(status::Arguments),
    Resume(resume::Arguments),
    Panic(panic::Arguments),
    CookieSecrets(cookie_secrets::Arguments),
}

/// How a command prints its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Runs the command of this process's command line.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Map(arguments) => map::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Geo(arguments) => geo::run(&arguments),
        Command::Prove(arguments) => prove::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Resume(arguments) => resume::run(&arguments),
        Command::Panic(arguments) => panic::run(&arguments),
        Command::CookieSecrets(arguments) => cookie_secrets::run(&arguments),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// The version, and the notice that the built-in geo data asks for.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let notice = DATA_NOTICE.map_or_else(String::new, |notice| format!("\n{notice}."));
    format!("{}\n\nLicence: MIT or Apache-2.0.{notice}", env!("CARGO_PKG_VERSION"))
});

/// Writes to standard output. A reader that went away (`| head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = anstream::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes an error to standard error; nothing can be done if that fails.
fn complain(words: &str) {
    let error = painted("error", AnsiColor::Red.on_default().bold());
    let _ = writeln!(anstream::stderr().lock(), "{error}: {words}");
}

/// A text in a colour; `anstream` takes the colour away where it is not wanted.
fn painted(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// JSON with indents, ended by a line feed.
fn json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Writes a report to standard error; nothing can be done if that fails.
fn print_to_stderr(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}
