//! Members: their addresses or their data, and what is probed for them.

use std::net::IpAddr;

use crate::config::spec::MemberSpec;
use crate::config::text::{Broken, Faults, Items, Parsed, Place, Written, part_of, quote};
use crate::health::{Hold, TargetId};
use crate::snapshot::Monitored;
use crate::steer::{Content, Member, PoolId, PoolKind, Require};
use crate::wire::{Family, Name, rtype};
use crate::zone::record_type;

use super::monitors::NamedMonitor;
use super::targets::Targets;
use super::{addresses, data};

/// Binds the members of one pool.
pub(super) struct Members<'a> {
    /// What the pool gives.
    pub(super) kind: Parsed<PoolKind>,
    /// The pool.
    pub(super) id: PoolId,
    /// Those of the pool's monitors that are known.
    pub(super) monitors: &'a [NamedMonitor],
    /// Their contents.
    pub(super) contents: &'a [Monitored],
    /// What completes names in data.
    pub(super) origin: Parsed<Option<&'a Name>>,
    /// Where faults go.
    pub(super) faults: &'a Faults,
}

impl Members<'_> {
    /// The members with what they say themselves.
    pub(super) fn bind(&self, specs: &Items<MemberSpec>, targets: &mut Targets) -> Parsed<Vec<Member>> {
        let mut known = Vec::new();
        let members: Vec<Parsed<Member>> = specs
            .iter()
            .map(|spec| part_of(spec).and_then(|spec| self.member(spec, &mut known, targets)))
            .collect();
        members.into_iter().collect()
    }

    /// Binds one; `known` is the data of those before it.
    fn member(
        &self,
        spec: &Written<MemberSpec>,
        known: &mut Vec<data::Known>,
        targets: &mut Targets,
    ) -> Parsed<Member> {
        let given = self.kind.and_then(|kind| self.check_keys(spec, kind));
        let addresses = addresses::by_family(spec, self.faults);
        let data = self.data(spec, known);
        let addresses = addresses?;
        let voting = self.targets(spec, addresses, targets);
        let watched = self.watched(addresses, targets);
        given?;
        let will = part_of(&spec.will)?;
        let [ipv4, ipv6] = addresses;
        Ok(Member {
            name: part_of(&spec.name)?.value.clone(),
            group: spec.group.as_ref().map(|group| group.value.clone()),
            weight: spec.weight?.unwrap_or(1),
            admin: will.for_good,
            ipv4: ipv4.and_then(|address| addresses::ipv4(address.value)),
            ipv6: ipv6.and_then(|address| addresses::ipv6(address.value)),
            data: data?,
            targets: voting?,
            watched: watched?,
            require: Require::All,
            will: will.will.clone(),
            holds: [Hold::Free; 3],
            slow_start: None,
        })
    }

    /// A member has what its pool gives.
    fn check_keys(&self, spec: &Written<MemberSpec>, kind: PoolKind) -> Parsed<()> {
        let has_address = !spec.addresses.is_empty() || spec.all_addresses.is_err();
        let (key, fault) = match (kind, part_of(&spec.data)) {
            (PoolKind::Addresses, Ok(Some(data))) => {
                let fault = data.place.error("data needs a type").label("of which type?");
                ("type", fault.help("add `type` to the pool, for example `type = \"MX\"`"))
            }
            (PoolKind::Addresses, _) if !has_address => {
                ("address", lacks(&spec.place, "address", "192.0.2.1"))
            }
            (PoolKind::Records(number), Ok(None)) => ("data", lacks(&spec.place, "data", &example(number))),
            _ => return Ok(()),
        };
        if !self.faults.is_key_in_doubt(&spec.place.source, key) {
            self.faults.add(fault);
        }
        Err(Broken)
    }

    fn data(&self, spec: &MemberSpec, known: &mut Vec<data::Known>) -> Parsed<Vec<Box<[u8]>>> {
        let (kind, texts) = (self.kind?, part_of(&spec.data)?);
        let (PoolKind::Records(number), Some(texts)) = (kind, texts) else { return Ok(Vec::new()) };
        if let (rtype::CNAME, Some(second)) = (number, texts.get(1)) {
            let place = second.as_ref().map_or(&texts.place, |second| &second.place);
            let fault = place.error("a name has one CNAME record").label("the second one");
            self.faults.add(fault.help("make it two members: one of them is picked (RFC 2181 §10.1)"));
            return Err(Broken);
        }
        let origin = self.origin?;
        let read = texts.iter().map(|text| data::read(number, part_of(text)?, origin, known, self.faults));
        // Each by itself, so that all their faults are told.
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// The targets that count, by family. What a member without an address has stands under IPv4.
    fn targets(
        &self,
        spec: &MemberSpec,
        addresses: [Option<&Written<IpAddr>>; 2],
        targets: &mut Targets,
    ) -> Parsed<[Vec<TargetId>; 2]> {
        let has_address = addresses.iter().any(Option::is_some);
        if !has_address && spec.all_addresses.is_ok() {
            return Ok([self.targets_without_address(spec, targets)?, Vec::new()]);
        }
        let [v4, v6] = Family::BOTH.map(|family| {
            let Some(own) = addresses[family.index()] else { return Ok(Vec::new()) };
            let content = [self.content(family)?];
            let voting = self.monitors.iter().filter(|monitor| monitor.is_voting);
            let ids = voting.map(|monitor| self.target(monitor, own, &content, targets));
            ids.collect::<Vec<_>>().into_iter().collect::<Parsed<Vec<TargetId>>>()
        });
        Ok([v4?, v6?])
    }

    /// The targets of a member that only its monitors' own targets speak of.
    fn targets_without_address(&self, spec: &MemberSpec, targets: &mut Targets) -> Parsed<Vec<TargetId>> {
        let voting = self.monitors.iter().filter(|monitor| monitor.is_voting);
        let ids: Vec<Parsed<TargetId>> = voting
            .map(|monitor| match &monitor.target {
                Some(target) => self.target(monitor, target, &[Content::Data], targets),
                None => Err(self.report_nothing_to_probe(spec, monitor)),
            })
            .collect();
        ids.into_iter().collect()
    }

    fn report_nothing_to_probe(&self, spec: &MemberSpec, monitor: &NamedMonitor) -> Broken {
        // Without a type, or with a broken name, it was told already.
        if let (Ok(PoolKind::Records(_)), Ok(name)) = (self.kind, &spec.name) {
            let names = self.contents[monitor.index].names.join(", ");
            let message =
                format!("the member {} has no address for the monitor {}", quote(name), quote(&names));
            let fault = name.place.error(message).label("cannot be probed");
            self.faults
                .add(fault.help("give it an `address`, or the monitor a `target`, or the pool no `monitor`"));
        }
        Broken
    }

    /// The targets of monitors that do not vote.
    fn watched(
        &self,
        addresses: [Option<&Written<IpAddr>>; 2],
        targets: &mut Targets,
    ) -> Parsed<Vec<TargetId>> {
        let mut watched = Vec::new();
        for monitor in self.monitors.iter().filter(|monitor| !monitor.is_voting) {
            let own = monitor.target.iter().chain(addresses.into_iter().flatten());
            // Its own target once, not once for each address of the member.
            let most = if monitor.target.is_some() { 1 } else { Family::BOTH.len() };
            for address in own.take(most) {
                let id = self.target(monitor, address, &[], targets)?;
                if !watched.contains(&id) {
                    watched.push(id);
                }
            }
        }
        Ok(watched)
    }

    fn target(
        &self,
        monitor: &NamedMonitor,
        own: &Written<IpAddr>,
        contents: &[Content],
        targets: &mut Targets,
    ) -> Parsed<TargetId> {
        let address = monitor.target.as_ref().unwrap_or(own);
        let monitored = (monitor.index, &self.contents[monitor.index]);
        targets.add(address, monitored, (self.id, contents), self.faults)
    }

    /// What depends on the health of an address of this family.
    fn content(&self, family: Family) -> Parsed<Content> {
        Ok(match self.kind? {
            PoolKind::Addresses => family.into(),
            PoolKind::Records(_) => Content::Data,
        })
    }
}

fn lacks(place: &Place, key: &str, example: &str) -> crate::fault::Fault {
    let line =
        if example.contains('"') { format!("{key} = '{example}'") } else { format!("{key} = \"{example}\"") };
    place.error(format!("a member lacks the key `{key}`")).help(format!("add {}", quote(&line)))
}

/// Data of the type as one writes it.
fn example(number: u16) -> String {
    record_type::example(number).unwrap_or("\\# 2 FFFF").to_owned()
}
