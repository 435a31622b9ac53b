//! `meridian map`: which sites each country gets, and how much of the Internet a map knows.

mod text;
mod view;

use std::path::PathBuf;

use super::explain::parse_time;
use super::{FAILED, Format, OK, files, json, print, print_to_stderr};
use crate::admin::timestamp::now;
use crate::config::{did_you_mean, report};
use crate::geo::{Database, Survey, codes};
use crate::snapshot::{Configuration, Map};

use self::view::MapReport;

/// Show which sites each country gets, and how much of the Internet a map knows
///
/// Reads the files and goes through the whole map, address by address and not by samples: for every country of ISO 3166-1
/// the lists of sites that its space gets, with their shares where it is split; for every database how much it knows and
/// how old it is; how much each level of the map decides; and what nobody knows. Counted is globally routable unicast:
/// IPv4 without the special-purpose blocks, IPv6 within 2000::/3.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The map
    #[arg(value_name = "NAME")]
    map: String,
    /// The main file [default: meridian.toml, or else /etc/meridian/meridian.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Show this country alone, by its ISO 3166-1 code; can be repeated
    #[arg(long = "country", value_name = "CODE", value_parser = parse_country)]
    countries: Vec<String>,
    /// The moment that ages are counted to, in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<u64>,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let loaded = match files::load_whatever_is_asserted(files::main_file(arguments.config.as_deref())) {
        Ok(loaded) => loaded,
        Err(faults) => {
            print_to_stderr(&report::for_people(&faults, true));
            return Ok(FAILED);
        }
    };
    let configuration = &loaded.configuration;
    let map = find(configuration, &arguments.map)?;
    let mut report = MapReport::of(configuration, map, arguments.at.unwrap_or_else(now));
    if !arguments.countries.is_empty() {
        report.show_only(&arguments.countries);
    }
    match arguments.format {
        Format::Text => print(&report.to_string())?,
        Format::Json => print(&json(&report)?)?,
    }
    Ok(OK)
}

fn parse_country(text: &str) -> Result<String, String> {
    let code = text.to_ascii_uppercase();
    if codes::is_country(&code) { Ok(code) } else { Err(format!("`{text}` is no code of ISO 3166-1")) }
}

fn find<'c>(configuration: &'c Configuration, name: &str) -> anyhow::Result<&'c Map> {
    let found = configuration.maps.iter().find(|map| map.table.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = configuration.maps.iter().map(|map| map.table.name()).collect();
        let help = did_you_mean(name, names.iter().copied());
        anyhow::anyhow!("there is no map `{name}`{}", help.map_or(String::new(), |help| format!("; {help}")))
    })
}

/// Surveys a map with what it was compiled from.
fn survey(configuration: &Configuration, map: &Map) -> Survey {
    let databases: Vec<&Database> = configuration.geo.iter().map(|source| &*source.database).collect();
    Survey::of(map.table.rules(), &configuration.sites, &databases)
}
