//! Geo databases: acceptance, the last good copy, the built-in data.
//!
//! | | check | start | reload |
//! |---|---|---|---|
//! | good | served | served | served |
//! | shrunken below 80 % of the one served | (nothing is served) | (nothing is served) | error: nothing changes |
//! | bad | error | last good copy, else built-in data, with a warning | error: nothing changes |
//! | held back by the gate (`max_change`) | served | last good copy, until it is compared | the served one goes on serving |
//! | bad, and something else served for it already | – | – | that goes on serving, with a warning |

use std::sync::Arc;

use crate::config::limits;
use crate::config::text::{Broken, Faults, Parsed, Written, quote};
use crate::config::workspace::Workspace;
use crate::config::{DatabaseCopy, HeldBack, Mode};
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
    /// Files that are held back, by the digests of what they hold: the served ones go on serving.
    pub(super) held: &'a HeldBack,
    /// Whether a database that moves too many clients is held back: then a start serves what was served last.
    pub(super) gated: bool,
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
        let digest = Database::digest_of(&octets);
        if let Some(served) = served.filter(|_| self.held.contains(&digest)) {
            self.warn_of_held(path, shown);
            return Ok((still_serving(served), None));
        }
        if let Some(copy) = self.served_last(path).filter(|copy| copy.database.digest() != digest) {
            self.warn_of_copy(path, shown);
            return Ok((copy, None));
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

    fn warn_of_held(&self, path: &Written<String>, shown: &str) {
        let warning = path.place.warning(format!("{} is held back", quote(shown)));
        self.faults.add(
            warning
                .label("not taken")
                .help("`meridian status` says why; `meridian geo accept` takes it in spite of that"),
        );
    }

    fn warn_of_copy(&self, path: &Written<String>, shown: &str) {
        let what = format!(
            "{} is not what was served last, of which a copy serves until it is compared",
            quote(shown)
        );
        self.faults.add(path.place.warning(what).label("not taken yet"));
    }

    /// At a start with a gate, what was served before it: a stop and a start are no way around the gate.
    fn served_last(&self, path: &str) -> Option<GeoSource> {
        if self.mode == Mode::Start && self.gated { self.last_good_copy(path) } else { None }
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

    fn copy_path(&self, path: &str) -> Option<String> {
        Some(format!("{}/{}", self.state_dir?, copy_name(path)))
    }
}

/// Where the copy of a configured path is below `state_dir`: its separators are escaped, so that equal file names do not
/// collide.
pub(in crate::config) fn copy_name(path: &str) -> String {
    format!("{COPIES}/{}", path.replace('%', "%25").replace('/', "%2F"))
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

pub(in crate::config) fn configured_source(database: Arc<Database>, path: &str) -> GeoSource {
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
