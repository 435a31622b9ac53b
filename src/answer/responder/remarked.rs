//! Answers that say something beside the data, or that a rate limit cuts short.

use super::super::edns::{Remarks, put_options};
use super::super::exchange::Exchange;
use super::super::{Answer, Reaction, explanation, render};
use super::Responder;
use crate::wire::Rcode;
use crate::wire::header::HEADER_LENGTH;
use crate::wire::response::{Opt, Response};

impl Responder {
    /// Answers what is too much for its network in a way that a flood gains nothing from.
    #[cold]
    pub(super) fn slip(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: u16,
        out: &mut [u8],
    ) -> Reaction {
        if exchange.requires_cookie(true) {
            return self.answer_without_data(exchange, Rcode::BadCookie, out);
        }
        self.write_remarked(exchange, answer, (!answer.has_records()).then_some(qtype), out)
    }

    /// Writes what was decided for a question of type `qtype`; without one, an answer that has no data and TC, so that the
    /// client comes over TCP. What it says beside the data, and nobody asked for, gives way to the data (RFC 8914 §3).
    #[inline(never)]
    pub(super) fn write_remarked(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
        out: &mut [u8],
    ) -> Reaction {
        let remarks = self.remarks(exchange, answer, qtype);
        let mut written = self.render(exchange, answer, qtype, &remarks, out);
        if matches!(written, Some((_, true))) && qtype.is_some() && remarks.tell_unasked() {
            written = self.render(exchange, answer, qtype, &remarks.asked_for(), out);
        }
        let Some((length, truncated)) = written else { return Reaction::Drop };
        self.count_answer(answer, truncated);
        Reaction::Answer(length)
    }

    /// What there is to say beside the data.
    fn remarks<'s>(
        &self,
        exchange: &Exchange<'s, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
    ) -> Remarks<'s> {
        let edns = &exchange.query.edns;
        if !edns.is_there() {
            return Remarks::default();
        }
        let snapshot = exchange.context.snapshot;
        let error = explanation::of(answer, snapshot.configuration.extended_errors);
        let remarks = match qtype.filter(|_| answer.rcode != Rcode::Refused) {
            Some(qtype) => Remarks::of_zone(snapshot, edns, &self.name, qtype),
            None => Remarks::default(),
        };
        Remarks { error, scope: answer.scope, ..remarks }
    }

    /// Writes an answer: its length in octets, and whether it is truncated. `None` where not even its OPT fits.
    fn render(
        &mut self,
        exchange: &Exchange<'_, '_>,
        answer: &Answer<'_>,
        qtype: Option<u16>,
        remarks: &Remarks<'_>,
        out: &mut [u8],
    ) -> Option<(usize, bool)> {
        let query = exchange.query;
        let whole = qtype.is_some() && answer.rcode != Rcode::Refused;
        let room = if whole { exchange.limit() } else { exchange.limit_without_data() };
        let opt = self.opt(exchange, remarks, room);
        let opt = opt.as_ref();
        let mut response = Response::start(out, exchange.limit(), query.header, query.question, opt)?;
        match qtype {
            Some(_) => render::render(answer, &mut response),
            None => response.truncate(),
        }
        let truncated = response.is_truncated();
        Some((response.finish(answer.rcode, answer.authoritative, opt), truncated))
    }

    /// The OPT record, with options, of an answer of at most `limit` octets; `None` where the query had none.
    #[inline(never)]
    pub(super) fn opt<'a>(
        &'a mut self,
        exchange: &Exchange<'_, 'a>,
        remarks: &Remarks<'_>,
        limit: usize,
    ) -> Option<Opt<'a>> {
        let Exchange { context, query, arrival } = exchange;
        let opt = exchange.opt(remarks.scope, &[])?;
        let fixed = HEADER_LENGTH + query.question.len() + opt.length();
        self.options.start(limit.saturating_sub(fixed));
        put_options(&mut self.options, context, &mut self.process_secrets, arrival, &query.edns, remarks);
        Some(Opt { options: self.options.as_octets(), ..opt })
    }
}
