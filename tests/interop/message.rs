//! What a server answered, in a form in which two answers are equal when they say the same: names lower-cased and
//! without compression, records of a section in one order. Nothing else is made equal.

use std::fmt;

use crate::harness::reader::{ReadName, Reader, RecordHead};
use crate::hex;
use crate::name::Name;
use crate::query::{DO, type_name};

const OPT: u16 = 41;
/// Types whose names may be compressed (RFC 3597 §4: those of RFC 1035), and where in the data their names stand:
/// octets before the first name, names.
const COMPRESSIBLE: &[(u16, usize, usize)] = &[
    (2, 0, 1),
    (3, 0, 1),
    (4, 0, 1),
    (5, 0, 1),
    (6, 0, 2),
    (7, 0, 1),
    (8, 0, 1),
    (9, 0, 1),
    (12, 0, 1),
    (14, 0, 2),
    (15, 2, 1),
];
/// Types with names that must not be compressed, but that may be met compressed (RFC 3597 §4).
const NOT_COMPRESSIBLE: &[(u16, usize, usize)] =
    &[(17, 0, 2), (18, 2, 1), (21, 2, 1), (26, 2, 2), (33, 6, 1), (36, 2, 1), (39, 0, 1)];

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing, or the end of the connection.
    Silence,
    /// Something that is no message.
    Broken(String),
    Answer(Answer),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The second word of the header without the rcode.
    pub flags: u16,
    /// With the upper bits from OPT.
    pub rcode: u16,
    /// Octet for octet as it stands in the message, if there is one.
    pub question: Option<Vec<u8>>,
    pub answers: Vec<Record>,
    pub authorities: Vec<Record>,
    /// Without OPT.
    pub additionals: Vec<Record>,
    pub opt: Option<Opt>,
    /// The types in whose data a name was compressed that must not be (RFC 3597 §4).
    pub compressed: Vec<u16>,
    /// Octets of the message.
    pub length: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    pub owner: Name,
    pub rtype: u16,
    pub class: u16,
    pub ttl: u32,
    pub data: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    pub payload: u16,
    pub version: u8,
    pub flags: u16,
    /// In one order.
    pub options: Vec<(u16, Vec<u8>)>,
}

impl Opt {
    /// The content of an option.
    pub fn option(&self, code: u16) -> Option<&[u8]> {
        self.options.iter().find(|(found, _)| *found == code).map(|(_, data)| data.as_slice())
    }
}

impl Reaction {
    /// Reads what came back.
    pub fn of(octets: Option<&[u8]>) -> Reaction {
        match octets {
            None => Reaction::Silence,
            Some(octets) => match read(octets) {
                Ok(answer) => Reaction::Answer(answer),
                Err(fault) => Reaction::Broken(format!("{fault}: {}", hex::written(octets))),
            },
        }
    }
}

/// Reads a message, every octet of it.
pub fn read(octets: &[u8]) -> Result<Answer, String> {
    let mut records = Records { reader: Reader::new(octets), compressed: Vec::new() };
    let [_, flags, questions, answers, authorities, additionals] = records.reader.header()?;
    if questions > 1 {
        return Err(format!("{questions} questions"));
    }
    let question = match questions {
        0 => None,
        _ => Some(records.question()?),
    };
    let answers = records.section(answers)?;
    let authorities = records.section(authorities)?;
    let mut additionals = records.section(additionals)?;
    records.reader.end()?;
    let opt = match additionals.iter().position(|record| record.rtype == OPT) {
        Some(place) => Some(opt(&additionals.remove(place))?),
        None => None,
    };
    let upper = opt.as_ref().map_or(0, |(_, upper)| *upper);
    let mut compressed = records.compressed;
    compressed.sort_unstable();
    compressed.dedup();
    Ok(Answer {
        flags: flags & !0xf,
        rcode: upper << 4 | flags & 0xf,
        question,
        answers,
        authorities,
        additionals,
        opt: opt.map(|(opt, _)| opt),
        compressed,
        length: octets.len(),
    })
}

/// An OPT and the upper bits of the rcode.
fn opt(record: &Record) -> Result<(Opt, u16), String> {
    if record.owner != Name::default() {
        return Err(format!("an OPT with the owner {}", record.owner));
    }
    let mut options = Reader::new(&record.data).options()?;
    options.sort();
    let [upper, version, high, low] = record.ttl.to_be_bytes();
    let flags = u16::from_be_bytes([high, low]);
    Ok((Opt { payload: record.class, version, flags, options }, u16::from(upper)))
}

/// Reads records, and notes where a name was compressed that must not be.
struct Records<'o> {
    reader: Reader<'o>,
    compressed: Vec<u16>,
}

impl Records<'_> {
    fn question(&mut self) -> Result<Vec<u8>, String> {
        let start = self.reader.position;
        self.reader.name()?;
        self.reader.take(4)?;
        Ok(self.reader.octets[start..self.reader.position].to_vec())
    }

    fn section(&mut self, count: u16) -> Result<Vec<Record>, String> {
        let mut records = (0..count).map(|_| self.record()).collect::<Result<Vec<_>, _>>()?;
        records.sort_unstable();
        Ok(records)
    }

    fn record(&mut self) -> Result<Record, String> {
        let owner = name(&mut self.reader)?.0;
        let RecordHead { rtype, class, ttl, length } = self.reader.record_head()?;
        let data = self.data(rtype, length)?;
        Ok(Record { owner, rtype, class, ttl, data })
    }

    /// The data with the names in it lower-cased and written out.
    fn data(&mut self, rtype: u16, length: usize) -> Result<Vec<u8>, String> {
        let end = self.reader.position + length;
        let find = |table: &[(u16, usize, usize)]| table.iter().find(|row| row.0 == rtype).copied();
        let allowed = find(COMPRESSIBLE);
        let mut data = Vec::with_capacity(length);
        if let Some((_, before, names)) = allowed.or(find(NOT_COMPRESSIBLE))
            && length > 0
        {
            data.extend(self.reader.take(before)?);
            for _ in 0..names {
                let (name, compressed) = name(&mut self.reader)?;
                data.extend(name.octets());
                if compressed && allowed.is_none() {
                    self.compressed.push(rtype);
                }
            }
        }
        let rest = end.checked_sub(self.reader.position).ok_or("data that ends before its names do")?;
        data.extend(self.reader.take(rest)?);
        Ok(data)
    }
}

/// A name in lower case, and whether it was compressed.
fn name(reader: &mut Reader<'_>) -> Result<(Name, bool), String> {
    let ReadName { labels, compressed } = reader.name()?;
    let name = Name::of(labels).ok_or("a name that is too long")?;
    Ok((name.lower(), compressed))
}

impl fmt::Display for Reaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reaction::Silence => formatter.write_str("silence"),
            Reaction::Broken(fault) => write!(formatter, "no message: {fault}"),
            Reaction::Answer(answer) => answer.fmt(formatter),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rcode {} flags {:04x} {} octets", self.rcode, self.flags, self.length)?;
        if let Some(opt) = &self.opt {
            write!(formatter, " {opt}")?;
        }
        let sections = [("an", &self.answers), ("au", &self.authorities), ("ad", &self.additionals)];
        for (section, records) in sections {
            for record in records.iter().take(RECORDS_SHOWN) {
                write!(formatter, "\n        {section} {record}")?;
            }
            if records.len() > RECORDS_SHOWN {
                write!(formatter, "\n        {section} … {} records", records.len())?;
            }
        }
        Ok(())
    }
}

/// The records of a section that are printed.
const RECORDS_SHOWN: usize = 5;
/// The octets of a record's data that are printed.
const OCTETS_SHOWN: usize = 48;

impl fmt::Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} CLASS{} {} ", self.owner, self.ttl, self.class, type_name(self.rtype))?;
        match (self.rtype, self.data.as_slice()) {
            (1, &[a, b, c, d]) => write!(formatter, "{a}.{b}.{c}.{d}"),
            (2 | 5 | 6 | 12 | 39, _) => {
                let name = name(&mut Reader::new(&self.data)).map(|(name, _)| name);
                write!(formatter, "{}", name.unwrap_or_default())
            }
            (_, data) => formatter.write_str(&hex::written(&data[..data.len().min(OCTETS_SHOWN)])),
        }
    }
}

impl fmt::Display for Opt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OPT version {} payload {}", self.version, self.payload)?;
        if self.flags & DO != 0 {
            formatter.write_str(" do")?;
        }
        if self.flags & !DO != 0 {
            write!(formatter, " flags {:04x}", self.flags)?;
        }
        self.options.iter().try_for_each(|(code, data)| write!(formatter, " {code}:{}", hex::written(data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::words;

    /// A response with one record whose data end in a pointer to the question's name.
    fn response(rtype: u16, before: &[u8]) -> Vec<u8> {
        let mut octets = words(&[1, 0x8403, 1, 1, 0, 1]);
        octets.extend(Name::plain("Www.Test").octets());
        octets.extend(words(&[rtype, 1, 0xc00c, rtype, 1, 0, 30, before.len() as u16 + 2]));
        octets.extend([before, &[0xc0, 12]].concat());
        octets.push(0);
        octets.extend(words(&[OPT, 1232, 0x0100, 0x8000, 4, 3, 0]));
        octets
    }

    #[test]
    fn names_are_written_out_and_lowered() {
        let answer = read(&response(15, &[0, 10])).unwrap();
        assert_eq!(answer.answers[0].owner, Name::plain("www.test"));
        assert_eq!(answer.answers[0].data, [&[0, 10][..], &Name::plain("www.test").octets()].concat());
        assert_eq!((answer.rcode, answer.flags, answer.compressed.as_slice()), (19, 0x8400, [].as_slice()));
        assert_eq!(answer.question.unwrap()[..4], [3, b'W', b'w', b'w']);
        assert_eq!(answer.opt.unwrap().options, [(3, Vec::new())]);
    }

    #[test]
    fn compression_where_it_is_forbidden_is_seen() {
        assert_eq!(read(&response(33, &[0; 6])).unwrap().compressed, [33]);
    }

    #[test]
    fn what_is_cut_or_left_over_is_refused() {
        let octets = response(15, &[0, 10]);
        for length in 0..octets.len() {
            assert!(read(&octets[..length]).is_err(), "{length}");
        }
        assert!(read(&[octets, vec![0]].concat()).is_err());
    }
}
