//! A query as its parts, as octets, and as a line for dig.

use std::fmt;

use crate::hex;
use crate::name::Name;

pub const CLASS_IN: u16 = 1;
pub const CLASS_CHAOS: u16 = 3;
pub const CLASS_ANY: u16 = 255;

/// Bits of the second word of the header.
pub const RD: u16 = 0x0100;
pub const Z: u16 = 0x0040;
pub const AD: u16 = 0x0020;
pub const CD: u16 = 0x0010;
/// The flag of OPT (RFC 3225).
pub const DO: u16 = 0x8000;

/// Options of OPT.
pub const NSID: u16 = 3;
pub const SUBNET: u16 = 8;
pub const EXPIRE: u16 = 9;
pub const COOKIE: u16 = 10;
pub const KEEPALIVE: u16 = 11;
pub const ERROR: u16 = 15;
pub const ZONE_VERSION: u16 = 19;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub name: Name,
    pub rtype: u16,
    pub class: u16,
    /// Flags of the header without the opcode.
    pub flags: u16,
    pub edns: Option<Edns>,
    pub transport: Transport,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edns {
    pub payload: u16,
    pub version: u8,
    pub flags: u16,
    pub options: Vec<(u16, Vec<u8>)>,
}

impl Edns {
    /// What most resolvers send today.
    pub fn plain() -> Edns {
        Edns { payload: 1232, version: 0, flags: 0, options: Vec::new() }
    }
}

impl Query {
    /// As most resolvers ask.
    pub fn plain(name: Name, rtype: u16) -> Query {
        Query { name, rtype, class: CLASS_IN, flags: 0, edns: Some(Edns::plain()), transport: Transport::Udp }
    }

    pub fn octets(&self, id: u16) -> Vec<u8> {
        let mut octets = words(&[id, self.flags, 1, 0, 0, u16::from(self.edns.is_some())]);
        octets.extend(self.name.octets());
        octets.extend(words(&[self.rtype, self.class]));
        if let Some(edns) = &self.edns {
            octets.extend(edns.octets());
        }
        octets
    }

    pub fn option(&self, code: u16) -> Option<&[u8]> {
        let options = &self.edns.as_ref()?.options;
        options.iter().find(|(found, _)| *found == code).map(|(_, data)| data.as_slice())
    }
}

impl Edns {
    pub fn octets(&self) -> Vec<u8> {
        let mut data = Vec::new();
        for (code, content) in &self.options {
            data.extend(words(&[*code, content.len() as u16]));
            data.extend(content);
        }
        let version = u16::from(self.version);
        [vec![0], words(&[41, self.payload, version, self.flags, data.len() as u16]), data].concat()
    }
}

/// Numbers of two octets one behind the other.
pub fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

impl fmt::Display for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "dig -t {} -c {} -q '{}'",
            type_name(self.rtype),
            class_name(self.class),
            self.name
        )?;
        write!(formatter, " {}", if self.transport == Transport::Tcp { "+tcp" } else { "+notcp +ignore" })?;
        for (flag, set, unset) in [(RD, "", " +norec"), (AD, "", " +noad"), (CD, " +cd", ""), (Z, " +z", "")]
        {
            formatter.write_str(if self.flags & flag != 0 { set } else { unset })?;
        }
        if self.flags & !(RD | AD | CD | Z) != 0 {
            write!(formatter, " (flags {:04x})", self.flags)?;
        }
        let Some(edns) = &self.edns else { return formatter.write_str(" +noedns") };
        write!(formatter, " +edns={} +bufsize={} +nocookie", edns.version, edns.payload)?;
        if edns.flags & DO != 0 {
            formatter.write_str(" +do")?;
        }
        if edns.flags & !DO != 0 {
            write!(formatter, " +ednsflags={:#x}", edns.flags)?;
        }
        for (code, data) in &edns.options {
            write!(formatter, " +ednsopt={code}:{}", hex::written(data))?;
        }
        Ok(())
    }
}

const TYPE_NAMES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (28, "AAAA"),
    (33, "SRV"),
    (35, "NAPTR"),
    (39, "DNAME"),
    (43, "DS"),
    (44, "SSHFP"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (255, "ANY"),
    (257, "CAA"),
];

/// The name of a type, `TYPEn` for the rarer ones.
pub fn type_name(rtype: u16) -> String {
    let known = TYPE_NAMES.iter().find(|(number, _)| *number == rtype);
    known.map_or_else(|| format!("TYPE{rtype}"), |(_, name)| (*name).to_string())
}

/// The number of a type with one of those names, or `TYPEn`.
pub fn type_number(name: &str) -> Option<u16> {
    let known = TYPE_NAMES.iter().find(|(_, known)| *known == name);
    known.map(|(number, _)| *number).or_else(|| name.strip_prefix("TYPE")?.parse().ok())
}

fn class_name(class: u16) -> String {
    match class {
        1 => "IN".to_string(),
        3 => "CH".to_string(),
        4 => "HS".to_string(),
        255 => "ANY".to_string(),
        other => format!("CLASS{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_line_for_dig() {
        let mut query = Query::plain(Name::plain("www.test"), 28);
        assert_eq!(
            query.to_string(),
            "dig -t AAAA -c IN -q 'www.test.' +notcp +ignore +norec +noad +edns=0 +bufsize=1232 +nocookie"
        );
        query.flags = RD | CD;
        query.transport = Transport::Tcp;
        query.edns = Some(Edns { payload: 512, version: 1, flags: DO | 1, options: vec![(3, Vec::new())] });
        let line = query.to_string();
        assert!(line.contains("+tcp +noad +cd +edns=1 +bufsize=512"), "{line}");
        assert!(line.ends_with("+do +ednsflags=0x8001 +ednsopt=3:"), "{line}");
    }

    #[test]
    fn a_query_is_octets() {
        let mut query = Query::plain(Name::plain("a"), 1);
        query.edns = Some(Edns { options: vec![(65001, vec![7])], ..Edns::plain() });
        let octets = query.octets(0x1234);
        assert_eq!(octets[..12], [0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!(
            octets[12..],
            [1, b'a', 0, 0, 1, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 5, 0xfd, 0xe9, 0, 1, 7]
        );
    }
}
