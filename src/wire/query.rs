//! A query packet, read without allocation: a well-formed question, a refusal, or silence.

use super::edns::{Edns, EdnsFault};
use super::header::{HEADER_LENGTH, Header, Rcode, count, opcode};
use super::question_name::QuestionName;
use super::{class, rtype};

/// What a packet turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'p> {
    /// A question to decide on.
    Query(Query<'p>),
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
#[derive(Debug, PartialEq, Eq)]
pub struct Query<'p> {
    /// Id and flags.
    pub header: Header,
    /// Name, type and class as sent: echoed octet for octet.
    pub question: &'p [u8],
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS.
    pub qclass: u16,
    /// The OPT record, if there is one.
    pub edns: Option<Edns<'p>>,
    /// Octets followed the message.
    pub trailing: bool,
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
    /// Whether the query had an OPT record, so that the answer must have one.
    pub edns: bool,
}

/// Reads a packet. The name of the question, in lower case, goes into `name`.
pub fn read<'p>(packet: &'p [u8], name: &mut QuestionName) -> Packet<'p> {
    let Some(header) = Header::read(packet) else { return Packet::Drop(DropReason::Short) };
    if header.is_response() {
        return Packet::Drop(DropReason::Response);
    }
    let refuse = |rcode| Packet::Refusal(Refusal { header, question: &[], rcode, edns: false });
    match header.opcode() {
        opcode::QUERY => {}
        opcode::NOTIFY | opcode::UPDATE => return Packet::Control,
        _ => return refuse(Rcode::NotImp),
    }
    if count(packet, 0) != 1 {
        return refuse(Rcode::FormErr); // RFC 9619
    }
    let Some(name_length) = name.read(&packet[HEADER_LENGTH..]) else { return refuse(Rcode::FormErr) };
    let question_end = HEADER_LENGTH + name_length + 4;
    let Some(question) = packet.get(HEADER_LENGTH..question_end) else { return refuse(Rcode::FormErr) };
    let [.., type_high, type_low, class_high, class_low] = *question else { return refuse(Rcode::FormErr) };

    let records = Records::read(packet, question_end);
    if records.is_signed && records.fault.is_none() {
        return Packet::Control;
    }
    match records.fault {
        None => Packet::Query(Query {
            header,
            question,
            qtype: u16::from_be_bytes([type_high, type_low]),
            qclass: u16::from_be_bytes([class_high, class_low]),
            edns: records.edns,
            trailing: records.end != packet.len(),
        }),
        Some(rcode) => Packet::Refusal(Refusal { header, question, rcode, edns: records.has_opt }),
    }
}

/// What follows the question: records that are skipped, and at most one OPT.
struct Records<'p> {
    edns: Option<Edns<'p>>,
    has_opt: bool,
    is_signed: bool,
    fault: Option<Rcode>,
    end: usize,
}

impl<'p> Records<'p> {
    /// Walks all records. The work is bounded by the packet: a record takes at least eleven octets.
    fn read(packet: &'p [u8], start: usize) -> Records<'p> {
        let mut records = Records { edns: None, has_opt: false, is_signed: false, fault: None, end: start };
        let before = u32::from(count(packet, 1)) + u32::from(count(packet, 2));
        let additional = u32::from(count(packet, 3));
        for index in 0..before + additional {
            let Some(record) = Record::read(packet, records.end) else {
                records.fault = Some(Rcode::FormErr);
                break;
            };
            records.end = record.end;
            // Answer and authority records in a query are ignored, never trusted.
            if index >= before {
                records.take(&record, index + 1 == before + additional);
            }
        }
        records
    }

    fn take(&mut self, record: &Record<'p>, last: bool) {
        match record.rtype {
            rtype::OPT if self.has_opt || !record.root_owner => {
                self.has_opt = true;
                self.fault = Some(Rcode::FormErr);
            }
            rtype::OPT => {
                self.has_opt = true;
                match Edns::read(record.class, record.ttl, record.rdata) {
                    Ok(edns) => self.edns = Some(edns),
                    Err(EdnsFault::Version) => self.fault = self.fault.or(Some(Rcode::BadVers)),
                    Err(EdnsFault::Malformed) => self.fault = Some(Rcode::FormErr),
                }
            }
            // RFC 8945 §5.2: TSIG stands last, with class ANY.
            rtype::TSIG if last && record.class == class::ANY => self.is_signed = true,
            rtype::TSIG => self.fault = Some(Rcode::FormErr),
            _ => {}
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
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\x03wWw\x07example\x03com\0\0\x01\0\x01";

    fn packet(flags: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
        let mut packet = vec![0xAB, 0xCD];
        packet.extend_from_slice(&flags.to_be_bytes());
        counts.iter().for_each(|count| packet.extend_from_slice(&count.to_be_bytes()));
        packet.extend_from_slice(rest);
        packet
    }

    fn opt(owner: &[u8], ttl: u32, options: &[u8]) -> Vec<u8> {
        let mut opt = owner.to_vec();
        opt.extend_from_slice(&[0, 41, 0x04, 0xD0]);
        opt.extend_from_slice(&ttl.to_be_bytes());
        opt.extend_from_slice(&(options.len() as u16).to_be_bytes());
        opt.extend_from_slice(options);
        opt
    }

    /// `rcode+opt` of a refusal, or a word for everything else.
    fn reaction(packet: &[u8]) -> String {
        let mut name = QuestionName::default();
        match read(packet, &mut name) {
            Packet::Query(query) => {
                let edns = if query.edns.is_some() { "+opt" } else { "" };
                let trailing = if query.trailing { "+trailing" } else { "" };
                format!("query{edns}{trailing}")
            }
            Packet::Refusal(refusal) => {
                let edns = if refusal.edns { "+opt" } else { "" };
                let question = if refusal.question.is_empty() { "" } else { "+question" };
                format!("{}{question}{edns}", refusal.rcode.name())
            }
            Packet::Control => "control".into(),
            Packet::Drop(reason) => format!("{reason:?}"),
        }
    }

    #[test]
    fn packets_get_the_reaction_of_security_md() {
        let tsig = b"\x03key\0\0\xFA\0\xFF\0\0\0\0\0\0".as_slice();
        let a_record = b"\xC0\x0C\0\x01\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04".as_slice();
        let ok = opt(b"\0", 0, b"");
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (packet(0x0100, [1, 0, 0, 0], QUESTION), "query"),
            (packet(0x8100, [1, 0, 0, 0], QUESTION), "Response"),
            (b"\0\0\0\0\0\0\0\0\0\0\0".to_vec(), "Short"),
            (packet(0x1000, [1, 0, 0, 0], QUESTION), "NOTIMP"),
            (packet(0x3000, [0, 0, 0, 0], b""), "NOTIMP"),
            (packet(0x7800, [9, 9, 9, 9], b""), "NOTIMP"),
            (packet(0x2000, [1, 0, 0, 0], QUESTION), "control"),
            (packet(0x2800, [1, 0, 0, 0], QUESTION), "control"),
            (packet(0, [0, 0, 0, 0], b""), "FORMERR"),
            (packet(0, [2, 0, 0, 0], &[QUESTION, QUESTION].concat()), "FORMERR"),
            (packet(0, [1, 0, 0, 0], &QUESTION[..QUESTION.len() - 1]), "FORMERR"),
            (packet(0, [1, 0, 0, 0], b"\xC0\x0C\0\x01\0\x01"), "FORMERR"),
            (packet(0, [1, 0, 0, 0], b"\x40\0\x01\0\x01"), "FORMERR"),
            (packet(0, [1, 0, 0, 0], &[QUESTION, b"x"].concat()), "query+trailing"),
            (packet(0, [1, 0, 0, 1], &[QUESTION, &ok].concat()), "query+opt"),
            (packet(0, [1, 0, 0, 1], &[QUESTION, &ok, b"x"].concat()), "query+opt+trailing"),
            (packet(0, [1, 0, 0, 2], &[QUESTION, &ok, &ok].concat()), "FORMERR+question+opt"),
            (packet(0, [1, 0, 0, 1], &[QUESTION, &opt(b"\x01a\0", 0, b"")].concat()), "FORMERR+question+opt"),
            (
                packet(0, [1, 0, 0, 1], &[QUESTION, &opt(b"\0", 1 << 16, b"x")].concat()),
                "BADVERS+question+opt",
            ),
            (packet(0, [1, 0, 0, 1], &[QUESTION, &opt(b"\0", 0, b"x")].concat()), "FORMERR+question+opt"),
            (packet(0, [1, 0, 0, 1], &[QUESTION, &ok[..10]].concat()), "FORMERR+question"),
            (packet(0, [1, 0, 0, 1], QUESTION), "FORMERR+question"),
            (packet(0, [1, 1, 0, 1], &[QUESTION, a_record, &ok].concat()), "query+opt"),
            (packet(0, [1, 1, 1, 0], &[QUESTION, a_record, a_record].concat()), "query"),
            (packet(0, [1, 0, 0, 1], &[QUESTION, tsig].concat()), "control"),
            (packet(0, [1, 0, 0, 2], &[QUESTION, &ok, tsig].concat()), "control"),
            (packet(0, [1, 0, 0, 2], &[QUESTION, tsig, &ok].concat()), "FORMERR+question+opt"),
            // An OPT in the answer section is a record like any other there.
            (packet(0, [1, 1, 0, 0], &[QUESTION, &ok].concat()), "query"),
            // Forward and self pointers in owners.
            (packet(0, [1, 1, 0, 0], &[QUESTION, b"\xC0\xFF", &a_record[2..]].concat()), "FORMERR+question"),
            (packet(0, [1, 1, 0, 0], &[QUESTION, b"\xC0\x21", &a_record[2..]].concat()), "FORMERR+question"),
        ];
        for (packet, expected) in cases {
            assert_eq!(reaction(&packet), expected, "{packet:02x?}");
        }
    }

    #[test]
    fn the_question_is_kept_as_sent_and_its_name_folded() {
        let packet = packet(0x0110, [1, 0, 0, 0], QUESTION);
        let mut name = QuestionName::default();
        let Packet::Query(query) = read(&packet, &mut name) else { panic!("not a query") };
        assert_eq!(query.question, QUESTION);
        assert_eq!((query.qtype, query.qclass), (1, 1));
        assert_eq!(name.as_octets(), b"\x03www\x07example\x03com\0");
        assert_eq!(query.header.response_flags(0), 0x8110);
    }
}
