//! What a pool can answer with at one moment: every variant in wire form, and the exact chance of each.
//!
//! A draw is two independent digits of one random word: the variant, by an alias table, and which of its members stands
//! first (`weighted` has the proof that this gives the shares of semantics §3; one table over both together would need
//! numbers beyond 64 bits for large pools).
//!
//! The domain of the two fits 64 bits: with n members of weight 65535 at most and W the sum of their weights, there
//! are at most n variants of at most W points, and at most W·n points for the first place: n·W·W·n ≤ (n²·65535)², which
//! is (2¹⁶·65535)² < 2⁶⁴ for the n = 256 of `MEMBERS_MAX`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::alias::AliasTable;
use super::first_place::FirstPlace;
use super::pool::{MEMBERS_MAX, Pick, Pool};
use super::variants::Variants;
use super::{all, grouped, weighted, word};
use crate::wire::{Family, class};

/// What a record begins with: a pointer to the question's name (RFC 1035 §4.1.4), which stands behind the header.
const OWNER: [u8; 2] = [0xC0, 12];
/// Octets of a record in front of its address: owner 2, type 2, class 2, TTL 4, RDLENGTH 2.
const RECORD_HEAD: usize = 12;

/// The variants a pool can give at this moment, with their probabilities, in wire form. Immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSet {
    /// One record for each member of the set, in the fixed order, all of `record_length`.
    records: Box<[u8]>,
    record_length: usize,
    /// The members of the set by their index in the pool, in the fixed order.
    members: Box<[u16]>,
    /// The variants one after the other: `width` members each, by their number in `members`.
    lists: Box<[u16]>,
    width: usize,
    variant: AliasTable,
    first: FirstPlace,
    /// See [`word::unfair_below`].
    unfair_below: u64,
}

impl AnswerSet {
    /// Compiles what a pool gives when it gives these members (by index, in the fixed order, at least one, each with
    /// an address of the family). Members that all have weight 0 get equal shares.
    pub(super) fn compile(pool: &Pool, family: Family, members: &[u16], answers: u16) -> AnswerSet {
        debug_assert!(answers > 0);
        let variants = match pool.pick {
            Pick::All => all::variants(members.len(), answers.into()),
            Pick::Weighted | Pick::Hash => by_weight(pool, members, answers.into()),
        };
        AnswerSet::with_variants(pool, family, members, variants)
    }

    /// The same with variants that are known.
    pub(super) fn with_variants(
        pool: &Pool,
        family: Family,
        members: &[u16],
        Variants { width, lists, weights, first }: Variants,
    ) -> AnswerSet {
        debug_assert!(!members.is_empty() && members.len() <= MEMBERS_MAX);
        let mut set = AnswerSet {
            records: records(pool, family, members),
            record_length: record_length(family),
            members: members.into(),
            lists: lists.into(),
            width,
            variant: AliasTable::new(&weights),
            first,
            unfair_below: 0,
        };
        set.unfair_below = word::unfair_below(set.domain());
        set
    }

    /// The members it is over, by index in the pool, in the fixed order.
    pub(super) fn members(&self) -> &[u16] {
        &self.members
    }

    /// Draws with one random word. The result lists records in the order in which they go out. No outcome is more
    /// likely than its share: the few words that would make it so are replaced by words that follow from them.
    #[inline]
    pub fn draw(&self, word: u64) -> Drawn<'_> {
        word::fair(word, self.unfair_below, |word| self.spend(word))
    }

    /// The answer of this variant in which the first of its list stands first.
    pub(super) fn variant(&self, number: u16) -> Drawn<'_> {
        Drawn { set: self, variant: number.into(), first: 0 }
    }

    /// The size of the draw: [`AnswerSet::draw_at`] over 0..domain covers every outcome exactly as often as its share.
    pub fn domain(&self) -> u64 {
        self.variant.domain() * self.first.domain()
    }

    /// The outcome of one value of the draw, below [`AnswerSet::domain`].
    pub fn draw_at(&self, value: u64) -> Drawn<'_> {
        self.spend(word::word_of(value, self.domain())).0
    }

    /// Every variant with its exact probability (numerator, denominator) in lowest terms, for `explain`; members by
    /// their index in the pool, in the fixed order.
    pub fn variants(&self) -> Vec<(Vec<usize>, (u64, u64))> {
        let points = self.variant.points();
        let with_chance = |(list, points): (&[u16], u64)| {
            let mut list = list.to_vec();
            list.sort_unstable();
            let members = list.into_iter().map(|number| self.members[usize::from(number)].into());
            (members.collect(), word::lowest_terms(points, self.variant.domain()))
        };
        self.lists.chunks_exact(self.width).zip(points).map(with_chance).collect()
    }

    /// Per member of the set, ascending by its index in the pool: its exact share of answers and of first places.
    pub fn shares(&self) -> Vec<MemberShare> {
        let mut answer = vec![0; self.members.len()];
        let mut first = vec![0; self.members.len()];
        let lists = self.lists.chunks_exact(self.width).enumerate();
        for ((variant, list), points) in lists.zip(self.variant.points()) {
            for (&number, first_points) in list.iter().zip(self.first.points(variant, self.width)) {
                answer[usize::from(number)] += points;
                first[usize::from(number)] += points * first_points;
            }
        }
        let share = |(number, &member): (usize, &u16)| MemberShare {
            member: member.into(),
            answer: word::lowest_terms(answer[number], self.variant.domain()),
            first: word::lowest_terms(first[number], self.domain()),
        };
        let mut shares: Vec<_> = self.members.iter().enumerate().map(share).collect();
        shares.sort_unstable_by_key(|share| share.member);
        shares
    }

    /// The outcome that a word falls on, and what is left of the word.
    #[inline]
    fn spend(&self, word: u64) -> (Drawn<'_>, u64) {
        let (variant, word) = self.variant.pick(word);
        let (first, word) = self.first.pick(variant, word);
        (Drawn { set: self, variant: variant as u32, first: first as u32 }, word)
    }
}

/// The share of one member of an answer set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberShare {
    /// Index in the pool.
    pub member: usize,
    /// Probability of standing in the answer (numerator, denominator), in lowest terms.
    pub answer: (u64, u64),
    /// Probability of standing first.
    pub first: (u64, u64),
}

/// One drawn answer: members in order of appearance. A record is whole: the owner 0xC00C, type, class IN, TTL 0 (render
/// patches it), RDLENGTH, address: 16 octets for A, 28 for AAAA.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'s> {
    set: &'s AnswerSet,
    /// Number of the variant.
    variant: u32,
    /// The place in its list that comes first.
    first: u32,
}

impl<'s> Drawn<'s> {
    /// The set that it was drawn from.
    #[inline]
    pub fn set(&self) -> &'s AnswerSet {
        self.set
    }

    /// Number of records; at least 1.
    #[inline]
    pub fn record_count(&self) -> usize {
        self.set.width
    }

    /// The records in order; all have the same length.
    #[inline]
    pub fn records(&self) -> impl Iterator<Item = &'s [u8]> + use<'s> {
        let (drawn, length) = (*self, self.set.record_length);
        (0..self.set.width).map(move |place| &drawn.set.records[drawn.number(place) * length..][..length])
    }

    /// The record, where there is but one.
    #[inline(always)]
    pub fn only_record(&self) -> Option<&'s [u8]> {
        if self.set.width > 1 {
            return None;
        }
        let number = usize::from(*self.set.lists.get(self.variant as usize)?);
        let length = self.set.record_length;
        self.set.records.get(number * length..)?.get(..length)
    }

    /// The members in order, by index in the pool.
    pub fn members(&self) -> impl Iterator<Item = usize> + use<'s> {
        let drawn = *self;
        (0..self.set.width).map(move |place| drawn.set.members[drawn.number(place)].into())
    }

    /// The number in the set of the member at a place, which is below the number of records.
    #[inline]
    fn number(&self, place: usize) -> usize {
        let AnswerSet { lists, width, .. } = self.set;
        // From the first one to the end of the list, then from its beginning to the first one.
        let rotated = self.first as usize + place;
        let place = if rotated < *width { rotated } else { rotated - width };
        lists[self.variant as usize * width + place].into()
    }
}

/// Octets of one record of a family: 16 for A, 28 for AAAA.
pub fn record_length(family: Family) -> usize {
    match family {
        Family::V4 => RECORD_HEAD + 4,
        Family::V6 => RECORD_HEAD + 16,
    }
}

/// Members by weight, several of them from different groups.
fn by_weight(pool: &Pool, members: &[u16], answers: usize) -> Variants {
    let weights = weights(pool, members);
    match groups(pool, members) {
        Some(groups) if answers > 1 => grouped::variants(&weights, &groups, answers),
        _ => weighted::variants(&weights, answers),
    }
}

/// For each of these members the number of its group; those without one have one each. `None` where no two are in one.
pub(super) fn groups(pool: &Pool, members: &[u16]) -> Option<Vec<usize>> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shared = false;
    let of_member = |(number, &index): (usize, &u16)| {
        let Some(group) = &pool.members[usize::from(index)].group else { return number };
        let group = *numbers.entry(group).or_insert(number);
        shared |= group != number;
        group
    };
    let numbers = members.iter().enumerate().map(of_member).collect();
    shared.then_some(numbers)
}

/// The weights of members, or equal ones where all are 0.
pub(super) fn weights(pool: &Pool, members: &[u16]) -> Vec<u32> {
    let weight = |&index: &u16| u32::from(pool.members[usize::from(index)].weight);
    let weights: Vec<_> = members.iter().map(weight).collect();
    if weights.contains(&0) { vec![1; members.len()] } else { weights }
}

/// The records of members, one after the other.
fn records(pool: &Pool, family: Family, members: &[u16]) -> Box<[u8]> {
    let mut records = Vec::with_capacity(members.len() * record_length(family));
    for &index in members {
        match pool.members[usize::from(index)]
            .address(family)
            .expect("only members with an address are given")
        {
            IpAddr::V4(address) => push_record(&mut records, family, &address.octets()),
            IpAddr::V6(address) => push_record(&mut records, family, &address.octets()),
        }
    }
    records.into()
}

fn push_record(records: &mut Vec<u8>, family: Family, address: &[u8]) {
    records.extend(OWNER);
    records.extend(family.rtype().to_be_bytes());
    records.extend(class::IN.to_be_bytes());
    records.extend(0u32.to_be_bytes());
    records.extend((address.len() as u16).to_be_bytes());
    records.extend(address);
}

#[cfg(test)]
mod tests;
