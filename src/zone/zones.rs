//! Which zone a question belongs to.

use std::sync::Arc;

use super::compiled::Zone;
use super::table::Table;
use crate::wire::{QuestionName, rtype};

/// Zones by apex: finds the one that a question belongs to.
pub struct Zones {
    /// In canonical order of their apexes.
    zones: Vec<Arc<Zone>>,
    table: Table,
    /// The most labels that an apex has: no longer suffix can be one.
    most_labels: usize,
}

impl Zones {
    /// Indexes zones; two of one apex are the caller's fault (config reports it before).
    pub fn new(mut zones: Vec<Arc<Zone>>) -> Zones {
        zones.sort_by_cached_key(|zone| zone.apex().clone());
        let mut name = QuestionName::default();
        let hashes = zones.iter().map(|zone| {
            name.set(zone.apex());
            name.suffix_hash(0)
        });
        let table = Table::of(hashes);
        let most_labels = zones.iter().map(|zone| zone.apex_labels).max().unwrap_or(0);
        Zones { zones, table, most_labels }
    }

    /// The zone with the longest apex that is the name or an ancestor of it; for a DS question at an apex the parent
    /// zone where it is served here too (RFC 4035 §3.1.4.1). Also the apex as a suffix number of the name.
    #[inline]
    pub fn find(&self, name: &QuestionName, qtype: u16) -> Option<(&Arc<Zone>, usize)> {
        let longest = name.label_count().saturating_sub(self.most_labels);
        let found = self.find_from(name, longest)?;
        if qtype == rtype::DS && found.1 == 0 && name.label_count() > 0 {
            return self.find_from(name, 1).or(Some(found));
        }
        Some(found)
    }

    /// The same among the suffixes from number `first` on.
    fn find_from(&self, name: &QuestionName, first: usize) -> Option<(&Arc<Zone>, usize)> {
        (first..=name.label_count()).find_map(|suffix| {
            let is_apex = |zone: u32| *self.zones[zone as usize].apex_octets == *name.suffix(suffix);
            let zone = self.table.find(name.suffix_hash(suffix), is_apex)?;
            Some((&self.zones[zone as usize], suffix))
        })
    }

    /// All zones in canonical order of their apexes.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.zones.iter()
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
    fn rfc4035_ds_at_an_apex_is_asked_of_the_parent() {
        let zones = zones(&["example.com.", "sub.example.com.", "."]);
        check(&zones, "sub.example.com.", 43, Some(("example.com.", 1)));
        check(&zones, "example.com.", 43, Some((".", 2)));
        check(&zones, "a.sub.example.com.", 43, Some(("sub.example.com.", 1)));
        check(&zones, ".", 43, Some((".", 0)));
        check(&zones, ".", 1, Some((".", 0)));
    }
}
