//! Octets to octets, for one worker after the other: reads, decides, limits, renders, counts.

use std::net::IpAddr;
use std::sync::Arc;

use super::course::Course;
use super::edns::Arrival;
use super::exchange::Exchange;
use super::limit::{self, Class, Verdict};
use super::{
    Answer, Context, Counter, ProcessSecrets, Random, Reaction, Standing, Tally, Transport, Why, decide_into,
    explanation, render,
};
use crate::geo::Prefix;
use crate::wire::cookie::Secret;
use crate::wire::options::Options;
use crate::wire::query::{self, DropReason, Packet, Query};
use crate::wire::response::{Response, Whole};
use crate::wire::{Features, QuestionName};

mod dataless;
mod remarked;

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
        let arrival = Arrival::bare((&source, transport), packet.len());
        // What is known goes where it stays, and is asked for there: registers are few.
        let mut exchange = Exchange { context, query: Query::default(), arrival };
        if !query::read_plain(packet, &mut self.name, &mut exchange.query)
            && let Err(reaction) = self.read_any(packet, &mut exchange, out)
        {
            return reaction;
        }
        if let Some(cookie) = exchange.query.edns.cookie {
            let (process, options) = (&mut self.process_secrets, &mut self.options);
            exchange.arrival.exchange_cookies(exchange.context, process, options, cookie);
        }
        let mut qtype = exchange.query.qtype;
        let transport = exchange.arrival.transport;
        if !Course::is_ordinary(&exchange.query, transport) {
            match Course::of(&exchange.query, transport, || self.asks_for_a_zone(exchange.context)) {
                Course::Decide(other) => qtype = other,
                Course::Control => return self.hand_over_query(&exchange, out),
                Course::Refuse(error) => return self.refuse_query(&exchange, error, out),
            }
        }
        self.answer(&exchange, qtype, out)
    }

    /// Reads a packet with something about it that few have. What is no well-formed question has its reaction at once.
    #[inline(never)]
    fn read_any<'p>(
        &mut self,
        packet: &'p [u8],
        exchange: &mut Exchange<'_, 'p>,
        out: &mut [u8],
    ) -> Result<(), Reaction> {
        let (context, from) = (exchange.context, (exchange.arrival.source, exchange.arrival.transport));
        Err(match query::read(packet, &mut self.name) {
            Packet::Query(query) => {
                exchange.query = query;
                return Ok(());
            }
            Packet::CookieRequest(query) => {
                let edns = Some(&query.edns);
                let arrival = Arrival::new(context, &mut self.process_secrets, from, edns, packet.len());
                self.answer_cookie_request(&Exchange { context, query, arrival }, out)
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
        })
    }

    #[inline(always)]
    fn answer(&mut self, exchange: &Exchange<'_, '_>, qtype: u16, out: &mut [u8]) -> Reaction {
        let features = exchange.query.edns.features;
        self.tally.count_question(exchange.query.qtype, features);
        if features.has(Features::COOKIE.with(Features::TRAILING)) {
            self.count_odd_question(exchange);
            if exchange.requires_cookie(false) {
                return self.demand_cookie(exchange, out);
            }
        }
        let question = exchange.question(&self.name, qtype);
        let snapshot = exchange.context.snapshot;
        let mut answer = Answer::refused();
        let client = || exchange.client();
        decide_into(snapshot, &question, client, &mut self.random, &mut self.target, &mut answer);
        let class = || (Class::of(&answer), exchange.network(answer.scope));
        match self.verdict(exchange.context, &exchange.arrival, class) {
            Verdict::Pass if has_remarks(exchange, &answer) => {
                self.write_remarked(exchange, &answer, Some(qtype), out)
            }
            Verdict::Pass => self.write(exchange, &answer, out),
            Verdict::Slip => self.slip(exchange, &answer, qtype, out),
            Verdict::Drop => Reaction::Drop,
        }
    }

    /// Writes what was decided, where there is nothing to say beside the data but a cookie. By itself: what it needs is in
    /// memory, and the registers are its own.
    #[inline(never)]
    fn write(&mut self, exchange: &Exchange<'_, '_>, answer: &Answer<'_>, out: &mut [u8]) -> Reaction {
        let Exchange { query, arrival, .. } = exchange;
        let options = || match arrival.cookie.standing {
            Standing::None => &[],
            // The cookie that goes back, and nothing else.
            _ => self.options.as_octets(),
        };
        // Each step looks at what it needs when its turn comes: so little of it is held at a time.
        let whole = Whole::begin(out, query.question).and_then(|whole| render::put_only(answer, whole));
        let written = whole.and_then(|whole| {
            let kind = (answer.rcode, answer.authoritative);
            whole.finish(query.header, kind, exchange.opt(answer.scope, options()))
        });
        if let Some(length) = written {
            self.count_answer(answer, false);
            return Reaction::Answer(length);
        }
        match write_in_parts(exchange, answer, options(), out) {
            Some((length, truncated)) => {
                self.count_answer(answer, truncated);
                Reaction::Answer(length)
            }
            None => Reaction::Drop,
        }
    }

    /// What becomes of an answer of this class for this network; `class` is asked only where the client's network gets much.
    #[inline(always)]
    fn verdict(
        &self,
        context: &Context<'_>,
        arrival: &Arrival<'_>,
        class: impl FnOnce() -> (Class, Option<Prefix>),
    ) -> Verdict {
        limit::verdict(context, &self.tally, arrival.source, arrival.cookie.standing, class)
    }

    /// Counts what few questions have.
    #[inline(never)]
    fn count_odd_question(&self, exchange: &Exchange<'_, '_>) {
        if exchange.query.edns.features.has(Features::TRAILING) {
            self.tally.count(Counter::Trailing);
        }
        if let Some(counter) = Counter::of_standing(exchange.arrival.cookie.standing) {
            self.tally.count(counter);
        }
    }

    #[inline(always)]
    fn count_answer(&self, answer: &Answer<'_>, truncated: bool) {
        self.tally.count(Counter::of_rcode(answer.rcode));
        if !answer.why.is_ordinary() {
            match answer.why {
                Why::Steered(reason) => self.tally.count(Counter::of_reason(reason)),
                Why::NotAllowed => self.tally.count(Counter::AccessRefused),
                _ => {}
            }
        }
        if truncated {
            self.tally.count(Counter::Truncated);
        }
    }
}

/// Writes an answer of more than one RRset, or one that is longer than nearly all: its length in octets, and whether it is truncated. `None`
/// where not even its OPT fits.
#[inline(never)]
fn write_in_parts(
    exchange: &Exchange<'_, '_>,
    answer: &Answer<'_>,
    options: &[u8],
    out: &mut [u8],
) -> Option<(usize, bool)> {
    let (query, opt) = (&exchange.query, exchange.opt(answer.scope, options));
    let opt = opt.as_ref();
    let mut response = Response::start(out, exchange.limit(), query.header, query.question, opt)?;
    render::render(answer, &mut response);
    let truncated = response.is_truncated();
    Some((response.finish(answer.rcode, answer.authoritative, opt), truncated))
}

/// Whether there is anything to say beside the data: it was asked for, or is told unasked. A cookie does not count.
#[inline(always)]
fn has_remarks(exchange: &Exchange<'_, '_>, answer: &Answer<'_>) -> bool {
    let features = exchange.query.edns.features;
    if !features.has(Features::EDNS) {
        return false;
    }
    let configuration = &*exchange.context.snapshot.configuration;
    configuration.report_channel.is_some()
        || features.has(Features::ASKS)
        || explanation::of(answer, configuration.extended_errors).is_some()
}
