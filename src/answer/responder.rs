//! Octets to octets, for one worker after the other: reads, decides, limits, renders, counts.

use std::net::IpAddr;
use std::sync::Arc;

use super::edns::{Arrival, Remarks, put_options};
use super::exchange::Exchange;
use super::limit::{self, Class, Verdict};
use super::{
    Answer, Context, Counter, ProcessSecrets, Random, Reaction, Standing, Tally, Transport, UDP_WITHOUT_EDNS,
    Why, decide, error, explanation, refusal, render,
};
use crate::geo::Prefix;
use crate::snapshot::Configuration;
use crate::wire::cookie::Secret;
use crate::wire::edns::Keepalive;
use crate::wire::header::HEADER_LENGTH;
use crate::wire::options::Options;
use crate::wire::query::{self, DropReason, Packet, Query, Refusal, SeenOpt};
use crate::wire::response::{Opt, Response};
use crate::wire::{Edns, ExtendedError, QuestionName, Rcode, class, rtype};

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

    /// Answers one packet from `source` into `out`, which holds at least 512 octets for UDP and [`super::TCP_MAX`] for
    /// TCP. That it was read ([`Counter::Udp`], [`Counter::Tcp`]) is counted by who reads, for many at once.
    pub fn respond(
        &mut self,
        context: &Context<'_>,
        packet: &[u8],
        source: IpAddr,
        transport: Transport,
        out: &mut [u8],
    ) -> Reaction {
        match query::read(packet, &mut self.name) {
            Packet::Query(query) => {
                let exchange = self.open(context, &query, (source, transport), packet.len());
                match Course::of(&query, transport, || self.asks_for_a_zone(context)) {
                    Course::Decide(qtype) => self.answer(&exchange, qtype, out),
                    Course::Control if exchange.requires_cookie(false) => self.demand_cookie(&exchange, out),
                    Course::Control => self.hand_over_query(&exchange, out),
                    Course::Refuse(error) => self.refuse_query(&exchange, error, out),
                }
            }
            Packet::CookieRequest(query) => {
                let exchange = self.open(context, &query, (source, transport), packet.len());
                self.answer_cookie_request(&exchange, out)
            }
            Packet::Refusal(refusal) => {
                let arrival = self.look_at(context, packet, (source, transport));
                self.refuse(context, &refusal, &arrival, out)
            }
            Packet::Control => {
                let arrival = self.look_at(context, packet, (source, transport));
                self.hand_over(context, &arrival)
            }
            Packet::Drop(reason) => {
                self.tally.count(match reason {
                    DropReason::Short => Counter::DropShort,
                    DropReason::Response => Counter::DropResponse,
                });
                Reaction::Drop
            }
        }
    }

    /// Looks at who asks.
    fn open<'e, 'p>(
        &mut self,
        context: &'e Context<'e>,
        query: &'e Query<'p>,
        from: (IpAddr, Transport),
        length: usize,
    ) -> Exchange<'e, 'p> {
        let arrival = Arrival::new(context, &mut self.process_secrets, from, query.edns.as_ref(), length);
        Exchange { context, query, arrival }
    }

    /// Looks at who has sent a message that is no question, or not a good one.
    #[cold]
    fn look_at<'p>(
        &mut self,
        context: &Context<'_>,
        packet: &'p [u8],
        from: (IpAddr, Transport),
    ) -> Arrival<'p> {
        let (_, edns) = query::read_opt(packet);
        Arrival::new(context, &mut self.process_secrets, from, edns.as_ref(), packet.len())
    }

    fn answer(&mut self, exchange: &Exchange<'_, '_>, qtype: u16, out: &mut [u8]) -> Reaction {
        self.count_question(exchange);
        if exchange.requires_cookie(false) {
            return self.demand_cookie(exchange, out);
        }
        let question = exchange.question(&self.name, qtype);
        let snapshot = exchange.context.snapshot;
        let answer = decide(snapshot, &question, exchange.client(), &mut self.random, &mut self.target);
        match self.verdict(exchange.context, &exchange.arrival, || {
            (Class::of(&answer), exchange.network(answer.scope))
        }) {
            Verdict::Drop => Reaction::Drop,
            Verdict::Slip if exchange.requires_cookie(true) => {
                self.answer_without_data(exchange, Rcode::BadCookie, out)
            }
            Verdict::Slip if answer.has_records() => self.write(exchange, &answer, None, out),
            Verdict::Slip | Verdict::Pass => self.write(exchange, &answer, Some(qtype), out),
        }
    }

    /// Writes what was decided for a question of type `qtype`; without one, an answer that has no data and TC, so that the
    /// client comes over TCP. What it says beside the data gives way to the data (RFC 8914 §3).
    fn write(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
        out: &mut [u8],
    ) -> Reaction {
        let written = match self.remarks(exchange, answer, qtype) {
            None => self.render(exchange, answer, qtype, None, out),
            Some(remarks) => self.render_remarked(exchange, answer, qtype, &remarks, out),
        };
        let Some((length, truncated)) = written else { return Reaction::Drop };
        self.count_answer(answer, truncated);
        Reaction::Answer(length)
    }

    /// What there is to say beside the data; `None` where nothing was asked for and nothing is to be told.
    #[inline]
    fn remarks<'s>(
        &self,
        exchange: &Exchange<'s, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
    ) -> Option<Remarks<'s>> {
        let edns = exchange.query.edns.as_ref()?;
        let snapshot = exchange.context.snapshot;
        let configuration = &snapshot.configuration;
        let error = explanation::of(answer, configuration.extended_errors);
        if error.is_none() && configuration.report_channel.is_none() && !edns.asks_for_options() {
            return None;
        }
        let remarks = match qtype.filter(|_| answer.rcode != Rcode::Refused) {
            Some(qtype) => Remarks::of_zone(snapshot, edns, &self.name, qtype),
            None => Remarks::default(),
        };
        Some(Remarks { error, scope: answer.scope, ..remarks })
    }

    /// Renders an answer with its remarks, and once more without those that nobody asked for where it is truncated.
    #[cold]
    fn render_remarked(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
        remarks: &Remarks<'_>,
        out: &mut [u8],
    ) -> Option<(usize, bool)> {
        let written = self.render(exchange, answer, qtype, Some(remarks), out);
        match written {
            Some((_, true)) if qtype.is_some() && remarks.tell_unasked() => {
                self.render(exchange, answer, qtype, Some(&remarks.asked_for()), out)
            }
            _ => written,
        }
    }

    /// Writes an answer: its length in octets, and whether it is truncated. `None` where not even its OPT fits.
    #[inline]
    fn render(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
        remarks: Option<&Remarks<'_>>,
        out: &mut [u8],
    ) -> Option<(usize, bool)> {
        let query = exchange.query;
        let opt = match (remarks, &query.edns) {
            (None, edns) => {
                let configuration = &exchange.context.snapshot.configuration;
                edns.as_ref().map(|edns| plain_opt(configuration, edns, answer.scope))
            }
            (Some(remarks), _) => {
                let whole = qtype.is_some() && answer.rcode != Rcode::Refused;
                let room = if whole { exchange.limit() } else { exchange.limit_without_data() };
                self.opt(exchange, remarks, room)
            }
        };
        let mut response = Response::start(out, exchange.limit(), query.header, query.question, opt)?;
        match qtype {
            Some(_) => render::render(answer, &mut response),
            None => response.truncate(),
        }
        let truncated = response.is_truncated();
        Some((response.finish(answer.rcode, answer.authoritative), truncated))
    }

    /// A message without a question asks for a cookie; one that it holds already must be good (RFC 7873 §5.4).
    fn answer_cookie_request(&mut self, exchange: &Exchange<'_, '_>, out: &mut [u8]) -> Reaction {
        let rcode = match exchange.arrival.cookie.standing {
            Standing::None => return self.refuse_query(exchange, error::NO_QUESTION, out),
            Standing::Invalid => Rcode::BadCookie,
            Standing::ClientOnly | Standing::Valid => Rcode::NoError,
        };
        match self.verdict(exchange.context, &exchange.arrival, || (Class::error(rcode), None)) {
            Verdict::Drop => Reaction::Drop,
            Verdict::Slip | Verdict::Pass => self.answer_without_data(exchange, rcode, out),
        }
    }

    /// The client is to ask again, with the cookie that it gets (RFC 7873 §5.2.3).
    fn demand_cookie(&mut self, exchange: &Exchange<'_, '_>, out: &mut [u8]) -> Reaction {
        match self.verdict(exchange.context, &exchange.arrival, || (Class::error(Rcode::BadCookie), None)) {
            Verdict::Drop => Reaction::Drop,
            Verdict::Slip | Verdict::Pass => self.answer_without_data(exchange, Rcode::BadCookie, out),
        }
    }

    /// Nothing but the options that were asked for.
    fn answer_without_data(&mut self, exchange: &Exchange<'_, '_>, rcode: Rcode, out: &mut [u8]) -> Reaction {
        self.tally.count(Counter::of_rcode(rcode));
        let query = exchange.query;
        let opt = self.opt(exchange, &Remarks::default(), exchange.limit_without_data());
        match Response::start(out, UDP_WITHOUT_EDNS, query.header, query.question, opt) {
            Some(response) => Reaction::Answer(response.finish(rcode, false)),
            None => Reaction::Drop,
        }
    }

    /// The OPT record, with options, of an answer of at most `limit` octets; `None` where the query had none.
    #[cold]
    fn opt<'a>(
        &'a mut self,
        exchange: &Exchange<'_, 'a>,
        remarks: &Remarks<'_>,
        limit: usize,
    ) -> Option<Opt<'a>> {
        let Exchange { context, query, arrival } = exchange;
        let edns = query.edns?;
        let opt = plain_opt(&context.snapshot.configuration, &edns, remarks.scope);
        let fixed = HEADER_LENGTH + query.question.len() + opt.length();
        self.options.start(limit.saturating_sub(fixed));
        put_options(&mut self.options, context, &mut self.process_secrets, arrival, &edns, remarks);
        Some(Opt { options: self.options.as_octets(), ..opt })
    }

    /// FORMERR to a query that is well-formed as a message.
    fn refuse_query(
        &mut self,
        exchange: &Exchange<'_, '_>,
        error: ExtendedError,
        out: &mut [u8],
    ) -> Reaction {
        let Exchange { context, query, arrival } = exchange;
        let (header, question, rcode) = (query.header, query.question, Rcode::FormErr);
        let opt = query.edns.map(|edns| SeenOpt { dnssec_ok: edns.dnssec_ok });
        self.refuse(context, &Refusal { header, question, rcode, error, opt }, arrival, out)
    }

    /// An error without data.
    fn refuse(
        &mut self,
        context: &Context<'_>,
        refusal: &Refusal<'_>,
        arrival: &Arrival<'_>,
        out: &mut [u8],
    ) -> Reaction {
        let class = || (Class::error(refusal.rcode), None);
        if self.verdict(context, arrival, class) == Verdict::Drop {
            return Reaction::Drop;
        }
        self.tally.count(Counter::of_rcode(refusal.rcode));
        match refusal::write(&context.snapshot.configuration, refusal, out) {
            0 => Reaction::Drop,
            length => Reaction::Answer(length),
        }
    }

    /// Whether the name of the question is the apex of a zone of ours.
    #[cold]
    fn asks_for_a_zone(&self, context: &Context<'_>) -> bool {
        let zone = context.snapshot.zones.find(&self.name, rtype::SOA);
        zone.is_some_and(|(_, apex)| apex == 0)
    }

    /// Gives a query to the control handler. One that is too many for its network goes back with TC instead: its answer
    /// has data, of which a flood must get no more than of any other.
    fn hand_over_query(&mut self, exchange: &Exchange<'_, '_>, out: &mut [u8]) -> Reaction {
        match self.verdict(exchange.context, &exchange.arrival, || (Class::control(), None)) {
            Verdict::Drop => Reaction::Drop,
            Verdict::Slip if exchange.requires_cookie(true) => {
                self.answer_without_data(exchange, Rcode::BadCookie, out)
            }
            Verdict::Slip => self.send_to_tcp(exchange, out),
            Verdict::Pass => {
                self.tally.count(Counter::Control);
                Reaction::Control
            }
        }
    }

    /// No data and TC.
    fn send_to_tcp(&mut self, exchange: &Exchange<'_, '_>, out: &mut [u8]) -> Reaction {
        self.tally.count(Counter::of_rcode(Rcode::NoError));
        self.tally.count(Counter::Truncated);
        let query = exchange.query;
        let opt = self.opt(exchange, &Remarks::default(), exchange.limit_without_data());
        let response = Response::start(out, UDP_WITHOUT_EDNS, query.header, query.question, opt);
        let Some(mut response) = response else { return Reaction::Drop };
        response.truncate();
        Reaction::Answer(response.finish(Rcode::NoError, false))
    }

    /// Gives a NOTIFY, an UPDATE or a signed message to the control handler. What it answers to those is an error.
    fn hand_over(&self, context: &Context<'_>, arrival: &Arrival<'_>) -> Reaction {
        if self.verdict(context, arrival, || (Class::control(), None)) == Verdict::Drop {
            return Reaction::Drop;
        }
        self.tally.count(Counter::Control);
        Reaction::Control
    }

    /// What becomes of an answer of this class for this network; `class` is asked only where something is limited.
    #[inline]
    fn verdict(
        &self,
        context: &Context<'_>,
        arrival: &Arrival<'_>,
        class: impl FnOnce() -> (Class, Option<Prefix>),
    ) -> Verdict {
        limit::verdict(context, &self.tally, arrival.source, arrival.cookie.standing, class)
    }

    fn count_question(&self, exchange: &Exchange<'_, '_>) {
        let Exchange { query, arrival, .. } = exchange;
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
            if let Some(counter) = Counter::of_standing(arrival.cookie.standing) {
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

/// The OPT record of an answer of this scope, with the client subnet at most.
#[inline]
fn plain_opt<'p>(configuration: &Configuration, edns: &Edns<'p>, scope: u8) -> Opt<'p> {
    Opt {
        payload: configuration.udp_payload_max,
        dnssec_ok: edns.dnssec_ok,
        client_subnet: edns.client_subnet.map(|subnet| (subnet.octets, scope)),
        options: &[],
    }
}

/// Who answers a well-formed query.
enum Course {
    /// [`decide`], as a question of this type.
    Decide(u16),
    /// The control handler.
    Control,
    /// Nobody: FORMERR, for this reason.
    Refuse(ExtendedError),
}

impl Course {
    fn of(query: &Query<'_>, transport: Transport, asks_for_a_zone: impl FnOnce() -> bool) -> Course {
        // A timeout in a query (RFC 7828 §3.2.1); over UDP the option means nothing.
        let keepalive = query.edns.is_some_and(|edns| edns.keepalive == Keepalive::WithData);
        match (query.qclass, query.qtype, transport) {
            (_, _, Transport::Tcp) if keepalive => Course::Refuse(error::KEEPALIVE),
            (class::CHAOS, _, _) | (_, rtype::AXFR | rtype::IXFR, Transport::Tcp) => Course::Control,
            (_, rtype::AXFR, Transport::Udp) => Course::Refuse(error::TRANSFER_OVER_UDP),
            // RFC 1995 §2: over UDP the SOA tells the client to come over TCP; who asks for no zone of ours hears so.
            (_, rtype::IXFR, Transport::Udp) if asks_for_a_zone() => Course::Decide(rtype::SOA),
            (_, rtype::IXFR, Transport::Udp) => Course::Control,
            (_, qtype, _) => Course::Decide(qtype),
        }
    }
}
