//! Writing a response into a fixed buffer: the question echoed, records with patched owners and TTLs, OPT last.

use super::edns::{OPT_LENGTH, option};
use super::header::{HEADER_LENGTH, Header, Rcode, flag};
use super::options::OPTION_HEAD;
use super::{class, rtype};

/// Octets of a record between its owner and its RDATA: type, class, TTL, RDLENGTH.
const RECORD_FIXED: usize = 10;
/// Octets of the room for an owner in a fragment, and of a compression pointer.
const POINTER: usize = 2;
/// The upper two bits of a compression pointer.
pub const POINTER_BITS: u16 = 0xC000;
/// What stands for the apex in [`Records`]: the pointer to offset 0.
const TO_APEX: [u8; POINTER] = POINTER_BITS.to_be_bytes();
/// The last offset that a compression pointer can name.
pub const POINTER_REACH: usize = 0x3FFF;
/// The question's name, as a place for pointers.
pub const QUESTION_AT: u16 = HEADER_LENGTH as u16;

/// The sections that records go into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Answer.
    Answer = 1,
    /// Authority.
    Authority = 2,
    /// Additional.
    Additional = 3,
}

/// Records in the form of a zone's fragments: each with two octets of room for its owner, then type, class, TTL,
/// RDLENGTH and RDATA; `pointers` are the offsets of the pointers in it, to the zone's apex (those that say 0) and to names
/// that stand earlier in `octets` (those that say where).
#[derive(Clone, Copy)]
pub struct Records<'r, P> {
    /// The records.
    pub octets: &'r [u8],
    /// How many they are.
    pub count: u16,
    /// Offsets in `octets`, each of a pointer of two octets.
    pub pointers: P,
    /// Replaces the TTL of every record.
    pub ttl: Option<u32>,
}

/// The OPT record of a response.
#[derive(Debug, Clone, Copy, Default)]
pub struct Opt<'o> {
    /// The largest UDP query this server takes, in octets.
    pub payload: u16,
    /// Copied from the query.
    pub dnssec_ok: bool,
    /// The client subnet option as it was sent, and the scope to set in it.
    pub client_subnet: Option<(&'o [u8], u8)>,
    /// All other options, encoded ([`Options`](super::options::Options)).
    pub options: &'o [u8],
}

impl Opt<'_> {
    /// The octets it takes in a message.
    pub fn length(&self) -> usize {
        OPT_LENGTH
            + self.client_subnet.map_or(0, |(subnet, _)| OPTION_HEAD + subnet.len())
            + self.options.len()
    }
}

/// A response under way. Room for the OPT record is reserved from the start.
pub struct Response<'b, 'o> {
    buffer: &'b mut [u8],
    header: Header,
    at: usize,
    question_end: usize,
    limit: usize,
    counts: [u16; 4],
    truncated: bool,
    opt: Option<Opt<'o>>,
}

impl<'b, 'o> Response<'b, 'o> {
    /// Starts a response of at most `limit` octets (cut to the buffer) to a query with this header and question (empty
    /// where it could not be read). `None` when not even header, question and OPT fit.
    pub fn start(
        buffer: &'b mut [u8],
        limit: usize,
        header: Header,
        question: &[u8],
        opt: Option<Opt<'o>>,
    ) -> Option<Response<'b, 'o>> {
        let question_end = HEADER_LENGTH + question.len();
        let limit = limit.min(buffer.len()).checked_sub(opt.map_or(0, |opt| opt.length()))?;
        if question_end > limit {
            return None;
        }
        buffer[HEADER_LENGTH..question_end].copy_from_slice(question);
        let counts = [u16::from(!question.is_empty()), 0, 0, 0];
        Some(Response {
            buffer,
            header,
            at: question_end,
            question_end,
            limit,
            counts,
            truncated: false,
            opt,
        })
    }

    /// Where the next record will stand.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Appends records whose owner stands at `owner`, and whose apex stands at `apex`, both as offsets in the message.
    /// Returns whether they fitted, and pointers in them reach what they name; if not, nothing was written.
    #[must_use]
    pub fn put<P: Iterator<Item = usize>>(
        &mut self,
        section: Section,
        owner: u16,
        apex: u16,
        records: Records<'_, P>,
    ) -> bool {
        let end = self.at + records.octets.len();
        if end > self.limit {
            return false;
        }
        let room = &mut self.buffer[self.at..end];
        room.copy_from_slice(records.octets);
        if set_pointers(room, records.pointers, apex, self.at).is_none() {
            return false;
        }
        patch_records(room, owner, records.ttl);
        self.counts[section as usize] += records.count;
        self.at = end;
        true
    }

    /// Appends the CNAME that a DNAME with this TTL stands for (RFC 6672 §3.1) to the answer section: its owner is the name
    /// at `owner`; it leads to the first `kept` octets of that, and then the name at `target`, both offsets in the message.
    /// Together they are no longer than a name can be. Returns whether it fitted; if not, nothing was written.
    #[must_use]
    pub fn put_redirection(&mut self, owner: u16, kept: usize, target: u16, ttl: u32) -> bool {
        // A pointer at the root label would be longer than the label, and not every reader takes it.
        let to_root = self.buffer[usize::from(target)] == 0;
        let length = kept + if to_root { 1 } else { POINTER };
        let rdata = self.at + POINTER + RECORD_FIXED;
        if rdata + length > self.limit {
            return false;
        }
        self.append(&(POINTER_BITS | owner).to_be_bytes());
        self.append(&rtype::CNAME.to_be_bytes());
        self.append(&class::IN.to_be_bytes());
        self.append(&ttl.to_be_bytes());
        self.append(&(length as u16).to_be_bytes());
        let mut from = usize::from(owner);
        while self.at < rdata + kept {
            from = usize::from(self.within_name(from as u16, 0));
            let label = 1 + usize::from(self.buffer[from]);
            self.buffer.copy_within(from..from + label, self.at);
            self.at += label;
            from += label;
        }
        match to_root {
            true => self.append(&[0]),
            false => self.append(&(POINTER_BITS | target).to_be_bytes()),
        }
        self.counts[Section::Answer as usize] += 1;
        true
    }

    /// Where the labels of a name that was written at `at` stand after its first `octets` octets (whole labels,
    /// pointers not counted).
    pub fn within_name(&self, at: u16, mut octets: usize) -> u16 {
        let mut at = usize::from(at);
        loop {
            let length = self.buffer[at];
            if length >= POINTER_BITS.to_be_bytes()[0] {
                at = usize::from(u16::from_be_bytes([length, self.buffer[at + 1]]) & !POINTER_BITS);
            } else if octets == 0 || length == 0 {
                return at as u16;
            } else {
                at += 1 + usize::from(length);
                octets = octets.saturating_sub(1 + usize::from(length));
            }
        }
    }

    /// Where the data of a record of this type stands that is `rdata`, octet for octet.
    pub fn find(&self, rtype: u16, rdata: &[u8]) -> Option<u16> {
        let mut record = self.question_end;
        while record < self.at {
            let data = record + POINTER + RECORD_FIXED;
            let end = data + usize::from(u16::from_be_bytes([self.buffer[data - 2], self.buffer[data - 1]]));
            let found = self.buffer[record + POINTER..][..2] == rtype.to_be_bytes();
            if found && self.buffer[data..end] == *rdata {
                return Some(data as u16);
            }
            record = end;
        }
        None
    }

    /// Gives all sections up but the question and sets TC: the client must ask again over TCP.
    pub fn truncate(&mut self) {
        self.at = self.question_end;
        self.counts = [self.counts[0], 0, 0, 0];
        self.truncated = true;
    }

    /// Sets TC and leaves what stands there: a resolver may use each whole RRset (RFC 2181 §9).
    pub fn set_truncated(&mut self) {
        self.truncated = true;
    }

    /// Whether TC is set.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Writes OPT and header and returns the length of the message.
    pub fn finish(mut self, rcode: Rcode, authoritative: bool) -> usize {
        if let Some(opt) = self.opt {
            self.put_opt(&opt, rcode);
        }
        let mut more = rcode as u16 & 0xF;
        if authoritative {
            more |= flag::AA;
        }
        if self.truncated {
            more |= flag::TC;
        }
        self.buffer[..2].copy_from_slice(&self.header.id);
        self.buffer[2..4].copy_from_slice(&self.header.response_flags(more).to_be_bytes());
        for (index, count) in self.counts.into_iter().enumerate() {
            self.buffer[4 + 2 * index..6 + 2 * index].copy_from_slice(&count.to_be_bytes());
        }
        self.at
    }

    fn put_opt(&mut self, opt: &Opt<'_>, rcode: Rcode) {
        let [payload_high, payload_low] = opt.payload.to_be_bytes();
        let extended = (rcode as u16 >> 4) as u8;
        let flags = if opt.dnssec_ok { 0x80 } else { 0 };
        let length = ((opt.length() - OPT_LENGTH) as u16).to_be_bytes();
        let kind = rtype::OPT.to_be_bytes();
        self.append(&[0, kind[0], kind[1], payload_high, payload_low]);
        self.append(&[extended, 0, flags, 0, length[0], length[1]]);
        if let Some((subnet, scope)) = opt.client_subnet {
            self.append(&option::CLIENT_SUBNET.to_be_bytes());
            self.append(&(subnet.len() as u16).to_be_bytes());
            // FAMILY (2), SOURCE (1), then SCOPE (RFC 7871 §6).
            let scope_at = self.at + 3;
            self.append(subnet);
            self.buffer[scope_at] = scope;
        }
        self.append(opt.options);
        self.counts[Section::Additional as usize] += 1;
    }

    fn append(&mut self, octets: &[u8]) {
        let end = self.at + octets.len();
        self.buffer[self.at..end].copy_from_slice(octets);
        self.at = end;
    }
}

/// Turns pointers of [`Records`] that begin at `start` in the message into ones of that message. `None` when one does not
/// reach what it names.
#[inline]
fn set_pointers(
    room: &mut [u8],
    pointers: impl Iterator<Item = usize>,
    apex: u16,
    start: usize,
) -> Option<()> {
    let apex = (POINTER_BITS | apex).to_be_bytes();
    for at in pointers {
        let place = &mut room[at..at + POINTER];
        if place == TO_APEX {
            place.copy_from_slice(&apex);
        } else {
            let target = start + usize::from(u16::from_be_bytes([place[0], place[1]]) & !POINTER_BITS);
            let target = u16::try_from(target).ok().filter(|&target| usize::from(target) <= POINTER_REACH)?;
            place.copy_from_slice(&(POINTER_BITS | target).to_be_bytes());
        }
    }
    Some(())
}

/// Sets the owner, and where wanted the TTL, of every record.
#[inline]
fn patch_records(room: &mut [u8], owner: u16, ttl: Option<u32>) {
    let owner = (POINTER_BITS | owner).to_be_bytes();
    let mut at = 0;
    while let Some(record) = room.get_mut(at..at + POINTER + RECORD_FIXED) {
        record[..2].copy_from_slice(&owner);
        if let Some(ttl) = ttl {
            record[6..10].copy_from_slice(&ttl.to_be_bytes());
        }
        at += POINTER + RECORD_FIXED + usize::from(u16::from_be_bytes([record[10], record[11]]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header { id: [0xAB, 0xCD], flags: 0x0100 };
    const QUESTION: &[u8] = b"\x01w\x07example\0\0\x01\0\x01";
    const TWO_A: &[u8] =
        b"\0\0\0\x01\0\x01\0\0\0\x3C\0\x04\x01\x02\x03\x04\0\0\0\x01\0\x01\0\0\0\x3C\0\x04\x05\x06\x07\x08";

    fn records<'r>(
        octets: &'r [u8],
        count: u16,
        pointers: &'static [usize],
    ) -> Records<'r, impl Iterator<Item = usize>> {
        Records { octets, count, pointers: pointers.iter().copied(), ttl: None }
    }

    #[test]
    fn owners_pointers_and_ttls_are_patched() {
        let mut buffer = [0xEE; 512];
        let mut response = Response::start(&mut buffer, 512, HEADER, QUESTION, None).unwrap();
        assert!(response.put(
            Section::Answer,
            QUESTION_AT,
            14,
            Records { ttl: Some(7), ..records(TWO_A, 2, &[]) }
        ));
        let ns = b"\0\0\0\x02\0\x01\0\0\0\x3C\0\x05\x02ns\xC0\0";
        assert!(response.put(Section::Authority, 14, 14, records(ns, 1, &[15])));
        let length = response.finish(Rcode::NoError, true);
        let mut expected = b"\xAB\xCD\x85\0\0\x01\0\x02\0\x01\0\0".to_vec();
        expected.extend_from_slice(QUESTION);
        expected.extend_from_slice(b"\xC0\x0C\0\x01\0\x01\0\0\0\x07\0\x04\x01\x02\x03\x04");
        expected.extend_from_slice(b"\xC0\x0C\0\x01\0\x01\0\0\0\x07\0\x04\x05\x06\x07\x08");
        expected.extend_from_slice(b"\xC0\x0E\0\x02\0\x01\0\0\0\x3C\0\x05\x02ns\xC0\x0E");
        assert_eq!(buffer[..length], expected);
    }

    #[test]
    fn a_pointer_within_records_is_moved_to_where_they_stand() {
        let ns = b"\0\0\0\x02\0\x01\0\0\0\x3C\0\x05\x02ns\xC0\0\0\0\0\x02\0\x01\0\0\0\x3C\0\x04\x01x\xC0\x0C";
        for (start, fits) in [(QUESTION.len(), true), (POINTER_REACH - 24, true), (POINTER_REACH - 23, false)]
        {
            let question: Vec<u8> = QUESTION.iter().copied().cycle().take(start).collect();
            let mut buffer = vec![0; 0x5000];
            let mut response = Response::start(&mut buffer, 0x5000, HEADER, &question, None).unwrap();
            assert_eq!(response.put(Section::Authority, 14, 14, records(ns, 2, &[15, 31])), fits);
            let first = HEADER_LENGTH + start;
            assert_eq!(response.position(), if fits { first + ns.len() } else { first }, "{start}");
            let length = response.finish(Rcode::NoError, false);
            assert_eq!(buffer[8..10], [0, if fits { 2 } else { 0 }]);
            if fits {
                assert_eq!(buffer[first + 15..][..2], [0xC0, 14]);
                let target = (POINTER_BITS | (first + 12) as u16).to_be_bytes();
                assert_eq!(buffer[length - 2..length], target);
            }
        }
    }

    #[test]
    fn rfc6672_a_redirection_copies_what_is_kept_through_pointers() {
        let mut buffer = [0; 512];
        let mut response = Response::start(&mut buffer, 512, HEADER, QUESTION, None).unwrap();
        let at = response.position();
        assert!(response.put(
            Section::Answer,
            QUESTION_AT,
            14,
            records(b"\0\0\0\x05\0\x01\0\0\0\x3C\0\x05\x02ab\xC0\0", 1, &[15])
        ));
        let alias = at as u16 + 12;
        assert_eq!(response.within_name(alias, 0), alias);
        assert_eq!(response.within_name(alias, 3), 14);
        assert_eq!(response.within_name(alias, 3 + 8), 14 + 8);
        let start = response.position();
        assert!(!response.put_redirection(alias, 512, 14, 7));
        // Octet 14 is where `example.` stands, 22 its root label, which is written out.
        assert!(response.put_redirection(alias, 3, 14, 7));
        assert!(response.put_redirection(alias, 3 + 8, 22, 7));
        assert_eq!(response.find(rtype::CNAME, b"\x02ab\xC0\x0E"), Some(alias));
        assert_eq!(response.find(rtype::CNAME, b"\x02ab\x07example\0"), Some(start as u16 + 17 + 12));
        assert_eq!(response.find(rtype::DNAME, b"\x02ab\xC0\x0E"), None);
        let length = response.finish(Rcode::NoError, true);
        let mut expected = vec![0xC0, alias as u8];
        expected.extend_from_slice(b"\0\x05\0\x01\0\0\0\x07\0\x05\x02ab\xC0\x0E");
        expected.extend_from_slice(&[0xC0, alias as u8]);
        expected.extend_from_slice(b"\0\x05\0\x01\0\0\0\x07\0\x0C\x02ab\x07example\0");
        assert_eq!(buffer[start..length], expected);
        assert_eq!(buffer[6..8], [0, 3]);
    }

    #[test]
    fn truncation_drops_whole_sections_and_keeps_opt() {
        let mut buffer = [0; 512];
        let opt = Opt {
            payload: 1232,
            dnssec_ok: true,
            client_subnet: Some((&[0, 1, 24, 0, 192, 0, 2], 20)),
            options: b"\0\x03\0\x03fra",
        };
        let limit = 12 + QUESTION.len() + 11 + 7 + 11;
        let mut response = Response::start(&mut buffer, limit, HEADER, QUESTION, Some(opt)).unwrap();
        assert!(!response.put(Section::Answer, QUESTION_AT, 14, records(TWO_A, 2, &[])));
        response.truncate();
        let length = response.finish(Rcode::BadVers, true);
        assert_eq!(length, limit);
        assert_eq!(buffer[2..12], *b"\x87\0\0\x01\0\0\0\0\0\x01");
        let expected =
            b"\0\0\x29\x04\xD0\x01\0\x80\0\0\x12\0\x08\0\x07\0\x01\x18\x14\xC0\0\x02\0\x03\0\x03fra";
        assert_eq!(buffer[12 + QUESTION.len()..length], *expected);
        assert!(Response::start(&mut buffer, limit - 1, HEADER, QUESTION, Some(opt)).is_none());
    }
}
