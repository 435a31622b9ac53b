//! The nameserver as a total function: octets in, octets out, whatever the transport.
//!
//! Three steps: `wire::query::read` (a well-formed question or a refusal) → [`decide`] (the answer as a value) →
//! `render` (octets). Nothing here knows a socket, a clock or a log.

mod context;
mod cookie;
mod decide;
mod limit;
mod random;
mod render;
mod tally;

pub use context::{Context, Moment};
pub use cookie::{Judged, ProcessSecrets, Standing};
pub use decide::{
    Answer, Body, CHAIN_MAX, Chain, Client, Link, NextApex, Question, Steered, Why, decide, place,
};
pub use limit::Limiter;
pub use random::Random;
pub use tally::{Counter, Tally};

use std::net::IpAddr;
use std::sync::Arc;

use crate::geo::Prefix;
use crate::snapshot::{RequireCookies, Snapshot};
use crate::wire::cookie::{ScheduledSecret, Secret};
use crate::wire::edns::{OPT_LENGTH, option};
use crate::wire::header::{HEADER_LENGTH, answer_header_only};
use crate::wire::options::{OPTION_HEAD, Options};
use crate::wire::query::{self, DropReason, Packet, Query, Refusal};
use crate::wire::response::{Opt, Response};
use crate::wire::{ClientSubnet, QuestionName, Rcode, class, rtype};
use limit::{Class, Verdict};

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

/// Who has sent a query, and how.
#[derive(Clone, Copy)]
struct Arrival<'p> {
    source: IpAddr,
    transport: Transport,
    cookie: Judged<'p>,
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
            Packet::Query(query) => self.answer(context, &query, source, transport, out),
            Packet::Refusal(refusal) => self.refuse(context, &refusal, source, out),
            Packet::Control => self.hand_over(context, source),
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
            (class::CHAOS, _, _) | (_, rtype::AXFR | rtype::IXFR, Transport::Tcp) => {
                return self.hand_over(context, source);
            }
            (_, rtype::AXFR, Transport::Udp) => {
                return self.refuse_query(context, query, Rcode::FormErr, source, out);
            }
            // RFC 1995 §2: over UDP the SOA tells the client to come over TCP.
            (_, rtype::IXFR, Transport::Udp) => qtype = rtype::SOA,
            _ => {}
        }
        let arrival = Arrival { source, transport, cookie: self.judge_cookie(context, query, source) };
        self.count_question(query, arrival.cookie.standing);
        if self.requires_cookie(context, &arrival, false) {
            let class = || (Class::error(Rcode::BadCookie), None);
            if self.verdict(context, &arrival, class) == Verdict::Drop {
                return Reaction::Drop;
            }
            return self.refuse_for_its_cookie(context, query, &arrival, out);
        }
        let question = Question { name: &self.name, qtype, qclass: query.qclass };
        let subnet = query.edns.and_then(|edns| edns.client_subnet);
        let client = Client { transport: source, subnet: subnet.and_then(|subnet| subnet.decisive()) };
        let answer = decide(snapshot, &question, client, &mut self.random, &mut self.target);
        let verdict = self.verdict(context, &arrival, || (Class::of(&answer), network(subnet, answer.scope)));
        match verdict {
            Verdict::Drop => return Reaction::Drop,
            Verdict::Slip if self.requires_cookie(context, &arrival, true) => {
                return self.refuse_for_its_cookie(context, query, &arrival, out);
            }
            Verdict::Pass | Verdict::Slip => {}
        }

        let limit = limit(snapshot, query, &arrival);
        let opt = self.opt(context, query, &arrival, answer.scope, limit);
        let Some(mut response) = Response::start(out, limit, query.header, query.question, opt) else {
            return self.refuse_query(context, query, Rcode::ServFail, source, out);
        };
        match verdict {
            Verdict::Slip if answer.has_records() => response.truncate(),
            _ => render::render(&answer, &mut response),
        }
        let (rcode, truncated) = (answer.rcode, response.is_truncated());
        let length = response.finish(rcode, answer.authoritative);
        self.count_answer(&answer, truncated);
        Reaction::Answer(length)
    }

    fn judge_cookie<'p>(&mut self, context: &Context<'_>, query: &Query<'p>, source: IpAddr) -> Judged<'p> {
        match query.edns.and_then(|edns| edns.cookie) {
            None => Judged::NONE,
            Some(sent) => {
                let schedule = secrets(context, &mut self.process_secrets);
                schedule.map_or(Judged::NONE, |schedule| Judged::new(schedule, source, sent, context.now))
            }
        }
    }

    /// What becomes of an answer of this class for this network; asked only where something is limited.
    #[inline]
    fn verdict(
        &self,
        context: &Context<'_>,
        arrival: &Arrival<'_>,
        class: impl FnOnce() -> (Class, Option<Prefix>),
    ) -> Verdict {
        limit::verdict(context, &self.tally, arrival.source, arrival.cookie.standing, class)
    }

    /// Whether a query is answered with BADCOOKIE instead of data: it knows cookies and shows no valid one where one is
    /// required. `over_limit` says that its client exceeds a rate limit. Over TCP the address is proven.
    fn requires_cookie(&self, context: &Context<'_>, arrival: &Arrival<'_>, over_limit: bool) -> bool {
        let lacks_one = matches!(arrival.cookie.standing, Standing::ClientOnly | Standing::Invalid);
        let cookies = context.snapshot.configuration.cookies.as_ref();
        let required = cookies.is_some_and(|cookies| match cookies.require {
            RequireCookies::Never => false,
            RequireCookies::UnderLoad => over_limit,
            RequireCookies::Always => true,
        });
        lacks_one && required && arrival.transport == Transport::Udp
    }

    /// BADCOOKIE with a new cookie, with which the client asks again (RFC 7873 §5.2.3).
    fn refuse_for_its_cookie(
        &mut self,
        context: &Context<'_>,
        query: &Query<'_>,
        arrival: &Arrival<'_>,
        out: &mut [u8],
    ) -> Reaction {
        self.tally.count(Counter::BadCookie);
        let opt = self.opt(context, query, arrival, 0, UDP_WITHOUT_EDNS);
        match Response::start(out, UDP_WITHOUT_EDNS, query.header, query.question, opt) {
            Some(response) => Reaction::Answer(response.finish(Rcode::BadCookie, false)),
            None => Reaction::Drop,
        }
    }

    /// The OPT record of an answer of at most `limit` octets: only for a query that had one, with the options that it
    /// asked for.
    fn opt<'a>(
        &'a mut self,
        context: &Context<'_>,
        query: &Query<'a>,
        arrival: &Arrival<'_>,
        scope: u8,
        limit: usize,
    ) -> Option<Opt<'a>> {
        let edns = query.edns.as_ref()?;
        let configuration = &context.snapshot.configuration;
        let client_subnet = edns.client_subnet.map(|subnet| (subnet.octets, scope));
        let beside = client_subnet.map_or(0, |(subnet, _)| OPTION_HEAD + subnet.len());
        self.options.start(limit - HEADER_LENGTH - query.question.len() - OPT_LENGTH - beside);
        if arrival.cookie.standing != Standing::None {
            let schedule = secrets(context, &mut self.process_secrets).unwrap_or_default();
            if let Some(cookie) = arrival.cookie.reply(schedule, arrival.source, context.now) {
                self.options.put(option::COOKIE, &[&cookie]);
            }
        }
        if let (true, Some(identity)) = (edns.nsid, &configuration.identity) {
            self.options.put(option::NSID, &[identity.as_bytes()]);
        }
        Some(Opt {
            payload: configuration.udp_payload_max,
            dnssec_ok: edns.dnssec_ok,
            client_subnet,
            options: self.options.as_octets(),
        })
    }

    fn refuse_query(
        &mut self,
        context: &Context<'_>,
        query: &Query<'_>,
        rcode: Rcode,
        source: IpAddr,
        out: &mut [u8],
    ) -> Reaction {
        let (header, question) = (query.header, query.question);
        self.refuse(context, &Refusal { header, question, rcode, edns: query.edns.is_some() }, source, out)
    }

    /// An error without data: header, question, and an OPT without options where the query had one.
    fn refuse(
        &mut self,
        context: &Context<'_>,
        refusal: &Refusal<'_>,
        source: IpAddr,
        out: &mut [u8],
    ) -> Reaction {
        let class = || (Class::error(refusal.rcode), None);
        if limit::verdict(context, &self.tally, source, Standing::None, class) == Verdict::Drop {
            return Reaction::Drop;
        }
        self.tally.count(Counter::of_rcode(refusal.rcode));
        let payload = context.snapshot.configuration.udp_payload_max;
        let opt = refusal.edns.then_some(Opt { payload, ..Opt::default() });
        match Response::start(out, UDP_WITHOUT_EDNS, refusal.header, refusal.question, opt) {
            Some(response) => Reaction::Answer(response.finish(refusal.rcode, false)),
            None => Reaction::Drop,
        }
    }

    fn hand_over(&self, context: &Context<'_>, source: IpAddr) -> Reaction {
        let class = || (Class::control(), None);
        if limit::verdict(context, &self.tally, source, Standing::None, class) == Verdict::Drop {
            return Reaction::Drop;
        }
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
        match answer.why {
            Why::Steered(reason) => self.tally.count(Counter::of_reason(reason)),
            Why::NotAllowed => self.tally.count(Counter::AccessRefused),
            _ => {}
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

/// The secrets that cookies are made and judged with; `None` where cookies are off.
fn secrets<'a>(context: &Context<'a>, process: &'a mut ProcessSecrets) -> Option<&'a [ScheduledSecret]> {
    let cookies = context.snapshot.configuration.cookies.as_ref()?;
    Some(if cookies.secrets.is_empty() { process.at(context.now) } else { &cookies.secrets })
}

/// The largest response that this client takes over this transport.
fn limit(snapshot: &Snapshot, query: &Query<'_>, arrival: &Arrival<'_>) -> usize {
    match (arrival.transport, &query.edns) {
        (Transport::Tcp, _) => TCP_MAX,
        (Transport::Udp, None) => UDP_WITHOUT_EDNS,
        (Transport::Udp, Some(edns)) => {
            let configuration = &snapshot.configuration;
            let unproven = configuration.udp_payload_max_without_cookie;
            let proven = || arrival.cookie.standing == Standing::Valid;
            let most = unproven.filter(|_| !proven()).unwrap_or(configuration.udp_payload_max);
            usize::from(edns.payload.min(most))
        }
    }
}

/// The network that a resolver has asked for, as far as the answer is for it alone (RFC 7871 §7.2.1).
fn network(subnet: Option<ClientSubnet<'_>>, scope: u8) -> Option<Prefix> {
    let subnet = subnet.filter(|_| scope > 0)?;
    Some(Prefix::around(subnet.decisive()?, subnet.source.min(scope)))
}
