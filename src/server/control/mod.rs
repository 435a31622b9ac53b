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
use hickory_server::net::runtime::TokioTime;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler};
use tracing::subscriber::{NoSubscriber, with_default};

use crate::answer::{Counter, ERROR_EXTRA, Tally, Transport, UDP_WITHOUT_EDNS, error, refuse_whole};
use crate::server::clock::Clock;
use crate::snapshot::Store;
use crate::wire::cookie::Secret;
use crate::wire::header::{HEADER_LENGTH, count};
use crate::wire::{ExtendedError, Rcode};
use handler::{Handler, Reply};

/// The longest control message that is read; nothing that is answered today needs more. A longer one is refused
/// from its header.
const REQUEST_MAX: usize = 4096;
/// What is wrong with a message that must not be read, or cannot be.
mod fault {
    use crate::wire::ExtendedError;

    pub(super) const LENGTH: ExtendedError = ExtendedError::other("longer than any request served here");
    pub(super) const QUESTIONS: ExtendedError = ExtendedError::other("not exactly one question");
    pub(super) const NO_ROOM: ExtendedError = ExtendedError::other("the answer would be too long");
    pub(super) const MESSAGE: ExtendedError = ExtendedError::other("malformed message");
}

/// Answers control messages.
pub(super) struct Control {
    store: Arc<Store>,
    surroundings: Surroundings,
    tally: Arc<Tally>,
}

/// What the options of an answer depend on beside its request.
#[derive(Clone, Copy)]
pub(super) struct Surroundings {
    /// The clock of the server.
    pub(super) clock: Clock,
    /// What the process's own cookies follow from.
    pub(super) process_secret: Secret,
    /// What TCP clients are told of the idle timeout, in units of 100 ms.
    pub(super) keepalive: u16,
}

/// The octets that go back (none at all below the length of a header) and their response code.
struct Answer {
    octets: Vec<u8>,
    rcode: u16,
}

impl Control {
    /// Answers for the zones that are in `store` at the moment of the request. `tally` is shared with other tasks.
    pub(super) fn new(store: Arc<Store>, surroundings: Surroundings, tally: Arc<Tally>) -> Control {
        Control { store, surroundings, tally }
    }

    /// The answer to a control message; empty when there is none. It is made in a task of its own, so that a panic is a
    /// SERVFAIL.
    pub(super) async fn answer(
        self: &Arc<Control>,
        packet: Vec<u8>,
        source: SocketAddr,
        transport: Transport,
    ) -> Vec<u8> {
        let control = Arc::clone(self);
        let message = packet.clone();
        let task = tokio::spawn(async move { control.read_and_answer(message, source, transport).await });
        let answer = task.await.unwrap_or_else(|_| {
            self.tally.count_shared(Counter::Panic);
            self.refuse(&packet, Rcode::ServFail, error::INTERNAL)
        });
        if let Some(counter) = answer.counter() {
            self.tally.count_shared(counter);
        }
        answer.octets
    }

    async fn read_and_answer(&self, packet: Vec<u8>, source: SocketAddr, transport: Transport) -> Answer {
        if packet.len() > REQUEST_MAX {
            return self.refuse(&packet, Rcode::Refused, fault::LENGTH);
        }
        if packet.len() < HEADER_LENGTH || count(&packet, 0) != 1 {
            return self.refuse(&packet, Rcode::FormErr, fault::QUESTIONS);
        }
        let protocol = match transport {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp => Protocol::Tcp,
        };
        match read_quietly(packet.clone(), source, protocol) {
            Ok(request) => self.handle(&request).await,
            Err(_) => self.refuse(&packet, Rcode::FormErr, fault::MESSAGE),
        }
    }

    async fn handle(&self, request: &Request) -> Answer {
        let snapshot = self.store.load_full();
        let reply = Reply::new(request, snapshot.configuration.udp_payload_max);
        let handler = Handler::new(Arc::clone(&snapshot), self.surroundings);
        let sent = handler.handle_request::<_, TokioTime>(request, reply.clone()).await;
        let packet = request.as_slice();
        let Some(octets) = reply.into_octets() else {
            return self.refuse(packet, Rcode::ServFail, error::INTERNAL);
        };
        let rcode = u16::from(sent.response_code);
        if rcode != 0 && octets.len() > packet.len() + ERROR_EXTRA {
            // Too long for an error: question and records are left out.
            return self.refuse(packet, known(rcode).unwrap_or(Rcode::ServFail), fault::NO_ROOM);
        }
        Answer { octets, rcode }
    }

    /// An error without data.
    fn refuse(&self, packet: &[u8], rcode: Rcode, error: ExtendedError) -> Answer {
        let mut octets = vec![0; UDP_WITHOUT_EDNS];
        let length = refuse_whole(&self.store.load_full().configuration, packet, rcode, error, &mut octets);
        octets.truncate(length);
        Answer { octets, rcode: rcode as u16 }
    }
}

/// Has hickory read a message, without the warnings that it logs about malformed options: anybody could fill the log.
fn read_quietly(packet: Vec<u8>, source: SocketAddr, protocol: Protocol) -> Result<Request, ProtoError> {
    with_default(NoSubscriber::default(), || Request::from_bytes(packet, source, protocol))
}

impl Answer {
    fn counter(&self) -> Option<Counter> {
        known(self.rcode).filter(|_| !self.octets.is_empty()).map(Counter::of_rcode)
    }
}

fn known(rcode: u16) -> Option<Rcode> {
    Rcode::ALL.into_iter().find(|&known| known as u16 == rcode)
}
