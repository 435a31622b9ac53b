//! Views into a compiled zone: a node, an RRset, what a referral consists of.

use super::compiled::{
    APEX_POINTER, APEX_TARGET, Backing, Host, HostWeight, NodeEntry, RrsetEntry, Standing, Ties, Zone,
};
use super::field::{self, NAPTR};
use crate::wire::name::{LABEL_MAX, NAME_MAX};
use crate::wire::response::POINTER_BITS;
use crate::wire::{QuestionName, rtype};

/// Where the fields of a record stand in an RRset's octets, counted from the record's start.
mod record {
    pub(super) const TTL: usize = 6;
    pub(super) const LENGTH: usize = 10;
    pub(super) const RDATA: usize = 12;
}

/// A node: the RRsets of one owner name.
#[derive(Clone, Copy)]
pub struct Node<'z> {
    zone: &'z Zone,
    /// Its entry and the next one, which says where this one ends.
    entries: &'z [NodeEntry; 2],
}

impl<'z> Node<'z> {
    #[inline]
    pub(super) fn new(zone: &'z Zone, entries: &'z [NodeEntry; 2]) -> Node<'z> {
        Node { zone, entries }
    }

    /// The number within the zone.
    pub(super) fn number(&self) -> u32 {
        number_in(&self.zone.nodes, self.entries)
    }

    /// A word that no other node of any zone has, as long as this zone is kept.
    #[inline]
    pub fn identity(&self) -> u64 {
        std::ptr::from_ref(self.entries).addr() as u64
    }

    /// Where it stands towards zone cuts and DNAMEs.
    pub(super) fn standing(&self) -> Standing {
        self.entries[0].link.standing()
    }

    /// The RRset of a type.
    #[inline(always)]
    pub fn rrset(&self, rtype: u16) -> Option<Rrset<'z>> {
        let [first, end] = self.entries.map(|node| node.rrsets as usize);
        for number in first..end {
            let entries = self.zone.rrsets.get(number..number + 2)?.first_chunk()?;
            if entries[0].rtype == rtype {
                return Some(Rrset::new(self.zone, entries));
            }
        }
        None
    }

    /// All RRsets, in ascending order of type.
    pub fn rrsets(&self) -> impl Iterator<Item = Rrset<'z>> + use<'z> {
        let zone = self.zone;
        self.rrset_entries().array_windows().map(move |entries| Rrset::new(zone, entries))
    }

    /// The entries of all RRsets and the one behind the last.
    #[inline(always)]
    fn rrset_entries(&self) -> &'z [RrsetEntry] {
        let [first, end] = self.entries.map(|node| node.rrsets as usize);
        self.zone.rrsets.get(first..=end).unwrap_or(&[])
    }
}

/// The number of the first of two entries in the table that they belong to.
fn number_in<T>(table: &[T], entries: &[T; 2]) -> u32 {
    let octets = std::ptr::from_ref(entries).addr() - table.as_ptr().addr();
    (octets / size_of::<T>()) as u32
}

/// One RRset in wire form. Its octets are, record after record: two octets of room for the owner, type, class, TTL,
/// RDLENGTH, RDATA. Names in RDATA of RFC 1035 types end in a pointer where that makes them shorter, and RDLENGTH counts
/// them so. The pointer 0xC000 stands for the apex (not in the root zone); any other one, only in RRsets of several
/// records, is the offset of a name that stands earlier in the same octets. Render replaces both by where they stand in
/// the message.
#[derive(Clone, Copy)]
pub struct Rrset<'z> {
    zone: &'z Zone,
    /// Its entry and the next one, which says where this one ends.
    entries: &'z [RrsetEntry; 2],
}

impl<'z> Rrset<'z> {
    #[inline]
    pub(super) fn new(zone: &'z Zone, entries: &'z [RrsetEntry; 2]) -> Rrset<'z> {
        Rrset { zone, entries }
    }

    /// The number within the zone.
    pub(super) fn number(&self) -> u32 {
        number_in(&self.zone.rrsets, self.entries)
    }

    /// The type.
    #[inline]
    pub fn rtype(&self) -> u16 {
        self.entry().rtype
    }

    /// The TTL in seconds.
    pub fn ttl(&self) -> u32 {
        let octets = &self.octets()[record::TTL..record::LENGTH];
        u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]])
    }

    /// The number of records.
    #[inline(always)]
    pub fn record_count(&self) -> usize {
        usize::from(self.entry().count)
    }

    /// The records as described at [`Rrset`].
    #[inline(always)]
    pub fn octets(&self) -> &'z [u8] {
        let [start, end] = self.entries.map(|entry| entry.start as usize);
        self.zone.fragments.get(start..end).unwrap_or(&[])
    }

    /// Whether it is one record, without pointers in it, and with nothing that goes along.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        let entry = self.entry();
        entry.count == 1 && entry.backing == Backing::NONE
    }

    /// Offsets within [`Rrset::octets`] of the two-octet pointers, ascending.
    #[inline(always)]
    pub fn pointer_offsets(&self) -> &'z [u16] {
        self.ties().map_or(&[], |ties| {
            &self.zone.pointers[ties.pointers as usize..][..usize::from(ties.pointer_count)]
        })
    }

    /// The same, as places in the octets.
    pub fn pointers(&self) -> impl Iterator<Item = usize> + use<'z> {
        self.pointer_offsets().iter().map(|&offset| usize::from(offset))
    }

    /// The rule that steers this RRset ([`super::ZoneData::steer`]).
    #[inline(always)]
    pub fn rule(&self) -> Option<u32> {
        let backing = self.entry().backing;
        if !backing.has_rule() {
            return None;
        }
        // Not with a closure: as a call of its own it costs every steered query seven instructions.
        match self.ties() {
            Some(ties) => Some(ties.rule),
            None => Some(backing.as_rule()),
        }
    }

    /// The number of this RRset within its zone, dense from 0: the place where a table of signatures finds it. The
    /// SOA of negative answers shares that of the SOA.
    pub fn signature_slot(&self) -> u32 {
        let number = self.number();
        if number == self.zone.negative_soa_number() { self.zone.soa } else { number }
    }

    /// The data of each record, as it stands in [`Rrset::octets`].
    pub fn rdata(&self) -> impl Iterator<Item = &'z [u8]> + use<'z> {
        let mut rest = self.octets();
        std::iter::from_fn(move || {
            let length = rest.get(record::LENGTH..record::RDATA)?;
            let end = record::RDATA + usize::from(u16::from_be_bytes([length[0], length[1]]));
            let (this, next) = rest.split_at_checked(end)?;
            rest = next;
            Some(&this[record::RDATA..])
        })
    }

    /// The data of each record, its names in full.
    pub fn full_rdata(&self) -> Vec<Vec<u8>> {
        let mut pointers = self.pointers().peekable();
        let mut end = 0;
        let in_full = |rdata: &[u8]| {
            let start = end + record::RDATA;
            end = start + rdata.len();
            let mut octets = Vec::with_capacity(rdata.len());
            let mut copied = 0;
            while let Some(at) = pointers.next_if(|&at| at < end) {
                octets.extend_from_slice(&rdata[copied..at - start]);
                octets.extend(self.name_pieces(at).flatten());
                copied = at - start + APEX_POINTER.len();
            }
            octets.extend_from_slice(&rdata[copied..]);
            octets
        };
        self.rdata().map(in_full).collect()
    }

    /// Reads the target of this CNAME or DNAME into `into`, in full and in lower case. `None` when this is neither.
    pub fn alias_target(&self, into: &mut QuestionName) -> Option<()> {
        matches!(self.rtype(), rtype::CNAME | rtype::DNAME).then_some(())?;
        self.read_name(record::RDATA, into)
    }

    /// Reads the name that starts at `at` in [`Rrset::octets`] into `into`, in full and in lower case.
    fn read_name(&self, at: usize, into: &mut QuestionName) -> Option<()> {
        let mut octets = [0; NAME_MAX];
        let mut end = 0;
        for piece in self.name_pieces(at) {
            let start = end;
            end += piece.len();
            octets.get_mut(start..end)?.copy_from_slice(piece);
        }
        into.read(&octets[..end]).map(|_| ())
    }

    /// The labels of the name that starts at `at` in [`Rrset::octets`], piece by piece between pointers; the last ends in
    /// the root label.
    fn name_pieces(&self, at: usize) -> impl Iterator<Item = &'z [u8]> + use<'z> {
        let (octets, apex) = (self.octets(), self.zone.apex.as_octets());
        let mut next = Some(at);
        std::iter::from_fn(move || {
            let start = next.take()?;
            if start == APEX_TARGET {
                return Some(apex);
            }
            let end = start + labels_length(octets.get(start..)?);
            next = pointer_at(octets, end);
            octets.get(start..if next.is_some() { end } else { end + 1 })
        })
    }

    /// Whether there is anything in [`Rrset::additional`].
    #[inline(always)]
    pub fn has_additional(&self) -> bool {
        self.ties().is_some_and(|ties| ties.has_hosts)
    }

    /// What goes into the additional section with this RRset: addresses of the hosts that it names, as far as the zone
    /// has them, the most urgent first. For a delegation that is its glue (RFC 9471 §2): in-domain, sibling, and what
    /// is the zone's own.
    pub fn additional(&self) -> impl Iterator<Item = Additional<'z>> + use<'z> {
        let (zone, rtype) = (self.zone, self.rtype());
        let ties = self.ties().filter(|ties| ties.has_hosts);
        let hosts = ties.map_or(&[][..], |ties| &zone.hosts[ties.hosts as usize..]);
        let count = hosts.iter().position(|host| host.is_last).map_or(0, |last| last + 1);
        hosts[..count].iter().flat_map(move |host| {
            let alias = (host.weight == HostWeight::Alias).then_some(rtype);
            let types = alias.into_iter().chain([rtype::A, rtype::AAAA]);
            let rrsets = types.filter_map(move |rtype| zone.node(host.node).rrset(rtype));
            rrsets.map(move |rrset| Additional::of(host, rrset))
        })
    }

    /// Shows the name that each record leads to, of a type that leads to one (NS, CNAME, PTR, MX, SRV, NAPTR, SVCB,
    /// HTTPS); `room` is the room for it.
    pub(super) fn visit_targets(&self, room: &mut QuestionName, mut visit: impl FnMut(Target<'_>)) {
        let before = |rdata| match self.rtype() {
            rtype::MX | rtype::SVCB | rtype::HTTPS => 2,
            rtype::SRV => 6,
            // Never compressed (RFC 3597 §4), so its fields stand as they were read.
            NAPTR => field::names(NAPTR, rdata).next().map_or(0, |name| name.start),
            _ => 0,
        };
        let mut end = 0;
        for (record, rdata) in self.rdata().enumerate() {
            let start = end + record::RDATA;
            end = start + rdata.len();
            let at = start + before(rdata);
            if self.read_name(at, room).is_some() {
                visit(Target { record, rdata, offset: self.labels_at(at), name: room });
            }
        }
    }

    /// Where the labels of the name stand that starts at `at`: elsewhere when it is but a pointer to an earlier name.
    fn labels_at(&self, at: usize) -> usize {
        pointer_at(self.octets(), at).filter(|&earlier| earlier != APEX_TARGET).unwrap_or(at)
    }

    #[inline(always)]
    fn entry(&self) -> &'z RrsetEntry {
        &self.entries[0]
    }

    #[inline(always)]
    fn ties(&self) -> Option<&'z Ties> {
        self.entry().backing.as_ties().map(|number| &self.zone.ties[number as usize])
    }
}

/// What the pointer at `at` names, where one stands there.
fn pointer_at(octets: &[u8], at: usize) -> Option<usize> {
    let pointer = u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?]);
    (pointer & POINTER_BITS == POINTER_BITS).then_some(usize::from(pointer & !POINTER_BITS))
}

/// The octets of the labels at the front, up to a pointer or the root label.
fn labels_length(octets: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length @ 1..=LABEL_MAX) = octets.get(at).map(|&length| usize::from(length)) {
        at += 1 + length;
    }
    at
}

/// How a name below a DNAME is redirected (RFC 6672 §2.2).
pub struct Redirection<'z> {
    /// The number of labels of the name that stand in front of the DNAME's owner, and that the new name keeps.
    pub labels: usize,
    /// The DNAME RRset.
    pub dname: Rrset<'z>,
}

impl<'z> Redirection<'z> {
    /// What takes the place of the owner: a whole name in wire form, in the case of the master file.
    pub fn target(&self) -> &'z [u8] {
        self.dname.rdata().next().unwrap_or(&[0])
    }
}

/// What a referral consists of.
pub struct Referral<'z> {
    /// The number of labels of the question's name that stand in front of the cut's name: the cut is the suffix
    /// of that number ([`QuestionName::suffix_offset`]).
    pub cut: usize,
    /// The NS RRset at the cut.
    pub ns: Rrset<'z>,
    /// The node of the cut.
    pub(super) node: u32,
}

/// Records that go into the additional section with an RRset that names their owner.
pub struct Additional<'z> {
    /// Where the owner's name stands in the octets of the RRset that names it; `None` when it is that RRset's own
    /// owner.
    pub owner: Option<usize>,
    /// The records.
    pub rrset: Rrset<'z>,
    /// Whether a response without them must have TC: the glue of a nameserver in the delegated domain (RFC 9471 §3.1).
    pub required: bool,
}

impl<'z> Additional<'z> {
    fn of(host: &Host, rrset: Rrset<'z>) -> Additional<'z> {
        Additional {
            owner: (host.name > 0).then_some(usize::from(host.name)),
            rrset,
            required: host.weight == HostWeight::InDomain,
        }
    }
}

/// The name that a record leads to.
pub(super) struct Target<'t> {
    /// The record's number in its RRset.
    pub(super) record: usize,
    /// Its data, as it stands in [`Rrset::octets`].
    pub(super) rdata: &'t [u8],
    /// Where the name's labels start in [`Rrset::octets`].
    pub(super) offset: usize,
    /// The name.
    pub(super) name: &'t QuestionName,
}
