//! Where each key of a table was first seen, so that the second one is a fault.

use std::collections::HashMap;
use std::hash::Hash;

use crate::config::text::{Broken, Faults, Parsed, Place, Written, quote};

/// The keys of one table, or of all tables of a map that share their keys.
pub(super) struct Firsts<K> {
    kind: &'static str,
    places: HashMap<K, (String, Place)>,
}

impl<K: Eq + Hash> Firsts<K> {
    /// None yet; faults call a key `kind`.
    pub(super) fn new(kind: &'static str) -> Firsts<K> {
        Firsts { kind, places: HashMap::new() }
    }

    /// Takes a key in; a fault where it was seen before.
    pub(super) fn check(&mut self, key: K, written: &Written<String>, faults: &Faults) -> Parsed<()> {
        let Some((_, first)) = self.places.insert(key, (written.value.clone(), written.place.clone())) else {
            return Ok(());
        };
        let fault = written.place.error(format!("the {} {} stands twice", self.kind, quote(written)));
        faults.add(fault.label("again").help(format!("it stands at {} already", first.file_and_line())));
        Err(Broken)
    }
}

impl Firsts<[u8; 2]> {
    /// A country may be in one region of a map only, unless it is named by itself.
    pub(super) fn check_region(
        &mut self,
        country: [u8; 2],
        region: &Written<String>,
        faults: &Faults,
    ) -> Parsed<()> {
        let Some((other, _)) = self.places.insert(country, (region.value.clone(), region.place.clone()))
        else {
            return Ok(());
        };
        let code = String::from_utf8_lossy(&country).into_owned();
        let message = format!("{} is in the region {} and in {}", quote(&code), quote(&other), quote(region));
        faults.add(region.place.error(message).label("which one?").help("take it out of one of them"));
        Err(Broken)
    }
}
