//! The nameserver as a total function: octets in, octets out, whatever the transport.
//!
//! Three steps: `wire::query::read` (a well-formed question or a refusal) → [`decide`] (the answer as a value) →
//! `render` (octets). Nothing here knows a socket, a clock or a log.

mod context;
mod decide;
mod random;
mod render;
mod tally;

pub use context::{Context, Moment};
pub use decide::{
    Answer, Body, CHAIN_MAX, Chain, Client, Link, LinkKind, Question, Steered, Why, decide, place,
};
pub use random::Random;
pub use tally::{Counter, Tally};

use std::net::IpAddr;
use std::sync::Arc;

use crate::snapshot::Snapshot;
use crate::wire::header::answer_header_only;
use crate::wire::query::{self, DropReason, Packet, Query, Refusal};
use crate::wire::response::{Opt, Response};
use crate::wire::{QuestionName, Rcode, class, rtype};

/// The largest response over UDP to a client without EDNS (RFC 1035 §4.2.1).
pub const UDP_WITHOUT_EDNS: usize = 512;
/// The largest message over TCP (RFC 1035 §4.2.2).
pub const TCP_MAX: usize = 65_535;

/// How a query arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A datagram.
    Udp,
    /// A message of a stream.
    Tcp,
}

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Send so many octets of the buffer.
    Answer(usize),
    /// Give the packet to the control handler.
    Control,
    /// Send nothing.
    Drop,
}

/// Answers the queries of one worker: scratch that is reused, random words, counters.
pub struct Responder {
    name: QuestionName,
    target: QuestionName,
    random: Random,
    tally: Arc<Tally>,
}

impl Responder {
    /// A responder whose draws follow from `seed`, and who counts into `tally` as its only writer.
    pub fn new(seed: u64, tally: Arc<Tally>) -> Responder {
        Responder {
            name: QuestionName::default(),
            target: QuestionName::default(),
            random: Random::new(seed),
            tally,
        }
    }

    /// Answers one packet from `source` into `out`, which holds at least 512 octets for UDP and [`TCP_MAX`] for TCP.
    pub fn respond(
        &mut self,
        context: &Context<'_>,
        packet: &[u8],
        source: IpAddr,
        transport: Transport,
        out: &mut [u8],
    ) -> Reaction {
        self.tally.count(match transport {
            Transport::Udp => Counter::Udp,
            Transport::Tcp => Counter::Tcp,
        });
        match query::read(packet, &mut self.name) {
            Packet::Query(query) => self.answer(context, &query, source, transport, out),
            Packet::Refusal(refusal) => self.refuse(context, &refusal, out),
            Packet::Control => self.hand_over(),
            Packet::Drop(reason) => {
                self.tally.count(match reason {
                    DropReason::Short => Counter::DropShort,
                    DropReason::Response => Counter::DropResponse,
                });
                Reaction::Drop
            }
        }
    }

    fn answer(
        &mut self,
        context: &Context<'_>,
        query: &Query<'_>,
        source: IpAddr,
        transport: Transport,
        out: &mut [u8],
    ) -> Reaction {
        let snapshot = context.snapshot;
        let mut qtype = query.qtype;
        match (query.qclass, query.qtype, transport) {
            (class::CHAOS, _, _) | (_, rtype::AXFR | rtype::IXFR, Transport::Tcp) => return self.hand_over(),
            (_, rtype::AXFR, Transport::Udp) => {
                return self.refuse_query(context, query, Rcode::FormErr, out);
            }
            // RFC 1995 §2: over UDP the SOA tells the client to come over TCP.
            (_, rtype::IXFR, Transport::Udp) => qtype = rtype::SOA,
            _ => {}
        }
        self.count_question(query);
        let question = Question { name: &self.name, qtype, qclass: query.qclass };
        let subnet = query.edns.and_then(|edns| edns.client_subnet);
        let client = Client { transport: source, subnet: subnet.and_then(|subnet| subnet.decisive()) };
        let answer = decide(snapshot, &question, client, &mut self.random, &mut self.target);

        let opt = opt_of(snapshot, query, answer.scope);
        let limit = limit(snapshot, query, transport);
        let Some(mut response) = Response::start(out, limit, query.header, query.question, opt) else {
            return self.refuse_query(context, query, Rcode::ServFail, out);
        };
        render::render(&answer, &mut response);
        self.count_answer(&answer, response.is_truncated());
        Reaction::Answer(response.finish(answer.rcode, answer.authoritative))
    }

    fn refuse_query(
        &mut self,
        context: &Context<'_>,
        query: &Query<'_>,
        rcode: Rcode,
        out: &mut [u8],
    ) -> Reaction {
        let (header, question) = (query.header, query.question);
        self.refuse(context, &Refusal { header, question, rcode, edns: query.edns.is_some() }, out)
    }

    /// An error without data: header, question, and an OPT without options where the query had one.
    fn refuse(&mut self, context: &Context<'_>, refusal: &Refusal<'_>, out: &mut [u8]) -> Reaction {
        self.tally.count(Counter::of_rcode(refusal.rcode));
        let payload = context.snapshot.configuration.udp_payload_max;
        let opt = refusal.edns.then_some(Opt { payload, ..Opt::default() });
        match Response::start(out, UDP_WITHOUT_EDNS, refusal.header, refusal.question, opt) {
            Some(response) => Reaction::Answer(response.finish(refusal.rcode, false)),
            None => Reaction::Drop,
        }
    }

    fn hand_over(&self) -> Reaction {
        self.tally.count(Counter::Control);
        Reaction::Control
    }

    fn count_question(&self, query: &Query<'_>) {
        self.tally.count(Counter::of_type(query.qtype));
        if query.trailing {
            self.tally.count(Counter::Trailing);
        }
        if let Some(edns) = &query.edns {
            self.tally.count(Counter::WithEdns);
            if edns.client_subnet.is_some() {
                self.tally.count(Counter::WithClientSubnet);
            }
            if edns.dnssec_ok {
                self.tally.count(Counter::WithDnssecOk);
            }
        }
    }

    fn count_answer(&self, answer: &Answer<'_>, truncated: bool) {
        self.tally.count(Counter::of_rcode(answer.rcode));
        if let Why::Steered(reason) = answer.why {
            self.tally.count(Counter::of_reason(reason));
        }
        if truncated {
            self.tally.count(Counter::Truncated);
        }
    }
}

/// SERVFAIL from the header alone, for a query whose answering panicked. Returns its length.
pub fn servfail(packet: &[u8], out: &mut [u8]) -> usize {
    answer_header_only(packet, Rcode::ServFail, out)
}

/// The OPT record of an answer: only for a query that had one, with the options that it asked for.
fn opt_of<'a>(snapshot: &'a Snapshot, query: &Query<'a>, scope: u8) -> Option<Opt<'a>> {
    let edns = query.edns.as_ref()?;
    let configuration = &snapshot.configuration;
    Some(Opt {
        payload: configuration.udp_payload_max,
        dnssec_ok: edns.dnssec_ok,
        nsid: configuration.identity.as_deref().filter(|_| edns.nsid).map(str::as_bytes),
        client_subnet: edns.client_subnet.map(|subnet| (subnet.octets, scope)),
    })
}

/// The largest response that this client takes over this transport.
fn limit(snapshot: &Snapshot, query: &Query<'_>, transport: Transport) -> usize {
    match (transport, &query.edns) {
        (Transport::Tcp, _) => TCP_MAX,
        (Transport::Udp, None) => UDP_WITHOUT_EDNS,
        (Transport::Udp, Some(edns)) => usize::from(edns.payload.min(snapshot.configuration.udp_payload_max)),
    }
}
