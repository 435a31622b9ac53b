//! What a rule asks of a pool, and the records that a member answers it with.

use std::net::IpAddr;
use std::sync::Arc;

use super::pool::{Member, Pool, PoolKind};
use crate::wire::Content;
use crate::wire::{Family, class};
use crate::zone::Hints;

/// What a record begins with: a pointer to the question's name (RFC 1035 §4.1.4), which stands behind the header.
const OWNER: [u8; 2] = [0xC0, 12];
/// Octets of a record in front of its data: owner 2, type 2, class 2, TTL 4, RDLENGTH 2.
pub const RECORD_HEAD: usize = 12;

/// What a rule asks of a pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'p> {
    /// Of so many members.
    pub(super) answers: u16,
    /// What.
    pub(super) records: AskedRecords<'p>,
}

/// Which records a member is to answer with.
#[derive(Debug, Clone, Copy)]
pub(super) enum AskedRecords<'p> {
    /// Its address of a family.
    Address(Family),
    /// Its data, as records of this type.
    Data(u16),
    /// This RRset, with its addresses as hints.
    Hints(&'p Hints),
}

impl<'p> Asked<'p> {
    /// Everything that is asked of a pool for one content, in the order of [`Pool::answers`] or [`Pool::hints`].
    pub(super) fn of(pool: &'p Pool, content: Content) -> impl Iterator<Item = Asked<'p>> {
        let (records, hints): (_, &[Arc<Hints>]) = match (pool.kind, content.family()) {
            (PoolKind::Addresses, Some(family)) => (Some(AskedRecords::Address(family)), &[]),
            (PoolKind::Addresses, None) => (None, &pool.hints),
            (PoolKind::Records(rtype), None) => (Some(AskedRecords::Data(rtype)), &[]),
            (PoolKind::Records(_), Some(_)) => (None, &[]),
        };
        let numbers = move |records| pool.answers.iter().map(move |&answers| Asked { answers, records });
        let with_hints = |hints: &'p Arc<Hints>| Asked { answers: 1, records: AskedRecords::Hints(hints) };
        records.into_iter().flat_map(numbers).chain(hints.iter().map(with_hints))
    }
}

impl Asked<'_> {
    /// Where a pool has its sets for the same, if that is asked of it too.
    pub(super) fn place_in(&self, pool: &Pool) -> Option<usize> {
        match self.records {
            AskedRecords::Hints(hints) => pool.hints.iter().position(|known| **known == *hints),
            AskedRecords::Address(_) | AskedRecords::Data(_) => {
                pool.answers.binary_search(&self.answers).ok()
            }
        }
    }
}

impl AskedRecords<'_> {
    /// Octets of each record, where all have the same length because they are addresses.
    pub(super) fn fixed_length(self) -> Option<usize> {
        match self {
            AskedRecords::Address(family) => Some(record_length(family)),
            AskedRecords::Data(_) | AskedRecords::Hints(_) => None,
        }
    }

    /// Appends the records of a member; how many they are. `families` says which of its addresses may be hints.
    pub(super) fn push(self, member: &Member, families: [bool; 2], into: &mut Vec<u8>) -> u16 {
        match self {
            AskedRecords::Address(family) => {
                match member.address(family).expect("only members with an address are given") {
                    IpAddr::V4(address) => push_record(into, family.rtype(), &address.octets()),
                    IpAddr::V6(address) => push_record(into, family.rtype(), &address.octets()),
                }
                1
            }
            AskedRecords::Data(rtype) => {
                member.data.iter().for_each(|data| push_record(into, rtype, data));
                member.data.len() as u16
            }
            AskedRecords::Hints(hints) => {
                let [ipv4, ipv6] = families;
                let all = hints.data(member.ipv4.filter(|_| ipv4), member.ipv6.filter(|_| ipv6));
                all.iter().for_each(|data| push_record(into, hints.rtype(), data));
                all.len() as u16
            }
        }
    }
}

/// Octets of one record of a family: 16 for A, 28 for AAAA.
pub fn record_length(family: Family) -> usize {
    match family {
        Family::V4 => RECORD_HEAD + 4,
        Family::V6 => RECORD_HEAD + 16,
    }
}

fn push_record(records: &mut Vec<u8>, rtype: u16, data: &[u8]) {
    records.extend(OWNER);
    records.extend(rtype.to_be_bytes());
    records.extend(class::IN.to_be_bytes());
    records.extend(0u32.to_be_bytes());
    records.extend((data.len() as u16).to_be_bytes());
    records.extend(data);
}
