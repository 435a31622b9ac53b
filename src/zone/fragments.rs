//! RRsets written as [`super::Rrset`] describes them, with names that end in pointers (RFC 1035 §4.1.4): at the apex, or at
//! a name that stands earlier in the same RRset.

use super::compiled::APEX_POINTER;
use super::records::Record;
use super::{RRSET_START_MAX, field};
use crate::wire::class;
use crate::wire::header::HEADER_LENGTH;
use crate::wire::name::NAME_MAX;
use crate::wire::options::OPT_MAX;
use crate::wire::response::{POINTER_BITS, POINTER_REACH};

/// The longest question: a name, its type and its class.
const QUESTION_MAX: usize = NAME_MAX + 4;
/// The most octets of an RRset: what a message of 65535 octets holds beside its header, question and OPT record.
pub(super) const RRSET_OCTETS_MAX: usize = u16::MAX as usize - HEADER_LENGTH - QUESTION_MAX - OPT_MAX;
/// The last place in an RRset that a pointer may name: wherever an answer has the RRset, a pointer reaches that.
const POINTED_AT_MAX: usize = POINTER_REACH - RRSET_START_MAX;
/// So many places of an RRset are kept as targets of pointers; each name is compared with them, so they bound the work.
const PLACES_MAX: usize = 128;

/// The fragments of a zone while they are written, one RRset after the other.
pub(super) struct Fragments<'r> {
    /// The RRsets end to end.
    pub(super) octets: Vec<u8>,
    /// Where the pointers stand, for each RRset counted from its start.
    pub(super) pointers: Vec<u16>,
    /// The apex without its root label, in lower case.
    apex_labels: &'r [u8],
    /// Where the RRset that is written starts.
    start: usize,
    /// Whether it has several records.
    has_several: bool,
    /// The suffixes of its names that later ones may point at, and where they stand in it.
    places: Vec<(&'r [u8], u16)>,
}

impl<'r> Fragments<'r> {
    /// Room for the fragments of a zone with this apex (in lower case) and so many records.
    pub(super) fn new(apex: &'r [u8], record_count: usize) -> Fragments<'r> {
        Fragments {
            octets: Vec::with_capacity(record_count * 16),
            pointers: Vec::new(),
            apex_labels: &apex[..apex.len() - 1],
            start: 0,
            has_several: false,
            places: Vec::new(),
        }
    }

    /// Begins an RRset of so many records at the end of what is there.
    pub(super) fn begin(&mut self, record_count: usize) {
        self.start = self.octets.len();
        self.has_several = record_count > 1;
        self.places.clear();
    }

    /// Appends a record to the RRset that was begun. Returns whether the RRset still fits into a message; if not, nothing
    /// was written.
    #[must_use]
    pub(super) fn push(&mut self, record: &Record, rdata: &'r [u8], ttl: u32) -> bool {
        let (record_start, pointer_count) = (self.octets.len(), self.pointers.len());
        self.octets.extend_from_slice(&[0, 0]);
        self.octets.extend_from_slice(&record.rtype.to_be_bytes());
        self.octets.extend_from_slice(&class::IN.to_be_bytes());
        self.octets.extend_from_slice(&ttl.to_be_bytes());
        let length_at = self.octets.len();
        self.octets.extend_from_slice(&[0, 0]);
        self.push_rdata(record.rtype, rdata);
        let length = self.octets.len() - length_at - 2;
        self.octets[length_at..length_at + 2].copy_from_slice(&(length as u16).to_be_bytes());
        let fits = self.octets.len() - self.start <= RRSET_OCTETS_MAX;
        if !fits {
            self.octets.truncate(record_start);
            self.pointers.truncate(pointer_count);
        }
        fits
    }

    fn push_rdata(&mut self, rtype: u16, rdata: &'r [u8]) {
        if !field::may_compress(rtype) {
            return self.octets.extend_from_slice(rdata);
        }
        let mut copied = 0;
        for name in field::names(rtype, rdata) {
            self.octets.extend_from_slice(&rdata[copied..name.start]);
            copied = name.end;
            self.push_name(&rdata[name]);
        }
        self.octets.extend_from_slice(&rdata[copied..]);
    }

    fn push_name(&mut self, name: &'r [u8]) {
        let below_apex = labels_below(name, self.apex_labels);
        let end = below_apex.unwrap_or(name.len() - 1);
        let earlier = if self.has_several { self.find_or_keep(name, end) } else { None };
        let (literal, pointer) = match (earlier, below_apex) {
            (Some((literal, offset)), _) => (literal, (POINTER_BITS | offset).to_be_bytes()),
            (None, Some(literal)) => (literal, APEX_POINTER),
            (None, None) => return self.octets.extend_from_slice(name),
        };
        self.octets.extend_from_slice(&name[..literal]);
        // An offset that is cut short is one of a record that is taken back: its RRset is too large.
        self.pointers.push((self.octets.len() - self.start) as u16);
        self.octets.extend_from_slice(&pointer);
    }

    /// The longest suffix of a name that stands in the RRset already, among those that start before `end`: how much of the
    /// name stands in front of it, and where it is. What is longer is kept, for it will stand at the end of the octets.
    fn find_or_keep(&mut self, name: &'r [u8], end: usize) -> Option<(usize, u16)> {
        let written = self.octets.len() - self.start;
        let kept = self.places.len();
        let mut at = 0;
        while at < end {
            let suffix = &name[at..];
            let same = self.places[..kept].iter().find(|(place, _)| place.eq_ignore_ascii_case(suffix));
            if let Some(&(_, offset)) = same {
                return Some((at, offset));
            }
            if self.places.len() < PLACES_MAX && written + at <= POINTED_AT_MAX {
                self.places.push((suffix, (written + at) as u16));
            }
            at += 1 + usize::from(name[at]);
        }
        None
    }

    /// Appends the octets of an RRset of one record once more, whose pointers stand at the same places in it. Its TTL becomes
    /// the lower one of it and the last 32 bits of its data.
    pub(super) fn repeat_with_lower_ttl(&mut self, octets: std::ops::Range<usize>) {
        self.begin(1);
        self.octets.extend_from_within(octets);
        let copy = &mut self.octets[self.start..];
        if let (Some(last), Some(ttl)) = (copy.last_chunk::<4>().copied(), copy.get(6..10)) {
            let lower = last.as_slice().min(ttl).to_vec();
            copy[6..10].copy_from_slice(&lower);
        }
    }
}

/// The number of octets in front of the apex in a name that is at or below it; `apex` is without its root label. `None` for
/// the root as well: a pointer to that is longer than the root label.
fn labels_below(name: &[u8], apex: &[u8]) -> Option<usize> {
    let literal = name.len().checked_sub(apex.len() + 1)?;
    if apex.is_empty() || !name[literal..name.len() - 1].eq_ignore_ascii_case(apex) {
        return None;
    }
    let mut at = 0;
    while at < literal {
        at += 1 + usize::from(name[at]);
    }
    (at == literal).then_some(literal)
}

#[cfg(test)]
mod tests;
