//! What is right in a pool but will surprise.

use super::binder::Binder;
use super::{givers, gives};
use crate::config::text::quote;
use crate::steer::{Member, Pick, Pool};
use crate::wire::Family;

impl Binder<'_> {
    /// A count that one family alone cannot reach.
    pub(super) fn warn_of_families(&self, pool: &Pool) {
        let Some((needed, place)) = self.needed() else { return };
        let counted = |member: &&Member| member.weight > 0;
        let all = pool.members.iter().filter(counted).count();
        for family in Family::BOTH {
            let members = givers(pool, family.into()).filter(counted).count();
            if gives(pool, family.into()) && members < needed {
                let has = if members == 1 { "has" } else { "have" };
                let message = format!("only {members} of {all} members that count {has} an {family} address");
                self.faults.add(place.warning(message).label(format!("never reached for {family}")));
            }
        }
    }

    /// Weights of 0 throughout.
    pub(super) fn warn_of_weights(&self, pool: &Pool) {
        if pool.members.iter().all(|member| member.weight == 0) {
            let message = format!("all members of the pool {} have weight 0", quote(self.name));
            let fault = self.name.place.warning(message).label("always degraded");
            self.faults.add(fault.help("members of weight 0 are given out only when no other is eligible"));
        }
    }

    /// All of the members are the same with groups and without.
    pub(super) fn warn_of_groups(&self, pool: &Pool) {
        let groups = || pool.members.iter().filter_map(|member| member.group.as_deref());
        if pool.pick == Pick::All && groups().next().is_some() {
            let message = format!("groups have no effect in the pool {}", quote(self.name));
            let fault = self.name.place.warning(message).label("`pick = \"all\"`");
            self.faults
                .add(fault.help("with `\"weighted\"` and several answers they come from different groups"));
        }
    }

    /// A prefix that nothing is hashed by.
    pub(super) fn warn_of_prefix(&self, pool: &Pool) {
        if let Some(prefix) = &self.spec.hash_prefix
            && pool.pick != Pick::Hash
        {
            let warning = prefix.place.warning("`hash_prefix` has no effect without `pick = \"hash\"`");
            self.faults.add(warning.label("no effect").help("add `pick = \"hash\"`, or remove it"));
        }
    }
}
