//! What a control message is answered with, as a value.
//!
//! | message                     | of a zone served here | of another        |
//! |-----------------------------|-----------------------|-------------------|
//! | NOTIFY, UPDATE              | REFUSED               | NOTAUTH           |
//! | AXFR, IXFR                  | REFUSED               | NOTAUTH           |
//! | signed with TSIG, any of it | NOTAUTH and BADKEY    | NOTAUTH and BADKEY|
//! | CHAOS                       | see [`super::chaos`]  |                   |
//!
//! This is the whole policy until transfers and updates exist: then it is here that they are authorised.

use hickory_proto::op::{LowerQuery, OpCode, ResponseCode};
use hickory_proto::rr::rdata::TSIG;
use hickory_proto::rr::{DNSClass, Record, RecordType};
use hickory_server::server::Request;

use super::{chaos, tsig};
use crate::snapshot::Snapshot;
use crate::wire::extended_error::info_code;
use crate::wire::{ExtendedError, QuestionName, rtype};

/// What is wrong, for the extended error.
mod fault {
    use super::{ExtendedError, info_code};

    pub(super) const QUESTIONS: ExtendedError = ExtendedError::other("not exactly one question");
    pub(super) const VERSION: ExtendedError = ExtendedError::not_supported("EDNS versions above 0");
    pub(super) const ZONE_TYPE: ExtendedError = ExtendedError::other("the zone section asks for the SOA");
    pub(super) const NOT_PERMITTED: ExtendedError =
        ExtendedError { code: info_code::PROHIBITED, text: "not permitted" };
    pub(super) const NOT_A_ZONE: ExtendedError =
        ExtendedError { code: info_code::NOT_AUTHORITATIVE, text: "not a zone served here" };
    pub(super) const OTHER: ExtendedError = ExtendedError::not_supported("not supported");
}

/// An answer before it is octets.
pub(super) struct Ruling {
    /// The response code.
    pub(super) rcode: ResponseCode,
    /// AA.
    pub(super) authoritative: bool,
    /// The answer section.
    pub(super) answers: Vec<Record>,
    /// What to say of an error.
    pub(super) error: Option<ExtendedError>,
    /// The TSIG record that ends the message.
    pub(super) signature: Option<Box<Record<TSIG>>>,
}

impl Ruling {
    /// An error without records.
    pub(super) fn error(rcode: ResponseCode, error: ExtendedError) -> Ruling {
        Ruling { rcode, authoritative: false, answers: Vec::new(), error: Some(error), signature: None }
    }

    /// Authoritative data.
    pub(super) fn data(answers: Vec<Record>) -> Ruling {
        Ruling { rcode: ResponseCode::NoError, authoritative: true, answers, error: None, signature: None }
    }
}

/// Decides on a request that hickory could read.
pub(super) fn decide(snapshot: &Snapshot, request: &Request) -> Ruling {
    let [question] = request.queries.queries() else {
        return Ruling::error(ResponseCode::FormErr, fault::QUESTIONS);
    };
    if request.version() > 0 {
        return Ruling::error(ResponseCode::BADVERS, fault::VERSION);
    }
    match tsig::decide(request) {
        Some(ruling) => ruling,
        None => decide_unsigned(snapshot, request, question),
    }
}

fn decide_unsigned(snapshot: &Snapshot, request: &Request, question: &LowerQuery) -> Ruling {
    match (request.metadata.op_code, question.query_class(), question.query_type()) {
        // RFC 2136 §3.1.1: the zone section asks for the SOA.
        (OpCode::Update, _, kind) if kind != RecordType::SOA => {
            Ruling::error(ResponseCode::FormErr, fault::ZONE_TYPE)
        }
        (OpCode::Notify | OpCode::Update, _, _) | (OpCode::Query, _, RecordType::AXFR | RecordType::IXFR) => {
            about_zone(snapshot, question)
        }
        (OpCode::Query, DNSClass::CH, _) => chaos::decide(&snapshot.configuration, question),
        _ => Ruling::error(ResponseCode::Refused, fault::OTHER),
    }
}

/// Not permitted for a zone of ours, not our business for another one. A name inside our zone is not a zone.
fn about_zone(snapshot: &Snapshot, question: &LowerQuery) -> Ruling {
    let ours = matches!(question.query_class(), DNSClass::IN | DNSClass::ANY) && is_apex(snapshot, question);
    if ours {
        Ruling::error(ResponseCode::Refused, fault::NOT_PERMITTED)
    } else {
        Ruling::error(ResponseCode::NotAuth, fault::NOT_A_ZONE)
    }
}

fn is_apex(snapshot: &Snapshot, question: &LowerQuery) -> bool {
    let mut octets = Vec::new();
    for label in question.name().iter() {
        octets.push(label.len() as u8);
        octets.extend_from_slice(label);
    }
    octets.push(0);
    let mut name = QuestionName::default();
    let read = name.read(&octets) == Some(octets.len());
    read && snapshot.zones.find(&name, rtype::SOA).is_some_and(|(_, suffix)| suffix == 0)
}
