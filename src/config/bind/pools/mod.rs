//! Pools: names looked up, members checked, targets made.

mod binder;
mod outer;
mod surprises;
mod voting;

use std::sync::Arc;

use self::binder::Binder;
use super::maps::Sites;
use super::monitors::Monitors;
use super::names::{Names, Scope};
use super::targets::Targets;
use crate::config::limits;
use crate::config::spec::{InnerSpec, Named, PoolSpec};
use crate::config::text::{Broken, Faults, Items, Parsed, Place, Written, part_of};
use crate::health::AdminState;
use crate::snapshot::PoolLabel;
use crate::steer::{Content, Member, Pool, PoolId, Will};
use crate::wire::Name;

/// Pools by name and by id.
pub(super) struct Pools {
    /// Name → id.
    pub(super) names: Names<PoolId>,
    /// Indexed by id; `answers` is still empty.
    pub(super) list: Vec<Pool>,
    /// Where each is defined; same index.
    pub(super) places: Vec<Place>,
    /// The same for people, with the members; same index.
    pub(super) labels: Vec<PoolLabel>,
    /// The targets of their members.
    pub(super) targets: Targets,
    /// The pools of pools, until those in them are bound.
    pub(super) outer: Vec<Outer>,
    /// For each pool those of members that may answer for it: itself, or those in it; same index as `list`.
    pub(super) leaves: Vec<Vec<PoolId>>,
    /// On how many ways each leads to pools of members; same index.
    pub(super) ways: Vec<usize>,
}

/// A pool of pools whose inner ones are still names.
pub(super) struct Outer {
    /// It.
    pub(super) id: PoolId,
    /// From where its names are looked at.
    pub(super) scope: Scope,
    /// What it lists.
    pub(super) pools: Items<InnerSpec>,
    /// The operator's will for all that is in it.
    pub(super) admin: AdminState,
    /// What of it changes by itself, or comes with words.
    pub(super) wills: Vec<Arc<Will>>,
    /// `min_healthy` as a number, and where it is written.
    pub(super) needed: Option<(usize, Place)>,
}

impl Pools {
    /// None yet.
    pub(super) fn new(targets: Targets) -> Pools {
        Pools {
            names: Names::new("pool", "write `[pool.NAME]` here or in a file that `include` names"),
            list: Vec::new(),
            places: Vec::new(),
            labels: Vec::new(),
            targets,
            outer: Vec::new(),
            leaves: Vec::new(),
            ways: Vec::new(),
        }
    }

    /// Binds and defines a pool. Names in the data of its members are relative to `origin`.
    pub(super) fn add(
        &mut self,
        spec: &Named<PoolSpec>,
        scope: Scope,
        origin: Parsed<Option<&Name>>,
        (sites, monitors): (&Sites, &Monitors),
        faults: &Faults,
    ) {
        let content = spec.content.as_ref().map_err(|&broken| broken);
        let id = content.and_then(|content| {
            if self.list.len() == limits::POOLS {
                faults.add(spec.name.place.error(format!("there are more than {} pools", limits::POOLS)));
                return Err(Broken);
            }
            let id = PoolId(self.list.len() as u32);
            let binder =
                Binder { name: &spec.name, spec: content, id, scope, origin, sites, monitors, faults };
            let pool = match part_of(&content.pools)?.is_empty() {
                true => binder.bind(&mut self.targets)?,
                false => {
                    let (pool, outer) = binder.bind_outer()?;
                    self.outer.push(outer);
                    pool
                }
            };
            self.list.push(pool);
            self.places.push(spec.name.place.clone());
            self.leaves.push(vec![id]);
            self.ways.push(1);
            self.labels.push(label(&spec.name, content));
            Ok(id)
        });
        self.names.define(&spec.name, scope, id, faults);
    }

    /// A pool by its id.
    pub(super) fn get(&self, id: PoolId) -> &Pool {
        &self.list[id.0 as usize]
    }

    /// The pools of members that may answer for a pool: itself, or those in it, each once.
    pub(super) fn leaves(&self, id: PoolId) -> impl Iterator<Item = (PoolId, &Pool)> {
        self.leaves[id.0 as usize].iter().map(|&leaf| (leaf, self.get(leaf)))
    }

    /// Whether any member that may answer for a pool can be given with the content. A pool whose inner ones could not be
    /// bound may have one: its fault is told.
    pub(super) fn gives(&self, id: PoolId, content: Content) -> bool {
        self.leaves[id.0 as usize].is_empty() || self.leaves(id).any(|(_, leaf)| gives(leaf, content))
    }
}

/// Where a pool and its members stand; every member of a pool that was bound is without a fault.
fn label(name: &Written<String>, content: &PoolSpec) -> PoolLabel {
    let members = content.members.iter().flatten().flatten().map(|member| member.place.file_line());
    PoolLabel { line: name.place.file_line(), members: members.collect() }
}

/// Whether any member can be given with the content.
fn gives(pool: &Pool, content: Content) -> bool {
    givers(pool, content).next().is_some()
}

/// The members that can be given with the content.
pub(super) fn givers(pool: &Pool, content: Content) -> impl Iterator<Item = &Member> {
    pool.members.iter().filter(move |member| pool.gives(member, content))
}
