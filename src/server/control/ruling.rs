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
use crate::wire::{QuestionName, rtype};

/// An answer before it is octets.
pub(super) struct Ruling {
    /// The response code.
    pub(super) rcode: ResponseCode,
    /// AA.
    pub(super) authoritative: bool,
    /// The answer section.
    pub(super) answers: Vec<Record>,
    /// The TSIG record that ends the message.
    pub(super) signature: Option<Box<Record<TSIG>>>,
}

impl Ruling {
    /// An error without records.
    pub(super) fn error(rcode: ResponseCode) -> Ruling {
        Ruling { rcode, authoritative: false, answers: Vec::new(), signature: None }
    }

    /// Authoritative data.
    pub(super) fn data(answers: Vec<Record>) -> Ruling {
        Ruling { rcode: ResponseCode::NoError, authoritative: true, answers, signature: None }
    }
}

/// Decides on a request that hickory could read.
pub(super) fn decide(snapshot: &Snapshot, request: &Request) -> Ruling {
    let [question] = request.queries.queries() else { return Ruling::error(ResponseCode::FormErr) };
    if request.version() > 0 {
        return Ruling::error(ResponseCode::BADVERS);
    }
    match tsig::decide(request) {
        Some(ruling) => ruling,
        None => decide_unsigned(snapshot, request, question),
    }
}

fn decide_unsigned(snapshot: &Snapshot, request: &Request, question: &LowerQuery) -> Ruling {
    match (request.metadata.op_code, question.query_class(), question.query_type()) {
        // RFC 2136 §3.1.1: the zone section asks for the SOA.
        (OpCode::Update, _, kind) if kind != RecordType::SOA => Ruling::error(ResponseCode::FormErr),
        (OpCode::Notify | OpCode::Update, _, _) | (OpCode::Query, _, RecordType::AXFR | RecordType::IXFR) => {
            about_zone(snapshot, question)
        }
        (OpCode::Query, DNSClass::CH, _) => chaos::decide(&snapshot.configuration, question),
        _ => Ruling::error(ResponseCode::Refused),
    }
}

/// Not permitted for a zone of ours, not our business for another one. A name inside our zone is not a zone.
fn about_zone(snapshot: &Snapshot, question: &LowerQuery) -> Ruling {
    let ours = matches!(question.query_class(), DNSClass::IN | DNSClass::ANY) && is_apex(snapshot, question);
    Ruling::error(if ours { ResponseCode::Refused } else { ResponseCode::NotAuth })
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
