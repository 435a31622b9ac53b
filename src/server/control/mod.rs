//! Control messages: CHAOS, NOTIFY, UPDATE, TSIG-signed queries, transfer requests. The only door to hickory.
//!
//! hickory-server reads and writes these messages and calls our handler; the sockets stay ours (findings.md says why its
//! listeners must not face the Internet). Its parser never sees a message before its size and its number of questions are
//! checked.

mod chaos;
mod handler;
mod queue;
mod ruling;
mod tsig;

#[cfg(test)]
mod tests;

pub(super) use queue::{ControlQueue, ControlRequest, queue};

use std::net::SocketAddr;
use std::sync::Arc;

use hickory_proto::ProtoError;
use hickory_proto::op::ResponseCode;
use hickory_server::net::runtime::TokioTime;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler};
use tracing::subscriber::{NoSubscriber, with_default};

use crate::answer::{Counter, Tally, Transport};
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

/// The octets that go back (none at all below the length of a header) and their response code.
struct Answer {
    octets: Vec<u8>,
    rcode: u16,
}

impl Control {
    /// Answers for the zones that are in `store` at the moment of the request. `tally` is shared with other tasks.
    pub(super) fn new(store: Arc<Store>, tally: Arc<Tally>) -> Control {
        Control { store, tally }
    }

    /// The answer to a control message; empty when there is none. It is made in a task of its own, so that a panic is a
    /// SERVFAIL.
    pub(super) async fn answer(
        self: &Arc<Control>,
        packet: Vec<u8>,
        source: SocketAddr,
        transport: Transport,
    ) -> Vec<u8> {
        let header = packet[..packet.len().min(HEADER_LENGTH)].to_vec();
        let control = Arc::clone(self);
        let task = tokio::spawn(async move { control.read_and_answer(packet, source, transport).await });
        let answer = task.await.unwrap_or_else(|_| {
            self.tally.count_shared(Counter::Panic);
            refuse(&header, Rcode::ServFail)
        });
        if let Some(counter) = answer.counter() {
            self.tally.count_shared(counter);
        }
        answer.octets
    }

    async fn read_and_answer(&self, packet: Vec<u8>, source: SocketAddr, transport: Transport) -> Answer {
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
        match read_quietly(packet.clone(), source, protocol) {
            Ok(request) => self.handle(&request).await,
            Err(_) => refuse(&packet, Rcode::FormErr),
        }
    }

    async fn handle(&self, request: &Request) -> Answer {
        let snapshot = self.store.load_full();
        let reply = Reply::new(request, snapshot.configuration.udp_payload_max);
        let handler = Handler::new(snapshot);
        let sent = handler.handle_request::<_, TokioTime>(request, reply.clone()).await;
        let Some(octets) = reply.into_octets() else { return refuse(request.as_slice(), Rcode::ServFail) };
        let answer = Answer { octets, rcode: sent.response_code.into() };
        answer.cut_to(request.as_slice().len() + ERROR_EXTRA)
    }
}

/// Has hickory read a message, without the warnings that it logs about malformed options: anybody could fill the log.
fn read_quietly(packet: Vec<u8>, source: SocketAddr, protocol: Protocol) -> Result<Request, ProtoError> {
    with_default(NoSubscriber::default(), || Request::from_bytes(packet, source, protocol))
}

impl Answer {
    /// An error that is longer than that loses everything but its header.
    fn cut_to(mut self, length: usize) -> Answer {
        if self.rcode != 0 && self.octets.len() > length {
            self.octets.truncate(HEADER_LENGTH);
            self.octets[4..].fill(0);
        }
        self
    }

    fn counter(&self) -> Option<Counter> {
        if self.octets.is_empty() {
            return None;
        }
        if self.rcode == u16::from(ResponseCode::NotAuth) {
            return Some(Counter::NotAuth);
        }
        let known = Rcode::ALL.iter().find(|&&known| known as u16 == self.rcode);
        known.map(|&rcode| Counter::of_rcode(rcode))
    }
}

/// An error made from the header of a message.
fn refuse(packet: &[u8], rcode: Rcode) -> Answer {
    let mut octets = vec![0; HEADER_LENGTH];
    let length = answer_header_only(packet, rcode, &mut octets);
    octets.truncate(length);
    Answer { octets, rcode: rcode as u16 }
}
