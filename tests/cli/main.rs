//! Transcripts of the real binary: each file below `cases/` holds one command line and everything it prints.
//!
//! A case starts with `$ meridian …`; what follows is standard output and then standard error, with `[exit N]` at the end
//! when the command fails. Commands run in this folder. `BLESS=1 cargo test --test cli` writes what is printed now into
//! the files, to be read before it is committed.

// Nothing is reachable from outside of a test binary.
#![allow(unreachable_pub)]

#[path = "../cases/mod.rs"]
mod cases;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn transcripts() {
    cases::check(&folder().join("cases"), 11, |text| {
        let (command, _) = text.split_once('\n').unwrap_or((text, ""));
        Ok(format!("{command}\n{}", run(command)))
    });
}

fn run(command: &str) -> String {
    let arguments = command.strip_prefix("$ meridian ").expect("a case starts with `$ meridian `");
    let output = Command::new(env!("CARGO_BIN_EXE_meridian"))
        .args(arguments.split_whitespace())
        .current_dir(folder())
        .env_remove("MERIDIAN_LOG")
        .output()
        .expect("the binary can be started");
    transcript(&output)
}

fn transcript(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        let code = output.status.code().map_or_else(|| "signal".to_owned(), |code| code.to_string());
        text.push_str(&format!("[exit {code}]\n"));
    }
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")
}
