//! Which pools of members an answer comes from, where each of them is, and how likely it is.
//!
//! A pool of members answers for itself. Of a pool of pools each pool of members in it that may be picked does, at its
//! own site; one without a site of its own is at that of the innermost pool around it that has one.

use super::scenery::Scenery;
use crate::geo::SiteId;
use crate::steer::{AnswerSet, Apart, Chance, Given, Leaf, PoolId};

/// A pool of members that an answer may come from.
pub(super) struct Origin<'o> {
    /// The pool.
    pub(super) pool: PoolId,
    /// Where its members are.
    pub(super) site: Option<SiteId>,
    /// How likely it is that they are given.
    pub(super) chance: Chance,
    /// Those that are given.
    pub(super) set: Option<&'o AnswerSet>,
}

/// The origins of what is given; none of the default RRset and of NODATA.
pub(super) fn origins<'o>(scenery: &Scenery<'_>, given: Given<'o>) -> Vec<Origin<'o>> {
    match given {
        Given::Set(pool, set) => {
            let site = scenery.pool(pool).site;
            vec![Origin { pool, site, chance: Chance::certain(), set: Some(set) }]
        }
        Given::Apart(Apart { pool, set, .. }) => {
            let leaves = set.leaves(pool, None);
            scenery.add_work(leaves.len() as u64);
            leaves.into_iter().map(|leaf| origin(scenery, leaf)).collect()
        }
        Given::DefaultRrset | Given::NoData => Vec::new(),
    }
}

fn origin<'o>(scenery: &Scenery<'_>, Leaf { path, chance, set }: Leaf<'o>) -> Origin<'o> {
    let site = path.iter().rev().find_map(|&pool| scenery.pool(pool).site);
    Origin { pool: path[path.len() - 1], site, chance, set: set.answers() }
}
