//! The twelve octets in front of every message (RFC 1035 §4.1.1), and answers made from them alone.

/// The length of a header.
pub const HEADER_LENGTH: usize = 12;

/// Bits of the flags word.
pub mod flag {
    /// This is a response.
    pub const QR: u16 = 0x8000;
    /// Authoritative answer.
    pub const AA: u16 = 0x0400;
    /// Truncated.
    pub const TC: u16 = 0x0200;
    /// Recursion desired.
    pub const RD: u16 = 0x0100;
    /// Checking disabled (RFC 4035 §3.2.2).
    pub const CD: u16 = 0x0010;
    /// The four bits of the opcode.
    pub const OPCODE: u16 = 0x7800;
}

/// Opcodes (IANA DNS parameters).
pub mod opcode {
    /// An ordinary query.
    pub const QUERY: u8 = 0;
    /// RFC 1996.
    pub const NOTIFY: u8 = 4;
    /// RFC 2136.
    pub const UPDATE: u8 = 5;
}

/// Response codes that the server itself gives; above 15 the upper bits stand in the OPT record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Rcode {
    /// No error.
    NoError = 0,
    /// The message could not be understood.
    FormErr = 1,
    /// The server failed.
    ServFail = 2,
    /// The name does not exist.
    NxDomain = 3,
    /// Not implemented.
    NotImp = 4,
    /// The server will not say.
    Refused = 5,
    /// The name that a DNAME leads to is too long (RFC 6672 §2.2).
    YxDomain = 6,
    /// The server is not authoritative for the zone of an UPDATE, a NOTIFY or a transfer (RFC 2136 §2.2, RFC 8945 §5).
    NotAuth = 9,
    /// EDNS version not supported (RFC 6891 §6.1.3).
    BadVers = 16,
    /// The server cookie is missing or not valid (RFC 7873 §8).
    BadCookie = 23,
}

impl Rcode {
    /// Every rcode, in ascending order.
    pub const ALL: [Rcode; 10] = [
        Rcode::NoError,
        Rcode::FormErr,
        Rcode::ServFail,
        Rcode::NxDomain,
        Rcode::NotImp,
        Rcode::Refused,
        Rcode::YxDomain,
        Rcode::NotAuth,
        Rcode::BadVers,
        Rcode::BadCookie,
    ];

    /// The name in the IANA registry.
    pub fn name(self) -> &'static str {
        match self {
            Rcode::NoError => "NOERROR",
            Rcode::FormErr => "FORMERR",
            Rcode::ServFail => "SERVFAIL",
            Rcode::NxDomain => "NXDOMAIN",
            Rcode::NotImp => "NOTIMP",
            Rcode::Refused => "REFUSED",
            Rcode::YxDomain => "YXDOMAIN",
            Rcode::NotAuth => "NOTAUTH",
            Rcode::BadVers => "BADVERS",
            Rcode::BadCookie => "BADCOOKIE",
        }
    }
}

/// Id and flags of a query: the first four octets of its header as one number, so that they are read, looked at and
/// answered in one go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header(u32);

impl Header {
    /// The header of a message; `None` below twelve octets.
    pub fn read(packet: &[u8]) -> Option<Header> {
        let [front @ .., _, _, _, _, _, _, _, _] = packet.first_chunk::<HEADER_LENGTH>()?;
        Some(Header::of(*front))
    }

    /// The header that begins with these octets.
    #[inline(always)]
    pub const fn of(front: [u8; 4]) -> Header {
        Header(u32::from_be_bytes(front))
    }

    /// As chosen by the client.
    pub fn id(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Whether it is a response.
    pub fn is_response(self) -> bool {
        self.0 & flag::QR as u32 != 0
    }

    /// Whether it is a query, and no message of another kind.
    #[inline(always)]
    pub fn is_query(self) -> bool {
        self.0 & (flag::QR | flag::OPCODE) as u32 == 0
    }

    /// The four bits of the opcode.
    pub fn opcode(self) -> u8 {
        ((self.0 & flag::OPCODE as u32) >> 11) as u8
    }

    /// The front of the header of a response to this query: id, opcode, RD and CD copied, QR set; all else as given.
    #[inline(always)]
    pub fn response(self, more: u16) -> [u8; 4] {
        const COPIED: u32 = 0xFFFF << 16 | (flag::OPCODE | flag::RD | flag::CD) as u32;
        (self.0 & COPIED | u32::from(flag::QR | more)).to_be_bytes()
    }
}

/// One of the four counts of a header: 0 questions, 1 answers, 2 authority, 3 additional. The packet must hold a header.
pub fn count(packet: &[u8], section: usize) -> u16 {
    u16::from_be_bytes([packet[4 + 2 * section], packet[5 + 2 * section]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_copies_opcode_rd_and_cd_and_nothing_else() {
        let query = [0xAB, 0xCD, 0x17, 0x70, 0, 1, 0, 0, 0, 0, 0, 9];
        let header = Header::read(&query).unwrap();
        assert_eq!((header.id(), header.response(4)), (0xABCD, [0xAB, 0xCD, 0x91, 0x14]));
        assert_eq!((header.opcode(), header.is_query(), header.is_response()), (2, false, false));
        assert_eq!(count(&query, 3), 9);
        assert_eq!(Header::read(&query[..11]), None);
    }
}
