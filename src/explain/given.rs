//! What is given out, for the client that asks: every variant that can be drawn, whichever way leads to it.

use super::{Fraction, MemberAnswer};
use crate::answer::Decisive;
use crate::geo::Prefix;
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{
    self, AnswerSet, Chance, Content, HashPrefix, HashedSet, Member, Pool, PoolId, PoolKind, PoolSet, Rule,
    SLOTS, Trickle,
};
use crate::zone::{Hints, Rrset, print_data};

/// What a rule gives out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// One of these variants.
    Pool {
        /// The pool's name.
        pool: String,
        /// Its site's name.
        site: Option<String>,
        /// Every variant that can be drawn.
        variants: Vec<Variant>,
        /// What each member gets of it.
        shares: Vec<Share>,
        /// The ways through pools of pools to those that give their members; none where the pool itself gives its own.
        ways: Vec<Way>,
        /// The client's network, where the answer depends on it.
        network: Option<Network>,
    },
    /// The default RRset: the data of each record, as a master file has it with names in full.
    DefaultRrset(Vec<String>),
    /// NODATA.
    NoData,
}

impl Given {
    /// The client's network, where the answer depends on it.
    pub fn network(&self) -> Option<Network> {
        match self {
            Given::Pool { network, .. } => *network,
            Given::DefaultRrset(_) | Given::NoData => None,
        }
    }
}

/// A set of members that is given out together. Its records are rotated so that each member stands first as often as
/// [`Share::first`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The name of the pool whose members they are.
    pub pool: String,
    /// The members with what they answer with, in the pool's fixed order.
    pub members: Vec<(String, MemberAnswer)>,
    /// Its exact probability.
    pub probability: Fraction,
    /// The factors of that, where their product does not fit and the probability is rounded; else none.
    pub factors: Vec<(u64, u64)>,
}

/// What a member gets of the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The name of its pool.
    pub pool: String,
    /// Its name.
    pub member: String,
    /// Its probability of standing in an answer.
    pub answer: Fraction,
    /// Its probability of standing first.
    pub first: Fraction,
    /// The slots of 4096 whose networks it is first for, where the network decides among the members of its pool.
    pub slots: Option<u32>,
}

/// A way through pools of pools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The pools by name, the outermost first; the last one gives its members.
    pub pools: Vec<String>,
    /// Its exact probability for this client.
    pub probability: Fraction,
    /// As with [`Variant::factors`].
    pub factors: Vec<(u64, u64)>,
}

/// Where a client's network falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The network.
    pub network: Prefix,
    /// Its slot, of 4096.
    pub slot: usize,
}

/// A trickle, and on which side of it the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trickled {
    /// The slots below this number go to the next healthy candidate.
    pub slots: u16,
    /// The client's network.
    pub network: Network,
    /// Whether it is among them.
    pub takes: bool,
}

/// What decides what a client gets.
pub(super) struct Scene<'s> {
    /// The generation.
    pub(super) snapshot: &'s Snapshot,
    /// The rule.
    pub(super) rule: &'s Rule,
    /// What its members answer with.
    pub(super) records: Records<'s>,
    /// Whose network counts.
    pub(super) decisive: Decisive<'s>,
}

/// What the members of a rule's pools answer with.
#[derive(Clone, Copy)]
pub(super) struct Records<'s> {
    rtype: u16,
    content: Content,
    /// The RRset that gets addresses as hints.
    hints: Option<&'s Hints>,
}

impl<'s> Records<'s> {
    /// Of a rule.
    pub(super) fn of(configuration: &'s Configuration, rule: &Rule, rtype: u16) -> Records<'s> {
        let has_hints = |pool: &Pool| pool.kind == PoolKind::Addresses && rule.content == Content::Data;
        let hints = rule.pools.first().and_then(|first| {
            let pool = &configuration.pools[first.pool.0 as usize];
            pool.hints.get(first.set()).filter(|_| has_hints(pool))
        });
        Records { rtype, content: rule.content, hints: hints.map(|hints| &**hints) }
    }

    /// What a member answers with, all its addresses being up.
    pub(super) fn of_member(&self, member: &Member) -> MemberAnswer {
        let address = self.content.family().and_then(|family| member.address(family));
        if let Some(address) = address {
            return MemberAnswer::Address(address);
        }
        let print = |data: &[u8]| print_data(self.rtype, data);
        let hinted = self.hints.map(|hints| hints.data(member.ipv4, member.ipv6));
        MemberAnswer::Data(match hinted {
            Some(hinted) => hinted.iter().map(|data| print(data)).collect(),
            None => member.data.iter().map(|data| print(data)).collect(),
        })
    }
}

/// Everything that is given out, as one thing.
#[derive(Default)]
struct Collected {
    variants: Vec<Variant>,
    shares: Vec<Share>,
    ways: Vec<Way>,
}

impl Scene<'_> {
    /// What a choice gives, where the default RRset is this one.
    pub(super) fn given(&self, given: steer::Given<'_>, default: Option<Rrset<'_>>) -> Given {
        let mut collected = Collected::default();
        let prefix = match given {
            steer::Given::Set(pool, set) => {
                self.drawn(&mut collected, self.pool(pool), set, &Chance::certain());
                None
            }
            steer::Given::Apart(apart) => {
                self.apart(&mut collected, apart.pool, apart.set);
                apart.set.prefix()
            }
            steer::Given::DefaultRrset => {
                return Given::DefaultRrset(default.map(|default| default.print()).unwrap_or_default());
            }
            steer::Given::NoData => return Given::NoData,
        };
        let candidate = self.pool(given.pool().expect("a set is that of a pool"));
        let Collected { variants, shares, ways } = collected;
        Given::Pool {
            pool: candidate.name.clone(),
            site: candidate
                .site
                .map(|site| self.snapshot.configuration.sites[usize::from(site.0)].name.clone()),
            variants,
            shares,
            ways,
            network: prefix.map(|prefix| self.network(prefix)),
        }
    }

    /// On which side of the rule's trickle the client is.
    pub(super) fn trickled(&self) -> Option<Trickled> {
        let of = |trickle: Trickle| Trickled {
            slots: trickle.slots(),
            network: self.network(HashPrefix::default()),
            takes: trickle.takes(self.decisive.slot(HashPrefix::default())),
        };
        self.rule.trickle.map(of)
    }

    fn apart(&self, collected: &mut Collected, pool: PoolId, set: &PoolSet) {
        for leaf in set.leaves(pool, Some(&|prefix| self.decisive.slot(prefix))) {
            let pool = self.pool(leaf.path[leaf.path.len() - 1]);
            match leaf.set {
                PoolSet::Hashed(set) => self.hashed(collected, pool, set, &leaf.chance),
                set => {
                    let set = set.answers().expect("at the end of a way is a pool of members");
                    self.drawn(collected, pool, set, &leaf.chance);
                }
            }
            if leaf.path.len() > 1 {
                let pools = leaf.path.iter().map(|&id| self.pool(id).name.clone()).collect();
                let (probability, factors) = exact(&leaf.chance);
                collected.ways.push(Way { pools, probability, factors });
            }
        }
    }

    /// Members that a random word decides among.
    fn drawn(&self, collected: &mut Collected, pool: &Pool, set: &AnswerSet, chance: &Chance) {
        for (members, own) in set.variants() {
            self.push_variant(collected, pool, members.into_iter(), &chance.and(own));
        }
        for share in set.shares() {
            let [answer, first] = [share.answer, share.first].map(|own| exact(&chance.and(own)).0);
            let member = pool.members[share.member].name.clone();
            collected.shares.push(Share { pool: pool.name.clone(), member, answer, first, slots: None });
        }
    }

    /// Members that the client's network decides among: for this client nothing is left to chance.
    fn hashed(&self, collected: &mut Collected, pool: &Pool, set: &HashedSet, chance: &Chance) {
        let drawn = set.of_slot(self.decisive.slot(set.network_prefix()));
        let members: Vec<usize> = drawn.members().collect();
        self.push_variant(collected, pool, members.iter().copied(), chance);
        for share in set.answers().shares() {
            let when = |is_so: bool| if is_so { exact(chance).0 } else { Fraction(0, 1) };
            let (points, domain) = share.first;
            collected.shares.push(Share {
                pool: pool.name.clone(),
                member: pool.members[share.member].name.clone(),
                answer: when(members.contains(&share.member)),
                first: when(members.first() == Some(&share.member)),
                slots: Some((points * (SLOTS as u64 / domain)) as u32),
            });
        }
    }

    fn push_variant(
        &self,
        collected: &mut Collected,
        pool: &Pool,
        members: impl Iterator<Item = usize>,
        chance: &Chance,
    ) {
        let member = |index: usize| {
            let member = &pool.members[index];
            (member.name.clone(), self.records.of_member(member))
        };
        let (probability, factors) = exact(chance);
        let members = members.map(member).collect();
        collected.variants.push(Variant { pool: pool.name.clone(), members, probability, factors });
    }

    fn network(&self, prefix: HashPrefix) -> Network {
        let network = prefix.network_of(*self.decisive.address);
        Network { network, slot: self.decisive.slot(prefix).index() }
    }

    fn pool(&self, id: PoolId) -> &Pool {
        &self.snapshot.configuration.pools[id.0 as usize]
    }
}

/// A probability as one fraction, and its factors where that is rounded.
fn exact(chance: &Chance) -> (Fraction, Vec<(u64, u64)>) {
    match chance.fraction() {
        Some((numerator, denominator)) => (Fraction(numerator, denominator), Vec::new()),
        None => {
            let (numerator, denominator) = chance.rounded();
            (Fraction(numerator, denominator), chance.factors().to_vec())
        }
    }
}
