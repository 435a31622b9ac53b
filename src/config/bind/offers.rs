//! What the pools of a rule can answer: by that the RRsets are found that it steers.

use crate::config::spec::RuleSpec;
use crate::steer::{Pool, PoolKind};
use crate::wire::Family;
use crate::zone::print_data;

use super::pools::Pools;

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
    let known: Vec<&Pool> = named.flat_map(|&id| pools.leaves(id)).map(|(_, leaf)| leaf).collect();
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
