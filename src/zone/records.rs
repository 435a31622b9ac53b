//! The records of a zone while its files are read: owners found by hash, data end to end in one place.
//!
//! No record has an allocation of its own. Owners are numbered in the order in which they are met, and every name
//! between an owner and the apex is one too (an empty non-terminal has no records), an ancestor always before its
//! descendants; the apex is number 0.

use super::compiled::LINK_MAX;
use super::faults::Place;
use super::table::Table;
use crate::wire::{Name, QuestionName};

/// The number of the apex among the owners.
pub(super) const APEX: u32 = 0;
/// The most octets of fragments, and of owner names, that one zone holds: their offsets have 32 bits.
const ARENA_MAX: usize = u32::MAX as usize - (1 << 17);

/// The octets that a record takes in its fragment beside its data.
const FRAGMENT_EXTRA: usize = 12;
/// The octets that a record's line has at least, as an estimate.
const RECORD_TEXT: usize = 16;
/// The most owner names. One record brings up to 127 of them.
const OWNERS_MAX: usize = LINK_MAX as usize - 128;

/// An owner name.
pub(super) struct Owner {
    /// Where its labels below the apex start; they end where those of the next owner start.
    pub(super) start: u32,
    /// The number of labels below the apex.
    pub(super) depth: u8,
    /// The owner one label up; the apex is its own.
    pub(super) parent: u32,
}

/// A record; its data stands in [`Records::rdata`].
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) owner: u32,
    pub(super) rtype: u16,
    length: u16,
    start: u32,
    /// The TTL as written or by default.
    pub(super) ttl: u32,
    /// Where it was written.
    pub(super) place: Place,
}

/// Everything that was read so far.
pub(super) struct Records {
    apex: QuestionName,
    table: Table,
    hashes: Vec<u64>,
    owners: Vec<Owner>,
    labels: Vec<u8>,
    records: Vec<Record>,
    rdata: Vec<u8>,
}

impl Records {
    /// No record yet; the apex is there. There is room for the records of a file of so many octets and lines: what grows is
    /// copied, and leaves holes.
    pub(super) fn new(apex: &Name, octets: usize, lines: usize) -> Records {
        let count = lines.min(octets / RECORD_TEXT) + 1;
        let mut records = Records {
            apex: QuestionName::default(),
            table: Table::with_room(count),
            hashes: Vec::with_capacity(count),
            owners: Vec::with_capacity(count),
            labels: Vec::new(),
            records: Vec::with_capacity(count),
            rdata: Vec::new(),
        };
        records.apex.set(apex);
        let hash = records.apex.suffix_hash(0);
        records.insert(hash, &[], 0, APEX);
        records
    }

    /// The number of an owner name, which is taken in if it is new; `None` when it is not at or below the apex.
    pub(super) fn owner(&mut self, name: &QuestionName) -> Option<u32> {
        let depth = name.label_count().checked_sub(self.apex.label_count())?;
        if name.suffix(depth) != self.apex.as_octets() {
            return None;
        }
        let mut at = 0;
        let mut known = None;
        while known.is_none() {
            known = if at == depth { Some(APEX) } else { self.find(name, at, depth) };
            at += usize::from(known.is_none());
        }
        let mut owner = known?;
        for missing in (0..at).rev() {
            let labels = &name.as_octets()[name.suffix_offset(missing)..name.suffix_offset(depth)];
            owner = self.insert(name.suffix_hash(missing), labels, (depth - missing) as u8, owner);
        }
        Some(owner)
    }

    /// The owner that is suffix number `at` of `name`, whose suffix number `depth` is the apex.
    fn find(&self, name: &QuestionName, at: usize, depth: usize) -> Option<u32> {
        let labels = &name.as_octets()[name.suffix_offset(at)..name.suffix_offset(depth)];
        self.table.candidates(name.suffix_hash(at)).find(|&owner| self.labels(owner) == labels)
    }

    fn insert(&mut self, hash: u64, labels: &[u8], depth: u8, parent: u32) -> u32 {
        self.hashes.push(hash);
        self.table.add(self.hashes.iter().copied(), hash);
        self.owners.push(Owner { start: self.labels.len() as u32, depth, parent });
        self.labels.extend_from_slice(labels);
        (self.owners.len() - 1) as u32
    }

    /// The labels of an owner that stand below the apex, in lower case.
    pub(super) fn labels(&self, owner: u32) -> &[u8] {
        let start = self.owners[owner as usize].start as usize;
        let end = self.owners.get(owner as usize + 1).map_or(self.labels.len(), |next| next.start as usize);
        &self.labels[start..end]
    }

    /// Whether there is no room for another record: offsets have 32 bits, links between nodes a little less.
    pub(super) fn is_full(&self) -> bool {
        let octets = self.rdata.len() + self.records.len() * FRAGMENT_EXTRA;
        octets > ARENA_MAX
            || self.labels.len() + self.owners.len() * 2 > ARENA_MAX
            || self.owners.len() > OWNERS_MAX
    }

    /// Adds a record whose data `write` appends; where it fails nothing is added.
    pub(super) fn add<E>(
        &mut self,
        (owner, rtype, ttl): (u32, u16, u32),
        place: Place,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.rdata.len();
        if let Err(error) = write(&mut self.rdata) {
            self.rdata.truncate(start);
            return Err(error);
        }
        let length = (self.rdata.len() - start) as u16;
        self.records.push(Record { owner, rtype, length, start: start as u32, ttl, place });
        Ok(())
    }

    /// The data of a record, names in full.
    pub(super) fn rdata(&self, record: &Record) -> &[u8] {
        &self.rdata[record.start as usize..][..usize::from(record.length)]
    }

    /// The record that was added last.
    pub(super) fn last_mut(&mut self) -> Option<&mut Record> {
        self.records.last_mut()
    }

    /// All records in the order of reading.
    pub(super) fn all(&self) -> &[Record] {
        &self.records
    }

    /// All owners by number.
    pub(super) fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// The labels of all owners below the apex end to end, and the owners by their hashes; all else is let go of.
    pub(super) fn into_names(self) -> (Vec<u8>, Table) {
        (self.labels, self.table.fitted(self.hashes.into_iter()))
    }

    /// How many octets the labels of all owners take.
    pub(super) fn labels_length(&self) -> usize {
        self.labels.len()
    }

    /// The apex in lower case.
    pub(super) fn apex(&self) -> &QuestionName {
        &self.apex
    }
}
