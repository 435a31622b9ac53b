//! Cities in the tables of a map.

use crate::config::text::{Broken, Faults, Parsed, Written, closest, quote};
use crate::fault::Fault;
use crate::geo::{Cities, CityKey, Database};

use super::codes;
use super::maps::BoundMap;

/// A city: a GeoNames id (`5368361`), or country and English name (`US/Los Angeles`).
pub(super) fn key(written: &Written<String>, faults: &Faults) -> Parsed<CityKey> {
    if written.bytes().all(|octet| octet.is_ascii_digit()) && !written.is_empty() {
        return written.parse().ok().filter(|&id| id != 0).map(CityKey::GeoNames).ok_or_else(|| {
            let message = format!("{} is no GeoNames id", quote(written));
            faults
                .add(written.place.error(message).label("unknown city").help("ids are from 1 to 4294967295"));
            Broken
        });
    }
    match written.split_once('/') {
        Some((country, name)) if !name.trim().is_empty() => {
            let country = Written { value: country.to_owned(), place: written.place.clone() };
            let country = codes::country(&country, &[], faults)?;
            Ok(CityKey::Named(country, name.trim().to_owned()))
        }
        _ => {
            let fault = written.place.error(format!("{} is no city", quote(written))).label("not understood");
            faults.add(
                fault.help("write country and name, for example `\"US/Los Angeles\"`, or the GeoNames id"),
            );
            Err(Broken)
        }
    }
}

/// A warning for each city that no database knows.
pub(super) fn warn_unknown(maps: &[BoundMap], databases: &[&Database], faults: &Faults) {
    if maps.iter().all(|map| map.cities.is_empty()) {
        return;
    }
    let known = Cities::of(databases);
    for map in maps {
        let mut cities = map.cities.iter().filter(|city| !known.knows(city)).peekable();
        if let Some(city) = cities.peek().filter(|_| known.is_empty()) {
            let warning = city.place.warning("no geo database here knows cities").label("matches nobody");
            faults.add(warning.help("name a database with cities in `databases` of `[geo]`"));
            continue;
        }
        cities.for_each(|city| faults.add(unknown(city, &known)));
    }
}

fn unknown(city: &Written<CityKey>, known: &Cities<'_>) -> Fault {
    let message = format!("no geo database knows the city {}", quote(&city.value.to_string()));
    let mut warning = city.place.warning(message).label("matches nobody");
    if let CityKey::Named(country, name) = &city.value {
        let meant = closest(name, known.names_in(*country));
        let code = String::from_utf8_lossy(country);
        warning.help = meant.map(|meant| format!("did you mean {}?", quote(&format!("{code}/{meant}"))));
    }
    warning
}
