//! What is right but will surprise: told once everything is known to be sound.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::config::text::{Faults, Place, Written, quote};
use crate::geo::{ClassId, SiteId};
use crate::snapshot::Map;
use crate::steer::warnings::{ThinCause, ThinClass, capped_members, split_classes, thin_classes};
use crate::steer::{Content, Member, Pool, PoolId, PoolKind, RECORD_HEAD, Rule, record_length};
use crate::wire::Name;
use crate::wire::name::NAME_MAX;
use crate::zone::{Hints, record_type};

use super::coverage;
use super::drafts::Draft;
use super::maps::Sites;
use super::monitors::NamedMonitor;
use super::names::Names;
use super::pools::{Pools, givers};

/// Octets of an answer besides the question's name and the records: header, type and class of the question, OPT with
/// the largest ECS option (RFC 1035 §4.1, RFC 6891 §6.1.2, RFC 7871 §6).
const OTHER_OCTETS: usize = 12 + 4 + 11 + 24;
/// The largest UDP response that no ordinary path fragments (RFC 9715 §3.2).
const UNFRAGMENTED: u16 = 1232;
/// Sites of a class that a warning names.
const SITES_NAMED: usize = 4;

/// Looks for surprises.
pub(super) struct Check<'a> {
    /// The pools.
    pub(super) pools: &'a Pools,
    /// The sites.
    pub(super) sites: &'a Sites,
    /// The compiled maps.
    pub(super) maps: &'a [Map],
    /// Where warnings go.
    pub(super) faults: &'a Faults,
}

impl Check<'_> {
    /// Surprises of rules; `rules[i]` was made from `drafts[i]`.
    pub(super) fn rules(&self, drafts: &[Draft<'_>], rules: &[Rule], udp_payload_max: u16) {
        let mut told = HashSet::new();
        for (draft, rule) in drafts.iter().zip(rules) {
            // All names of one table have the same candidates.
            if told.insert((std::ptr::from_ref(draft.rule), draft.rtype)) {
                self.thin_classes(draft, rule);
            }
        }
        self.split_families(drafts, rules);
        self.pool_uses(drafts, usize::from(udp_payload_max.min(UNFRAGMENTED)));
    }

    /// Definitions that nothing refers to.
    pub(super) fn unused(&self, maps: &Names<u32>, monitors: &Names<NamedMonitor>) {
        let warn = |(name, place): (&str, &Place), what: &str, by: &str| {
            let warning = place.warning(format!("the {what} {} is used by no {by}", quote(name)));
            self.faults.add(warning.label("unused"));
        };
        maps.unused().for_each(|unused| warn(unused, "map", "rule"));
        monitors.unused().for_each(|unused| warn(unused, "monitor", "pool"));
        self.pools.names.unused().for_each(|unused| warn(unused, "pool", "rule"));
        self.sites.names.unused().for_each(|unused| warn(unused, "site", "pool and no map"));
    }

    /// Classes that a fence or an empty list leaves fewer than two candidates (semantics §4.1).
    fn thin_classes(&self, draft: &Draft<'_>, rule: &Rule) {
        let Some(map) = rule.map.map(|map| &self.maps[map as usize]) else { return };
        let pools = draft.rule.pools.iter().map(|&id| self.pools.gives(id, draft.content));
        let thin = thin_classes(&rule.candidates, &pools.collect::<Vec<_>>());
        for cause in [ThinCause::Fence, ThinCause::EmptyList] {
            let classes: Vec<&ThinClass> = thin.iter().filter(|thin| thin.cause == cause).collect();
            let Some(first) = classes.first() else { continue };
            let (why, place) = match (cause, &draft.rule.spec.fence, &draft.rule.spec.map) {
                (ThinCause::Fence, Some(fence), _) => ("the fence leaves", &fence.place),
                (_, _, Ok(Some(map))) => ("an empty list of sites leaves", &map.place),
                _ => continue,
            };
            let most = classes.iter().map(|thin| thin.candidates).max().unwrap_or(0);
            let left = if most == 0 { "no pool" } else { "one pool only" };
            let classes: BTreeSet<ClassId> = classes.iter().map(|thin| thin.class).collect();
            let message =
                format!("{why} {} {left} for {}", record_type::name(draft.rtype), self.extent(map, &classes));
            let warning = place.warning(message).label("no other pool to fail over to");
            self.faults.add(warning.help(format!("for example for {}", self.class(map, first.class))));
        }
    }

    /// Classes whose A and AAAA come from different sites (semantics §3), be it under one rule or under two of one map.
    fn split_families(&self, drafts: &[Draft<'_>], rules: &[Rule]) {
        let mut told = HashSet::new();
        let mut seen: BTreeMap<(&Name, &Name), usize> = BTreeMap::new();
        let of_addresses = |(_, draft): &(usize, &Draft<'_>)| draft.content != Content::Data;
        for (index, draft) in drafts.iter().enumerate().filter(of_addresses) {
            let Some(first) = seen.insert((&draft.zone, &draft.owner.value), index) else { continue };
            // All names of one pair of tables have the same candidates.
            let tables = [first, index].map(|index| std::ptr::from_ref(drafts[index].rule));
            if rules[first].map == rules[index].map
                && let Some(map) = rules[index].map
                && let split = self.split_classes([first, index], drafts, rules)
                && !split.is_empty()
                && told.insert(tables)
            {
                self.report_split(draft, &self.maps[map as usize], &split);
            }
        }
    }

    /// The split classes of the two rules of one owner name.
    fn split_classes(&self, pair: [usize; 2], drafts: &[Draft<'_>], rules: &[Rule]) -> Vec<ClassId> {
        let [first, second] = pair;
        let by_family = if drafts[first].content == Content::V4 { [first, second] } else { [second, first] };
        let pools = by_family.map(|index| -> Vec<Option<SiteId>> {
            let site = |&id: &PoolId| {
                self.pools.get(id).site.filter(|_| self.pools.gives(id, drafts[index].content))
            };
            drafts[index].rule.pools.iter().map(site).collect()
        });
        let [v4, v6] = by_family.map(|index| &*rules[index].candidates);
        split_classes([(v4, &pools[0]), (v6, &pools[1])])
    }

    fn report_split(&self, draft: &Draft<'_>, map: &Map, split: &[ClassId]) {
        let extent = self.extent(map, &split.iter().copied().collect());
        let message = format!("A and AAAA of {} come from different sites for {extent}", draft.owner.value);
        let help = format!(
            "for example for {}; give the pools there addresses of both families",
            self.class(map, split[0])
        );
        self.faults.add(draft.owner.place.warning(message).label("split").help(help));
    }

    /// What concerns a pool with a number of answers: told once, however many rules use it so.
    fn pool_uses(&self, drafts: &[Draft<'_>], most_octets: usize) {
        let mut uses: BTreeMap<PoolUse<'_>, (&Draft<'_>, usize)> = BTreeMap::new();
        for draft in drafts {
            for id in draft.rule.all_pools() {
                let hints = draft.hints.as_deref();
                let answers = if hints.is_some() { 1 } else { draft.rule.answers(self.pools.get(id)) };
                let longest = longest_question(&draft.owner);
                for (leaf, _) in self.pools.leaves(id) {
                    let known = uses.entry((leaf, draft.content, answers, hints)).or_insert((draft, longest));
                    if longest > known.1 {
                        *known = (draft, longest);
                    }
                }
            }
        }
        let mut capped = BTreeSet::new();
        for ((id, content, answers, _), (draft, question)) in uses {
            let pool = self.pools.get(id);
            if !capped.contains(&(id, answers)) && self.capped_weights(draft, pool, content, answers) {
                capped.insert((id, answers));
            }
            self.too_large(draft, pool, answers, most_octets.saturating_sub(OTHER_OCTETS + question));
        }
    }

    /// Weights that more than one answer makes ineffective (semantics §3); whether there are any.
    fn capped_weights(&self, draft: &Draft<'_>, pool: &Pool, content: Content, answers: u16) -> bool {
        let capped = capped_members(pool, content, answers);
        let Some(&first) = capped.first() else { return false };
        let place = draft.rule.spec.answers.as_ref().map_or(&draft.owner.place, |answers| &answers.place);
        let message = format!(
            "with {answers} answers the weight of the member {} of the pool {} has no full effect",
            quote(&pool.members[first].name),
            quote(&pool.name)
        );
        let warning = place.warning(message).label("in every answer");
        self.faults
            .add(warning.help("it stands in every answer; its weight only says how often it stands first"));
        true
    }

    fn too_large(&self, draft: &Draft<'_>, pool: &Pool, answers: u16, room: usize) {
        let mut sizes: Vec<_> =
            givers(pool, draft.content).map(|member| given_size(member, pool, draft)).collect();
        // The largest ones are an answer too.
        sizes.sort_unstable_by_key(|size| std::cmp::Reverse(size.octets));
        sizes.truncate(answers.into());
        let sums = sizes.iter().scan(0, |sum, size| {
            *sum += size.octets;
            Some(*sum)
        });
        let fitting = sums.take_while(|&sum| sum <= room).count();
        if fitting == sizes.len() {
            return;
        }
        let place = draft.rule.spec.answers.as_ref().map_or(&draft.owner.place, |answers| &answers.place);
        let records: usize = sizes.iter().map(|size| size.records).sum();
        let (rtype, pool) = (record_type::name(draft.rtype), quote(&pool.name));
        let message = match records {
            1 => format!("a {rtype} record of the pool {pool} does not fit into one UDP answer"),
            _ => format!("{records} {rtype} records of the pool {pool} do not fit into one UDP answer"),
        };
        let warning = place.warning(message).label("answered over TCP");
        self.faults.add(match fitting {
            0 => warning.help("one member alone is too large: shorten its data"),
            _ => warning.help(format!("`answers = {fitting}` is the largest that fits")),
        });
    }

    /// How many classes of a map, and which share of the IPv4 addresses.
    fn extent(&self, map: &Map, classes: &BTreeSet<ClassId>) -> String {
        let share = coverage::in_words(coverage::ipv4_percent(&map.table, classes));
        let all = map.table.classes().len();
        format!("{} of {all} classes of the map {}, {share} of IPv4", classes.len(), quote(map.table.name()))
    }

    /// `the class [fra, iad]`.
    fn class(&self, map: &Map, class: ClassId) -> String {
        let sites = &map.table.classes()[usize::from(class.0)];
        if sites.is_empty() {
            return "an empty list of sites".to_owned();
        }
        let name = |site: &SiteId| self.sites.list[usize::from(site.0)].name.as_str();
        let names: Vec<&str> = sites.iter().take(SITES_NAMED).map(name).collect();
        let more = if sites.len() > SITES_NAMED { ", …" } else { "" };
        format!("the class [{}{more}]", names.join(", "))
    }
}

/// A pool as it is used: with what, how many answers, and for which RRset with hints.
type PoolUse<'d> = (PoolId, Content, u16, Option<&'d Hints>);

/// What a member takes in an answer.
struct Size {
    octets: usize,
    records: usize,
}

/// The most that a member takes in an answer of this rule.
fn given_size(member: &Member, pool: &Pool, draft: &Draft<'_>) -> Size {
    let data = |lengths: &mut dyn Iterator<Item = usize>| {
        lengths.fold(Size { octets: 0, records: 0 }, |sum, length| Size {
            octets: sum.octets + RECORD_HEAD + length,
            records: sum.records + 1,
        })
    };
    match (draft.content.family(), &draft.hints, pool.kind) {
        (Some(family), ..) => Size { octets: record_length(family), records: 1 },
        (None, Some(hints), PoolKind::Addresses) => {
            data(&mut hints.data(member.ipv4, member.ipv6).iter().map(Vec::len))
        }
        (None, ..) => data(&mut member.data.iter().map(|data| data.len())),
    }
}

/// Octets of the longest question's name that the owner answers: below a wildcard it may be any name.
fn longest_question(owner: &Written<Name>) -> usize {
    if owner.value.is_wildcard() { NAME_MAX } else { owner.value.as_octets().len() }
}
