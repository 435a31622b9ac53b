//! Pools of pools: the inner ones looked up, circles found, and what follows from who stands in whom.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::config::limits;
use crate::config::spec::InnerSpec;
use crate::config::text::{Faults, Place, Written, quote};
use crate::snapshot::Target;
use crate::steer::{Inner, LEVELS_MAX, Pick, Pool, PoolId, PoolKind};

use super::kinds;
use super::pools::{Outer, Pools};

/// Binds the pools that other pools list. What cannot be bound is left out, with a fault.
pub(super) fn bind(pools: &mut Pools, faults: &Faults) {
    let outers = std::mem::take(&mut pools.outer);
    let places: BTreeMap<PoolId, Vec<Place>> =
        outers.iter().map(|outer| (outer.id, look_up(outer, pools, faults))).collect();
    let order = levels(&outers, pools);
    let mut circling: BTreeSet<PoolId> = outers.iter().map(|outer| outer.id).collect();
    circling.retain(|id| !order.contains(id));
    report_circles(&circling, &places, pools, faults);
    circling.iter().for_each(|&id| leave_empty(id, pools));
    let by_id: BTreeMap<PoolId, &Outer> = outers.iter().map(|outer| (outer.id, outer)).collect();
    for id in &order {
        join(by_id[id], pools, faults);
    }
    check_hash_pools(pools, faults);
    tell_inner(&order, pools);
    pools.targets.list.iter_mut().for_each(|target| add_outer_users(target, &pools.list));
}

/// Fills [`Pool::inner`]; where each is written.
fn look_up(outer: &Outer, pools: &mut Pools, faults: &Faults) -> Vec<Place> {
    let mut known = BTreeSet::new();
    let (mut inner, mut places) = (Vec::new(), Vec::new());
    for Written { value: InnerSpec { pool: name, weight }, .. } in outer.pools.iter().flatten() {
        let Ok(&pool) = pools.names.find(name, outer.scope, faults) else { continue };
        if known.insert(pool) {
            inner.push(Inner { pool, weight: weight.unwrap_or(1) });
            places.push(name.place.clone());
        } else {
            let fault = name.place.error(format!("the pool {} is listed twice", quote(name))).label("again");
            faults.add(fault.help("raise its `weight` instead"));
        }
    }
    pools.list[outer.id.0 as usize].inner = inner;
    places
}

/// A pool that cannot be bound: its fault is told, and nobody is to say that it lacks addresses too.
fn leave_empty(id: PoolId, pools: &mut Pools) {
    pools.list[id.0 as usize].inner.clear();
    pools.leaves[id.0 as usize].clear();
}

/// Fills [`Pool::level`]: inner pools first, an outer one when all in it have their level. The pools of pools in this order;
/// those that stand in a circle, or lead to one, never get there and keep level 0.
fn levels(outers: &[Outer], pools: &mut Pools) -> Vec<PoolId> {
    let mut waiting: BTreeMap<PoolId, usize> = BTreeMap::new();
    let mut users: BTreeMap<PoolId, Vec<PoolId>> = BTreeMap::new();
    for outer in outers {
        let inner = &pools.get(outer.id).inner;
        waiting.insert(outer.id, inner.len());
        inner.iter().for_each(|inner| users.entry(inner.pool).or_default().push(outer.id));
    }
    let is_outer = |id: &PoolId| waiting.contains_key(id);
    let ready = users
        .keys()
        .filter(|id| !is_outer(id))
        .chain(waiting.iter().filter(|(_, left)| **left == 0).map(|(id, _)| id));
    let mut ready: VecDeque<PoolId> = ready.copied().collect();
    let mut order = Vec::new();
    while let Some(id) = ready.pop_front() {
        if waiting.contains_key(&id) {
            order.push(id);
        }
        let level = pools.get(id).level;
        for &outer in users.get(&id).into_iter().flatten() {
            let pool = &mut pools.list[outer.0 as usize];
            pool.level = pool.level.max(level.saturating_add(1));
            let left = waiting.get_mut(&outer).expect("every user is a pool of pools");
            *left -= 1;
            if *left == 0 {
                ready.push_back(outer);
            }
        }
    }
    order
}

/// Reports each circle among pools of which every one leads to another one of them.
fn report_circles(
    circling: &BTreeSet<PoolId>,
    places: &BTreeMap<PoolId, Vec<Place>>,
    pools: &Pools,
    faults: &Faults,
) {
    let mut seen = BTreeSet::new();
    for &start in circling {
        let (mut way, mut next) = (Vec::new(), start);
        while seen.insert(next) {
            way.push(next);
            let inner = pools.get(next).inner.iter();
            let Some(on) = inner.map(|inner| inner.pool).find(|id| circling.contains(id)) else { break };
            next = on;
        }
        // A way that ends in a circle which an earlier one went round has nothing new to tell.
        let Some(first) = way.iter().position(|&id| id == next) else { continue };
        let closing = way[way.len() - 1];
        let index = pools.get(closing).inner.iter().position(|inner| inner.pool == next).unwrap_or(0);
        let circle = way[first..].iter().chain([&next]).map(|&id| pools.get(id).name.as_str());
        let message = format!("a pool stands in itself: {}", circle.collect::<Vec<_>>().join(" → "));
        let fault = places[&closing][index].error(message).label("closes the circle");
        faults.add(fault.help("take one of these pools out of the one before it"));
    }
}

/// What follows for a pool of pools from those in it, which are bound: who may answer, who stands in whom, what the
/// operator wills.
fn join(outer: &Outer, pools: &mut Pools, faults: &Faults) {
    let pool = pools.get(outer.id);
    let place = &pools.places[outer.id.0 as usize];
    let name = quote(&pool.name);
    if usize::from(pool.level) >= LEVELS_MAX {
        // Those above it have more levels still: the first one tells.
        if usize::from(pool.level) == LEVELS_MAX {
            let message = format!("the pool {name} has more than {LEVELS_MAX} levels of pools");
            faults.add(place.error(message).label("too deep").help("list pools of members directly"));
        }
        return leave_empty(outer.id, pools);
    }
    let ways: usize = pool.inner.iter().map(|inner| pools.ways[inner.pool.0 as usize]).sum();
    if ways > limits::POOL_WAYS {
        let message =
            format!("{ways} ways lead from the pool {name} to members; {} is the most", limits::POOL_WAYS);
        faults.add(place.error(message).label("too many"));
        return leave_empty(outer.id, pools);
    }
    check_weights(outer, pool, place, faults);
    let kinds = pool.inner.iter().map(|inner| (inner.pool, pools.get(inner.pool).kind));
    let kinds: Vec<(PoolId, PoolKind)> =
        kinds.filter(|(inner, _)| !pools.leaves[inner.0 as usize].is_empty()).collect();
    if let Some(((first, kind), (other, another))) =
        kinds.first().zip(kinds.iter().find(|(_, other)| *other != kinds[0].1))
    {
        let [first, other] = [first, other].map(|id| quote(&pools.get(*id).name));
        let (kind, another) = (kinds::in_words(*kind), kinds::in_words(*another));
        let message = format!("the pool {name} lists {first} with {kind} and {other} with {another}");
        faults.add(place.error(message).label("of two kinds").help("list pools that give the same"));
        return leave_empty(outer.id, pools);
    }
    let leaves: BTreeSet<PoolId> =
        pool.inner.iter().flat_map(|inner| &pools.leaves[inner.pool.0 as usize]).copied().collect();
    for leaf in &leaves {
        let leaf = &mut pools.list[leaf.0 as usize];
        leaf.wills.extend(outer.wills.iter().cloned());
        leaf.members.iter_mut().for_each(|member| member.admin = member.admin.max(outer.admin));
    }
    if let Some((_, kind)) = kinds.first() {
        pools.list[outer.id.0 as usize].kind = *kind;
    }
    pools.leaves[outer.id.0 as usize] = leaves.into_iter().collect();
    pools.ways[outer.id.0 as usize] = ways;
}

/// The same rules as for members: a count that is never reached, and weights that are all 0.
fn check_weights(outer: &Outer, pool: &Pool, place: &Place, faults: &Faults) {
    if outer.pools.iter().any(Result::is_err) || pool.inner.is_empty() {
        return;
    }
    let counted = pool.inner.iter().filter(|inner| inner.weight > 0).count();
    if counted == 0 {
        let message = format!("all pools in the pool {} have weight 0", quote(&pool.name));
        let fault = place.warning(message).label("always degraded");
        faults.add(fault.help("pools of weight 0 answer only when no other is healthy"));
    }
    if let Some((needed, place)) = &outer.needed
        && counted < *needed
    {
        let s = if counted == 1 { " counts" } else { "s count" };
        let fault = place.error(format!("the pool is healthy with {needed}, and only {counted} pool{s}"));
        faults.add(fault.label("never reached").help("pools of weight 0 do not count"));
    }
}

fn check_hash_pools(pools: &Pools, faults: &Faults) {
    let mut hashed = (0..).zip(&pools.list).filter(|(_, pool)| pool.pick == Pick::Hash);
    if let Some((index, _)) = hashed.nth(limits::HASH_POOLS) {
        let place: &Place = &pools.places[index];
        let message = format!("there are more than {} pools with `pick = \"hash\"`", limits::HASH_POOLS);
        faults.add(place.error(message).help("each holds tables of 4096 slots"));
    }
}

/// Fills [`Pool::outer`].
fn tell_inner(order: &[PoolId], pools: &mut Pools) {
    // From the outside in: whoever stands in a pool stands in all that this one stands in.
    for &id in order.iter().rev() {
        let own = pools.get(id).outer.clone();
        for inner in pools.get(id).inner.clone() {
            let outer = &mut pools.list[inner.pool.0 as usize].outer;
            outer.extend(own.iter().chain([&id]));
        }
    }
    let level: Vec<u8> = pools.list.iter().map(|pool| pool.level).collect();
    for pool in &mut pools.list {
        pool.outer.sort_unstable_by_key(|&id| (level[id.0 as usize], id));
        pool.outer.dedup();
    }
}

/// What depends on a target: also the pools that its pools stand in, behind those. A pool with a fault may have got no
/// further than to its targets.
fn add_outer_users(target: &mut Target, pools: &[Pool]) {
    let outer = target.users.iter().flat_map(|&(id, content)| {
        let pool = pools.get(id.0 as usize);
        pool.into_iter().flat_map(|pool| &pool.outer).map(move |&outer| (outer, content))
    });
    let mut users: Vec<_> = outer.collect();
    users.sort_unstable_by_key(|&(id, content)| (pools[id.0 as usize].level, id, content.index()));
    users.dedup();
    target.users.extend(users);
}
