//! User-space instructions, counted by valgrind's callgrind: the same for the same work on a busy machine.
//!
//! A server runs under callgrind from its start, but is counted only while its counters are on (`vgdb`), so that
//! loading takes little time and stands in no figure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::load::{Report, Target, Until, saturate};
use crate::process::Process;
use crate::work::Transport;

/// Where the counters' files go, within a folder.
const FILE: &str = "callgrind.out";

/// The C library copies and compares memory in different ways on different processors. With this it takes the plain way of
/// x86-64 on all, so that figures of one machine hold on another.
const PLAIN_COPIES: &str = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX2_Usable,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-EVEX";

/// The counters of a server that runs under callgrind.
pub struct Counters {
    /// One for each process: NSD answers in a child.
    ids: Vec<u32>,
    folder: PathBuf,
}

/// The command that runs another one under callgrind, its counters off.
pub fn command(server: &[String], folder: &Path) -> Result<Vec<String>> {
    let file = folder.join(format!("{FILE}.%p"));
    let file = file.to_str().with_context(|| format!("{} is no UTF-8", folder.display()))?;
    // Without --trace-children a forked process could not be told anything.
    let callgrind = ["valgrind", "--tool=callgrind", "--quiet", "--trace-children=yes", "--instr-atstart=no"];
    let mut command: Vec<String> =
        ["env", PLAIN_COPIES].into_iter().chain(callgrind).map(str::to_owned).collect();
    command.push(format!("--callgrind-out-file={file}"));
    command.extend_from_slice(server);
    Ok(command)
}

impl Counters {
    /// Switches the counters of a running server on.
    pub fn on(process: &Process, folder: &Path) -> Result<Counters> {
        let counters = Counters { ids: process.ids()?, folder: folder.to_owned() };
        counters.ids.iter().try_for_each(|id| tell(*id, &["instrumentation", "on"]))?;
        counters.take()?;
        Ok(counters)
    }

    /// Instructions since they were taken last, or were switched on.
    pub fn take(&self) -> Result<u64> {
        self.ids.iter().try_fold(0, |sum, &id| {
            tell(id, &["dump"])?;
            Ok(sum + self.take_file(id)?)
        })
    }

    /// Instructions a query: what twice as many queries need more than so many, so that whatever else a server does
    /// stands in neither. As many again come first: caches warm up, tables are grown.
    pub fn per_query(&self, target: &Target<'_>, queries: u64) -> Result<f64> {
        self.count(target, queries)?;
        let (once, few) = self.count(target, queries)?;
        let (twice, many) = self.count(target, queries * 2)?;
        Ok((twice as f64 - once as f64) / (many as f64 - few as f64))
    }

    /// Keeps the profile of so many queries in a file for callgrind_annotate.
    pub fn profile(&self, target: &Target<'_>, queries: u64, path: &Path) -> Result<()> {
        self.take()?;
        saturate(target, Transport::Udp, Until::Sent(queries))?;
        for &id in &self.ids {
            tell(id, &["dump"])?;
            fs::rename(self.newest_file(id)?, path)?;
        }
        Ok(())
    }

    /// Instructions of so many queries, and how many of them were answered.
    fn count(&self, target: &Target<'_>, queries: u64) -> Result<(u64, u64)> {
        self.take()?;
        let report = saturate(target, Transport::Udp, Until::Sent(queries))?;
        let Report { sent, answered, wrong, .. } = report;
        ensure!(
            wrong == 0 && answered * 100 > sent * 99,
            "{wrong} wrong answers, {answered} of {sent} in all"
        );
        Ok((self.take()?, answered))
    }

    fn take_file(&self, id: u32) -> Result<u64> {
        let path = self.newest_file(id)?;
        let text = fs::read_to_string(&path)?;
        fs::remove_file(&path)?;
        total(&text).with_context(|| format!("{} has no total", path.display()))
    }

    /// Each dump has a file of its own, `callgrind.out.PID.N`; those that were taken are gone.
    fn newest_file(&self, id: u32) -> Result<PathBuf> {
        let start = format!("{FILE}.{id}.");
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&start) {
                return Ok(entry.path());
            }
        }
        bail!("callgrind has written no counters of process {id}")
    }
}

fn tell(id: u32, words: &[&str]) -> Result<()> {
    let output = Command::new("vgdb")
        .arg(format!("--pid={id}"))
        .args(words)
        .output()
        .context("cannot start vgdb (it belongs to the package valgrind)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "vgdb {} of process {id}: {}", words.join(" "), said.trim());
    Ok(())
}

/// The count of the first event, Ir.
fn total(text: &str) -> Option<u64> {
    let line =
        text.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_stands_in_a_line_of_its_own() {
        assert_eq!(total("events: Ir\nsummary: 123\nfn=(1) x\ntotals: 123\n"), Some(123));
        assert_eq!(total("events: Ir\n"), None);
    }
}
