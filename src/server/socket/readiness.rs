//! Waiting for one of several sockets.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use super::{UdpSocket, check};

/// Tells which sockets of a worker have something to read. `poll` and not `epoll`: a worker has a handful of sockets,
/// for which it is as fast and needs no descriptor of its own.
pub(in crate::server) struct Readiness {
    entries: Vec<libc::pollfd>,
    // Keeps the descriptors in `entries` open.
    _sockets: Vec<Arc<UdpSocket>>,
}

impl Readiness {
    /// Watches these sockets; their indices are what [`Readiness::ready`] gives.
    pub(in crate::server) fn new(sockets: &[Arc<UdpSocket>]) -> Readiness {
        let entry = |socket: &Arc<UdpSocket>| libc::pollfd {
            fd: socket.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        Readiness { entries: sockets.iter().map(entry).collect(), _sockets: sockets.to_vec() }
    }

    /// Waits until a socket can be read (or has an error to be fetched by reading), at most `timeout`.
    pub(in crate::server) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        let milliseconds = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let count = self.entries.len() as libc::nfds_t;
        // SAFETY: the pointer leads to `count` entries.
        match check(unsafe { libc::poll(self.entries.as_mut_ptr(), count, milliseconds) }) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.forget(),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        Ok(())
    }

    /// Whether the socket of that index was ready when [`Readiness::wait`] last returned.
    pub(in crate::server) fn ready(&self, index: usize) -> bool {
        self.entries[index].revents != 0
    }

    fn forget(&mut self) {
        for entry in &mut self.entries {
            entry.revents = 0;
        }
    }
}
