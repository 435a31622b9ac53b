//! What the standard library does not reach: affinity, batches of datagrams, socket options, polling, signals, clocks.
//! The only module with `unsafe`.
#![allow(unsafe_code)]

mod batch;
mod socket;

pub use batch::{BATCH, Batch};
pub use socket::{enlarge_buffers, segment_datagrams, wait_readable};

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// Which signal a process is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: it may tidy up.
    Terminate,
    /// SIGKILL.
    Kill,
    /// SIGHUP: it may read its files again.
    Hangup,
}

/// Pins the calling thread to a core.
pub fn pin_to(core: usize) -> io::Result<()> {
    // 0 is the calling thread.
    set_affinity(0, core)
}

/// Pins a process of one thread, such as one of the kernel's, to a core.
pub fn pin_process_to(pid: u32, core: usize) -> io::Result<()> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::ErrorKind::InvalidInput)?;
    set_affinity(pid, core)
}

/// Gives a process of one thread its turn before all ordinary ones, as interrupts have it.
pub fn put_first(pid: u32) -> io::Result<()> {
    const FIRST: libc::c_int = -20;
    // SAFETY: no pointers.
    check(unsafe { libc::setpriority(libc::PRIO_PROCESS, pid, FIRST) })?;
    Ok(())
}

/// Gives the calling thread its turn after all ordinary ones, for good.
pub fn put_last() -> io::Result<()> {
    const LAST: libc::c_int = 19;
    // SAFETY: no pointers; on Linux 0 is the calling thread, not its process.
    check(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, LAST) })?;
    Ok(())
}

/// Takes the calling thread, and those that it starts, to the network namespace that a path names.
pub fn enter_network_namespace(path: &str) -> io::Result<()> {
    let namespace = std::fs::File::open(path)?;
    // SAFETY: no pointers; the descriptor is open during the call.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })?;
    Ok(())
}

fn set_affinity(pid: libc::pid_t, core: usize) -> io::Result<()> {
    // SAFETY: all zeros are an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if core >= libc::CPU_SETSIZE as usize {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: `core` is below the size of the set, as just checked.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: the set is a value of this function, good for the length beside it.
    check(unsafe { libc::sched_setaffinity(pid, size_of::<libc::cpu_set_t>(), &raw const set) })?;
    Ok(())
}

/// Sends a signal to one process. `Ok` also when it has ended before.
pub fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    let number = match signal {
        Signal::Terminate => libc::SIGTERM,
        Signal::Kill => libc::SIGKILL,
        Signal::Hangup => libc::SIGHUP,
    };
    let pid = libc::pid_t::try_from(pid).ok().filter(|&pid| pid > 1).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: touches no memory; a number above 1 names one process, never a group.
    match check(unsafe { libc::kill(pid, number) }) {
        Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error),
        _ => Ok(()),
    }
}

/// CPU time of a process, user and system, over all its threads, those that have ended included.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut clock = 0;
    // SAFETY: writes to the one number of this function that it is given.
    match unsafe { libc::clock_getcpuclockid(pid, &raw mut clock) } {
        0 => {}
        error => return Err(io::Error::from_raw_os_error(error)),
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to the one value of this function that it is given.
    check(unsafe { libc::clock_gettime(clock, &raw mut time) })?;
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
