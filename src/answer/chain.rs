//! The aliases that an answer follows: what stands in it in front of what it ends in.

use crate::steer::{Drawn, Reason};
use crate::wire::QuestionName;
use crate::zone::Rrset;

/// Octets of a record in front of its RDATA when its owner is a pointer.
pub(super) const BEFORE_RDATA: usize = 12;

/// The most CNAMEs and DNAMEs that one answer follows; what is left of a longer chain the resolver asks for itself.
pub const CHAIN_MAX: usize = 8;

/// One step of a chain: a CNAME, or a DNAME with the CNAME that is synthesised from it. Places within names take one
/// octet, since every answer begins with an empty chain, and a small one costs less.
#[derive(Clone, Copy)]
pub struct Link<'s> {
    /// The CNAME or DNAME RRset.
    pub rrset: Rrset<'s>,
    /// The hash of the name that was looked up. An RRset of a wildcard is met at more than one.
    name_hash: u64,
    /// Whether an earlier link has the same RRset. A DNAME stands in an answer once, however many names it redirects.
    pub is_met_again: bool,
    /// How it leads on.
    pub kind: LinkKind,
    /// What a rule chose in place of the CNAME.
    pub steered: Option<SteeredLink<'s>>,
    /// Where the apex of the next zone stands in the whole name that it leads to, in octets, when the chain goes on in
    /// another zone.
    pub next_apex: Option<u8>,
}

/// The CNAME that a rule chose for one step of a chain.
#[derive(Clone, Copy)]
pub struct SteeredLink<'s> {
    /// Index of the rule in the configuration.
    pub rule: u32,
    /// Why it chose so.
    pub reason: Reason,
    /// Seconds.
    pub ttl: u32,
    /// The record, that of one member; `None` where the default RRset stands in.
    pub drawn: Option<Drawn<'s>>,
}

impl Link<'_> {
    pub(super) fn is_of(&self, rrset: Rrset<'_>) -> bool {
        std::ptr::eq(self.rrset.octets(), rrset.octets())
    }

    /// Reads the name that the CNAME or DNAME leads to into `into`, in full and in lower case.
    pub fn target(&self, into: &mut QuestionName) -> Option<()> {
        match self.steered.and_then(|steered| steered.drawn) {
            Some(drawn) => into.read(drawn.first_data()?.0.get(BEFORE_RDATA..)?).map(|_| ()),
            None => self.rrset.alias_target(into),
        }
    }

    /// The TTL that it is given with, in seconds.
    pub fn ttl(&self) -> u32 {
        self.steered.map_or_else(|| self.rrset.ttl(), |steered| steered.ttl)
    }
}

/// How a link leads on. `kept` octets of the name stand in front of the DNAME's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// The name is an alias.
    Cname,
    /// The name is redirected: a CNAME is synthesised (RFC 6672 §3.1).
    Dname {
        /// Octets that the new name keeps.
        kept: u8,
    },
    /// The name would be redirected to one that is too long: there is no CNAME (RFC 6672 §2.2).
    DnameTooLong {
        /// Octets that the new name would keep.
        kept: u8,
    },
}

/// The links that were followed, in order. Nearly every answer has none, and pays for none.
#[derive(Clone, Copy, Default)]
pub struct Chain<'s> {
    links: Option<[Option<Link<'s>>; CHAIN_MAX]>,
    length: usize,
}

impl<'s> Chain<'s> {
    /// The links in order.
    pub fn links(&self) -> impl Iterator<Item = &Link<'s>> {
        self.links.iter().flatten().flatten()
    }

    /// How many links there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing was followed.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether a link has this RRset.
    pub(super) fn has(&self, rrset: Rrset<'_>) -> bool {
        self.links().any(|link| link.is_of(rrset))
    }

    /// Takes in the link of the name with this hash, unless the chain is full or has come round to where it was: to the
    /// same RRset at the same name. At another name it is another alias, by a wildcard's CNAME or by a DNAME.
    pub(super) fn push(
        &mut self,
        name_hash: u64,
        rrset: Rrset<'s>,
        kind: LinkKind,
        steered: Option<SteeredLink<'s>>,
    ) -> bool {
        let mut is_met_again = false;
        for link in self.links().filter(|link| link.is_of(rrset)) {
            if link.name_hash == name_hash {
                return false;
            }
            is_met_again = true;
        }
        let links = self.links.get_or_insert_default();
        let Some(place) = links.get_mut(self.length) else { return false };
        *place = Some(Link { rrset, name_hash, is_met_again, kind, steered, next_apex: None });
        self.length += 1;
        true
    }

    /// Why rules chose the aliases that they steer: the first reason that is not the best there is. `None` where none is
    /// steered.
    pub fn reason(&self) -> Option<Reason> {
        let reasons = || self.links().filter_map(|link| link.steered).map(|steered| steered.reason);
        reasons().find(|&reason| reason != Reason::Healthy).or_else(|| reasons().next())
    }

    pub(super) fn last(&self) -> Option<&Link<'s>> {
        self.links.as_ref()?[..self.length].last()?.as_ref()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Link<'s>> {
        self.links.as_mut()?[..self.length].last_mut()?.as_mut()
    }
}
