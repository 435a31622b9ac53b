//! A response of one RRset, written straight through.

use super::super::header::{HEADER_LENGTH, Header, Rcode};
use super::super::short_copy::copy_short;
use super::{Counts, Head, Opt, Records, Section};

/// The longest [`Whole`] response: what every client takes over every transport (RFC 1035 §4.2.1, RFC 6891 §6.2.3), so that
/// nothing is asked about limits, and what every buffer has, so that nothing is asked about room but what is left of it.
pub const WHOLE_MAX: usize = 512;

/// A response whose records are those of one RRset, with an OPT record or without: what nearly every answer is. It is written
/// straight through, octet for octet as [`Response`](super::Response) would write it. Where a step gives `None`, it takes more than [`WHOLE_MAX`]
/// octets, or is no such response; then the buffer holds nothing of use.
pub struct Whole<'b> {
    head: &'b mut [u8; HEADER_LENGTH],
    /// What is left of [`WHOLE_MAX`] octets behind what is written.
    rest: &'b mut [u8],
    counts: Counts,
}

impl<'b> Whole<'b> {
    /// Begins with a question as sent; there is one.
    #[inline(always)]
    pub fn begin(buffer: &'b mut [u8], question: &[u8]) -> Option<Whole<'b>> {
        let room = buffer.first_chunk_mut::<WHOLE_MAX>()?;
        let (head, rest) = room.split_first_chunk_mut::<HEADER_LENGTH>()?;
        let (echo, rest) = rest.split_at_mut_checked(question.len())?;
        copy_short(question, echo);
        Some(Whole { head, rest, counts: Counts::ONE_QUESTION })
    }

    /// Goes on with records whose owner stands at `owner`, and whose apex stands at `apex`, both as offsets in the message. `None`
    /// also where a pointer in them does not reach what it names.
    #[inline(always)]
    pub fn put(self, section: Section, owner: u16, apex: u16, records: Records<'_>) -> Option<Whole<'b>> {
        let Whole { head, rest, mut counts } = self;
        let at = WHOLE_MAX.wrapping_sub(rest.len());
        let (room, rest) = rest.split_at_mut_checked(records.octets.len())?;
        records.write(room, owner, apex, at)?;
        counts.add(section, records.count);
        Some(Whole { head, rest, counts })
    }

    /// Ends with an OPT record, where there is to be one, and the header of a response to a query with this one; the length of
    /// the message.
    #[inline(always)]
    pub fn finish(
        self,
        query: Header,
        (rcode, authoritative): (Rcode, bool),
        opt: Option<Opt<'_>>,
    ) -> Option<usize> {
        let Whole { head, mut rest, mut counts } = self;
        if opt.is_some() {
            counts.add(Section::Additional, 1);
        }
        // The header first: then nothing of it has to be kept.
        Head { query, rcode, authoritative, truncated: false, counts }.write(head);
        if let Some(opt) = opt {
            rest = opt.put(rcode, rest)?;
        }
        // What is left is a part of all.
        Some(WHOLE_MAX.wrapping_sub(rest.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HEADER, QUESTION, TWO_A, records};
    use super::super::{QUESTION_AT, Response};
    use super::*;

    /// A record with data of so many octets.
    fn record_of(length: u16) -> Vec<u8> {
        [b"\0\0\0\x10\0\x01\0\0\0\x3C".as_slice(), &length.to_be_bytes(), &vec![7; length.into()]].concat()
    }

    /// Whether a response is written; it must be the same straight through and in parts.
    fn is_written(
        section: Section,
        owner: u16,
        records: Records<'_>,
        opt: Option<Opt<'_>>,
        kind: (Rcode, bool),
    ) -> bool {
        let straight = |buffer: &mut [u8]| {
            Whole::begin(buffer, QUESTION)?.put(section, owner, 14, records)?.finish(HEADER, kind, opt)
        };
        let in_parts = |buffer: &mut [u8]| {
            let mut response = Response::start(buffer, WHOLE_MAX, HEADER, QUESTION, opt.as_ref())?;
            let is_put = response.put(section, owner, 14, records);
            is_put.then(|| response.finish(kind.0, kind.1, opt.as_ref()))
        };
        let [mut one, mut other] = [[0xEE; WHOLE_MAX]; 2];
        let (length, expected) = (straight(&mut one), in_parts(&mut other));
        assert_eq!(length.map(|length| &one[..length]), expected.map(|length| &other[..length]));
        assert_eq!(straight(&mut one[1..]), None, "a buffer that is too short");
        length.is_some()
    }

    #[test]
    fn a_whole_response_is_octet_for_octet_the_one_written_in_parts() {
        let soa = b"\0\0\0\x06\0\x01\0\0\0\x3C\0\x09\x02ns\xC0\0\x01h\xC0\0";
        let far = b"\0\0\0\x02\0\x01\0\0\0\x3C\0\x05\x02ns\xFF\xFF";
        let subnet = Some((&[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2][..], 20));
        let opts = [
            None,
            Some(Opt { payload: 1232, ..Opt::default() }),
            Some(Opt { payload: 512, dnssec_ok: true, options: b"\0\x03\0\x03fra", ..Opt::default() }),
            Some(Opt { payload: 1232, dnssec_ok: true, client_subnet: subnet, options: b"" }),
            Some(Opt { payload: 1232, dnssec_ok: false, client_subnet: subnet, options: b"\0\x03\0\x03fra" }),
        ];
        let of_each_length: Vec<Vec<u8>> = (0..WHOLE_MAX as u16).map(record_of).collect();
        let one_record = |record| (Section::Answer, QUESTION_AT, records(record, 1, &[]));
        let sets = [
            (Section::Answer, QUESTION_AT, Records { ttl: Some(7), ..records(&TWO_A[..16], 1, &[]) }),
            (Section::Answer, QUESTION_AT, Records { ttl: Some(7), ..records(TWO_A, 2, &[]) }),
            (Section::Authority, 14, records(soa, 1, &[15, 19])),
            (Section::Answer, QUESTION_AT, records(far, 1, &[15])),
        ];
        let sets = sets.into_iter().chain(of_each_length.iter().map(|record| one_record(record)));
        let kinds = [(Rcode::NoError, true), (Rcode::NxDomain, true), (Rcode::BadCookie, false)];
        let (mut written, mut too_long) = (0, 0);
        for (section, owner, records) in sets {
            for (opt, kind) in opts.iter().flat_map(|opt| kinds.map(|kind| (*opt, kind))) {
                match is_written(section, owner, records, opt, kind) {
                    true => written += 1,
                    false => too_long += 1,
                }
            }
        }
        assert!(written > 5000 && too_long > 500, "{written} {too_long}");
    }
}
