//! Geo databases: acceptance, the last good copy, the built-in data.
//!
//! | | check | start | reload |
//! |---|---|---|---|
//! | good | served | served | served |
//! | shrunken below 80 % of the one served | (nothing is served) | (nothing is served) | error: nothing changes |
//! | bad | error | last good copy, else built-in data, with a warning | error: nothing changes |
//! | bad, and something else served for it already | – | – | that goes on serving, with a warning |

use std::sync::Arc;

use crate::config::limits;
use crate::config::text::{Broken, Faults, Parsed, Written, quote};
use crate::config::workspace::Workspace;
use crate::config::{DatabaseCopy, Mode};
use crate::fault::Fault;
use crate::geo::Database;
use crate::snapshot::GeoSource;

/// Folder of the last good copies within `state_dir`.
const COPIES: &str = "databases";

/// Loads databases in one run of the loader.
pub(super) struct Databases<'a> {
    /// Where files are.
    pub(super) workspace: &'a Workspace<'a>,
    /// What a bad file means.
    pub(super) mode: Mode,
    /// What is served now.
    pub(super) previous: &'a [GeoSource],
    /// Where the last good copies are.
    pub(super) state_dir: Option<&'a str>,
    /// Where faults go.
    pub(super) faults: &'a Faults,
}

impl Databases<'_> {
    /// The databases in the order of merging, and the copies to keep of those that are new. Without any configured
    /// one, the built-in data where a map `needs_data`.
    pub(super) fn load(
        &self,
        configured: &[Written<String>],
        needs_data: bool,
    ) -> Parsed<(Vec<GeoSource>, Vec<DatabaseCopy>)> {
        if configured.is_empty() {
            let builtin = if needs_data { self.builtin(None) } else { None };
            return Ok((builtin.into_iter().collect(), Vec::new()));
        }
        let mut copies = Vec::new();
        let loaded: Vec<_> = configured.iter().map(|path| self.load_one(path, &mut copies)).collect();
        let loaded: Parsed<Vec<_>> = loaded.into_iter().collect();
        Ok((loaded?.into_iter().flatten().collect(), copies))
    }

    /// One configured database; `Ok(None)` when nothing at all can stand in for a bad one.
    fn load_one(&self, path: &Written<String>, copies: &mut Vec<DatabaseCopy>) -> Parsed<Option<GeoSource>> {
        let shown = self.workspace.shown(path);
        let served = self.previous.iter().find(|source| source.path.as_deref() == Some(path.as_str()));
        match self.accept(path, &shown, served) {
            Ok((source, octets)) => {
                if let Some(octets) = octets.filter(|_| matches!(self.mode, Mode::Start | Mode::Reload)) {
                    copies.extend(
                        self.copy_path(path)
                            .map(|copy| DatabaseCopy { path: self.workspace.resolve(&copy), octets }),
                    );
                }
                Ok(Some(source))
            }
            Err(refusal) => {
                let stood_in = served.is_some_and(|served| served.degraded.is_some());
                if self.mode == Mode::Start || (self.mode == Mode::Reload && stood_in) {
                    return Ok(self.stand_in(path, served, refusal));
                }
                self.faults.add(refusal.into_error(path, served.is_some()));
                Err(Broken)
            }
        }
    }

    /// The configured file, if it is good enough; with its octets when it is a new one.
    fn accept(
        &self,
        path: &Written<String>,
        shown: &str,
        served: Option<&GeoSource>,
    ) -> Result<(GeoSource, Option<Vec<u8>>), Refusal> {
        let octets = self.workspace.octets(path, limits::DATABASE_OCTETS);
        let octets = octets.map_err(|error| Refusal {
            why: format!("{} cannot be read: {error}", quote(shown)),
            help: error.help(shown),
        })?;
        let source = |database| configured_source(database, path);
        if let Some(served) = served.filter(|served| is_read_from(served, &octets)) {
            return Ok((source(Arc::clone(&served.database)), None));
        }
        let copy = self.state_dir.map(|_| octets.clone());
        let database = Database::from_mmdb(shown, octets)
            .map_err(|sentence| Refusal::of(format!("{} is no usable database: {sentence}", quote(shown))))?;
        if let Some(served) = served.filter(|served| !served.builtin && self.mode != Mode::Compare) {
            database
                .acceptable_after(&served.database)
                .map_err(|sentence| Refusal::of(format!("{} has shrunk: {sentence}", quote(shown))))?;
        }
        Ok((source(Arc::new(database)), copy))
    }

    /// What serves at a start with a bad file, said loudly.
    fn stand_in(
        &self,
        path: &Written<String>,
        served: Option<&GeoSource>,
        refusal: Refusal,
    ) -> Option<GeoSource> {
        let source = served.map(still_serving).or_else(|| self.last_good_copy(path));
        let source = source.or_else(|| self.builtin(Some(path)));
        let what = match &source {
            Some(source) if source.builtin => "the built-in country data serves",
            Some(_) => "its last good copy serves",
            None => "no geo data serves",
        };
        let why = format!("{}; {what}", refusal.why);
        let warning = path.place.warning(why.clone()).label("not used");
        self.faults.add(Fault { help: refusal.help, ..warning });
        source.map(|source| GeoSource { degraded: Some(why), ..source })
    }

    fn last_good_copy(&self, path: &str) -> Option<GeoSource> {
        let octets = self.workspace.octets(&self.copy_path(path)?, limits::DATABASE_OCTETS).ok()?;
        let database = Arc::new(Database::from_mmdb(&self.workspace.shown(path), octets).ok()?);
        Some(configured_source(database, path))
    }

    fn builtin(&self, instead_of: Option<&str>) -> Option<GeoSource> {
        let known = self.previous.iter().find(|source| source.builtin);
        let database = match known {
            Some(known) => Arc::clone(&known.database),
            None => Arc::new(Database::builtin()?),
        };
        Some(GeoSource { database, path: instead_of.map(str::to_owned), builtin: true, degraded: None })
    }

    /// One copy for each configured path: its separators are escaped, so that equal file names do not collide.
    fn copy_path(&self, path: &str) -> Option<String> {
        let name = path.replace('%', "%25").replace('/', "%2F");
        Some(format!("{}/{COPIES}/{name}", self.state_dir?))
    }
}

/// Why a database is not taken.
struct Refusal {
    /// A sentence.
    why: String,
    /// The way out, where it is not another file.
    help: Option<String>,
}

impl Refusal {
    fn of(why: String) -> Refusal {
        Refusal { why, help: None }
    }

    fn into_error(self, path: &Written<String>, one_is_served: bool) -> Fault {
        let fault = path.place.error(self.why).label("not accepted");
        match (self.help, one_is_served) {
            (Some(help), _) => fault.help(help),
            (None, true) => fault.help("fetch the file again"),
            (None, false) => {
                fault.help("fetch the file again, or remove it here: then built-in country data serves")
            }
        }
    }
}

fn configured_source(database: Arc<Database>, path: &str) -> GeoSource {
    GeoSource { database, path: Some(path.to_owned()), builtin: false, degraded: None }
}

/// Whether a database was read from just these octets, so that they need not be walked again.
fn is_read_from(served: &GeoSource, octets: &[u8]) -> bool {
    !served.builtin && served.database.digest() == Database::digest_of(octets)
}

fn still_serving(source: &GeoSource) -> GeoSource {
    GeoSource {
        database: Arc::clone(&source.database),
        path: source.path.clone(),
        builtin: source.builtin,
        degraded: source.degraded.clone(),
    }
}
