//! A server that was started here: on a core of its own, watched through /proc, and ended with all it has started.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::kernel::{self, Signal};

/// How long a server may take to end by itself.
const END_TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);
/// The part of a server's log that an error shows.
const LOG_LINES: usize = 5;

/// A running server. Dropping it ends it.
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// What a server holds in memory, over all its processes, in octets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Resident.
    pub rss: u64,
    /// Resident, shared pages divided among those who share them.
    pub pss: u64,
}

impl Process {
    /// Starts a command, pinned to a core. What it prints goes to `log`.
    pub fn start(command: &[String], core: usize, log: PathBuf) -> Result<Process> {
        let [program, arguments @ ..] = command else { bail!("no command") };
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        // A process inherits the affinity of the thread that starts it; so this one starts nothing else.
        let started = thread::scope(|scope| {
            let start = scope.spawn(|| {
                kernel::pin_to(core).with_context(|| format!("cannot run on core {core}"))?;
                command.spawn().with_context(|| format!("cannot start {program}"))
            });
            start.join().expect("starting a process does not panic")
        });
        Ok(Process { child: started?, log })
    }

    /// Sends a signal to the process that was started.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kernel::signal(self.child.id(), signal).context("cannot send a signal")
    }

    /// Fails with the end of its log when it has ended.
    pub fn must_run(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n  ");
        bail!("the server has ended ({status}); the end of {}:\n  {end}", self.log.display())
    }

    /// Its own id first, then those of all processes below it.
    pub fn ids(&self) -> Result<Vec<u32>> {
        let parents = parents()?;
        let mut ids = vec![self.child.id()];
        let mut next = 0;
        while let Some(&parent) = ids.get(next) {
            ids.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
            next += 1;
        }
        Ok(ids)
    }

    /// CPU time of all its processes, user and system. That is the sum of /proc/PID/task/*/schedstat and of the threads
    /// that have ended, which are many where a connection has one of its own.
    pub fn cpu_time(&self) -> Result<Duration> {
        let ids = self.ids()?;
        ids.into_iter().map(|id| kernel::cpu_time(id).context("no CPU clock")).sum()
    }

    /// What it holds in memory.
    pub fn memory(&self) -> Result<Memory> {
        let mut memory = Memory::default();
        for id in self.ids()? {
            let path = format!("/proc/{id}/smaps_rollup");
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
            memory.rss += kibibytes(&text, "Rss:") << 10;
            memory.pss += kibibytes(&text, "Pss:") << 10;
        }
        Ok(memory)
    }

    /// Asks it to end and waits until it and all below it have; whatever is left after a while is killed, each process
    /// by its id.
    pub fn end(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let ids = self.ids()?;
        kernel::signal(self.child.id(), Signal::Terminate)?;
        let deadline = Instant::now() + END_TIMEOUT;
        while self.child.try_wait()?.is_none() || ids[1..].iter().any(|id| is_running(*id)) {
            if Instant::now() > deadline {
                ids.iter()
                    .filter(|id| is_running(**id))
                    .try_for_each(|id| kernel::signal(*id, Signal::Kill))?;
                self.child.wait()?;
                break;
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("process {} could not be ended: {error}", self.child.id());
        }
    }
}

/// All processes, each with its parent.
fn parents() -> Result<Vec<(u32, u32)>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that has just ended has no file any more.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        parents.extend(parent_in(&stat).map(|parent| (id, parent)));
    }
    Ok(parents)
}

/// The parent in /proc/PID/stat: the second word after the name, which stands in parentheses and may hold anything.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

fn is_running(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

fn kibibytes(text: &str, key: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(key));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_hides_no_parent() {
        assert_eq!(parent_in("12 (a) (b) c) S 34 12"), Some(34));
        assert_eq!(parent_in("12 (a"), None);
    }

    #[test]
    fn a_process_is_watched_and_ended_with_those_below_it() {
        let log = std::env::temp_dir().join(format!("process-{}.log", std::process::id()));
        let command = ["sh", "-c", "sh -c 'while :; do :; done' & wait"].map(str::to_owned);
        let mut process = Process::start(&command, 0, log.clone()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while process.ids().unwrap().len() < 2 || process.cpu_time().unwrap() < Duration::from_millis(20) {
            assert!(Instant::now() < deadline);
            thread::sleep(POLL);
        }
        assert!(process.memory().unwrap().pss > 0);
        process.must_run().unwrap();
        let ids = process.ids().unwrap();
        // The shell in front does not pass SIGTERM on.
        kernel::signal(ids[1], Signal::Kill).unwrap();
        process.end().unwrap();
        assert!(process.must_run().is_err());
        fs::remove_file(log).unwrap();
    }
}
