//! Zones and their faults from short texts, for the tests of this module.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Rrset, Zone, ZoneData};
use crate::fault::{Fault, Source};
use crate::wire::{Name, QuestionName};

/// The lines with which a zone of [`whole`] begins.
pub(super) const HEAD: &str = "$TTL 300\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n";

/// An absolute name.
pub(super) fn name(text: &str) -> Name {
    Name::parse(text.as_bytes(), Some(&Name::root())).unwrap()
}

/// A name as a question has it.
pub(super) fn question(text: &str) -> QuestionName {
    let mut question = QuestionName::default();
    question.set(&name(text));
    question
}

/// Loads files, the first of which is the zone's; the others are found by their names.
pub(super) fn load_files(apex: &str, files: &[(&str, &str)]) -> (Option<ZoneData>, Vec<Fault>) {
    load_beside(apex, files, &[])
}

/// The same beside the zones `children` below it.
pub(super) fn load_beside(
    apex: &str,
    files: &[(&str, &str)],
    children: &[&str],
) -> (Option<ZoneData>, Vec<Fault>) {
    let sources: HashMap<&str, Arc<Source>> =
        files.iter().map(|&(path, text)| (path, Source::new(path, text))).collect();
    let mut include = |path: &str| sources.get(path).cloned().ok_or_else(|| "no such file".to_owned());
    let children: Vec<Name> = children.iter().map(|child| name(child)).collect();
    ZoneData::parse(&name(apex), &sources[files[0].0], &children, &mut include)
}

/// Loads the zone example.com from a text.
pub(super) fn load(text: &str) -> (Option<ZoneData>, Vec<Fault>) {
    load_files("example.com.", &[("z", text)])
}

/// The zone example.com from [`HEAD`] and more lines, which have no error.
pub(super) fn whole(lines: &str) -> Zone {
    let (data, faults) = load(&format!("{HEAD}{lines}"));
    assert!(!crate::fault::any_error(&faults), "{faults:?}");
    data.unwrap().compile()
}

/// The data of an RRset's records in hexadecimal, names in full.
pub(super) fn rdata(rrset: Rrset<'_>) -> Vec<String> {
    let hex = |octets: &Vec<u8>| octets.iter().map(|octet| format!("{octet:02x}")).collect();
    rrset.full_rdata().iter().map(hex).collect()
}

/// Every record as `owner TTL type data`.
pub(super) fn records(zone: &Zone) -> Vec<String> {
    let mut all = Vec::new();
    for number in zone.node_numbers() {
        for rrset in zone.node(number).rrsets() {
            let owner = zone.full_name(number);
            let line = |data| format!("{owner} {} {} {data}", rrset.ttl(), rrset.rtype());
            all.extend(rdata(rrset).into_iter().map(line));
        }
    }
    all
}

/// Faults as `line:column severity: message`.
pub(super) fn lines(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| fault.to_string().trim_start_matches("z:").to_owned()).collect()
}
