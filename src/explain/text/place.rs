//! Where the client is, as text.

use super::Text;
use crate::explain::moment::span;
use crate::explain::{Distance, Explanation, Level, Origin, Place, Source, Steering};
use crate::geo::LevelOutcome;

pub(super) fn where_the_client_is(text: &mut Text, explanation: &Explanation, steering: &Steering) {
    text.field("decided on", &source(steering.source));
    let Some(place) = &steering.place else {
        if steering.source.origin != Origin::NoMap {
            text.field(
                "",
                "only its network counts, for a pool or a trickle: the rule has no map, so the written",
            );
            text.field("", "order of its pools decides");
        }
        return;
    };
    database_records(text, place, explanation.at);
    levels(text, place);
    if let Some(origin) = &place.reason.origin {
        text.field("measured", &format!("from {origin}"));
    }
    for distance in &place.distances {
        text.field("", &far(distance));
    }
    text.field("sites", &listed_sites(&place.sites));
    text.field("class", &format!("number {} of {} in map {}", place.class, place.classes, place.map));
}

fn source(source: Source) -> String {
    let address = source.address;
    match source.origin {
        Origin::NoMap => "nothing: the rule has no map, so the written order of its pools decides".to_owned(),
        Origin::Transport => format!("{address}, the transport address: the query has no client subnet"),
        Origin::Subnet => format!("{address}, the query's client subnet"),
        Origin::TransportForSpecial { block } => format!(
            "{address}, the transport address: the client subnet lies in the special-purpose block {block}"
        ),
        Origin::TransportEcsOff => format!("{address}, the transport address: the map has ecs = false"),
    }
}

fn database_records(text: &mut Text, place: &Place, at: u64) {
    let reason = &place.reason;
    if reason.record.is_none() {
        text.field("record", "none: no database knows this address");
    }
    let records = reason.record.iter().chain(&reason.further_records);
    for ((database, network, says), &built) in records.zip(&place.built) {
        let age = span(at.saturating_sub(built));
        text.field("record", &format!("{network} in {database}, {age} old: {says}"));
    }
}

/// The levels of which the map has something, each with what came of it, and the others by name.
fn levels(text: &mut Text, place: &Place) {
    let (absent, present): (Vec<&Level>, Vec<&Level>) =
        place.levels.iter().partition(|level| level.outcome == LevelOutcome::NoTable);
    for (index, each) in present.iter().enumerate() {
        text.field(if index == 0 { "levels" } else { "" }, &level(each));
    }
    if !absent.is_empty() {
        let absent: Vec<&str> = absent.iter().map(|level| level.level.label()).collect();
        text.field("", &format!("the map has no {}", absent.join(", ")));
    }
}

/// `country DE of built-in: decides, entry dach at geoip/maps.toml:12 → fra, ams`.
fn level(level: &Level) -> String {
    let mut words = level.level.to_string();
    if let Some(looked_at) = &level.looked_at {
        words += &format!(" {looked_at}");
    }
    if let Some(database) = &level.said_by {
        words += &format!(" of {database}");
    }
    words += &format!(": {}", level.outcome);
    if matches!(level.outcome, LevelOutcome::Decides | LevelOutcome::Beaten(_)) {
        let entry = level.entry.as_ref().map_or(String::new(), |entry| format!(", entry {entry}"));
        let line = level.line.as_ref().map_or(String::new(), |line| format!(" at {line}"));
        words += &format!("{entry}{line} → {}", listed_sites(&level.sites));
    }
    words
}

/// `fra: 120 km`, `fra: 120 km, counts as 96 km by its bias of 20`.
fn far(distance: &Distance) -> String {
    let kilometres = |metres: u64| (metres + 500) / 1000;
    let far = format!("{}: {} km", distance.site, kilometres(distance.metres));
    match distance.biased {
        Some((bias, counted)) => {
            format!("{far}, counts as {} km by its bias of {bias}", kilometres(counted))
        }
        None => far,
    }
}

fn listed_sites(sites: &[String]) -> String {
    if sites.is_empty() { "none (an empty list)".to_owned() } else { sites.join(", ") }
}
