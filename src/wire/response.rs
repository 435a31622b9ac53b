//! Writing a response into a fixed buffer: the question echoed, records with patched owners and TTLs, OPT last.
//!
//! [`Response`] writes any, section by section; [`Whole`] what nearly every one is, straight through.

use super::edns::OPT_LENGTH;
use super::header::{HEADER_LENGTH, Header, Rcode, flag};
use super::options::OPTION_HEAD;
use super::short_copy::{copy_short, copy_tiny};
use super::{class, rtype};

mod whole;

pub use whole::{WHOLE_MAX, Whole};

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
/// Where SCOPE PREFIX-LENGTH stands in a client subnet option: behind its code and length, FAMILY and SOURCE PREFIX-LENGTH
/// (RFC 7871 §6).
const SCOPE_AT: usize = OPTION_HEAD + 3;

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
pub struct Records<'r> {
    /// The records.
    pub octets: &'r [u8],
    /// How many they are.
    pub count: u16,
    /// Offsets in `octets`, each of a pointer of two octets.
    pub pointers: &'r [u16],
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
    /// The client subnet option as it was sent, with its code and length, and the scope to set in it.
    pub client_subnet: Option<(&'o [u8], u8)>,
    /// All other options, encoded ([`Options`](super::options::Options)).
    pub options: &'o [u8],
}

impl Opt<'_> {
    /// The octets it takes in a message.
    #[inline(always)]
    pub fn length(&self) -> usize {
        OPT_LENGTH + self.data_length()
    }

    /// The octets of its options.
    #[inline(always)]
    fn data_length(&self) -> usize {
        match self.client_subnet {
            Some((subnet, _)) => subnet.len() + self.options.len(),
            None => self.options.len(),
        }
    }

    /// Writes the record to the front of `room`; what is left of it behind. `None` where it does not fit.
    #[inline(always)]
    fn put<'r>(&self, rcode: Rcode, room: &'r mut [u8]) -> Option<&'r mut [u8]> {
        let (fixed, mut rest) = room.split_first_chunk_mut::<OPT_LENGTH>()?;
        let extended = u64::from(rcode as u16 >> 4);
        let flags = if self.dnssec_ok { 0x80 } else { 0 };
        // The root's name, TYPE, CLASS, the upper octet of the RCODE, version 0, the upper octet of the flags.
        let head = u64::from(rtype::OPT) << 40 | u64::from(self.payload) << 24 | extended << 16 | flags;
        fixed[..8].copy_from_slice(&head.to_be_bytes());
        // The lower octet of the flags, RDLENGTH.
        fixed[8] = 0;
        fixed[9..].copy_from_slice(&(self.data_length() as u16).to_be_bytes());
        if let Some((subnet, scope)) = self.client_subnet {
            let (echo, behind) = rest.split_at_mut_checked(subnet.len())?;
            copy_tiny(subnet, echo);
            if let Some(place) = echo.get_mut(SCOPE_AT) {
                *place = scope;
            }
            rest = behind;
        }
        if !self.options.is_empty() {
            let (others, behind) = rest.split_at_mut_checked(self.options.len())?;
            others.copy_from_slice(self.options);
            rest = behind;
        }
        Some(rest)
    }
}

/// What the header of a response says.
#[derive(Clone, Copy)]
struct Head {
    query: Header,
    rcode: Rcode,
    authoritative: bool,
    truncated: bool,
    counts: Counts,
}

impl Head {
    #[inline(always)]
    fn write(self, room: &mut [u8; HEADER_LENGTH]) {
        let mut more = self.rcode as u16 & 0xF;
        if self.authoritative {
            more |= flag::AA;
        }
        if self.truncated {
            more |= flag::TC;
        }
        room[..4].copy_from_slice(&self.query.response(more));
        room[4..].copy_from_slice(&self.counts.0.to_be_bytes());
    }
}

/// The four counts of a header, as the eight octets that they take there.
#[derive(Clone, Copy)]
struct Counts(u64);

impl Counts {
    /// One question and nothing else.
    const ONE_QUESTION: Counts = Counts(1 << 48);

    /// One question, or none, and nothing else.
    #[inline(always)]
    fn of_question(question: &[u8]) -> Counts {
        if question.is_empty() { Counts(0) } else { Counts::ONE_QUESTION }
    }

    /// Adds records to a section. No message holds more than its count can say: a record takes at least eleven octets.
    #[inline(always)]
    fn add(&mut self, section: Section, records: u16) {
        self.0 += u64::from(records) << (48 - 16 * section as u32);
    }

    /// Forgets everything but the question.
    fn keep_question(&mut self) {
        self.0 &= 0xFFFF << 48;
    }
}

/// A response under way. Room for the OPT record is reserved from the start.
pub struct Response<'b> {
    buffer: &'b mut [u8],
    header: Header,
    at: usize,
    question_end: usize,
    limit: usize,
    counts: Counts,
    truncated: bool,
}

impl<'b> Response<'b> {
    /// Starts a response of at most `limit` octets (cut to the buffer) to a query with this header and question (empty
    /// where it could not be read), that is to be finished with `opt`. `None` when not even header, question and OPT fit.
    #[inline(always)]
    pub fn start(
        buffer: &'b mut [u8],
        limit: usize,
        header: Header,
        question: &[u8],
        opt: Option<&Opt<'_>>,
    ) -> Option<Response<'b>> {
        let question_end = HEADER_LENGTH + question.len();
        let limit = limit.min(buffer.len()).checked_sub(opt.map_or(0, Opt::length))?;
        if question_end > limit {
            return None;
        }
        buffer[HEADER_LENGTH..question_end].copy_from_slice(question);
        let counts = Counts::of_question(question);
        Some(Response { buffer, header, at: question_end, question_end, limit, counts, truncated: false })
    }

    /// Has `write` go on with the response, outside of the ordinary way. It gets a copy, whose state is taken over
    /// afterwards: so what an ordinary answer changes can stay in registers.
    #[inline(always)]
    pub fn aside<T>(&mut self, write: impl FnOnce(&mut Response<'_>) -> T) -> T {
        let Response { header, at, question_end, limit, counts, truncated, .. } = *self;
        let mut copy =
            Response { buffer: &mut *self.buffer, header, at, question_end, limit, counts, truncated };
        let result = write(&mut copy);
        (self.at, self.counts, self.truncated) = (copy.at, copy.counts, copy.truncated);
        result
    }

    /// Where the next record will stand.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Appends records whose owner stands at `owner`, and whose apex stands at `apex`, both as offsets in the message.
    /// Returns whether they fitted, and pointers in them reach what they name; if not, nothing was written.
    #[inline(always)]
    #[must_use]
    pub fn put(&mut self, section: Section, owner: u16, apex: u16, records: Records<'_>) -> bool {
        let end = self.at + records.octets.len();
        if end > self.limit {
            return false;
        }
        if records.write(&mut self.buffer[self.at..end], owner, apex, self.at).is_none() {
            return false;
        }
        self.counts.add(section, records.count);
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
        self.counts.add(Section::Answer, 1);
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
    #[inline(always)]
    pub fn truncate(&mut self) {
        self.at = self.question_end;
        self.counts.keep_question();
        self.truncated = true;
    }

    /// Sets TC and leaves what stands there: a resolver may use each whole RRset (RFC 2181 §9).
    #[inline(always)]
    pub fn set_truncated(&mut self) {
        self.truncated = true;
    }

    /// Whether TC is set.
    #[inline(always)]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Writes OPT, the one that [`Response::start`] was told of, and header; returns the length of the message.
    #[inline(always)]
    pub fn finish(&mut self, rcode: Rcode, authoritative: bool, opt: Option<&Opt<'_>>) -> usize {
        if let Some(opt) = opt {
            let room = &mut self.buffer[self.at..];
            if opt.put(rcode, room).is_some() {
                self.counts.add(Section::Additional, 1);
                self.at += opt.length();
            }
        }
        let head =
            Head { query: self.header, rcode, authoritative, truncated: self.truncated, counts: self.counts };
        if let Some(room) = self.buffer.first_chunk_mut() {
            head.write(room);
        }
        self.at
    }

    #[inline(always)]
    fn append(&mut self, octets: &[u8]) {
        let end = self.at + octets.len();
        self.buffer[self.at..end].copy_from_slice(octets);
        self.at = end;
    }
}

impl Records<'_> {
    /// Writes the records, which will stand at `at` in the message, into room of their length. `None` when a pointer does not
    /// reach what it names.
    #[inline(always)]
    fn write(&self, room: &mut [u8], owner: u16, apex: u16, at: usize) -> Option<()> {
        copy_short(self.octets, room);
        if !self.pointers.is_empty() {
            set_pointers(room, self.pointers, apex, at)?;
        }
        patch_record(room, owner, self.ttl);
        if self.count > 1 {
            patch_records(room, owner, self.ttl);
        }
        Some(())
    }
}

/// Turns pointers of [`Records`] that begin at `start` in the message into ones of that message. `None` when one does not
/// reach what it names.
#[inline(always)]
fn set_pointers(room: &mut [u8], pointers: &[u16], apex: u16, start: usize) -> Option<()> {
    let apex = (POINTER_BITS | apex).to_be_bytes();
    for &at in pointers {
        let at = usize::from(at);
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

/// Sets the owner, and where wanted the TTL, of the record at the front.
#[inline(always)]
fn patch_record(room: &mut [u8], owner: u16, ttl: Option<u32>) {
    let Some(record) = room.first_chunk_mut::<{ POINTER + RECORD_FIXED }>() else { return };
    record[..2].copy_from_slice(&(POINTER_BITS | owner).to_be_bytes());
    if let Some(ttl) = ttl {
        record[6..10].copy_from_slice(&ttl.to_be_bytes());
    }
}

/// The same for every record.
fn patch_records(mut room: &mut [u8], owner: u16, ttl: Option<u32>) {
    while let Some(&[.., high, low]) = room.first_chunk::<{ POINTER + RECORD_FIXED }>() {
        patch_record(room, owner, ttl);
        let length = POINTER + RECORD_FIXED + usize::from(u16::from_be_bytes([high, low]));
        room = room.get_mut(length..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
