//! The files that `meridian plan` is given beside a configuration: a database in the place of another one, and weights.

use std::path::Path;

use super::files::Files;
use super::{did_you_mean, limits};
use crate::explain::plan::{WEIGHTS_OCTETS_MAXIMUM, Weighing, Weights};
use crate::snapshot::Configuration;

/// The same files with the octets of `file` in place of the database that the main file at `main` names `configured`. The
/// error is a sentence.
pub fn with_database(files: &Files, main: &Path, configured: &str, file: &Path) -> Result<Files, String> {
    let octets = Files::Disk(Path::new("").to_owned()).read(file, limits::DATABASE_OCTETS);
    let octets = octets.map_err(|error| format!("--replace: {} cannot be read: {error}", file.display()))?;
    Ok(files.clone().with_replaced(main, configured, octets))
}

/// Whether a configuration names a database by this path. The error is a sentence.
pub fn check_has_database(configuration: &Configuration, configured: &str) -> Result<(), String> {
    let paths = configuration.geo.iter().filter_map(|source| source.path.as_deref());
    if paths.clone().any(|known| known == configured) {
        return Ok(());
    }
    let hint = did_you_mean(configured, paths).map_or(String::new(), |hint| format!("; {hint}"));
    Err(format!("--replace {configured}: `databases` of `[geo]` does not name this file{hint}"))
}

/// What is counted: the queries of a file, or addresses without one. The error is a sentence.
pub fn weighing(file: Option<&Path>) -> Result<Weighing, String> {
    let Some(file) = file else { return Ok(Weighing::Addresses) };
    let octets = Files::Disk(Path::new("").to_owned()).read(file, WEIGHTS_OCTETS_MAXIMUM);
    let octets = octets.map_err(|error| format!("--weights: {} cannot be read: {error}", file.display()))?;
    let weights =
        Weights::parse(&octets).map_err(|error| format!("--weights: {}: {error}", file.display()))?;
    Ok(Weighing::Queries(weights))
}
