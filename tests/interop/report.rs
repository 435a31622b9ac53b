//! What a run found, for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::compare::{Aspect, Finding, Seen, aspects, judge};
use crate::kinds::Kind;
use crate::peers::Who;

/// So many queries are printed of each sort of fault.
const PRINTED: usize = 3;

/// What a run found.
pub struct Report {
    /// How often each kind occurred.
    pub listed: Vec<usize>,
    /// By what is wrong and where: the first queries as text, and how many there are.
    faults: BTreeMap<(String, Aspect), (Vec<String>, usize)>,
}

impl Report {
    pub fn new(kinds: &[Kind]) -> Report {
        Report { listed: vec![0; kinds.len()], faults: BTreeMap::new() }
    }

    /// Judges a query and what the four made of it.
    pub fn add(&mut self, seen: &Seen<'_>, kinds: &[Kind]) {
        for aspect in aspects() {
            let fault = match judge(seen, aspect, kinds) {
                Finding::Alike => continue,
                Finding::Listed(kind) => {
                    self.listed[kind] += 1;
                    continue;
                }
                Finding::AgainstKind(kind) => format!("not as `{}` says", kinds[kind].name),
                Finding::Inexact => "Meridian does not say exactly what it should".to_string(),
                Finding::Difference => "the three agree and Meridian differs".to_string(),
                Finding::Unlisted => {
                    format!("the three disagree in no kind that is listed: {}", sides(seen, aspect))
                }
            };
            let (printed, count) = self.faults.entry((fault, aspect)).or_default();
            *count += 1;
            if printed.len() < PRINTED {
                printed.push(told(seen));
            }
        }
    }

    /// Everything that is wrong, or nothing.
    pub fn faults(&self) -> String {
        let mut text = String::new();
        for ((fault, aspect), (printed, count)) in &self.faults {
            let _ = write!(text, "\n== {count} × {aspect}: {fault}\n{}", printed.concat());
        }
        text
    }
}

/// Who answers like whom.
fn sides(seen: &Seen<'_>, aspect: Aspect) -> String {
    let mut groups: Vec<Vec<Who>> = Vec::new();
    for who in Who::ALL {
        match groups.iter_mut().find(|group| seen.same(aspect, group[0], who)) {
            Some(group) => group.push(who),
            None => groups.push(vec![who]),
        }
    }
    let names = |group: &Vec<Who>| group.iter().map(Who::to_string).collect::<Vec<_>>().join("+");
    groups.iter().map(names).collect::<Vec<_>>().join(" | ")
}

/// The query and the four reactions, those that are alike printed once.
fn told(seen: &Seen<'_>) -> String {
    let mut text = format!("  {}\n", seen.query);
    let mut told: Vec<(String, Vec<Who>)> = Vec::new();
    for who in Who::ALL {
        let reaction = seen.reaction(who).to_string();
        match told.iter_mut().find(|(other, _)| *other == reaction) {
            Some((_, group)) => group.push(who),
            None => told.push((reaction, vec![who])),
        }
    }
    for (reaction, group) in told {
        let names: Vec<String> = group.iter().map(Who::to_string).collect();
        let _ = writeln!(text, "    {}: {reaction}", names.join(", "));
    }
    text
}
