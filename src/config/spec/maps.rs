//! `geoip/maps.toml`: sites, regions and maps.

use std::sync::Arc;

use crate::config::document::{self, Entry, Kind, Table, Value};
use crate::config::limits;
use crate::config::text::{
    self, Broken, Faults, Items, Later, Parsed, Reader, Written, boolean, decimal, list, number, quote,
    sound, unplaced,
};
use crate::fault::Source;
use crate::geo::Location;

use super::assertion;
use super::will::Scheduled;
use super::{Named, WillSpec, named_tables, will};

/// What the file of maps says.
#[derive(Debug, Default)]
pub(crate) struct MapsSpec {
    /// `[site.NAME]`.
    pub(crate) sites: Vec<Named<SiteSpec>>,
    /// `[region]`: named groups of countries.
    pub(crate) regions: Vec<Named<Items<String>>>,
    /// `[map.NAME]`.
    pub(crate) maps: Vec<Named<MapSpec>>,
}

/// `[site.NAME]`.
#[derive(Debug)]
pub(crate) struct SiteSpec {
    /// Where it is.
    pub(crate) location: Parsed<Option<Location>>,
    /// The operator's will for all its members.
    pub(crate) will: WillSpec,
    /// What it can carry, in the unit of `[share]`.
    pub(crate) capacity: Option<u64>,
}

/// The names of sites in order; those without a fault.
pub(crate) type SiteList = Vec<Written<String>>;

/// One table of a map: keys as written, each with its sites.
pub(crate) type TableSpec = Vec<(Written<String>, Written<SiteList>)>;

/// `[map.NAME]`, as far as it is without a fault.
#[derive(Debug)]
pub(crate) struct MapSpec {
    /// Whether EDNS Client Subnet decides.
    pub(crate) ecs: Option<bool>,
    /// The n nearest sites.
    pub(crate) nearest: Option<Written<u16>>,
    /// How much nearer or farther than they are `nearest` takes sites for.
    pub(crate) bias: Vec<(Written<String>, Written<i8>)>,
    /// For clients that nothing places.
    pub(crate) default: Parsed<Written<SiteList>>,
    /// By network.
    pub(crate) network: TableSpec,
    /// Files with further networks.
    pub(crate) network_files: Vec<Written<NetworkFileSpec>>,
    /// By autonomous system.
    pub(crate) asn: TableSpec,
    /// By GeoNames id, or by country and name.
    pub(crate) city: TableSpec,
    /// By ISO 3166-2 code.
    pub(crate) subdivision: TableSpec,
    /// By ISO 3166-1 code or region.
    pub(crate) country: TableSpec,
    /// By continent.
    pub(crate) continent: TableSpec,
}

/// A file with networks: `{ path = "lists/office.txt", sites = ["fra"] }`.
#[derive(Debug)]
pub(crate) struct NetworkFileSpec {
    /// Its path, from the folder of the file of maps.
    pub(crate) path: Parsed<Written<String>>,
    /// For the networks that do not name sites themselves.
    pub(crate) sites: Option<Written<SiteList>>,
}

const LATER: &[Later] = &[("cidr", "it is called `network`"), ("subnet", "it is called `network`")];

impl MapsSpec {
    /// The kinds of names that the file defines.
    pub(crate) const DEFINES: [&'static str; 3] = ["site", "region", "map"];

    /// Reads the file.
    pub(crate) fn read(source: &Arc<Source>, faults: &Faults) -> MapsSpec {
        let table = document::read(source, &MapsSpec::DEFINES, faults);
        let mut reader = Reader::new(&table, "this file", faults);
        let sites = reader.optional("site", |value, faults| {
            Ok(named_tables(text::table(value, faults)?, "site", limits::SITES, faults, read_site))
        });
        let regions =
            reader.optional("region", |value, faults| read_regions(text::table(value, faults)?, faults));
        let maps = reader.optional("map", |value, faults| {
            Ok(named_tables(text::table(value, faults)?, "map", limits::MAPS, faults, read_map))
        });
        reader.finish(&[
            ("pool", "pools stand in a file that `include` names, or beside a zone"),
            ("monitor", "monitors stand in a file that `include` names, or beside a zone"),
        ]);
        let unread = [sites.is_err(), regions.is_err(), maps.is_err()];
        super::doubt_unread(&table, MapsSpec::DEFINES.into_iter().zip(unread), faults);
        MapsSpec {
            sites: sites.map(unplaced).ok().flatten().unwrap_or_default(),
            regions: regions.map(unplaced).ok().flatten().unwrap_or_default(),
            maps: maps.map(unplaced).ok().flatten().unwrap_or_default(),
        }
    }
}

fn read_site(table: &Table, subject: &str, faults: &Faults) -> Parsed<SiteSpec> {
    let mut reader = Reader::new(table, subject, faults);
    let location =
        reader.optional("location", |value, faults| read_location(text::table(value, faults)?, faults));
    // Without a fault it is a will like any other, with one it is none: the site itself stays known.
    let will = will::read(&mut reader, Scheduled::Admin).unwrap_or_default();
    let capacity = reader.lenient("capacity", assertion::load);
    reader.finish(&[
        ("lat", "write `location = { lat = …, lon = … }`"),
        ("lon", "write `location = { lat = …, lon = … }`"),
    ]);
    Ok(SiteSpec { location: location.map(unplaced), will, capacity: unplaced(capacity) })
}

fn read_location(table: &Table, faults: &Faults) -> Parsed<Location> {
    let mut reader = Reader::new(table, "a location", faults);
    let latitude = reader.required("lat", "lat = 50.11", decimal(-90.0..=90.0));
    let longitude = reader.required("lon", "lon = 8.68", decimal(-180.0..=180.0));
    reader.finish(&[("latitude", "it is called `lat`"), ("longitude", "it is called `lon`")]);
    Ok(Location { latitude: latitude?.value, longitude: longitude?.value })
}

fn read_regions(table: &Table, faults: &Faults) -> Parsed<Vec<Named<Items<String>>>> {
    if let Some(beyond) = table.entries.get(limits::REGIONS) {
        faults.add(beyond.key.place.error(format!("there are more than {} regions", limits::REGIONS)));
        return Err(Broken);
    }
    let read_one = |entry: &Entry| {
        let _reported = text::check_name(&entry.key, faults);
        let countries = list(limits::REGION_COUNTRIES, text::text)(&entry.value, faults);
        Named { name: entry.key.clone(), content: countries }
    };
    Ok(table.entries.iter().map(read_one).collect())
}

fn read_map(table: &Table, subject: &str, faults: &Faults) -> Parsed<MapSpec> {
    let mut reader = Reader::new(table, subject, faults);
    let ecs = reader.lenient("ecs", boolean);
    let nearest = reader.lenient("nearest", number(1..=limits::SITES as u16));
    let bias = reader.lenient("bias", read_biases);
    if let (Some(bias), None) = (&bias, reader.value("nearest")) {
        let warning = bias.place.warning("`bias` has no effect without `nearest`").label("no effect");
        faults.add(warning.help("add `nearest = 1`, or remove `bias`"));
    }
    let default = reader.required("default", "default = [\"SITE\"]", site_list);
    let network_files = reader.lenient("network_files", list(limits::NETWORK_FILES, read_network_file));
    let mut level = |key| unplaced(reader.lenient(key, read_level)).unwrap_or_default();
    let network = level("network");
    let asn = level("asn");
    let city = level("city");
    let subdivision = level("subdivision");
    let country = level("country");
    let continent = level("continent");
    reader.finish(LATER);
    Ok(MapSpec {
        ecs: unplaced(ecs),
        nearest,
        bias: unplaced(bias).unwrap_or_default(),
        default,
        network,
        network_files: unplaced(network_files).map(sound).unwrap_or_default(),
        asn,
        city,
        subdivision,
        country,
        continent,
    })
}

/// `{ fra = 20, sin = -10 }`; the sites without a fault.
fn read_biases(value: &Value, faults: &Faults) -> Parsed<Vec<(Written<String>, Written<i8>)>> {
    let table = text::table(value, faults)?;
    let read_one = |entry: &Entry| {
        let bias = number(limits::BIAS)(&entry.value, faults).ok()?;
        Some((entry.key.clone(), Written { value: bias, place: entry.value.place.clone() }))
    };
    Ok(table.entries.iter().filter_map(read_one).collect())
}

fn read_network_file(value: &Value, faults: &Faults) -> Parsed<NetworkFileSpec> {
    let mut reader = Reader::new(text::table(value, faults)?, "a list of networks", faults);
    let path = reader.required("path", "path = \"lists/office.txt\"", text::text);
    let sites = reader.lenient("sites", site_list);
    reader.finish(&[("file", "it is called `path`"), ("site", "it is called `sites`")]);
    Ok(NetworkFileSpec { path, sites })
}

fn read_level(value: &Value, faults: &Faults) -> Parsed<TableSpec> {
    let table = text::table(value, faults)?;
    if let Some(beyond) = table.entries.get(limits::MAP_ENTRIES) {
        let message = format!("this table has more than {} entries", limits::MAP_ENTRIES);
        faults.add(beyond.key.place.error(message).label("one too many"));
        return Err(Broken);
    }
    let read_one = |entry: &Entry| {
        // The key is checked in any case.
        let sites = site_list(&entry.value, faults).unwrap_or_default();
        (entry.key.clone(), Written { value: sites, place: entry.value.place.clone() })
    };
    Ok(table.entries.iter().map(read_one).collect())
}

/// Sites in order, each once; a list may be empty (semantics §4.5).
fn site_list(value: &Value, faults: &Faults) -> Parsed<SiteList> {
    if let Kind::Text(site) = &value.kind {
        let fault = value.place.error("this must be a list of sites, not a text").label("a text");
        faults.add(fault.help(format!("write {}", quote(&format!("[\"{site}\"]")))));
        return Err(Broken);
    }
    let mut sites = list(limits::SITES_IN_LIST, text::text)(value, faults)?;
    super::drop_doubled(&mut sites, faults, |again, _| {
        again.place.error(format!("the site {} stands twice in this list", quote(again)))
    });
    Ok(sound(sites))
}
