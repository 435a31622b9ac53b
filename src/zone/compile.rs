//! Records to the compiled zone: grouped into RRsets and written as fragments; `nodes` makes the nodes.

use super::compiled::{Backing, RrsetEntry, Ties, Zone};
use super::faults::{Faults, Place};
use super::fragments::{Fragments, RRSET_OCTETS_MAX};
use super::record_data::canonical_data;
use super::records::{Record, Records};
use super::{hosts, nodes, record_type};
use crate::wire::question_name::SLACK;
use crate::wire::{Name, rtype};

/// Up to this many records are compared each with each before they are sorted to find doubled ones.
const COMPARED_IN_PAIRS: usize = 8;

/// A compiled zone and where each of its records was written, in the order of its fragments.
pub(super) struct Compiled {
    pub(super) zone: Zone,
    pub(super) places: Vec<Place>,
}

/// Compiles the records of a zone. Faults that concern one RRset are found here: doubled records, unequal TTLs, more
/// than a message can hold, several records of a type that may have one. `None` without an SOA.
pub(super) fn compile(apex: &Name, records: Records, faults: &mut Faults) -> Option<Compiled> {
    let mut compiler = Compiler {
        records: &records,
        faults,
        rrsets: Vec::with_capacity(records.all().len() + 2),
        ties: Vec::new(),
        fragments: Fragments::new(records.apex().as_octets(), records.all().len()),
        places: Vec::with_capacity(records.all().len()),
    };
    let first_rrsets = compiler.add_all_rrsets();
    let soa =
        compiler.rrsets[..first_rrsets[1] as usize].iter().position(|entry| entry.rtype == rtype::SOA)?;
    compiler.add_negative_soa(soa);
    let Compiler { rrsets, ties, fragments, places, .. } = compiler;
    let Fragments { octets, pointers, .. } = fragments;
    let (usual_depth, deepest) = nodes::depths(&records);
    let nodes = nodes::nodes(&records, &rrsets, &first_rrsets);
    let (apex_octets, apex_labels) = (records.apex().as_octets().into(), records.apex().label_count());
    let (mut names, table) = records.into_names();
    names.extend_from_slice(&[0; SLACK]);
    let mut zone = Zone {
        apex: apex.clone(),
        apex_octets,
        apex_labels,
        deepest,
        usual_depth,
        table,
        nodes: nodes.into(),
        names: names.into(),
        rrsets: rrsets.into(),
        fragments: octets.into(),
        ties: ties.into(),
        pointers: pointers.into(),
        hosts: Box::default(),
        soa: soa as u32,
        record_count: places.len(),
        access: None,
    };
    hosts::link(&mut zone);
    Some(Compiled { zone, places })
}

struct Compiler<'a> {
    records: &'a Records,
    faults: &'a mut Faults,
    rrsets: Vec<RrsetEntry>,
    ties: Vec<Ties>,
    fragments: Fragments<'a>,
    places: Vec<Place>,
}

impl<'a> Compiler<'a> {
    /// Adds the RRsets of all owners; for each owner, and one more, the number of its first.
    fn add_all_rrsets(&mut self) -> Vec<u32> {
        let order = grouped(self.records.all());
        let mut first_rrsets = Vec::with_capacity(self.records.owners().len() + 1);
        let mut set: Vec<&Record> = Vec::new();
        let record = |index: u32| &self.records.all()[index as usize];
        for group in order.chunk_by(|&one, &other| place_of(record(one)) == place_of(record(other))) {
            set.clear();
            set.extend(group.iter().map(|&index| record(index)));
            // Owners that have no record, and this one, start here.
            first_rrsets
                .resize((set[0].owner as usize + 1).max(first_rrsets.len()), self.rrsets.len() as u32);
            self.add_rrset(&mut set);
        }
        first_rrsets.resize(self.records.owners().len() + 1, self.rrsets.len() as u32);
        first_rrsets
    }

    fn add_rrset(&mut self, set: &mut Vec<&Record>) {
        let ttl = match set.len() {
            1 => set[0].ttl,
            _ => {
                self.drop_doubled(set);
                self.check_single(set);
                self.lowest_ttl(set)
            }
        };
        self.push_entry(set[0].rtype, Backing::NONE);
        let entry = self.rrsets.len() - 1;
        let pointers = self.fragments.pointers.len();
        self.fragments.begin(set.len());
        for (index, record) in set.iter().enumerate() {
            // RRSIG records have the TTL of what they cover each (RFC 4034 §3), so they do not share one.
            let ttl = if record.rtype == rtype::RRSIG { record.ttl } else { ttl };
            if !self.fragments.push(record, self.records.rdata(record), ttl) {
                self.refuse_large(record, set.len() - index);
                break;
            }
            self.places.push(record.place);
            self.rrsets[entry].count += 1;
        }
        let pointer_count = (self.fragments.pointers.len() - pointers) as u16;
        if pointer_count > 0 {
            self.rrsets[entry].backing = Backing::ties(self.ties.len() as u32);
            self.ties.push(Ties { pointers: pointers as u32, pointer_count, ..Ties::default() });
        }
    }

    /// Opens an RRset at the end of what is there; it has no record yet.
    fn push_entry(&mut self, rtype: u16, backing: Backing) {
        self.rrsets.push(RrsetEntry { start: self.fragments.octets.len() as u32, backing, count: 0, rtype });
    }

    fn drop_doubled(&mut self, set: &mut Vec<&Record>) {
        if set.len() <= COMPARED_IN_PAIRS && !self.may_be_doubled(set) {
            return;
        }
        let mut sorted: Vec<(Vec<u8>, usize)> =
            set.iter().enumerate().map(|(index, record)| (self.canonical(record), index)).collect();
        sorted.sort_unstable();
        let mut doubled: Vec<usize> =
            sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1).collect();
        doubled.sort_unstable();
        for &index in &doubled {
            let fault = self.faults.warning_at(set[index].place, 0, "this record stands here twice");
            self.faults.push(fault.label("the same as above").help("remove one; it is served once"));
        }
        let mut index = 0;
        set.retain(|_| {
            index += 1;
            doubled.binary_search(&(index - 1)).is_err()
        });
    }

    /// Whether two records have the same data but for case. Each is compared with each: right for few records, and
    /// without an allocation.
    fn may_be_doubled(&self, set: &[&Record]) -> bool {
        let same = |one: &Record, other: &Record| {
            self.records.rdata(one).eq_ignore_ascii_case(self.records.rdata(other))
        };
        set.iter().enumerate().any(|(index, one)| set[index + 1..].iter().any(|other| same(one, other)))
    }

    /// A record's data with its names in lower case (RFC 4034 §6.2).
    fn canonical(&self, record: &Record) -> Vec<u8> {
        canonical_data(record.rtype, self.records.rdata(record))
    }

    /// SOA, CNAME and DNAME stand alone (RFC 1035 §3.3.13, RFC 2181 §10.1, RFC 6672 §2.4).
    fn check_single(&mut self, set: &[&Record]) {
        let name = record_type::name(set[0].rtype);
        if set.len() > 1 && matches!(set[0].rtype, rtype::SOA | rtype::CNAME | rtype::DNAME) {
            let owner = self.owner_name(set[0].owner);
            let message = format!("a second {name} record at {owner}");
            let fault = self.faults.error_at(set[1].place, 0, message);
            self.faults.push(fault.label("only one can stand there").help("remove one of them"));
        }
    }

    /// The TTL that the whole RRset gets: the lowest (RFC 2181 §5.2 forbids unequal ones).
    fn lowest_ttl(&mut self, set: &[&Record]) -> u32 {
        let lowest = set.iter().map(|record| record.ttl).min().unwrap_or(0);
        let other = set.iter().find(|record| record.ttl != set[0].ttl && record.rtype != rtype::RRSIG);
        if let Some(other) = other {
            let name = record_type::name(other.rtype);
            let owner = self.owner_name(other.owner);
            let message = format!(
                "the {name} records of {owner} have different TTLs ({} and {})",
                set[0].ttl, other.ttl
            );
            let fault = self.faults.warning_at(other.place, 0, message);
            let help = format!("write the same TTL for all; the lowest, {lowest}, is served");
            self.faults.push(fault.help(help));
        }
        lowest
    }

    fn refuse_large(&mut self, record: &Record, left: usize) {
        let name = record_type::name(record.rtype);
        let owner = self.owner_name(record.owner);
        let message = format!("the {name} records of {owner} do not fit into one message");
        let fault = self.faults.error_at(record.place, 0, message);
        let help = format!(
            "remove this one and what follows, {left} in all: an RRset has at most {RRSET_OCTETS_MAX} octets"
        );
        self.faults.push(fault.label("the first that does not fit").help(help));
    }

    fn owner_name(&self, owner: u32) -> String {
        let octets = [self.records.labels(owner), self.records.apex().as_octets()].concat();
        Name::from_wire(&octets).map_or_else(|_| String::new(), |name| name.to_string())
    }

    /// Adds the SOA as negative answers carry it, and the entry that ends the table.
    fn add_negative_soa(&mut self, soa: usize) {
        self.push_entry(rtype::SOA, self.rrsets[soa].backing);
        // There is an entry behind the SOA by now: the next one's, or the copy's.
        let [start, end] = [soa, soa + 1].map(|number| self.rrsets[number].start as usize);
        self.fragments.repeat_with_lower_ttl(start..end);
        if let Some(negative) = self.rrsets.last_mut() {
            negative.count = 1;
        }
        self.push_entry(0, Backing::NONE);
    }
}

/// The numbers of the records by owner, type and order of reading. Most files have them in that order.
fn grouped(records: &[Record]) -> Vec<u32> {
    if records.is_sorted_by_key(place_of) {
        return (0..records.len() as u32).collect();
    }
    let mut order: Vec<(u64, u32)> = records.iter().map(place_of).zip(0..).collect();
    // The stable sort finds the long ordered runs of a file that names each owner once.
    order.sort();
    order.into_iter().map(|(_, index)| index).collect()
}

/// Where a record stands in the zone: owner and type.
fn place_of(record: &Record) -> u64 {
    u64::from(record.owner) << 16 | u64::from(record.rtype)
}

#[cfg(test)]
mod tests;
