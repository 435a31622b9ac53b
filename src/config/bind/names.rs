//! Names and what they stand for: defined once, referred to from anywhere in their scope.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::config::text::{Broken, Faults, Parsed, Place, Written, did_you_mean, quote};

/// From where a name may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// From every file.
    Everywhere,
    /// From the file beside the zone of this number.
    Zone(usize),
}

/// All names of one kind.
pub(crate) struct Names<T> {
    /// "pool", "monitor" …
    kind: &'static str,
    /// What to do where there is none at all.
    home: &'static str,
    definitions: BTreeMap<String, Definition<T>>,
}

struct Definition<T> {
    place: Place,
    scope: Scope,
    content: Parsed<T>,
    used: Cell<bool>,
}

impl<T> Names<T> {
    /// No names yet; `kind` is what faults call them, `home` says where they are defined.
    pub(crate) fn new(kind: &'static str, home: &'static str) -> Names<T> {
        Names { kind, home, definitions: BTreeMap::new() }
    }

    /// Defines a name. False, with a fault, when it is taken.
    pub(crate) fn define(
        &mut self,
        name: &Written<String>,
        scope: Scope,
        content: Parsed<T>,
        faults: &Faults,
    ) -> bool {
        match self.definitions.entry(name.value.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(Definition {
                    place: name.place.clone(),
                    scope,
                    content,
                    used: Cell::new(false),
                });
                true
            }
            Entry::Occupied(first) => {
                let message = format!("the {} {} is defined twice", self.kind, quote(name));
                let help = format!("it stands at {} already; rename one", first.get().place.file_and_line());
                faults.add(name.place.error(message).label("again").help(help));
                false
            }
        }
    }

    /// What a name stands for, seen from `scope`. Unknown names are faults, with a suggestion; names whose
    /// definition is broken are not.
    pub(crate) fn find(&self, name: &Written<String>, scope: Scope, faults: &Faults) -> Parsed<&T> {
        match self.definitions.get(&name.value) {
            Some(found) if found.reaches(scope) => {
                found.used.set(true);
                found.content.as_ref().map_err(|&broken| broken)
            }
            Some(found) => {
                found.used.set(true);
                let message = format!("the {} {} belongs to another zone", self.kind, quote(name));
                let help = format!("move it from {} to a file that `include` names", found.place.source.path);
                faults.add(name.place.error(message).label("out of reach").help(help));
                Err(Broken)
            }
            None => self.report_unknown(name, scope, faults),
        }
    }

    /// What a name stands for, wherever it is defined; nothing where that is broken or unknown, of which nothing is said.
    pub(crate) fn known(&self, name: &str) -> Option<&T> {
        self.definitions.get(name)?.content.as_ref().ok()
    }

    /// What a name stands for, wherever it is defined, for who only speaks of it: that makes no use of it.
    pub(crate) fn look_up(&self, name: &Written<String>, faults: &Faults) -> Parsed<&T> {
        match self.definitions.get(&name.value) {
            Some(found) => found.content.as_ref().map_err(|&broken| broken),
            None => self.report_unknown(name, Scope::Everywhere, faults),
        }
    }

    fn report_unknown(&self, name: &Written<String>, scope: Scope, faults: &Faults) -> Parsed<&T> {
        if !faults.is_name_in_doubt(self.kind, name) {
            faults.add(self.unknown(name, scope, faults));
        }
        Err(Broken)
    }

    /// The names that nothing refers to, with their places.
    pub(crate) fn unused(&self) -> impl Iterator<Item = (&str, &Place)> {
        let unused = self.definitions.iter().filter(|(_, definition)| !definition.used.get());
        unused.map(|(name, definition)| (name.as_str(), &definition.place))
    }

    fn unknown(&self, name: &Written<String>, scope: Scope, faults: &Faults) -> crate::fault::Fault {
        let fault = name.place.error(format!("there is no {} {}", self.kind, quote(name)));
        let mut fault = fault.label(format!("unknown {}", self.kind));
        let reachable = self.definitions.iter().filter(|(_, definition)| definition.reaches(scope));
        let mut reachable = reachable.map(|(name, _)| name.as_str()).peekable();
        fault.help = match reachable.peek() {
            None => Some(self.home.to_owned()),
            Some(_) => faults.suggestion(|| did_you_mean(name, faults.compared(reachable))),
        };
        fault
    }
}

impl<T> Definition<T> {
    fn reaches(&self, scope: Scope) -> bool {
        self.scope == Scope::Everywhere || self.scope == scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Source;

    fn written(name: &str, path: &str) -> Written<String> {
        Written { value: name.into(), place: Place { source: Source::new(path, name), span: 0..name.len() } }
    }

    #[test]
    fn a_name_reaches_its_scope_and_counts_even_when_broken() {
        let faults = Faults::default();
        let mut names = Names::new("pool", "write one");
        assert!(names.define(&written("all", "a"), Scope::Everywhere, Ok(1), &faults));
        assert!(names.define(&written("own", "b"), Scope::Zone(0), Ok(2), &faults));
        assert!(names.define(&written("broken", "b"), Scope::Everywhere, Err(Broken), &faults));
        assert_eq!(names.find(&written("all", "c"), Scope::Zone(7), &faults), Ok(&1));
        assert_eq!(names.find(&written("own", "b"), Scope::Zone(0), &faults), Ok(&2));
        assert_eq!(names.find(&written("broken", "b"), Scope::Zone(0), &faults), Err(Broken));
        assert!(!faults.any_error());
        assert_eq!(names.find(&written("own", "c"), Scope::Zone(1), &faults), Err(Broken));
        assert_eq!(names.find(&written("al", "c"), Scope::Zone(1), &faults), Err(Broken));
        assert!(!names.define(&written("own", "c"), Scope::Zone(1), Ok(3), &faults));
        let messages: Vec<_> =
            faults.into_sorted(&Source::new("m", "")).iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "c:1:1: error: the pool `own` belongs to another zone (help: move it from b to a file that `include` \
                 names)",
                "c:1:1: error: there is no pool `al` (help: did you mean `all`?)",
                "c:1:1: error: the pool `own` is defined twice (help: it stands at b:1 already; rename one)",
            ]
        );
    }
}
