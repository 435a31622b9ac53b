//! Receiving and answering datagrams in batches: one system call for up to [`BATCH`] queries, one for their answers.

use std::io;
use std::os::fd::AsRawFd;

use super::address::{Control, Name, leave_from};
use super::{Origin, UdpSocket, check};

/// Datagrams a system call; any number between 8 and 64 is as fast, because the kernel's own work dominates.
pub(in crate::server) const BATCH: usize = 32;
/// The largest query taken over UDP; what is longer loses its end and is a malformed message.
const REQUEST_MAX: usize = 4096;
/// The largest answer given over UDP; the configured limit is far below it.
const RESPONSE_MAX: usize = 4096;

/// Room for a batch of queries and their answers; reused, so that nothing is allocated per query.
pub(in crate::server) struct Batch {
    requests: Box<[[u8; REQUEST_MAX]; BATCH]>,
    responses: Box<[[u8; RESPONSE_MAX]; BATCH]>,
    names: [Name; BATCH],
    controls: [Control; BATCH],
    messages: [Message; BATCH],
    received: usize,
}

/// One received datagram and the length of its answer.
#[derive(Clone, Copy, Default)]
struct Message {
    /// `None` when the kernel named no sender.
    origin: Option<Origin>,
    request_length: usize,
    /// 0 when no answer is to be sent.
    response_length: usize,
}

/// What became of a batch of answers.
#[derive(Debug, Default)]
pub(in crate::server) struct Sent {
    /// Answers that the kernel took.
    pub(in crate::server) sent: usize,
    /// Answers that it refused.
    pub(in crate::server) failed: usize,
    /// Why it refused the last one of those.
    pub(in crate::server) error: Option<io::Error>,
}

impl Batch {
    /// An empty batch.
    pub(in crate::server) fn new() -> Batch {
        Batch {
            requests: zeroed_blocks(),
            responses: zeroed_blocks(),
            names: [Name::default(); BATCH],
            controls: [Control::default(); BATCH],
            messages: [Message::default(); BATCH],
            received: 0,
        }
    }

    /// Receives what is there, up to [`BATCH`] datagrams, and returns their number. With `wait` it waits for the first one as
    /// long as the socket's receive timeout says; nothing within that time is 0, not an error.
    pub(in crate::server) fn receive(&mut self, socket: &UdpSocket, wait: bool) -> io::Result<usize> {
        self.received = 0;
        let mut parts = [const { libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 } }; BATCH];
        let mut headers = empty_headers();
        for index in 0..BATCH {
            parts[index].iov_base = self.requests[index].as_mut_ptr().cast();
            parts[index].iov_len = REQUEST_MAX;
            let header = &mut headers[index].msg_hdr;
            header.msg_name = self.names[index].as_mut_ptr().cast();
            header.msg_namelen = Name::CAPACITY;
            header.msg_control = self.controls[index].as_mut_ptr();
            header.msg_controllen = Control::CAPACITY as _;
            header.msg_iov = &raw mut parts[index];
            header.msg_iovlen = 1;
        }
        let flags = if wait { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
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
        for (index, header) in headers[..self.received].iter().enumerate() {
            self.messages[index] = Message {
                origin: self.origin(index, &header.msg_hdr),
                request_length: (header.msg_len as usize).min(REQUEST_MAX),
                response_length: 0,
            };
        }
        Ok(self.received)
    }

    /// Calls `answer` with each received datagram: where it came from, its octets, and room for the answer, whose
    /// length it returns (0 for none).
    pub(in crate::server) fn answer_each(
        &mut self,
        mut answer: impl FnMut(&Origin, &[u8], &mut [u8]) -> usize,
    ) {
        for index in 0..self.received {
            let message = &mut self.messages[index];
            let Some(origin) = &message.origin else { continue };
            let request = &self.requests[index][..message.request_length];
            let length = answer(origin, request, &mut self.responses[index]);
            message.response_length = length.min(RESPONSE_MAX);
        }
    }

    /// Sends the answers without waiting. An answer that the kernel refuses (a full buffer, a firewall rule, no route) is
    /// given up; the rest are sent all the same.
    pub(in crate::server) fn send(&mut self, socket: &UdpSocket) -> Sent {
        let mut parts = [const { libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 } }; BATCH];
        let mut headers = empty_headers();
        let mut count = 0;
        for index in 0..self.received {
            let message = &self.messages[index];
            let (Some(origin), 1..) = (&message.origin, message.response_length) else { continue };
            self.names[count] = Name::from(origin.source);
            parts[count].iov_base = self.responses[index].as_mut_ptr().cast();
            parts[count].iov_len = message.response_length;
            let header = &mut headers[count].msg_hdr;
            header.msg_name = self.names[count].as_mut_ptr().cast();
            header.msg_namelen = self.names[count].length();
            leave_from(header, &mut self.controls[count], origin.local);
            header.msg_iov = &raw mut parts[count];
            header.msg_iovlen = 1;
            count += 1;
        }
        self.received = 0;
        // SAFETY: every pointer in the first `count` headers leads to memory of `self` or of this function, good for
        // the length beside it, which the kernel only reads; in the headers themselves, which are exclusively ours, it
        // writes how much it sent.
        send_all(count, |first| unsafe {
            let rest = &mut headers[first..count];
            let length = rest.len() as libc::c_uint;
            check(libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), length, libc::MSG_DONTWAIT as _))
        })
    }

    fn origin(&self, index: usize, header: &libc::msghdr) -> Option<Origin> {
        if header.msg_namelen == 0 {
            return None;
        }
        let source = self.names[index].to_address()?;
        Some(Origin { source, local: self.controls[index].local(header.msg_controllen as _) })
    }
}

/// Sends messages 0 to `count`, where `send(first)` sends from `first` on and returns how many went. It returns an
/// error only if the first one did not go: that one is given up and the rest are tried again.
fn send_all(count: usize, mut send: impl FnMut(usize) -> io::Result<libc::c_int>) -> Sent {
    let mut outcome = Sent::default();
    let mut first = 0;
    while first < count {
        match send(first) {
            Ok(sent @ 1..) => {
                outcome.sent += sent as usize;
                first += sent as usize;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            refused => {
                outcome.failed += 1;
                outcome.error = refused.err();
                first += 1;
            }
        }
    }
    outcome
}

fn is_nothing_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn empty_headers() -> [libc::mmsghdr; BATCH] {
    // SAFETY: all zeros are a valid, empty message header.
    unsafe { std::mem::zeroed() }
}

/// Blocks on the heap without a detour over the stack.
fn zeroed_blocks<const SIZE: usize>() -> Box<[[u8; SIZE]; BATCH]> {
    let blocks = vec![[0; SIZE]; BATCH].into_boxed_slice();
    blocks.try_into().unwrap_or_else(|_| unreachable!("the slice has BATCH blocks"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of `count` messages when the kernel's answers to the calls are these: so many sent, or an errno.
    fn check(count: usize, answers: &[Result<i32, i32>], sent: usize, failed: usize) {
        let mut answers = answers.iter();
        let mut calls = Vec::new();
        let outcome = send_all(count, |first| {
            calls.push(first);
            answers.next().expect("too many calls").map_err(io::Error::from_raw_os_error)
        });
        assert_eq!((outcome.sent, outcome.failed), (sent, failed), "{calls:?}");
        assert_eq!(outcome.error.is_some(), failed > 0);
        assert!(answers.next().is_none(), "too few calls: {calls:?}");
    }

    #[test]
    fn a_refused_answer_does_not_stop_the_others() {
        check(0, &[], 0, 0);
        check(3, &[Ok(3)], 3, 0);
        check(5, &[Ok(2), Ok(3)], 5, 0);
        check(5, &[Ok(2), Err(libc::EPERM), Ok(2)], 4, 1);
        check(3, &[Err(libc::EAGAIN), Err(libc::ENOBUFS), Err(libc::EPERM)], 0, 3);
        check(2, &[Err(libc::EINTR), Ok(2)], 2, 0);
    }

    #[test]
    fn a_batch_takes_at_most_its_number_and_answers_each_sender() {
        let address = "127.0.0.1:0".parse().expect("an address");
        let socket = UdpSocket::bind(&address, std::time::Duration::from_secs(10)).unwrap();
        let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for number in 0..BATCH as u8 + 8 {
            client.send_to(&[number; 40], socket.address()).unwrap();
        }
        let mut batch = Batch::new();
        assert_eq!(batch.receive(&socket, true).unwrap(), BATCH);
        batch.answer_each(|origin, request, out| {
            assert_eq!(origin.source, client.local_addr().unwrap());
            out[..2].copy_from_slice(&request[..2]);
            // Every second one is answered.
            usize::from(request[0] % 2) * 2
        });
        assert_eq!(batch.send(&socket).sent, BATCH / 2);
        assert_eq!(batch.receive(&socket, true).unwrap(), 8);
        assert_eq!(batch.receive(&socket, false).unwrap(), 0);
        let mut octets = [0; 100];
        for number in (1..BATCH as u8).step_by(2) {
            let (length, source) = client.recv_from(&mut octets).unwrap();
            assert_eq!((&octets[..length], source), ([number; 2].as_slice(), socket.address()));
        }
    }

    #[test]
    fn a_datagram_too_long_for_the_room_loses_its_end() {
        let address = "127.0.0.1:0".parse().expect("an address");
        let socket = UdpSocket::bind(&address, std::time::Duration::from_secs(10)).unwrap();
        let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(&[7; REQUEST_MAX + 1], socket.address()).unwrap();
        let mut batch = Batch::new();
        assert_eq!(batch.receive(&socket, true).unwrap(), 1);
        let mut seen = 0;
        batch.answer_each(|_, request, _| {
            seen = request.len();
            0
        });
        assert_eq!(seen, REQUEST_MAX);
    }
}
