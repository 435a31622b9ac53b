//! What only root can show: tests that pass themselves on to a process of root's.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use super::server::run;

/// Runs a test (its path in this program) in a process of root's; panics with the way out where that cannot be done.
pub fn pass_as_root(test: &str) {
    let program = std::env::current_exe().expect("a process has a program");
    let mut command = Command::new("sudo");
    command.args(["-n", "--preserve-env=PATH,MERIDIAN_BINARY"]).arg(program);
    command.args(["--exact", test]).stdin(Stdio::null());
    let text = match command.output() {
        Ok(output) => String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        Err(fault) => format!("sudo: {fault}"),
    };
    let has_passed = text.contains("test result: ok. 1 passed");
    assert!(has_passed, "only root can show this: be root, or allow sudo without a password\n{text}");
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The numbers of a user and its group.
pub fn ids(user: &str) -> (u32, u32) {
    let number = |option: &str| {
        let output = run(Command::new("id").args([option, user]));
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("id prints a number")
    };
    (number("-u"), number("-g"))
}

/// Gives a folder and everything in it to a user.
pub fn give(path: &Path, uid: u32, gid: u32) {
    chown(path, Some(uid), Some(gid)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), uid, gid);
        }
    }
}
