//! Views into a compiled zone: a node, an RRset, what a referral consists of.

use super::compiled::{APEX_POINTER, NO_RULE, RrsetEntry, Zone};
use super::field::{self, NAPTR};
use crate::wire::name::NAME_MAX;
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
    number: u32,
}

impl<'z> Node<'z> {
    #[inline]
    pub(super) fn new(zone: &'z Zone, number: u32) -> Node<'z> {
        Node { zone, number }
    }

    /// The number within the zone.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// A word that no other node of any zone has, as long as this zone is kept.
    #[inline]
    pub fn identity(&self) -> u64 {
        std::ptr::from_ref(&self.zone.nodes[self.number as usize]).addr() as u64
    }

    /// The RRset of a type.
    #[inline]
    pub fn rrset(&self, rtype: u16) -> Option<Rrset<'z>> {
        let (first, entries) = self.entries();
        let found = entries.iter().position(|entry| entry.rtype == rtype)?;
        Some(Rrset::new(self.zone, first + found as u32))
    }

    /// All RRsets, in ascending order of type.
    pub fn rrsets(&self) -> impl Iterator<Item = Rrset<'z>> + use<'z> {
        let zone = self.zone;
        let (first, entries) = self.entries();
        (first..first + entries.len() as u32).map(move |number| Rrset::new(zone, number))
    }

    /// The number of the first RRset, and the entries of all.
    #[inline]
    fn entries(&self) -> (u32, &'z [RrsetEntry]) {
        let at = self.number as usize;
        let (first, end) = (self.zone.nodes[at].rrsets, self.zone.nodes[at + 1].rrsets);
        (first, &self.zone.rrsets[first as usize..end as usize])
    }
}

/// One RRset in wire form. Its octets are, record after record: two octets of room for the owner, type, class, TTL,
/// RDLENGTH, RDATA. Names in RDATA of RFC 1035 types that lie at or below the apex end in the pointer 0xC000, which
/// render replaces by a pointer to where the apex stands in the message; RDLENGTH counts them as they are here. The
/// root zone has no such pointers.
#[derive(Clone, Copy)]
pub struct Rrset<'z> {
    zone: &'z Zone,
    number: u32,
}

impl<'z> Rrset<'z> {
    #[inline]
    pub(super) fn new(zone: &'z Zone, number: u32) -> Rrset<'z> {
        Rrset { zone, number }
    }

    /// The number within the zone.
    pub(super) fn number(&self) -> u32 {
        self.number
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
    #[inline]
    pub fn record_count(&self) -> usize {
        usize::from(self.entry().count)
    }

    /// The records as described at [`Rrset`].
    #[inline]
    pub fn octets(&self) -> &'z [u8] {
        let end = self.zone.rrsets[self.number as usize + 1].start;
        &self.zone.fragments[self.entry().start as usize..end as usize]
    }

    /// Offsets within [`Rrset::octets`] of the two-octet pointers to the apex, ascending.
    #[inline]
    pub fn apex_pointers(&self) -> impl Iterator<Item = usize> + use<'z> {
        let end = self.zone.rrsets[self.number as usize + 1].pointers;
        let offsets = &self.zone.apex_pointers[self.entry().pointers as usize..end as usize];
        offsets.iter().map(|&offset| usize::from(offset))
    }

    /// The rule that steers this RRset ([`super::ZoneData::steer`]).
    #[inline]
    pub fn rule(&self) -> Option<u32> {
        let rule = self.entry().rule;
        (rule != NO_RULE).then_some(rule)
    }

    /// The number of this RRset within its zone, dense from 0: the place where a table of signatures finds it. The
    /// SOA of negative answers shares that of the SOA.
    pub fn signature_slot(&self) -> u32 {
        if self.number == self.zone.negative_soa_number() { self.zone.soa } else { self.number }
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

    /// Reads the target of this CNAME into `into`, in full and in lower case. `None` when this is no CNAME.
    pub fn cname_target(&self, into: &mut QuestionName) -> Option<CnameTarget> {
        if self.rtype() != rtype::CNAME {
            return None;
        }
        let target = self.rdata().next()?;
        // Of two CNAMEs at one name (a fault, but checked like all else) the first pointer may be the second one's.
        let first = self.apex_pointers().next().map(|at| at - record::RDATA);
        let literal = first.filter(|&literal| literal < target.len());
        self.zone.read_name(&target[..literal.unwrap_or(target.len())], literal.is_some(), into)?;
        Some(literal.map_or(CnameTarget::Whole, |literal| CnameTarget::BelowApex { literal }))
    }

    /// Shows the name that each record leads to, of a type that leads to one (NS, CNAME, PTR, MX, SRV, NAPTR, SVCB,
    /// HTTPS), with the record's number; `name` is the room for it.
    pub(super) fn visit_targets(&self, name: &mut QuestionName, mut visit: impl FnMut(usize, &QuestionName)) {
        let before = |rdata| match self.rtype() {
            rtype::MX | rtype::SVCB | rtype::HTTPS => 2,
            rtype::SRV => 6,
            // Never compressed (RFC 3597 §4), so its fields stand as they were read.
            NAPTR => field::names(NAPTR, rdata).next().map_or(0, |name| name.start),
            _ => 0,
        };
        let mut pointers = self.apex_pointers().peekable();
        let mut end = 0;
        for (index, rdata) in self.rdata().enumerate() {
            end += record::RDATA + rdata.len();
            let below_apex = pointers.next_if(|at| at + APEX_POINTER.len() == end).is_some();
            let literal = rdata.len() - if below_apex { APEX_POINTER.len() } else { 0 };
            let labels = rdata.get(before(rdata)..literal).unwrap_or_default();
            if self.zone.read_name(labels, below_apex, name).is_some() {
                visit(index, name);
            }
        }
    }

    #[inline]
    fn entry(&self) -> &'z RrsetEntry {
        &self.zone.rrsets[self.number as usize]
    }
}

/// How the target of a CNAME stands in its record's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CnameTarget {
    /// `literal` octets of labels and then a pointer to the apex: the target is in the zone.
    BelowApex {
        /// The number of octets of labels in front of the pointer.
        literal: usize,
    },
    /// In full.
    Whole,
}

impl Zone {
    /// Reads labels, completed by the apex where they ended in a pointer to it.
    fn read_name(&self, labels: &[u8], below_apex: bool, into: &mut QuestionName) -> Option<()> {
        if !below_apex {
            into.read(labels)?;
            return Some(());
        }
        let mut octets = [0; NAME_MAX];
        let end = labels.len() + self.apex_octets.len();
        octets.get_mut(..labels.len())?.copy_from_slice(labels);
        octets.get_mut(labels.len()..end)?.copy_from_slice(&self.apex_octets);
        into.read(&octets[..end])?;
        Some(())
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

impl<'z> Referral<'z> {
    /// Glue: the addresses of this cut's nameservers that the zone has, those at or below the cut first, then those
    /// at or below other cuts (RFC 9471 §2), then the zone's own.
    pub fn glue(&self) -> impl Iterator<Item = Glue<'z>> + use<'z> {
        let zone = self.ns.zone;
        let nodes = match zone.nodes[self.node as usize].link.target() {
            None => &[],
            Some(start) => {
                let (&count, rest) = zone.glue[start as usize..].split_first().unwrap_or((&0, &[]));
                &rest[..count as usize]
            }
        };
        nodes.iter().flat_map(move |&node| {
            let owner = zone.relative_name(node);
            let rrsets =
                [rtype::A, rtype::AAAA].into_iter().filter_map(move |rtype| zone.node(node).rrset(rtype));
            rrsets.map(move |rrset| Glue { owner, rrset })
        })
    }
}

/// Address records that go into the additional section under a name of their own.
pub struct Glue<'z> {
    /// The owner: labels as in the wire form, ended by the root label, or by a pointer to offset 0 that stands for
    /// the zone's apex (to be replaced like the pointers of a fragment).
    pub owner: &'z [u8],
    /// The A or AAAA RRset.
    pub rrset: Rrset<'z>,
}
