//! Rules: references looked up, checked against pools and default RRsets, candidates compiled.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::config::spec::{AllDownSpec, RuleSpec};
use crate::config::text::{Broken, Faults, Parsed, Place, Written, part_of, quote};
use crate::geo::SiteId;
use crate::snapshot::{Map, RuleLabel, SteerMark};
use crate::steer::{AllDown, Candidates, Content, Empty, Pick, Pool, PoolId, PoolKind, PoolUse, Rule};
use crate::wire::{Family, Name};
use crate::zone::{Hints, print_data, record_type};

use super::kinds;
use super::names::{Names, Scope};
use super::pools::{Pools, gives};

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
    all_down_pool: Option<PoolId>,
}

/// One (owner, type) that is steered, sound but for the numbers that only the whole gives.
pub(super) struct Draft<'s> {
    /// The table it comes from.
    pub(super) rule: &'s BoundRule<'s>,
    /// The owner name, where it is written.
    pub(super) owner: Written<Name>,
    /// The zone.
    pub(super) zone: Name,
    /// The type.
    pub(super) rtype: u16,
    /// What its answers consist of.
    pub(super) content: Content,
    /// The RRset that gets addresses as hints, where that is what is steered.
    pub(super) hints: Option<Arc<Hints>>,
    /// Lower bound of the TTL.
    min_ttl: u32,
    /// Upper bound of the TTL.
    max_ttl: u32,
}

/// What the pools of a rule can answer.
pub(super) struct Offer {
    /// What they are.
    pub(super) kind: PoolKind,
    /// Data of a member for each type that any has, as text.
    pub(super) examples: Vec<(u16, String)>,
}

/// What the pools of a rule can answer, as far as they are known, whatever else is wrong with it. `None` where none is.
pub(super) fn offer(spec: &RuleSpec, pools: &Pools) -> Option<Offer> {
    let named = spec.pools.iter().flatten().filter_map(|name| pools.names.known(name));
    let known: Vec<&Pool> = named.map(|&id| pools.get(id)).collect();
    let kind = known.first()?.kind;
    let members = || known.iter().filter(|pool| pool.kind == kind).flat_map(|pool| &pool.members);
    let examples = match kind {
        PoolKind::Addresses => {
            let of = |family: Family| {
                let address = members().find_map(|member| member.address(family))?;
                Some((family.rtype(), address.to_string()))
            };
            Family::BOTH.into_iter().filter_map(of).collect()
        }
        PoolKind::Records(rtype) => {
            let data = members().flat_map(|member| &member.data).next();
            data.map(|data| (rtype, print_data(rtype, data))).into_iter().collect()
        }
    };
    Some(Offer { kind, examples })
}

/// Looks the references of a rule up.
pub(super) fn bind<'s>(
    rule: &'s Written<RuleSpec>,
    scope: Scope,
    pools: &Pools,
    maps: &Names<u32>,
    faults: &Faults,
) -> Parsed<BoundRule<'s>> {
    let spec = &rule.value;
    let find = |name| pools.names.find(name, scope, faults).copied();
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
    if let Ok(Some(map)) = &spec.map {
        check_sites(spec, &ids, map, pools, faults)?;
    }
    let kinds = kinds::check(spec, &ids, all_down_pool, pools, faults);
    let ids = ids.into_iter().collect::<Parsed<Vec<PoolId>>>()?;
    kinds?;
    Ok(BoundRule { spec, map: map?, pools: ids, all_down_pool: all_down_pool? })
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

    fn fence(&self) -> bool {
        self.spec.fence.as_ref().is_some_and(|fence| fence.value)
    }
}

impl<'s> Draft<'s> {
    /// Checks one steered RRset: the pools can answer its type. `ttl` comes from [`ttl_bounds`].
    pub(super) fn new(
        rule: &'s BoundRule<'s>,
        owner: Written<Name>,
        zone: Name,
        mark: &SteerMark,
        ttl: Parsed<(u32, u32)>,
        pools: &Pools,
        faults: &Faults,
    ) -> Parsed<Draft<'s>> {
        let rtype = mark.rtype;
        let family = Family::BOTH.into_iter().find(|family| family.rtype() == rtype);
        if let Some(family) = family {
            check_family(rule, &owner, family, pools, faults)?;
        }
        let content = family.map_or(Content::Data, Content::from);
        let (min_ttl, max_ttl) = ttl?;
        Ok(Draft { rule, owner, zone, rtype, content, hints: mark.hints.clone(), min_ttl, max_ttl })
    }

    /// What the rule steers, for people.
    fn label(&self) -> RuleLabel {
        RuleLabel {
            owner: self.owner.value.clone(),
            zone: self.zone.clone(),
            rtype: self.rtype,
            line: self.owner.place.file_line(),
        }
    }
}

fn check_family(
    rule: &BoundRule<'_>,
    owner: &Written<Name>,
    family: Family,
    pools: &Pools,
    faults: &Faults,
) -> Parsed<()> {
    if let (Some(id), Ok(Some(AllDownSpec::Pool(name)))) = (rule.all_down_pool, &rule.spec.all_down)
        && !gives(pools.get(id), family.into())
    {
        let message = format!("the pool {} has no {} address", quote(name), family);
        let help =
            format!("when all are down, {} {} gets the default RRset", owner.value, family.type_name());
        faults.add(name.place.warning(message).help(help));
    }
    if rule.pools.iter().any(|&id| gives(pools.get(id), family.into())) {
        return Ok(());
    }
    let (rtype, other) = (family.type_name(), family.other().type_name());
    let message = format!("no pool has an {} address for {} {rtype}", family, owner.value);
    let help = format!("give the members {family} addresses, or add `types = [\"{other}\"]`");
    faults.add(owner.place.error(message).label("cannot be answered").help(help));
    Err(Broken)
}

/// The bounds of the TTL of a steered RRset: the lower as written, else half of the upper (semantics §5). A fault when it
/// is above it.
pub(super) fn ttl_bounds(
    spec: &RuleSpec,
    owner: &Written<Name>,
    rtype: u16,
    max_ttl: u32,
    faults: &Faults,
) -> Parsed<(u32, u32)> {
    match &spec.min_ttl {
        None => Ok(((max_ttl / 2).max(1), max_ttl)),
        Some(min_ttl) if min_ttl.value <= max_ttl => Ok((min_ttl.value, max_ttl)),
        Some(min_ttl) => {
            let message =
                format!("`min_ttl` is above the TTL of {} {}", owner.value, record_type::name(rtype));
            let help = format!("the default RRset has TTL {max_ttl}: lower `min_ttl` or raise that");
            faults.add(min_ttl.place.error(message).label("too long").help(help));
            Err(Broken)
        }
    }
}

/// Turns drafts into rules: the numbers of answers go to the pools, candidates are compiled once for each
/// (map, sites, fence).
pub(super) fn finish(drafts: &[Draft<'_>], pools: &mut Pools, maps: &[Map]) -> (Vec<Rule>, Vec<RuleLabel>) {
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
    for (id, answers) in wanted {
        pools[id.0 as usize].answers = answers.into_iter().collect();
    }
}

/// The places that RRsets with hints have in [`Pool::hints`].
type HintPlaces = HashMap<(PoolId, Arc<Hints>), u16>;

/// Tells pools which RRsets get their addresses as hints, each once, and targets that these depend on them.
fn collect_hints(drafts: &[Draft<'_>], pools: &mut Pools) -> HintPlaces {
    let mut places = HintPlaces::new();
    for draft in drafts {
        let Some(hints) = &draft.hints else { continue };
        for id in draft.rule.all_pools() {
            let pool = &mut pools.list[id.0 as usize];
            places.entry((id, Arc::clone(hints))).or_insert_with(|| {
                pool.hints.push(Arc::clone(hints));
                (pool.hints.len() - 1) as u16
            });
        }
    }
    for (pool, id) in pools.list.iter().zip((0..).map(PoolId)).filter(|(pool, _)| !pool.hints.is_empty()) {
        for &target in pool.members.iter().flat_map(|member| &member.targets).flatten() {
            pools.targets.add_user(target, (id, Content::Data));
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
        let uses = draft.rule.pools.iter().map(|&id| self.pool_use(draft, id)).collect();
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
