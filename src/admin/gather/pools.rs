//! Pools, their members, and what probes found of these.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::admin::status::{
    AddressStatus, DataStatus, InnerPoolStatus, MemberStatus, PoolDataStatus, PoolStatus, TargetStatus,
    VerdictStatus,
};
use crate::admin::timestamp::rfc3339;
use crate::explain::words::will;
use crate::health::{Hold, LastVerdict, Record, State, TargetId, TargetKey, Verdict};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{self, Content, Eligibility, Member, Pool, PoolId, PoolKind, TargetHealth};
use crate::wire::Family;
use crate::zone::{print_data, record_type};

/// A generation and the records of its targets, at a moment.
pub(super) struct View<'a> {
    /// What is published.
    pub(super) snapshot: &'a Snapshot,
    /// Every target with its state and last verdict.
    pub(super) records: &'a HashMap<TargetKey, Record>,
    /// Seconds since 1970.
    pub(super) now: u64,
}

impl View<'_> {
    /// The pools, in the order of the configuration.
    pub(super) fn pools(&self) -> Vec<PoolStatus> {
        let pools = self.snapshot.configuration.pools.iter();
        pools.enumerate().map(|(index, pool)| self.pool(PoolId(index as u32), pool)).collect()
    }

    fn pool(&self, id: PoolId, pool: &Pool) -> PoolStatus {
        let configuration = &self.snapshot.configuration;
        let health = health_in(configuration, self.records);
        let standing = Content::ALL.map(|content| {
            let pool = self.snapshot.standing(id, content);
            (pool, steer::eligibility(pool, content, &health))
        });
        let state = |content| self.snapshot.pool(id, content).state.to_string();
        let shown = pool.contents().iter().flat_map(|content| &standing[content.index()].1);
        let data = match pool.kind {
            PoolKind::Addresses => None,
            PoolKind::Records(number) => {
                Some(PoolDataStatus { rtype: record_type::name(number), state: state(Content::Data) })
            }
        };
        PoolStatus {
            name: pool.name.clone(),
            site: pool.site.map(|site| configuration.sites[usize::from(site.0)].name.clone()),
            ipv4: state(Content::V4),
            ipv6: state(Content::V6),
            data,
            suspects: shown.filter(|one| one.is_suspect()).count(),
            members: (0..pool.members.len()).map(|index| self.member(index, &standing)).collect(),
            inner: pool
                .inner
                .iter()
                .map(|inner| InnerPoolStatus {
                    pool: configuration.pools[inner.pool.0 as usize].name.clone(),
                    weight: inner.weight,
                })
                .collect(),
        }
    }

    /// A member, of a pool as it stands with each content.
    fn member(&self, index: usize, standing: &[(&Pool, Vec<Eligibility>); 3]) -> MemberStatus {
        let kind = standing[0].0.kind;
        let addresses = Family::BOTH.iter().filter_map(|&family| {
            let content = match kind {
                PoolKind::Addresses => family.into(),
                PoolKind::Records(_) => Content::Data,
            };
            let (pool, eligibilities) = &standing[content.index()];
            let member = &pool.members[index];
            Some(self.address(member, member.address(family)?, content, eligibilities[index]))
        });
        let (pool, eligibilities) = match kind {
            PoolKind::Addresses => &standing[Content::V4.index()],
            PoolKind::Records(_) => &standing[Content::Data.index()],
        };
        let member = &pool.members[index];
        let data = match kind {
            PoolKind::Addresses => None,
            PoolKind::Records(number) => Some(self.data(number, member, eligibilities[index])),
        };
        let watched = member.watched.iter().filter_map(|&target| self.target(target));
        MemberStatus {
            data,
            watched: watched.collect(),
            name: member.name.clone(),
            weight: pool.weight_of(member),
            admin: member.admin.to_string(),
            admin_why: will(pool, member, self.now),
            addresses: addresses.collect(),
        }
    }

    fn address(
        &self,
        member: &Member,
        address: IpAddr,
        content: Content,
        eligibility: Eligibility,
    ) -> AddressStatus {
        let targets = &member.targets[Family::of(address).index()];
        AddressStatus {
            address,
            eligible: eligibility.is_given(),
            reason: eligibility.to_string(),
            suspect: eligibility.is_suspect(),
            awaits_resume: member.hold(content) == Hold::AwaitsResume,
            slow_start_step: member.slow_start.map(|slow_start| slow_start.step),
            targets: targets.iter().filter_map(|&target| self.target(target)).collect(),
        }
    }

    fn data(&self, number: u16, member: &Member, eligibility: Eligibility) -> DataStatus {
        // What is probed for a member with an address stands there.
        let has_address = member.ipv4.is_some() || member.ipv6.is_some();
        let targets = member.targets.iter().flatten().filter(|_| !has_address);
        DataStatus {
            records: member.data.iter().map(|data| print_data(number, data)).collect(),
            eligible: eligibility.is_given(),
            reason: eligibility.to_string(),
            suspect: eligibility.is_suspect(),
            awaits_resume: member.hold(Content::Data) == Hold::AwaitsResume,
            slow_start_step: member.slow_start.map(|slow_start| slow_start.step),
            targets: targets.filter_map(|&target| self.target(target)).collect(),
        }
    }

    fn target(&self, id: TargetId) -> Option<TargetStatus> {
        let configuration = &self.snapshot.configuration;
        let target = &configuration.targets[id.0 as usize];
        let record = self.records.get(&target.key)?;
        Some(TargetStatus {
            monitor: configuration.monitors[target.monitor].names.join(", "),
            address: target.key.address,
            state: record.tracker.state.to_string(),
            since: rfc3339(record.since),
            state_seconds: self.now.saturating_sub(record.since),
            verdict: record.last.as_ref().map(|last| self.verdict(last)),
        })
    }

    fn verdict(&self, last: &LastVerdict) -> VerdictStatus {
        let (result, detail) = match &last.verdict {
            Verdict::Pass { microseconds } => ("pass", milliseconds(*microseconds)),
            Verdict::Fail(reason) => ("fail", reason.clone()),
            Verdict::Abstain(reason) => ("abstain", reason.clone()),
        };
        VerdictStatus { result: result.to_owned(), detail, age_seconds: self.now.saturating_sub(last.at) }
    }
}

/// The health of the moment, as pools are compiled from it.
pub(in crate::admin) fn health_in<'a>(
    configuration: &'a Configuration,
    records: &'a HashMap<TargetKey, Record>,
) -> impl Fn(TargetId) -> TargetHealth + 'a {
    const UNKNOWN: TargetHealth = TargetHealth { state: State::Unknown, soonest_flip: 0 };
    move |id| {
        let record = records.get(&configuration.targets[id.0 as usize].key);
        record.map_or(UNKNOWN, |record| TargetHealth::of(&record.tracker, configuration.monitor_of(id)))
    }
}

fn milliseconds(microseconds: u32) -> String {
    format!("{}.{} ms", microseconds / 1000, microseconds % 1000 / 100)
}
