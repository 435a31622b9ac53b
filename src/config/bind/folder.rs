//! The files: which zones there are, what stands beside them, and what `include` names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::files::ReadError;
use crate::config::limits;
use crate::config::spec::SteeringSpec;
use crate::config::text::{Broken, Faults, Parsed, Written, closest, quote};
use crate::config::workspace::{Workspace, cannot_read};
use crate::fault::{Fault, Source};
use crate::wire::Name;

/// The ending of master files.
const MASTER: &str = ".zone";
/// The ending of the files beside them.
const STEERING: &str = ".toml";

/// The files of one zone.
pub(super) struct ZoneFiles {
    /// Its name, as the name of the file says.
    pub(super) apex: Parsed<Name>,
    /// The master file.
    pub(super) master: Parsed<Arc<Source>>,
    /// What is steered in it.
    pub(super) steering: SteeringSpec,
}

/// Reads the files that the patterns name, each once, in the order of their paths for each pattern.
pub(super) fn included(
    patterns: &[Written<String>],
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> BTreeMap<String, SteeringSpec> {
    let mut specs = BTreeMap::new();
    for pattern in patterns {
        for path in matching(pattern, workspace, faults) {
            let shown = workspace.shown(&path);
            if specs.contains_key(&shown) {
                continue;
            }
            if specs.len() == limits::INCLUDED_FILES {
                let message = format!("more than {} files are included", limits::INCLUDED_FILES);
                faults.add(pattern.place.error(message).label("one too many"));
                return specs;
            }
            match workspace.source(&path, limits::SETTINGS_FILE_OCTETS) {
                Ok(source) => {
                    specs.insert(shown, SteeringSpec::read_included(&source, faults));
                }
                Err(error) => {
                    faults.doubt_names(&SteeringSpec::DEFINES);
                    cannot_read(&shown, pattern, &error, faults);
                }
            }
        }
    }
    specs
}

/// The paths that a pattern stands for: `*` in its last part stands for any characters but a leading dot.
fn matching(pattern: &Written<String>, workspace: &Workspace<'_>, faults: &Faults) -> Vec<String> {
    let (folder, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    if !last.contains('*') {
        return vec![pattern.value.clone()];
    }
    let names = match workspace.list(folder) {
        Ok(names) => names,
        Err(error) => {
            cannot_read(&workspace.shown(folder), pattern, &error, faults);
            return Vec::new();
        }
    };
    let matches = names.into_iter().filter(|name| !name.starts_with('.') && matches(last, name));
    let join = |name| if folder.is_empty() { name } else { format!("{folder}/{name}") };
    let paths: Vec<String> = matches.map(join).collect();
    if paths.is_empty() {
        faults.add(pattern.place.warning("no file matches this").label("nothing is included"));
    }
    paths
}

/// Whether `name` is the pattern with any characters for each `*`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((prefix, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut tail) = name.strip_prefix(prefix) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let suffix = parts.pop().unwrap_or_default();
    for part in parts {
        match tail.find(part) {
            Some(at) => tail = &tail[at + part.len()..],
            None => return false,
        }
    }
    tail.ends_with(suffix)
}

/// The zones of the folder in the order of their file names. Files in `elsewhere` (shown paths) are no zone's.
pub(super) fn zones(
    folder: &Written<String>,
    elsewhere: &BTreeSet<String>,
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Vec<ZoneFiles> {
    let names = match workspace.list(folder) {
        Ok(names) => names,
        Err(error) => {
            cannot_read(&workspace.shown(folder), folder, &error, faults);
            return Vec::new();
        }
    };
    let listing = Folder { path: folder, names: &names, workspace, faults };
    listing.report_orphans(elsewhere);
    listing.zones()
}

struct Folder<'a> {
    path: &'a Written<String>,
    names: &'a [String],
    workspace: &'a Workspace<'a>,
    faults: &'a Faults,
}

impl Folder<'_> {
    fn zones(&self) -> Vec<ZoneFiles> {
        let mut zones = Vec::new();
        let mut seen: BTreeMap<Name, &str> = BTreeMap::new();
        for stem in self.stems(MASTER) {
            if zones.len() == limits::ZONES {
                let message = format!("the folder has more than {} zones", limits::ZONES);
                self.faults.add(self.path.place.error(message));
                break;
            }
            let zone = self.zone(stem);
            if let Ok(apex) = &zone.apex
                && let Some(first) = seen.insert(apex.clone(), stem)
            {
                let message =
                    format!("the zone {apex} has the file {} too", quote(&format!("{first}{MASTER}")));
                self.faults.add(self.about(stem, MASTER, message).help("remove one of the two"));
            }
            zones.push(zone);
        }
        if zones.is_empty() {
            let warning = self.path.place.warning("this folder has no zone").label("named here");
            self.faults.add(warning.help("the master file of a zone is called `NAME.zone`"));
        }
        zones
    }

    fn zone(&self, stem: &str) -> ZoneFiles {
        let apex = Name::parse(stem.as_bytes(), Some(&Name::root())).map_err(|error| {
            let message = format!("the name of the file is no domain name: {error}");
            self.faults.add(
                self.about(stem, MASTER, message).help("it is called like its zone: `example.com.zone`"),
            );
            Broken
        });
        let master = self.read(stem, MASTER, limits::MASTER_FILE_OCTETS);
        let has_steering = self.names.binary_search(&format!("{stem}{STEERING}")).is_ok();
        let steering = match has_steering.then(|| self.read(stem, STEERING, limits::SETTINGS_FILE_OCTETS)) {
            Some(Ok(source)) => SteeringSpec::read_of_zone(&source, self.faults),
            Some(Err(Broken)) => {
                self.faults.doubt_names(&SteeringSpec::DEFINES);
                SteeringSpec { lacks_rules: true, ..SteeringSpec::default() }
            }
            None => SteeringSpec::default(),
        };
        ZoneFiles { apex, master, steering }
    }

    fn read(&self, stem: &str, ending: &str, most: u64) -> Parsed<Arc<Source>> {
        let path = self.file(stem, ending);
        self.workspace.source(&path, most).map_err(|error: ReadError| {
            let fault = self.about(stem, ending, format!("cannot be read: {error}"));
            self.faults.add(Fault { help: error.help(&self.workspace.shown(&path)), ..fault });
            Broken
        })
    }

    /// Steering without a zone steers nothing: most often the name is misspelt.
    fn report_orphans(&self, elsewhere: &BTreeSet<String>) {
        for stem in self.stems(STEERING) {
            let lonely = self.names.binary_search(&format!("{stem}{MASTER}")).is_err();
            if !lonely || elsewhere.contains(&self.workspace.shown(&self.file(stem, STEERING))) {
                continue;
            }
            let message = format!("there is no master file {} beside it", quote(&format!("{stem}{MASTER}")));
            let meant = || {
                let found = closest(stem, self.faults.compared(self.stems(MASTER)))?;
                Some(format!("did you mean {}?", quote(&format!("{found}{STEERING}"))))
            };
            let help = self.faults.suggestion(meant).unwrap_or_else(|| {
                "write the master file, or move monitors and pools where `include` finds them".into()
            });
            self.faults.add(self.about(stem, STEERING, message).help(help));
        }
    }

    /// The names of files with an ending, without it; hidden files are left alone.
    fn stems<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a str> + Clone {
        // Hidden files are not looked at, but `..zone` is the root zone's.
        let visible = self.names.iter().filter(|name| !name.starts_with('.') || name.starts_with(".."));
        visible.filter_map(move |name| name.strip_suffix(ending))
    }

    fn about(&self, stem: &str, ending: &str, message: String) -> Fault {
        Fault::file(&Source::new(self.workspace.shown(&self.file(stem, ending)), ""), message)
    }

    fn file(&self, stem: &str, ending: &str) -> String {
        format!("{}/{stem}{ending}", self.path.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("*.toml", "a.toml", true),
            ("*.toml", ".toml", true),
            ("*.toml", "a.tom", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("a**b", "ab", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
