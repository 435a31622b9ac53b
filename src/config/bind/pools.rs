//! Pools: names looked up, members checked, targets made.

use std::net::IpAddr;

use crate::config::limits;
use crate::config::spec::{MemberSpec, MinHealthySpec, Named, PoolSpec, RequireSpec, WillSpec};
use crate::config::text::{Broken, Faults, Items, Parsed, Place, Written, part_of, quote};
use crate::geo::SiteId;
use crate::snapshot::PoolLabel;
use crate::steer::{Content, Member, MinHealthy, Pick, Pool, PoolId, PoolKind, Require};
use crate::wire::{Family, Name, rtype};

use super::maps::Sites;
use super::members::Members;
use super::monitors::{Monitors, NamedMonitor};
use super::names::{Names, Scope};
use super::targets::Targets;
use super::turnover;

/// Pools by name and by id.
pub(super) struct Pools {
    /// Name → id.
    pub(super) names: Names<PoolId>,
    /// Indexed by id; `answers` is still empty.
    pub(super) list: Vec<Pool>,
    /// Where each is defined; same index.
    pub(super) places: Vec<Place>,
    /// The same for people, with the members; same index.
    pub(super) labels: Vec<PoolLabel>,
    /// The targets of their members.
    pub(super) targets: Targets,
}

impl Pools {
    /// None yet.
    pub(super) fn new(targets: Targets) -> Pools {
        Pools {
            names: Names::new("pool", "write `[pool.NAME]` here or in a file that `include` names"),
            list: Vec::new(),
            places: Vec::new(),
            labels: Vec::new(),
            targets,
        }
    }

    /// Binds and defines a pool. Names in the data of its members are relative to `origin`.
    pub(super) fn add(
        &mut self,
        spec: &Named<PoolSpec>,
        scope: Scope,
        origin: Parsed<Option<&Name>>,
        (sites, monitors): (&Sites, &Monitors),
        faults: &Faults,
    ) {
        let content = spec.content.as_ref().map_err(|&broken| broken);
        let id = content.and_then(|content| {
            if self.list.len() == limits::POOLS {
                faults.add(spec.name.place.error(format!("there are more than {} pools", limits::POOLS)));
                return Err(Broken);
            }
            let id = PoolId(self.list.len() as u32);
            let binder =
                Binder { name: &spec.name, spec: content, id, scope, origin, sites, monitors, faults };
            self.list.push(binder.bind(&mut self.targets)?);
            self.places.push(spec.name.place.clone());
            self.labels.push(label(&spec.name, content));
            Ok(id)
        });
        self.names.define(&spec.name, scope, id, faults);
    }

    /// A pool by its id.
    pub(super) fn get(&self, id: PoolId) -> &Pool {
        &self.list[id.0 as usize]
    }
}

/// Where a pool and its members stand; every member of a pool that was bound is without a fault.
fn label(name: &Written<String>, content: &PoolSpec) -> PoolLabel {
    let members = content.members.iter().flatten().flatten().map(|member| member.place.file_line());
    PoolLabel { line: name.place.file_line(), members: members.collect() }
}

/// Whether any member can be given with the content.
pub(super) fn gives(pool: &Pool, content: Content) -> bool {
    givers(pool, content).next().is_some()
}

/// The members that can be given with the content.
pub(super) fn givers(pool: &Pool, content: Content) -> impl Iterator<Item = &Member> {
    pool.members.iter().filter(move |member| pool.gives(member, content))
}

struct Binder<'a> {
    name: &'a Written<String>,
    spec: &'a PoolSpec,
    id: PoolId,
    scope: Scope,
    origin: Parsed<Option<&'a Name>>,
    sites: &'a Sites,
    monitors: &'a Monitors,
    faults: &'a Faults,
}

impl Binder<'_> {
    fn bind(&self, targets: &mut Targets) -> Parsed<Pool> {
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
            name: self.name.value.clone(),
            kind,
            site,
            pick: self.spec.pick?,
            min_healthy: self.min_healthy()?,
            turnover: turnover::bind(self.spec, members.len(), self.faults)?,
            wills: wills.into_iter().filter_map(|spec| spec.will.clone()).collect(),
            weight_unit: 1,
            members,
            answers: Vec::new(),
            hints: Vec::new(),
        };
        self.warn_of_families(&pool);
        self.warn_of_weights(&pool);
        self.warn_of_no_vote(&known);
        turnover::warn_of_families(self.spec, &pool, self.faults);
        Ok(pool)
    }

    fn site(&self) -> Parsed<Option<SiteId>> {
        let find = |name| self.sites.names.find(name, Scope::Everywhere, self.faults).copied();
        part_of(&self.spec.site)?.as_ref().map(find).transpose()
    }

    /// What the operators of the pool and of its site want.
    fn wills(&self, site: Option<SiteId>) -> Parsed<Vec<&WillSpec>> {
        let of_site = site.map(|site| &self.sites.wills[usize::from(site.0)]);
        Ok([part_of(&self.spec.will)?].into_iter().chain(of_site).collect())
    }

    fn monitors(&self) -> Vec<Parsed<NamedMonitor>> {
        let mut found: Vec<Parsed<NamedMonitor>> = Vec::new();
        let Ok(monitors) = &self.spec.monitors else { return vec![Err(Broken)] };
        for item in monitors {
            let index = part_of(item).and_then(|name| self.monitor(name, &found));
            found.push(index);
        }
        found
    }

    fn monitor(&self, name: &Written<String>, before: &[Parsed<NamedMonitor>]) -> Parsed<NamedMonitor> {
        let monitor = self.monitors.names.find(name, self.scope, self.faults)?;
        if !before.iter().flatten().any(|before| before.repeats(monitor)) {
            return Ok(monitor.clone());
        }
        let message = format!("the monitor {} stands in this list already", quote(name));
        let fault = name.place.error(message).label("again");
        self.faults.add(fault.help("monitors of the same content count as one"));
        Err(Broken)
    }

    /// How many of the monitors that vote must be up.
    fn require(&self, known: &[NamedMonitor]) -> Parsed<Require> {
        part_of(&self.spec.monitors)?;
        let monitors = known.iter().filter(|monitor| monitor.is_voting).count();
        let Some(require) = part_of(&self.spec.require)? else { return Ok(Require::All) };
        let fault = match require.value {
            _ if known.is_empty() => require
                .place
                .error("`require` has no effect without a monitor")
                .help("add `monitor`, or remove it"),
            _ if monitors == 0 => require
                .place
                .error("`require` has no effect where no monitor votes")
                .help("remove it, or `voting = false` of a monitor"),
            RequireSpec::All => return Ok(Require::All),
            RequireSpec::AtLeast(count) if usize::from(count) <= monitors => {
                return Ok(Require::AtLeast(count));
            }
            RequireSpec::AtLeast(_) => {
                let message = match monitors {
                    1 if known.len() > 1 => "only 1 monitor of the pool votes".to_owned(),
                    _ if known.len() > monitors => format!("only {monitors} monitors of the pool vote"),
                    1 => "the pool has 1 monitor only".to_owned(),
                    _ => format!("the pool has {monitors} monitors only"),
                };
                let fault = require.place.error(message);
                fault.help("its members would never be up: lower `require`")
            }
        };
        self.faults.add(fault);
        Err(Broken)
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

    /// A count that one family alone cannot reach.
    fn warn_of_families(&self, pool: &Pool) {
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

    /// `min_healthy` as a number of members, and where it is written.
    fn needed(&self) -> Option<(usize, &Place)> {
        let written = self.spec.min_healthy.as_ref().ok()?.as_ref()?;
        match written.value {
            MinHealthySpec::Count(count) => Some((count as usize, &written.place)),
            MinHealthySpec::Share(_) => None,
        }
    }

    fn warn_of_weights(&self, pool: &Pool) {
        if pool.members.iter().all(|member| member.weight == 0) {
            let message = format!("all members of the pool {} have weight 0", quote(self.name));
            let fault = self.name.place.warning(message).label("always degraded");
            self.faults.add(fault.help("members of weight 0 are given out only when no other is eligible"));
        }
    }

    fn warn_of_no_vote(&self, monitors: &[NamedMonitor]) {
        if !monitors.is_empty() && !monitors.iter().any(|monitor| monitor.is_voting) {
            let message = format!("no monitor of the pool {} votes", quote(self.name));
            let fault = self.name.place.warning(message).label("always up");
            self.faults.add(fault.help("its members count as up; remove `voting = false` from a monitor"));
        }
    }
}
