//! What a pool gives, of each kind: a set that one random word draws from, one that the client's network decides, or the
//! sets of other pools. Only the first kind is what nearly every query meets; the others are resolved apart from it.

use std::sync::Arc;

use super::answer_set::{AnswerSet, Drawn, HintFamilies};
use super::asked::Asked;
use super::chance::Chance;
use super::hash::{self, Dealt, SlotTable};
use super::nested::NestedSet;
use super::pool::{Pick, Pool, PoolId};
use super::slot::{HashPrefix, Slot};

/// What a pool gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolSet {
    /// One random word decides, whoever asks.
    Drawn(Arc<AnswerSet>),
    /// The client's network decides.
    Hashed(Arc<HashedSet>),
    /// One of several pools is picked, and gives what it has.
    Nested(Arc<NestedSet>),
}

/// Members by the slot of the client's network.
#[derive(Debug, PartialEq, Eq)]
pub struct HashedSet {
    /// The variants, each as likely as the slots that have it are many.
    answers: AnswerSet,
    /// The variant of each slot.
    slots: SlotTable,
    /// What makes clients one network.
    prefix: HashPrefix,
}

/// One pool that may give its members in the end, with the way to it.
#[derive(Debug, Clone)]
pub struct Leaf<'s> {
    /// The pools from the outermost on, this one last.
    pub path: Vec<PoolId>,
    /// How likely it is that this one gives its members.
    pub chance: Chance,
    /// What it gives: [`PoolSet::Drawn`] or [`PoolSet::Hashed`].
    pub set: &'s PoolSet,
}

impl PoolSet {
    /// Compiles what a pool of members gives when it gives these (see [`AnswerSet::compile`]). `wider` is what it gives to
    /// the same question with the same weights when it gives others, too: what is known from that is not found out again.
    pub(super) fn compile(
        pool: &Pool,
        asked: Asked<'_>,
        members: &[u16],
        families: HintFamilies<'_>,
        wider: Option<&PoolSet>,
    ) -> PoolSet {
        match pool.pick {
            Pick::Hash => {
                let dealt = wider.and_then(|set| set.dealt(members));
                PoolSet::Hashed(Arc::new(HashedSet::compile(pool, asked, members, families, dealt)))
            }
            Pick::Weighted | Pick::All => {
                PoolSet::Drawn(Arc::new(AnswerSet::compile(pool, asked, members, families)))
            }
        }
    }

    /// Draws: which pool gives its members in the end (this one, `pool`, or one of those in it), and which.
    pub fn draw(
        &self,
        pool: PoolId,
        slot: impl Fn(HashPrefix) -> Slot,
        mut word: impl FnMut() -> u64,
    ) -> (PoolId, Drawn<'_>) {
        let (mut pool, mut set) = (pool, self);
        loop {
            match set {
                PoolSet::Drawn(set) => return (pool, set.draw(word())),
                PoolSet::Hashed(set) => return (pool, set.of_slot(slot(set.prefix))),
                PoolSet::Nested(nested) => (pool, set) = nested.pick(&slot, &mut word),
            }
        }
    }

    /// The lengths of the network on which the answer depends; `None` where it is the same for everyone.
    pub fn prefix(&self) -> Option<HashPrefix> {
        match self {
            PoolSet::Drawn(_) => None,
            PoolSet::Hashed(set) => Some(set.prefix),
            PoolSet::Nested(nested) => nested.prefix(),
        }
    }

    /// The answers of a pool of members; none of a pool of pools.
    pub fn answers(&self) -> Option<&AnswerSet> {
        match self {
            PoolSet::Drawn(set) => Some(set),
            PoolSet::Hashed(set) => Some(&set.answers),
            PoolSet::Nested(_) => None,
        }
    }

    /// Whether it is over exactly these members of its pool.
    pub(super) fn is_over(&self, members: &[u16]) -> bool {
        self.answers().is_some_and(|set| set.members() == members)
    }

    /// What is known of the slots when only these of its members are given.
    fn dealt(&self, members: &[u16]) -> Option<Dealt<'_>> {
        match self {
            PoolSet::Hashed(set) => set.dealt(members),
            PoolSet::Drawn(_) | PoolSet::Nested(_) => None,
        }
    }

    /// Every pool that may give its members in the end, with its exact chance; `pool` is this one. With a slot for each
    /// prefix it is one client's network that is looked at, else all slots as equally likely.
    pub fn leaves(&self, pool: PoolId, slot: Option<&dyn Fn(HashPrefix) -> Slot>) -> Vec<Leaf<'_>> {
        let mut leaves = Vec::new();
        self.collect_leaves(vec![pool], &Chance::certain(), slot, &mut leaves);
        leaves
    }

    fn collect_leaves<'s>(
        &'s self,
        path: Vec<PoolId>,
        chance: &Chance,
        slot: Option<&dyn Fn(HashPrefix) -> Slot>,
        leaves: &mut Vec<Leaf<'s>>,
    ) {
        let PoolSet::Nested(nested) = self else {
            leaves.push(Leaf { path, chance: chance.clone(), set: self });
            return;
        };
        for (inner, share, set) in nested.shares(slot) {
            let path = path.iter().copied().chain([inner]).collect();
            set.collect_leaves(path, &chance.and(share), slot, leaves);
        }
    }
}

impl HashedSet {
    fn compile(
        pool: &Pool,
        asked: Asked<'_>,
        members: &[u16],
        families: HintFamilies<'_>,
        dealt: Option<Dealt<'_>>,
    ) -> HashedSet {
        let contenders = hash::members(pool, members);
        let (variants, slots) = hash::deal(&pool.name, &contenders, asked.answers.into(), dealt);
        let answers = AnswerSet::with_variants(pool, asked.records, members, families, variants);
        HashedSet { answers, slots, prefix: pool.hash_prefix }
    }

    /// What is known of the slots when only these of its members are given (in the fixed order); `None` if there are others.
    fn dealt(&self, members: &[u16]) -> Option<Dealt<'_>> {
        let mut left = (0u16..).zip(members).peekable();
        let number_now = |member: &u16| left.next_if(|(_, next)| *next == member).map(|(number, _)| number);
        let numbers: Vec<Option<u16>> = self.answers.members().iter().map(number_now).collect();
        let list_now = |list: &[u16]| list.iter().map(|&number| numbers[usize::from(number)]).collect();
        left.peek()
            .is_none()
            .then(|| Dealt { slots: &self.slots, lists: self.answers.lists().map(list_now).collect() })
    }

    /// What a slot gives.
    pub fn of_slot(&self, slot: Slot) -> Drawn<'_> {
        self.answers.variant(self.slots[slot.index()])
    }

    /// What it gives, with the shares that it has of the slots.
    pub fn answers(&self) -> &AnswerSet {
        &self.answers
    }

    /// What makes clients one network.
    pub fn network_prefix(&self) -> HashPrefix {
        self.prefix
    }
}
