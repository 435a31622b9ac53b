//! The types that values have: texts, numbers, choices, lists.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::config::limits;

use super::faults::{Faults, quote};
use super::reader::{Broken, Items, Parsed};
use super::suggest::did_you_mean;
use super::written::Written;
use crate::config::document::{Kind, Table, Value};

/// Reports that `value` is not of the type wanted ("a text", "an integer"), unless it could not be understood at all.
pub(super) fn wrong_type<T>(value: &Value, wanted: &str, help: Option<String>, faults: &Faults) -> Parsed<T> {
    if matches!(value.kind, Kind::Broken) {
        return Err(Broken);
    }
    let found = value.kind.in_words();
    let mut fault = value.place.error(format!("this must be {wanted}, not {found}")).label(found);
    fault.help = help;
    faults.add(fault);
    Err(Broken)
}

/// A text, which may be empty.
pub(crate) fn any_text(value: &Value, faults: &Faults) -> Parsed<String> {
    match &value.kind {
        Kind::Text(text) => Ok(text.clone()),
        Kind::Integer(Some(number)) => wrong_type(
            value,
            "a text",
            Some(format!("put it in quotes: {}", quote(&format!("\"{number}\"")))),
            faults,
        ),
        _ => wrong_type(value, "a text", None, faults),
    }
}

/// A text of at least one character, without control characters.
pub(crate) fn text(value: &Value, faults: &Faults) -> Parsed<String> {
    let text = any_text(value, faults)?;
    if text.is_empty() {
        faults.add(value.place.error("this text is empty").label("empty"));
        return Err(Broken);
    }
    if text.chars().any(char::is_control) {
        faults.add(value.place.error("this text holds a control character").label("not printable"));
        return Err(Broken);
    }
    Ok(text)
}

/// The name of a site, map, monitor, pool or member.
pub(crate) fn name(value: &Value, faults: &Faults) -> Parsed<String> {
    let text = text(value, faults)?;
    check_name(&Written { value: text, place: value.place.clone() }, faults).map(|written| written.value)
}

/// Checks that a text may be a name: 1 to 64 letters, digits, `-`, `_` and `.`.
pub(crate) fn check_name(name: &Written<String>, faults: &Faults) -> Parsed<Written<String>> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let message = if name.is_empty() {
        "this name is empty".to_owned()
    } else if name.chars().count() > limits::NAME_CHARACTERS {
        format!("this name is longer than {} characters", limits::NAME_CHARACTERS)
    } else if let Some(character) = name.chars().find(|&character| !allowed(character)) {
        format!("a name cannot hold {}", quote(&character.to_string()))
    } else {
        return Ok(name.clone());
    };
    faults.add(name.place.error(message).label("not a name").help("use letters, digits, `-`, `_` and `.`"));
    Err(Broken)
}

/// `true` or `false`.
pub(crate) fn boolean(value: &Value, faults: &Faults) -> Parsed<bool> {
    match &value.kind {
        Kind::Boolean(boolean) => Ok(*boolean),
        Kind::Text(text) if text == "true" || text == "false" => {
            wrong_type(value, "true or false", Some(format!("write it without quotes: `{text}`")), faults)
        }
        _ => wrong_type(value, "true or false", None, faults),
    }
}

/// An integer in a range.
pub(crate) fn number<T>(range: RangeInclusive<T>) -> impl Fn(&Value, &Faults) -> Parsed<T>
where
    T: TryFrom<i64> + PartialOrd + Display + Copy,
{
    move |value, faults| {
        let found = match &value.kind {
            Kind::Integer(found) => *found,
            Kind::Text(text) if text.parse::<i64>().is_ok() => {
                let help = format!("write it without quotes: {}", quote(text));
                return wrong_type(value, "an integer", Some(help), faults);
            }
            _ => return wrong_type(value, "an integer", None, faults),
        };
        found.and_then(|found| T::try_from(found).ok()).filter(|found| range.contains(found)).ok_or_else(
            || {
                let (least, most) = (range.start(), range.end());
                let fault = value.place.error(format!("this must be from {least} to {most}"));
                faults.add(fault.label("out of range"));
                Broken
            },
        )
    }
}

/// A number of degrees or the like, with or without a fraction, in a range.
pub(crate) fn decimal(range: RangeInclusive<f64>) -> impl Fn(&Value, &Faults) -> Parsed<f64> {
    move |value, faults| {
        let found = match &value.kind {
            Kind::Float(found) => *found,
            // Whole degrees; the range is far below 2^53.
            Kind::Integer(found) => found.map_or(f64::NAN, |found| found as f64),
            _ => return wrong_type(value, "a number", None, faults),
        };
        if range.contains(&found) {
            return Ok(found);
        }
        let (least, most) = (range.start(), range.end());
        faults.add(value.place.error(format!("this must be from {least} to {most}")).label("out of range"));
        Err(Broken)
    }
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(
    choices: &'static [(&'static str, T)],
) -> impl Fn(&Value, &Faults) -> Parsed<T> {
    move |value, faults| {
        let text = any_text(value, faults)?;
        if let Some((_, chosen)) = choices.iter().find(|(word, _)| *word == text) {
            return Ok(*chosen);
        }
        let mut fault = value.place.error(format!("{} is not one of the choices", quote(&text)));
        fault.help = did_you_mean(&text, choices.iter().map(|(word, _)| *word));
        faults.add(fault.label("unknown word"));
        Err(Broken)
    }
}

/// A table.
pub(crate) fn table<'a>(value: &'a Value, faults: &Faults) -> Parsed<&'a Table> {
    match &value.kind {
        Kind::Table(table) => Ok(table),
        _ => wrong_type(value, "a table", None, faults),
    }
}

/// A list of at most `most` items of one type; a fault of one item does not spoil the others.
pub(crate) fn list<'a, T>(
    most: usize,
    parse: impl Fn(&'a Value, &'a Faults) -> Parsed<T>,
) -> impl FnOnce(&'a Value, &'a Faults) -> Parsed<Items<T>> {
    move |value, faults| match &value.kind {
        Kind::Array(items) => parse_items(items, value, most, parse, faults),
        _ => wrong_type(value, "a list", Some("put it in brackets: `[…]`".into()), faults),
    }
}

/// A list, or one item that stands for a list of one.
pub(crate) fn one_or_more<'a, T>(
    most: usize,
    parse: impl Fn(&'a Value, &'a Faults) -> Parsed<T>,
) -> impl FnOnce(&'a Value, &'a Faults) -> Parsed<Items<T>> {
    move |value, faults| match &value.kind {
        Kind::Array(items) if items.is_empty() => {
            faults.add(value.place.error("this list is empty").label("at least one is needed"));
            Err(Broken)
        }
        Kind::Array(items) => parse_items(items, value, most, parse, faults),
        _ => Ok(vec![parse_item(value, &parse, faults)]),
    }
}

fn parse_items<'a, T>(
    items: &'a [Value],
    whole: &Value,
    most: usize,
    parse: impl Fn(&'a Value, &'a Faults) -> Parsed<T>,
    faults: &'a Faults,
) -> Parsed<Items<T>> {
    if items.len() > most {
        let message = format!("this list has {} items; {most} is the most", items.len());
        faults.add(whole.place.error(message).label("too long"));
        return Err(Broken);
    }
    Ok(items.iter().map(|item| parse_item(item, &parse, faults)).collect())
}

fn parse_item<'a, T>(
    item: &'a Value,
    parse: &impl Fn(&'a Value, &'a Faults) -> Parsed<T>,
    faults: &'a Faults,
) -> Parsed<Written<T>> {
    Ok(Written { value: parse(item, faults)?, place: item.place.clone() })
}

/// The items without a fault, for where nothing follows from those that are missing.
pub(crate) fn sound<T>(items: Items<T>) -> Vec<Written<T>> {
    items.into_iter().flatten().collect()
}
