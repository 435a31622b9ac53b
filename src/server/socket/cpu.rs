//! Which CPUs this process may use, and pinning a thread to one of them.

use std::io;

use super::check;

/// The numbers of the CPUs that the calling thread may run on, ascending.
pub(in crate::server) fn allowed_cpus() -> io::Result<Vec<usize>> {
    // SAFETY: an all-zero set is the empty set; the kernel writes at most the size it is given.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        check(libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set))?;
        set
    };
    let capacity = libc::CPU_SETSIZE as usize;
    // SAFETY: CPU_ISSET reads inside the set for numbers below CPU_SETSIZE.
    Ok((0..capacity).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect())
}

/// Keeps the calling thread on one CPU, so that its caches stay warm and its socket's packets stay near.
pub(in crate::server) fn pin_to(cpu: usize) -> io::Result<()> {
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    // SAFETY: the number was checked; the kernel reads the size it is given.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        check(libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_may_use_that_cpu_only() {
        let cpu = *allowed_cpus().unwrap().last().unwrap();
        let seen = std::thread::spawn(move || {
            pin_to(cpu).unwrap();
            allowed_cpus().unwrap()
        });
        assert_eq!(seen.join().unwrap(), [cpu]);
        assert!(pin_to(usize::MAX).is_err());
    }
}
