//! Other octets in the files of databases that are served: the configuration with these, and with nothing else of what the
//! files say by now. An operator may be in the middle of writing the others.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::bind::databases::{configured_source, copy_name};
use super::copy::DatabaseCopy;
use super::files::{Files, ReadError};
use super::limits;
use super::workspace::Workspace;
use crate::geo::{self, Database, SiteId};
use crate::snapshot::{Configuration, GeoSource, Map};
use crate::steer::{Candidates, Rule};

/// What the files of databases hold by now.
#[derive(Default)]
pub struct Swap {
    /// The served configuration with the changed ones; `None` when none has changed.
    pub configuration: Option<Configuration>,
    /// The paths of those that have changed and are good enough, as configured, and the digests of their octets.
    pub changed: Vec<(String, u64)>,
    /// The paths of those that hold what is served.
    pub unchanged: Vec<String>,
    /// The paths of those that are not good enough, and why: a sentence.
    pub refused: Vec<(String, String)>,
    /// What to keep of those that have changed, once they are taken.
    pub copies: Vec<DatabaseCopy>,
}

/// Reads the files at `paths`, as they are configured, of databases that are served. They are held to the same as at a
/// reload: a bad file or one that has shrunk is refused.
pub fn swap_databases(
    files: &Files,
    main: &Path,
    state_dir: Option<&Path>,
    served: &Configuration,
    paths: &[String],
) -> Swap {
    let mut swap = Swap::default();
    let workspace = Workspace::new(files, main);
    let mut sources = served.geo.clone();
    for source in &mut sources {
        let Some(path) = source.path.clone().filter(|path| paths.contains(path)) else { continue };
        match read(&workspace, &path, source) {
            Ok(None) => swap.unchanged.push(path),
            Ok(Some(File { database, octets })) => {
                swap.changed.push((path.clone(), database.digest()));
                let copy = state_dir.map(|folder| folder.join(copy_name(&path)));
                swap.copies.extend(copy.map(|path| DatabaseCopy { path, octets }));
                *source = configured_source(database, &path);
            }
            Err(why) => swap.refused.push((path, why)),
        }
    }
    if swap.changed.is_empty() {
        return swap;
    }
    match with_sources(served, sources) {
        Ok(configuration) => Swap { configuration: Some(configuration), ..swap },
        Err(why) => {
            let refused = swap.changed.into_iter().map(|(path, _)| (path, why.clone()));
            Swap {
                refused: swap.refused.into_iter().chain(refused).collect(),
                unchanged: swap.unchanged,
                ..Swap::default()
            }
        }
    }
}

/// What a file holds.
struct File {
    database: Arc<Database>,
    octets: Vec<u8>,
}

/// What a file holds, unless it is served as this file's.
fn read(workspace: &Workspace<'_>, path: &str, served: &GeoSource) -> Result<Option<File>, String> {
    let octets = workspace.octets(path, limits::DATABASE_OCTETS).map_err(|error| match error {
        ReadError::Missing => "the file is missing".to_owned(),
        error => format!("it cannot be read: {error}"),
    })?;
    if !served.builtin && served.database.digest() == Database::digest_of(&octets) {
        // Their copy may have stood in for the file.
        let database = Arc::clone(&served.database);
        return Ok(served.degraded.is_some().then_some(File { database, octets }));
    }
    let database = Database::from_mmdb(&workspace.shown(path), octets.clone())?;
    if !served.builtin {
        database.acceptable_after(&served.database)?;
    }
    Ok(Some(File { database: Arc::new(database), octets }))
}

/// A configuration with other databases: what is compiled from them is compiled anew.
fn with_sources(served: &Configuration, sources: Vec<GeoSource>) -> Result<Configuration, String> {
    let databases: Vec<&Database> = sources.iter().map(|source| &*source.database).collect();
    let compile = |map: &Map| {
        let (name, rules) = (map.table.name(), map.table.rules());
        if map.table.is_made_from(rules, &served.sites, &databases) {
            return Ok(map.clone());
        }
        let table = geo::Map::compile(name, rules, &served.sites, &databases)?;
        Ok(Map { table: Arc::new(table), ..map.clone() })
    };
    let maps: Vec<Map> = served.maps.iter().map(compile).collect::<Result<_, String>>()?;
    let rules = rules(served, &maps);
    Ok(Configuration { geo: sources, maps, rules, ..served.clone() })
}

/// The rules with candidates for the classes of other maps; those that shared them share them.
fn rules(served: &Configuration, maps: &[Map]) -> Vec<Rule> {
    let mut known: HashMap<*const Candidates, Arc<Candidates>> = HashMap::new();
    let site = |pool: &crate::steer::PoolUse| served.pools[pool.pool.0 as usize].site;
    let mut rule = |rule: &Rule| {
        let Some(map) = rule.map else { return rule.clone() };
        let candidates = known.entry(Arc::as_ptr(&rule.candidates)).or_insert_with(|| {
            let sites: Vec<SiteId> = rule.pools.iter().filter_map(site).collect();
            debug_assert_eq!(sites.len(), rule.pools.len(), "under a map every pool has a site");
            Arc::new(rule.candidates.recompile(maps[map as usize].table.classes(), &sites))
        });
        Rule { candidates: Arc::clone(candidates), ..rule.clone() }
    };
    served.rules.iter().map(&mut rule).collect()
}
