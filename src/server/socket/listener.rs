//! Listening TCP sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;

use super::{bind, check, open, option};

/// Connections that wait to be accepted: as many as the kernel allows (`net.core.somaxconn`, 4096 as a rule), since
/// in a flood of them every honest one beyond waits a second for its next SYN.
const BACKLOG: libc::c_int = libc::c_int::MAX;
/// What the kernel may hold of queries that wait to be read, in octets (it takes twice that for its own books): a
/// pipeline of a thousand, or the largest message. Left alone it grows to megabytes for each connection.
const RECEIVE_BUFFER: libc::c_int = 64 << 10;
/// What it may hold of answers that wait to be taken (twice that with its own books): the usual burst whole; a larger one
/// goes on as the client takes it. More would be held for each client that reads nothing, thousands of them at once.
const SEND_BUFFER: libc::c_int = 32 << 10;
/// Milliseconds after which the kernel gives up a connection that acknowledges nothing: also one that is closed already,
/// which no deadline of ours reaches.
const UNACKNOWLEDGED_MAX_MS: libc::c_int = 30_000;

/// A non-blocking listening socket; its connections inherit its options. It does not share its port (`SO_REUSEPORT` is for
/// UDP only), so it also keeps a second server from taking half of our UDP queries unnoticed.
///
/// Without `TCP_DEFER_ACCEPT`: it would hide connections that send nothing in the backlog, where neither caps nor deadlines
/// reach them and where they stand in the way of honest ones; here they are the first to go.
pub(in crate::server) fn listen_tcp(address: &SocketAddr) -> io::Result<TcpListener> {
    let descriptor = open(address, libc::SOCK_STREAM | libc::SOCK_NONBLOCK)?;
    option::set(&descriptor, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    option::set(&descriptor, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER)?;
    option::set(&descriptor, libc::SOL_SOCKET, libc::SO_SNDBUF, SEND_BUFFER)?;
    option::set(&descriptor, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, UNACKNOWLEDGED_MAX_MS)?;
    // Without it pipelined answers wait 40 ms for the client's acknowledgement (findings.md).
    option::set(&descriptor, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
    bind(&descriptor, address)?;
    // SAFETY: no pointers.
    check(unsafe { libc::listen(descriptor.as_raw_fd(), BACKLOG) })?;
    Ok(TcpListener::from(descriptor))
}

/// Whether an error says that the process or the machine is out of descriptors or memory: closing a connection and
/// waiting helps, trying again at once does not.
pub(in crate::server) fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_listener_on_an_address_is_refused() {
        let first = listen_tcp(&"127.0.0.1:0".parse().unwrap()).unwrap();
        let second = listen_tcp(&first.local_addr().unwrap());
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn connections_inherit_the_options() {
        let listener = listen_tcp(&"127.0.0.1:0".parse().unwrap()).unwrap();
        listener.set_nonblocking(false).unwrap();
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = std::os::fd::OwnedFd::from(listener.accept().unwrap().0);
        let value = |level, name| option::get(&connection, level, name).unwrap();
        assert_eq!(value(libc::IPPROTO_TCP, libc::TCP_NODELAY), 1);
        assert_eq!(value(libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT), UNACKNOWLEDGED_MAX_MS);
        assert_eq!(value(libc::SOL_SOCKET, libc::SO_SNDBUF), 2 * SEND_BUFFER);
    }

    #[test]
    fn the_ipv6_wildcard_leaves_ipv4_to_a_listener_of_its_own() {
        // The port that the kernel chooses for IPv6 may be somebody else's for IPv4.
        const TRIES: usize = 20;
        let has_both = || {
            let six = listen_tcp(&"[::]:0".parse().unwrap()).unwrap();
            let port = six.local_addr().unwrap().port();
            listen_tcp(&SocketAddr::from(([0, 0, 0, 0], port))).is_ok()
        };
        assert!(
            (0..TRIES).any(|_| has_both()),
            "IPv4 was refused beside the wildcard of IPv6, {TRIES} times"
        );
    }
}
