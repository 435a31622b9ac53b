//! The pools that are looked at for a client, with their members, and those that are none for it.

use std::fmt;
use std::net::IpAddr;

use super::words::will;
use super::{Health, Target, given, targets, ttl};
use crate::fault::Line;
use crate::geo::ClassId;
use crate::health::AdminState;
use crate::snapshot::Snapshot;
use crate::steer::{self, Eligibility, Pick, Pool, PoolId, PoolState, Rule};

/// A pool that is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The pool's name.
    pub pool: String,
    /// Where it is written.
    pub line: Line,
    /// Its site's name.
    pub site: Option<String>,
    /// Its state for the type.
    pub state: PoolState,
    /// How it picks.
    pub pick: Pick,
    /// Whether it answers.
    pub answers: bool,
    /// Seconds until one of its members can flip; `None` when none can.
    pub soonest_flip: Option<u32>,
    /// Its members.
    pub members: Vec<Member>,
    /// The pools in it.
    pub inner: Vec<InnerPool>,
}

/// A pool in a pool of pools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerPool {
    /// Its name.
    pub pool: String,
    /// How many pools are around it in the candidate: 1 or more.
    pub depth: usize,
    /// Its weight in the one around it.
    pub weight: u16,
    /// Its state for the family.
    pub state: PoolState,
    /// How it picks.
    pub pick: Pick,
    /// Its members.
    pub members: Vec<Member>,
}

/// A member of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub line: Line,
    /// Its weight; in a slow start, what that grows to.
    pub weight: u16,
    /// The step that its slow start has reached, out of [`crate::steer::SLOW_START_STEPS`].
    pub slow_start: Option<u32>,
    /// What it answers with; `None` where it has no address of the family.
    pub answer: Option<MemberAnswer>,
    /// The operator's will: the strongest of its own, its pool's and its site's.
    pub admin: AdminState,
    /// Until when, who and why, or which line of a schedule, where there is more to say about that.
    pub will: Option<String>,
    /// What its monitors say of it.
    pub targets: Vec<Target>,
    /// Whether it may be given out, and why.
    pub eligibility: Eligibility,
}

/// What a member answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberAnswer {
    /// Its address.
    Address(IpAddr),
    /// The data of each of its records, as a master file has it with names in full.
    Data(Vec<String>),
}

/// `192.0.2.1`, `10 mx1.example.net.`; several records with commas in between.
impl fmt::Display for MemberAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemberAnswer::Address(address) => formatter.pad(&address.to_string()),
            MemberAnswer::Data(data) => formatter.pad(&data.join(", ")),
        }
    }
}

/// A pool of the rule that is no candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// The pool's name.
    pub pool: String,
    /// Its site's name.
    pub site: Option<String>,
    /// Why.
    pub reason: String,
}

/// What decides which pools are looked at, and what is to be said of them.
pub(super) struct Scene<'s> {
    /// The generation.
    pub(super) snapshot: &'s Snapshot,
    /// What its pools were compiled from.
    pub(super) health: &'s Health<'s>,
    /// The rule.
    pub(super) rule: &'s Rule,
    /// What its members answer with.
    pub(super) records: given::Records<'s>,
    /// The client's class under the rule's map.
    pub(super) class: ClassId,
    /// The candidate that answers.
    pub(super) answering: Option<PoolId>,
}

impl Scene<'_> {
    /// The pools in the order in which they are looked at.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let indices = self.rule.candidates.of(self.class).iter();
        indices.map(|&index| self.candidate(self.rule.pools[usize::from(index)].pool)).collect()
    }

    /// Pools of the rule that are none for this client, and why.
    pub(super) fn excluded(&self) -> Vec<Excluded> {
        let candidates = self.rule.candidates.of(self.class);
        let others = (0..self.rule.pools.len()).filter(|&index| !candidates.contains(&(index as u16)));
        let reason = if self.rule.candidates.is_empty_list(self.class) {
            "the map lists no site for this client"
        } else {
            "fence: the map does not list its site for this client"
        };
        others
            .map(|index| {
                let pool = self.pool(self.rule.pools[index].pool);
                Excluded { pool: pool.name.clone(), site: self.site(pool), reason: reason.to_owned() }
            })
            .collect()
    }

    fn candidate(&self, id: PoolId) -> Candidate {
        let pool = self.pool(id);
        let answers = self.snapshot.pool(id, self.rule.content);
        Candidate {
            pool: pool.name.clone(),
            line: self.snapshot.configuration.pool_labels[id.0 as usize].line.clone(),
            site: self.site(pool),
            state: answers.state,
            pick: pool.pick,
            answers: self.answering == Some(id),
            soonest_flip: ttl::soonest_flip(answers),
            members: self.members(id),
            inner: self.inner(id),
        }
    }

    /// The pools in a pool, each followed by those in it.
    fn inner(&self, id: PoolId) -> Vec<InnerPool> {
        let mut found = Vec::new();
        self.collect_inner(id, 1, &mut found);
        found
    }

    fn collect_inner(&self, outer: PoolId, depth: usize, found: &mut Vec<InnerPool>) {
        for inner in &self.pool(outer).inner {
            let pool = self.pool(inner.pool);
            found.push(InnerPool {
                pool: pool.name.clone(),
                depth,
                weight: inner.weight,
                state: self.snapshot.pool(inner.pool, self.rule.content).state,
                pick: pool.pick,
                members: self.members(inner.pool),
            });
            self.collect_inner(inner.pool, depth + 1, found);
        }
    }

    fn members(&self, id: PoolId) -> Vec<Member> {
        let (content, configuration) = (self.rule.content, &*self.snapshot.configuration);
        let pool = self.pool(id);
        let eligibilities =
            steer::eligibility(pool, content, &|target| self.health.of(configuration, target));
        let lines = &configuration.pool_labels[id.0 as usize].members;
        let members = pool.members.iter().zip(lines).zip(eligibilities);
        members
            .map(|((member, line), eligibility)| Member {
                name: member.name.clone(),
                line: line.clone(),
                weight: pool.weight_of(member),
                slow_start: member.slow_start.map(|slow_start| slow_start.step),
                answer: pool.gives(member, content).then(|| self.records.of_member(member)),
                admin: member.admin,
                will: will(pool, member, self.health.at()),
                targets: steer::targets_of(member, content)
                    .into_iter()
                    .map(|target| targets::target(configuration, self.health, target))
                    .collect(),
                eligibility,
            })
            .collect()
    }

    fn pool(&self, id: PoolId) -> &Pool {
        self.snapshot.standing(id, self.rule.content)
    }

    fn site(&self, pool: &Pool) -> Option<String> {
        pool.site.map(|site| self.snapshot.configuration.sites[usize::from(site.0)].name.clone())
    }
}
