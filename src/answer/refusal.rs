//! Errors without data: the header, the question where it could be read, and an OPT where the query had one.

use super::UDP_WITHOUT_EDNS;
use crate::snapshot::{Configuration, ExtendedErrors};
use crate::wire::options::Options;
use crate::wire::query::{Refusal, read_opt};
use crate::wire::response::{Opt, Response};
use crate::wire::{ExtendedError, Header, Rcode};

/// An error is at most so much longer than what it answers: it must not amplify (security.md, "Odd packets").
pub const ERROR_EXTRA: usize = 60;

/// Answers a message of which only the header is known to be right. Returns the length of the answer: 0 for a message
/// without a header, or when `out` is shorter than 512 octets.
pub fn refuse_whole(
    configuration: &Configuration,
    packet: &[u8],
    rcode: Rcode,
    error: ExtendedError,
    out: &mut [u8],
) -> usize {
    let Some(header) = Header::read(packet) else { return 0 };
    let (opt, _) = read_opt(packet);
    write(configuration, &Refusal { header, question: &[], rcode, error, opt }, out)
}

/// Writes a refusal and returns its length; 0 when `out` is too short for it.
///
/// It has the question and the OPT only where the query had them too, so it is longer than the query by nothing but
/// the extended error.
pub(super) fn write(configuration: &Configuration, refusal: &Refusal<'_>, out: &mut [u8]) -> usize {
    let mut options = Options::default();
    options.start(ERROR_EXTRA);
    if configuration.extended_errors != ExtendedErrors::Off {
        options.put_extended_error(refusal.error);
    }
    let opt = refusal.opt.map(|opt| Opt {
        payload: configuration.udp_payload_max,
        dnssec_ok: opt.dnssec_ok,
        client_subnet: None,
        options: options.as_octets(),
    });
    let response = Response::start(out, UDP_WITHOUT_EDNS, refusal.header, refusal.question, opt.as_ref());
    response.map_or(0, |mut response| response.finish(refusal.rcode, false, opt.as_ref()))
}
