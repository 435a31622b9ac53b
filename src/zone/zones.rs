//! Which zone a question belongs to.

use std::sync::Arc;

use super::compiled::Zone;
use super::table::Table;
use crate::wire::question_name::{self, QuestionName, SLACK};
use crate::wire::{KnownName, rtype};

/// Zones by apex: finds the one that a question belongs to.
pub struct Zones {
    /// In canonical order of their apexes.
    zones: Box<[Served]>,
    table: Table,
    /// The names of the apexes end to end, in lower case and wire form, and [`SLACK`] octets more.
    names: Box<[u8]>,
    /// The most labels that an apex has: no longer suffix can be one.
    most_labels: usize,
    /// The zone that is compared first, before any hash is made: of those without another zone inside, the one with the most
    /// names. Nearly all servers have one zone that most questions are about.
    largest: Option<Largest>,
}

/// A zone that no other one lies in: what is below its apex is its own.
struct Largest {
    zone: Arc<Zone>,
    apex: KnownName,
}

/// A zone, and where the name of its apex stands in [`Zones::names`].
struct Served {
    zone: Arc<Zone>,
    start: u32,
    length: u32,
}

impl Zones {
    /// Indexes zones; two of one apex are the caller's fault (config reports it before).
    pub fn new(mut zones: Vec<Arc<Zone>>) -> Zones {
        zones.sort_by_cached_key(|zone| zone.apex().clone());
        let table = Table::of(zones.iter().map(|zone| question_name::hash(&zone.apex_octets)));
        let most_labels = zones.iter().map(|zone| zone.apex_labels).max().unwrap_or(0);
        let largest = Largest::among(&zones);
        let mut names = Vec::new();
        let served = zones.into_iter().map(|zone| {
            let (start, length) = (names.len() as u32, zone.apex_octets.len() as u32);
            names.extend_from_slice(&zone.apex_octets);
            Served { zone, start, length }
        });
        let zones = served.collect();
        names.extend_from_slice(&[0; SLACK]);
        Zones { zones, table, names: names.into(), most_labels, largest }
    }

    /// The zone with the longest apex that is the name or an ancestor of it; for a DS question at an apex the parent
    /// zone where it is served here too (RFC 4035 §3.1.4.1). Also the apex as a suffix number of the name.
    #[inline(always)]
    pub fn find(&self, name: &QuestionName, qtype: u16) -> Option<(&Zone, usize)> {
        if let Some(largest) = &self.largest
            && let Some(suffix) = largest.apex.as_suffix_of(name)
            && (suffix > 0 || qtype != rtype::DS)
        {
            return Some((&*largest.zone, suffix));
        }
        self.find_by_hash(name, qtype)
    }

    /// The same where it is not the largest zone.
    #[inline(never)]
    fn find_by_hash(&self, name: &QuestionName, qtype: u16) -> Option<(&Zone, usize)> {
        let longest = name.label_count().saturating_sub(self.most_labels);
        match self.zone_at(name, longest) {
            Some(zone) if longest > 0 || qtype != rtype::DS => Some((zone, longest)),
            found => self.find_above(name, longest, found),
        }
    }

    /// The same where suffix number `longest` is the apex of no zone; or where it is the whole name, asked for DS.
    #[inline(never)]
    fn find_above<'z>(
        &'z self,
        name: &QuestionName,
        longest: usize,
        found: Option<&'z Zone>,
    ) -> Option<(&'z Zone, usize)> {
        let mut above = longest + 1..=name.label_count();
        let found_above = above.find_map(|suffix| Some((self.zone_at(name, suffix)?, suffix)));
        found_above.or(found.map(|zone| (zone, longest)))
    }

    /// The zone whose apex is suffix number `suffix`.
    #[inline]
    fn zone_at(&self, name: &QuestionName, suffix: usize) -> Option<&Zone> {
        let hash = name.suffix_hash(suffix);
        let first = self.table.first(hash)?;
        if self.is_apex(name, suffix, first) {
            return Some(&self.zones[first as usize].zone);
        }
        self.zone_among(name, suffix, self.table.candidates(hash))
    }

    #[cold]
    fn zone_among(
        &self,
        name: &QuestionName,
        suffix: usize,
        mut numbers: impl Iterator<Item = u32>,
    ) -> Option<&Zone> {
        let found = numbers.find(|&number| self.is_apex(name, suffix, number))?;
        Some(&self.zones[found as usize].zone)
    }

    /// Whether the apex of zone number `number` is suffix number `suffix`.
    #[inline]
    fn is_apex(&self, name: &QuestionName, suffix: usize, number: u32) -> bool {
        self.zones[number as usize].is_called(name, suffix, &self.names)
    }

    /// All zones in canonical order of their apexes.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.zones.iter().map(|served| &served.zone)
    }
}

impl Served {
    /// Whether its apex, whose name stands in `names`, is suffix number `suffix`.
    #[inline(always)]
    fn is_called(&self, name: &QuestionName, suffix: usize, names: &[u8]) -> bool {
        let own = name.suffix_offset(suffix);
        let length = name.length() - own;
        self.length as usize == length && name.has(own, length, names, self.start as usize)
    }
}

impl Largest {
    /// Of zones in canonical order, in which a zone stands right in front of those inside of it.
    fn among(zones: &[Arc<Zone>]) -> Option<Largest> {
        let holds_next = |index: usize| {
            zones.get(index + 1).is_some_and(|next| next.apex().is_within(zones[index].apex()))
        };
        let alone = zones.iter().enumerate().filter(|&(index, _)| !holds_next(index));
        let (_, zone) = alone.max_by_key(|(_, zone)| zone.nodes.len())?;
        let apex = KnownName::new(&zone.apex_octets, zone.apex_labels);
        Some(Largest { zone: Arc::clone(zone), apex })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{load_files, question};
    use super::*;

    fn zones(apexes: &[&str]) -> Zones {
        let text = "@ 1 SOA a. b. 1 2 3 4 5\n@ 1 NS a.\n";
        let zone = |apex: &&str| Arc::new(load_files(apex, &[("z", text)]).0.unwrap().compile());
        Zones::new(apexes.iter().map(zone).collect())
    }

    fn check(zones: &Zones, wanted: &str, qtype: u16, expected: Option<(&str, usize)>) {
        let question = question(wanted);
        let found = zones.find(&question, qtype);
        let found = found.map(|(zone, suffix)| (zone.apex().to_string(), suffix));
        assert_eq!(found, expected.map(|(apex, suffix)| (apex.to_owned(), suffix)), "{wanted} {qtype}");
    }

    #[test]
    fn the_longest_apex_wins() {
        let zones = zones(&["example.com.", "Sub.example.com.", "net."]);
        check(&zones, "example.com.", 1, Some(("example.com.", 0)));
        check(&zones, "a.b.example.com.", 1, Some(("example.com.", 2)));
        check(&zones, "a.SUB.example.com.", 1, Some(("Sub.example.com.", 1)));
        check(&zones, "xsub.example.com.", 1, Some(("example.com.", 1)));
        check(&zones, "a.b.c.d.e.f.net.", 1, Some(("net.", 6)));
        check(&zones, "com.", 1, None);
        check(&zones, ".", 1, None);
        check(&Zones::new(Vec::new()), "example.com.", 1, None);
        let apexes: Vec<String> = zones.iter().map(|zone| zone.apex().to_string()).collect();
        assert_eq!(apexes, ["example.com.", "Sub.example.com.", "net."]);
    }

    #[test]
    fn the_zone_that_is_compared_first_has_no_other_one_inside() {
        let largest = |apexes: &[&str]| {
            let zones = zones(apexes);
            zones.largest.as_ref().map(|largest| largest.zone.apex().to_string())
        };
        assert_eq!(largest(&[]), None);
        assert_eq!(largest(&["."]).as_deref(), Some("."));
        assert_eq!(largest(&["example.", "a.b.example."]).as_deref(), Some("a.b.example."));
        assert_eq!(largest(&["example.", "a.example.", "xexample."]).as_deref(), Some("xexample."));
    }

    #[test]
    fn rfc4035_ds_at_an_apex_is_asked_of_the_parent() {
        let zones = zones(&["example.com.", "sub.example.com.", "."]);
        check(&zones, "sub.example.com.", 43, Some(("example.com.", 1)));
        check(&zones, "example.com.", 43, Some((".", 2)));
        check(&zones, "a.sub.example.com.", 43, Some(("sub.example.com.", 1)));
        check(&zones, ".", 43, Some((".", 0)));
        check(&zones, ".", 1, Some((".", 0)));
    }
}
