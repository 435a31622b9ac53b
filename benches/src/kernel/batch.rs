//! Datagrams in batches: one system call to receive up to [`BATCH`] of them, one to send them back.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use super::check;

/// Datagrams a system call: as many as the product takes.
pub const BATCH: usize = 32;
/// The largest datagram that is read whole; the answers of the benches are far below it.
const ROOM: usize = 2048;

/// Room for a batch, reused.
pub struct Batch {
    octets: Box<[[u8; ROOM]]>,
    names: [libc::sockaddr_in; BATCH],
    lengths: [usize; BATCH],
    received: usize,
}

impl Default for Batch {
    fn default() -> Batch {
        Batch {
            octets: vec![[0; ROOM]; BATCH].into(),
            // SAFETY: all zeros are a valid, empty address.
            names: unsafe { std::mem::zeroed() },
            lengths: [0; BATCH],
            received: 0,
        }
    }
}

impl Batch {
    /// Receives what is there, with `wait` at least one datagram, and returns how many.
    pub fn receive(&mut self, socket: &UdpSocket, wait: bool) -> io::Result<usize> {
        self.received = 0;
        self.lengths = [ROOM; BATCH];
        let flags = if wait { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        let mut parts = empty_parts();
        let mut headers = self.headers(&mut parts, BATCH);
        // SAFETY: every pointer in the headers leads to memory of `self` or of this function, good for the length
        // beside it, and nothing else uses that memory during the call.
        let result = check(unsafe {
            let count = BATCH as libc::c_uint;
            libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, flags as _, std::ptr::null_mut())
        });
        self.received = match result {
            Ok(count) => count as usize,
            Err(error) if is_nothing_there(&error) => 0,
            Err(error) => return Err(error),
        };
        for (length, header) in self.lengths.iter_mut().zip(&headers[..self.received]) {
            *length = (header.msg_len as usize).min(ROOM);
        }
        Ok(self.received)
    }

    /// The datagrams that were received last.
    pub fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        let lengths = &self.lengths[..self.received];
        self.octets.iter().zip(lengths).map(|(octets, &length)| &octets[..length])
    }

    /// The same, to be changed in place.
    pub fn datagrams_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let lengths = &self.lengths[..self.received];
        self.octets.iter_mut().zip(lengths).map(|(octets, &length)| &mut octets[..length])
    }

    /// Sends the datagrams back to where they came from; what the kernel does not take is given up.
    pub fn send_back(&mut self, socket: &UdpSocket) -> io::Result<()> {
        let mut parts = empty_parts();
        let mut headers = self.headers(&mut parts, self.received);
        // SAFETY: every pointer in the first `received` headers leads to memory of `self` or of this function, good for
        // the length beside it, which the kernel only reads; the headers themselves are exclusively ours.
        check(unsafe {
            let count = self.received as libc::c_uint;
            libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_DONTWAIT as _)
        })?;
        Ok(())
    }

    /// Headers that lead to the first `count` datagrams and their addresses. Good as long as `self` and `parts` are
    /// not touched.
    fn headers(&mut self, parts: &mut [libc::iovec; BATCH], count: usize) -> [libc::mmsghdr; BATCH] {
        // SAFETY: all zeros are a valid, empty message header.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        for index in 0..count {
            parts[index].iov_base = self.octets[index].as_mut_ptr().cast();
            parts[index].iov_len = self.lengths[index];
            let header = &mut headers[index].msg_hdr;
            header.msg_name = (&raw mut self.names[index]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
            header.msg_iov = &raw mut parts[index];
            header.msg_iovlen = 1;
        }
        headers
    }
}

fn empty_parts() -> [libc::iovec; BATCH] {
    [const { libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 } }; BATCH]
}

/// Also when nobody listened to what was sent before (an ICMP error of a connected socket).
fn is_nothing_there(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_are_sent_back_changed_to_those_who_sent_them() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let clients = [1u8, 2].map(|number| {
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            client.connect(server.local_addr().unwrap()).unwrap();
            client.send(&[number; 40]).unwrap();
            client
        });
        let mut batch = Batch::default();
        assert_eq!(batch.receive(&server, true).unwrap(), 2);
        batch.datagrams_mut().for_each(|datagram| datagram[0] |= 0x80);
        batch.send_back(&server).unwrap();
        for (client, number) in clients.iter().zip([1u8, 2]) {
            assert_eq!(batch.receive(client, true).unwrap(), 1);
            let datagram = batch.datagrams().next().unwrap();
            assert_eq!((datagram[0], datagram[39], datagram.len()), (number | 0x80, number, 40));
        }
        assert_eq!(batch.receive(&server, false).unwrap(), 0);
    }

    #[test]
    fn a_segmented_send_arrives_as_several_datagrams() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        super::super::segment_datagrams(&client, 50).unwrap();
        client.send(&[7; 150]).unwrap();
        let mut batch = Batch::default();
        assert_eq!(batch.receive(&server, true).unwrap(), 3);
        assert!(batch.datagrams().all(|datagram| datagram == [7; 50]));
    }
}
