//! `[[assert]]`: what must be true of the answers, as a sentence; `[share]`: how much load comes from where.

use crate::config::document::{Entry, Table, Value};
use crate::config::limits;
use crate::config::text::{
    self, Faults, Items, Later, Parsed, Reader, Written, list, number, one_or_more, sound, unplaced,
};

use super::steered_type;

/// `[[assert]]`. Each key stands alone, so that a fault in one does not hide those of the others.
#[derive(Debug)]
pub(crate) struct AssertSpec {
    /// The sentence.
    pub(crate) that: Parsed<Written<String>>,
    /// The names it is about; none: every steered name that the file may speak of.
    pub(crate) names: Vec<Written<String>>,
    /// The types it is about; none: all.
    pub(crate) types: Vec<Written<u16>>,
    /// Failures with which it must hold.
    pub(crate) failures: Option<Written<u8>>,
    /// Whether no key has a fault: else nothing can be proven of the rest.
    pub(crate) whole: bool,
}

/// `[share]`.
#[derive(Debug)]
pub(crate) struct ShareSpec {
    /// The load of each country.
    pub(crate) countries: Vec<(Written<String>, u64)>,
    /// The load of all other countries.
    pub(crate) elsewhere: Option<u64>,
    /// A file of networks and queries.
    pub(crate) sketch: Option<Written<String>>,
    /// Whether no key has a fault: else nothing can be said of load.
    pub(crate) whole: bool,
}

const LATER: &[Later] = &[
    ("sentence", "it is called `that`"),
    ("assert", "it is called `that`"),
    ("names", "it is called `name`, also for a list"),
    ("types", "it is called `type`, also for a list"),
];

/// Reads all `[[assert]]` of a file.
pub(super) fn read_all(value: &Value, faults: &Faults) -> Parsed<Items<AssertSpec>> {
    list(limits::ASSERTIONS, read)(value, faults)
}

fn read(value: &Value, faults: &Faults) -> Parsed<AssertSpec> {
    let table = text::table(value, faults)?;
    let errors = faults.errors();
    let mut reader = Reader::new(table, "`[[assert]]`", faults);
    let that = reader.required("that", "that = \"no client is left without an answer\"", text::text);
    let names = reader.lenient("name", one_or_more(limits::RULE_NAMES, text::text));
    let types = reader.lenient("type", one_or_more(limits::RULE_TYPES, steered_type::of_rule));
    let failures = reader.lenient("failures", number(0..=crate::explain::prove::FAILURES_MAX));
    reader.finish(LATER);
    Ok(AssertSpec {
        that,
        names: unplaced(names).map(sound).unwrap_or_default(),
        types: unplaced(types).map(sound).unwrap_or_default(),
        failures,
        whole: faults.errors() == errors,
    })
}

impl ShareSpec {
    /// Reads `[share]`.
    pub(crate) fn read(table: &Table, faults: &Faults) -> ShareSpec {
        let errors = faults.errors();
        let mut reader = Reader::new(table, "`[share]`", faults);
        let countries = reader.lenient("country", countries);
        let elsewhere = reader.lenient("elsewhere", load);
        let sketch = reader.lenient("sketch", text::text);
        reader.finish(&[("file", "it is called `sketch`"), ("countries", "it is called `country`")]);
        ShareSpec {
            countries: unplaced(countries).unwrap_or_default(),
            elsewhere: unplaced(elsewhere),
            sketch,
            whole: faults.errors() == errors,
        }
    }
}

fn countries(value: &Value, faults: &Faults) -> Parsed<Vec<(Written<String>, u64)>> {
    let table = text::table(value, faults)?;
    let read_one = |entry: &Entry| Some((entry.key.clone(), load(&entry.value, faults).ok()?));
    Ok(table.entries.iter().filter_map(read_one).collect())
}

/// A load or a capacity, in the operator's unit.
pub(super) fn load(value: &Value, faults: &Faults) -> Parsed<u64> {
    number(0..=crate::explain::prove::LOAD_MAX)(value, faults)
}
