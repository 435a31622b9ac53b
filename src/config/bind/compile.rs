//! Rules as queries read them: what only the whole gives is filled in, and what several share is made once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::config::spec::AllDownSpec;
use crate::geo::SiteId;
use crate::snapshot::{Map, RuleLabel};
use crate::steer::{AllDown, Candidates, Content, Empty, Pool, PoolId, PoolUse, Rule};
use crate::zone::Hints;

use super::drafts::Draft;
use super::pools::Pools;
use super::rules::BoundRule;

/// Turns drafts into rules: the numbers of answers go to the pools, candidates are compiled once for each
/// (map, sites, fence).
pub(super) fn rules(drafts: &[Draft<'_>], pools: &mut Pools, maps: &[Map]) -> (Vec<Rule>, Vec<RuleLabel>) {
    collect_answers(drafts, &mut pools.list);
    let hints = collect_hints(drafts, pools);
    let mut interner = Interner { maps, pools: &pools.list, hints, known: HashMap::new() };
    let rules = drafts.iter().map(|draft| interner.rule(draft)).collect();
    (rules, drafts.iter().map(Draft::label).collect())
}

fn collect_answers(drafts: &[Draft<'_>], pools: &mut [Pool]) {
    let mut wanted: BTreeMap<PoolId, BTreeSet<u16>> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| draft.hints.is_none()) {
        for id in draft.rule.all_pools() {
            wanted.entry(id).or_default().insert(draft.rule.answers(&pools[id.0 as usize]));
        }
    }
    // From the outside in: what is asked of a pool is asked of those in it.
    let mut by_level: Vec<usize> = (0..pools.len()).collect();
    by_level.sort_by_key(|&index| std::cmp::Reverse(pools[index].level));
    for index in by_level {
        let answers = wanted.remove(&PoolId(index as u32)).unwrap_or_default();
        for inner in &pools[index].inner {
            wanted.entry(inner.pool).or_default().extend(&answers);
        }
        pools[index].answers = answers.into_iter().collect();
    }
}

/// The places that RRsets with hints have in [`Pool::hints`].
type HintPlaces = HashMap<(PoolId, Arc<Hints>), u16>;

/// Tells pools which RRsets get their addresses as hints, each once, and targets that these depend on them.
fn collect_hints(drafts: &[Draft<'_>], pools: &mut Pools) -> HintPlaces {
    let mut places = HintPlaces::new();
    for draft in drafts {
        let Some(hints) = &draft.hints else { continue };
        let mut wanted: Vec<PoolId> = draft.rule.all_pools().collect();
        while let Some(id) = wanted.pop() {
            let pool = &mut pools.list[id.0 as usize];
            // What is asked of a pool is asked of those in it.
            wanted.extend(pool.inner.iter().map(|inner| inner.pool));
            places.entry((id, Arc::clone(hints))).or_insert_with(|| {
                pool.hints.push(Arc::clone(hints));
                (pool.hints.len() - 1) as u16
            });
        }
    }
    for (pool, id) in pools.list.iter().zip((0..).map(PoolId)).filter(|(pool, _)| !pool.hints.is_empty()) {
        for &target in pool.members.iter().flat_map(|member| &member.targets).flatten() {
            for &user in [id].iter().chain(&pool.outer) {
                pools.targets.add_user(target, (user, Content::Data));
            }
        }
    }
    places
}

/// What candidates depend on.
#[derive(PartialEq, Eq, Hash)]
enum CandidatesKey {
    Written(usize),
    ByMap(u32, Vec<SiteId>, bool),
}

struct Interner<'a> {
    maps: &'a [Map],
    pools: &'a [Pool],
    hints: HintPlaces,
    known: HashMap<CandidatesKey, Arc<Candidates>>,
}

impl Interner<'_> {
    fn rule(&mut self, draft: &Draft<'_>) -> Rule {
        let trickle = draft.rule.spec.trickle.as_ref().map(|trickle| trickle.value);
        let flag = if trickle.is_some() { PoolUse::TRICKLE } else { 0 };
        let candidate = |&id: &PoolId| {
            let PoolUse { pool, set } = self.pool_use(draft, id);
            PoolUse { pool, set: set | flag }
        };
        let uses = draft.rule.pools.iter().map(candidate).collect();
        let all_down = match (&draft.rule.spec.all_down, draft.rule.all_down_pool) {
            (_, Some(id)) => AllDown::Pool(self.pool_use(draft, id)),
            (Ok(Some(AllDownSpec::Word(word))), None) => *word,
            _ => AllDown::All,
        };
        Rule {
            content: draft.content,
            pools: uses,
            map: draft.rule.map,
            candidates: self.candidates(draft.rule),
            all_down,
            trickle,
            empty: draft.rule.spec.empty.as_ref().map_or(Empty::Default, |empty| empty.value),
            min_ttl: draft.min_ttl,
            max_ttl: draft.max_ttl,
        }
    }

    fn pool_use(&self, draft: &Draft<'_>, id: PoolId) -> PoolUse {
        let pool = &self.pools[id.0 as usize];
        if let Some(hints) = &draft.hints {
            return PoolUse { pool: id, set: self.hints[&(id, Arc::clone(hints))] };
        }
        let set = pool.answers.binary_search(&draft.rule.answers(pool));
        PoolUse { pool: id, set: set.expect("the answers of every rule were collected before") as u16 }
    }

    fn candidates(&mut self, rule: &BoundRule<'_>) -> Arc<Candidates> {
        let site = |&id: &PoolId| {
            self.pools[id.0 as usize]
                .site
                .expect("under a map every pool has a site, or the rule was refused")
        };
        let key = match rule.map {
            None => CandidatesKey::Written(rule.pools.len()),
            Some(map) => CandidatesKey::ByMap(map, rule.pools.iter().map(site).collect(), rule.fence()),
        };
        let maps = self.maps;
        let compile = |key: &CandidatesKey| match key {
            CandidatesKey::Written(pools) => Candidates::written_order(*pools),
            CandidatesKey::ByMap(map, sites, fence) => {
                Candidates::compile(maps[*map as usize].table.classes(), sites, *fence)
            }
        };
        match self.known.get(&key) {
            Some(known) => Arc::clone(known),
            None => {
                let compiled = Arc::new(compile(&key));
                self.known.insert(key, Arc::clone(&compiled));
                compiled
            }
        }
    }
}
