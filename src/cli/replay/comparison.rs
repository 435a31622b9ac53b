//! Which answers differ between two configurations, for how many queries, clients and names.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::explain::replay::{Difference, Profile};
use crate::geo::Prefix;
use crate::wire::Family;

/// Clients that are told apart; those beyond are counted with nobody.
const CLIENTS_MAX: usize = 1 << 20;
/// Names and types that are told apart.
const NAMES_MAX: usize = 1 << 18;
/// Names that are shown.
const NAMES_SHOWN: usize = 10;

/// Changes, summed up.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Well-formed questions.
    pub(super) queries: u64,
    /// Those that get another answer.
    pub(super) changed: u64,
    /// Those that get another code, other records, another TTL, another scope.
    pub(super) parts: [u64; 4],
    /// Whether any of their answers changed.
    clients: HashMap<Prefix, bool>,
    /// Queries of clients that there was no room for.
    pub(super) beyond: u64,
    /// Queries, and changed answers.
    names: HashMap<Question, (u64, u64)>,
}

/// A name in wire form, and a type.
type Question = (Box<[u8]>, u16);

/// A name whose answers changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangedName {
    /// In wire form.
    pub(super) name: Box<[u8]>,
    /// Its type.
    pub(super) rtype: u16,
    /// Queries.
    pub(super) queries: u64,
    /// Those that get another answer.
    pub(super) changed: u64,
}

impl Comparison {
    /// Takes in what one query gets from both.
    pub(super) fn add(&mut self, source: IpAddr, old: Option<&Profile>, new: Option<&Profile>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        let difference = Difference::between(old, new);
        let Difference { rcode, records, ttl, scope } = difference;
        let changed = difference.is_any();
        self.queries += 1;
        self.changed += u64::from(changed);
        for (part, differs) in self.parts.iter_mut().zip([rcode, records, ttl, scope]) {
            *part += u64::from(differs);
        }
        // A client is a subnet, or whoever asks by itself.
        let client = old.subnet.unwrap_or(Prefix::around(source, Family::of(source).bits()));
        let has_room = self.clients.len() < CLIENTS_MAX;
        match self.clients.get_mut(&client) {
            Some(known) => *known |= changed,
            None if has_room => drop(self.clients.insert(client, changed)),
            None => self.beyond += 1,
        }
        let has_room = self.names.len() < NAMES_MAX;
        let key = (old.name.clone(), old.rtype);
        if has_room || self.names.contains_key(&key) {
            let counts = self.names.entry(key).or_default();
            *counts = (counts.0 + 1, counts.1 + u64::from(changed));
        }
    }

    /// Clients, and those with another answer to any of their queries.
    pub(super) fn clients(&self) -> (u64, u64) {
        let changed = self.clients.values().filter(|changed| **changed).count();
        (self.clients.len() as u64, changed as u64)
    }

    /// The names with the most changed answers.
    pub(super) fn top_names(&self) -> Vec<ChangedName> {
        let changed = self.names.iter().filter(|(_, (_, changed))| *changed > 0);
        let mut names: Vec<ChangedName> = changed
            .map(|((name, rtype), &(queries, changed))| ChangedName {
                name: name.clone(),
                rtype: *rtype,
                queries,
                changed,
            })
            .collect();
        names.sort_by(|one, other| {
            let key = |name: &ChangedName| (std::cmp::Reverse(name.changed), name.name.clone(), name.rtype);
            key(one).cmp(&key(other))
        });
        names.truncate(NAMES_SHOWN);
        names
    }
}
