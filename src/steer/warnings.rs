//! What `check` warns of: configurations that are right but will surprise. Pure findings; config words them.

use super::candidates::Candidates;
use super::pool::{Pick, Pool};
use super::weighted::Capping;
use crate::geo::{ClassId, SiteId};
use crate::wire::Content;
use crate::wire::Family;

/// The members of a pool (by index, ascending) whose weight has no full effect with so many answers: each would need
/// more than one place in an answer, so it stands in all of them. None in pools that do not go by weight. All members
/// are taken as eligible.
pub fn capped_members(pool: &Pool, content: Content, answers: u16) -> Vec<usize> {
    let has_chance = |index: &usize| {
        let member = &pool.members[*index];
        pool.pick == Pick::Weighted && member.weight > 0 && pool.gives(member, content)
    };
    let members: Vec<_> = (0..pool.members.len()).filter(has_chance).collect();
    let weights: Vec<_> = members.iter().map(|&index| u32::from(pool.members[index].weight)).collect();
    let capping = Capping::of(&weights, weights.len().min(answers.into()));
    capping.capped.into_iter().map(|number| members[usize::from(number)]).collect()
}

/// A class that has fewer than two candidates although its rule has more pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThinClass {
    /// The class.
    pub class: ClassId,
    /// 0 or 1.
    pub candidates: usize,
    /// What leaves it without more.
    pub cause: ThinCause,
}

/// What leaves a class with fewer than two candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThinCause {
    /// `fence = true`, and the class's sites have no more pools.
    Fence,
    /// The class lists no site (semantics §4.5).
    EmptyList,
}

/// The classes for which a fence or an empty site list leaves fewer than two candidates, ascending. `able` says of each
/// of the rule's pools, in written order, whether it has what the rule gives; one that has none is no candidate.
pub fn thin_classes(candidates: &Candidates, able: &[bool]) -> Vec<ThinClass> {
    let pools = able.iter().filter(|&&able| able).count();
    let thin = |class: ClassId| {
        let count = candidates.of(class).iter().filter(|&&index| able[usize::from(index)]).count();
        let cause = if candidates.is_empty_list(class) { ThinCause::EmptyList } else { ThinCause::Fence };
        (count < pools.min(2)).then_some(ThinClass { class, candidates: count, cause })
    };
    candidates.classes().filter_map(thin).collect()
}

/// The classes whose A and AAAA come from different sites while all is healthy, ascending: the first candidate has no
/// address of one of the families, or the families have rules of their own. `rules` holds for each family, by its index,
/// the candidates of its rule and the rule's pools in written order; both are of one map.
pub fn split_classes(rules: [(&Candidates, &[&Pool]); 2]) -> Vec<ClassId> {
    let first_site = |class: ClassId, family: Family| -> Option<Option<SiteId>> {
        let (candidates, pools) = rules[family.index()];
        let mut in_order = candidates.of(class).iter().map(|&index| pools[usize::from(index)]);
        let pool =
            in_order.find(|pool| pool.members.iter().any(|member| member.address(family).is_some()))?;
        Some(pool.site)
    };
    let is_split = |&class: &ClassId| {
        let [v4, v6] = Family::BOTH.map(|family| first_site(class, family));
        v4.is_some() && v6.is_some() && v4 != v6
    };
    rules[0].0.classes().filter(is_split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steer::pool::MinHealthy;
    use crate::steer::testing::pool;

    #[test]
    fn weights_without_full_effect_are_found() {
        let cases: [(&str, u16, &[usize]); 8] = [
            ("u3 u1", 1, &[]),
            ("u3 u1", 2, &[0]),
            ("u1 u1", 2, &[]),
            ("u1 u1", 9, &[]),
            ("u1 u0 u9 d1", 2, &[2]),
            ("-9 u1 u1 u1", 2, &[]),
            ("u1 u8 u3 u1", 3, &[1, 2]),
            ("u0 u0", 1, &[]),
        ];
        for (written, answers, expected) in cases {
            let (weighted, _) = pool(written, Pick::Weighted, MinHealthy::Count(1));
            assert_eq!(capped_members(&weighted, Content::V4, answers), expected, "{answers} of {written}");
            let all = Pool { pick: Pick::All, ..weighted };
            assert!(capped_members(&all, Content::V4, answers).is_empty());
        }
    }

    #[test]
    fn classes_with_fewer_than_two_candidates_are_found() {
        let sites = [SiteId(0), SiteId(1), SiteId(1)];
        let classes = [Box::from([SiteId(0)]), Box::from([SiteId(1)]), Box::from([]), Box::from([SiteId(7)])];
        let thin = |pools: usize, fence| {
            let candidates = Candidates::compile(&classes, &sites[..pools], fence);
            let found = thin_classes(&candidates, &vec![true; pools]).into_iter();
            found.map(|thin| (thin.class.0, thin.candidates, thin.cause)).collect::<Vec<_>>()
        };
        use ThinCause::{EmptyList, Fence};
        assert_eq!(thin(3, false), [(2, 0, EmptyList)]);
        assert_eq!(thin(3, true), [(0, 1, Fence), (2, 0, EmptyList), (3, 0, Fence)]);
        assert_eq!(thin(1, false), [(2, 0, EmptyList)], "one pool is as much as there can be");
        assert_eq!(thin(1, true), [(1, 0, Fence), (2, 0, EmptyList), (3, 0, Fence)]);
        let fenced = Candidates::compile(&classes, &sites, true);
        let of_family = thin_classes(&fenced, &[false, true, true]);
        let found: Vec<_> = of_family.iter().map(|thin| (thin.class.0, thin.candidates)).collect();
        assert_eq!(found, [(0, 0), (2, 0), (3, 0)], "a pool without the family is no candidate");
    }

    #[test]
    fn classes_whose_families_part_are_found() {
        let at = |written: &str, site: u16| {
            let (pool, _) = pool(written, Pick::Weighted, MinHealthy::Count(1));
            Pool { site: Some(SiteId(site)), ..pool }
        };
        let pools = [at("-1", 0), at("u1", 1), at("u1", 0)];
        let sites = [SiteId(0), SiteId(1), SiteId(0)];
        let classes = [Box::from([SiteId(0)]), Box::from([SiteId(1)]), Box::from([])];
        let split = |count: usize, fence| {
            let candidates = Candidates::compile(&classes, &sites[..count], fence);
            split_classes([(&candidates, &pools[..count].iter().collect::<Vec<_>>()); 2])
        };
        assert_eq!(split(2, false), [ClassId(0)]);
        assert_eq!(split(2, true), [], "no A at all there");
        assert_eq!(split(3, false), [], "another pool at the same site has A");
    }
}
