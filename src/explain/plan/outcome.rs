//! What a class of clients gets for a name, in a form in which the two sides can be compared: words instead of ids,
//! records instead of members.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::rc::Rc;

use super::amount::SLOTS;
use super::names::{self, Compared, Steered};
use crate::geo::{ClassId, SiteId};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{
    self, AnswerSet, Candidates, Given, HashPrefix, Leaf, Pool, PoolId, PoolSet, Rule, Slot, Trickle,
};
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
    /// What the client's network decides: what each slot gives, and what makes clients one network.
    BySlot {
        /// The lengths of its prefixes.
        prefix: HashPrefix,
        /// For each slot the number of what it gives, and who gives that, among [`Outcomes::whences`].
        slots: Vec<(u32, u32)>,
    },
    /// One of several: the probability of each as factors, and its number.
    OneOf(Vec<(Vec<Chance>, u32)>),
    /// These addresses in this order.
    Fixed(Vec<Vec<u8>>),
    NoData,
    Nothing,
}

/// What is given and who gives it, by numbers, on one side and on the other.
pub(super) type BothSides = [(u32, u32); 2];
/// What some slots are given, old and new, and how many slots these are.
pub(super) type SlotPair = (BothSides, u16);

/// Finds outcomes, and keeps what names have in common.
pub(super) struct Outcomes<'p> {
    sides: [&'p Snapshot; 2],
    sites: Numbers<Vec<String>>,
    answers: Numbers<Answers>,
    whences: Numbers<Whence>,
    /// The number of what a set gives, by where the set stands in memory.
    sets: HashMap<*const AnswerSet, u32>,
    /// The same of what looks at the client's network or picks another pool.
    sets_apart: HashMap<*const PoolSet, u32>,
    /// The number of what a trickle makes of what it keeps and what it lets pass.
    trickled: HashMap<(Trickle, BothSides), u32>,
    /// What pairs of outcomes give to how many slots.
    pairs: HashMap<BothSides, Rc<[SlotPair]>>,
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
            sets_apart: HashMap::new(),
            trickled: HashMap::new(),
            pairs: HashMap::new(),
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

    /// What a pair of outcomes gives to the networks of each slot, old and new: numbers of answers and of who gives them, and
    /// to how many slots.
    pub(super) fn by_slots(&mut self, old: Outcome, new: Outcome) -> Rc<[SlotPair]> {
        let pair = [old, new].map(|outcome| (outcome.answers, outcome.whence));
        if let Some(known) = self.pairs.get(&pair) {
            return Rc::clone(known);
        }
        let counted: Rc<[SlotPair]> = self.count_slots(old, new).into();
        self.pairs.insert(pair, Rc::clone(&counted));
        counted
    }

    fn count_slots(&self, old: Outcome, new: Outcome) -> Vec<SlotPair> {
        let mut counts: BTreeMap<BothSides, u16> = BTreeMap::new();
        let sides = [self.slots(old), self.slots(new)];
        if let [Slots::All(old), Slots::All(new)] = sides {
            return vec![([old, new], SLOTS)];
        }
        for slot in 0..usize::from(SLOTS) {
            *counts.entry([sides[0].at(slot), sides[1].at(slot)]).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    fn slots(&self, outcome: Outcome) -> Slots<'_> {
        match &self.answers.all[outcome.answers as usize] {
            Answers::BySlot { slots, .. } => Slots::Each(slots),
            _ => Slots::All((outcome.answers, outcome.whence)),
        }
    }

    /// Whether two outcomes cut clients into networks alike, so that each network has one slot on both sides.
    pub(super) fn have_one_prefix(&self, old: Outcome, new: Outcome) -> bool {
        let prefix = |outcome: Outcome| match &self.answers.all[outcome.answers as usize] {
            Answers::BySlot { prefix, .. } => Some(*prefix),
            _ => None,
        };
        match (prefix(old), prefix(new)) {
            (Some(old), Some(new)) => old == new,
            _ => true,
        }
    }

    fn steered(&mut self, name: &Compared, side: usize, rule: u32, class: ClassId) -> Outcome {
        let snapshot = self.sides[side];
        let rule = &snapshot.configuration.rules[rule as usize];
        let pools = |pool| snapshot.pool(pool, rule.content);
        let choice = steer::choose(rule, class, |_| false, pools);
        let sites = self.order(&snapshot.configuration, rule, class);
        let (mut answers, answering) = match choice.given {
            Given::Set(pool, set) => {
                let pool = pool_of(&snapshot.configuration, pool);
                (self.drawn(set), whence(&snapshot.configuration, pool))
            }
            Given::Apart(apart) => (
                self.apart(side, apart.pool, apart.set),
                whence(&snapshot.configuration, pool_of(&snapshot.configuration, apart.pool)),
            ),
            Given::DefaultRrset => (self.rrset(side, &name.owner, name.rtype), Whence::Rrset),
            Given::NoData => (self.answers.number(Answers::NoData), Whence::NoData),
        };
        let answering = self.whences.number(answering);
        if let Some(trickle) = rule.trickle {
            answers = self.trickled(side, rule, class, trickle, (answers, answering));
        }
        Outcome { sites, answers, whence: answering, ttl: choice.ttl }
    }

    /// What a class gets where some networks trickle past the pool that gives the others what they get.
    fn trickled(
        &mut self,
        side: usize,
        rule: &Rule,
        class: ClassId,
        trickle: Trickle,
        (answers, answering): (u32, u32),
    ) -> u32 {
        let snapshot = self.sides[side];
        let choice = steer::choose(rule, class, |_| true, |pool| snapshot.pool(pool, rule.content));
        let past = match choice.given {
            Given::Set(_, set) => self.drawn(set),
            Given::Apart(apart) => self.apart(side, apart.pool, apart.set),
            Given::DefaultRrset | Given::NoData => return answers,
        };
        let pool = choice.given.pool().expect("a set is that of a pool");
        let past_by = whence(&snapshot.configuration, pool_of(&snapshot.configuration, pool));
        let past_by = self.whences.number(past_by);
        let key = (trickle, [(answers, answering), (past, past_by)]);
        if let Some(&known) = self.trickled.get(&key) {
            return known;
        }
        let number = self.passed_on(trickle, key.1);
        self.trickled.insert(key, number);
        number
    }

    /// The number of what a trickle makes of what it keeps and what it lets pass.
    fn passed_on(&mut self, trickle: Trickle, given: BothSides) -> u32 {
        // A pool that looks at the network itself has the same slots for networks as long as the trickle's.
        let [kept, passing] = given.map(|(answers, by)| {
            let slots = self.slots(Outcome { sites: 0, answers, whence: by, ttl: 0 });
            Slot::all().map(|slot| slots.at(slot.index())).collect::<Vec<_>>()
        });
        let of_slot =
            |slot: Slot| if trickle.takes(slot) { passing[slot.index()] } else { kept[slot.index()] };
        let slots: Vec<(u32, u32)> = Slot::all().map(of_slot).collect();
        if slots.iter().all(|&slot| slot == slots[0]) {
            return slots[0].0;
        }
        self.answers.number(Answers::BySlot { prefix: HashPrefix::default(), slots })
    }

    /// What a pool gives that looks at the client's network or picks another pool.
    fn apart(&mut self, side: usize, pool: PoolId, set: &PoolSet) -> u32 {
        if let Some(&known) = self.sets_apart.get(&std::ptr::from_ref(set)) {
            return known;
        }
        let number = self.number_apart(side, pool, set);
        self.sets_apart.insert(set, number);
        number
    }

    fn number_apart(&mut self, side: usize, pool: PoolId, set: &PoolSet) -> u32 {
        let Some(prefix) = set.prefix() else {
            return self.leaves(&set.leaves(pool, None), None);
        };
        let configuration = &self.sides[side].configuration;
        let by = self.whences.number(whence(configuration, pool_of(configuration, pool)));
        let of_slot = |slot: Slot| {
            let leaves = set.leaves(pool, Some(&|_| slot));
            (self.leaves(&leaves, Some(slot)), by)
        };
        let slots = Slot::all().map(of_slot).collect();
        self.answers.number(Answers::BySlot { prefix, slots })
    }

    /// What one of several pools gives to the networks of a slot.
    fn leaves(&mut self, leaves: &[Leaf<'_>], slot: Option<Slot>) -> u32 {
        let mut one_of = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let number = match (leaf.set, slot) {
                (PoolSet::Hashed(set), Some(slot)) => {
                    let records = |member: usize| set.answers().records_of(member).to_vec();
                    self.answers.number(Answers::Fixed(set.of_slot(slot).members().map(records).collect()))
                }
                (set, _) => set.answers().map_or(0, |set| self.drawn(set)),
            };
            one_of.push((leaf.chance.factors().to_vec(), number));
        }
        match &one_of[..] {
            [(factors, number)] if factors.is_empty() => *number,
            _ => {
                one_of.sort_unstable();
                self.answers.number(Answers::OneOf(one_of))
            }
        }
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

/// What the slots of an outcome give, and who gives it.
enum Slots<'o> {
    All((u32, u32)),
    Each(&'o [(u32, u32)]),
}

impl Slots<'_> {
    fn at(&self, slot: usize) -> (u32, u32) {
        match self {
            Slots::All(all) => *all,
            Slots::Each(each) => each[slot],
        }
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
