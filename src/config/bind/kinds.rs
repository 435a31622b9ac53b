//! What the pools of a rule are: all the same, and what its types ask for.
//!
//! | pools of | answer |
//! |---|---|
//! | addresses | A and AAAA; SVCB and HTTPS that have hints of the owner's addresses |
//! | records of a type | that type |

use crate::config::spec::{AllDownSpec, RuleSpec};
use crate::config::text::{Broken, Faults, Parsed, Written, quote};
use crate::steer::{PoolId, PoolKind};
use crate::wire::rtype;
use crate::zone::record_type;

use super::pools::Pools;

/// The types that pools of addresses answer, in the order of the rules that they make.
pub(super) const OF_ADDRESSES: [u16; 4] = [rtype::A, rtype::AAAA, rtype::SVCB, rtype::HTTPS];

/// Whether pools of a kind can answer a type.
pub(super) fn answers(kind: PoolKind, number: u16) -> bool {
    match kind {
        PoolKind::Addresses => OF_ADDRESSES.contains(&number),
        PoolKind::Records(own) => own == number,
    }
}

/// Pools of another kind than the first, types that they cannot answer, and more CNAME records than one are faults.
pub(super) fn check(
    spec: &RuleSpec,
    ids: &[Parsed<PoolId>],
    all_down_pool: Parsed<Option<PoolId>>,
    pools: &Pools,
    faults: &Faults,
) -> Parsed<()> {
    let mut named =
        spec.pools.iter().zip(ids).filter_map(|(name, &id)| Some((name.as_ref().ok()?, id.ok()?)));
    let Some((first, id)) = named.next() else { return Err(Broken) };
    let kind = pools.get(id).kind;
    let check = Check { first, kind, pools, faults };
    let mut checked = Ok(());
    for (name, id) in named {
        checked = check.same(name, id, "").and(checked);
    }
    if let (Ok(Some(id)), Ok(Some(AllDownSpec::Pool(name)))) = (all_down_pool, &spec.all_down) {
        checked = check.same(name, id, all_down_help(kind)).and(checked);
    }
    check.types(spec).and(check.one_cname(spec)).and(checked)
}

struct Check<'a> {
    /// The first pool of the rule, as it is written.
    first: &'a Written<String>,
    kind: PoolKind,
    pools: &'a Pools,
    faults: &'a Faults,
}

impl Check<'_> {
    fn same(&self, name: &Written<String>, id: PoolId, help: &str) -> Parsed<()> {
        let kind = self.pools.get(id).kind;
        if kind == self.kind {
            return Ok(());
        }
        let (other, own) = (in_words(kind), in_words(self.kind));
        let message =
            format!("the pool {} holds {other}, but {} holds {own}", quote(name), quote(self.first));
        let help = if help.is_empty() { "write a `[[steer]]` of its own for each type" } else { help };
        self.faults.add(name.place.error(message).label("another kind").help(help));
        Err(Broken)
    }

    fn types(&self, spec: &RuleSpec) -> Parsed<()> {
        let mut checked = Ok(());
        for written in spec.types.iter().flatten().filter(|written| !answers(self.kind, written.value)) {
            let name = record_type::name(written.value);
            let own = in_words(self.kind);
            let message = format!("the pool {} holds {own}, which do not answer {name}", quote(self.first));
            let help = match written.value {
                rtype::A | rtype::AAAA => {
                    "name pools whose members have an `address`, and no `type`".to_owned()
                }
                _ => format!("name pools with `type = \"{name}\"`"),
            };
            self.faults.add(written.place.error(message).label("cannot be answered").help(help));
            checked = Err(Broken);
        }
        checked
    }

    fn one_cname(&self, spec: &RuleSpec) -> Parsed<()> {
        match &spec.answers {
            Some(answers) if answers.value > 1 && self.kind == PoolKind::Records(rtype::CNAME) => {
                let fault = answers.place.error("a name has one CNAME record (RFC 2181 §10.1)");
                self.faults.add(fault.label("too many").help("remove `answers`"));
                Err(Broken)
            }
            _ => Ok(()),
        }
    }
}

/// Why a last resort is of the same kind.
fn all_down_help(kind: PoolKind) -> &'static str {
    match kind {
        PoolKind::Records(rtype::CNAME) => {
            "a name that is an alias has no addresses (RFC 1034 §3.6.2), and resolvers keep the alias for its TTL: name a \
             pool with `type = \"CNAME\"`, or write `\"default\"`"
        }
        _ => "name a pool of the same kind, or write `\"default\"`",
    }
}

/// `addresses`, `MX records`.
fn in_words(kind: PoolKind) -> String {
    match kind {
        PoolKind::Addresses => "addresses".to_owned(),
        PoolKind::Records(number) => format!("{} records", record_type::name(number)),
    }
}
