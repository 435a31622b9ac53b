//! A clock that takes a few instructions to read: the kernel's own, which goes on by ticks.

/// A tick of the kernel: there are a hundred to a thousand in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Tick {
    seconds: libc::time_t,
    nanoseconds: libc::c_long,
}

impl Tick {
    /// The tick that this is; `None` where the kernel does not tell (before Linux 2.6.32).
    pub(in crate::server) fn now() -> Option<Tick> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` has room for what is written.
        let done = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
        (done == 0).then_some(Tick { seconds: time.tv_sec, nanoseconds: time.tv_nsec })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ticks_go_on() {
        let before = Tick::now().unwrap();
        // The slowest kernel has a hundred in a second.
        std::thread::sleep(Duration::from_millis(25));
        assert_ne!(Tick::now(), Some(before));
    }
}
