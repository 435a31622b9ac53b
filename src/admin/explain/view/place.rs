//! Where a client is under a map, as JSON.

use serde::Serialize;

use crate::explain::moment::rfc3339;
use crate::explain::{Distance, Level, Place};
use crate::geo::{LevelOutcome, Prefix};

/// Where a client is, and by what.
#[derive(Debug, Serialize)]
pub(super) struct PlaceView {
    map: String,
    class: usize,
    classes: usize,
    sites: Vec<String>,
    records: Vec<RecordView>,
    level: String,
    levels: Vec<LevelView>,
    origin: Option<String>,
    distances: Vec<DistanceView>,
}

impl PlaceView {
    /// Of a place, at a moment in seconds since 1970.
    pub(super) fn of(place: &Place, at: u64) -> PlaceView {
        let reason = &place.reason;
        let records = reason.record.iter().chain(&reason.further_records);
        let record = |((database, network, says), &built): (&(String, Prefix, String), &u64)| RecordView {
            database: database.clone(),
            network: network.to_string(),
            says: says.clone(),
            built: rfc3339(built),
            age_seconds: at.saturating_sub(built),
        };
        PlaceView {
            map: place.map.clone(),
            class: place.class,
            classes: place.classes,
            sites: place.sites.clone(),
            records: records.zip(&place.built).map(record).collect(),
            level: reason.level.clone(),
            levels: place.levels.iter().map(LevelView::of).collect(),
            origin: reason.origin.clone(),
            distances: place.distances.iter().map(DistanceView::of).collect(),
        }
    }
}

/// What a database says of the client.
#[derive(Debug, Serialize)]
struct RecordView {
    database: String,
    network: String,
    says: String,
    built: String,
    age_seconds: u64,
}

/// A level of the map, and what came of it.
#[derive(Debug, Serialize)]
struct LevelView {
    level: &'static str,
    outcome: &'static str,
    beaten_by: Option<&'static str>,
    looked_at: Option<String>,
    database: Option<String>,
    entry: Option<String>,
    written_at: Option<String>,
    sites: Vec<String>,
}

impl LevelView {
    fn of(level: &Level) -> LevelView {
        let (outcome, beaten_by) = match level.outcome {
            LevelOutcome::Decides => ("decides", None),
            LevelOutcome::Beaten(above) => ("beaten", Some(above.label())),
            LevelOutcome::NoTable => ("no_table", None),
            LevelOutcome::NoRecord => ("no_record", None),
            LevelOutcome::NotInTable => ("not_in_table", None),
        };
        LevelView {
            level: level.level.label(),
            outcome,
            beaten_by,
            looked_at: level.looked_at.clone(),
            database: level.said_by.clone(),
            entry: level.entry.clone(),
            written_at: level.line.as_ref().map(ToString::to_string),
            sites: level.sites.clone(),
        }
    }
}

/// How far a site is from the client.
#[derive(Debug, Serialize)]
struct DistanceView {
    site: String,
    metres: u64,
    bias: i8,
    counted_metres: u64,
}

impl DistanceView {
    fn of(distance: &Distance) -> DistanceView {
        let (bias, counted_metres) = distance.biased.unwrap_or((0, distance.metres));
        DistanceView { site: distance.site.clone(), metres: distance.metres, bias, counted_metres }
    }
}
