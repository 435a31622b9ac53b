//! Signed messages (RFC 8945). No keys are configured yet, so every key is unknown.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::TSIG;
use hickory_proto::rr::rdata::tsig::TsigError;
use hickory_proto::rr::{DNSClass, RData, Record};
use hickory_server::server::Request;

use super::ruling::Ruling;
use crate::wire::ExtendedError;

const UNKNOWN_KEY: ExtendedError = ExtendedError::other("unknown TSIG key");
const MISPLACED: ExtendedError = ExtendedError::other("misplaced TSIG");

/// The ruling on a signed message; `None` for one without a signature.
pub(super) fn decide(request: &Request) -> Option<Ruling> {
    let mut signatures = request.additionals.iter().enumerate().filter_map(|(index, record)| {
        if let RData::TSIG(tsig) = &record.data { Some((index, record, tsig)) } else { None }
    });
    let (index, record, tsig) = signatures.next()?;
    // RFC 8945 §5.1: one, and the last record. hickory takes the OPT out of the list, so an OPT behind it goes
    // unnoticed here; the message is an error either way.
    let is_last = index + 1 == request.additionals.len();
    Some(if is_last && record.dns_class == DNSClass::ANY {
        unknown_key(record, tsig)
    } else {
        Ruling::error(ResponseCode::FormErr, MISPLACED)
    })
}

/// NOTAUTH with a TSIG record that says BADKEY and is not signed (RFC 8945 §5.2.1, §5.3.2).
fn unknown_key(record: &Record, tsig: &TSIG) -> Ruling {
    let (no_mac, no_data) = (Vec::new(), Vec::new());
    let error = Some(TsigError::BadKey);
    let algorithm = tsig.algorithm.clone();
    let answer = TSIG::new(algorithm, tsig.time, tsig.fudge, no_mac, tsig.oid, error, no_data);
    let mut answer = Record::from_rdata(record.name.clone(), 0, answer);
    answer.dns_class = DNSClass::ANY;
    Ruling { signature: Some(Box::new(answer)), ..Ruling::error(ResponseCode::NotAuth, UNKNOWN_KEY) }
}
