//! Options of sockets, and waiting for several of them.

use std::io;
use std::net::{TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use super::check;

/// Asked for in each direction, so that the loader itself loses nothing.
const BUFFER: libc::c_int = 8 << 20;

/// Asks for large buffers: beyond the machine's limit where we are permitted to, else up to it.
pub fn enlarge_buffers(socket: &UdpSocket) -> io::Result<()> {
    let descriptor = socket.as_raw_fd();
    for (force, within_limit) in
        [(libc::SO_RCVBUFFORCE, libc::SO_RCVBUF), (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF)]
    {
        set(descriptor, libc::SOL_SOCKET, force, BUFFER)
            .or_else(|_| set(descriptor, libc::SOL_SOCKET, within_limit, BUFFER))?;
    }
    Ok(())
}

/// From now on one `send` of several times `length` octets is so many datagrams (UDP_SEGMENT, udp(7)): they pass
/// through the stack as one and are cut where they arrive, so sending costs the loader a fraction.
pub fn segment_datagrams(socket: &UdpSocket, length: usize) -> io::Result<()> {
    set(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, length as libc::c_int)
}

/// Waits until some streams have something to read or `timeout` (whole milliseconds) is over; returns their indices.
pub fn wait_readable<'s>(
    streams: impl Iterator<Item = &'s TcpStream>,
    timeout: Duration,
) -> io::Result<Vec<usize>> {
    let mut polled: Vec<libc::pollfd> = streams
        .map(|stream| libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    // SAFETY: the list is ours, of the length beside it.
    let result =
        unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, timeout.as_millis() as _) };
    match check(result) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
        _ => {}
    }
    let ready = polled.iter().enumerate().filter(|(_, polled)| polled.revents != 0);
    Ok(ready.map(|(index, _)| index).collect())
}

fn set(descriptor: RawFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the value is a number of this function, of the length beside it; the kernel only reads it.
    check(unsafe { libc::setsockopt(descriptor, level, name, (&raw const value).cast(), length) })?;
    Ok(())
}
