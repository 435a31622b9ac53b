//! What a class of clients gets for a name, in a form in which the two sides can be compared: words instead of ids,
//! records instead of members.

use std::collections::HashMap;
use std::hash::Hash;

use super::names::{self, Compared, Steered};
use crate::geo::{ClassId, SiteId};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{self, AnswerSet, Candidates, Given, Pool, PoolId, Rule};
use crate::wire::Name;

/// Who answers, in one word: a site, a pool without one, or what answers in place of pools.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whence {
    /// The site of the pool that answers.
    Site(String),
    /// The pool that answers, which has no site.
    Pool(String),
    /// The default RRset, or the RRset of a name that is not steered.
    Rrset,
    /// NODATA, by the rule.
    NoData,
    /// Nothing: the name or the type does not exist.
    Nothing,
}

/// What a class of clients gets: numbers that are equal on both sides where the things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The sites of the candidates, in order.
    pub(super) sites: u32,
    /// The variants and their probabilities.
    pub(super) answers: u32,
    /// Who gives them, among [`Outcomes::whences`].
    pub(super) whence: u32,
    /// Seconds.
    pub(super) ttl: u32,
}

/// A probability in lowest terms: numerator and denominator.
type Chance = (u64, u64);

/// What can be given out, as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Answers {
    /// A draw from a set.
    Drawn {
        /// Records that go out together, those of each member in one, sorted, and how likely they are.
        variants: Vec<(Vec<Vec<u8>>, Chance)>,
        /// How likely those of each member stand first.
        first: Vec<(Vec<u8>, Chance)>,
    },
    /// An RRset as it stands in the master file: the data of its records, sorted.
    Rrset(Vec<Vec<u8>>),
    NoData,
    Nothing,
}

/// Finds outcomes, and keeps what names have in common.
pub(super) struct Outcomes<'p> {
    sides: [&'p Snapshot; 2],
    sites: Numbers<Vec<String>>,
    answers: Numbers<Answers>,
    whences: Numbers<Whence>,
    /// The number of what a set gives, by where the set stands in memory.
    sets: HashMap<*const AnswerSet, u32>,
    /// The sites of candidates, by where these stand in memory and the class.
    orders: HashMap<(*const Candidates, ClassId), u32>,
}

impl<'p> Outcomes<'p> {
    /// For these generations, which stay where they are meanwhile.
    pub(super) fn new(sides: [&'p Snapshot; 2]) -> Outcomes<'p> {
        Outcomes {
            sides,
            sites: Numbers::default(),
            answers: Numbers::default(),
            whences: Numbers::default(),
            sets: HashMap::new(),
            orders: HashMap::new(),
        }
    }

    /// Who gives something, by number.
    pub(super) fn whences(&self) -> &[Whence] {
        &self.whences.all
    }

    /// What a class gets for a name on the old (0) or the new (1) side.
    pub(super) fn of(&mut self, name: &Compared, side: usize, class: ClassId) -> Outcome {
        match name.sides[side] {
            Steered::Rule(rule) => self.steered(name, side, rule, class),
            Steered::Static | Steered::Absent => self.unsteered(name, side),
        }
    }

    fn steered(&mut self, name: &Compared, side: usize, rule: u32, class: ClassId) -> Outcome {
        let snapshot = self.sides[side];
        let rule = &snapshot.configuration.rules[rule as usize];
        let choice = steer::choose(rule, class, |pool| snapshot.pool(pool, rule.content));
        let sites = self.order(&snapshot.configuration, rule, class);
        let (answers, whence) = match choice.given {
            Given::Set(pool, set) => {
                let pool = pool_of(&snapshot.configuration, pool);
                (self.drawn(set), whence(&snapshot.configuration, pool))
            }
            Given::DefaultRrset => (self.rrset(side, &name.owner, name.rtype), Whence::Rrset),
            Given::NoData => (self.answers.number(Answers::NoData), Whence::NoData),
        };
        Outcome { sites, answers, whence: self.whences.number(whence), ttl: choice.ttl }
    }

    fn unsteered(&mut self, name: &Compared, side: usize) -> Outcome {
        let rrset = names::rrset(self.sides[side], &name.owner, name.rtype);
        let whence = if rrset.is_some() { Whence::Rrset } else { Whence::Nothing };
        Outcome {
            sites: self.sites.number(Vec::new()),
            answers: self.rrset(side, &name.owner, name.rtype),
            whence: self.whences.number(whence),
            ttl: rrset.map_or(0, |rrset| rrset.ttl()),
        }
    }

    fn rrset(&mut self, side: usize, owner: &Name, rtype: u16) -> u32 {
        let answers = names::rrset(self.sides[side], owner, rtype).map_or(Answers::Nothing, |rrset| {
            let mut data: Vec<Vec<u8>> = rrset.full_rdata();
            data.sort_unstable();
            Answers::Rrset(data)
        });
        self.answers.number(answers)
    }

    fn drawn(&mut self, set: &AnswerSet) -> u32 {
        if let Some(&known) = self.sets.get(&std::ptr::from_ref(set)) {
            return known;
        }
        let number = self.answers.number(drawn(set));
        self.sets.insert(set, number);
        number
    }

    fn order(&mut self, configuration: &Configuration, rule: &Rule, class: ClassId) -> u32 {
        // Rules that share candidates have the same sites at the same places of their lists.
        let key = (std::sync::Arc::as_ptr(&rule.candidates), class);
        if let Some(&known) = self.orders.get(&key) {
            return known;
        }
        let candidates = rule.candidates.of(class).iter().map(|&index| rule.pools[usize::from(index)].pool);
        let sites = candidates.filter_map(|pool| pool_of(configuration, pool).site);
        let mut sites: Vec<String> = sites.map(|site| site_name(configuration, site).to_owned()).collect();
        sites.dedup();
        let number = self.sites.number(sites);
        self.orders.insert(key, number);
        number
    }
}

fn pool_of(configuration: &Configuration, pool: PoolId) -> &Pool {
    &configuration.pools[pool.0 as usize]
}

fn site_name(configuration: &Configuration, site: SiteId) -> &str {
    &configuration.sites[usize::from(site.0)].name
}

fn whence(configuration: &Configuration, pool: &Pool) -> Whence {
    match pool.site {
        Some(site) => Whence::Site(site_name(configuration, site).to_owned()),
        None => Whence::Pool(pool.name.clone()),
    }
}

/// What a set gives, by records: members with the same ones are one to a client.
fn drawn(set: &AnswerSet) -> Answers {
    let records = |member: usize| set.records_of(member).to_vec();
    let variants = set.variants().into_iter().map(|(members, chance)| {
        let mut given: Vec<Vec<u8>> = members.into_iter().map(records).collect();
        given.sort_unstable();
        (given, chance)
    });
    let shares = set.shares();
    let first = shares.iter().map(|share| (records(share.member), share.first));
    Answers::Drawn { variants: summed(variants.collect()), first: summed(first.collect()) }
}

/// Sorted, with the chances of equal things summed up.
fn summed<T: Ord>(mut things: Vec<(T, Chance)>) -> Vec<(T, Chance)> {
    things.sort_by(|(one, _), (other, _)| one.cmp(other));
    things.dedup_by(|(later, chance), (earlier, sum)| {
        let same = later == earlier;
        if same {
            *sum = plus(*sum, *chance);
        }
        same
    });
    things
}

/// The sum of two probabilities of one set, whose denominators divide the domain of its draw, which fits 64 bits.
fn plus((one, of_one): Chance, (other, of_other): Chance) -> Chance {
    let [one, of_one, other, of_other] = [one, of_one, other, of_other].map(u128::from);
    let (sum, of_sum) = (one * of_other + other * of_one, of_one * of_other);
    let common = greatest_common_divisor(sum, of_sum);
    ((sum / common) as u64, (of_sum / common) as u64)
}

fn greatest_common_divisor(mut one: u128, mut other: u128) -> u128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Things and their numbers, dense from 0, equal things with one number.
struct Numbers<T> {
    numbers: HashMap<T, u32>,
    all: Vec<T>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Numbers { numbers: HashMap::new(), all: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn number(&mut self, thing: T) -> u32 {
        if let Some(&known) = self.numbers.get(&thing) {
            return known;
        }
        let number = self.all.len() as u32;
        self.all.push(thing.clone());
        self.numbers.insert(thing, number);
        number
    }
}
