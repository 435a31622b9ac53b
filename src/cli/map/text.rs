//! A report for people.

use std::fmt;

use super::view::{Country, Coverage, List, MapReport};
use crate::cli::table::ShownTable;
use crate::explain::words::counted;

/// Lists of sites that are shown of one country; by distance a large one has dozens.
const LISTS_SHOWN: usize = 5;

impl fmt::Display for MapReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ecs = if self.ecs { "decides" } else { "is ignored" };
        writeln!(formatter, "map {}: client subnet {ecs}\n", self.map)?;
        writeln!(formatter, "{}", known(self))?;
        writeln!(formatter, "{}\n", space(&self.ipv4, &self.ipv6))?;
        for degraded in self.databases.iter().filter_map(|database| database.degraded.as_ref()) {
            writeln!(formatter, "{degraded}\n")?;
        }
        writeln!(formatter, "{}", levels(self))?;
        writeln!(formatter, "Of what is known; the rest gets `default`.\n")?;
        writeln!(formatter, "{}", countries(self))
    }
}

/// Which source knows how much.
fn known(report: &MapReport) -> ShownTable {
    let mut table = ShownTable::new(&["source", "IPv4", "first", "IPv6", "first", "built", "age"]);
    for database in &report.databases {
        let [ipv4, ipv6] = [&database.ipv4, &database.ipv6];
        table.row([
            database.name.clone(),
            percent(ipv4.known_percent),
            percent(ipv4.first_percent),
            percent(ipv6.known_percent),
            percent(ipv6.first_percent),
            database.built.clone(),
            counted(database.age_days as usize, "day"),
        ]);
    }
    let empty = String::new;
    let whole = |name: &str, ipv4, ipv6| {
        [name.to_owned(), percent(ipv4), empty(), percent(ipv6), empty(), empty(), empty()]
    };
    let (ipv4, ipv6) = (&report.ipv4, &report.ipv6);
    table.row(whole("all, with networks of the map", ipv4.known_percent, ipv6.known_percent));
    table.row(whole("unknown", ipv4.unknown_percent, ipv6.unknown_percent));
    table
}

fn space(ipv4: &Coverage, ipv6: &Coverage) -> String {
    let networks = ipv6.routable_48s.unwrap_or_default();
    format!(
        "Of {} globally routable addresses of IPv4, and of {networks:.0} networks of 48 bits in 2000::/3; \"first\" is what \
         no database before knows.",
        ipv4.routable
    )
}

/// Which level decides how much.
fn levels(report: &MapReport) -> ShownTable {
    let mut table = ShownTable::new(&["level", "IPv4", "IPv6"]);
    for level in &report.levels {
        let name = match level.from {
            Some(from) => format!("{}, from {from}", level.level),
            None => level.level.to_owned(),
        };
        table.row([name, percent(level.ipv4_percent), percent(level.ipv6_percent)]);
    }
    table
}

fn countries(report: &MapReport) -> ShownTable {
    let mut table = ShownTable::new(&["country", "IPv4", "IPv6", "sites"]);
    for country in &report.countries {
        country_rows(&mut table, country);
    }
    list_rows(&mut table, "no country known", &report.no_country);
    table
}

fn country_rows(table: &mut ShownTable, country: &Country) {
    let name = format!("{} {}", country.code, country.name);
    if country.lists.is_empty() {
        let none = "no space".to_owned();
        table.row([name, none.clone(), none, sites(&country.by_code)]);
    } else {
        list_rows(table, &name, &country.lists);
    }
}

/// One row a list; the name stands in the first.
fn list_rows(table: &mut ShownTable, name: &str, lists: &[List]) {
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    for (name, list) in names.zip(lists.iter().take(LISTS_SHOWN)) {
        let share = |share: Option<f64>| share.map_or_else(String::new, percent);
        table.row([name.to_owned(), share(list.ipv4.percent), share(list.ipv6.percent), sites(&list.sites)]);
    }
    if let more @ 1.. = lists.len().saturating_sub(LISTS_SHOWN) {
        let empty = String::new;
        let rest = format!("and {} more (--format json lists all)", counted(more, "list"));
        table.row([empty(), empty(), empty(), rest]);
    }
}

fn sites(sites: &[String]) -> String {
    if sites.is_empty() { "none".to_owned() } else { sites.join(", ") }
}

/// "12.34 %"; what would be rounded away at either end is said: "< 0.01 %", "> 99.99 %".
fn percent(percent: f64) -> String {
    if percent > 0.0 && percent < 0.005 {
        "< 0.01 %".to_owned()
    } else if percent < 100.0 && percent > 99.995 {
        "> 99.99 %".to_owned()
    } else {
        format!("{percent:.2} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rounded_to_nothing_or_to_all() {
        for (share, expected) in [
            (0.0, "0.00 %"),
            (1e-9, "< 0.01 %"),
            (0.005, "0.01 %"),
            (12.345, "12.35 %"),
            (99.9999, "> 99.99 %"),
            (100.0, "100.00 %"),
        ] {
            assert_eq!(percent(share), expected);
        }
    }
}
