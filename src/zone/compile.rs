//! Records to the compiled zone: grouping into RRsets, then nodes, fragments and glue.

use super::compiled::{APEX, Link, NO_RULE, NodeEntry, RrsetEntry, Standing, Zone, apex_end};
use super::faults::{Faults, Place};
use super::records::{Record, Records};
use super::table::Table;
use super::{field, record_type};
use crate::wire::{Name, QuestionName, class, rtype};

/// The most octets of an RRset: what a message of 65535 octets holds beside its header, the longest question and an
/// OPT record with room for its options.
pub(super) const RRSET_OCTETS_MAX: usize = u16::MAX as usize - 12 - 259 - 512;

/// Up to this many records are compared each with each before they are sorted to find doubled ones.
const COMPARED_IN_PAIRS: usize = 8;

/// A compiled zone and where each of its records was written, in the order of its fragments.
pub(super) struct Compiled {
    pub(super) zone: Zone,
    pub(super) places: Vec<Place>,
}

/// Compiles the records of a zone. Faults that concern one RRset are found here: doubled records, unequal TTLs, more
/// than a message can hold, several records of a type that may have one. `None` without an SOA.
pub(super) fn compile(apex: &Name, records: &Records, faults: &mut Faults) -> Option<Compiled> {
    let mut compiler = Compiler {
        records,
        faults,
        apex_labels: &records.apex().as_octets()[..records.apex().as_octets().len() - 1],
        rrsets: Vec::with_capacity(records.all().len() + 2),
        fragments: Vec::with_capacity(records.all().len() * 16),
        apex_pointers: Vec::new(),
        places: Vec::with_capacity(records.all().len()),
    };
    let first_rrsets = compiler.add_all_rrsets();
    let soa =
        compiler.rrsets[..first_rrsets[1] as usize].iter().position(|entry| entry.rtype == rtype::SOA)?;
    compiler.add_negative_soa(soa);
    let Compiler { rrsets, fragments, apex_pointers, places, .. } = compiler;
    let (names, name_starts) = names(records);
    let mut zone = Zone {
        apex: apex.clone(),
        apex_octets: records.apex().as_octets().into(),
        apex_labels: records.apex().label_count(),
        deepest: records.owners().iter().map(|owner| usize::from(owner.depth)).max().unwrap_or(0),
        table: Table::of(records.hashes().iter().copied()),
        nodes: nodes(records, &rrsets, &first_rrsets, &name_starts).into(),
        names: names.into(),
        rrsets: rrsets.into(),
        fragments: fragments.into(),
        apex_pointers: apex_pointers.into(),
        glue: Box::default(),
        soa: soa as u32,
        record_count: places.len(),
    };
    link_glue(&mut zone);
    Some(Compiled { zone, places })
}

struct Compiler<'a> {
    records: &'a Records,
    faults: &'a mut Faults,
    /// The apex without its root label, in lower case.
    apex_labels: &'a [u8],
    rrsets: Vec<RrsetEntry>,
    fragments: Vec<u8>,
    apex_pointers: Vec<u16>,
    places: Vec<Place>,
}

impl Compiler<'_> {
    /// Adds the RRsets of all owners; for each owner, and one more, the number of its first.
    fn add_all_rrsets(&mut self) -> Vec<u32> {
        let order = grouped(self.records);
        let mut first_rrsets = Vec::with_capacity(self.records.owners().len() + 1);
        let mut set: Vec<&Record> = Vec::new();
        for group in order.chunk_by(|one, other| one.0 == other.0) {
            set.clear();
            set.extend(group.iter().map(|&(_, index)| &self.records.all()[index as usize]));
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
        let start = self.fragments.len();
        self.push_entry(set[0].rtype);
        let entry = self.rrsets.len() - 1;
        for (index, record) in set.iter().enumerate() {
            let record_start = self.fragments.len();
            let pointer_count = self.apex_pointers.len();
            // RRSIG records have the TTL of what they cover each (RFC 4034 §3), so they do not share one.
            let ttl = if record.rtype == rtype::RRSIG { record.ttl } else { ttl };
            self.push_record(start, record, ttl);
            if self.fragments.len() - start > RRSET_OCTETS_MAX {
                self.fragments.truncate(record_start);
                self.apex_pointers.truncate(pointer_count);
                self.refuse_large(record, set.len() - index);
                break;
            }
            self.places.push(record.place);
            self.rrsets[entry].count += 1;
        }
    }

    /// Opens an RRset at the end of what is there; it has no record yet.
    fn push_entry(&mut self, rtype: u16) {
        self.rrsets.push(RrsetEntry {
            start: self.fragments.len() as u32,
            pointers: self.apex_pointers.len() as u32,
            rule: NO_RULE,
            count: 0,
            rtype,
        });
    }

    /// Appends a record in the form that [`super::Rrset`] describes; its RRset starts at `start`.
    fn push_record(&mut self, start: usize, record: &Record, ttl: u32) {
        self.fragments.extend_from_slice(&[0, 0]);
        self.fragments.extend_from_slice(&record.rtype.to_be_bytes());
        self.fragments.extend_from_slice(&class::IN.to_be_bytes());
        self.fragments.extend_from_slice(&ttl.to_be_bytes());
        let length_at = self.fragments.len();
        self.fragments.extend_from_slice(&[0, 0]);
        self.push_rdata(start, record);
        let length = self.fragments.len() - length_at - 2;
        self.fragments[length_at..length_at + 2].copy_from_slice(&(length as u16).to_be_bytes());
    }

    fn push_rdata(&mut self, start: usize, record: &Record) {
        let rdata = self.records.rdata(record);
        if !field::may_compress(record.rtype) || self.apex_labels.is_empty() {
            return self.fragments.extend_from_slice(rdata);
        }
        let mut copied = 0;
        for name in field::names(record.rtype, rdata) {
            let Some(literal) = labels_below(&rdata[name.clone()], self.apex_labels) else { continue };
            self.fragments.extend_from_slice(&rdata[copied..name.start + literal]);
            // Offsets of RRsets that are too large are dropped with the record.
            self.apex_pointers.push((self.fragments.len() - start) as u16);
            self.fragments.extend_from_slice(&super::compiled::APEX_POINTER);
            copied = name.end;
        }
        self.fragments.extend_from_slice(&rdata[copied..]);
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
            if self.faults.is_full() {
                break;
            }
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
        let mut rdata = self.records.rdata(record).to_vec();
        let names: Vec<_> = field::names(record.rtype, &rdata).collect();
        for name in names {
            rdata[name].make_ascii_lowercase();
        }
        rdata
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
        if let Some(other) = other.filter(|_| !self.faults.is_full()) {
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
        let entry = self.rrsets[soa];
        let [start, end] =
            [entry.start, self.rrsets.get(soa + 1).map_or(self.fragments.len() as u32, |next| next.start)];
        let [pointers, pointers_end] = [
            entry.pointers,
            self.rrsets.get(soa + 1).map_or(self.apex_pointers.len() as u32, |next| next.pointers),
        ];
        self.push_entry(rtype::SOA);
        let copy_start = self.fragments.len();
        self.fragments.extend_from_within(start as usize..end as usize);
        self.apex_pointers.extend_from_within(pointers as usize..pointers_end as usize);
        let copy = &mut self.fragments[copy_start..];
        if let (Some(minimum), Some(ttl)) = (copy.last_chunk::<4>().copied(), copy.get(6..10)) {
            let lower = minimum.as_slice().min(ttl).to_vec();
            copy[6..10].copy_from_slice(&lower);
        }
        if let Some(negative) = self.rrsets.last_mut() {
            negative.count = 1;
        }
        self.push_entry(0);
    }
}

/// The records as (owner and type, index), by owner, type and order of reading.
fn grouped(records: &Records) -> Vec<(u64, u32)> {
    let key = |record: &Record| u64::from(record.owner) << 16 | u64::from(record.rtype);
    let mut order: Vec<(u64, u32)> =
        records.all().iter().enumerate().map(|(index, record)| (key(record), index as u32)).collect();
    // The stable sort finds the long ordered runs of a file that names each owner once.
    order.sort();
    order
}

/// The number of octets in front of the apex in a name that is at or below it; `apex` is without its root label.
fn labels_below(name: &[u8], apex: &[u8]) -> Option<usize> {
    let literal = name.len().checked_sub(apex.len() + 1)?;
    if !name[literal..name.len() - 1].eq_ignore_ascii_case(apex) {
        return None;
    }
    let mut at = 0;
    while at < literal {
        at += 1 + usize::from(name[at]);
    }
    (at == literal).then_some(literal)
}

/// The owners' names as nodes have them, and where each starts; one more start at the end.
fn names(records: &Records) -> (Vec<u8>, Vec<u32>) {
    let mut names = Vec::new();
    let mut starts = Vec::with_capacity(records.owners().len() + 1);
    let end = apex_end(records.apex().label_count());
    for owner in 0..records.owners().len() as u32 {
        starts.push(names.len() as u32);
        names.extend_from_slice(records.labels(owner));
        names.extend_from_slice(end);
    }
    starts.push(names.len() as u32);
    (names, starts)
}

/// One node for each owner, and the one that ends the table.
fn nodes(records: &Records, rrsets: &[RrsetEntry], first_rrsets: &[u32], names: &[u32]) -> Vec<NodeEntry> {
    let mut nodes: Vec<NodeEntry> = Vec::with_capacity(names.len());
    for (number, (&name, &first)) in names.iter().zip(first_rrsets).enumerate() {
        let mut node = NodeEntry { name, rrsets: first, link: Link::new(Standing::Authoritative) };
        if let (Some(owner), true) = (records.owners().get(number), number as u32 != APEX) {
            let own = &rrsets[first as usize..first_rrsets[number + 1] as usize];
            let parent = &mut nodes[owner.parent as usize].link;
            node.link = Link::new(match parent.standing() {
                Standing::Authoritative if own.iter().any(|entry| entry.rtype == rtype::NS) => Standing::Cut,
                Standing::Authoritative => Standing::Authoritative,
                Standing::Cut | Standing::BelowCut => Standing::BelowCut,
            });
            let is_wildcard = records.labels(number as u32).starts_with(b"\x01*");
            if is_wildcard && parent.standing() == Standing::Authoritative {
                *parent = parent.to(number as u32);
            }
        }
        nodes.push(node);
    }
    nodes
}

/// Links each cut to the nodes that hold addresses of its nameservers: those at or below the cut first, then those at
/// or below other cuts, then the zone's own.
fn link_glue(zone: &mut Zone) {
    let mut glue = Vec::new();
    let mut links = Vec::new();
    let mut found: Vec<(u8, u32)> = Vec::new();
    let mut target = QuestionName::default();
    for number in zone.node_numbers().filter(|&number| zone.standing(number) == Standing::Cut) {
        let Some(ns) = zone.node(number).rrset(rtype::NS) else { continue };
        found.clear();
        ns.visit_targets(&mut target, |_, target| {
            if let Some(node) = zone.exact(target).filter(|&node| zone.has_addresses(node)) {
                found.push((closeness(zone, number, node), node));
            }
        });
        found.sort_by_key(|&(closeness, _)| closeness);
        if !found.is_empty() {
            links.push((number, glue.len() as u32));
            glue.push(found.len() as u32);
            glue.extend(found.iter().map(|&(_, node)| node));
        }
    }
    for (number, link) in links {
        let node = &mut zone.nodes[number as usize].link;
        *node = node.to(link);
    }
    zone.glue = glue.into();
}

/// 0 for a node at or below the cut, 1 at or below another one, 2 above all.
fn closeness(zone: &Zone, cut: u32, node: u32) -> u8 {
    let labels = zone.labels(node);
    if labels_end_with(labels, zone.labels(cut)) {
        0
    } else if zone.standing(node) == Standing::Authoritative {
        2
    } else {
        1
    }
}

/// Whether a row of labels ends with another one, at a label's start.
fn labels_end_with(labels: &[u8], end: &[u8]) -> bool {
    let mut rest = labels;
    while rest.len() > end.len() {
        rest = &rest[1 + usize::from(rest[0])..];
    }
    rest == end
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{HEAD, lines, load, name, question, rdata, whole};
    use super::super::{CnameTarget, Lookup, Rrset};
    use super::*;

    fn rrset<'z>(zone: &'z Zone, owner: &str, rtype: u16) -> Rrset<'z> {
        zone.node(zone.exact(&question(owner)).unwrap()).rrset(rtype).unwrap()
    }

    #[test]
    fn fragments_end_names_of_rfc1035_types_in_pointers_to_the_apex() {
        let zone = whole("a 60 MX 10 Mail.Example.COM.\na 60 MX 20 @\na 60 MX 30 x.example.net.\n");
        let mx = rrset(&zone, "a.example.com.", rtype::MX);
        let expected = [
            b"\0\0\0\x0f\0\x01\0\0\0\x3c\0\x09\0\x0a\x04Mail\xc0\0".as_slice(),
            b"\0\0\0\x0f\0\x01\0\0\0\x3c\0\x04\0\x14\xc0\0",
            b"\0\0\0\x0f\0\x01\0\0\0\x3c\0\x11\0\x1e\x01x\x07example\x03net\0",
        ];
        assert_eq!(mx.octets(), expected.concat());
        assert_eq!(mx.apex_pointers().collect::<Vec<_>>(), [19, 35]);
        assert_eq!((mx.record_count(), mx.ttl(), mx.rule()), (3, 60, None));
        let soa = zone.soa();
        assert_eq!(soa.apex_pointers().collect::<Vec<_>>(), [16, 23]);
        assert_eq!(zone.serial(), 1);
    }

    #[test]
    fn rfc3597_names_of_later_types_stay_whole() {
        let zone = whole("a SRV 1 2 3 ns1\na RP ns1 @\nb DNAME ns1\n");
        for (owner, rtype) in [("a", rtype::SRV), ("a", 17), ("b", rtype::DNAME)] {
            let set = rrset(&zone, &format!("{owner}.example.com."), rtype);
            assert_eq!(set.apex_pointers().count(), 0);
            assert!(set.octets().ends_with(b"\x07example\x03com\0"));
        }
    }

    #[test]
    fn a_label_that_looks_like_a_pointer_is_none() {
        let zone =
            whole("a CNAME \\192\\000.\nb CNAME x\\007example.com.\nc CNAME 7example.com.example.com.\n");
        assert_eq!(rrset(&zone, "a.example.com.", rtype::CNAME).apex_pointers().count(), 0);
        assert_eq!(rrset(&zone, "b.example.com.", rtype::CNAME).apex_pointers().count(), 0);
        assert_eq!(rrset(&zone, "c.example.com.", rtype::CNAME).apex_pointers().count(), 1);
    }

    #[test]
    fn rfc2308_negative_soa_has_the_lower_ttl() {
        for (ttl, minimum, expected) in [(300, 5, 5), (5, 300, 5), (70_000, 300, 300)] {
            let text =
                format!("@ {ttl} SOA ns1 h 1 2 3 4 {minimum}\n@ {ttl} NS ns1\nns1 {ttl} A 192.0.2.1\n");
            let zone = load(&text).0.unwrap().compile();
            assert_eq!((zone.soa().ttl(), zone.negative_soa().ttl()), (ttl, expected));
            assert_eq!(zone.negative_soa().octets()[12..], zone.soa().octets()[12..]);
            assert!(zone.negative_soa().apex_pointers().eq(zone.soa().apex_pointers()));
            assert_eq!(zone.negative_soa().signature_slot(), zone.soa().signature_slot());
            assert_eq!(zone.record_count(), 3);
        }
    }

    #[test]
    fn doubled_records_are_dropped_and_the_lowest_ttl_is_taken() {
        let text = "a 60 NS b\na 30 NS B\na 90 NS c\nb A 192.0.2.1\nc A 192.0.2.1\n";
        let (data, faults) = load(&format!("{HEAD}{text}"));
        assert_eq!(
            lines(&faults),
            [
                "6:6: warning: this record stands here twice (help: remove one; it is served once)",
                "7:6: warning: the NS records of a.example.com. have different TTLs (60 and 90) \
                 (help: write the same TTL for all; the lowest, 60, is served)",
            ]
        );
        let zone = data.unwrap().compile();
        let ns = rrset(&zone, "a.example.com.", rtype::NS);
        assert_eq!((ns.record_count(), ns.ttl()), (2, 60));
    }

    #[test]
    fn rrsigs_keep_their_own_ttls() {
        let signature = "13 2 300 20270101000000 20261201000000 1 @ AAAA";
        let zone = whole(&format!("a 60 RRSIG A {signature}\na 90 RRSIG AAAA {signature}\n"));
        let set = rrset(&zone, "a.example.com.", rtype::RRSIG);
        assert_eq!(set.octets()[6..10], 60_u32.to_be_bytes());
        let second = set.octets().len() / 2;
        assert_eq!(set.octets()[second + 6..second + 10], 90_u32.to_be_bytes());
    }

    #[test]
    fn an_rrset_that_no_message_holds_is_refused() {
        let text: String = (0..300).map(|number| format!("a TXT {number} {}\n", "x".repeat(250))).collect();
        let (data, faults) = load(&format!("{HEAD}{text}"));
        assert_eq!(
            lines(&faults),
            ["247:3: error: the TXT records of a.example.com. do not fit into one message \
              (help: remove this one and what follows, 58 in all: an RRset has at most 64752 octets)"]
        );
        assert_eq!(rrset(&data.unwrap().compile(), "a.example.com.", rtype::TXT).record_count(), 242);
    }

    #[test]
    fn types_that_stand_alone_do() {
        let (_, faults) = load(&format!("{HEAD}@ SOA ns1 host 2 2 3 4 5\na CNAME ns1\na CNAME b.\n"));
        assert_eq!(
            lines(&faults),
            [
                "5:3: error: a second SOA record at example.com. (help: remove one of them)",
                "7:3: error: a second CNAME record at a.example.com. (help: remove one of them)",
            ]
        );
    }

    #[test]
    fn cname_targets_are_read_in_full() {
        let zone = whole("a CNAME NS1\nb CNAME www.example.net.\nc CNAME @\n");
        let mut target = QuestionName::default();
        let mut check = |owner: &str, stands: CnameTarget, expected: &str| {
            let Lookup::Found { node, .. } = zone.find(&question(owner), rtype::A) else { panic!() };
            assert_eq!(node.rrset(rtype::CNAME).unwrap().cname_target(&mut target), Some(stands));
            assert_eq!(target.as_octets(), name(expected).as_octets());
        };
        check("a.example.com.", CnameTarget::BelowApex { literal: 4 }, "ns1.example.com.");
        check("b.example.com.", CnameTarget::Whole, "www.example.net.");
        check("c.example.com.", CnameTarget::BelowApex { literal: 0 }, "example.com.");
        assert_eq!(zone.soa().cname_target(&mut target), None);
    }

    #[test]
    fn slots_are_dense_and_types_ascend() {
        let zone = whole("a TXT x\nb A 192.0.2.1\na A 192.0.2.1\na AAAA ::1\n");
        let slots =
            zone.node_numbers().flat_map(|node| zone.node(node).rrsets()).map(|set| set.signature_slot());
        assert_eq!(slots.collect::<Vec<_>>(), (0..7).collect::<Vec<u32>>());
        let a = zone.node(zone.exact(&question("a.example.com.")).unwrap());
        assert_eq!(a.rrsets().map(|set| set.rtype()).collect::<Vec<_>>(), [1, 16, 28]);
        assert_eq!(rdata(&zone, a.rrset(1).unwrap()), ["c0000201"]);
    }
}
