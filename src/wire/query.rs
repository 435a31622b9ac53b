//! A query packet, read without allocation: a well-formed question, a refusal, or silence.

use super::edns::{self, Edns, EdnsFault, OPT_LENGTH};
use super::header::{HEADER_LENGTH, Header, Rcode, count, opcode};
use super::question_name::QuestionName;
use super::{ExtendedError, Features, class, rtype};

/// What is wrong with a message, for the extended error.
mod fault {
    use super::ExtendedError;

    pub(super) const OPCODE: ExtendedError = ExtendedError::not_supported("opcode not supported");
    pub(super) const QUESTIONS: ExtendedError = ExtendedError::other("not exactly one question");
    pub(super) const QUESTION: ExtendedError = ExtendedError::other("malformed question");
    pub(super) const RECORD: ExtendedError = ExtendedError::other("malformed record");
    pub(super) const TWO_OPT: ExtendedError = ExtendedError::other("more than one OPT");
    pub(super) const OPT_PLACE: ExtendedError = ExtendedError::other("misplaced OPT");
    pub(super) const OPT_OWNER: ExtendedError = ExtendedError::other("OPT with a name");
    pub(super) const VERSION: ExtendedError = ExtendedError::not_supported("EDNS versions above 0");
    pub(super) const TSIG: ExtendedError = ExtendedError::other("misplaced TSIG");
}

/// What a packet turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'p> {
    /// A question to decide on.
    Query(Query<'p>),
    /// No question, but a cookie: the client wants one of ours (RFC 7873 §5.4).
    CookieRequest(Query<'p>),
    /// A message that is answered with an error.
    Refusal(Refusal<'p>),
    /// A control message (NOTIFY, UPDATE, a TSIG-signed query): for the control handler.
    Control,
    /// Not to be answered at all.
    Drop(DropReason),
}

/// Why a packet gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Shorter than a header.
    Short,
    /// A response: answering it would be a loop.
    Response,
}

/// A well-formed question.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query<'p> {
    /// Id and flags.
    pub header: Header,
    /// Name, type and class as sent: echoed octet for octet.
    pub question: &'p [u8],
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS.
    pub qclass: u16,
    /// What it says beside its question.
    pub edns: Edns<'p>,
}

/// An error answer and what of the query can be echoed in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal<'p> {
    /// Id and flags.
    pub header: Header,
    /// The question, empty where it could not be read.
    pub question: &'p [u8],
    /// The error.
    pub rcode: Rcode,
    /// What is wrong.
    pub error: ExtendedError,
    /// The OPT record of the query, so that the answer has one too.
    pub opt: Option<SeenOpt>,
}

/// An OPT record that was there, whatever is wrong with it or with the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenOpt {
    /// DNSSEC OK, to be copied.
    pub dnssec_ok: bool,
}

/// Reads what nearly every packet is, a query with one question and at most an OPT record, which ends it, into `query`, and
/// the name of the question, in lower case, into `name`. Returns whether it is one; where there is anything else about it, good
/// or bad, [`read`] has the last word. Filling what stands already costs less than returning it.
#[inline(always)]
pub fn read_plain<'p>(packet: &'p [u8], name: &mut QuestionName, query: &mut Query<'p>) -> bool {
    /// QDCOUNT 1 and no other record.
    const ONE_QUESTION: u64 = 1 << 48;
    const WITH_ADDITIONAL: u64 = ONE_QUESTION | 1;
    let Some((&[id_high, id_low, flags_high, flags_low, ref counts @ ..], behind)) =
        packet.split_first_chunk::<HEADER_LENGTH>()
    else {
        return false;
    };
    query.header = Header::of([id_high, id_low, flags_high, flags_low]);
    if !query.header.is_query() {
        return false;
    }
    let Some((question, rest)) = split_question(behind, name) else { return false };
    let Some((qtype, qclass)) = type_and_class(question) else { return false };
    (query.question, query.qtype, query.qclass) = (question, qtype, qclass);
    match u64::from_be_bytes(*counts) {
        ONE_QUESTION => rest.is_empty(),
        WITH_ADDITIONAL => read_only_opt(rest, &mut query.edns),
        _ => false,
    }
}

/// Reads what follows a question, where that is the OPT record of the root and nothing else; whether it is, and well-formed.
#[inline(always)]
fn read_only_opt<'p>(octets: &'p [u8], edns: &mut Edns<'p>) -> bool {
    /// The root's name and TYPE.
    const HEAD: u64 = rtype::OPT as u64;
    let Some((fixed, options)) = octets.split_first_chunk::<OPT_LENGTH>() else { return false };
    let &[a, b, c, d, e, f, g, h, flags, length_high, length_low] = fixed;
    let head = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    if head >> 40 != HEAD || usize::from(u16::from_be_bytes([length_high, length_low])) != options.len() {
        return false;
    }
    let (payload, ttl) = ((head >> 24) as u16, (head as u32) << 8 | u32::from(flags));
    let Some(Edns { payload, features, .. }) = Edns::without_options(payload, ttl) else { return false };
    (edns.payload, edns.features) = (payload, features);
    options.is_empty() || edns.take_alone(options) || edns.take_options(options).is_ok()
}

/// Reads any packet. The name of the question, in lower case, goes into `name`.
pub fn read<'p>(packet: &'p [u8], name: &mut QuestionName) -> Packet<'p> {
    let Some(header) = Header::read(packet) else { return Packet::Drop(DropReason::Short) };
    if header.is_response() {
        return Packet::Drop(DropReason::Response);
    }
    let kind = header.opcode();
    if !matches!(kind, opcode::QUERY | opcode::NOTIFY | opcode::UPDATE) {
        return refuse_whole(packet, header, Rcode::NotImp, fault::OPCODE);
    }
    match count(packet, 0) {
        1 => {}
        0 if kind == opcode::QUERY => return read_without_question(packet, header),
        _ => return refuse_whole(packet, header, Rcode::FormErr, fault::QUESTIONS), // RFC 9619
    }
    let Some((question, _)) = split_question(&packet[HEADER_LENGTH..], name) else {
        return refuse_whole(packet, header, Rcode::FormErr, fault::QUESTION);
    };
    let Some((qtype, qclass)) = type_and_class(question) else {
        return refuse_whole(packet, header, Rcode::FormErr, fault::QUESTION);
    };
    let records = Records::read(packet, HEADER_LENGTH + question.len());
    match records.fault {
        None if records.is_signed || kind != opcode::QUERY => Packet::Control,
        None => Packet::Query(Query { header, question, qtype, qclass, edns: records.edns_of(packet) }),
        Some((rcode, error)) => Packet::Refusal(Refusal { header, question, rcode, error, opt: records.opt }),
    }
}

/// The options of a message that [`read`] does not refuse, and whether it has an OPT record at all, in spite of whatever else
/// may be wrong: for answers that are made outside of the ordinary way.
pub fn read_opt(packet: &[u8]) -> (Option<SeenOpt>, Option<Edns<'_>>) {
    if packet.len() < HEADER_LENGTH {
        return (None, None);
    }
    let end = (0..count(packet, 0)).try_fold(HEADER_LENGTH, |at, _| Some(skip_name(packet, at)? + 4));
    let records = end.map(|end| Records::read(packet, end));
    records.map_or((None, None), |records| (records.opt, records.edns))
}

/// A message of which nothing but the header is answered, and the OPT record where it can be found.
fn refuse_whole<'p>(packet: &[u8], header: Header, rcode: Rcode, error: ExtendedError) -> Packet<'p> {
    let (opt, _) = read_opt(packet);
    Packet::Refusal(Refusal { header, question: &[], rcode, error, opt })
}

/// A message without a question is well-formed only with a cookie (RFC 7873 §5.4).
fn read_without_question(packet: &[u8], header: Header) -> Packet<'_> {
    let records = Records::read(packet, HEADER_LENGTH);
    let is_request = records.edns.is_some_and(|edns| edns.cookie.is_some()) && !records.is_signed;
    match records.fault {
        None if is_request => Packet::CookieRequest(Query {
            header,
            question: &[],
            qtype: 0,
            qclass: 0,
            edns: records.edns_of(packet),
        }),
        None => refuse_whole(packet, header, Rcode::FormErr, fault::QUESTIONS),
        Some((rcode, error)) => refuse_whole(packet, header, rcode, error),
    }
}

/// The one question, and what follows it, of the octets behind the header.
#[inline(always)]
fn split_question<'p>(octets: &'p [u8], name: &mut QuestionName) -> Option<(&'p [u8], &'p [u8])> {
    octets.split_at_checked(name.read(octets)? + 4)
}

/// QTYPE and QCLASS, which end a question.
#[inline]
fn type_and_class(question: &[u8]) -> Option<(u16, u16)> {
    let [type_high, type_low, class_high, class_low] = *question.last_chunk()?;
    Some((u16::from_be_bytes([type_high, type_low]), u16::from_be_bytes([class_high, class_low])))
}

/// What follows the question: records that are skipped, and at most one OPT.
struct Records<'p> {
    edns: Option<Edns<'p>>,
    opt: Option<SeenOpt>,
    is_signed: bool,
    fault: Option<(Rcode, ExtendedError)>,
    end: usize,
}

impl<'p> Records<'p> {
    fn read(packet: &'p [u8], start: usize) -> Records<'p> {
        let mut records = Records { edns: None, opt: None, is_signed: false, fault: None, end: start };
        records.walk(packet);
        records
    }

    /// What the query says beside its question.
    fn edns_of(&self, packet: &[u8]) -> Edns<'p> {
        let mut edns = self.edns.unwrap_or_default();
        if self.end != packet.len() {
            edns.features = edns.features.with(Features::TRAILING);
        }
        edns
    }

    /// Walks all records. The work is bounded by the packet: a record takes at least eleven octets.
    fn walk(&mut self, packet: &'p [u8]) {
        let before = u32::from(count(packet, 1)) + u32::from(count(packet, 2));
        let additional = u32::from(count(packet, 3));
        for index in 0..before + additional {
            let Some(record) = Record::read(packet, self.end) else {
                return self.malformed(fault::RECORD);
            };
            self.end = record.end;
            if index >= before {
                self.take(&record, index + 1 == before + additional);
            } else {
                self.pass_over(&record);
            }
        }
    }

    fn take(&mut self, record: &Record<'p>, last: bool) {
        match record.rtype {
            rtype::OPT => self.take_opt(record),
            // RFC 8945 §5.2: TSIG stands last, with class ANY.
            rtype::TSIG if last && record.class == class::ANY => self.is_signed = true,
            rtype::TSIG => self.malformed(fault::TSIG),
            _ => {}
        }
    }

    /// Answer and authority records in a query are ignored, never trusted; those that speak of the message itself have no
    /// place there (RFC 6891 §6.1.1, RFC 8945 §5.1).
    fn pass_over(&mut self, record: &Record<'p>) {
        match record.rtype {
            rtype::OPT => self.malformed(fault::OPT_PLACE),
            rtype::TSIG => self.malformed(fault::TSIG),
            _ => {}
        }
    }

    fn take_opt(&mut self, record: &Record<'p>) {
        if self.opt.replace(SeenOpt { dnssec_ok: edns::dnssec_ok(record.ttl) }).is_some() {
            return self.malformed(fault::TWO_OPT);
        }
        if !record.root_owner {
            return self.malformed(fault::OPT_OWNER);
        }
        match Edns::read(record.class, record.ttl, record.rdata) {
            Ok(edns) => self.edns = Some(edns),
            Err(EdnsFault::Version) => {
                self.fault.get_or_insert((Rcode::BadVers, fault::VERSION));
            }
            Err(EdnsFault::Malformed(text)) => self.malformed(ExtendedError::other(text)),
        }
    }

    /// A malformed message is just that, whatever else it is; what was found first is told.
    fn malformed(&mut self, error: ExtendedError) {
        if !matches!(self.fault, Some((Rcode::FormErr, _))) {
            self.fault = Some((Rcode::FormErr, error));
        }
    }
}

/// One record, its name skipped.
struct Record<'p> {
    root_owner: bool,
    rtype: u16,
    class: u16,
    ttl: u32,
    rdata: &'p [u8],
    end: usize,
}

impl<'p> Record<'p> {
    fn read(packet: &'p [u8], start: usize) -> Option<Record<'p>> {
        let fixed = skip_name(packet, start)?;
        let octets = packet.get(fixed..fixed + 10)?;
        let word = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
        let end = fixed + 10 + usize::from(word(8));
        Some(Record {
            root_owner: packet[start] == 0,
            rtype: word(0),
            class: word(2),
            ttl: u32::from(word(4)) << 16 | u32::from(word(6)),
            rdata: packet.get(fixed + 10..end)?,
            end,
        })
    }
}

/// Where the octets after a name stand. A pointer ends a name and is not followed: nothing behind it matters here;
/// it must point backwards, as RFC 1035 §4.1.4 wants.
fn skip_name(packet: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let length = *packet.get(at)?;
        match length {
            0 => return Some(at + 1),
            1..=63 => at += 1 + usize::from(length),
            0xC0.. => {
                let to = usize::from(length & 0x3F) << 8 | usize::from(*packet.get(at + 1)?);
                return (to >= HEADER_LENGTH && to < start).then_some(at + 2);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests;
