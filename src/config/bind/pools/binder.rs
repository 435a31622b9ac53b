//! One pool: what it says of itself, and what must be true of its members together.

use std::net::IpAddr;

use crate::config::bind::maps::Sites;
use crate::config::bind::members::Members;
use crate::config::bind::monitors::{Monitors, NamedMonitor};
use crate::config::bind::names::{Names, Scope};
use crate::config::bind::targets::Targets;
use crate::config::bind::turnover;
use crate::config::spec::{MemberSpec, MinHealthySpec, PoolSpec, WillSpec};
use crate::config::text::{Broken, Faults, Items, Parsed, Place, Written, part_of, quote};
use crate::geo::SiteId;
use crate::steer::{HashPrefix, MinHealthy, Pick, Pool, PoolId, PoolKind, Turnover};
use crate::wire::{Name, rtype};

/// Binds one pool.
pub(super) struct Binder<'a> {
    /// Its name.
    pub(super) name: &'a Written<String>,
    /// What was written.
    pub(super) spec: &'a PoolSpec,
    /// What it will have as an id.
    pub(super) id: PoolId,
    /// From where the names in it are looked at.
    pub(super) scope: Scope,
    /// What completes names in the data of its members.
    pub(super) origin: Parsed<Option<&'a Name>>,
    /// The sites by name.
    pub(super) sites: &'a Sites,
    /// The monitors by name.
    pub(super) monitors: &'a Monitors,
    /// Where faults go.
    pub(super) faults: &'a Faults,
}

impl Binder<'_> {
    /// A pool of members.
    pub(super) fn bind(&self, targets: &mut Targets) -> Parsed<Pool> {
        let site = self.site();
        let monitors = self.monitors();
        let known: Vec<NamedMonitor> = monitors.iter().flatten().cloned().collect();
        let all_known = monitors.iter().all(Parsed::is_ok);
        let require = if all_known { self.require(&known) } else { Err(Broken) };
        let kind = part_of(&self.spec.rtype)
            .map(|rtype| rtype.as_ref().map_or(PoolKind::Addresses, |rtype| PoolKind::Records(rtype.value)));
        let members = part_of(&self.spec.members).and_then(|members| {
            self.check_members(members);
            let reachable = self.check_reachable(members);
            let members = self.binder_of_members(kind, &known).bind(members, targets);
            reachable.and(members)
        });
        let (site, require) = (site?, require?);
        let wills = self.wills(site)?;
        let admin = wills.iter().map(|spec| spec.for_good).max().unwrap_or_default();
        let mut members = members?;
        for member in &mut members {
            member.admin = member.admin.max(admin);
            member.require = require;
        }
        let kind = kind?;
        self.check_pick(kind)?;
        let pool = Pool {
            site,
            turnover: turnover::bind(self.spec, members.len(), self.faults)?,
            wills: wills.into_iter().filter_map(|spec| spec.will.clone()).collect(),
            kind,
            members,
            ..self.empty()?
        };
        self.warn_of_families(&pool);
        self.warn_of_weights(&pool);
        self.warn_of_no_vote(&known);
        self.warn_of_groups(&pool);
        self.warn_of_prefix(&pool);
        turnover::warn_of_families(self.spec, &pool, self.faults);
        Ok(pool)
    }

    /// The pool without its content.
    pub(super) fn empty(&self) -> Parsed<Pool> {
        Ok(Pool {
            name: self.name.value.clone(),
            kind: PoolKind::Addresses,
            site: None,
            pick: self.spec.pick?,
            min_healthy: self.min_healthy()?,
            hash_prefix: self
                .spec
                .hash_prefix
                .as_ref()
                .map_or_else(HashPrefix::default, |prefix| prefix.value),
            turnover: Turnover::default(),
            wills: Vec::new(),
            weight_unit: 1,
            members: Vec::new(),
            inner: Vec::new(),
            level: 0,
            outer: Vec::new(),
            answers: Vec::new(),
            hints: Vec::new(),
        })
    }

    /// Where it stands.
    pub(super) fn site(&self) -> Parsed<Option<SiteId>> {
        let find = |name| self.sites.names.find(name, Scope::Everywhere, self.faults).copied();
        part_of(&self.spec.site)?.as_ref().map(find).transpose()
    }

    /// What the operators of the pool and of its site want.
    pub(super) fn wills(&self, site: Option<SiteId>) -> Parsed<Vec<&WillSpec>> {
        let of_site = site.map(|site| &self.sites.wills[usize::from(site.0)]);
        Ok([part_of(&self.spec.will)?].into_iter().chain(of_site).collect())
    }

    fn min_healthy(&self) -> Parsed<MinHealthy> {
        Ok(match part_of(&self.spec.min_healthy)?.as_ref().map(|written| written.value) {
            None => MinHealthy::Count(1),
            Some(MinHealthySpec::Count(count)) => MinHealthy::Count(count),
            Some(MinHealthySpec::Share(share)) => {
                MinHealthy::Fraction { numerator: share.numerator, denominator: share.denominator }
            }
        })
    }

    /// `min_healthy` as a number of members, and where it is written.
    pub(super) fn needed(&self) -> Option<(usize, &Place)> {
        let written = self.spec.min_healthy.as_ref().ok()?.as_ref()?;
        match written.value {
            MinHealthySpec::Count(count) => Some((count as usize, &written.place)),
            MinHealthySpec::Share(_) => None,
        }
    }

    /// Names and addresses are unique within a pool: an RRset cannot hold an address twice (RFC 2181 §5).
    fn check_members(&self, members: &Items<MemberSpec>) {
        let mut names = Names::<()>::new("member", "");
        let mut addresses: Vec<&Written<IpAddr>> = Vec::new();
        for member in members.iter().flatten() {
            if let Ok(name) = &member.name {
                names.define(name, Scope::Everywhere, Ok(()), self.faults);
            }
            for address in &member.addresses {
                if let Some(first) = addresses.iter().find(|first| first.value == address.value) {
                    let message = format!("the pool has the address {} twice", quote(&address.to_string()));
                    let help = format!("it stands at {} already", first.place.file_and_line());
                    self.faults.add(address.place.error(message).label("again").help(help));
                }
                addresses.push(address);
            }
        }
    }

    fn binder_of_members<'m>(&'m self, kind: Parsed<PoolKind>, monitors: &'m [NamedMonitor]) -> Members<'m> {
        let Binder { id, origin, faults, .. } = *self;
        Members { kind, id, monitors, contents: &self.monitors.list, origin, faults }
    }

    /// A name has one CNAME record (RFC 2181 §10.1).
    fn check_pick(&self, kind: PoolKind) -> Parsed<()> {
        if kind != PoolKind::Records(rtype::CNAME) || self.spec.pick? != Pick::All {
            return Ok(());
        }
        let message = format!("the pool {} of CNAME records cannot give all of them", quote(self.name));
        let fault = self.name.place.error(message).label("`pick = \"all\"`");
        self.faults.add(fault.help("a name has one CNAME record: write `pick = \"weighted\"`"));
        Err(Broken)
    }

    /// A count that can never be reached is a fault. What is broken counts: it may be meant to.
    fn check_reachable(&self, members: &Items<MemberSpec>) -> Parsed<()> {
        let Some((needed, place)) = self.needed() else { return Ok(()) };
        let is_idle = |member: &MemberSpec| member.weight == Ok(Some(0));
        let all =
            members.iter().filter(|member| !member.as_ref().is_ok_and(|member| is_idle(member))).count();
        if all >= needed {
            return Ok(());
        }
        let s = if all == 1 { " counts" } else { "s count" };
        let fault = place.error(format!("the pool is healthy with {needed}, and only {all} member{s}"));
        self.faults.add(fault.label("never reached").help("members of weight 0 do not count"));
        Err(Broken)
    }
}
