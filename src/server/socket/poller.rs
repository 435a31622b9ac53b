//! Waiting for any of many connections.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::{check, check_length};

/// Connections that one wait tells of at most; the others are told of by the next one.
const TOLD_MAX: usize = 256;
/// The number of the bell, which no connection has.
const BELL: u64 = u64::MAX;

/// Tells which of the watched connections have something to read: once when it comes, not as long as it is there. Who does
/// not read all of it remembers that himself. So the kernel looks at no connection twice for one message.
pub(in crate::server) struct Poller {
    descriptor: OwnedFd,
    events: Box<[libc::epoll_event]>,
    told: usize,
}

/// A connection that has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Ready {
    /// The number under which it is watched.
    pub(in crate::server) number: usize,
    /// The client has closed its side, or the connection is broken: reading says so, behind what there is to read.
    pub(in crate::server) is_closing: bool,
}

/// Ends the wait of a [`Poller`] from another thread.
pub(in crate::server) struct Bell(OwnedFd);

impl Poller {
    /// One that watches nothing, and its bell.
    pub(in crate::server) fn new() -> io::Result<(Poller, Bell)> {
        // SAFETY: no pointers; descriptors that the kernel has just given are owned by nobody else.
        let (descriptor, bell) = unsafe {
            let descriptor = OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?);
            let bell = check(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?;
            (descriptor, OwnedFd::from_raw_fd(bell))
        };
        let events = vec![libc::epoll_event { events: 0, u64: 0 }; TOLD_MAX].into();
        let poller = Poller { descriptor, events, told: 0 };
        poller.add(&bell, BELL)?;
        Ok((poller, Bell(bell)))
    }

    /// Watches a connection under a number, until it is closed or forgotten. What waits already is told of.
    pub(in crate::server) fn watch(&self, connection: &impl AsFd, number: usize) -> io::Result<()> {
        self.add(connection, number as u64)
    }

    /// Watches a connection no longer that others hold on to.
    pub(in crate::server) fn forget(&self, connection: &impl AsFd) -> io::Result<()> {
        let (watched, none) = (connection.as_fd().as_raw_fd(), std::ptr::null_mut());
        // SAFETY: this operation looks at no event.
        check(unsafe { libc::epoll_ctl(self.descriptor.as_raw_fd(), libc::EPOLL_CTL_DEL, watched, none) })?;
        Ok(())
    }

    /// Waits until there is something to tell; at most `timeout`, where there is one, and rather a little longer.
    pub(in crate::server) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let milliseconds = timeout
            .map_or(-1, |timeout| i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
        let room = self.events.len() as libc::c_int;
        self.told = 0;
        // SAFETY: the pointer leads to `room` events.
        let told = unsafe {
            libc::epoll_wait(self.descriptor.as_raw_fd(), self.events.as_mut_ptr(), room, milliseconds)
        };
        match check(told) {
            Ok(told) => self.told = told as usize,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What the last wait ended with.
    pub(in crate::server) fn ready(&self) -> impl Iterator<Item = Ready> {
        const CLOSING: libc::c_int = libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR;
        self.events[..self.told]
            .iter()
            .filter(|event| event.u64 != BELL)
            .map(|event| Ready { number: event.u64 as usize, is_closing: event.events & CLOSING as u32 != 0 })
    }

    /// Whether the bell was rung before the last wait ended, and not before the one before it.
    pub(in crate::server) fn has_rung(&self) -> bool {
        self.events[..self.told].iter().any(|event| event.u64 == BELL)
    }

    fn add(&self, watched: &impl AsFd, number: u64) -> io::Result<()> {
        let events = (libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLET) as u32;
        let mut event = libc::epoll_event { events, u64: number };
        let watched = watched.as_fd().as_raw_fd();
        // SAFETY: the event is read during the call only.
        check(unsafe {
            libc::epoll_ctl(self.descriptor.as_raw_fd(), libc::EPOLL_CTL_ADD, watched, &raw mut event)
        })?;
        Ok(())
    }
}

impl Bell {
    /// Ends the wait, or the next one. A bell that cannot be rung any more has rung.
    pub(in crate::server) fn ring(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the pointer leads to as many octets as the length says.
        let _ = check_length(unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::thread;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    fn told(poller: &mut Poller, timeout: Duration) -> Vec<Ready> {
        poller.wait(Some(timeout)).unwrap();
        poller.ready().collect()
    }

    #[test]
    fn what_comes_is_told_once_and_a_closed_side_with_it() {
        let (mut poller, _bell) = Poller::new().unwrap();
        let (mut client, mut server) = pair();
        poller.watch(&server, 7).unwrap();
        assert_eq!(told(&mut poller, Duration::ZERO), []);
        client.write_all(b"a").unwrap();
        assert_eq!(told(&mut poller, PATIENCE), [Ready { number: 7, is_closing: false }]);
        assert_eq!(told(&mut poller, Duration::ZERO), [], "though nothing was read");
        drop(client);
        assert_eq!(told(&mut poller, PATIENCE), [Ready { number: 7, is_closing: true }]);
        let mut octets = Vec::new();
        assert_eq!(server.read_to_end(&mut octets).unwrap(), 1);
    }

    #[test]
    fn who_is_watched_late_is_told_of_and_who_is_forgotten_is_not() {
        let (mut poller, _bell) = Poller::new().unwrap();
        let (mut client, server) = pair();
        client.write_all(b"a").unwrap();
        server.peek(&mut [0]).unwrap();
        poller.watch(&server, 0).unwrap();
        assert_eq!(told(&mut poller, PATIENCE), [Ready { number: 0, is_closing: false }]);
        poller.forget(&server).unwrap();
        client.write_all(b"b").unwrap();
        assert_eq!(told(&mut poller, Duration::ZERO), []);
    }

    #[test]
    fn a_bell_ends_the_wait_and_is_no_connection() {
        let (mut poller, bell) = Poller::new().unwrap();
        let bell = Arc::new(bell);
        for _ in 0..2 {
            let ringing = Arc::clone(&bell);
            let ringing = thread::spawn(move || ringing.ring());
            poller.wait(None).unwrap();
            assert!(poller.has_rung() && poller.ready().next().is_none());
            ringing.join().unwrap();
            poller.wait(Some(Duration::ZERO)).unwrap();
            assert!(!poller.has_rung());
        }
    }
}
