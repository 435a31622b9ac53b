//! Which names are compared: every owner and type that a rule steers on either side.

use std::collections::BTreeMap;

use super::passage::Lane;
use crate::snapshot::Snapshot;
use crate::wire::{Name, QuestionName};
use crate::zone::{Lookup, Rrset};

/// One owner and type, and what answers for it on the old and on the new side.
pub(super) struct Compared {
    /// The owner name.
    pub(super) owner: Name,
    /// The type that is asked for.
    pub(super) rtype: u16,
    /// Old and new.
    pub(super) sides: [Steered; 2],
}

/// What answers for a name on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Steered {
    /// A rule, by its number: its own, or that of a wildcard.
    Rule(u32),
    /// The RRset that stands in the master file, for it or for the wildcard above it.
    Static,
    /// Nothing has the name and type.
    Absent,
}

/// The names that a rule steers on either side, in canonical order.
pub(super) fn compared(sides: [&Snapshot; 2]) -> Vec<Compared> {
    let mut names: BTreeMap<(&Name, u16), [Option<u32>; 2]> = BTreeMap::new();
    for (side, snapshot) in sides.into_iter().enumerate() {
        for (label, rule) in snapshot.configuration.rule_labels.iter().zip(0..) {
            names.entry((&label.owner, label.rtype)).or_default()[side] = Some(rule);
        }
    }
    let pair = |((owner, rtype), rules): ((&Name, u16), [Option<u32>; 2])| {
        let mut side = 0;
        let sides = rules.map(|rule| {
            let snapshot = sides[side];
            side += 1;
            match rule {
                Some(rule) => Steered::Rule(rule),
                None => match rrset(snapshot, owner, rtype) {
                    Some(rrset) => rrset.rule().map_or(Steered::Static, Steered::Rule),
                    None => Steered::Absent,
                },
            }
        });
        Compared { owner: owner.clone(), rtype, sides }
    };
    names.into_iter().map(pair).collect()
}

impl Compared {
    /// The maps that steer it.
    pub(super) fn lane(&self, sides: [&Snapshot; 2]) -> Lane {
        let map = |side: usize| match self.sides[side] {
            Steered::Rule(rule) => sides[side].configuration.rules[rule as usize].map,
            Steered::Static | Steered::Absent => None,
        };
        [map(0), map(1)]
    }
}

/// The RRset that the master file has for a name and a type, by itself or by a wildcard.
pub(super) fn rrset<'s>(snapshot: &'s Snapshot, owner: &Name, rtype: u16) -> Option<Rrset<'s>> {
    let mut name = QuestionName::default();
    name.set(owner);
    let (zone, _) = snapshot.zones.find(&name, rtype)?;
    match zone.find(&name, rtype) {
        Lookup::Found { node, .. } => node.rrset(rtype),
        Lookup::Referral(_) | Lookup::Redirected(_) | Lookup::NoName => None,
    }
}
