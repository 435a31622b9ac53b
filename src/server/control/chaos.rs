//! The names of class CHAOS that tell who answers (RFC 4892).
//!
//! `version.bind` and `version.server` give the version; `id.server` and `hostname.bind` give the configured identity, and are
//! refused where none is configured (RFC 4892 §3.1). Every other name is refused.

use hickory_proto::op::{LowerQuery, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};

use super::ruling::Ruling;
use crate::snapshot::Configuration;
use crate::wire::ExtendedError;

/// What `version.bind` says.
const VERSION: &str = concat!("Meridian ", env!("CARGO_PKG_VERSION"));

const NO_SUCH_NAME: ExtendedError = ExtendedError::not_supported("no such name in class CH");

/// Answers a question of class CHAOS.
pub(super) fn decide(configuration: &Configuration, question: &LowerQuery) -> Ruling {
    let name = question.name().to_string();
    let text = match name.trim_end_matches('.') {
        "version.bind" | "version.server" => Some(VERSION),
        "id.server" | "hostname.bind" => configuration.identity.as_deref(),
        _ => None,
    };
    match (text, question.query_type()) {
        (None, _) => Ruling::error(ResponseCode::Refused, NO_SUCH_NAME),
        (Some(text), RecordType::TXT | RecordType::ANY) => Ruling::data(vec![record(question, text)]),
        (Some(_), _) => Ruling::data(Vec::new()),
    }
}

/// One TXT record under the name as it was asked, not to be cached.
fn record(question: &LowerQuery, text: &str) -> Record {
    let owner = question.original().name().clone();
    let mut record = Record::from_rdata(owner, 0, RData::TXT(TXT::new(vec![text.to_owned()])));
    record.dns_class = DNSClass::CH;
    record
}
