//! A snapshot from files alone: every member up, but for those said to be down.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::Arc;

use crate::config;
use crate::health::{State, TargetId, Tracker};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{Member, Pool, TargetHealth};

/// A member as typed: `POOL/MEMBER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MemberName {
    pool: String,
    member: String,
}

impl FromStr for MemberName {
    type Err = String;

    fn from_str(text: &str) -> Result<MemberName, String> {
        match text.split_once('/') {
            Some((pool, member)) if !pool.is_empty() && !member.is_empty() => {
                Ok(MemberName { pool: pool.to_owned(), member: member.to_owned() })
            }
            _ => Err(format!("a member is written POOL/MEMBER, not `{text}`")),
        }
    }
}

/// A generation that nobody serves.
pub(super) struct Offline {
    /// The generation.
    pub(super) snapshot: Snapshot,
    down: HashSet<TargetId>,
}

impl Offline {
    /// Compiles a configuration with the targets of some members down.
    pub(super) fn new(configuration: Configuration, down: &[MemberName]) -> anyhow::Result<Offline> {
        let mut targets = HashSet::new();
        for name in down {
            targets.extend(targets_of(&configuration, name)?);
        }
        let configuration = Arc::new(configuration);
        let health = |target| health(&configuration, &targets, target);
        let snapshot = Snapshot::new(1, Arc::clone(&configuration), &health);
        Ok(Offline { snapshot, down: targets })
    }

    /// The health that the snapshot was compiled from.
    pub(super) fn health(&self, target: TargetId) -> TargetHealth {
        health(&self.snapshot.configuration, &self.down, target)
    }
}

fn health(configuration: &Configuration, down: &HashSet<TargetId>, target: TargetId) -> TargetHealth {
    let state = if down.contains(&target) { State::Down } else { State::Up };
    TargetHealth::of(&Tracker { state, passes: 0, failures: 0 }, configuration.monitor_of(target))
}

fn targets_of(configuration: &Configuration, name: &MemberName) -> anyhow::Result<Vec<TargetId>> {
    let MemberName { pool, member } = name;
    let pools = &configuration.pools;
    let Some(pool) = pools.iter().find(|each| each.name == *pool) else {
        let names = pools.iter().map(|each| each.name.as_str());
        anyhow::bail!("--down {pool}/{member}: there is no pool `{pool}`{}", hint(pool, names));
    };
    let Some(member) = pool.members.iter().find(|each| each.name == *member) else {
        let names = pool.members.iter().map(|each| each.name.as_str());
        let pool = &pool.name;
        anyhow::bail!(
            "--down {pool}/{member}: pool `{pool}` has no member `{member}`{}",
            hint(member, names)
        );
    };
    monitored(pool, member)
}

fn monitored(pool: &Pool, member: &Member) -> anyhow::Result<Vec<TargetId>> {
    let targets: Vec<TargetId> = member.targets.iter().flatten().copied().collect();
    if targets.is_empty() {
        let (pool, member) = (&pool.name, &member.name);
        anyhow::bail!("--down {pool}/{member}: no monitor watches this member, so it always counts as up");
    }
    Ok(targets)
}

/// `; did you mean …?`, or all the names when there are few.
fn hint<'n>(wrong: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    config::did_you_mean(wrong, names).map_or(String::new(), |hint| format!("; {hint}"))
}
