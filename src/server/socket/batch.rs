//! Receiving and answering datagrams in batches: one system call for up to [`BATCH`] queries, one for their answers.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use super::address::Name;
use super::slots::{BATCH, REQUEST_MAX, Slots};
use super::{Origin, UdpSocket, check};

/// Room for a batch of queries and their answers; reused, so that nothing is allocated or built per query.
///
/// Its user takes one datagram after the other ([`Batch::take`]) and gives each the answer that it gets ([`Batch::answer`]).
/// Answers stand side by side in the order of their queries, also where some queries get none: one call sends them.
pub(in crate::server) struct Batch {
    slots: Slots,
    /// Datagrams received.
    received: usize,
    /// Datagrams taken; the last one of them is the present one.
    taken: usize,
    /// Answers given.
    answers: usize,
}

/// A received datagram and room for its answer.
pub(in crate::server) struct Datagram<'b> {
    name: &'b Name,
    /// Its octets.
    pub(in crate::server) request: &'b [u8],
    /// Where the answer goes.
    pub(in crate::server) response: &'b mut [u8],
}

impl Datagram<'_> {
    /// Who sent it.
    #[inline(always)]
    pub(in crate::server) fn source(&self) -> IpAddr {
        self.name.ip()
    }

    /// From which port.
    #[inline(always)]
    pub(in crate::server) fn source_port(&self) -> u16 {
        self.name.port()
    }
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
        Batch { slots: Slots::new(), received: 0, taken: 0, answers: 0 }
    }

    /// Receives what is there, up to [`BATCH`] datagrams, and returns their number. With `wait` it waits for the first one as
    /// long as the socket's receive timeout says; nothing within that time is 0, not an error.
    pub(in crate::server) fn receive(&mut self, socket: &UdpSocket, wait: bool) -> io::Result<usize> {
        self.slots.make_room(self.received);
        (self.received, self.taken, self.answers) = (0, 0, 0);
        let flags = if wait { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        let (headers, count) = (self.slots.headers(), BATCH as libc::c_uint);
        // SAFETY: the headers are as `Slots::headers` says, and nothing else uses their memory during the call.
        let result = check(unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers, count, flags as _, std::ptr::null_mut())
        });
        self.received = match result {
            Ok(count) => (count as usize).min(BATCH),
            Err(error) if is_nothing_there(&error) => 0,
            Err(error) => return Err(error),
        };
        Ok(self.received)
    }

    /// Takes the next datagram.
    #[inline]
    pub(in crate::server) fn take(&mut self) -> Option<Datagram<'_>> {
        if self.taken >= self.received {
            return None;
        }
        self.taken += 1;
        self.present()
    }

    /// The datagram that was taken last.
    #[inline]
    pub(in crate::server) fn present(&mut self) -> Option<Datagram<'_>> {
        // Every index is below the length of a batch, so this changes none.
        let index = self.taken.checked_sub(1)? % BATCH;
        let memory = &mut *self.slots;
        let (slot, length) = (&mut memory.slots[index], memory.headers[index].msg_len as usize);
        let request = &slot.request[..length.min(REQUEST_MAX)];
        Some(Datagram { name: &slot.name, request, response: &mut slot.answer })
    }

    /// Datagrams that have been taken.
    pub(in crate::server) fn taken(&self) -> usize {
        self.taken
    }

    /// Where the datagram that was taken last came from.
    pub(in crate::server) fn origin(&mut self) -> Option<Origin> {
        let index = self.taken.checked_sub(1)?;
        let memory = &mut *self.slots;
        let (header, slot) = (&memory.headers[index].msg_hdr, &mut memory.slots[index]);
        let info_length = slot.info.turn_round(header.msg_controllen as _);
        let origin = Origin { name: slot.name, info: slot.info, info_length };
        (header.msg_namelen > 0).then_some(origin)
    }

    /// Has so many octets of its response go back to the sender of the datagram that was taken last.
    #[inline(always)]
    pub(in crate::server) fn answer(&mut self, length: usize) {
        let Some(index) = self.taken.checked_sub(1) else { return };
        if self.answers == index {
            self.slots.send_back(index, length);
            self.answers = self.taken;
        } else if self.answers < index {
            self.slots.send_back_at(self.answers, index, length);
            self.answers += 1;
        }
    }

    /// Sends the answers without waiting. An answer that the kernel refuses (a full buffer, a firewall rule, no route) is
    /// given up; the rest are sent all the same.
    pub(in crate::server) fn send(&mut self, socket: &UdpSocket) -> Sent {
        let count = std::mem::take(&mut self.answers);
        let headers = self.slots.headers();
        // SAFETY: the first `count` headers lead to answers and are as `Slots::headers` says; the kernel only reads what
        // they lead to, and writes into the headers themselves how much it has sent.
        send_all(count, |first| unsafe {
            let (rest, length) = (headers.add(first), (count - first) as libc::c_uint);
            check(libc::sendmmsg(socket.as_raw_fd(), rest, length, libc::MSG_DONTWAIT as _))
        })
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

    fn socket(address: &str) -> UdpSocket {
        UdpSocket::bind(&address.parse().unwrap(), std::time::Duration::from_secs(10)).unwrap()
    }

    /// Answers every second datagram with its first two octets.
    fn answer_every_second(batch: &mut Batch) {
        while let Some(datagram) = batch.take() {
            let first = datagram.request[0];
            datagram.response[..2].copy_from_slice(&datagram.request[..2]);
            if first % 2 == 1 {
                batch.answer(2);
            }
        }
    }

    #[test]
    fn a_batch_takes_at_most_its_number_and_answers_each_sender() {
        for listening in ["127.0.0.1:0", "0.0.0.0:0"] {
            let socket = socket(listening);
            let asked = std::net::SocketAddr::from(([127, 0, 0, 1], socket.address().port()));
            let clients = [(); 3].map(|()| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
            let client = |number: u8| &clients[usize::from(number) % clients.len()];
            let mut batch = Batch::new();
            // Twice: what the first round has changed is made good.
            for _ in 0..2 {
                for number in 0..BATCH as u8 + 8 {
                    client(number).send_to(&[number; 40], asked).unwrap();
                }
                assert_eq!(batch.receive(&socket, true).unwrap(), BATCH);
                answer_every_second(&mut batch);
                assert_eq!(batch.send(&socket).sent, BATCH / 2);
                assert_eq!(batch.receive(&socket, true).unwrap(), 8);
                assert_eq!(batch.receive(&socket, false).unwrap(), 0);
                let mut octets = [0; 100];
                for number in (1..BATCH as u8).step_by(2) {
                    let (length, source) = client(number).recv_from(&mut octets).unwrap();
                    assert_eq!((&octets[..length], source), ([number; 2].as_slice(), asked));
                }
            }
        }
    }

    #[test]
    fn a_datagram_shows_its_sender_and_an_answer_can_be_sent_later() {
        let socket = socket("[::]:0");
        let client = std::net::UdpSocket::bind("[::1]:0").unwrap();
        let asked = std::net::SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], socket.address().port()));
        client.send_to(b"query", asked).unwrap();
        let mut batch = Batch::new();
        assert!(batch.origin().is_none() && batch.present().is_none());
        assert_eq!(batch.receive(&socket, true).unwrap(), 1);
        let datagram = batch.take().unwrap();
        let sender = client.local_addr().unwrap();
        assert_eq!((datagram.source(), datagram.source_port()), (sender.ip(), sender.port()));
        assert_eq!(datagram.request, b"query");
        let origin = batch.origin().unwrap();
        assert!(batch.take().is_none());
        assert_eq!(batch.present().unwrap().request, b"query", "it is still the present one");
        assert_eq!(batch.send(&socket).sent, 0);
        assert_eq!(origin.source(), sender);
        socket.reply(&origin, b"answer").unwrap();
        let mut octets = [0; 100];
        let (length, source) = client.recv_from(&mut octets).unwrap();
        assert_eq!((&octets[..length], source), (b"answer".as_slice(), asked));
    }

    #[test]
    fn a_second_answer_to_a_datagram_is_none() {
        let socket = socket("127.0.0.1:0");
        let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(b"query", socket.address()).unwrap();
        let mut batch = Batch::new();
        batch.answer(2);
        assert_eq!(batch.receive(&socket, true).unwrap(), 1);
        batch.answer(2);
        assert!(batch.take().is_some());
        batch.answer(2);
        batch.answer(2);
        assert_eq!(batch.send(&socket).sent, 1);
    }

    #[test]
    fn a_datagram_too_long_for_the_room_loses_its_end() {
        let socket = socket("127.0.0.1:0");
        let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(&[7; REQUEST_MAX + 1], socket.address()).unwrap();
        let mut batch = Batch::new();
        assert_eq!(batch.receive(&socket, true).unwrap(), 1);
        assert_eq!(batch.take().unwrap().request.len(), REQUEST_MAX);
    }
}
