//! A complete zone: master-file octets in, compiled nodes and RRset fragments out; "what is at this name".
//!
//! INTERFACE STUB: the signatures below are what the other modules build on.

use std::sync::Arc;

use crate::fault::{Fault, Source};
use crate::wire::{Name, QuestionName};

/// Reads an `$INCLUDE`d file; the argument is the path as written, the error a sentence for the operator.
pub type Include<'a> = &'a mut dyn FnMut(&str) -> Result<Arc<Source>, String>;

/// The records of one master file, checked but not yet compiled: what config looks into (which RRsets exist, where
/// they are written) before it marks the steered ones.
pub struct ZoneData {
    _private: (),
}

impl ZoneData {
    /// Parses and checks a master file whose first origin is `apex`. All faults of all files in one run; `None`
    /// when a fault leaves nothing to go on with.
    pub fn parse(
        _apex: &Name,
        _source: &Arc<Source>,
        _include: Include<'_>,
    ) -> (Option<ZoneData>, Vec<Fault>) {
        todo!()
    }
    /// The name of the zone.
    pub fn apex(&self) -> &Name {
        todo!()
    }
    /// The TTL of an RRset in seconds, if there is one.
    pub fn ttl(&self, _owner: &Name, _rtype: u16) -> Option<u32> {
        todo!()
    }
    /// Every owner name, for suggestions ("did you mean").
    pub fn owners(&self) -> impl Iterator<Item = &Name> {
        std::iter::empty()
    }
    /// The zone cut (an owner of NS other than the apex) at or above `name`.
    pub fn cut_at_or_above(&self, _name: &Name) -> Option<&Name> {
        todo!()
    }
    /// Whether `name` is the target of an NS record of this zone.
    pub fn is_ns_target(&self, _name: &Name) -> bool {
        todo!()
    }
    /// Marks an RRset as steered by the rule number `rule` (dense over all zones). The RRset must exist.
    pub fn steer(&mut self, _owner: &Name, _rtype: u16, _rule: u32) {
        todo!()
    }
    /// Compiles to the form that answers queries.
    pub fn compile(self) -> Zone {
        todo!()
    }
}

/// A zone as it answers queries: immutable, shared by generations through `Arc`.
pub struct Zone {
    _private: (),
}

impl Zone {
    /// The name of the zone.
    pub fn apex(&self) -> &Name {
        todo!()
    }
    /// The serial of its SOA.
    pub fn serial(&self) -> u32 {
        todo!()
    }
    /// Number of records.
    pub fn record_count(&self) -> usize {
        todo!()
    }
    /// What is at a name that is the apex or below it (RFC 1034 §4.3.2, RFC 4592). `qtype` matters at a cut only:
    /// DS is answered by the parent side.
    pub fn find(&self, _name: &QuestionName, _qtype: u16) -> Lookup<'_> {
        todo!()
    }
    /// The SOA record set.
    pub fn soa(&self) -> Rrset<'_> {
        todo!()
    }
    /// The SOA as a negative answer carries it: its TTL is min(SOA TTL, MINIMUM) (RFC 2308 §3).
    pub fn negative_soa(&self) -> Rrset<'_> {
        todo!()
    }
}

/// What is at a name.
pub enum Lookup<'z> {
    /// The name exists, or a wildcard stands in for it; NODATA when the node lacks the type (also an empty
    /// non-terminal, whose node has no RRset).
    Found {
        /// The name's own node or the wildcard's.
        node: Node<'z>,
        /// Whether a wildcard stood in (the owner in the answer is the question's name either way).
        wildcard: bool,
    },
    /// At or below a zone cut.
    Referral(Referral<'z>),
    /// Name error (NXDOMAIN).
    NoName,
}

/// A node: the RRsets of one owner name.
#[derive(Clone, Copy)]
pub struct Node<'z> {
    _zone: &'z Zone,
}

impl<'z> Node<'z> {
    /// The RRset of a type.
    pub fn rrset(&self, _rtype: u16) -> Option<Rrset<'z>> {
        todo!()
    }
    /// All RRsets, in ascending order of type.
    pub fn rrsets(&self) -> impl Iterator<Item = Rrset<'z>> {
        std::iter::empty()
    }
}

/// What a referral consists of.
pub struct Referral<'z> {
    /// The number of labels of the question's name that stand in front of the cut's name: the cut is the suffix
    /// of that number ([`QuestionName::suffix_offset`]).
    pub cut: usize,
    /// The NS RRset at the cut.
    pub ns: Rrset<'z>,
    _glue: (),
}

impl<'z> Referral<'z> {
    /// Glue: the addresses of the NS targets that lie in this zone at or below a cut (in-domain and sibling).
    pub fn glue(&self) -> impl Iterator<Item = Glue<'z>> {
        std::iter::empty()
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

/// One RRset in wire form. Its octets are, record after record: two octets of room for the owner, type, class, TTL,
/// RDLENGTH, RDATA. Names in RDATA of RFC 1035 types that lie below the apex end in the pointer 0xC000, which render
/// replaces by a pointer to where the apex stands in the message.
#[derive(Clone, Copy)]
pub struct Rrset<'z> {
    _octets: &'z [u8],
}

impl<'z> Rrset<'z> {
    /// The type.
    pub fn rtype(&self) -> u16 {
        todo!()
    }
    /// The TTL in seconds.
    pub fn ttl(&self) -> u32 {
        todo!()
    }
    /// The number of records.
    pub fn record_count(&self) -> usize {
        todo!()
    }
    /// The records as described at [`Rrset`].
    pub fn octets(&self) -> &'z [u8] {
        todo!()
    }
    /// Offsets within [`Rrset::octets`] of the two-octet pointers to the apex, ascending.
    pub fn apex_pointers(&self) -> impl Iterator<Item = usize> + use<'z> {
        std::iter::empty()
    }
    /// The rule that steers this RRset ([`ZoneData::steer`]).
    pub fn rule(&self) -> Option<u32> {
        todo!()
    }
    /// For a CNAME: reads its target into `into`. False when this is not a CNAME.
    pub fn read_target(&self, _zone: &Zone, _into: &mut QuestionName) -> bool {
        todo!()
    }
    /// The number of this RRset within its zone, dense from 0: the place where a table of signatures finds it.
    pub fn signature_slot(&self) -> u32 {
        todo!()
    }
}

/// Zones by apex: finds the one that a question belongs to.
pub struct Zones {
    _private: (),
}

impl Zones {
    /// Indexes zones; two of one apex are the caller's fault (config reports it before).
    pub fn new(_zones: Vec<Arc<Zone>>) -> Zones {
        todo!()
    }
    /// The zone with the longest apex that is the name or an ancestor of it; for a DS question at an apex the parent
    /// zone where it is served here too (RFC 4035 §3.1.4.1). Also the apex as a suffix number of the name.
    pub fn find(&self, _name: &QuestionName, _qtype: u16) -> Option<(&Arc<Zone>, usize)> {
        todo!()
    }
    /// All zones in canonical order of their apexes.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Zone>> {
        std::iter::empty()
    }
}
