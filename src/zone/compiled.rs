//! The zone as it answers queries: nodes, RRsets and octets in a handful of flat tables, addressed by number.
//!
//! A record of a typical zone takes less than sixty octets: 16 in [`Zone::fragments`], 12 for its RRset, 12 for its node,
//! 8 in the hash table, and its owner name.

use std::net::IpAddr;
use std::sync::Arc;

use super::rrset::{Node, Rrset};
use super::table::Table;
use crate::wire::{Name, Networks, rtype};

/// The number of the apex among the nodes.
pub(super) const APEX: u32 = 0;
/// The octets of the five numbers that end SOA data (RFC 1035 §3.3.13).
const SOA_NUMBERS: usize = 20;
/// What stands for the apex at the end of a compressed name: a pointer to offset 0.
pub(super) const APEX_POINTER: [u8; 2] = [0xc0, 0];
/// What that pointer names.
pub(super) const APEX_TARGET: usize = 0;

/// A zone as it answers queries: immutable, shared by generations through `Arc`.
pub struct Zone {
    pub(super) apex: Name,
    /// The apex in lower case, in wire form.
    pub(super) apex_octets: Box<[u8]>,
    /// The number of labels of the apex.
    pub(super) apex_labels: usize,
    /// The number of labels that the deepest node has below the apex: no longer name exists.
    pub(super) deepest: usize,
    /// The number of labels that the most nodes have below the apex, at least one: where a search begins.
    pub(super) usual_depth: usize,
    /// Nodes by the hash of their names.
    pub(super) table: Table,
    /// Nodes in the order in which the file names them, an ancestor before its descendants; one more at the end, whose
    /// starts are the ends of the last.
    pub(super) nodes: Box<[NodeEntry]>,
    /// The labels of the nodes' names below the apex end to end, in lower case, and [`SLACK`](crate::wire::question_name::SLACK)
    /// octets more.
    pub(super) names: Box<[u8]>,
    /// RRsets, those of a node side by side in ascending order of type. At the end the SOA once more, as negative
    /// answers carry it, and one whose start is the end of the last.
    pub(super) rrsets: Box<[RrsetEntry]>,
    /// The RRsets' octets end to end ([`Rrset`] says how they look).
    pub(super) fragments: Box<[u8]>,
    /// What stands behind RRsets whose data hold names of the zone.
    pub(super) ties: Box<[Ties]>,
    /// For each RRset the offsets of the pointers in it.
    pub(super) pointers: Box<[u16]>,
    /// For each RRset that names hosts of the zone these hosts side by side.
    pub(super) hosts: Box<[Host]>,
    /// The number of the SOA's RRset.
    pub(super) soa: u32,
    pub(super) record_count: usize,
    /// Takes the clients that may ask; without it all may.
    pub(super) access: Option<Arc<Networks>>,
}

/// A node: one name.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeEntry {
    /// Where its name starts in [`Zone::names`].
    pub(super) name: u32,
    /// The number of its first RRset; the next node's first one ends them.
    pub(super) rrsets: u32,
    pub(super) link: Link,
}

/// Where a node stands, and the wildcard directly below it, in 32 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link(u32);

/// The bits of a [`Link`] that hold the number of the wildcard, plus one: 0 is none.
const LINK_BITS: u32 = 30;
/// The largest number of a node that a [`Link`] holds.
pub(super) const LINK_MAX: u32 = (1 << LINK_BITS) - 2;

impl Link {
    /// A link without a wildcard.
    pub(super) fn new(standing: Standing) -> Link {
        Link((standing as u32) << LINK_BITS)
    }

    /// The same standing with the wildcard `node`, whose number is at most [`LINK_MAX`].
    pub(super) fn with_wildcard(self, node: u32) -> Link {
        Link((self.0 >> LINK_BITS) << LINK_BITS | (node + 1))
    }

    /// Where the node stands.
    #[inline]
    pub(super) fn standing(self) -> Standing {
        match self.0 >> LINK_BITS {
            0 => Standing::Authoritative,
            1 => Standing::Cut,
            2 => Standing::Dname,
            _ => Standing::Occluded,
        }
    }

    /// The node of the wildcard directly below.
    #[inline]
    pub(super) fn wildcard(self) -> Option<u32> {
        (self.0 & ((1 << LINK_BITS) - 1)).checked_sub(1)
    }
}

/// Where a node stands towards zone cuts and DNAMEs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The zone's own: above every cut, and below no DNAME.
    Authoritative,
    /// The owner of a delegation.
    Cut,
    /// The zone's own, and names below it are redirected (RFC 6672 §2.3).
    Dname,
    /// Below a cut (glue, or of no use) or below a DNAME (of no use).
    Occluded,
}

/// An RRset.
#[derive(Debug, Clone, Copy)]
pub(super) struct RrsetEntry {
    /// Where its octets start in [`Zone::fragments`]; the next one's start ends them.
    pub(super) start: u32,
    /// What stands behind it.
    pub(super) backing: Backing,
    pub(super) count: u16,
    pub(super) rtype: u16,
}

/// What stands behind an RRset, in 32 bits: the rule that steers it, or what ties it to names of the zone (addresses name
/// none), or both, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backing(u32);

/// The bit of a [`Backing`] that is set where a rule steers the RRset.
const HAS_RULE: u32 = 1 << 31;
/// The bit that is set where it has ties: then the other bits are the number of these, and the rule stands there.
const HAS_TIES: u32 = 1 << 30;
/// The bits of the number, which no zone has so many rules or RRsets for.
const NUMBER: u32 = HAS_TIES - 1;

impl Backing {
    /// Nothing stands behind.
    pub(super) const NONE: Backing = Backing(0);

    /// A rule steers it, and it has no ties.
    pub(super) fn rule(number: u32) -> Backing {
        Backing(HAS_RULE | number & NUMBER)
    }

    /// Its ties have this number in [`Zone::ties`]; no rule steers it.
    pub(super) fn ties(number: u32) -> Backing {
        Backing(HAS_TIES | number & NUMBER)
    }

    /// The same ties, in which the rule stands that steers it.
    pub(super) fn with_rule(self) -> Backing {
        Backing(HAS_RULE | self.0)
    }

    /// Whether a rule steers it.
    #[inline(always)]
    pub(super) fn has_rule(self) -> bool {
        self.0 & HAS_RULE != 0
    }

    /// The rule that steers it, where it has no ties.
    #[inline(always)]
    pub(super) fn as_rule(self) -> u32 {
        self.0 & NUMBER
    }

    /// The number of its ties in [`Zone::ties`].
    #[inline(always)]
    pub(super) fn as_ties(self) -> Option<u32> {
        (self.0 & HAS_TIES != 0).then_some(self.0 & NUMBER)
    }
}

/// What ties an RRset to names of its zone.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ties {
    /// Where the offsets of its pointers start in [`Zone::pointers`].
    pub(super) pointers: u32,
    /// How many they are.
    pub(super) pointer_count: u16,
    /// Whether it names hosts of the zone.
    pub(super) has_hosts: bool,
    /// Where these start in [`Zone::hosts`].
    pub(super) hosts: u32,
    /// The rule that steers it, where [`Backing::has_rule`] says that one does.
    pub(super) rule: u32,
}

/// A host of the zone that an RRset names: its addresses go with that RRset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Host {
    /// The node with its addresses: its own, or that of the wildcard that stands in for it.
    pub(super) node: u32,
    /// Where its name stands in the octets of the RRset; 0 for the RRset's own owner.
    pub(super) name: u16,
    /// What of the node goes along, and how urgently.
    pub(super) weight: HostWeight,
    /// Whether it is the RRset's last.
    pub(super) is_last: bool,
}

/// What of a host goes along with the RRset that names it, and how urgently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HostWeight {
    /// Its addresses, without which a delegation leads nowhere: it lies at or below the cut (RFC 9471 §3.1).
    InDomain,
    /// Its addresses, which help a delegation along: it lies at or below another cut (RFC 9471 §3.2).
    Sibling,
    /// Its addresses, where there is room.
    Addresses,
    /// The same, and its RRset of the type that names it: the target of an alias (RFC 9460 §4.2).
    Alias,
}

impl Zone {
    /// The name of the zone.
    pub fn apex(&self) -> &Name {
        &self.apex
    }

    /// The serial of its SOA.
    pub fn serial(&self) -> u32 {
        let octets = self.soa().octets();
        let fields = octets.last_chunk::<SOA_NUMBERS>().and_then(|numbers| numbers.first_chunk::<4>());
        u32::from_be_bytes(*fields.expect("SOA data ends in five numbers of 32 bits"))
    }

    /// The zone with a list that takes the clients that it answers; `None`: everybody.
    #[must_use]
    pub fn with_access(self, access: Option<Arc<Networks>>) -> Zone {
        Zone { access, ..self }
    }

    /// The list that takes the clients that the zone answers.
    pub fn access(&self) -> Option<&Networks> {
        self.access.as_deref()
    }

    /// Whether the zone answers queries from there. Costs nothing where there is no list.
    #[inline]
    pub fn answers(&self, client: &IpAddr) -> bool {
        self.access.as_ref().is_none_or(|access| access.take(*client))
    }

    /// Number of records.
    pub fn record_count(&self) -> usize {
        self.record_count
    }

    /// The SOA record set.
    pub fn soa(&self) -> Rrset<'_> {
        self.rrset(self.soa)
    }

    /// The SOA as a negative answer carries it: its TTL is min(SOA TTL, MINIMUM) (RFC 2308 §3).
    #[inline(always)]
    pub fn negative_soa(&self) -> Rrset<'_> {
        let entries = self.rrsets.last_chunk();
        Rrset::new(self, entries.expect("the SOA, and an entry more than there are RRsets, end the table"))
    }

    #[inline]
    fn rrset(&self, number: u32) -> Rrset<'_> {
        let entries =
            self.rrsets.get(number as usize..number as usize + 2).and_then(<[RrsetEntry]>::first_chunk);
        Rrset::new(self, entries.expect("an entry more than there are RRsets ends the table"))
    }

    /// The number of the SOA that negative answers carry: the last RRset but for the one that ends the table.
    #[inline]
    pub(super) fn negative_soa_number(&self) -> u32 {
        self.rrsets.len() as u32 - 2
    }

    /// A node, and the one behind it.
    #[inline(always)]
    pub(super) fn pair(&self, node: u32) -> &[NodeEntry; 2] {
        let pair = self.nodes.get(node as usize..node as usize + 2).and_then(<[NodeEntry]>::first_chunk);
        pair.expect("an entry more than there are nodes ends the table")
    }

    /// The labels of a node's name below the apex.
    pub(super) fn labels(&self, node: u32) -> &[u8] {
        let [this, next] = [node as usize, node as usize + 1].map(|at| self.nodes[at].name as usize);
        &self.names[this..next]
    }

    /// A node's name in full.
    pub(super) fn full_name(&self, node: u32) -> Name {
        let octets = [self.labels(node), &self.apex_octets].concat();
        Name::from_wire(&octets).expect("a node's labels and the apex were one name when they were read")
    }

    /// All nodes by number.
    pub(super) fn node_numbers(&self) -> std::ops::Range<u32> {
        0..self.nodes.len() as u32 - 1
    }

    /// A node by its number.
    pub(super) fn node(&self, number: u32) -> Node<'_> {
        Node::new(self, self.pair(number))
    }

    /// Where a node stands towards zone cuts and DNAMEs.
    pub(super) fn standing(&self, node: u32) -> Standing {
        self.nodes[node as usize].link.standing()
    }

    /// Whether a node has an A or AAAA RRset.
    pub(super) fn has_addresses(&self, node: u32) -> bool {
        self.node(node).rrset(rtype::A).is_some() || self.node(node).rrset(rtype::AAAA).is_some()
    }
}
