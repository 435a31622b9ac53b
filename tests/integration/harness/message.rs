//! Queries, and responses read strictly, without any code of the product: what it writes is judged by other eyes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::reader::Reader;

pub const A: u16 = 1;
pub const SOA: u16 = 6;
pub const AAAA: u16 = 28;
pub const OPT: u16 = 41;
const TSIG: u16 = 250;

pub const NOERROR: u16 = 0;
pub const BADCOOKIE: u16 = 23;

const CLASS_IN: u16 = 1;
const OPTION_SUBNET: u16 = 8;
const OPTION_NSID: u16 = 3;
const OPTION_COOKIE: u16 = 10;

/// A query to be sent.
#[derive(Debug, Clone)]
pub struct Query {
    pub id: u16,
    pub name: String,
    pub rtype: u16,
    /// Address and source prefix length of an EDNS Client Subnet option.
    pub subnet: Option<(IpAddr, u8)>,
    /// Asks for the server's identity.
    pub nsid: bool,
    /// The data of a cookie option (RFC 7873); empty for none.
    pub cookie: Vec<u8>,
}

impl Query {
    pub fn new(name: &str, rtype: u16) -> Query {
        Query { id: 0x4d52, name: name.to_string(), rtype, subnet: None, nsid: false, cookie: Vec::new() }
    }

    pub fn with_subnet(mut self, address: impl Into<IpAddr>, length: u8) -> Query {
        self.subnet = Some((address.into(), length));
        self
    }

    pub fn with_cookie(mut self, cookie: &[u8]) -> Query {
        self.cookie = cookie.to_vec();
        self
    }

    pub fn octets(&self) -> Vec<u8> {
        let has_opt = self.subnet.is_some() || self.nsid || !self.cookie.is_empty();
        let mut octets = Vec::with_capacity(64);
        for word in [self.id, 0, 1, 0, 0, u16::from(has_opt)] {
            octets.extend(word.to_be_bytes());
        }
        octets.extend(wire_name(&self.name));
        octets.extend([self.rtype, CLASS_IN].map(u16::to_be_bytes).concat());
        if has_opt {
            let mut options =
                self.subnet.map(|(address, length)| subnet_option(address, length)).unwrap_or_default();
            if self.nsid {
                options.extend([OPTION_NSID, 0].map(u16::to_be_bytes).concat());
            }
            if !self.cookie.is_empty() {
                options.extend([OPTION_COOKIE, self.cookie.len() as u16].map(u16::to_be_bytes).concat());
                options.extend(&self.cookie);
            }
            octets.push(0);
            octets.extend([OPT, 1232, 0, 0, options.len() as u16].map(u16::to_be_bytes).concat());
            octets.extend(options);
        }
        octets
    }
}

/// The option of RFC 7871 §6 with the octets that the prefix needs and no bit beyond it.
fn subnet_option(address: IpAddr, length: u8) -> Vec<u8> {
    let (family, octets) = match address {
        IpAddr::V4(address) => (1u16, address.octets().to_vec()),
        IpAddr::V6(address) => (2, address.octets().to_vec()),
    };
    let mut kept = octets[..usize::from(length).div_ceil(8)].to_vec();
    if let (Some(last), used) = (kept.last_mut(), length % 8)
        && used > 0
    {
        *last &= 0xff << (8 - used);
    }
    let mut option = [OPTION_SUBNET, kept.len() as u16 + 4, family].map(u16::to_be_bytes).concat();
    option.extend([length, 0]);
    option.extend(kept);
    option
}

/// A name in presentation form without escapes as octets.
pub fn wire_name(name: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(name.len() + 2);
    for label in name.trim_end_matches('.').split('.').filter(|label| !label.is_empty()) {
        octets.push(u8::try_from(label.len()).expect("a label of a test has at most 63 octets"));
        octets.extend(label.as_bytes());
    }
    octets.push(0);
    octets
}

/// A response, read strictly: every octet accounted for, one OPT at most, and that one last.
#[derive(Debug, Clone)]
pub struct Message {
    pub flags: u16,
    /// The question as it stands in the message: name, type, class.
    pub question: Option<(String, u16, u16)>,
    pub answers: Vec<Record>,
    pub authorities: Vec<Record>,
    pub additionals: Vec<Record>,
    pub opt: Option<Opt>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub owner: String,
    pub rtype: u16,
    pub class: u16,
    pub ttl: u32,
    pub data: Vec<u8>,
    /// Where the data stands in the message, for names in it.
    offset: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    pub payload: u16,
    pub extended_rcode: u8,
    pub version: u8,
    pub flags: u16,
    pub options: Vec<(u16, Vec<u8>)>,
}

impl Message {
    pub fn parse(octets: &[u8]) -> Result<Message, String> {
        let mut reader = Reader::new(octets);
        let [_, flags, questions, answers, authorities, additionals] = reader.header()?;
        let question = match questions {
            0 => None,
            1 => Some(question(&mut reader)?),
            count => return Err(format!("{count} questions")),
        };
        let answers = records(&mut reader, answers)?;
        let authorities = records(&mut reader, authorities)?;
        let mut additionals = records(&mut reader, additionals)?;
        reader.end()?;
        // A TSIG stands behind it (RFC 8945 §5.1).
        let signed = usize::from(additionals.last().is_some_and(|last| last.rtype == TSIG));
        let last = additionals.len().checked_sub(1 + signed);
        let opt = match last.filter(|&last| additionals[last].rtype == OPT) {
            Some(last) => Some(Opt::of(&additionals.remove(last))?),
            None => None,
        };
        if answers.iter().chain(&authorities).chain(&additionals).any(|record| record.rtype == OPT) {
            return Err("an OPT that is not the last record".to_string());
        }
        Ok(Message { flags, question, answers, authorities, additionals, opt })
    }

    /// The whole code, with the upper bits from OPT (RFC 6891 §6.1.3).
    pub fn rcode(&self) -> u16 {
        let upper = self.opt.as_ref().map_or(0, |opt| u16::from(opt.extended_rcode));
        upper << 4 | self.flags & 0xf
    }

    pub fn opcode(&self) -> u16 {
        self.flags >> 11 & 0xf
    }

    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    pub fn is_authoritative(&self) -> bool {
        self.flags & 0x0400 != 0
    }

    pub fn is_truncated(&self) -> bool {
        self.flags & 0x0200 != 0
    }

    /// The addresses in the answer section, in their order.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.answers.iter().filter_map(Record::address).collect()
    }

    /// The scope prefix length of the echoed client subnet.
    pub fn scope(&self) -> Option<u8> {
        self.option(OPTION_SUBNET)?.get(3).copied()
    }

    /// The server's identity (RFC 5001).
    pub fn nsid(&self) -> Option<&[u8]> {
        self.option(OPTION_NSID)
    }

    /// The client's cookie and the server's (RFC 7873).
    pub fn cookie(&self) -> Option<&[u8]> {
        self.option(OPTION_COOKIE)
    }

    /// The error field of a TSIG record (RFC 8945 §4.2).
    pub fn tsig_error(&self) -> Option<u16> {
        let tsig = self.additionals.iter().find(|record| record.rtype == TSIG)?;
        let mut reader = Reader::new(&tsig.data);
        reader.name().ok()?;
        // Time signed and fudge.
        reader.take(8).ok()?;
        let signature = reader.word().ok()?;
        // The signature and the original id.
        reader.take(usize::from(signature) + 2).ok()?;
        reader.word().ok()
    }

    fn option(&self, code: u16) -> Option<&[u8]> {
        let options = &self.opt.as_ref()?.options;
        options.iter().find(|(found, _)| *found == code).map(|(_, data)| data.as_slice())
    }

    /// The serial of the SOA in the answer or the authority section; `octets` are those of the message.
    pub fn serial(&self, octets: &[u8]) -> Option<u32> {
        let record = self.answers.iter().chain(&self.authorities).find(|record| record.rtype == SOA)?;
        let mut reader = Reader { octets, position: record.offset };
        reader.name().ok()?;
        reader.name().ok()?;
        reader.double_word().ok()
    }
}

impl Record {
    pub fn address(&self) -> Option<IpAddr> {
        match self.rtype {
            A => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(self.data.as_slice()).ok()?))),
            AAAA => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(self.data.as_slice()).ok()?))),
            _ => None,
        }
    }
}

impl Opt {
    fn of(record: &Record) -> Result<Opt, String> {
        if !record.owner.is_empty() {
            return Err(format!("an OPT with the owner {}", record.owner));
        }
        let options = Reader::new(&record.data).options()?;
        let [extended_rcode, version, upper, lower] = record.ttl.to_be_bytes();
        let flags = u16::from_be_bytes([upper, lower]);
        Ok(Opt { payload: record.class, extended_rcode, version, flags, options })
    }
}

/// Name, type and class; nothing stands before the name that a pointer could lead to.
fn question(reader: &mut Reader<'_>) -> Result<(String, u16, u16), String> {
    let name = reader.name()?;
    if name.compressed {
        return Err("a pointer in the question".to_string());
    }
    Ok((text(&name.labels), reader.word()?, reader.word()?))
}

/// A name, its case kept, without the final dot.
fn text(labels: &[Vec<u8>]) -> String {
    labels.iter().map(|label| String::from_utf8_lossy(label)).collect::<Vec<_>>().join(".")
}

fn records(reader: &mut Reader<'_>, count: u16) -> Result<Vec<Record>, String> {
    (0..count).map(|_| record(reader)).collect()
}

fn record(reader: &mut Reader<'_>) -> Result<Record, String> {
    let (owner, head) = (text(&reader.name()?.labels), reader.record_head()?);
    let offset = reader.position;
    let data = reader.take(head.length)?.to_vec();
    Ok(Record { owner, rtype: head.rtype, class: head.class, ttl: head.ttl, data, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A response with a compressed answer and an OPT that echoes a subnet.
    fn response() -> Vec<u8> {
        let mut octets = [0x4d52, 0x8400, 1, 1, 0, 1].map(u16::to_be_bytes).concat();
        octets.extend(wire_name("Www.example.com"));
        octets.extend([A, 1, 0xc00c, A, 1, 0, 30, 4].map(u16::to_be_bytes).concat());
        octets.extend([192, 0, 2, 1]);
        octets.push(0);
        octets.extend([OPT, 1232, 0, 0, 11].map(u16::to_be_bytes).concat());
        octets.extend([0, 8, 0, 7, 0, 1, 24, 17, 8, 8, 8]);
        octets
    }

    #[test]
    fn a_response_is_read() {
        let message = Message::parse(&response()).unwrap();
        assert_eq!(message.question, Some(("Www.example.com".to_string(), A, 1)));
        assert_eq!(message.answers[0].owner, "Www.example.com");
        assert_eq!(message.answers[0].ttl, 30);
        assert_eq!(message.addresses(), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        assert_eq!((message.rcode(), message.scope(), message.is_authoritative()), (0, Some(17), true));
    }

    #[test]
    fn extended_rcode_is_joined() {
        let mut octets = response();
        let ttl = octets.len() - 11 - 6;
        octets[ttl] = 1;
        assert_eq!(Message::parse(&octets).unwrap().rcode(), 16);
    }

    #[test]
    fn what_is_cut_or_left_over_is_refused() {
        let octets = response();
        for length in 0..octets.len() {
            assert!(Message::parse(&octets[..length]).is_err(), "{length}");
        }
        assert!(Message::parse(&[octets, vec![0]].concat()).unwrap_err().contains("1 octets after"));
    }

    #[test]
    fn pointers_forward_are_refused() {
        let mut octets = response();
        let pointer = 12 + 17 + 4;
        assert_eq!(octets[pointer], 0xc0);
        octets[pointer + 1] = pointer as u8;
        assert!(Message::parse(&octets).unwrap_err().contains("does not go backwards"));
    }

    #[test]
    fn a_pointer_in_the_question_is_refused() {
        let octets = [1, 0x8000, 1, 0, 0, 0, 0xc004, A, 1].map(u16::to_be_bytes).concat();
        assert!(Message::parse(&octets).unwrap_err().contains("a pointer in the question"));
    }

    #[test]
    fn a_query_has_the_subnet_cut_to_its_prefix() {
        let query = Query::new("a.b.", AAAA).with_subnet(Ipv4Addr::new(8, 8, 255, 255), 20).octets();
        assert_eq!(query[query.len() - 11..], [0, 8, 0, 7, 0, 1, 20, 0, 8, 8, 0xf0]);
        let message = Message::parse(&query).unwrap();
        assert_eq!(message.question, Some(("a.b".to_string(), AAAA, 1)));
        assert_eq!(message.opt.unwrap().payload, 1232);
    }

    #[test]
    fn a_serial_is_found() {
        let mut octets = [1, 0x8400, 1, 1, 0, 0].map(u16::to_be_bytes).concat();
        octets.extend(wire_name("a"));
        octets.extend([SOA, 1, 0xc00c, SOA, 1, 0, 30, 24].map(u16::to_be_bytes).concat());
        octets.extend([0xc0, 12, 0xc0, 12]);
        octets.extend([7u32, 1, 1, 1, 1].map(u32::to_be_bytes).concat());
        assert_eq!(Message::parse(&octets).unwrap().serial(&octets), Some(7));
    }
}
