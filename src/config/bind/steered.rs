//! What the rules steer, as far as it is known: for those who only speak of it.

use std::collections::HashMap;

use crate::wire::Name;

use super::zones::BoundZone;

/// The steered names of all zones.
#[derive(Default)]
pub(super) struct Steered {
    /// Zone by zone.
    pub(super) zones: Vec<SteeredZone>,
    /// Whether there may be zones whose names are not known.
    pub(super) lacks_zones: bool,
}

/// The steered names of one zone.
pub(super) struct SteeredZone {
    apex: Name,
    /// The types at each name that a rule names.
    types: HashMap<Name, Vec<u16>>,
    lacks_names: bool,
    lacks_types: bool,
}

/// What is known of a name.
pub(super) enum Found {
    /// The types that are steered there, in the order of their numbers.
    Types(Vec<u16>),
    /// It may be steered: a fault that was told hides it.
    Unclear,
    /// It is not steered.
    Nothing,
}

impl SteeredZone {
    /// The names of a zone as it was bound. `lacks_names`: rules could not be read.
    pub(super) fn of(apex: &Name, zone: &BoundZone, lacks_names: bool) -> SteeredZone {
        let mut types: HashMap<Name, Vec<u16>> = HashMap::with_capacity(zone.requests.len());
        for request in &zone.requests {
            types.entry(request.owner.clone()).or_default();
        }
        for mark in &zone.marks {
            types.entry(zone.requests[mark.request].owner.clone()).or_default().push(mark.rtype);
        }
        SteeredZone { apex: apex.clone(), types, lacks_names, lacks_types: !zone.complete }
    }

    /// A zone of which nothing is known.
    pub(super) fn unclear(apex: &Name) -> SteeredZone {
        SteeredZone { apex: apex.clone(), types: HashMap::new(), lacks_names: true, lacks_types: true }
    }
}

impl Steered {
    /// What is known of a name, in one zone or in all.
    pub(super) fn at(&self, owner: &Name, zone: Option<&Name>) -> Found {
        let mut types = Vec::new();
        let (mut is_named, mut is_clear) = (false, !self.lacks_zones);
        for zone in self.within(zone).filter(|zone| owner.is_within(&zone.apex)) {
            if let Some(found) = zone.types.get(owner) {
                is_named = true;
                is_clear &= !zone.lacks_types;
                types.extend(found);
            }
            is_clear &= !zone.lacks_names;
        }
        types.sort_unstable();
        match (is_clear, is_named) {
            (true, true) => Found::Types(types),
            (true, false) => Found::Nothing,
            (false, _) => Found::Unclear,
        }
    }

    /// The steered names of one zone or of all, in an order that is always the same.
    pub(super) fn names(&self, zone: Option<&Name>) -> Vec<String> {
        let names = self.within(zone).flat_map(|zone| zone.types.keys());
        let mut names: Vec<String> = names.map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }

    fn within(&self, zone: Option<&Name>) -> impl Iterator<Item = &SteeredZone> {
        self.zones.iter().filter(move |each| zone.is_none_or(|zone| *zone == each.apex))
    }
}
