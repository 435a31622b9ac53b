//! Rules: references looked up, and checked against the pools that they lead to.

use crate::config::spec::{AllDownSpec, RuleSpec};
use crate::config::text::{Broken, Faults, Parsed, Place, Written, part_of, quote};
use crate::steer::{Empty, HASH_ANSWERS_MAX, Pick, Pool, PoolId};

use super::kinds;
use super::names::{Names, Scope};
use super::pools::Pools;

/// Answers of a pool with `pick = "all"` unless the rule says so (semantics §8).
const ANSWERS_OF_ALL: u16 = 8;
/// Answers of other pools.
const ANSWERS: u16 = 1;

/// A `[[steer]]` table whose references are ids.
pub(super) struct BoundRule<'s> {
    /// What was written.
    pub(super) spec: &'s RuleSpec,
    /// Number of the map.
    pub(super) map: Option<u32>,
    /// The pools in written order.
    pub(super) pools: Vec<PoolId>,
    /// Its `all_down` pool, if it names one.
    pub(super) all_down_pool: Option<PoolId>,
}

impl BoundRule<'_> {
    /// How many members a pool answers with.
    pub(super) fn answers(&self, pool: &Pool) -> u16 {
        let default = if pool.pick == Pick::All { ANSWERS_OF_ALL } else { ANSWERS };
        self.spec.answers.as_ref().map_or(default, |answers| answers.value)
    }

    /// All pools that may answer, the `all_down` one last.
    pub(super) fn all_pools(&self) -> impl Iterator<Item = PoolId> {
        self.pools.iter().copied().chain(self.all_down_pool)
    }

    /// Whether pools at sites that the map does not list are none for a client.
    pub(super) fn fence(&self) -> bool {
        self.spec.fence.as_ref().is_some_and(|fence| fence.value)
    }
}

/// Looks the references of a rule up.
pub(super) fn bind<'s>(
    rule: &'s Written<RuleSpec>,
    scope: Scope,
    all_pools: &Pools,
    maps: &Names<u32>,
    faults: &Faults,
) -> Parsed<BoundRule<'s>> {
    let spec = &rule.value;
    let find = |name| all_pools.names.find(name, scope, faults).copied();
    let ids: Vec<Parsed<PoolId>> = spec.pools.iter().map(|name| part_of(name).and_then(find)).collect();
    let map = part_of(&spec.map).and_then(|map| {
        map.as_ref().map(|name| maps.find(name, Scope::Everywhere, faults).copied()).transpose()
    });
    let all_down_pool = match &spec.all_down {
        Ok(Some(AllDownSpec::Pool(name))) => find(name).map(Some),
        Ok(_) => Ok(None),
        Err(broken) => Err(*broken),
    };
    warn_without_effect(spec, faults);
    warn_of_trickle(spec, faults);
    warn_of_negatives(spec, faults);
    let sites = match &spec.map {
        Ok(Some(map)) => check_sites(spec, &ids, map, all_pools, faults),
        Ok(None) | Err(Broken) => Ok(()),
    };
    let kinds = kinds::check(spec, &ids, all_down_pool, all_pools, faults);
    let pools = ids.into_iter().collect::<Parsed<Vec<PoolId>>>()?;
    kinds?;
    sites?;
    let rule = BoundRule { spec, map: map?, pools, all_down_pool: all_down_pool? };
    check_hash_answers(&rule, all_pools, faults)?;
    Ok(rule)
}

/// A map orders pools by their sites: each must have one.
fn check_sites(
    spec: &RuleSpec,
    ids: &[Parsed<PoolId>],
    map: &Written<String>,
    pools: &Pools,
    faults: &Faults,
) -> Parsed<()> {
    let mut checked = Ok(());
    for (name, id) in spec.pools.iter().zip(ids) {
        let (Ok(name), &Ok(id)) = (name, id) else { continue };
        if pools.get(id).site.is_none() {
            let message =
                format!("the pool {} has no site, so the map {} cannot place it", quote(name), quote(map));
            let help = format!("add `site` to the pool at {}", pools.places[id.0 as usize].file_and_line());
            faults.add(name.place.error(message).label("without a site").help(help));
            checked = Err(Broken);
        }
    }
    checked
}

fn warn_without_effect(spec: &RuleSpec, faults: &Faults) {
    if !matches!(spec.map, Ok(None)) {
        return;
    }
    let warn = |key: &str, place: &Place| {
        let warning = place.warning(format!("`{key}` has no effect without a map")).label("no effect");
        faults.add(warning.help("add `map`, or remove it"));
    };
    if let Some(fence) = spec.fence.as_ref().filter(|fence| fence.value) {
        warn("fence", &fence.place);
    }
    if let Some(empty) = &spec.empty {
        warn("empty", &empty.place);
    }
}

/// What clients without a site are told, resolvers may tell everyone.
fn warn_of_negatives(spec: &RuleSpec, faults: &Faults) {
    if let Some(empty) = spec.empty.as_ref().filter(|empty| empty.value == Empty::NoData)
        && !matches!(spec.map, Ok(None))
    {
        let warning = empty.place.warning("resolvers may cache this NODATA for everyone");
        let help = "negative answers are cached whatever the client subnet (RFC 7871 §7.4): without `empty` the default RRset answers";
        faults.add(warning.label("for clients without a site").help(help));
    }
}

/// A trickle needs another pool to go to.
fn warn_of_trickle(spec: &RuleSpec, faults: &Faults) {
    if let Some(trickle) = &spec.trickle
        && spec.pools.len() == 1
    {
        let warning = trickle.place.warning("`trickle` has no effect with one pool").label("no effect");
        faults.add(warning.help("name the pool to go to behind it, or remove it"));
    }
}

/// Tables of slots are bounded: not too many answers from pools that hash.
fn check_hash_answers(rule: &BoundRule<'_>, pools: &Pools, faults: &Faults) -> Parsed<()> {
    let Some(answers) = rule.spec.answers.as_ref().filter(|answers| answers.value > HASH_ANSWERS_MAX) else {
        return Ok(());
    };
    let mut leaves = rule.all_pools().flat_map(|id| pools.leaves(id));
    let Some((_, hashed)) = leaves.find(|(_, leaf)| leaf.pick == Pick::Hash) else { return Ok(()) };
    let message = format!(
        "the pool {} has `pick = \"hash\"` and gives at most {HASH_ANSWERS_MAX} answers",
        quote(&hashed.name)
    );
    faults.add(answers.place.error(message).label("too many"));
    Err(Broken)
}
