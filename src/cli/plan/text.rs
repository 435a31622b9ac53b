//! A comparison as text and tables for people: the totals first, then the names, those with the same changes together.

use std::fmt::Write;

use clap::builder::styling::AnsiColor;

use crate::admin::plan::{
    CountedView, DatabaseView, DifferencesView, FactsView, FlowView, GroupView, LineView, MovedView,
    NameView, NetworkView, OneSidedView, PartView, ShareView, ThingView, View,
};
use crate::cli::painted;
use crate::cli::table::ShownTable;
use crate::explain::words::counted;

/// Names of a group, and things that are different, that are listed; `--format json` has all.
const LISTED: usize = 10;
/// Groups that are told in full; `--format json` has all.
const GROUPS_SHOWN: usize = 20;

/// The whole comparison, ended by a line feed.
pub(super) fn render(view: &View) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", headline(view));
    let [ipv4, ipv6] = &view.counted;
    let _ = writeln!(text, "counted: {}, {}", total(ipv4), total(ipv6));
    let _ = writeln!(text, "{}", largest(view));
    one_sided(&mut text, "newly steered", &view.added);
    one_sided(&mut text, "no longer steered", &view.removed);
    differences(&mut text, &view.differences);
    for group in view.groups.iter().take(GROUPS_SHOWN) {
        self::group(&mut text, group);
    }
    if view.groups.len() > GROUPS_SHOWN {
        let rest = &view.groups[GROUPS_SHOWN..];
        let names: usize = rest.iter().map(|group| group.names.len()).sum();
        let _ = writeln!(text, "\nand {} that change less; --format json has them", names_counted(names));
    }
    text
}

fn headline(view: &View) -> String {
    match view.changed {
        0 => format!(
            "{}: {} compared",
            painted("no client gets anything else", AnsiColor::Green.on_default().bold()),
            names_counted(view.compared)
        ),
        changed => format!(
            "{} {} for some clients, of {} that are compared",
            painted(&names_counted(changed), AnsiColor::Yellow.on_default().bold()),
            if changed == 1 { "changes" } else { "change" },
            view.compared
        ),
    }
}

/// Names with types: `1 name`, `2 names`.
fn names_counted(count: usize) -> String {
    counted(count, "steered name")
}

fn total(counted: &CountedView) -> String {
    format!("{} {} of {}", in_thousands(&counted.total), counted.unit, counted.family)
}

/// `3,702,258,688`.
fn in_thousands(digits: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn largest(view: &View) -> String {
    let largest = format!("largest change: {}", view.largest_change.text);
    match &view.gate {
        None => largest,
        Some(gate) if gate.exceeded => {
            let verdict = painted("above", AnsiColor::Red.on_default().bold());
            format!("{largest}, {verdict} the accepted {}", gate.max_change)
        }
        Some(gate) => format!("{largest}, within the accepted {}", gate.max_change),
    }
}

fn one_sided(text: &mut String, what: &str, names: &[OneSidedView]) {
    if names.is_empty() {
        return;
    }
    let shown = names.iter().map(|each| {
        let still = if each.static_on_the_other_side { " (static on the other side)" } else { "" };
        format!("{} {}{still}", each.name, each.rtype)
    });
    let _ = writeln!(text, "{what}: {}", listed(shown));
}

/// The first ones, and how many more.
fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    let count = items.len();
    let mut shown = items.take(LISTED).collect::<Vec<_>>().join(", ");
    if count > LISTED {
        let _ = write!(shown, " and {} more", count - LISTED);
    }
    shown
}

fn differences(text: &mut String, differences: &DifferencesView) {
    for database in &differences.databases {
        let _ = writeln!(text, "database {}: {}", database.name, between_databases(database));
    }
    for (kind, things) in
        [("map", &differences.maps), ("pool", &differences.pools), ("rule of", &differences.rules)]
    {
        for thing in things.iter().take(LISTED) {
            let _ = writeln!(text, "{kind} {}", self::thing(thing));
        }
        if things.len() > LISTED {
            let _ = writeln!(text, "and {} more of these ({kind})", things.len() - LISTED);
        }
    }
    for zone in &differences.zones {
        let serials = match (zone.old_serial, zone.new_serial) {
            (Some(old), Some(new)) => format!("serial {old} → {new}"),
            (None, _) => "a new zone".to_owned(),
            (_, None) => "the zone is gone".to_owned(),
        };
        let names = if zone.names == 1 { "static name" } else { "static names" };
        let _ = writeln!(text, "zone {}: {} {names} changed, {serials}", zone.zone, zone.names);
    }
}

fn between_databases(database: &DatabaseView) -> String {
    let facts = |facts: &FactsView| format!("built {}, {}", facts.built, counted(facts.networks, "network"));
    match (&database.old, &database.new) {
        (Some(old), Some(new)) => format!("{} → {}", facts(old), facts(new)),
        (Some(old), None) => format!("gone ({})", facts(old)),
        (None, Some(new)) => format!("new ({})", facts(new)),
        (None, None) => String::new(),
    }
}

fn thing(thing: &ThingView) -> String {
    let names = listed(thing.names.iter().cloned());
    let line = |line: &LineView| match (&line.old, &line.new) {
        (None, Some(_)) if line.key.is_empty() => "new".to_owned(),
        (Some(_), None) if line.key.is_empty() => "gone".to_owned(),
        (Some(old), Some(new)) => format!("{} {old} → {new}", line.key),
        (None, Some(new)) => format!("{} {new} (new)", line.key),
        (Some(old), None) => format!("{} {old} (gone)", line.key),
        (None, None) => line.key.clone(),
    };
    let lines: Vec<String> = thing.lines.iter().map(line).collect();
    match &lines[..] {
        [only] => format!("{names}: {only}"),
        lines => {
            let shown = lines.iter().take(LISTED).map(|line| format!("\n  {line}")).collect::<String>();
            let more = lines.len().saturating_sub(LISTED);
            let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            format!("{names}:{shown}{more}")
        }
    }
}

fn group(text: &mut String, group: &GroupView) {
    let name = |name: &NameView| format!("{} {}", name.name, name.rtype);
    let _ = writeln!(
        text,
        "\n{}",
        painted(&listed(group.names.iter().map(name)), AnsiColor::Cyan.on_default().bold())
    );
    for (family, moved) in [("IPv4", &group.ipv4), ("IPv6", &group.ipv6)] {
        self::moved(text, family, moved);
    }
    if group.changes_for_uncounted {
        let _ = writeln!(text, "  and clients that are not counted get something else, too");
    }
}

fn moved(text: &mut String, family: &str, moved: &MovedView) {
    let MovedView { any, sites, answers, ttl, .. } = moved;
    if moved.flows.is_empty() {
        let _ = writeln!(text, "  nothing changes for {family} clients");
        return;
    }
    let _ = writeln!(
        text,
        "  {} of {family} clients: sites {}, answers {}, TTL {}",
        any.text, sites.text, answers.text, ttl.text
    );
    table(text, &["from", "to", "clients"], moved.flows.iter().map(flow));
    let head = |what| [what, "clients", "of its own"];
    for (what, parts) in [("country", &moved.countries), ("network operator", &moved.systems)] {
        // Of databases that do not know it there is nothing to be told.
        let is_known = parts.iter().any(|part| part.of != PartView::UNKNOWN);
        table(text, &head(what), parts.iter().filter(|_| is_known).map(part));
    }
    table(text, &["network", "clients", "from → to"], moved.networks.iter().map(network));
}

fn flow(flow: &FlowView) -> [String; 3] {
    [flow.from.clone(), flow.to.clone(), shown(&flow.share)]
}

fn part(part: &PartView) -> [String; 3] {
    [part.of.clone(), shown(&part.moved), shown(&part.of_its_own)]
}

fn network(network: &NetworkView) -> [String; 3] {
    /// As many slots as there are: then nothing is said of them.
    const ALL: u16 = crate::explain::plan::SLOTS;
    let way =
        |from: &str, to: &str| if from == to { format!("stays {from}") } else { format!("{from} → {to}") };
    let flows = network.flows.iter().map(|flow| match flow.slots {
        ALL => way(&flow.from, &flow.to),
        slots => format!("{} in {slots} of {ALL} slots", way(&flow.from, &flow.to)),
    });
    [network.network.clone(), shown(&network.share), flows.collect::<Vec<_>>().join(", ")]
}

fn shown(share: &ShareView) -> String {
    share.text.clone()
}

fn table(text: &mut String, head: &[&str], rows: impl Iterator<Item = [String; 3]>) {
    let mut table = ShownTable::new(head);
    rows.for_each(|row| table.row(row));
    if !table.is_empty() {
        for line in table.to_string().lines() {
            let _ = writeln!(text, "    {}", line.trim_end());
        }
    }
}
