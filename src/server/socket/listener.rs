//! Listening TCP sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;

use super::{bind, check, open, option};

/// Connections that wait to be accepted; the kernel cuts it to `net.core.somaxconn`.
const BACKLOG: libc::c_int = 1024;

/// A non-blocking listening socket. It does not share its port (`SO_REUSEPORT` is for UDP only), so it also keeps a
/// second server from taking half of our UDP queries unnoticed.
pub(in crate::server) fn listen_tcp(address: &SocketAddr) -> io::Result<TcpListener> {
    let descriptor = open(address, libc::SOCK_STREAM | libc::SOCK_NONBLOCK)?;
    option::set(&descriptor, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
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
    fn the_ipv6_wildcard_leaves_ipv4_to_a_listener_of_its_own() {
        let six = listen_tcp(&"[::]:0".parse().unwrap()).unwrap();
        let port = six.local_addr().unwrap().port();
        listen_tcp(&SocketAddr::from(([0, 0, 0, 0], port))).unwrap();
    }
}
