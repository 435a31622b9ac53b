//! `[server.cookies]`: who must show a cookie, and what cookies are made with.

use crate::config::document::Table;
use crate::config::text::{self, Faults, Parsed, Reader, Written, boolean, choice, unplaced};
use crate::snapshot::RequireCookies;

/// `[server.cookies]`, as far as it is without a fault.
#[derive(Debug)]
pub(crate) struct CookiesSpec {
    /// Whether cookies are answered at all.
    pub(crate) enabled: Option<bool>,
    /// Who must show one.
    pub(crate) require: Option<Written<RequireCookies>>,
    /// The file of secrets.
    pub(crate) secrets: Parsed<Option<Written<String>>>,
}

impl Default for CookiesSpec {
    fn default() -> CookiesSpec {
        CookiesSpec { enabled: None, require: None, secrets: Ok(None) }
    }
}

const REQUIRE: &[(&str, RequireCookies)] = &[
    ("never", RequireCookies::Never),
    ("under_load", RequireCookies::UnderLoad),
    ("always", RequireCookies::Always),
];

impl CookiesSpec {
    /// Reads the table.
    pub(crate) fn read(table: &Table, faults: &Faults) -> CookiesSpec {
        let mut reader = Reader::new(table, "`[server.cookies]`", faults);
        let enabled = reader.lenient("enabled", boolean);
        let require = reader.lenient("require", choice(REQUIRE));
        let secrets = reader.optional("secrets", text::text);
        reader.finish(&[]);
        if enabled.as_ref().is_some_and(|enabled| !enabled.value) {
            let others = [require.as_ref().map(|require| &require.place), place_of(&secrets)];
            for place in others.into_iter().flatten() {
                let warning = place.warning("this has no effect: cookies are off");
                faults.add(warning.help("remove it, or `enabled = false`"));
            }
        }
        CookiesSpec { enabled: unplaced(enabled), require, secrets }
    }
}

fn place_of(written: &Parsed<Option<Written<String>>>) -> Option<&text::Place> {
    written.as_ref().ok()?.as_ref().map(|written| &written.place)
}
