//! Steered RRsets: what a rule is at one owner name and type, checked against the default RRset there.

use std::sync::Arc;

use crate::config::spec::{AllDownSpec, RuleSpec};
use crate::config::text::{Broken, Faults, Parsed, Written, quote};
use crate::snapshot::{RuleLabel, SteerMark};
use crate::steer::Content;
use crate::wire::{Family, Name};
use crate::zone::{Hints, record_type};

use super::pools::Pools;
use super::rules::BoundRule;

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
    pub(super) min_ttl: u32,
    /// Upper bound of the TTL.
    pub(super) max_ttl: u32,
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
    pub(super) fn label(&self) -> RuleLabel {
        RuleLabel {
            owner: self.owner.value.clone(),
            zone: self.zone.clone(),
            rtype: self.rtype,
            line: self.owner.place.file_line(),
        }
    }
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

fn check_family(
    rule: &BoundRule<'_>,
    owner: &Written<Name>,
    family: Family,
    pools: &Pools,
    faults: &Faults,
) -> Parsed<()> {
    if let (Some(id), Ok(Some(AllDownSpec::Pool(name)))) = (rule.all_down_pool, &rule.spec.all_down)
        && !pools.gives(id, family.into())
    {
        let message = format!("the pool {} has no {} address", quote(name), family);
        let help =
            format!("when all are down, {} {} gets the default RRset", owner.value, family.type_name());
        faults.add(name.place.warning(message).help(help));
    }
    if rule.pools.iter().any(|&id| pools.gives(id, family.into())) {
        return Ok(());
    }
    let (rtype, other) = (family.type_name(), family.other().type_name());
    let message = format!("no pool has an {} address for {} {rtype}", family, owner.value);
    let help = format!("give the members {family} addresses, or add `types = [\"{other}\"]`");
    faults.add(owner.place.error(message).label("cannot be answered").help(help));
    Err(Broken)
}
