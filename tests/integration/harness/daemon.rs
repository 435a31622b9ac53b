//! Servers as child processes.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::place::Folder;

/// A process that a test started; it is killed when this is dropped.
pub struct Daemon {
    process: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts a command, whose output goes to the end of the file `log` of the folder; panics when it cannot be started.
    pub fn start(mut command: Command, folder: &Folder) -> Daemon {
        let log = folder.path().join("log");
        let end = || File::options().create(true).append(true).open(&log).expect("the log can be opened");
        // Debian keeps daemons where ordinary users do not look.
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        command.env("PATH", path).stdin(Stdio::null()).stdout(end()).stderr(end());
        let process = command.spawn().unwrap_or_else(|fault| {
            panic!("{command:?} cannot be started: {fault}; run `tests/run prepare` first")
        });
        Daemon { process, log }
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().expect("a child can be waited for").is_none()
    }

    /// Panics with the log when it has ended.
    pub fn assert_running(&mut self) {
        let status = self.process.try_wait().expect("a child can be waited for");
        assert!(status.is_none(), "the process ended with {status:?}; its log:\n{}", self.log());
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        let octets = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&octets).into_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
