//! Steering: the rules of each zone, bound together with its records.

use std::collections::HashSet;
use std::sync::Arc;

use crate::config::limits;
use crate::config::spec::{AccessSpec, RuleSpec};
use crate::config::text::{Broken, Parsed, Written, part_of};
use crate::snapshot::{SteerMark, ZoneFile};
use crate::wire::Name;
use crate::zone::Zones;

use super::drafts::{self, Draft};
use super::folder::ZoneFiles;
use super::ground::Ground;
use super::names::Scope;
use super::pools::Pools;
use super::reading::Files;
use super::rules::{self, BoundRule};
use super::steered::{Steered, SteeredZone};
use super::zones::{self, BoundZone};
use super::{Loader, hints, nameservers, nested, offers};

/// All zones, bound.
pub(super) struct BoundZones<'r> {
    /// The zones, where nothing is wrong with any.
    pub(super) files: Parsed<Vec<ZoneFile>>,
    /// A draft for each steered RRset in the order of the rules' numbers.
    pub(super) drafts: Parsed<Vec<Draft<'r>>>,
    /// What is steered, for the assertions, where there are any.
    pub(super) steered: Steered,
}

impl BoundZones<'_> {
    /// Where it is not known which zones there are.
    fn unknown() -> Self {
        let steered = Steered { zones: Vec::new(), lacks_zones: true };
        BoundZones { files: Err(Broken), drafts: Err(Broken), steered }
    }
}

impl Loader<'_> {
    /// The rules of each zone, references looked up.
    pub(super) fn rules<'f>(
        &self,
        zones: &'f [ZoneFiles],
        ground: &Ground,
    ) -> Vec<Vec<Parsed<BoundRule<'f>>>> {
        let bind_all = |(number, files): (usize, &'f ZoneFiles)| {
            let scope = Scope::Zone(number);
            let rules = files.steering.rules.iter();
            rules
                .map(|rule| rules::bind(rule, scope, &ground.pools, &ground.map_names, self.faults))
                .collect()
        };
        zones.iter().enumerate().map(bind_all).collect()
    }

    /// Binds all zones.
    pub(super) fn zones<'r>(
        &self,
        files: &Files,
        rules: &'r [Vec<Parsed<BoundRule<'r>>>],
        pools: &Pools,
    ) -> BoundZones<'r> {
        let Ok(folder) = &files.main.zones else { return BoundZones::unknown() };
        let served = self.previous.map_or(&[][..], |previous| &previous.zones);
        let mut binder = zones::Binder {
            workspace: self.workspace,
            folder,
            previous: served.iter().map(|file| (file.zone.apex(), file)).collect(),
            children: nested::children(files.zones.iter().filter_map(|files| files.apex.as_ref().ok())),
            faults: self.faults,
            next_rule: 0,
        };
        let is_spoken_of = files.assertions().next().is_some();
        let everywhere = files.main.access.as_ref().and_then(AccessSpec::compile).map(Arc::new);
        let (mut zones, mut drafts) = (Vec::new(), Vec::new());
        let mut steered = Steered::default();
        for (files, rules) in files.zones.iter().zip(rules) {
            let (Ok(apex), Ok(master)) = (&files.apex, &files.master) else {
                steered.lacks_zones |= files.apex.is_err();
                steered.zones.extend(files.apex.as_ref().ok().map(SteeredZone::unclear));
                zones.push(Err(Broken));
                continue;
            };
            let specs = files.steering.rules.iter();
            let offers: Vec<_> = specs.map(|spec| offers::offer(spec, pools)).collect();
            let access = match &files.steering.access {
                Some(own) => own.compile().map(Arc::new),
                None => everywhere.clone(),
            };
            let bound = binder.bind(apex, master, &files.steering.rules, &offers, access);
            let specs = &files.steering.rules;
            drafts
                .extend(bound.marks.iter().map(|mark| self.draft(mark, &bound, (specs, rules), apex, pools)));
            if is_spoken_of {
                steered.zones.push(SteeredZone::of(apex, &bound, files.steering.lacks_rules));
            }
            zones.push(bound.file);
        }
        self.check_rule_count(drafts.len(), folder);
        self.check_hint_count(drafts.iter().flatten(), folder);
        self.check_together(&zones, &drafts);
        let (zones, drafts) = (zones.into_iter().collect(), drafts.into_iter().collect());
        BoundZones { files: zones, drafts, steered }
    }

    /// What zones say of each other, as far as they are sound.
    fn check_together(&self, zones: &[Parsed<ZoneFile>], drafts: &[Parsed<Draft<'_>>]) {
        let sound: Vec<&ZoneFile> = zones.iter().flatten().collect();
        let by_apex = Zones::new(sound.iter().map(|file| Arc::clone(&file.zone)).collect());
        nameservers::check(&by_apex, drafts, self.faults);
        hints::check(&by_apex, drafts, self.faults);
        nested::check(&sound, &by_apex, self.faults);
    }

    fn draft<'r>(
        &self,
        mark: &SteerMark,
        zone: &BoundZone,
        (specs, tables): (&[Written<RuleSpec>], &'r [Parsed<BoundRule<'r>>]),
        apex: &Name,
        pools: &Pools,
    ) -> Parsed<Draft<'r>> {
        let request = &zone.requests[mark.request];
        let owner = Written { value: request.owner.clone(), place: request.place.clone() };
        let spec = &specs[request.table];
        // Before the rule, which may be broken: what is written of the TTL does not depend on its pools.
        let ttl = drafts::ttl_bounds(spec, &owner, mark.rtype, mark.ttl, self.faults);
        let rule = part_of(&tables[request.table])?;
        Draft::new(rule, owner, apex.clone(), mark, ttl, pools, self.faults)
    }

    fn check_rule_count(&self, rules: usize, folder: &Written<String>) {
        if rules > limits::RULES {
            let message = format!("{rules} RRsets are steered; {} is the most", limits::RULES);
            self.faults.add(folder.place.error(message));
        }
    }

    fn check_hint_count<'d>(&self, drafts: impl Iterator<Item = &'d Draft<'d>>, folder: &Written<String>) {
        let distinct: HashSet<_> = drafts.filter_map(|draft| draft.hints.as_ref()).collect();
        if distinct.len() > limits::HINTED_RRSETS {
            let (found, most) = (distinct.len(), limits::HINTED_RRSETS);
            let message = format!(
                "{found} SVCB and HTTPS RRsets with hints are steered that differ; {most} is the most"
            );
            self.faults.add(folder.place.error(message));
        }
    }
}
