//! `[[steer]]`: how some names of a zone are steered.

use super::steered_type;
use crate::config::document::{Kind, Table, Value};
use crate::config::limits;
use crate::config::text::{
    self, Broken, Faults, Items, Later, Parsed, Reader, Share, Written, boolean, choice, duration, number,
    one_or_more, quote, sound, unplaced,
};
use crate::steer::{AllDown, Empty, SLOTS, Trickle};

/// `[[steer]]`. Each key stands alone, so that a fault in one does not hide those of the others.
#[derive(Debug)]
pub(crate) struct RuleSpec {
    /// Owner names, relative to the zone; those without a fault.
    pub(crate) names: Vec<Written<String>>,
    /// Whether a name had a fault.
    pub(crate) all_names: Parsed<()>,
    /// The types without a fault, so none where all have one; not written, those that have a default RRset and that the
    /// pools can answer.
    pub(crate) types: Option<Vec<Written<u16>>>,
    /// The map that orders the pools.
    pub(crate) map: Parsed<Option<Written<String>>>,
    /// The pools.
    pub(crate) pools: Items<String>,
    /// How many members an answer has.
    pub(crate) answers: Option<Written<u16>>,
    /// Lower bound of the TTL in seconds.
    pub(crate) min_ttl: Option<Written<u32>>,
    /// What answers when all are down.
    pub(crate) all_down: Parsed<Option<AllDownSpec>>,
    /// The share of networks that go to the next healthy pool.
    pub(crate) trickle: Option<Written<Trickle>>,
    /// Whether pools at other sites are left out.
    pub(crate) fence: Option<Written<bool>>,
    /// What answers where the map has no sites.
    pub(crate) empty: Option<Written<Empty>>,
}

/// `all_down`.
#[derive(Debug)]
pub(crate) enum AllDownSpec {
    /// `"all"`, `"default"` or `"none"`.
    Word(AllDown),
    /// `{ pool = "name" }`.
    Pool(Written<String>),
}

const LATER: &[Later] = &[
    ("panic", "it belongs into the pool"),
    ("manual_resume", "it belongs into the pool"),
    ("slow_start", "it belongs into the pool"),
    ("schedule", "it belongs into a member, a pool or a site"),
    ("ttl", "the upper bound is the TTL of the default RRset, the lower one `min_ttl`"),
    ("max_ttl", "the upper bound is the TTL of the default RRset"),
    ("type", "it is called `types`"),
    ("pool", "it is called `pools`"),
    ("names", "it is called `name`, also for a list"),
    ("site", "it belongs into the pool"),
    ("monitor", "it belongs into the pool"),
];

/// Reads one `[[steer]]`.
pub(super) fn read(value: &Value, faults: &Faults) -> Parsed<RuleSpec> {
    Ok(read_table(text::table(value, faults)?, faults))
}

fn read_table(table: &Table, faults: &Faults) -> RuleSpec {
    let mut reader = Reader::new(table, "`[[steer]]`", faults);
    let names = reader.required("name", "name = \"www\"", one_or_more(limits::RULE_NAMES, text::text));
    let types = reader.optional("types", one_or_more(limits::RULE_TYPES, steered_type::of_rule));
    let map = reader.optional("map", text::text);
    let pools = reader.required("pools", "pools = [\"POOL\"]", one_or_more(limits::RULE_POOLS, text::text));
    let answers = reader.lenient("answers", number(limits::ANSWERS));
    let min_ttl = reader.lenient("min_ttl", ttl);
    let all_down = reader.optional("all_down", all_down);
    let trickle = reader.lenient("trickle", trickle);
    let fence = reader.lenient("fence", boolean);
    let empty = reader.lenient("empty", choice(&[("default", Empty::Default), ("nodata", Empty::NoData)]));
    reader.finish(LATER);
    let mut types = types.map_or(Some(Vec::new()), unplaced);
    if let Some(types) = &mut types {
        super::drop_doubled(types, faults, |again, _| again.place.error("this type is listed twice"));
    }
    let mut pools = pools.map_or_else(|broken| vec![Err(broken)], |pools| pools.value);
    super::drop_doubled(&mut pools, faults, |again, _| {
        again.place.error(format!("the pool {} is listed twice", quote(again)))
    });
    let all_names = names.as_ref().map_err(|&broken| broken);
    let all_names =
        all_names.and_then(|names| names.iter().try_for_each(|name| text::part_of(name).map(drop)));
    RuleSpec {
        all_names,
        names: names.map(|names| sound(names.value)).unwrap_or_default(),
        types: types.map(sound),
        map,
        pools,
        answers,
        min_ttl,
        all_down: all_down.map(unplaced),
        trickle,
        fence,
        empty,
    }
}

/// Whole seconds as a number, like a TTL in a master file, or a duration such as `"5s"`.
fn ttl(value: &Value, faults: &Faults) -> Parsed<u32> {
    let Kind::Text(_) = &value.kind else { return number(limits::TTL_SECONDS)(value, faults) };
    let most = std::time::Duration::from_secs(u64::from(*limits::TTL_SECONDS.end()));
    let duration = duration(std::time::Duration::from_secs(1)..=most)(value, faults)?;
    if duration.subsec_millis() != 0 {
        faults.add(value.place.error("a TTL has whole seconds").label("not whole seconds"));
        return Err(Broken);
    }
    Ok(u32::try_from(duration.as_secs()).expect("the range above fits into 32 bits"))
}

/// A part of all networks that leaves some on either side.
fn trickle(value: &Value, faults: &Faults) -> Parsed<Trickle> {
    let text = text::text(value, faults)?;
    let Some(Share { numerator, denominator }) = Share::parse(&text) else {
        let fault = value.place.error(format!("{} is no part of the networks", quote(&text)));
        faults.add(fault.label("not understood").help("write a part such as `\"2 %\"` or `\"1/200\"`"));
        return Err(Broken);
    };
    Trickle::part(numerator, denominator).ok_or_else(|| {
        let fault = value.place.error(format!("{} rounds to no network or to all of them", quote(&text)));
        let help = format!("networks fall on {SLOTS} slots: write a part from \"1/{SLOTS}\" on");
        faults.add(fault.label("out of range").help(help));
        Broken
    })
}

fn all_down(value: &Value, faults: &Faults) -> Parsed<AllDownSpec> {
    const WORDS: &[(&str, AllDown)] =
        &[("all", AllDown::All), ("default", AllDown::Default), ("none", AllDown::None)];
    match &value.kind {
        Kind::Table(table) => {
            let mut reader = Reader::new(table, "`all_down`", faults);
            let pool = reader.required("pool", "pool = \"POOL\"", text::text);
            reader.finish(&[]);
            pool.map(AllDownSpec::Pool)
        }
        Kind::Text(text) if !WORDS.iter().any(|(word, _)| word == text) => {
            let fault = value.place.error(format!("{} is not one of the choices", quote(text)));
            let pool = quote(&format!("{{ pool = \"{text}\" }}"));
            let help = format!("write `\"all\"`, `\"default\"` or `\"none\"`, or for a pool {pool}");
            faults.add(fault.label("unknown word").help(help));
            Err(Broken)
        }
        _ => choice(WORDS)(value, faults).map(AllDownSpec::Word),
    }
}
