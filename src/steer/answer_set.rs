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

use super::alias::AliasTable;
use super::asked::{Asked, AskedRecords};
use super::first_place::FirstPlace;
use super::pool::{MEMBERS_MAX, Pick, Pool};
use super::variants::Variants;
use super::{all, grouped, weighted, word};

/// The variants a pool can give at this moment, with their probabilities, in wire form. Immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSet {
    /// One record for each member of the set, in the fixed order, all of `record_length`; none where they have data.
    records: Box<[u8]>,
    /// Above 0, so that where there are no such records none is found. So small a number that no place in `records` is beyond
    /// what a `usize` counts: nothing is checked for that.
    record_length: u16,
    /// Their records, where these are no addresses.
    data: Option<Box<Data>>,
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

/// Records of any length, any number of them for each member of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Data {
    /// Those of all members, in the fixed order.
    records: Box<[u8]>,
    /// For each member where its records end, and how many they are.
    members: Box<[(u32, u16)]>,
}

/// Which of a member's addresses may be hints: of a family (by its index) in which the member of this index is given.
pub(super) type HintFamilies<'h> = &'h dyn Fn(u16) -> [bool; 2];

impl AnswerSet {
    /// Compiles what a pool gives when it gives these members (by index, in the fixed order, at least one, each with
    /// what is asked for). Members that all have weight 0 get equal shares.
    pub(super) fn compile(
        pool: &Pool,
        Asked { answers, records }: Asked<'_>,
        members: &[u16],
        families: HintFamilies<'_>,
    ) -> AnswerSet {
        debug_assert!(answers > 0);
        let variants = match pool.pick {
            Pick::All => all::variants(members.len(), answers.into()),
            Pick::Weighted | Pick::Hash => by_weight(pool, members, answers.into()),
        };
        AnswerSet::with_variants(pool, records, members, families, variants)
    }

    /// The same with variants that are known.
    pub(super) fn with_variants(
        pool: &Pool,
        asked: AskedRecords<'_>,
        members: &[u16],
        families: HintFamilies<'_>,
        Variants { width, lists, weights, first }: Variants,
    ) -> AnswerSet {
        debug_assert!(!members.is_empty() && members.len() <= MEMBERS_MAX);
        let (records, record_length, data) = match asked.fixed_length() {
            Some(length) => (self::records(pool, asked, members, length), length as u16, None),
            None => (Box::default(), 1, Some(Box::new(Data::of(pool, asked, members, families)))),
        };
        let mut set = AnswerSet {
            records,
            record_length,
            data,
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

    /// The variants: the members of each, by their number in [`AnswerSet::members`].
    pub(super) fn lists(&self) -> impl Iterator<Item = &[u16]> {
        self.lists.chunks_exact(self.width)
    }

    /// The records of a member of the set, by its index in the pool; none where it is not in the set.
    pub fn records_of(&self, member: usize) -> &[u8] {
        let Some(number) = self.members.iter().position(|&index| usize::from(index) == member) else {
            return &[];
        };
        match &self.data {
            Some(data) => data.of_member(number).0,
            None => self.record(number),
        }
    }

    /// The record of the member of this number in the set, which is an address.
    fn record(&self, number: usize) -> &[u8] {
        self.record_at(number as u16).expect("addresses have a record for each member")
    }

    /// The same; `None` where the members have data.
    #[inline(always)]
    fn record_at(&self, number: u16) -> Option<&[u8]> {
        let length = usize::from(self.record_length);
        let start = usize::from(number) * length;
        self.records.get(start..start + length)
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
        self.lists().zip(points).map(with_chance).collect()
    }

    /// Per member of the set, ascending by its index in the pool: its exact share of answers and of first places.
    pub fn shares(&self) -> Vec<MemberShare> {
        let mut answer = vec![0; self.members.len()];
        let mut first = vec![0; self.members.len()];
        let lists = self.lists().enumerate();
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

impl Data {
    /// The records of these members.
    fn of(pool: &Pool, asked: AskedRecords<'_>, members: &[u16], families: HintFamilies<'_>) -> Data {
        let mut records = Vec::new();
        let of_member = |&index: &u16| {
            let count = asked.push(&pool.members[usize::from(index)], families(index), &mut records);
            (records.len() as u32, count)
        };
        let members = members.iter().map(of_member).collect();
        Data { records: records.into(), members }
    }

    /// The records of the member of this number in the set, and how many they are.
    fn of_member(&self, number: usize) -> (&[u8], u16) {
        let (end, count) = self.members[number];
        let start = number.checked_sub(1).map_or(0, |before| self.members[before].0);
        (&self.records[start as usize..end as usize], count)
    }
}

/// One drawn answer: members in order of appearance. A record is whole: the owner 0xC00C, type, class IN, TTL 0 (render
/// patches it), RDLENGTH, data: with an address 16 octets for A, 28 for AAAA.
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

    /// Number of members; at least 1.
    #[inline]
    pub fn member_count(&self) -> usize {
        self.set.width
    }

    /// Whether the records are no addresses.
    #[inline]
    pub fn has_data(&self) -> bool {
        self.set.data.is_some()
    }

    /// The records of the members in order, and how many each has, where these are no addresses.
    #[inline]
    pub fn data(&self) -> Option<impl Iterator<Item = (&'s [u8], u16)> + use<'s>> {
        let drawn = *self;
        let data = self.set.data.as_deref()?;
        Some((0..self.set.width).map(move |place| data.of_member(drawn.number(place))))
    }

    /// The records of the member in front, and how many they are, where these are no addresses.
    pub fn first_data(&self) -> Option<(&'s [u8], u16)> {
        self.data()?.next()
    }

    /// The records of addresses in order; all have the same length. Not to be asked where there is [`Drawn::data`].
    #[inline]
    pub fn records(&self) -> impl Iterator<Item = &'s [u8]> + use<'s> {
        let drawn = *self;
        (0..self.set.width).map(move |place| drawn.set.record(drawn.number(place)))
    }

    /// The record, where there is but one, of an address.
    #[inline(always)]
    pub fn only_record(&self) -> Option<&'s [u8]> {
        if self.set.width > 1 {
            return None;
        }
        self.set.record_at(*self.set.lists.get(self.variant as usize)?)
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

/// The records of members, one of this length for each, one after the other.
fn records(pool: &Pool, asked: AskedRecords<'_>, members: &[u16], length: usize) -> Box<[u8]> {
    let mut records = Vec::with_capacity(members.len() * length);
    for &index in members {
        asked.push(&pool.members[usize::from(index)], [true; 2], &mut records);
    }
    records.into()
}

#[cfg(test)]
mod tests;
