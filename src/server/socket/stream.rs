//! Reading from a connection and writing to it, whoever watches it.

use std::io;
use std::os::fd::AsRawFd;

use super::check_length;

/// Reads what is there into the room behind what `octets` holds, which should be some; returns how much it was. Unlike
/// `Read::read` it wants no room that was written to before.
pub(in crate::server) fn receive(stream: &impl AsRawFd, octets: &mut Vec<u8>) -> io::Result<usize> {
    let room = octets.spare_capacity_mut();
    // SAFETY: the pointer leads to room for as many octets as the length says.
    let length = unsafe { libc::recv(stream.as_raw_fd(), room.as_mut_ptr().cast(), room.len(), 0) };
    let length = check_length(length)?;
    // SAFETY: the kernel has written so many octets behind those that were there.
    unsafe { octets.set_len(octets.len() + length) };
    Ok(length)
}

/// Writes as much as is taken at once; returns how much it was.
pub(in crate::server) fn send(stream: &impl AsRawFd, octets: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: the pointer leads to as many octets as the length says.
    check_length(unsafe { libc::send(stream.as_raw_fd(), octets.as_ptr().cast(), octets.len(), flags) })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn octets_come_behind_those_that_are_there_as_far_as_there_is_room() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        client.write_all(b"bcd").unwrap();
        let mut octets = Vec::with_capacity(3);
        octets.push(b'a');
        let room = octets.capacity() - 1;
        server.peek(&mut [0; 3]).unwrap();
        assert_eq!(receive(&server, &mut octets).unwrap(), room.min(3));
        assert!(b"abcd".starts_with(&octets));
        drop(client);
        octets.reserve_exact(8);
        while receive(&server, &mut octets).unwrap() > 0 {}
        assert_eq!(octets, b"abcd");
    }

    #[test]
    fn octets_are_taken_as_long_as_there_is_room_and_a_closed_end_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        assert_eq!(send(&server, b"abc").unwrap(), 3);
        let mut taken = [0; 3];
        client.read_exact(&mut taken).unwrap();
        assert_eq!(&taken, b"abc");
        let full = loop {
            if let Err(error) = send(&server, &[0; 1 << 16]) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        // Not all was read: a reset.
        drop(client);
        while send(&server, b"d").is_ok_and(|sent| sent > 0) {}
    }
}
