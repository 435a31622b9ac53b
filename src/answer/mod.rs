//! The nameserver as a total function: octets in, octets out, whatever the transport.
//!
//! Three steps: `wire::query::read` (a well-formed question or a refusal) → [`decide`] (the answer as a value) →
//! `render` (octets). Nothing here knows a socket, a clock or a log.

mod context;
mod cookie;
mod decide;
mod edns;
mod explanation;
mod random;
mod refusal;
mod render;
mod tally;

pub use context::{Context, Moment};
pub use cookie::{Judged, ProcessSecrets, Standing};
pub use decide::{
    Answer, Body, CHAIN_MAX, Chain, Client, Link, LinkKind, Question, Steered, Why, decide, place,
};
pub use edns::{Arrival, Remarks, put_options};
pub use explanation::error;
pub use random::Random;
pub use refusal::{ERROR_EXTRA, refuse_whole};
pub use tally::{Counter, Tally};

use std::net::IpAddr;
use std::sync::Arc;

use crate::snapshot::{RequireCookies, Snapshot};
use crate::wire::cookie::Secret;
use crate::wire::edns::{Keepalive, OPT_LENGTH};
use crate::wire::header::HEADER_LENGTH;
use crate::wire::options::{OPTION_HEAD, Options};
use crate::wire::query::{self, DropReason, Packet, Query, Refusal, SeenOpt};
use crate::wire::response::{Opt, Response};
use crate::wire::{Edns, ExtendedError, QuestionName, Rcode, class, rtype};

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
    process_secrets: ProcessSecrets,
    options: Options,
    tally: Arc<Tally>,
}

impl Responder {
    /// A responder whose draws follow from `seed`, and who counts into `tally` as its only writer. From
    /// `process_secret` follow the cookies where no secrets are configured: all responders of a process have the same.
    pub fn new(seed: u64, process_secret: Secret, tally: Arc<Tally>) -> Responder {
        Responder {
            name: QuestionName::default(),
            target: QuestionName::default(),
            random: Random::new(seed),
            process_secrets: ProcessSecrets::new(process_secret),
            options: Options::default(),
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
            Packet::Query(query) => self.answer(context, &query, (source, transport), packet.len(), out),
            Packet::CookieRequest(query) => {
                self.answer_cookie_request(context, &query, (source, transport), packet.len(), out)
            }
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
        (source, transport): (IpAddr, Transport),
        length: usize,
        out: &mut [u8],
    ) -> Reaction {
        let snapshot = context.snapshot;
        if has_bad_keepalive(query, transport) {
            return self.refuse_query(context, query, error::KEEPALIVE, out);
        }
        let mut qtype = query.qtype;
        match (query.qclass, query.qtype, transport) {
            (class::CHAOS, _, _) | (_, rtype::AXFR | rtype::IXFR, Transport::Tcp) => return self.hand_over(),
            (_, rtype::AXFR, Transport::Udp) => {
                return self.refuse_query(context, query, error::TRANSFER_OVER_UDP, out);
            }
            // RFC 1995 §2: over UDP the SOA tells the client to come over TCP.
            (_, rtype::IXFR, Transport::Udp) => qtype = rtype::SOA,
            _ => {}
        }
        let edns = query.edns.as_ref();
        let arrival = Arrival::new(context, &mut self.process_secrets, (source, transport), edns, length);
        self.count_question(query, arrival.cookie.standing);
        if requires_cookie(context, &arrival, false) {
            return self.answer_without_data(context, query, &arrival, Rcode::BadCookie, out);
        }
        let question = Question { name: &self.name, qtype, qclass: query.qclass };
        let subnet = query.edns.and_then(|edns| edns.client_subnet);
        let client = Client { transport: source, subnet: subnet.and_then(|subnet| subnet.decisive()) };
        let answer = decide(snapshot, &question, client, &mut self.random, &mut self.target);

        let limit = limit(snapshot, query, transport);
        let opt = match edns {
            None => None,
            Some(edns) => {
                let error = explanation::of(&answer, snapshot.configuration.extended_errors);
                let (remarks, room) = if answer.rcode == Rcode::Refused {
                    (Remarks { error, ..Remarks::default() }, limit.min(length + ERROR_EXTRA))
                } else {
                    (Remarks::of_zone(snapshot, edns, &self.name, qtype, error), limit)
                };
                Some(self.opt(context, query.question, edns, &arrival, &remarks, answer.scope, room))
            }
        };
        let Some(mut response) = Response::start(out, limit, query.header, query.question, opt) else {
            return Reaction::Drop;
        };
        render::render(&answer, &mut response);
        let (rcode, truncated) = (answer.rcode, response.is_truncated());
        let length = response.finish(rcode, answer.authoritative);
        self.count_answer(&answer, truncated);
        Reaction::Answer(length)
    }

    /// A message without a question asks for a cookie; one that it holds already must be good (RFC 7873 §5.4).
    fn answer_cookie_request(
        &mut self,
        context: &Context<'_>,
        query: &Query<'_>,
        (source, transport): (IpAddr, Transport),
        length: usize,
        out: &mut [u8],
    ) -> Reaction {
        let edns = query.edns.as_ref();
        let arrival = Arrival::new(context, &mut self.process_secrets, (source, transport), edns, length);
        match arrival.cookie.standing {
            Standing::None => self.refuse_query(context, query, error::NO_QUESTION, out),
            Standing::Invalid => self.answer_without_data(context, query, &arrival, Rcode::BadCookie, out),
            _ => self.answer_without_data(context, query, &arrival, Rcode::NoError, out),
        }
    }

    /// Nothing but the options that were asked for. With BADCOOKIE: the client is to ask again, with the cookie that is
    /// among them (RFC 7873 §5.2.3).
    fn answer_without_data(
        &mut self,
        context: &Context<'_>,
        query: &Query<'_>,
        arrival: &Arrival<'_>,
        rcode: Rcode,
        out: &mut [u8],
    ) -> Reaction {
        self.tally.count(Counter::of_rcode(rcode));
        let room = UDP_WITHOUT_EDNS.min(arrival.length + ERROR_EXTRA);
        let remarks = Remarks::default();
        let edns = query.edns.as_ref();
        let opt = edns.map(|edns| self.opt(context, query.question, edns, arrival, &remarks, 0, room));
        match Response::start(out, UDP_WITHOUT_EDNS, query.header, query.question, opt) {
            Some(response) => Reaction::Answer(response.finish(rcode, false)),
            None => Reaction::Drop,
        }
    }

    /// The OPT record of an answer of at most `limit` octets.
    #[allow(clippy::too_many_arguments)]
    fn opt<'a>(
        &'a mut self,
        context: &Context<'_>,
        question: &[u8],
        edns: &Edns<'a>,
        arrival: &Arrival<'_>,
        remarks: &Remarks<'_>,
        scope: u8,
        limit: usize,
    ) -> Opt<'a> {
        let client_subnet = edns.client_subnet.map(|subnet| (subnet.octets, scope));
        let beside = client_subnet.map_or(0, |(subnet, _)| OPTION_HEAD + subnet.len());
        let fixed = HEADER_LENGTH + question.len() + OPT_LENGTH + beside;
        self.options.start(limit.saturating_sub(fixed));
        put_options(&mut self.options, context, &mut self.process_secrets, arrival, edns, remarks);
        Opt {
            payload: context.snapshot.configuration.udp_payload_max,
            dnssec_ok: edns.dnssec_ok,
            client_subnet,
            options: self.options.as_octets(),
        }
    }

    /// FORMERR to a query that is well-formed as a message.
    fn refuse_query(
        &mut self,
        context: &Context<'_>,
        query: &Query<'_>,
        error: ExtendedError,
        out: &mut [u8],
    ) -> Reaction {
        let (header, question, rcode) = (query.header, query.question, Rcode::FormErr);
        let opt = query.edns.map(|edns| SeenOpt { dnssec_ok: edns.dnssec_ok });
        self.refuse(context, &Refusal { header, question, rcode, error, opt }, out)
    }

    /// An error without data.
    fn refuse(&mut self, context: &Context<'_>, refusal: &Refusal<'_>, out: &mut [u8]) -> Reaction {
        self.tally.count(Counter::of_rcode(refusal.rcode));
        match refusal::write(&context.snapshot.configuration, refusal, out) {
            0 => Reaction::Drop,
            length => Reaction::Answer(length),
        }
    }

    fn hand_over(&self) -> Reaction {
        self.tally.count(Counter::Control);
        Reaction::Control
    }

    fn count_question(&self, query: &Query<'_>, standing: Standing) {
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
            if let Some(counter) = Counter::of_standing(standing) {
                self.tally.count(counter);
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

/// A timeout in a query's tcp-keepalive option (RFC 7828 §3.2.1); over UDP the option means nothing.
fn has_bad_keepalive(query: &Query<'_>, transport: Transport) -> bool {
    transport == Transport::Tcp && query.edns.is_some_and(|edns| edns.keepalive == Keepalive::WithData)
}

/// Whether a query is answered with BADCOOKIE instead of data: it knows cookies and shows no valid one where one is
/// required. `over_limit` says that its client exceeds a rate limit. Over TCP the address is proven.
fn requires_cookie(context: &Context<'_>, arrival: &Arrival<'_>, over_limit: bool) -> bool {
    let lacks_one = matches!(arrival.cookie.standing, Standing::ClientOnly | Standing::Invalid);
    let cookies = context.snapshot.configuration.cookies.as_ref();
    let required = cookies.is_some_and(|cookies| match cookies.require {
        RequireCookies::Never => false,
        RequireCookies::UnderLoad => over_limit,
        RequireCookies::Always => true,
    });
    lacks_one && required && arrival.transport == Transport::Udp
}

/// The largest response that this client takes over this transport.
fn limit(snapshot: &Snapshot, query: &Query<'_>, transport: Transport) -> usize {
    match (transport, &query.edns) {
        (Transport::Tcp, _) => TCP_MAX,
        (Transport::Udp, None) => UDP_WITHOUT_EDNS,
        (Transport::Udp, Some(edns)) => usize::from(edns.payload.min(snapshot.configuration.udp_payload_max)),
    }
}
