//! What goes out without data: errors, cookies alone, the way to TCP, and nothing at all but a hand-over.

use super::super::edns::Remarks;
use super::super::exchange::Exchange;
use super::super::limit::{Class, Verdict};
use super::super::{
    Arrival, Context, Counter, Reaction, Standing, Transport, UDP_WITHOUT_EDNS, error, refusal,
};
use super::Responder;
use crate::wire::query::{self, Refusal, SeenOpt};
use crate::wire::response::Response;
use crate::wire::{ExtendedError, Features, Rcode, rtype};
use std::net::IpAddr;

impl Responder {
    /// Looks at who has sent a message that is no question, or not a good one.
    #[cold]
    pub(super) fn look_at<'p>(
        &mut self,
        context: &Context<'_>,
        packet: &'p [u8],
        from: (&'p IpAddr, Transport),
    ) -> Arrival<'p> {
        let (_, edns) = query::read_opt(packet);
        Arrival::new(context, &mut self.process_secrets, from, edns.as_ref(), packet.len())
    }

    /// A message without a question asks for a cookie; one that it holds already must be good (RFC 7873 §5.4).
    pub(super) fn answer_cookie_request(&mut self, exchange: &Exchange<'_, '_>, out: &mut [u8]) -> Reaction {
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
    pub(super) fn demand_cookie(&mut self, exchange: &Exchange<'_, '_>, out: &mut [u8]) -> Reaction {
        match self.verdict(exchange.context, &exchange.arrival, || (Class::error(Rcode::BadCookie), None)) {
            Verdict::Drop => Reaction::Drop,
            Verdict::Slip | Verdict::Pass => self.answer_without_data(exchange, Rcode::BadCookie, out),
        }
    }

    /// Nothing but the options that were asked for.
    pub(super) fn answer_without_data(
        &mut self,
        exchange: &Exchange<'_, '_>,
        rcode: Rcode,
        out: &mut [u8],
    ) -> Reaction {
        self.tally.count(Counter::of_rcode(rcode));
        let query = exchange.query;
        let opt = self.opt(exchange, &Remarks::default(), exchange.limit_without_data());
        match Response::start(out, UDP_WITHOUT_EDNS, query.header, query.question, opt.as_ref()) {
            Some(mut response) => Reaction::Answer(response.finish(rcode, false, opt.as_ref())),
            None => Reaction::Drop,
        }
    }

    /// FORMERR to a query that is well-formed as a message.
    pub(super) fn refuse_query(
        &mut self,
        exchange: &Exchange<'_, '_>,
        error: ExtendedError,
        out: &mut [u8],
    ) -> Reaction {
        let Exchange { context, query, arrival } = exchange;
        let (header, question, rcode) = (query.header, query.question, Rcode::FormErr);
        let features = query.edns.features;
        let dnssec_ok = features.has(Features::DNSSEC_OK);
        let opt = features.has(Features::EDNS).then_some(SeenOpt { dnssec_ok });
        self.refuse(context, &Refusal { header, question, rcode, error, opt }, arrival, out)
    }

    /// An error without data.
    pub(super) fn refuse(
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
    pub(super) fn asks_for_a_zone(&self, context: &Context<'_>) -> bool {
        let zone = context.snapshot.zones.find(&self.name, rtype::SOA);
        zone.is_some_and(|(_, apex)| apex == 0)
    }

    /// Gives a query to the control handler. One that is too many for its network goes back with TC instead: its answer
    /// has data, of which a flood must get no more than of any other.
    pub(super) fn hand_over_query(&mut self, exchange: &Exchange<'_, '_>, out: &mut [u8]) -> Reaction {
        if exchange.requires_cookie(false) {
            return self.demand_cookie(exchange, out);
        }
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
    pub(super) fn send_to_tcp(&mut self, exchange: &Exchange<'_, '_>, out: &mut [u8]) -> Reaction {
        self.tally.count(Counter::of_rcode(Rcode::NoError));
        self.tally.count(Counter::Truncated);
        let query = exchange.query;
        let opt = self.opt(exchange, &Remarks::default(), exchange.limit_without_data());
        let response = Response::start(out, UDP_WITHOUT_EDNS, query.header, query.question, opt.as_ref());
        let Some(mut response) = response else { return Reaction::Drop };
        response.truncate();
        Reaction::Answer(response.finish(Rcode::NoError, false, opt.as_ref()))
    }

    /// Gives a NOTIFY, an UPDATE or a signed message to the control handler. What it answers to those is an error.
    pub(super) fn hand_over(&self, context: &Context<'_>, arrival: &Arrival<'_>) -> Reaction {
        if self.verdict(context, arrival, || (Class::control(), None)) == Verdict::Drop {
            return Reaction::Drop;
        }
        self.tally.count(Counter::Control);
        Reaction::Control
    }
}
