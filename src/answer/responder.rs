//! Octets to octets, for one worker after the other: reads, decides, limits, renders, counts.

use std::net::IpAddr;
use std::sync::Arc;

use super::course::Course;
use super::edns::{Arrival, Remarks, put_cookie, put_options};
use super::exchange::Exchange;
use super::limit::{self, Class, Verdict};
use super::{
    Answer, Context, Counter, ProcessSecrets, Random, Reaction, Tally, Transport, Why, decide_into,
    explanation, render,
};
use crate::geo::Prefix;
use crate::snapshot::Configuration;
use crate::wire::cookie::Secret;
use crate::wire::header::HEADER_LENGTH;
use crate::wire::options::Options;
use crate::wire::query::{self, DropReason, Packet, Query};
use crate::wire::response::{Opt, Response};
use crate::wire::{Edns, QuestionName, Rcode};

mod dataless;

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
        let mut query = Query::default();
        match query::read_plain(packet, &mut self.name, &mut query) {
            true => self.take(context, &query, (&source, transport), packet.len(), out),
            false => self.respond_to_any(context, packet, (&source, transport), out),
        }
    }

    /// Answers a packet with something about it that few have.
    #[inline(never)]
    fn respond_to_any(
        &mut self,
        context: &Context<'_>,
        packet: &[u8],
        from: (&IpAddr, Transport),
        out: &mut [u8],
    ) -> Reaction {
        match query::read(packet, &mut self.name) {
            Packet::Query(query) => self.take(context, &query, from, packet.len(), out),
            Packet::CookieRequest(query) => {
                let exchange = self.open(context, &query, from, packet.len());
                self.answer_cookie_request(&exchange, out)
            }
            Packet::Refusal(refusal) => {
                let arrival = self.look_at(context, packet, from);
                self.refuse(context, &refusal, &arrival, out)
            }
            Packet::Control => {
                let arrival = self.look_at(context, packet, from);
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

    /// Answers a well-formed query of `length` octets.
    #[inline(always)]
    fn take<'p>(
        &mut self,
        context: &Context<'_>,
        query: &Query<'p>,
        from: (&'p IpAddr, Transport),
        length: usize,
        out: &mut [u8],
    ) -> Reaction {
        let exchange = self.open(context, query, from, length);
        match Course::of(query, from.1, || self.asks_for_a_zone(context)) {
            Course::Decide(qtype) => self.answer(&exchange, qtype, out),
            Course::Control => self.hand_over_query(&exchange, out),
            Course::Refuse(error) => self.refuse_query(&exchange, error, out),
        }
    }

    /// Looks at who asks.
    #[inline(always)]
    fn open<'e, 'p>(
        &mut self,
        context: &'e Context<'e>,
        query: &'e Query<'p>,
        from: (&'p IpAddr, Transport),
        length: usize,
    ) -> Exchange<'e, 'p> {
        let arrival = Arrival::new(context, &mut self.process_secrets, from, query.edns.as_ref(), length);
        Exchange { context, query, arrival }
    }

    #[inline(always)]
    fn answer(&mut self, exchange: &Exchange<'_, '_>, qtype: u16, out: &mut [u8]) -> Reaction {
        self.count_question(exchange);
        if exchange.requires_cookie(false) {
            return self.demand_cookie(exchange, out);
        }
        let question = exchange.question(&self.name, qtype);
        let snapshot = exchange.context.snapshot;
        let mut answer = Answer::refused();
        decide_into(snapshot, &question, exchange.client(), &mut self.random, &mut self.target, &mut answer);
        let class = || (Class::of(&answer), exchange.network(answer.scope));
        match self.verdict(exchange.context, &exchange.arrival, class) {
            Verdict::Pass => self.write(exchange, &answer, Some(qtype), out),
            Verdict::Slip => self.slip(exchange, &answer, qtype, out),
            Verdict::Drop => Reaction::Drop,
        }
    }

    /// Answers what is too much for its network in a way that its flood gains nothing from.
    #[cold]
    fn slip(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: u16,
        out: &mut [u8],
    ) -> Reaction {
        if exchange.requires_cookie(true) {
            return self.answer_without_data(exchange, Rcode::BadCookie, out);
        }
        self.write(exchange, answer, (!answer.has_records()).then_some(qtype), out)
    }

    /// Writes what was decided for a question of type `qtype`; without one, an answer that has no data and TC, so that the
    /// client comes over TCP. What it says beside the data gives way to the data (RFC 8914 §3).
    #[inline(always)]
    fn write(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
        out: &mut [u8],
    ) -> Reaction {
        let remarks = self.remarks(exchange, answer, qtype);
        let mut written = self.render(exchange, answer, qtype, remarks.as_ref(), out);
        if let (Some((_, true)), Some(_), Some(remarks)) = (written, qtype, &remarks)
            && remarks.tell_unasked()
        {
            written = self.render_again(exchange, answer, qtype, &remarks.asked_for(), out);
        }
        let Some((length, truncated)) = written else { return Reaction::Drop };
        self.count_answer(answer, truncated);
        Reaction::Answer(length)
    }

    /// What there is to say beside the data; `None` where nothing was asked for and nothing is to be told.
    #[inline(always)]
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

    /// Writes an answer anew without what nobody asked for.
    #[cold]
    fn render_again(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
        remarks: &Remarks<'_>,
        out: &mut [u8],
    ) -> Option<(usize, bool)> {
        self.render(exchange, answer, qtype, Some(remarks), out)
    }

    /// Writes an answer: its length in octets, and whether it is truncated. `None` where not even its OPT fits.
    #[inline(always)]
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
            (None, None) => None,
            (None, Some(edns)) if edns.cookie.is_none() => {
                Some(plain_opt(&exchange.context.snapshot.configuration, edns, answer.scope))
            }
            (None, Some(edns)) => Some(self.opt_with_cookie(exchange, edns, answer.scope)),
            (Some(remarks), _) => {
                let whole = qtype.is_some() && answer.rcode != Rcode::Refused;
                let room = if whole { exchange.limit() } else { exchange.limit_without_data() };
                self.opt(exchange, remarks, room)
            }
        };
        let opt = opt.as_ref();
        let mut response = Response::start(out, exchange.limit(), query.header, query.question, opt)?;
        match qtype {
            Some(_) => render::render(answer, &mut response),
            None => response.truncate(),
        }
        let truncated = response.is_truncated();
        Some((response.finish(answer.rcode, answer.authoritative, opt), truncated))
    }

    /// The OPT record of an answer that has nothing to say but the cookie. There always is room for that: what a client
    /// takes is at least 512 octets, of which the longest question leaves half.
    #[inline(never)]
    fn opt_with_cookie<'a>(&'a mut self, exchange: &Exchange<'_, 'a>, edns: &Edns<'a>, scope: u8) -> Opt<'a> {
        let Exchange { context, arrival, .. } = exchange;
        self.options.start(usize::MAX);
        put_cookie(&mut self.options, context, &mut self.process_secrets, arrival);
        let opt = plain_opt(&context.snapshot.configuration, edns, scope);
        Opt { options: self.options.as_octets(), ..opt }
    }

    /// The OPT record, with options, of an answer of at most `limit` octets; `None` where the query had none.
    #[inline(never)]
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

    /// What becomes of an answer of this class for this network; `class` is asked only where something is limited.
    #[inline(always)]
    fn verdict(
        &self,
        context: &Context<'_>,
        arrival: &Arrival<'_>,
        class: impl FnOnce() -> (Class, Option<Prefix>),
    ) -> Verdict {
        limit::verdict(context, &self.tally, *arrival.source, arrival.cookie.standing, class)
    }

    #[inline(always)]
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
            if edns.cookie.is_some()
                && let Some(counter) = Counter::of_standing(arrival.cookie.standing)
            {
                self.tally.count(counter);
            }
        }
    }

    #[inline(always)]
    fn count_answer(&self, answer: &Answer<'_>, truncated: bool) {
        self.tally.count(Counter::of_rcode(answer.rcode));
        if let Why::Steered(reason) = answer.why {
            self.tally.count(Counter::of_reason(reason));
        }
        if answer.why == Why::NotAllowed {
            self.tally.count(Counter::AccessRefused);
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
