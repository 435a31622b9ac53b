//! `[access]`: which clients a zone, or every zone without a list of its own, answers.

use crate::config::document::{Table, Value};
use crate::config::limits;
use crate::config::text::{self, Faults, Items, Parsed, Reader, Written, list, quote, sound, unplaced};
use crate::geo::Prefix;
use crate::wire::{Network, Networks};

/// `[access]`, as far as it is without a fault.
#[derive(Debug)]
pub(crate) struct AccessSpec {
    allow_query: Option<Vec<Written<Prefix>>>,
    deny_query: Vec<Written<Prefix>>,
}

impl AccessSpec {
    /// Reads the table.
    pub(super) fn read(value: &Value, faults: &Faults) -> Parsed<AccessSpec> {
        let table: &Table = text::table(value, faults)?;
        let mut reader = Reader::new(table, "`[access]`", faults);
        let allow = reader.optional("allow_query", networks);
        let deny = reader.optional("deny_query", networks);
        reader.finish(&[]);
        let (allow, deny) = (allow?, unplaced(deny?).map(sound));
        if let Some(nobody) = allow.as_ref().filter(|allow| allow.is_empty()) {
            let warning = nobody.place.warning("an empty `allow_query` lets nobody ask").label("nobody");
            faults.add(warning.help("write the networks that may ask, or leave it out: then everybody may"));
        }
        let allow = unplaced(allow).map(sound);
        if allow.is_none() && deny.is_none() {
            let warning = value.place.warning("`[access]` without a list lets everybody ask");
            faults.add(warning.help("add `allow_query = [\"192.0.2.0/24\"]`"));
        }
        let spec = AccessSpec { allow_query: allow, deny_query: deny.unwrap_or_default() };
        spec.report_contradictions(faults);
        Ok(spec)
    }

    /// The longest network decides; who is in none may ask unless there is a list of those who may. `None` where the table
    /// says nothing.
    pub(crate) fn compile(&self) -> Option<Networks> {
        if self.allow_query.is_none() && self.deny_query.is_empty() {
            return None;
        }
        let allowed = self.allow_query.iter().flatten().map(|prefix| network(prefix, true));
        let denied = self.deny_query.iter().map(|prefix| network(prefix, false));
        Some(Networks::new(allowed.chain(denied).collect(), self.allow_query.is_none()))
    }

    fn report_contradictions(&self, faults: &Faults) {
        for denied in &self.deny_query {
            let allowed = self.allow_query.iter().flatten().find(|allowed| allowed.value == denied.value);
            if let Some(allowed) = allowed {
                let what = quote(&denied.to_string());
                let fault = denied.place.error(format!("{what} is both allowed and denied"));
                faults.add(fault.label("denied here").help(format!(
                    "it is allowed at {}: take one of the two out",
                    allowed.place.file_and_line()
                )));
            }
        }
    }
}

/// A network of a list, for compilation.
pub(crate) fn network(prefix: &Prefix, taken: bool) -> Network {
    Network { address: prefix.address, length: prefix.length, taken }
}

/// A list of networks, each once. An empty one is taken at its word: none.
pub(super) fn networks(value: &Value, faults: &Faults) -> Parsed<Items<Prefix>> {
    let mut networks = list(limits::NETWORKS_IN_LIST, |value, faults| {
        text::network(&Written { value: text::text(value, faults)?, place: value.place.clone() }, faults)
    })(value, faults)?;
    super::drop_doubled(&mut networks, faults, |again, first| {
        let fault = again.place.error(format!("{} is listed twice", quote(&again.to_string())));
        fault.help(format!("it stands at {} already", first.file_and_line()))
    });
    Ok(networks)
}
