//! Zones: parsed, what the rules ask to steer checked against them, compiled; unchanged ones shared.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::limits;
use crate::config::spec::RuleSpec;
use crate::config::text::{Broken, Faults, Parsed, Written, quote};
use crate::config::workspace::Workspace;
use crate::fault::{Fault, Severity, Source, any_error};
use crate::snapshot::{Digest, SteerMark, SteerRequest, ZoneFile};
use crate::steer::PoolKind;
use crate::wire::{Name, Networks};
use crate::zone::{Zone, ZoneData};

use super::offers::Offer;
use super::{kinds, requests};

/// Binds the zones one after the other, numbering their rules.
pub(super) struct Binder<'a> {
    /// Where files are.
    pub(super) workspace: &'a Workspace<'a>,
    /// The folder of the zones, which `$INCLUDE` cannot leave.
    pub(super) folder: &'a str,
    /// The zones that are served now, by apex.
    pub(super) previous: HashMap<&'a Name, &'a ZoneFile>,
    /// For each zone that has others inside of it the apexes of these, the topmost.
    pub(super) children: HashMap<Name, Vec<Name>>,
    /// Where faults go.
    pub(super) faults: &'a Faults,
    /// The number of the next rule.
    pub(super) next_rule: u32,
}

/// A zone as far as it could be bound.
pub(super) struct BoundZone {
    /// The zone, when nothing is wrong with it.
    pub(super) file: Parsed<ZoneFile>,
    /// What was asked to be steered, with the place of each.
    pub(super) requests: Vec<Written<SteerRequest>>,
    /// What is steered.
    pub(super) marks: Vec<SteerMark>,
    /// Whether all that its rules ask for is known and without a fault.
    pub(super) complete: bool,
}

impl<'a> Binder<'a> {
    /// Binds a zone that answers the clients that `access` takes (all without it). `offers[i]` is what the pools of rule `i`
    /// can answer; `None` where that is not known.
    pub(super) fn bind(
        &mut self,
        apex: &Name,
        master: &Arc<Source>,
        rules: &[Written<RuleSpec>],
        offers: &[Option<Offer>],
        access: Option<Arc<Networks>>,
    ) -> BoundZone {
        let errors = self.faults.errors();
        let requests = self.requests(apex, rules, offers);
        if let Some(served) = self.unchanged(apex, master, &requests, access.as_deref()) {
            self.faults.extend(served.warnings.iter().cloned());
            self.next_rule += served.marks.len() as u32;
            return BoundZone {
                marks: served.marks.clone(),
                file: Ok(share(served)),
                requests,
                complete: true,
            };
        }
        let mut includes = Vec::new();
        let (data, found) = self.parse(apex, master, &mut includes);
        let sound = !any_error(&found);
        let warnings: Vec<Fault> =
            found.iter().filter(|fault| fault.severity == Severity::Warning).cloned().collect();
        self.faults.extend(found);
        let Some(data) = data else {
            return BoundZone { file: Err(Broken), requests, marks: Vec::new(), complete: false };
        };
        let checker = requests::Checker { data: &data, master, offers, faults: self.faults };
        let marks = checker.marks(&requests, self.next_rule);
        self.next_rule += marks.len() as u32;
        let file = sound.then(|| ZoneFile {
            zone: Arc::new(compile(data, &requests, &marks).with_access(access)),
            source: Source::new(master.path.clone(), []),
            digest: Digest::of(&master.octets),
            includes: includes.iter().map(|(path, held)| (path.clone(), Digest::of(&held.octets))).collect(),
            children: self.children_of(apex).to_vec(),
            requests: requests.iter().map(|request| request.value.clone()).collect(),
            marks: marks.clone(),
            warnings,
        });
        let complete = self.faults.errors() == errors && offers.iter().all(Option::is_some);
        BoundZone { file: file.ok_or(Broken), requests, marks, complete }
    }

    fn children_of(&self, apex: &Name) -> &[Name] {
        self.children.get(apex).map_or(&[], Vec::as_slice)
    }

    /// The owner names of the rules, each once for each rule.
    fn requests(
        &self,
        apex: &Name,
        rules: &[Written<RuleSpec>],
        offers: &[Option<Offer>],
    ) -> Vec<Written<SteerRequest>> {
        let mut requests = Vec::new();
        for (table, rule) in rules.iter().enumerate() {
            let kind =
                offers.get(table).and_then(Option::as_ref).map_or(PoolKind::Addresses, |offer| offer.kind);
            let types = rule.types.as_ref().map(|types| types_of(types, kind));
            for name in &rule.names {
                if let Ok(owner) = self.owner(name, apex) {
                    let request = SteerRequest { table, owner, types: types.clone(), kind };
                    requests.push(Written { value: request, place: name.place.clone() });
                }
            }
        }
        requests
    }

    fn owner(&self, name: &Written<String>, apex: &Name) -> Parsed<Name> {
        let fault = match Name::parse(name.as_bytes(), Some(apex)) {
            Ok(owner) if owner.is_within(apex) => return Ok(owner),
            Ok(owner) => {
                let fault =
                    name.place.error(format!("{owner} is not in the zone {apex}")).label("another zone");
                fault.help("names without a final dot are relative to the zone")
            }
            Err(error) => {
                name.place.error(format!("{} is no domain name: {error}", quote(name))).label("not a name")
            }
        };
        self.faults.add(fault);
        Err(Broken)
    }

    /// The served zone, if its files, its requests, the numbers of its rules, its clients and the zones inside of it,
    /// without which other warnings hold, are the same.
    fn unchanged(
        &self,
        apex: &Name,
        master: &Source,
        requests: &[Written<SteerRequest>],
        access: Option<&Networks>,
    ) -> Option<&'a ZoneFile> {
        let served = *self.previous.get(apex)?;
        let same_requests = served.requests.iter().eq(requests.iter().map(|request| &request.value));
        let same_numbers = served.marks.first().is_none_or(|mark| mark.rule == self.next_rule);
        let same_file = |(path, digest): &(String, Digest)| {
            let now = self.workspace.source_below(self.folder, path, limits::MASTER_FILE_OCTETS);
            now.is_ok_and(|now| Digest::of(&now.octets) == *digest)
        };
        let same = served.source.path == master.path
            && served.digest == Digest::of(&master.octets)
            && served.children == self.children_of(apex)
            && same_requests
            && same_numbers
            && served.zone.access() == access
            && served.includes.iter().all(same_file);
        same.then_some(served)
    }

    fn parse(
        &self,
        apex: &Name,
        master: &Arc<Source>,
        includes: &mut Vec<(String, Arc<Source>)>,
    ) -> (Option<ZoneData>, Vec<Fault>) {
        let mut room = limits::MASTER_FILE_OCTETS;
        let mut include = |path: &str| {
            let source = match includes.iter().find(|(known, _)| known == path) {
                Some((_, source)) => Arc::clone(source),
                None => {
                    let source = self.workspace.source_below(self.folder, path, limits::MASTER_FILE_OCTETS);
                    let source = source.map_err(|error| error.to_string())?;
                    includes.push((path.to_owned(), Arc::clone(&source)));
                    source
                }
            };
            // A file that is included often is read once and counts as often.
            let whole = limits::MASTER_FILE_OCTETS;
            let left = room.checked_sub(source.octets.len() as u64);
            room = left.ok_or_else(|| format!("the zone includes more than {whole} octets in all"))?;
            Ok(source)
        };
        ZoneData::parse(apex, master, self.children_of(apex), &mut include)
    }
}

fn compile(mut data: ZoneData, requests: &[Written<SteerRequest>], marks: &[SteerMark]) -> Zone {
    for mark in marks {
        data.steer(&requests[mark.request].owner, mark.rtype, mark.rule);
    }
    data.compile()
}

/// The types of a rule that its pools can answer; others were reported.
fn types_of(types: &[Written<u16>], kind: PoolKind) -> Vec<u16> {
    let mut types: Vec<u16> = types.iter().map(|number| number.value).collect();
    types.retain(|&number| kinds::answers(kind, number));
    types
}

fn share(served: &ZoneFile) -> ZoneFile {
    ZoneFile {
        zone: Arc::clone(&served.zone),
        source: Arc::clone(&served.source),
        digest: served.digest,
        includes: served.includes.clone(),
        children: served.children.clone(),
        requests: served.requests.clone(),
        marks: served.marks.clone(),
        warnings: served.warnings.clone(),
    }
}
