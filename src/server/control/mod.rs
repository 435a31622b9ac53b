//! Control messages: CHAOS, NOTIFY, UPDATE, TSIG-signed queries, transfer requests. The only door to hickory.
//!
//! hickory-server reads and writes these messages and calls our handler; the sockets stay ours (findings.md says why its
//! listeners must not face the Internet). Its parser never sees a message before its size and its number of questions are
//! checked.

mod chaos;
mod handler;
mod queue;
mod tsig;
mod verdict;

#[cfg(test)]
mod tests;

pub(super) use queue::{ControlQueue, ControlRequest, queue};

use std::net::SocketAddr;
use std::sync::Arc;

use hickory_server::net::runtime::TokioTime;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler};

use crate::answer::{Counter, Tally, Transport, servfail};
use crate::snapshot::Store;
use crate::wire::Rcode;
use crate::wire::header::{HEADER_LENGTH, answer_header_only, count};
use handler::{Handler, Reply};

/// The longest control message that is read; nothing that is answered today needs more. A longer one is refused
/// from its header.
const REQUEST_MAX: usize = 4096;
/// An error is at most so much longer than what it answers: it must not amplify (security.md, "Odd packets").
const ERROR_EXTRA: usize = 60;

/// Answers control messages.
pub(super) struct Control {
    store: Arc<Store>,
    tally: Arc<Tally>,
}

impl Control {
    /// Answers for the zones that are in `store` at the moment of the request. `tally` is shared with other tasks.
    pub(super) fn new(store: Arc<Store>, tally: Arc<Tally>) -> Control {
        Control { store, tally }
    }

    /// The answer to a control message; empty when there is none. It runs in a task of its own, so that a panic is a SERVFAIL.
    pub(super) async fn answer(
        self: &Arc<Control>,
        request: Vec<u8>,
        source: SocketAddr,
        transport: Transport,
    ) -> Vec<u8> {
        let header = request[..request.len().min(HEADER_LENGTH)].to_vec();
        let control = Arc::clone(self);
        let task = tokio::spawn(async move { control.read_and_answer(request, source, transport).await });
        let answer = task.await.unwrap_or_else(|_| {
            self.tally.count_shared(Counter::Panic);
            from_header(&header, servfail)
        });
        self.count_answer(&answer);
        answer
    }

    async fn read_and_answer(&self, packet: Vec<u8>, source: SocketAddr, transport: Transport) -> Vec<u8> {
        if packet.len() > REQUEST_MAX {
            return refuse(&packet, Rcode::Refused);
        }
        if packet.len() < HEADER_LENGTH || count(&packet, 0) != 1 {
            return refuse(&packet, Rcode::FormErr);
        }
        let protocol = match transport {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp => Protocol::Tcp,
        };
        match Request::from_bytes(packet.clone(), source, protocol) {
            Ok(request) => self.handle(&request).await,
            Err(_) => refuse(&packet, Rcode::FormErr),
        }
    }

    async fn handle(&self, request: &Request) -> Vec<u8> {
        let snapshot = self.store.load_full();
        let reply = Reply::new(request, snapshot.configuration.udp_payload_max);
        Handler::new(snapshot).handle_request::<_, TokioTime>(request, reply.clone()).await;
        match reply.into_octets() {
            Some(octets) if is_small_enough(&octets, request) => octets,
            Some(octets) => {
                from_header(request.as_slice(), |packet, out| cut_to_header(packet, &octets, out))
            }
            None => from_header(request.as_slice(), servfail),
        }
    }

    fn count_answer(&self, answer: &[u8]) {
        let rcode = answer.get(3).map(|flags| u16::from(flags & 0x0F));
        let known = Rcode::ALL.iter().find(|&&known| Some(known as u16) == rcode);
        if let Some(&rcode) = known {
            self.tally.count_shared(Counter::of_rcode(rcode));
        }
    }
}

/// Whether an answer may be sent as it is: errors do not amplify.
fn is_small_enough(answer: &[u8], request: &Request) -> bool {
    let is_error = answer.get(3).is_some_and(|flags| flags & 0x0F != 0);
    !is_error || answer.len() <= request.as_slice().len() + ERROR_EXTRA
}

/// The header of an answer without what made it too long: the same flags and response code, no records.
fn cut_to_header(packet: &[u8], answer: &[u8], out: &mut [u8]) -> usize {
    let length = answer_header_only(packet, Rcode::ServFail, out);
    out[2..4].copy_from_slice(&answer[2..4]);
    length
}

fn refuse(packet: &[u8], rcode: Rcode) -> Vec<u8> {
    from_header(packet, |packet, out| answer_header_only(packet, rcode, out))
}

fn from_header(packet: &[u8], write: impl FnOnce(&[u8], &mut [u8]) -> usize) -> Vec<u8> {
    let mut out = vec![0; HEADER_LENGTH];
    let length = write(packet, &mut out);
    out.truncate(length);
    out
}
